/* SPDX-License-Identifier: Apache-2.0 */
#include "base/span.h"
#include "sample.h"

static struct cg_span written(const struct sample *sample, const struct cg_access_token *token)
{
    struct cg_buf buf;
    cg_buf_init_arena(&buf, sample->arena, CG_LIMIT_TOKEN_BYTES);
    cg_access_token_write(token, &buf);
    struct cg_span text;
    assert_ok(cg_buf_finish(&buf, &text));
    return text;
}

static enum cg_status read_text(struct cg_span text, struct cg_access_token *ret_token)
{
    CG_CLEANUP(cg_json_free_at) struct cg_json *json = NULL;
    assert_ok(cg_json_parse(text, CG_LIMIT_TOKEN_BYTES, &json));
    return cg_access_token_read(cg_json_root(json), ret_token);
}

static void access_token_is_written_as_the_contract_says(void **state)
{
    const struct sample *sample = *state;
    struct cg_access_token token = sample_claims();
    assert_span_text(written(sample, &token),
                     "{\"iss\":\"" SAMPLE_ISSUER "\",\"sub\":\"ward-9\",\"client_id\":\"ward-9\","
                     "\"aud\":[\"" SAMPLE_DOCUMENTS "\"],\"apis\":[\"documents\"],"
                     "\"agreements\":[\"agr-1\"],\"scope\":\"documents.read documents.write\","
                     "\"exp\":1000300,\"iat\":1000000,\"jti\":\"jti-1\",\"org\":\"RX1\","
                     "\"epoch\":0}");
}

static void access_token_reads_what_it_wrote(void **state)
{
    const struct sample *sample = *state;
    struct cg_access_token token = sample_claims();
    token.epoch = 4;
    token.api_count = CG_LIMIT_TOKEN_APIS;
    for (unsigned i = 0; i < CG_LIMIT_TOKEN_APIS; i++) {
        token.apis[i].audience = sample_text(sample, "u:%u", i);
        token.apis[i].name = sample_text(sample, "n%u", i);
        token.apis[i].agreement = sample_text(sample, "a%u", i);
    }
    struct cg_span text = written(sample, &token);
    CG_CLEANUP(cg_json_free_at) struct cg_json *json = NULL;
    assert_ok(cg_json_parse(text, CG_LIMIT_TOKEN_BYTES, &json));
    struct cg_access_token again;
    assert_ok(cg_access_token_read(cg_json_root(json), &again));
    assert_span_equal(written(sample, &again), text);
    assert_span_text(again.apis[31].audience, "u:31");
    assert_span_text(again.apis[31].name, "n31");
    assert_span_text(again.apis[31].agreement, "a31");
    assert_int_equal(again.epoch, 4);
    assert_int_equal(again.expires_s, SAMPLE_EXPIRES_S);
    assert_int_equal(again.issued_s, SAMPLE_ISSUED_S);
}

#define THUMBPRINT "bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg0"

static void access_token_tells_and_reads_its_certificate(void **state)
{
    const struct sample *sample = *state;
    struct cg_access_token token = sample_claims();
    struct cg_access_token again;
    token.certificate_thumbprint = test_span(THUMBPRINT);
    struct cg_span text = written(sample, &token);
    assert_span_text(cg_span_part(text, text.len - 75, 75),
                     "\"epoch\":0,\"cnf\":{\"x5t#S256\":\"" THUMBPRINT "\"}}");
    CG_CLEANUP(cg_json_free_at) struct cg_json *json = NULL;
    assert_ok(cg_json_parse(text, CG_LIMIT_TOKEN_BYTES, &json));
    assert_ok(cg_access_token_read(cg_json_root(json), &again));
    assert_span_text(again.certificate_thumbprint, THUMBPRINT);
}

