/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"
#include "base/span.h"
#include "codec/json.h"
#include "codec/json_scan.h"
#include "test.h"

static struct cg_json_scan scan;

/* Letters of the tokens in their order, or "!" where the text is refused. */
static const char *tokens_of(struct cg_span text)
{
    static const char letters[] = "{}[]n\"o.";
    static char found[4096];
    size_t count = 0;
    enum cg_json_token token = CG_JSON_OTHER;
    cg_json_scan_begin(&scan, text);
    while (token != CG_JSON_DONE && count < sizeof(found) - 1) {
        struct cg_span part = {NULL, 0};
        if (cg_json_scan_next(&scan, &token, &part) != CG_OK) {
            return "!";
        }
        found[count++] = letters[token];
    }
    found[count] = '\0';
    return found;
}

TEST(json_scan_gives_the_tokens_in_their_order)
{
    static const struct {
        const char *text;
        const char *tokens;
    } rows[] = {
        {"{}", "{}."},
        {" [ ] ", "[]."},
        {"\"a\"", "\"."},
        {"null", "o."},
        {"-0.5e+10", "o."},
        {"{\"a\":1}", "{no}."},
        {"{\"a\" : [1,2.5,true,false,null,\"x\",{}] , \"b\":{\"a\":\"\"}}",
         "{n[ooooo\"{}]n{n\"}}."},
        {"[[[]]]", "[[[]]]."},
        {"\r\n\t{\n}\n", "{}."},
        {"[\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\\ud83d\\ude00\"]", "[\"]."},
        {"[\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"]", "[\"]."},
        {"{\"a\":1,\"A\":2,\"aa\":3}", "{nonono}."},
        {"{\"a\":{\"a\":{\"a\":1}}}", "{n{n{no}}}."},
        {"[{\"a\":1},{\"a\":1}]", "[{no}{no}]."},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        assert_span_text_row(rows[i].text, test_span(tokens_of(test_span(rows[i].text))),
                             rows[i].tokens);
    }
}

static void assert_refused(const char *const *texts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        assert_span_text_row(texts[i], test_span(tokens_of(test_span(texts[i]))), "!");
    }
}

TEST(json_scan_refuses_what_is_not_strict)
{
    static const char *const texts[] = {
        "",
        " ",
        "{",
        "[",
        "}",
        "]",
        "{]",
        "[}",
        "{}{}",
        "{} x",
        "[1 2]",
        "[1,]",
        "[,1]",
        "[,]",
        "{,}",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1,}",
        "{\"a\" 1}",
        "{a:1}",
        "{'a':1}",
        "{\"a\":1 \"b\":2}",
        "{\"a\":1,\"a\":2}",
        "{\"a\":{},\"b\":[],\"a\":null}",
        "{\"\\u0061\":1}",
        "{\"\":1}",
        "{\"resourceType\":1,\"b\":2,\"resourceType\":3}",
        "01",
        "+1",
        "1.",
        ".5",
        "1e",
        "1e+",
        "-",
        "0x1",
        "1_0",
        "NaN",
        "Infinity",
        "tru",
        "True",
        "nul",
        "nulll",
        "truefalse",
        "//",
        "/**/1",
        "[1]//",
        "\xef\xbb\xbf{}",
        "'a'",
        "[1}",
        "{\"a\":1]",
        "\x0b{}",
        "{}\x0c",
    };
    static const uint8_t behind[] = {'1', 0};
    assert_refused(texts, TEST_COUNT(texts));
    assert_string_equal(tokens_of(cg_span_of_bytes(behind, sizeof(behind))), "!");
}

TEST(json_scan_refuses_strings_that_are_not_strict)
{
    static const char *const texts[] = {
        "\"",
        "\"a",
        "\"\\\"",
        "\"\\x\"",
        "\"\\u\"",
        "\"\\u00\"",
        "\"\\u00g0\"",
        "\"\\u0000\"",
        "\"\\ud800\"",
        "\"\\udc00\"",
        "\"\\ud800\\u0041\"",
        "\"\\ud800x\"",
        "\"a\nb\"",
        "\"a\tb\"",
        "\"\x01\"",
        "\"\xff\"",
        "\"\xc3\"",
        "\"\xc0\xaf\"",
        "\"\xed\xa0\x80\"",
        "\"\xf4\x90\x80\x80\"",
    };
    static const uint8_t zero[] = {'"', 'a', 0, '"'};
    assert_refused(texts, TEST_COUNT(texts));
    assert_string_equal(tokens_of(cg_span_of_bytes(zero, sizeof(zero))), "!");
}

