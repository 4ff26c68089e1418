/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"
#include "base/buf.h"
#include "base/span.h"
#include "test.h"
#include "token/scope_limit.h"
#include "token/smart.h"

#define ARENA_BYTES 262144

static struct cg_scope parsed(const char *text)
{
    struct cg_scope scope;
    assert_status_row(text, cg_scope_parse(test_span(text), &scope), CG_OK);
    return scope;
}

static struct cg_span written(const struct cg_scope *scope, struct cg_arena *arena)
{
    struct cg_buf buf;
    struct cg_span text;
    cg_buf_init_arena(&buf, arena, CG_LIMIT_SCOPE_BYTES);
    cg_scope_write(scope, &buf);
    assert_ok(cg_buf_finish(&buf, &text));
    return text;
}

TEST(scope_is_allowed_by_its_word_or_if_smart_by_what_it_opens)
{
    static const struct {
        const char *list;
        const char *scope;
        bool allowed;
    } rows[] = {
        {"documents.read documents.write", "documents.read", true},
        {"documents.read", "documents.reads", false},
        {"documents.read", "documents.*", false},
        {"documents.*", "documents.read", false},
        {"", "documents.read", false},
        {"system/*.cruds", "system/Patient.rs", true},
        {"system/*.cruds", "user/Patient.rs", false},
        {"system/Patient.rs", "system/Patient.read", true},
        {"system/Patient.r system/*.s", "system/Patient.rs", true},
        {"system/Patient.r system/*.s", "system/*.rs", false},
        {"system/Patient.r system/Patient.s?a=1", "system/Patient.rs", false},
        {"system/Patient.r system/Patient.s?a=1", "system/Patient.rs?a=1", true},
        {"documents.read system/Patient.rs", "system/Patient.r", true},
        /* No SMART scope, but a word that was registered before. */
        {"system/old system/Patient.rs", "system/old", true},
        {"system/*.cruds", "system/old", false},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        print_message("# %s allows %s\n", rows[i].list, rows[i].scope);
        assert_int_equal(cg_scope_is_allowed(test_span(rows[i].list), test_span(rows[i].scope)),
                         rows[i].allowed);
    }
    assert_false(cg_scope_is_allowed((struct cg_span){NULL, 0}, test_span("system/*.r")));
}

TEST(scope_limit_leaves_words_that_are_allowed_whole_and_then_parts)
{
    static const struct {
        const char *asked;
        const char *list;
        const char *left;
    } rows[] = {
        {"c b a", "a c d", "c a"},
        {"a", "b", ""},
        {"", "a", ""},
        {"system/Patient.rs", "system/*.cruds", "system/Patient.rs"},
        {"system/*.cruds", "system/Patient.rs", "system/Patient.rs"},
        {"system/*.cruds system/Patient.rs", "system/Patient.rs", "system/Patient.rs"},
        {"system/*.rs", "system/Patient.rs system/Task.cruds", "system/Patient.rs system/Task.rs"},
        {"system/*.rs a", "system/Patient.rs a", "a system/Patient.rs"},
        {"system/Patient.rs", "system/Task.rs user/Patient.rs", ""},
        /* One scope, of which each of two allows a part. */
        {"system/Patient.rs", "system/Patient.r system/Patient.s", "system/Patient.rs"},
        {"system/Patient.cruds", "system/Patient.r system/Patient.s", "system/Patient.rs"},
        {"system/*.rs", "system/Patient.r system/Patient.s", "system/Patient.rs"},
        {"system/Patient.rs", "system/*.r system/Patient.rs?a=1",
         "system/Patient.r system/Patient.rs?a=1"},
        /* What is said already is left out; words that are allowed stay, if they say it too. */
        {"system/*.rs", "system/*.r system/Patient.r", "system/*.r"},
        {"system/*.rs", "system/Patient.r system/*.r", "system/*.r"},
        {"system/*.r system/Patient.rs", "system/*.r", "system/*.r"},
        {"system/*.rs system/Patient.read", "system/*.cruds", "system/*.rs system/Patient.read"},
        {"system/Patient.cruds system/*.r", "system/Patient.r?a=1&b=2 system/Patient.r?b=2&a=1",
         "system/Patient.r?a=1&b=2"},
        /* The words of version 1 are kept where they say what is left. */
        {"system/*.read", "system/Patient.cruds", "system/Patient.read"},
        {"system/*.*", "system/Patient.r", "system/Patient.r"},
        {"system/Patient.read", "system/*.cruds", "system/Patient.read"},
        {"system/Patient.rs", "system/*.*", "system/Patient.rs"},
        {"system/Observation.rs", "system/Observation.rs?category=laboratory",
         "system/Observation.rs?category=laboratory"},
        {"system/Observation.r?_tag=x", "system/*.rs?category=laboratory",
         "system/Observation.r?_tag=x&category=laboratory"},
        {"system/old system/Patient.rs", "system/old system/*.s", "system/old system/Patient.s"},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = NULL;
        assert_ok(cg_arena_new(ARENA_BYTES, &arena));
        struct cg_scope scope = parsed(rows[i].asked);
        assert_ok(cg_scope_limit(test_span(rows[i].list), arena, &scope));
        assert_span_text_row(rows[i].asked, written(&scope, arena), rows[i].left);
    }
}