static void access_token_tells_and_reads_how_a_person_signed_in(void **state)
{
    static const char want[] =
        "\"epoch\":0,\"idp\":\"nhs-login\",\"acr\":\"P9.Cp.Cd\",\"auth_time\":999000}";
    const struct sample *sample = *state;
    struct cg_access_token token = sample_claims();
    struct cg_access_token again;
    token.idp = test_span("nhs-login");
    token.acr = test_span("P9.Cp.Cd");
    token.authenticated_s = 999000;
    struct cg_span text = written(sample, &token);
    assert_span_text(cg_span_part(text, text.len - strlen(want), strlen(want)), want);
    CG_CLEANUP(cg_json_free_at) struct cg_json *json = NULL;
    assert_ok(cg_json_parse(text, CG_LIMIT_TOKEN_BYTES, &json));
    assert_ok(cg_access_token_read(cg_json_root(json), &again));
    assert_span_text(again.idp, "nhs-login");
    assert_span_text(again.acr, "P9.Cp.Cd");
    assert_int_equal(again.authenticated_s, 999000);
}

/* A binding that is not understood, taken for none, would make a bearer token of a bound one. */
static void access_token_refuses_a_binding_that_it_does_not_understand(void **state)
{
    static const char *const bindings[] = {
        "{}",
        "[]",
        "null",
        "\"" THUMBPRINT "\"",
        "{\"x5t#S256\":7}",
        "{\"x5t#S256\":\"\"}",
        "{\"x5t#S256\":\"bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg\"}",
        "{\"x5t#S256\":\"bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg0A\"}",
        "{\"x5t#S256\":\"bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN=dg0\"}",
        /* The example of RFC 8705 §3.1 itself: its last character holds bits of no byte. */
        "{\"x5t#S256\":\"bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2\"}",
        "{\"jwk\":{}}",
        "{\"x5t#S256\":\"" THUMBPRINT "\",\"kid\":\"a\"}",
    };
    const struct sample *sample = *state;
    struct cg_access_token token = sample_claims();
    struct cg_span plain = written(sample, &token);
    for (size_t i = 0; i < TEST_COUNT(bindings); i++) {
        struct cg_access_token again = {.api_count = 0};
        struct cg_span text = sample_text(sample, "%.*s,\"cnf\":%s}", (int)plain.len - 1,
                                          (const char *)plain.data, bindings[i]);
        assert_true(read_text(text, &again) != CG_OK);
        assert_int_equal(again.api_count, 0);
    }
}

static void access_token_passes_over_unknown_claims(void **state)
{
    const struct sample *sample = *state;
    struct cg_access_token token = sample_claims();
    struct cg_span text = sample_replace(sample, written(sample, &token), "\"epoch\":0",
                                         "\"epoch\":0,\"amr\":{\"x\":[1]}");
    struct cg_access_token again;
    assert_ok(read_text(text, &again));
}

struct spoiled {
    const char *label;
    const char *old_part;
    const char *new_part;
};

static void assert_refused(const struct sample *sample, const struct spoiled *row)
{
    struct cg_access_token token = sample_claims();
    struct cg_span text = written(sample, &token);
    struct cg_access_token untouched = {.epoch = 77};
    assert_status_row(
        row->label,
        read_text(sample_replace(sample, text, row->old_part, row->new_part), &untouched),
        CG_ERR_INPUT);
    assert_int_equal(untouched.epoch, 77);
}

