/* SPDX-License-Identifier: Apache-2.0 */
#include "base/limits.h"
#include "base/span.h"
#include "codec/json.h"
#include "test.h"

#define MAX_BYTES 4096

static struct cg_json *parsed(const char *text)
{
    struct cg_json *json = NULL;
    assert_status_row(text, cg_json_parse(test_span(text), MAX_BYTES, &json), CG_OK);
    return json;
}

TEST(json_parse_reads_values_of_each_type)
{
    CG_CLEANUP(cg_json_free_at)
    struct cg_json *json = parsed(
        " {\"s\":\"a\\u00e9\\n\",\"n\":-7,\"t\":true,\"f\":false,\"a\":[1,\"x\"],\"e\":\"\"}\n");
    const struct cg_json_value *root = cg_json_root(json);
    assert_true(cg_json_is_object(root));
    assert_false(cg_json_is_array(root));
    assert_int_equal(cg_json_count(root), 6);
    struct cg_span text = {NULL, 0};
    assert_ok(cg_json_member_string(root, "s", &text));
    assert_span_text(text, "a\xc3\xa9\n");
    assert_ok(cg_json_member_string(root, "e", &text));
    assert_span_text(text, "");
    int64_t number = 0;
    assert_ok(cg_json_member_number(root, "n", &number));
    assert_int_equal(number, -7);
    bool truth = false;
    assert_ok(cg_json_bool(cg_json_member(root, "t"), &truth));
    assert_true(truth);
    assert_ok(cg_json_bool(cg_json_member(root, "f"), &truth));
    assert_false(truth);
    const struct cg_json_value *array = cg_json_member(root, "a");
    assert_true(cg_json_is_array(array));
    assert_int_equal(cg_json_count(array), 2);
    assert_ok(cg_json_number(cg_json_element(array, 0), &number));
    assert_int_equal(number, 1);
    assert_null(cg_json_element(array, 2));
}

