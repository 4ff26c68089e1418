/* SPDX-License-Identifier: Apache-2.0 */
#include "base/span.h"
#include "codec/json.h"
#include "test.h"

#define MAX_BYTES 4096

struct fixture {
    struct cg_buf buf;
    struct cg_json_writer writer;
};

static int setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    if (fixture == NULL) {
        return 1;
    }
    cg_buf_init(&fixture->buf, MAX_BYTES);
    cg_json_begin(&fixture->writer, &fixture->buf);
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    cg_buf_release(&fixture->buf);
    free(fixture);
    return 0;
}

static struct cg_json_writer *writer_of(void **state)
{
    return &((struct fixture *)*state)->writer;
}

static void assert_written(void **state, const char *want)
{
    struct cg_span text = {NULL, 0};
    assert_ok(cg_buf_finish(&((struct fixture *)*state)->buf, &text));
    assert_span_text(text, want);
}

/* A value of each kind, in an object, in an array and alone in its container. */
static void write_example(struct cg_json_writer *writer)
{
    cg_json_open_object(writer);
    cg_json_put_name(writer, "a");
    cg_json_put_string(writer, test_span("x"));
    cg_json_member_put_number(writer, "n", -5);
    cg_json_put_name(writer, "l");
    cg_json_open_array(writer);
    cg_json_put_number(writer, 1);
    cg_json_put_bool(writer, true);
    cg_json_put_bool(writer, false);
    cg_json_put_null(writer);
    cg_json_open_object(writer);
    cg_json_close_object(writer);
    cg_json_open_array(writer);
    cg_json_close_array(writer);
    cg_json_put_raw(writer, test_span("{\"r\":0}"));
    cg_json_close_array(writer);
    cg_json_put_name(writer, "o");
    cg_json_open_object(writer);
    cg_json_member_put(writer, "b", test_span("y"));
    cg_json_close_object(writer);
    cg_json_close_object(writer);
}

static void json_writer_places_commas(void **state)
{
    write_example(writer_of(state));
    assert_written(state, "{\"a\":\"x\",\"n\":-5,\"l\":[1,true,false,null,{},[],{\"r\":0}],"
                          "\"o\":{\"b\":\"y\"}}");
}

static void json_writer_indents_when_pretty(void **state)
{
    writer_of(state)->pretty = true;
    write_example(writer_of(state));
    assert_written(state, "{\n"
                          "  \"a\": \"x\",\n"
                          "  \"n\": -5,\n"
                          "  \"l\": [\n"
                          "    1,\n"
                          "    true,\n"
                          "    false,\n"
                          "    null,\n"
                          "    {},\n"
                          "    [],\n"
                          "    {\"r\":0}\n"
                          "  ],\n"
                          "  \"o\": {\n"
                          "    \"b\": \"y\"\n"
                          "  }\n"
                          "}");
}

static void json_writer_leaves_out_absent_members_and_keeps_empty_ones(void **state)
{
    struct cg_json_writer *writer = writer_of(state);
    cg_json_open_object(writer);
    cg_json_member_put(writer, "absent", (struct cg_span){NULL, 0});
    cg_json_member_put(writer, "empty", test_span(""));
    cg_json_member_put(writer, "absent", (struct cg_span){NULL, 0});
    cg_json_close_object(writer);
    assert_written(state, "{\"empty\":\"\"}");
}

static void json_writer_writes_a_single_value(void **state)
{
    cg_json_put_string(writer_of(state), (struct cg_span){NULL, 0});
    assert_written(state, "\"\"");
}

