/* SPDX-License-Identifier: Apache-2.0 */
#include "base/limits.h"
#include "base/span.h"
#include "codec/yaml_tree.h"
#include "test.h"

static int setup(void **state)
{
    struct cg_arena *arena = NULL;
    if (cg_arena_new(64UL * 1024 * 1024, &arena) != CG_OK) {
        return 1;
    }
    *state = arena;
    return 0;
}

static int teardown(void **state)
{
    *state = cg_arena_free(*state);
    return 0;
}

/* "key@line=value" for each, maps in {}, lists in []. */
static void write_tree(struct cg_buf *buf, const struct cg_yaml *node)
{
    if (node->key.data != NULL) {
        cg_buf_put(buf, node->key);
    }
    cg_buf_put_byte(buf, '@');
    cg_buf_put_number(buf, node->line);
    cg_buf_put_byte(buf, '=');
    if (node->kind == CG_YAML_TEXT) {
        cg_buf_put(buf, node->text);
        return;
    }
    cg_buf_put_string(buf, node->kind == CG_YAML_MAP ? "{" : "[");
    for (const struct cg_yaml *at = node->first; at != NULL; at = at->next) {
        cg_buf_put_string(buf, at != node->first ? " " : "");
        write_tree(buf, at);
    }
    cg_buf_put_string(buf, node->kind == CG_YAML_MAP ? "}" : "]");
}

static void yaml_parse_keeps_values_and_their_lines(void **state)
{
    static const struct {
        const char *text;
        const char *tree;
    } rows[] = {
        {"a: 1\nb: two words\n", "@1={a@1=1 b@2=two words}"},
        {"a:\n  - x\n  - y: z\n", "@1={a@1=[@2=x @3={y@3=z}]}"},
        {"a: [x, 'y']\nb: {}\nc: \"\\u00e9\"\n", "@1={a@1=[@1=x @1=y] b@2={} c@3=\xc3\xa9}"},
        {"# told\n\na: |\n  one\n  two\nb: ''\nc:\n", "@3={a@3=one\ntwo\n b@6= c@7=}"},
        {"{\"a\":[1,null,true]}", "@1={a@1=[@1=1 @1=null @1=true]}"},
        {"text", "@1=text"},
        {"%YAML 1.1\n---\na: b\n...\n", "@3={a@3=b}"},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        struct cg_yaml_fault fault;
        const struct cg_yaml *root = NULL;
        struct cg_buf buf;
        struct cg_span tree = {NULL, 0};
        assert_ok(cg_yaml_parse(test_span(rows[i].text), *state, &fault, &root));
        cg_buf_init_arena(&buf, *state, 4096);
        write_tree(&buf, root);
        assert_ok(cg_buf_finish(&buf, &tree));
        assert_span_text_row(rows[i].text, tree, rows[i].tree);
    }
}

static void yaml_parse_refuses_with_the_line_and_a_reason(void **state)
{
    static const struct {
        const char *label;
        const char *text;
        uint32_t line;
        const char *reason;
    } rows[] = {
        {"nothing", "", 0, "empty"},
        {"comment", "# nothing\n", 0, "empty"},
        {"alias", "a: &x 1\n", 1, "anchors"},
        {"anchor-of-list", "a: 1\nb: &x [1]\n", 2, "anchors"},
        {"anchor-of-map", "a: 1\nb: &x {c: d}\n", 2, "anchors"},
        {"anchor-of-key", "a: 1\n&x b: c\n", 2, "anchors"},
        {"tag", "a: 1\nb: !!str 2\n", 2, "tags"},
        {"tag-of-list", "a: !x [1]\n", 1, "tags"},
        {"unknown-alias", "a: 1\nb: 2\nc: *x\n", 3, "aliases"},
        {"twice", "a: 1\nb: 2\na: 3\n", 3, "twice"},
        {"twice-inside", "a:\n  - b: 1\n    b: 2\n", 3, "twice"},
        {"list-as-key", "a: 1\n? [x]\n: y\n", 2, "key"},
        {"second-document", "a: 1\n---\nb: 2\n", 2, "second document"},
        {"tab", "a:\n\tb: 1\n", 2, "token"},
        {"open-quote", "a: 'x\n", 2, "end of stream"},
        {"control", "a: 1\nb: \x01\n", 2, "control"},
        {"zero", "a: \"\\0\"\n", 1, "zero"},
        {"zero-in-key", "\"\\0\": a\n", 1, "zero"},
        {"bad-utf8", "a: \xff\n", 1, "UTF-8"},
        {"utf16",
         "\xff\xfe"
         "a",
         1, "UTF-8"},
        {"deep", "[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]", 1, "deep"},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        struct cg_yaml_fault fault;
        const struct cg_yaml *root = NULL;
        assert_status_row(rows[i].label,
                          cg_yaml_parse(test_span(rows[i].text), *state, &fault, &root),
                          CG_ERR_INPUT);
        if (fault.line != rows[i].line || strstr(fault.text, rows[i].reason) == NULL) {
            fail_msg("%s: line %u, \"%s\"", rows[i].label, fault.line, fault.text);
        }
        assert_null(root);
    }
}

static void yaml_parse_takes_as_deep_as_it_says(void **state)
{
    struct cg_yaml_fault fault;
    const struct cg_yaml *root = NULL;
    assert_ok(
        cg_yaml_parse(CG_SPAN_OF("[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]"), *state, &fault, &root));
}