TEST(json_strings_are_decoded)
{
    CG_CLEANUP(cg_json_free_at)
    struct cg_json *json =
        parsed("[\"\\u0041\\u00E9\\u20ac\\ud83d\\uDE00\\\"\\\\\\/\\b\\f\\n\\r\\t|\\uffff\"]");
    struct cg_span text = {NULL, 0};
    assert_ok(cg_json_string(cg_json_element(cg_json_root(json), 0), &text));
    assert_span_text(text, "A\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"\\/\b\f\n\r\t|\xef\xbf\xbf");
}

/* Many names are compared in another way than few. */
TEST(json_parse_refuses_a_repeat_among_many_names)
{
    char text[1024];
    size_t len = 0;
    text[len++] = '{';
    for (int i = 0; i < 100; i++) {
        len += (size_t)snprintf(text + len, sizeof(text) - len, "\"%d\":%d,", i * 37 % 100, i);
    }
    len += (size_t)snprintf(text + len, sizeof(text) - len, "\"x\":0}");
    CG_CLEANUP(cg_json_free_at) struct cg_json *json = NULL;
    assert_ok(cg_json_parse(cg_span_of_bytes(text, len), sizeof(text), &json));
    assert_int_equal(cg_json_count(cg_json_root(json)), 101);
    int64_t number = 0;
    assert_ok(cg_json_member_number(cg_json_root(json), "99", &number));
    assert_int_equal(number, 27);
    struct cg_json *none = NULL;
    text[len - 5] = '7';
    assert_status(cg_json_parse(cg_span_of_bytes(text, len), sizeof(text), &none), CG_ERR_INPUT);
    assert_null(none);
}

TEST(json_typed_reads_refuse_what_is_of_another_type)
{
    CG_CLEANUP(cg_json_free_at)
    struct cg_json *json =
        parsed("{\"s\":\"1\",\"n\":1,\"r\":1.0,\"b\":true,\"z\":null,\"o\":{},\"a\":[]}");
    const struct cg_json_value *root = cg_json_root(json);
    static const char *const names[] = {"s", "n", "r", "b", "z", "o", "a", "missing"};
    for (size_t i = 0; i < TEST_COUNT(names); i++) {
        const struct cg_json_value *value = cg_json_member(root, names[i]);
        struct cg_span text = CG_SPAN("before");
        int64_t number = 7;
        bool truth = true;
        enum cg_status as_string = strcmp(names[i], "s") == 0 ? CG_OK : CG_ERR_INPUT;
        enum cg_status as_number = strcmp(names[i], "n") == 0 ? CG_OK : CG_ERR_INPUT;
        enum cg_status as_bool = strcmp(names[i], "b") == 0 ? CG_OK : CG_ERR_INPUT;
        assert_status_row(names[i], cg_json_string(value, &text), as_string);
        assert_status_row(names[i], cg_json_member_string(root, names[i], &text), as_string);
        assert_status_row(names[i], cg_json_number(value, &number), as_number);
        assert_status_row(names[i], cg_json_member_number(root, names[i], &number), as_number);
        assert_status_row(names[i], cg_json_bool(value, &truth), as_bool);
        assert_span_text(text, as_string == CG_OK ? "1" : "before");
        assert_int_equal(number, as_number == CG_OK ? 1 : 7);
    }
}

TEST(json_lookups_in_nothing_or_another_type_find_nothing)
{
    CG_CLEANUP(cg_json_free_at) struct cg_json *json = parsed("[{\"a\":1},\"text\",5]");
    const struct cg_json_value *array = cg_json_root(json);
    const struct cg_json_value *text = cg_json_element(array, 1);
    assert_null(cg_json_member(array, "a"));
    assert_null(cg_json_member(text, "a"));
    assert_null(cg_json_member(NULL, "a"));
    assert_null(cg_json_element(cg_json_element(array, 0), 0));
    assert_null(cg_json_element(NULL, 0));
    assert_int_equal(cg_json_count(text), 0);
    assert_int_equal(cg_json_count(NULL), 0);
    assert_false(cg_json_is_object(NULL));
    assert_false(cg_json_is_array(NULL));
    size_t position = 0;
    struct cg_span name = {NULL, 0};
    const struct cg_json_value *value = NULL;
    assert_false(cg_json_next(array, &position, &name, &value));
    assert_false(cg_json_next(NULL, &position, &name, &value));
}

TEST(json_next_visits_members_in_order)
{
    CG_CLEANUP(cg_json_free_at)
    struct cg_json *json = parsed("{\"z\":1,\"a\":2,\"\":3,\"m\\u00e9\":4}");
    static const char *const names[] = {"z", "a", "", "m\xc3\xa9"};
    size_t position = 0;
    size_t count = 0;
    struct cg_span name = {NULL, 0};
    const struct cg_json_value *value = NULL;
    while (cg_json_next(cg_json_root(json), &position, &name, &value)) {
        assert_in_range(count, 0, TEST_COUNT(names) - 1);
        assert_span_text(name, names[count++]);
        int64_t number = 0;
        assert_ok(cg_json_number(value, &number));
        assert_int_equal(number, count);
    }
    assert_int_equal(count, TEST_COUNT(names));
    assert_false(cg_json_next(cg_json_root(json), &position, &name, &value));
}

TEST(json_next_of_an_empty_object_is_at_the_end)
{
    CG_CLEANUP(cg_json_free_at) struct cg_json *json = parsed("{}");
    size_t position = 0;
    struct cg_span name = {NULL, 0};
    const struct cg_json_value *value = NULL;
    assert_false(cg_json_next(cg_json_root(json), &position, &name, &value));
    assert_int_equal(cg_json_count(cg_json_root(json)), 0);
}

struct malformed {
    const char *label;
    struct cg_span text;
};

static void refuse_each(const struct malformed *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct cg_json *json = NULL;
        assert_status_row(rows[i].label, cg_json_parse(rows[i].text, MAX_BYTES, &json),
                          CG_ERR_INPUT);
        assert_null(json);
    }
}

TEST(json_parse_refuses_malformed_escapes)
{
    static const struct malformed rows[] = {
        {"half a surrogate pair", CG_SPAN("[\"\\ud800\"]")},
        {"the other half of a pair", CG_SPAN("[\"\\udc00\"]")},
        {"two second halves", CG_SPAN("[\"\\udc00\\udc00\"]")},
        {"two first halves", CG_SPAN("[\"\\ud800\\ud800\"]")},
        {"an escape of three digits", CG_SPAN("[\"\\u123\"]")},
        {"an unknown escape", CG_SPAN("[\"\\a\"]")},
    };
    refuse_each(rows, TEST_COUNT(rows));
}