static void access_token_refuses_claims_that_are_missing_or_wrong(void **state)
{
    static const struct spoiled rows[] = {
        {"iss missing", "\"iss\":", "\"x\":"},
        {"sub missing", "\"sub\":", "\"x\":"},
        {"client_id missing", "\"client_id\":", "\"x\":"},
        {"aud missing", "\"aud\":", "\"x\":"},
        {"apis missing", "\"apis\":", "\"x\":"},
        {"agreements missing", "\"agreements\":", "\"x\":"},
        {"scope missing", "\"scope\":", "\"x\":"},
        {"exp missing", "\"exp\":", "\"x\":"},
        {"iat missing", "\"iat\":", "\"x\":"},
        {"jti missing", "\"jti\":", "\"x\":"},
        {"org missing", "\"org\":", "\"x\":"},
        {"epoch missing", "\"epoch\":", "\"x\":"},
        {"iss empty", SAMPLE_ISSUER, ""},
        {"sub a number", "\"sub\":\"ward-9\"", "\"sub\":9"},
        {"client_id an array", "\"client_id\":\"ward-9\"", "\"client_id\":[\"ward-9\"]"},
        {"client_id with a line end", "\"client_id\":\"ward-9\"", "\"client_id\":\"a\\r\\nb: c\""},
        {"client_id with a quote", "\"client_id\":\"ward-9\"", "\"client_id\":\"a\\\"b\""},
        {"client_id too long", "\"client_id\":\"ward-9\"",
         "\"client_id\":\"0123456789012345678901234567890123456789012345678901234567890123x\""},
        {"sub with a line end", "\"sub\":\"ward-9\"", "\"sub\":\"a\\nb\""},
        {"org with a space", "\"RX1\"", "\"R X\""},
        {"jti with a line end", "\"jti-1\"", "\"j\\r\""},
        {"scope with a line end", "documents.read documents.write", "a\\r\\nb"},
        {"scope with two spaces", "documents.read documents.write", "a  b"},
        {"aud a string", "[\"" SAMPLE_DOCUMENTS "\"]", "\"" SAMPLE_DOCUMENTS "\""},
        {"aud empty", "\"aud\":[\"" SAMPLE_DOCUMENTS "\"]", "\"aud\":[]"},
        {"apis empty", "[\"documents\"]", "[]"},
        {"apis longer than aud", "[\"documents\"]", "[\"documents\",\"medicines\"]"},
        {"apis an object", "[\"documents\"]", "{\"a\":\"documents\"}"},
        {"an api that is a number", "[\"documents\"]", "[1]"},
        {"an agreement with a line end", "\"agr-1\"", "\"a\\nb\""},
        {"agreements longer than aud", "[\"agr-1\"]", "[\"agr-1\",\"agr-2\"]"},
        {"exp a string", "1000300", "\"1000300\""},
        {"exp a fraction", "1000300", "1000300.5"},
        {"exp negative", "1000300", "-5"},
        {"iat negative", "1000000", "-5"},
        {"epoch negative", "\"epoch\":0", "\"epoch\":-1"},
        {"epoch a boolean", "\"epoch\":0", "\"epoch\":true"},
        {"idp with a line end", "\"epoch\":0", "\"epoch\":0,\"idp\":\"a\\nb\""},
        {"idp a number", "\"epoch\":0", "\"epoch\":0,\"idp\":1"},
        {"acr an object", "\"epoch\":0", "\"epoch\":0,\"acr\":{}"},
        {"acr empty", "\"epoch\":0", "\"epoch\":0,\"acr\":\"\""},
        {"auth_time a string", "\"epoch\":0", "\"epoch\":0,\"auth_time\":\"1\""},
        {"auth_time zero", "\"epoch\":0", "\"epoch\":0,\"auth_time\":0"},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        assert_refused(*state, &rows[i]);
    }
}

static void access_token_refuses_more_apis_than_the_limit(void **state)
{
    const struct sample *sample = *state;
    struct cg_access_token token = sample_claims();
    struct cg_span text = written(sample, &token);
    struct cg_buf buf;
    cg_buf_init_arena(&buf, sample->arena, CG_LIMIT_TOKEN_BYTES);
    for (unsigned i = 0; i <= CG_LIMIT_TOKEN_APIS; i++) {
        cg_buf_put_string(&buf, i > 0 ? ",\"u\"" : "[\"u\"");
    }
    cg_buf_put(&buf, cg_span_of_bytes("]", 2));
    struct cg_span list;
    assert_ok(cg_buf_finish(&buf, &list));
    text = sample_replace(sample, text, "[\"" SAMPLE_DOCUMENTS "\"]", (const char *)list.data);
    text = sample_replace(sample, text, "[\"documents\"]", (const char *)list.data);
    text = sample_replace(sample, text, "[\"agr-1\"]", (const char *)list.data);
    assert_status(read_text(text, &token), CG_ERR_INPUT);
}