/* Scopes drawn by a fixed sequence, so that a failure comes again. */
static void draw(uint32_t *seed, char *text, size_t room)
{
    static const char *const types[] = {"*", "Patient", "Task"};
    static const char *const said[] = {"rs", "read", "cruds", "d", "us", "write", "*"};
    static const char *const queries[] = {"", "", "?a=1", "?b=2", "?b=2&a=1"};
    size_t len = 0;
    text[0] = '\0';
    for (int i = 0; i < 4; i++) {
        *seed = *seed * 1664525U + 1013904223U;
        unsigned number = *seed >> 8;
        const char *letters = said[number / 8 % 7];
        bool is_word = strlen(letters) == 4 || letters[0] == '*' || letters[0] == 'w';
        len += (size_t)snprintf(text + len, room - len, "%s%s/%s.%s%s", i > 0 ? " " : "",
                                number % 8 == 0 ? "user" : "system", types[number / 64 % 3],
                                letters, is_word ? "" : queries[number / 256 % 5]);
    }
}

/* Everything that one scope can open: a context, a type, a letter, under some constraints. */
static bool opens(struct cg_span list, const char *context, const char *letter, const char *rest)
{
    char text[64];
    (void)snprintf(text, sizeof(text), "%s.%s%s", context, letter, rest);
    return cg_scope_is_allowed(list, test_span(text));
}

static void assert_meets(struct cg_span asked, struct cg_span list, struct cg_span left)
{
    static const char *const contexts[] = {"user/*",   "user/Patient",   "user/Task",
                                           "system/*", "system/Patient", "system/Task"};
    static const char *const letters[] = {"c", "r", "u", "d", "s"};
    static const char *const rests[] = {"", "?a=1", "?b=2", "?a=1&b=2"};
    for (size_t i = 0; i < 6 * 5 * 4; i++) {
        const char *context = contexts[i / 20];
        const char *letter = letters[i / 4 % 5];
        const char *rest = rests[i % 4];
        bool in_both = opens(asked, context, letter, rest) && opens(list, context, letter, rest);
        if (opens(left, context, letter, rest) != in_both) {
            print_error("%.*s limited by %.*s leaves %.*s, which is wrong for %s.%s%s\n",
                        CG_SPAN_ARGS(asked), CG_SPAN_ARGS(list), CG_SPAN_ARGS(left), context,
                        letter, rest);
            fail();
        }
    }
}

TEST(scope_limit_opens_what_both_open_and_nothing_else)
{
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = NULL;
    assert_ok(cg_arena_new(ARENA_BYTES, &arena));
    uint32_t seed = 1;
    for (int i = 0; i < 300; i++) {
        char asked[256];
        char list[256];
        draw(&seed, asked, sizeof(asked));
        draw(&seed, list, sizeof(list));
        struct cg_scope scope = parsed(asked);
        assert_ok(cg_scope_limit(test_span(list), arena, &scope));
        assert_meets(test_span(asked), test_span(list), written(&scope, arena));
        cg_arena_clear(arena);
    }
}

TEST(scope_limit_fails_when_parts_or_memory_are_too_many)
{
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = NULL;
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *tiny = NULL;
    assert_ok(cg_arena_new(ARENA_BYTES, &arena));
    assert_ok(cg_arena_new(16, &tiny));
    struct cg_scope scope = parsed("system/*.r");
    assert_status(cg_scope_limit(test_span("system/Patient.r"), tiny, &scope), CG_ERR_LIMIT);
    assert_span_text(scope.tokens[0], "system/*.r");
    char asked[CG_LIMIT_SCOPE_BYTES] = {0};
    char list[CG_LIMIT_SCOPE_BYTES] = {0};
    size_t len = 0;
    size_t list_len = 0;
    for (int i = 0; i < 12; i++) {
        len += (size_t)snprintf(asked + len, sizeof(asked) - len, "%ssystem/*.r?a%d=1",
                                i > 0 ? " " : "", i);
        list_len += (size_t)snprintf(list + list_len, sizeof(list) - list_len,
                                     "%ssystem/Patient.r?b%d=1", i > 0 ? " " : "", i);
    }
    scope = parsed(asked);
    assert_status(cg_scope_limit(test_span(list), arena, &scope), CG_ERR_LIMIT);
    assert_int_equal(scope.count, 12);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(scope_is_allowed_by_its_word_or_if_smart_by_what_it_opens),
    cmocka_unit_test(scope_limit_leaves_words_that_are_allowed_whole_and_then_parts),
    cmocka_unit_test(scope_limit_opens_what_both_open_and_nothing_else),
    cmocka_unit_test(scope_limit_fails_when_parts_or_memory_are_too_many),
};
TEST_MAIN(tests)