/* RFC 8259 §4 leaves repeated names open; RFC 7515 §4 and RFC 7519 §4 let us refuse them. */
TEST(json_parse_refuses_what_is_malformed)
{
    static const struct malformed rows[] = {
        {"nothing", CG_SPAN("")},
        {"white space only", CG_SPAN(" \n")},
        {"a repeated name", CG_SPAN("{\"a\":1,\"a\":2}")},
        {"a repeated name, escaped", CG_SPAN("{\"alg\":1,\"\\u0061lg\":2}")},
        {"a repeated name, deeper", CG_SPAN("[{\"a\":{\"b\":1,\"b\":1}}]")},
        {"something behind it", CG_SPAN("{}x")},
        {"a second value", CG_SPAN("{}{}")},
        {"a second value behind white space", CG_SPAN("[1] [2]")},
        {"a zero byte behind it", CG_SPAN("{}\0")},
        {"a zero byte and more behind it", CG_SPAN("{}\0{}")},
        {"a zero byte in a string", CG_SPAN("[\"a\0b\"]")},
        {"an escaped zero in a string", CG_SPAN("[\"a\\u0000b\"]")},
        {"an escaped zero in a name", CG_SPAN("{\"a\\u0000b\":1}")},
        {"invalid UTF-8", CG_SPAN("[\"\xff\"]")},
        {"overlong UTF-8", CG_SPAN("[\"\xc0\xaf\"]")},
        {"a surrogate in UTF-8", CG_SPAN("[\"\xed\xa0\x80\"]")},
        {"a name without a value", CG_SPAN("{\"a\"}")},
        {"a name that is no string", CG_SPAN("{1:1}")},
        {"a comma first", CG_SPAN("[,1]")},
        {"no comma", CG_SPAN("[1 2]")},
        {"the other bracket", CG_SPAN("[1}")},
        {"a minus alone", CG_SPAN("[-]")},
        {"a fraction without digits", CG_SPAN("[1.]")},
        {"an exponent without digits", CG_SPAN("[1e+]")},
        {"half a word", CG_SPAN("[tru]")},
        {"a word in capitals", CG_SPAN("[True]")},
        {"a byte order mark", CG_SPAN("\xef\xbb\xbf{}")},
        {"a raw line end in a string", CG_SPAN("[\"a\nb\"]")},
        {"an open object", CG_SPAN("{\"a\":1")},
        {"an open array", CG_SPAN("[1")},
        {"an open string", CG_SPAN("[\"a")},
        {"an open string that ends in a backslash", CG_SPAN("[\"a\\")},
        {"a trailing comma", CG_SPAN("[1,]")},
        {"single quotes", CG_SPAN("{'a':1}")},
        {"a comment", CG_SPAN("[1/*x*/]")},
        {"NaN", CG_SPAN("[NaN]")},
        {"a leading zero", CG_SPAN("[01]")},
        {"a leading plus", CG_SPAN("[+1]")},
        {"an integer too large", CG_SPAN("[9223372036854775808]")},
        {"a real too large", CG_SPAN("[1e999]")},
        {"only a closing bracket", CG_SPAN("]")},
        {"a bare string", CG_SPAN("\"a\"")},
        {"a bare number", CG_SPAN("1")},
        {"a bare null", CG_SPAN("null")},
    };
    refuse_each(rows, TEST_COUNT(rows));
    struct cg_json *json = NULL;
    assert_status(cg_json_parse((struct cg_span){NULL, 0}, MAX_BYTES, &json), CG_ERR_INPUT);
}

static struct cg_span nested(char *text, size_t depth, char open, char close)
{
    memset(text, open, depth);
    memset(text + depth, close, depth);
    return cg_span_of_bytes(text, 2 * depth);
}

