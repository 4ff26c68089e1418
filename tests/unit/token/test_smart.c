/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"
#include "base/limits.h"
#include "base/span.h"
#include "test.h"
#include "token/smart.h"

#define ALL 31

static struct cg_smart_scope parsed(const char *text)
{
    struct cg_smart_scope scope;
    assert_status_row(text, cg_smart_parse(test_span(text), &scope), CG_OK);
    return scope;
}

static void assert_written(const char *label, const struct cg_smart_scope *scope, const char *want)
{
    struct cg_buf buf;
    struct cg_span text;
    cg_buf_init(&buf, CG_LIMIT_SCOPE_BYTES);
    cg_smart_write(scope, &buf);
    assert_ok(cg_buf_finish(&buf, &text));
    assert_span_text_row(label, text, want);
    cg_buf_release(&buf);
}

TEST(smart_parse_reads_context_type_letters_and_query)
{
    static const struct {
        const char *text;
        enum cg_smart_context context;
        const char *type;
        unsigned letters;
        const char *query;
        bool is_v1;
    } rows[] = {
        {"system/Patient.rs", CG_SMART_SYSTEM, "Patient", CG_SMART_READ | CG_SMART_SEARCH, "",
         false},
        {"user/*.cruds", CG_SMART_USER, "*", ALL, "", false},
        {"patient/Observation.c", CG_SMART_PATIENT, "Observation", CG_SMART_CREATE, "", false},
        {"system/Task.ud", CG_SMART_SYSTEM, "Task", CG_SMART_UPDATE | CG_SMART_DELETE, "", false},
        {"system/Observation.rs?category=laboratory", CG_SMART_SYSTEM, "Observation",
         CG_SMART_READ | CG_SMART_SEARCH, "category=laboratory", false},
        {"system/Observation.s?category=http://terminology.hl7.org/CodeSystem/"
         "observation-category|laboratory&_tag=a,b",
         CG_SMART_SYSTEM, "Observation", CG_SMART_SEARCH,
         "category=http://terminology.hl7.org/CodeSystem/observation-category|laboratory&_tag=a,b",
         false},
        {"system/Condition.r?clinical-status=active", CG_SMART_SYSTEM, "Condition", CG_SMART_READ,
         "clinical-status=active", false},
        {"system/Patient.read", CG_SMART_SYSTEM, "Patient", CG_SMART_READ | CG_SMART_SEARCH, "",
         true},
        {"user/Patient.write", CG_SMART_USER, "Patient",
         CG_SMART_CREATE | CG_SMART_UPDATE | CG_SMART_DELETE, "", true},
        {"system/*.*", CG_SMART_SYSTEM, "*", ALL, "", true},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        struct cg_smart_scope scope = parsed(rows[i].text);
        assert_int_equal(scope.context, rows[i].context);
        assert_span_text_row(rows[i].text, scope.type, rows[i].type);
        assert_int_equal(scope.letters, rows[i].letters);
        assert_span_text_row(rows[i].text, scope.query, rows[i].query);
        assert_int_equal(scope.is_v1, rows[i].is_v1);
        assert_written(rows[i].text, &scope, rows[i].text);
    }
}

static const char *const bad[] = {
    "",
    "system",
    "system/",
    "/Patient.rs",
    "system/Patient",
    "system/Patient.",
    "system/.rs",
    "systems/Patient.rs",
    "System/Patient.rs",
    "launch/patient",
    "system//Patient.rs",
    "system/patient.rs",
    "system/Pat*.rs",
    "system/**.rs",
    "system/Resource.rs",
    "system/Made.rs",
    "system/Patient.sr",
    "system/Patient.dus",
    "system/Patient.rr",
    "system/Patient.x",
    "system/Patient.rsx",
    "system/Patient.RS",
    "system/Patient.rs ",
    "system/Patient.rs.rs",
    "system/Patient.reads",
    "system/Patient.Read",
    "system/Patient.cruds*",
    "system/Patient.read?a=b",
    "system/Patient.*?a=b",
    "system/Patient.rs?",
    "system/Patient.rs?a",
    "system/Patient.rs?a=",
    "system/Patient.rs?=b",
    "system/Patient.rs?a=b&",
    "system/Patient.rs?&a=b",
    "system/Patient.rs?a=b&&c=d",
    "system/Patient.rs?a=b&a=b",
    "system/Patient.rs?a=b=c",
    "system/Patient.rs?a=b?c",
    "system/Patient.rs?a=b#c",
    "system/Patient.rs?a=b%7Cc",
    "system/Patient.rs?a=b+c",
    "system/Patient.rs?a=b c",
    "system/Patient.rs?a=\"b\"",
    "system/Patient.rs?a=\\b",
    "system/Patient.rs?a=\xc3\xa9",
    "system/Patient.rs?name:exact=b",
    "system/Observation.rs?code:in=http://valueset.example/x",
    "system/Observation.rs?subject.name=b",
    "system/Observation.rs?_has:Group:member:_id=b",
    "system/Patient.rs?_filter=name",
    "system/Patient.rs?_include=Patient",
    "system/Patient.rs?_count=5",
    "system/Patient.rs?_type=Patient",
    "system/Patient.rs?-a=b",
    "system/Patient.rs?1=b",
    "system/Patient.rs?a_b=b",
};