/* What is said of a text over and over again. */
static void assert_refused_repeated(const char *text, size_t count, const char *reason)
{
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = NULL;
    CG_CLEANUP(cg_buf_release) struct cg_buf buf;
    struct cg_span whole = {NULL, 0};
    struct cg_yaml_fault fault;
    const struct cg_yaml *root = NULL;
    cg_buf_init(&buf, 2UL * CG_LIMIT_YAML_BYTES);
    for (size_t i = 0; i < count; i++) {
        cg_buf_put_string(&buf, text);
    }
    assert_ok(cg_buf_finish(&buf, &whole));
    assert_ok(cg_arena_new(1024UL * 1024 * 1024, &arena));
    assert_status(cg_yaml_parse(whole, arena, &fault, &root), CG_ERR_INPUT);
    assert_non_null(strstr(fault.text, reason));
}

static void yaml_parse_refuses_a_map_of_many_keys(void **state)
{
    struct cg_yaml_fault fault;
    const struct cg_yaml *root = NULL;
    struct cg_buf buf;
    struct cg_span text = {NULL, 0};
    cg_buf_init_arena(&buf, *state, 4096);
    for (int64_t i = 0; i <= CG_LIMIT_YAML_KEYS; i++) {
        cg_buf_put_byte(&buf, 'k');
        cg_buf_put_number(&buf, i);
        cg_buf_put_string(&buf, ": v\n");
    }
    assert_ok(cg_buf_finish(&buf, &text));
    assert_status(cg_yaml_parse(text, *state, &fault, &root), CG_ERR_INPUT);
    assert_int_equal(fault.line, CG_LIMIT_YAML_KEYS + 1);
}

static void yaml_parse_refuses_what_is_too_long_or_too_much(void **state)
{
    (void)state;
    assert_refused_repeated("#23456789abcdef\n", CG_LIMIT_YAML_BYTES / 16 + 1, "too long");
    assert_refused_repeated("-\n", CG_LIMIT_YAML_VALUES, "too many");
}

static void yaml_parse_says_when_memory_is_short(void **state)
{
    (void)state;
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *small = NULL;
    struct cg_yaml_fault fault;
    const struct cg_yaml *root = NULL;
    assert_ok(cg_arena_new(64, &small));
    assert_status(cg_yaml_parse(CG_SPAN_OF("a: [1, 2, 3]"), small, &fault, &root), CG_ERR_LIMIT);
}

static void yaml_put_text_writes_what_is_read_again(void **state)
{
    static const struct {
        const char *text;
        const char *written;
    } rows[] = {
        {"RX809", "RX809"},
        {"/vlive/hpca", "/vlive/hpca"},
        {"https://care.example/x", "https://care.example/x"},
        {"2026-01-31", "\"2026-01-31\""},
        {"300", "\"300\""},
        {"off", "\"off\""},
        {"No", "\"No\""},
        {"", "\"\""},
        {"a b", "\"a b\""},
        {"a: b", "\"a: b\""},
        {"a:", "\"a:\""},
        {"- a", "\"- a\""},
        {"say \\\"", "'say \\\"'"},
        {"it's \"so\"", "\"it's \\\"so\\\"\""},
        {"{\"keys\":[]}", "'{\"keys\":[]}'"},
        {"one\ntwo\n", "|\n    one\n    two"},
        {"one\n\ntwo\n", "\"one\\n\\ntwo\\n\""},
        {"one\ntwo", "\"one\\ntwo\""},
        {" one\ntwo\n", "\" one\\ntwo\\n\""},
        {"one \ntwo\n", "\"one \\ntwo\\n\""},
        {"one\r\n", "\"one\\u000D\\n\""},
        {"\xc3\xa9t\xc3\xa9", "\"\xc3\xa9t\xc3\xa9\""},
        {"\xc2\x85\xe2\x80\xa8\xef\xbb\xbf", "\"\\u0085\\u2028\\uFEFF\""},
        {"\xf0\x9f\x98\x80", "\"\xf0\x9f\x98\x80\""},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        struct cg_buf buf;
        struct cg_span file = {NULL, 0};
        struct cg_yaml_fault fault;
        const struct cg_yaml *root = NULL;
        cg_buf_init_arena(&buf, *state, 4096);
        cg_buf_put_string(&buf, "a:\n  b: ");
        size_t begins = buf.len;
        cg_yaml_put_text(&buf, test_span(rows[i].text), 4);
        size_t ends = buf.len;
        cg_buf_put_string(&buf, "\n  c: d\n");
        assert_ok(cg_buf_finish(&buf, &file));
        assert_span_text_row(rows[i].text, cg_span_part(file, begins, ends - begins),
                             rows[i].written);
        assert_ok(cg_yaml_parse(file, *state, &fault, &root));
        const struct cg_yaml *member = cg_yaml_member(root->first, "b");
        assert_non_null(member);
        assert_span_text_row(rows[i].text, member->text, rows[i].text);
        assert_non_null(cg_yaml_member(root->first, "c"));
        assert_null(cg_yaml_member(root->first, "d"));
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(yaml_parse_keeps_values_and_their_lines),
    cmocka_unit_test(yaml_parse_refuses_with_the_line_and_a_reason),
    cmocka_unit_test(yaml_parse_takes_as_deep_as_it_says),
    cmocka_unit_test(yaml_parse_refuses_a_map_of_many_keys),
    cmocka_unit_test(yaml_parse_refuses_what_is_too_long_or_too_much),
    cmocka_unit_test(yaml_parse_says_when_memory_is_short),
    cmocka_unit_test(yaml_put_text_writes_what_is_read_again),
};

TEST_MAIN_WITH(tests, setup, teardown)
