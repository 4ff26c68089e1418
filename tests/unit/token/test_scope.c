/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"
#include "test.h"
#include "token/scope.h"

static struct cg_scope parsed(const char *text)
{
    struct cg_scope scope;
    assert_ok(cg_scope_parse(test_span(text), &scope));
    return scope;
}

static void assert_scope_text(const struct cg_scope *scope, const char *want)
{
    struct cg_buf buf;
    cg_buf_init(&buf, CG_LIMIT_SCOPE_BYTES);
    cg_scope_write(scope, &buf);
    struct cg_span text;
    assert_ok(cg_buf_finish(&buf, &text));
    assert_span_text(text, want);
    cg_buf_release(&buf);
}

TEST(scope_parse_keeps_order_and_drops_repeats)
{
    struct cg_scope scope = parsed("b a b c a");
    assert_int_equal(scope.count, 3);
    assert_scope_text(&scope, "b a c");
}

TEST(scope_of_an_absent_or_empty_text_is_empty)
{
    struct cg_scope scope = {.count = 7};
    assert_ok(cg_scope_parse((struct cg_span){NULL, 0}, &scope));
    assert_int_equal(scope.count, 0);
    scope = parsed("");
    assert_int_equal(scope.count, 0);
    assert_scope_text(&scope, "");
}

/* RFC 6749 §3.3: scope = scope-token *( SP scope-token ). */
TEST(scope_parse_refuses_what_the_grammar_does_not_know)
{
    static const char *const bad[] = {
        " ", " a", "a ", "a  b", "a\tb", "a\nb", "a\"b", "a\\b", "a\x7f", "\xc3\xa9", "a\x1f",
    };
    for (size_t i = 0; i < TEST_COUNT(bad); i++) {
        struct cg_scope scope = {.count = 99};
        assert_status_row(bad[i], cg_scope_parse(test_span(bad[i]), &scope), CG_ERR_INPUT);
        assert_int_equal(scope.count, 99);
    }
}

TEST(scope_parse_accepts_the_first_and_last_characters_of_each_range)
{
    static const char *const good[] = {"!", "#", "[", "]", "~"};
    for (size_t i = 0; i < TEST_COUNT(good); i++) {
        print_message("# %s\n", good[i]);
        assert_true(cg_scope_token_is_valid(test_span(good[i])));
    }
    assert_false(cg_scope_token_is_valid(test_span("")));
    assert_false(cg_scope_token_is_valid(test_span("a b")));
}

TEST(scope_parse_refuses_too_many_tokens_and_too_many_bytes)
{
    char text[CG_LIMIT_SCOPE_BYTES + 2] = {0};
    struct cg_scope scope;
    size_t len = 0;
    for (unsigned i = 0; i < CG_LIMIT_TOKEN_SCOPES; i++) {
        len += (size_t)snprintf(text + len, sizeof(text) - len, "%ss%u", i > 0 ? " " : "", i);
    }
    assert_ok(cg_scope_parse(test_span(text), &scope));
    assert_int_equal(scope.count, CG_LIMIT_TOKEN_SCOPES);
    (void)snprintf(text + len, sizeof(text) - len, " more");
    assert_status(cg_scope_parse(test_span(text), &scope), CG_ERR_LIMIT);
    memset(text, 'a', CG_LIMIT_SCOPE_BYTES);
    text[CG_LIMIT_SCOPE_BYTES] = 0;
    assert_ok(cg_scope_parse(test_span(text), &scope));
    text[CG_LIMIT_SCOPE_BYTES] = 'a';
    assert_status(cg_scope_parse(test_span(text), &scope), CG_ERR_LIMIT);
}

TEST(scope_add_all_keeps_the_order_and_what_is_there)
{
    struct cg_scope a = parsed("c b");
    struct cg_scope b = parsed("a c d");
    assert_ok(cg_scope_add_all(&a, &b));
    assert_scope_text(&a, "c b a d");
    struct cg_scope full = {.count = CG_LIMIT_TOKEN_SCOPES};
    assert_status(cg_scope_add_all(&full, &b), CG_ERR_LIMIT);
}

TEST(scopes_overlap_when_they_share_a_token)
{
    struct cg_scope a = parsed("a b");
    struct cg_scope b = parsed("b c");
    struct cg_scope c = parsed("c d");
    struct cg_scope none = parsed("");
    assert_true(cg_scope_overlap(&a, &b));
    assert_false(cg_scope_overlap(&a, &c));
    assert_false(cg_scope_overlap(&a, &none));
    assert_false(cg_scope_overlap(&none, &a));
}

TEST(scope_text_has_whole_tokens_only)
{
    struct cg_span text = test_span("documents.read documents.write");
    assert_true(cg_scope_text_has(text, test_span("documents.read")));
    assert_true(cg_scope_text_has(text, test_span("documents.write")));
    assert_false(cg_scope_text_has(text, test_span("documents")));
    assert_false(cg_scope_text_has(text, test_span("documents.writer")));
    assert_false(cg_scope_text_has(text, test_span("documents.read documents.write")));
    assert_false(cg_scope_text_has(text, test_span("")));
    assert_false(cg_scope_text_has(test_span(""), test_span("")));
    assert_false(cg_scope_text_has((struct cg_span){NULL, 0}, test_span("a")));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(scope_parse_keeps_order_and_drops_repeats),
    cmocka_unit_test(scope_of_an_absent_or_empty_text_is_empty),
    cmocka_unit_test(scope_parse_refuses_what_the_grammar_does_not_know),
    cmocka_unit_test(scope_parse_accepts_the_first_and_last_characters_of_each_range),
    cmocka_unit_test(scope_parse_refuses_too_many_tokens_and_too_many_bytes),
    cmocka_unit_test(scope_add_all_keeps_the_order_and_what_is_there),
    cmocka_unit_test(scopes_overlap_when_they_share_a_token),
    cmocka_unit_test(scope_text_has_whole_tokens_only),
};
TEST_MAIN(tests)