TEST(smart_parse_refuses_what_the_grammar_does_not_know)
{
    for (size_t i = 0; i < TEST_COUNT(bad); i++) {
        struct cg_smart_scope scope = {.letters = 99};
        assert_status_row(bad[i], cg_smart_parse(test_span(bad[i]), &scope), CG_ERR_INPUT);
        assert_int_equal(scope.letters, 99);
    }
    struct cg_smart_scope scope;
    assert_status(cg_smart_parse(cg_span_of_bytes("system/Patient.rs\0", 18), &scope),
                  CG_ERR_INPUT);
    assert_status(cg_smart_parse(cg_span_of_bytes("system/Patient.r?a=\0", 20), &scope),
                  CG_ERR_INPUT);
    assert_status(cg_smart_parse((struct cg_span){NULL, 0}, &scope), CG_ERR_INPUT);
}

TEST(smart_parse_refuses_one_constraint_too_many)
{
    char text[256] = "system/Patient.rs";
    struct cg_smart_scope scope;
    size_t len = strlen(text);
    for (int i = 0; i < CG_LIMIT_SMART_CONSTRAINTS; i++) {
        len += (size_t)snprintf(text + len, sizeof(text) - len, "%cp%d=v", i > 0 ? '&' : '?', i);
    }
    assert_ok(cg_smart_parse(test_span(text), &scope));
    (void)snprintf(text + len, sizeof(text) - len, "&more=v");
    assert_status(cg_smart_parse(test_span(text), &scope), CG_ERR_LIMIT);
}

TEST(smart_looks_by_the_context_alone)
{
    static const char *const yes[] = {"system/", "system/x", "patient/Patient.rs", "user/*.*"};
    static const char *const no[] = {"",        "system",         "system.read",    "systems/x",
                                     "openid",  "launch/patient", "documents.read", "x/system/",
                                     "SYSTEM/x"};
    for (size_t i = 0; i < TEST_COUNT(yes); i++) {
        print_message("# %s\n", yes[i]);
        assert_true(cg_smart_looks(test_span(yes[i])));
    }
    for (size_t i = 0; i < TEST_COUNT(no); i++) {
        print_message("# %s\n", no[i]);
        assert_false(cg_smart_looks(test_span(no[i])));
    }
}

TEST(smart_next_gives_each_constraint_of_a_query)
{
    struct cg_span query = parsed("system/Patient.rs?a=b|c&_id=7").query;
    struct cg_smart_constraint constraint;
    assert_true(cg_smart_next(&query, &constraint));
    assert_span_text(constraint.name, "a");
    assert_span_text(constraint.value, "b|c");
    assert_true(cg_smart_next(&query, &constraint));
    assert_span_text(constraint.name, "_id");
    assert_span_text(constraint.value, "7");
    assert_false(cg_smart_next(&query, &constraint));
    query = parsed("system/Patient.rs").query;
    assert_false(cg_smart_next(&query, &constraint));
}