static void access_token_refuses_an_empty_container(void **state)
{
    static const char *const texts[] = {"[]", "{}"};
    (void)state;
    for (size_t i = 0; i < TEST_COUNT(texts); i++) {
        struct cg_access_token token;
        assert_status_row(texts[i], read_text(test_span(texts[i]), &token), CG_ERR_INPUT);
    }
}

static struct cg_access_token narrowed_claims(void)
{
    struct cg_access_token token = sample_claims();
    token.apis[1] = (struct cg_token_api)SAMPLE_API(SAMPLE_MEDICINES, "medicines", "agr-2");
    token.apis[2] = (struct cg_token_api)SAMPLE_API(SAMPLE_DOCUMENTS, "documents", "agr-3");
    token.api_count = 3;
    token.apis[0].details = test_span(SAMPLE_NARROWING);
    token.apis[2].details = test_span(SAMPLE_NARROWING "," SAMPLE_NARROWING);
    token.is_narrowed = true;
    return token;
}

static struct cg_span api_details(const struct sample *sample, const struct cg_access_token *token,
                                  const char *api)
{
    struct cg_buf buf;
    struct cg_span text;
    cg_buf_init_arena(&buf, sample->arena, CG_LIMIT_TOKEN_BYTES);
    cg_access_token_put_api_details(token, test_span(api), &buf);
    assert_ok(cg_buf_finish(&buf, &text));
    return text;
}

/* RFC 9396 §9.1. */
static void access_token_is_narrowed_by_its_last_claim(void **state)
{
    const struct sample *sample = *state;
    struct cg_access_token token = narrowed_claims();
    struct cg_span text = written(sample, &token);
    static const char want[] = "\"epoch\":0,\"authorization_details\":[" SAMPLE_NARROWING
                               "," SAMPLE_NARROWING "," SAMPLE_NARROWING "]}";
    assert_span_text(cg_span_part(text, text.len - strlen(want), strlen(want)), want);
}

static void access_token_reads_what_it_is_narrowed_to(void **state)
{
    const struct sample *sample = *state;
    struct cg_access_token token = narrowed_claims();
    CG_CLEANUP(cg_json_free_at) struct cg_json *json = NULL;
    assert_ok(cg_json_parse(written(sample, &token), CG_LIMIT_TOKEN_BYTES, &json));
    struct cg_access_token again;
    assert_ok(cg_access_token_read(cg_json_root(json), &again));
    assert_false(again.is_narrowed);
    assert_ok(cg_access_token_read_rest(cg_json_root(json), sample->arena, &again));
    assert_true(again.is_narrowed);
    assert_span_text(api_details(sample, &again, "documents"),
                     "[" SAMPLE_NARROWING "," SAMPLE_NARROWING "," SAMPLE_NARROWING "]");
    assert_span_text(api_details(sample, &again, "medicines"), "");
    assert_span_text(api_details(sample, &again, "other"), "");
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(access_token_is_written_as_the_contract_says),
    cmocka_unit_test(access_token_reads_what_it_wrote),
    cmocka_unit_test(access_token_tells_and_reads_its_certificate),
    cmocka_unit_test(access_token_tells_and_reads_how_a_person_signed_in),
    cmocka_unit_test(access_token_refuses_a_binding_that_it_does_not_understand),
    cmocka_unit_test(access_token_passes_over_unknown_claims),
    cmocka_unit_test(access_token_refuses_claims_that_are_missing_or_wrong),
    cmocka_unit_test(access_token_refuses_more_apis_than_the_limit),
    cmocka_unit_test(access_token_refuses_an_empty_container),
    cmocka_unit_test(access_token_is_narrowed_by_its_last_claim),
    cmocka_unit_test(access_token_reads_what_it_is_narrowed_to),
};
TEST_MAIN_WITH(tests, sample_setup, sample_teardown)