/* RFC 8259 §7 */
TEST(json_writer_escapes_what_must_be_and_nothing_else)
{
    static const struct {
        struct cg_span string;
        const char *text;
    } rows[] = {
        {CG_SPAN("plain /'<>&"), "\"plain /'<>&\""},
        {CG_SPAN("\""), "\"\\\"\""},
        {CG_SPAN("\\"), "\"\\\\\""},
        {CG_SPAN("a\"b\\c"), "\"a\\\"b\\\\c\""},
        {CG_SPAN("\b\t\n\f\r"), "\"\\b\\t\\n\\f\\r\""},
        {CG_SPAN("\0\x01\x1f"), "\"\\u0000\\u0001\\u001f\""},
        {CG_SPAN("\x7f"), "\"\x7f\""},
        {CG_SPAN("\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80"),
         "\"\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80\""},
        {CG_SPAN("\xff"), "\"\xef\xbf\xbd\""},
        {CG_SPAN("a\xc3"), "\"a\xef\xbf\xbd\""},
        {CG_SPAN("\xc0\xafz"), "\"\xef\xbf\xbd\xef\xbf\xbdz\""},
        {CG_SPAN("\xed\xa0\x80"), "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        struct cg_buf buf;
        struct cg_json_writer writer;
        cg_buf_init(&buf, MAX_BYTES);
        cg_json_begin(&writer, &buf);
        cg_json_put_string(&writer, rows[i].string);
        struct cg_span text = {NULL, 0};
        assert_ok(cg_buf_finish(&buf, &text));
        assert_span_text_row(rows[i].text, text, rows[i].text);
        cg_buf_release(&buf);
    }
}

static void json_writer_escapes_names_too(void **state)
{
    cg_json_open_object(writer_of(state));
    cg_json_member_put_number(writer_of(state), "a\"b", 1);
    cg_json_close_object(writer_of(state));
    assert_written(state, "{\"a\\\"b\":1}");
}

static void json_writer_copies_a_parsed_value(void **state)
{
    static const char text[] = "[ 1, \"x\\u00e9\\n\", true, null, {\"b\": [], \"a\": -2.5} ]";
    CG_CLEANUP(cg_json_free_at) struct cg_json *json = NULL;
    assert_ok(cg_json_parse(test_span(text), MAX_BYTES, &json));
    struct cg_json_writer *writer = writer_of(state);
    cg_json_open_object(writer);
    cg_json_put_name(writer, "v");
    cg_json_put_value(writer, cg_json_root(json));
    cg_json_put_name(writer, "w");
    cg_json_put_value(writer, cg_json_element(cg_json_root(json), 1));
    cg_json_close_object(writer);
    assert_written(state, "{\"v\":[1,\"x\xc3\xa9\\n\",true,null,{\"b\":[],\"a\":-2.5}],"
                          "\"w\":\"x\xc3\xa9\\n\"}");
}

static void json_writer_fails_on_a_value_that_is_not_there(void **state)
{
    cg_json_put_value(writer_of(state), NULL);
    struct cg_span text = {NULL, 0};
    assert_status(cg_buf_finish(&((struct fixture *)*state)->buf, &text), CG_ERR_LIMIT);
}

/* The status and, where it is CG_OK, the length of an example written into `max` bytes. */
static enum cg_status write_within(size_t max, const struct cg_json_value *value, size_t *ret_len)
{
    struct cg_buf buf;
    struct cg_json_writer writer;
    cg_buf_init(&buf, max);
    cg_json_begin(&writer, &buf);
    write_example(&writer);
    cg_json_put_value(&writer, value);
    struct cg_span written = {NULL, 0};
    enum cg_status status = cg_buf_finish(&buf, &written);
    *ret_len = written.len;
    cg_buf_release(&buf);
    return status;
}

/* Every byte at every place of a text that takes more than one word. */
TEST(json_plain_run_ends_at_the_first_byte_that_is_written_otherwise)
{
    for (unsigned byte = 0; byte <= UINT8_MAX; byte++) {
        bool plain = byte >= 0x20 && byte < 0x80 && byte != '"' && byte != '\\';
        for (size_t at = 0; at < 20; at++) {
            uint8_t text[20];
            memset(text, at % 2 == 0 ? ' ' : '~', sizeof(text));
            text[at] = (uint8_t)byte;
            struct cg_span span = cg_span_of_bytes(text, sizeof(text));
            assert_int_equal(cg_json_plain_run(span, 0), plain ? sizeof(text) : at);
            assert_int_equal(cg_json_plain_run(span, at), plain ? sizeof(text) - at : 0);
        }
    }
    assert_int_equal(cg_json_plain_run((struct cg_span){NULL, 0}, 0), 0);
}

TEST(json_writer_fails_in_any_buffer_that_is_too_small)
{
    CG_CLEANUP(cg_json_free_at) struct cg_json *json = NULL;
    assert_ok(cg_json_parse(test_span("{\"r\":[1,2]}"), MAX_BYTES, &json));
    size_t len = 0;
    size_t exact = 0;
    assert_ok(write_within(MAX_BYTES, cg_json_root(json), &exact));
    for (size_t max = 0; max < exact; max++) {
        assert_status(write_within(max, cg_json_root(json), &len), CG_ERR_LIMIT);
    }
    assert_ok(write_within(exact, cg_json_root(json), &len));
    assert_int_equal(len, exact);
}

/* What the writer writes the parser reads, byte by byte the same. */
TEST(json_writer_and_parser_agree_on_every_character)
{
    for (unsigned byte = 1; byte < 0x80; byte++) {
        const uint8_t string[] = {'a', (uint8_t)byte, 'b'};
        struct cg_buf buf;
        struct cg_json_writer writer;
        cg_buf_init(&buf, MAX_BYTES);
        cg_json_begin(&writer, &buf);
        cg_json_open_array(&writer);
        cg_json_put_string(&writer, cg_span_of_bytes(string, sizeof(string)));
        cg_json_close_array(&writer);
        struct cg_span text = {NULL, 0};
        assert_ok(cg_buf_finish(&buf, &text));
        CG_CLEANUP(cg_json_free_at) struct cg_json *json = NULL;
        assert_ok(cg_json_parse(text, MAX_BYTES, &json));
        struct cg_span read = {NULL, 0};
        assert_ok(cg_json_string(cg_json_element(cg_json_root(json), 0), &read));
        assert_span_equal(read, cg_span_of_bytes(string, sizeof(string)));
        cg_buf_release(&buf);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(json_writer_places_commas, setup, teardown),
    cmocka_unit_test_setup_teardown(json_writer_indents_when_pretty, setup, teardown),
    cmocka_unit_test_setup_teardown(json_writer_leaves_out_absent_members_and_keeps_empty_ones,
                                    setup, teardown),
    cmocka_unit_test_setup_teardown(json_writer_writes_a_single_value, setup, teardown),
    cmocka_unit_test(json_writer_escapes_what_must_be_and_nothing_else),
    cmocka_unit_test_setup_teardown(json_writer_escapes_names_too, setup, teardown),
    cmocka_unit_test_setup_teardown(json_writer_copies_a_parsed_value, setup, teardown),
    cmocka_unit_test_setup_teardown(json_writer_fails_on_a_value_that_is_not_there, setup,
                                    teardown),
    cmocka_unit_test(json_plain_run_ends_at_the_first_byte_that_is_written_otherwise),
    cmocka_unit_test(json_writer_fails_in_any_buffer_that_is_too_small),
    cmocka_unit_test(json_writer_and_parser_agree_on_every_character),
};
TEST_MAIN(tests)