TEST(smart_scope_covers_what_opens_no_more)
{
    static const struct {
        const char *whole;
        const char *part;
        bool covers;
    } rows[] = {
        {"system/*.cruds", "system/Patient.rs", true},
        {"system/Patient.rs", "system/*.rs", false},
        {"system/Patient.rs", "system/Patient.read", true},
        {"system/Patient.read", "system/Patient.rd", false},
        {"system/Patient.rs", "system/Observation.rs", false},
        {"system/Patient.rs", "user/Patient.rs", false},
        {"system/Patient.rs", "system/Patient.rs?name=x", true},
        {"system/Patient.rs?name=x", "system/Patient.rs", false},
        {"system/Patient.rs?name=x", "system/Patient.r?_id=1&name=x", true},
        {"system/Patient.rs?name=x&_id=1", "system/Patient.rs?_id=1&name=x", true},
        {"system/Patient.rs?name=x", "system/Patient.rs?name=xy", false},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        struct cg_smart_scope whole = parsed(rows[i].whole);
        struct cg_smart_scope part = parsed(rows[i].part);
        print_message("# %s covers %s\n", rows[i].whole, rows[i].part);
        assert_int_equal(cg_smart_covers(&whole, &part), rows[i].covers);
    }
}

TEST(smart_scopes_meet_in_what_both_open)
{
    static const struct {
        const char *a;
        const char *b;
        const char *want; /* NULL: nothing */
    } rows[] = {
        {"system/*.cruds", "system/Patient.rs", "system/Patient.rs"},
        {"system/Patient.crus", "system/*.rds", "system/Patient.rs"},
        {"system/*.rs", "system/*.r", "system/*.r"},
        {"system/Patient.rs", "system/Observation.rs", NULL},
        {"system/Patient.rs", "system/Patient.cud", NULL},
        {"system/Patient.rs", "user/Patient.rs", NULL},
        {"system/Patient.rs?name=x", "system/*.rs", "system/Patient.rs?name=x"},
        {"system/Patient.rs", "system/*.rs?_tag=x", "system/Patient.rs?_tag=x"},
        {"system/Patient.rs?a=1", "system/Patient.rs?a=1", "system/Patient.rs?a=1"},
        {"system/Patient.rs?a=1&b=2", "system/Patient.rs?b=2&a=1", "system/Patient.rs?a=1&b=2"},
        {"system/Patient.rs?a=1", "system/Patient.rs?b=2&a=1", "system/Patient.rs?b=2&a=1"},
        {"system/Patient.rs?a=1&b=2", "system/Patient.rs?c=3&b=2", "system/Patient.rs?a=1&b=2&c=3"},
        {"system/Patient.rs?a=1", "system/Patient.rs?a=2", "system/Patient.rs?a=1&a=2"},
        /* The words of the first, where they say what is left. */
        {"system/Patient.*", "system/Patient.rs", "system/Patient.read"},
        {"system/Patient.*", "system/Patient.cruds", "system/Patient.*"},
        {"system/*.write", "system/Patient.cruds", "system/Patient.write"},
        {"system/Patient.read", "system/Patient.r", "system/Patient.r"},
        {"system/Patient.read", "system/Patient.rs?a=1", "system/Patient.rs?a=1"},
        {"system/Patient.rs", "system/Patient.read", "system/Patient.rs"},
    };
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = NULL;
    assert_ok(cg_arena_new(65536, &arena));
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        struct cg_smart_scope a = parsed(rows[i].a);
        struct cg_smart_scope b = parsed(rows[i].b);
        struct cg_smart_scope both = {.letters = 99};
        bool any = false;
        print_message("# %s and %s\n", rows[i].a, rows[i].b);
        assert_ok(cg_smart_meet(&a, &b, arena, &both, &any));
        assert_int_equal(any, rows[i].want != NULL);
        if (any) {
            assert_written(rows[i].a, &both, rows[i].want);
        } else {
            assert_int_equal(both.letters, 99);
        }
    }
}

TEST(smart_meeting_fails_when_constraints_or_memory_are_too_many)
{
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = NULL;
    assert_ok(cg_arena_new(4096, &arena));
    struct cg_smart_scope a = parsed("system/Patient.rs?a=1&b=1&c=1&d=1&e=1&f=1");
    struct cg_smart_scope b = parsed("system/Patient.rs?g=1&h=1&i=1");
    struct cg_smart_scope both = {.letters = 99};
    bool any = false;
    assert_status(cg_smart_meet(&a, &b, arena, &both, &any), CG_ERR_LIMIT);
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *tiny = NULL;
    assert_ok(cg_arena_new(16, &tiny));
    b = parsed("system/Patient.rs?g=1&h=1");
    assert_status(cg_smart_meet(&a, &b, tiny, &both, &any), CG_ERR_LIMIT);
    assert_int_equal(both.letters, 99);
}

