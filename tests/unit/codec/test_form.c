/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"
#include "base/span.h"
#include "codec/form.h"
#include "test.h"

static int setup(void **state)
{
    struct cg_arena *arena = NULL;
    if (cg_arena_new(65536, &arena) != CG_OK) {
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

/* "name=value;" for each parameter, as read. */
static struct cg_span written(struct cg_arena *arena, const struct cg_params *params)
{
    struct cg_buf buf;
    cg_buf_init_arena(&buf, arena, 4096);
    for (size_t i = 0; i < params->count; i++) {
        cg_buf_put(&buf, params->items[i].name);
        cg_buf_put_byte(&buf, '=');
        cg_buf_put(&buf, params->items[i].value);
        cg_buf_put_byte(&buf, ';');
    }
    struct cg_span text = {NULL, 0};
    assert_ok(cg_buf_finish(&buf, &text));
    return text;
}

static void form_parse_reads_names_and_values_in_order(void **state)
{
    static const struct {
        const char *body;
        const char *params;
    } rows[] = {
        {"grant_type=client_credentials&client_id=a&client_secret=b",
         "grant_type=client_credentials;client_id=a;client_secret=b;"},
        {"", ""},
        {"&&a=1&&", "a=1;"},
        {"a", "a=;"},
        {"a=", "a=;"},
        {"a=b=c", "a=b=c;"},
        {"=v", "=v;"},
        {"a=1&a=2", "a=1;a=2;"},
        {"a+b=c+d", "a b=c d;"},
        {"%61%3D=%26%3d", "a==&=;"},
        {"a;b=c;d", "a;b=c;d;"},
        {"scope=documents.write%20documents.read", "scope=documents.write documents.read;"},
        {"a=%C3%A9\xc3\xa9", "a=\xc3\xa9\xc3\xa9;"},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        struct cg_params params = {.count = 99};
        assert_status_row(rows[i].body, cg_form_parse(test_span(rows[i].body), *state, &params),
                          CG_OK);
        assert_span_text_row(rows[i].body, written(*state, &params), rows[i].params);
    }
    struct cg_params params = {.count = 99};
    assert_ok(cg_form_parse((struct cg_span){NULL, 0}, *state, &params));
    assert_int_equal(params.count, 0);
}

/* RFC 6749 appendix B: the code points SPACE, %, &, +, POUND SIGN and EURO SIGN. */
static void form_decode_reads_the_vector_of_rfc_6749(void **state)
{
    struct cg_span decoded = {NULL, 0};
    assert_ok(cg_form_decode(test_span("+%25%26%2B%C2%A3%E2%82%AC"), *state, &decoded));
    assert_span_text(decoded, " %&+\xc2\xa3\xe2\x82\xac");
}

static void form_decode_of_nothing_is_empty(void **state)
{
    struct cg_span decoded = {NULL, 0};
    assert_ok(cg_form_decode(test_span(""), *state, &decoded));
    assert_int_equal(decoded.len, 0);
    assert_non_null(decoded.data);
}

static void form_refuses_bad_escapes_controls_and_bad_utf_8(void **state)
{
    static const char *const texts[] = {
        "%",    "%4",     "%zz",       "a%",     "a%2",     "%00",          "%0a", "%0D",
        "%1f",  "%7F",    "a\nb",      "a\tb",   "a\x7f",   "\x01",         "%ff", "%C3",
        "\xff", "%C0%AF", "%ED%A0%80", "%u0041", "\xc3%28", "%F4%90%80%80",
    };
    for (size_t i = 0; i < TEST_COUNT(texts); i++) {
        struct cg_span decoded = CG_SPAN("before");
        assert_status_row(texts[i], cg_form_decode(test_span(texts[i]), *state, &decoded),
                          CG_ERR_INPUT);
        assert_span_text(decoded, "before");
        char bodies[2][32];
        assert_true(snprintf(bodies[0], sizeof(bodies[0]), "ok=1&%s=v", texts[i]) > 0);
        assert_true(snprintf(bodies[1], sizeof(bodies[1]), "ok=1&n=%s", texts[i]) > 0);
        for (size_t j = 0; j < TEST_COUNT(bodies); j++) {
            struct cg_params params = {.count = 7};
            assert_status_row(bodies[j], cg_form_parse(test_span(bodies[j]), *state, &params),
                              CG_ERR_INPUT);
            assert_int_equal(params.count, 7);
        }
    }
}

static void form_refuses_a_nul_byte_in_the_raw_body(void **state)
{
    struct cg_params params = {.count = 0};
    struct cg_span body = CG_SPAN("a=b\0c");
    assert_int_equal(body.len, 5);
    assert_status(cg_form_parse(body, *state, &params), CG_ERR_INPUT);
}

static void form_takes_its_maximum_of_parameters_and_no_more(void **state)
{
    char body[4 * CG_LIMIT_FORM_PARAMS + 4];
    size_t len = 0;
    for (size_t i = 0; i <= CG_LIMIT_FORM_PARAMS; i++) {
        memcpy(body + len, "a=b&", 4);
        len += 4;
    }
    struct cg_params params = {.count = 0};
    assert_ok(cg_form_parse(cg_span_of_bytes(body, len - 4), *state, &params));
    assert_int_equal(params.count, CG_LIMIT_FORM_PARAMS);
    assert_status(cg_form_parse(cg_span_of_bytes(body, len), *state, &params), CG_ERR_LIMIT);
}

TEST(form_fails_when_its_arena_is_used_up)
{
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = NULL;
    assert_ok(cg_arena_new(16, &arena));
    struct cg_params params = {.count = 0};
    assert_status(cg_form_parse(test_span("a=b"), arena, &params), CG_ERR_LIMIT);
    cg_arena_clear(arena);
    assert_status(cg_form_parse(test_span("aaaaaaaaaaaaaaaaa=b"), arena, &params), CG_ERR_LIMIT);
}

TEST(form_content_type_is_told_from_others)
{
    static const struct {
        const char *value;
        bool is_form;
    } rows[] = {
        {"application/x-www-form-urlencoded", true},
        {"Application/X-WWW-Form-URLEncoded", true},
        {"application/x-www-form-urlencoded; charset=UTF-8", true},
        {"application/x-www-form-urlencoded;charset=utf-8", true},
        {"application/x-www-form-urlencoded ;\tCharset=\"UTF-8\" ", true},
        {"application/x-www-form-urlencoded;", true},
        {"application/x-www-form-urlencoded; charset=ISO-8859-1", false},
        {"application/x-www-form-urlencoded; charset=utf-8; charset=utf-16", false},
        {"application/x-www-form-urlencoded; charset = utf-8", false},
        {"application/x-www-form-urlencoded; boundary=x", false},
        {"application/x-www-form-urlencodedx", false},
        {"application/x-www-form-urlencoded, text/plain", false},
        {"application/json", false},
        {"multipart/form-data; boundary=x", false},
        {"charset=utf-8", false},
        {"", false},
        {";", false},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        if (cg_form_is_content_type(test_span(rows[i].value)) != rows[i].is_form) {
            print_error("%s\n", rows[i].value);
            fail();
        }
    }
    assert_false(cg_form_is_content_type((struct cg_span){NULL, 0}));
}

TEST(form_query_finds_a_name_however_it_is_written)
{
    static const struct {
        const char *query;
        bool found;
    } rows[] = {
        {"access_token=x", true},
        {"a=b&access_token=x", true},
        {"access_token", true},
        {"access_token=", true},
        {"%61ccess%5Ftoken=x", true},
        {"access%5ftoken=x&b", true},
        {"&&access_token=x", true},
        {"Access_token=x", false},
        {"access+token=x", false},
        {"access_token2=x", false},
        {"access_toke", false},
        {"a=access_token", false},
        {"a=b=access_token=c", false},
        {"access%5token=x", false},
        {"access_token%", false},
        {"access_token%zz=1", false},
        {"", false},
        {"=access_token", false},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        if (cg_form_query_has(test_span(rows[i].query), "access_token") != rows[i].found) {
            print_error("%s\n", rows[i].query);
            fail();
        }
    }
    assert_false(cg_form_query_has((struct cg_span){NULL, 0}, "access_token"));
    assert_true(cg_form_query_has(test_span("a+b=1"), "a b"));
    assert_false(cg_form_query_has(test_span("&"), ""));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(form_parse_reads_names_and_values_in_order, setup, teardown),
    cmocka_unit_test_setup_teardown(form_decode_reads_the_vector_of_rfc_6749, setup, teardown),
    cmocka_unit_test_setup_teardown(form_decode_of_nothing_is_empty, setup, teardown),
    cmocka_unit_test_setup_teardown(form_refuses_bad_escapes_controls_and_bad_utf_8, setup,
                                    teardown),
    cmocka_unit_test_setup_teardown(form_refuses_a_nul_byte_in_the_raw_body, setup, teardown),
    cmocka_unit_test_setup_teardown(form_takes_its_maximum_of_parameters_and_no_more, setup,
                                    teardown),
    cmocka_unit_test(form_fails_when_its_arena_is_used_up),
    cmocka_unit_test(form_content_type_is_told_from_others),
    cmocka_unit_test(form_query_finds_a_name_however_it_is_written),
};
TEST_MAIN(tests)