TEST(json_parse_bounds_the_depth)
{
    char text[2 * (CG_LIMIT_JSON_DEPTH + 1)];
    struct cg_json *json = NULL;
    assert_ok(cg_json_parse(nested(text, CG_LIMIT_JSON_DEPTH, '[', ']'), MAX_BYTES, &json));
    json = cg_json_free(json);
    struct cg_span deep = nested(text, CG_LIMIT_JSON_DEPTH + 1, '[', ']');
    assert_status(cg_json_parse(deep, MAX_BYTES, &json), CG_ERR_INPUT);
    deep = nested(text, CG_LIMIT_JSON_DEPTH + 1, '{', '}');
    assert_status(cg_json_parse(deep, MAX_BYTES, &json), CG_ERR_INPUT);
    assert_null(json);
}

TEST(json_parse_counts_no_brackets_in_strings)
{
    CG_CLEANUP(cg_json_free_at)
    struct cg_json *json =
        parsed("[\"[[[[[[[[[[[[[[[[[[[[\",\"\\\"{{{{{{{{{{{{{{{{{{{{\",\"\\\\\",[]]");
    assert_int_equal(cg_json_count(cg_json_root(json)), 4);
}

TEST(json_parse_counts_what_stands_beside_not_below)
{
    CG_CLEANUP(cg_json_free_at)
    struct cg_json *json =
        parsed("[[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],{},{}]");
    assert_int_equal(cg_json_count(cg_json_root(json)), 22);
}

/* A million brackets meet no recursion. */
TEST(json_parse_survives_a_text_of_brackets)
{
    size_t len = 1000000;
    char *text = malloc(len);
    assert_non_null(text);
    memset(text, '[', len);
    struct cg_json *json = NULL;
    assert_status(cg_json_parse(cg_span_of_bytes(text, len), len, &json), CG_ERR_INPUT);
    free(text);
}

TEST(json_parse_bounds_the_size)
{
    struct cg_json *json = NULL;
    assert_ok(cg_json_parse(test_span("[1,2]"), 5, &json));
    json = cg_json_free(json);
    assert_status(cg_json_parse(test_span("[1,2]"), 4, &json), CG_ERR_LIMIT);
    char *text = calloc(1, CG_LIMIT_JSON_BYTES + 1);
    assert_non_null(text);
    memset(text, ' ', CG_LIMIT_JSON_BYTES + 1);
    struct cg_span large = cg_span_of_bytes(text, CG_LIMIT_JSON_BYTES + 1);
    assert_status(cg_json_parse(large, SIZE_MAX, &json), CG_ERR_LIMIT);
    free(text);
    assert_null(json);
}

TEST(json_numbers_keep_all_of_64_bits)
{
    CG_CLEANUP(cg_json_free_at)
    struct cg_json *json = parsed("[9223372036854775807,-9223372036854775808,9007199254740993]");
    static const int64_t numbers[] = {INT64_MAX, INT64_MIN, INT64_C(9007199254740993)};
    for (size_t i = 0; i < TEST_COUNT(numbers); i++) {
        int64_t number = 0;
        assert_ok(cg_json_number(cg_json_element(cg_json_root(json), i), &number));
        assert_true(number == numbers[i]);
    }
}

TEST(json_free_accepts_null)
{
    assert_null(cg_json_free(NULL));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(json_parse_reads_values_of_each_type),
    cmocka_unit_test(json_strings_are_decoded),
    cmocka_unit_test(json_parse_refuses_a_repeat_among_many_names),
    cmocka_unit_test(json_typed_reads_refuse_what_is_of_another_type),
    cmocka_unit_test(json_lookups_in_nothing_or_another_type_find_nothing),
    cmocka_unit_test(json_next_visits_members_in_order),
    cmocka_unit_test(json_next_of_an_empty_object_is_at_the_end),
    cmocka_unit_test(json_parse_refuses_malformed_escapes),
    cmocka_unit_test(json_parse_refuses_what_is_malformed),
    cmocka_unit_test(json_parse_bounds_the_depth),
    cmocka_unit_test(json_parse_counts_no_brackets_in_strings),
    cmocka_unit_test(json_parse_counts_what_stands_beside_not_below),
    cmocka_unit_test(json_parse_survives_a_text_of_brackets),
    cmocka_unit_test(json_parse_bounds_the_size),
    cmocka_unit_test(json_numbers_keep_all_of_64_bits),
    cmocka_unit_test(json_free_accepts_null),
};
TEST_MAIN(tests)