static const char *const contexts[] = {"user", "system"};
static const char *const types[] = {"*", "Patient", "Task"};
static const char *const said[] = {"rs", "read", "cruds", "d", "us"};
static const char *const queries[] = {"", "?a=1", "?b=2", "?b=2&a=1"};

#define SAMPLE_COUNT                                                                               \
    (TEST_COUNT(contexts) * TEST_COUNT(types) * (TEST_COUNT(said) * TEST_COUNT(queries) - 3))

/* Each context with each type, letters and query, and its text. */
static void make_sample(struct cg_smart_scope sample[static SAMPLE_COUNT],
                        char texts[static SAMPLE_COUNT][64])
{
    size_t count = 0;
    size_t all = TEST_COUNT(contexts) * TEST_COUNT(types) * TEST_COUNT(said) * TEST_COUNT(queries);
    for (size_t i = 0; i < all; i++) {
        const char *letters = said[i / TEST_COUNT(queries) % TEST_COUNT(said)];
        size_t query = i % TEST_COUNT(queries);
        if (strcmp(letters, "read") == 0 && query > 0) {
            continue; /* SMART 1 has no queries */
        }
        size_t rest = i / TEST_COUNT(queries) / TEST_COUNT(said);
        (void)snprintf(texts[count], 64, "%s/%s.%s%s", contexts[rest % TEST_COUNT(contexts)],
                       types[rest / TEST_COUNT(contexts)], letters, queries[query]);
        sample[count] = parsed(texts[count]);
        count++;
    }
    assert_int_equal(count, SAMPLE_COUNT);
}

/* What a meeting opens is opened by both, and what both cover is covered by it. */
static void assert_greatest(const struct cg_smart_scope sample[static SAMPLE_COUNT], size_t i,
                            size_t j, struct cg_arena *arena)
{
    struct cg_smart_scope both;
    bool any = false;
    assert_ok(cg_smart_meet(&sample[i], &sample[j], arena, &both, &any));
    assert_true(!any || cg_smart_covers(&sample[i], &both));
    assert_true(!any || cg_smart_covers(&sample[j], &both));
    for (size_t k = 0; k < SAMPLE_COUNT; k++) {
        bool in_both =
            cg_smart_covers(&sample[i], &sample[k]) && cg_smart_covers(&sample[j], &sample[k]);
        assert_int_equal(in_both, any && cg_smart_covers(&both, &sample[k]));
    }
}

TEST(smart_meeting_is_the_most_that_both_cover)
{
    struct cg_smart_scope sample[SAMPLE_COUNT];
    char texts[SAMPLE_COUNT][64];
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = NULL;
    assert_ok(cg_arena_new(65536, &arena));
    make_sample(sample, texts);
    for (size_t i = 0; i < SAMPLE_COUNT; i++) {
        assert_written(texts[i], &sample[i], texts[i]);
        for (size_t j = 0; j < SAMPLE_COUNT; j++) {
            assert_greatest(sample, i, j, arena);
            cg_arena_clear(arena);
        }
    }
}

TEST(smart_letters_written_are_read_again)
{
    for (unsigned bits = 1; bits <= ALL; bits++) {
        struct cg_smart_scope scope = {.context = CG_SMART_SYSTEM, .type = CG_SPAN("Patient")};
        struct cg_smart_scope again;
        struct cg_buf buf;
        struct cg_span text;
        scope.letters = bits;
        cg_buf_init(&buf, CG_LIMIT_SCOPE_BYTES);
        cg_smart_write(&scope, &buf);
        assert_ok(cg_buf_finish(&buf, &text));
        assert_ok(cg_smart_parse(text, &again));
        assert_int_equal(again.letters, bits);
        cg_buf_release(&buf);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(smart_parse_reads_context_type_letters_and_query),
    cmocka_unit_test(smart_parse_refuses_what_the_grammar_does_not_know),
    cmocka_unit_test(smart_parse_refuses_one_constraint_too_many),
    cmocka_unit_test(smart_looks_by_the_context_alone),
    cmocka_unit_test(smart_next_gives_each_constraint_of_a_query),
    cmocka_unit_test(smart_scope_covers_what_opens_no_more),
    cmocka_unit_test(smart_scopes_meet_in_what_both_open),
    cmocka_unit_test(smart_meeting_fails_when_constraints_or_memory_are_too_many),
    cmocka_unit_test(smart_meeting_is_the_most_that_both_cover),
    cmocka_unit_test(smart_letters_written_are_read_again),
};
TEST_MAIN(tests)