/* What is looked at eight bytes at a time ends where it ends, wherever that is. */
TEST(json_scan_finds_the_end_of_a_string_at_each_place)
{
    static const char *const ends[] = {"\"", "\\\"\"", "\xc3\xa9\"", "\n\"", "\x7f\"", " \""};
    for (size_t len = 0; len < 40; len++) {
        for (size_t i = 0; i < TEST_COUNT(ends); i++) {
            char text[64] = "\"";
            struct cg_span part = {NULL, 0};
            enum cg_json_token token = CG_JSON_OTHER;
            memset(text + 1, 'x', len);
            (void)snprintf(text + 1 + len, sizeof(text) - 1 - len, "%s", ends[i]);
            cg_json_scan_begin(&scan, test_span(text));
            enum cg_status status = cg_json_scan_next(&scan, &token, &part);
            assert_status_row(text, status, ends[i][0] == '\n' ? CG_ERR_INPUT : CG_OK);
            if (status == CG_OK) {
                assert_int_equal(part.len, strlen(text) - 2);
            }
        }
    }
}

TEST(json_scan_bounds_depth_and_names)
{
    struct cg_buf buf;
    struct cg_span text = {NULL, 0};
    cg_buf_init(&buf, 1 << 20);
    for (size_t depth = CG_LIMIT_JSON_SCAN_DEPTH; depth <= CG_LIMIT_JSON_SCAN_DEPTH + 1; depth++) {
        cg_buf_clear(&buf);
        for (size_t i = 0; i < depth; i++) {
            cg_buf_put_byte(&buf, '[');
        }
        for (size_t i = 0; i < depth; i++) {
            cg_buf_put_byte(&buf, ']');
        }
        assert_ok(cg_buf_finish(&buf, &text));
        assert_int_equal(tokens_of(text)[0] == '!', depth > CG_LIMIT_JSON_SCAN_DEPTH);
    }
    for (int64_t count = CG_LIMIT_JSON_SCAN_OBJECT_NAMES;
         count <= CG_LIMIT_JSON_SCAN_OBJECT_NAMES + 1; count++) {
        cg_buf_clear(&buf);
        for (int64_t i = 0; i < count; i++) {
            cg_buf_put_string(&buf, i == 0 ? "{\"a" : ",\"a");
            cg_buf_put_number(&buf, i);
            cg_buf_put_string(&buf, "\":0");
        }
        cg_buf_put_byte(&buf, '}');
        assert_ok(cg_buf_finish(&buf, &text));
        assert_int_equal(tokens_of(text)[0] == '!', count > CG_LIMIT_JSON_SCAN_OBJECT_NAMES);
    }
    cg_buf_release(&buf);
}

TEST(json_scan_undoes_escapes_of_ascii)
{
    static const struct {
        const char *raw;
        const char *text; /* NULL: refused */
    } rows[] = {
        {"", ""},
        {"Patient\\/1", "Patient/1"},
        {"a\\u0026b\\u002Bc", "a&b+c"},
        {"\\\"\\\\\\b\\f\\n\\r\\t", "\"\\\b\f\n\r\t"},
        {"\xc3\xa9", "\xc3\xa9"},
        {"\\u00e9", NULL},
        {"\\ud83d\\ude00", NULL},
        {"\\u0000", NULL},
        {"\\x", NULL},
        {"\\", NULL},
        {"0123456789abcdef0", NULL},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        uint8_t room[16];
        struct cg_span text = {NULL, 0};
        enum cg_status status =
            cg_json_scan_text(test_span(rows[i].raw), room, sizeof(room), &text);
        assert_status_row(rows[i].raw, status, rows[i].text != NULL ? CG_OK : CG_ERR_INPUT);
        if (status == CG_OK) {
            assert_span_text_row(rows[i].raw, text, rows[i].text);
        }
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(json_scan_gives_the_tokens_in_their_order),
    cmocka_unit_test(json_scan_refuses_what_is_not_strict),
    cmocka_unit_test(json_scan_refuses_strings_that_are_not_strict),
    cmocka_unit_test(json_scan_finds_the_end_of_a_string_at_each_place),
    cmocka_unit_test(json_scan_bounds_depth_and_names),
    cmocka_unit_test(json_scan_undoes_escapes_of_ascii),
};
TEST_MAIN(tests)
