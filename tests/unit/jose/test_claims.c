/* SPDX-License-Identifier: Apache-2.0 */
#include "jose_test.h"

#include "jose/claims.h"

TEST(claims_reads_all_registered_claims)
{
    CG_CLEANUP(cg_json_free_at)
    struct cg_json *json = parse_json(CG_SPAN_OF(
        "{\"iss\":\"https://a/vlive/hpca\",\"sub\":\"c1\",\"jti\":\"j\",\"aud\":[\"x\",\"y\"],"
        "\"exp\":1300819380,\"iat\":1300819080,\"nbf\":0,\"other\":[1.5,null]}"));
    struct cg_claims claims = {0};
    assert_ok(cg_claims_read(cg_json_root(json), &claims));
    assert_span_text(claims.issuer, "https://a/vlive/hpca");
    assert_span_text(claims.subject, "c1");
    assert_span_text(claims.token_id, "j");
    assert_int_equal(claims.audience_count, 2);
    assert_span_text(claims.audience[0], "x");
    assert_span_text(claims.audience[1], "y");
    assert_int_equal(claims.expires_s, 1300819380);
    assert_int_equal(claims.issued_s, 1300819080);
    assert_int_equal(claims.not_before_s, 0);
}

TEST(claims_that_are_missing_are_absent)
{
    CG_CLEANUP(cg_json_free_at) struct cg_json *json = parse_json(CG_SPAN_OF("{}"));
    struct cg_claims claims = {.audience_count = 9};
    assert_ok(cg_claims_read(cg_json_root(json), &claims));
    assert_null(claims.issuer.data);
    assert_null(claims.subject.data);
    assert_null(claims.token_id.data);
    assert_int_equal(claims.audience_count, 0);
    assert_int_equal(claims.expires_s, -1);
    assert_int_equal(claims.issued_s, -1);
    assert_int_equal(claims.not_before_s, -1);
}

/* RFC 7519 §4.1.3: for one audience the string itself. */
TEST(claims_takes_one_audience_as_a_string)
{
    CG_CLEANUP(cg_json_free_at)
    struct cg_json *json = parse_json(CG_SPAN_OF("{\"aud\":\"x\"}"));
    struct cg_claims claims = {0};
    assert_ok(cg_claims_read(cg_json_root(json), &claims));
    assert_int_equal(claims.audience_count, 1);
    assert_span_text(claims.audience[0], "x");
}

TEST(claims_of_a_wrong_type_are_refused)
{
    static const char *const texts[] = {
        "[]",
        "\"iss\"",
        "{\"iss\":1}",
        "{\"iss\":null}",
        "{\"iss\":[\"a\"]}",
        "{\"sub\":true}",
        "{\"jti\":{}}",
        "{\"aud\":1}",
        "{\"aud\":null}",
        "{\"aud\":{}}",
        "{\"aud\":[]}",
        "{\"aud\":[1]}",
        "{\"aud\":[\"a\",[\"b\"]]}",
        "{\"exp\":\"1300819380\"}",
        "{\"exp\":1300819380.5}",
        "{\"exp\":1e9}",
        "{\"exp\":-1}",
        "{\"exp\":true}",
        "{\"exp\":null}",
        "{\"exp\":99999999999999999999}",
        "{\"iat\":\"now\"}",
        "{\"iat\":-5}",
        "{\"nbf\":[]}",
        "{\"nbf\":-9223372036854775808}",
    };
    for (size_t i = 0; i < TEST_COUNT(texts); i++) {
        CG_CLEANUP(cg_json_free_at) struct cg_json *json = NULL;
        enum cg_status status = cg_json_parse(test_span(texts[i]), VECTOR_BYTES, &json);
        struct cg_claims claims = {.audience_count = 9};
        if (status == CG_OK) {
            status = cg_claims_read(cg_json_root(json), &claims);
        }
        assert_status_row(texts[i], status, CG_ERR_INPUT);
        assert_int_equal(claims.audience_count, 9);
    }
}

TEST(claims_of_a_missing_document_are_refused)
{
    struct cg_claims claims = {0};
    assert_status(cg_claims_read(NULL, &claims), CG_ERR_INPUT);
}

static struct cg_json *with_audiences(size_t count)
{
    struct cg_buf buf;
    struct cg_json_writer writer;
    cg_buf_init(&buf, VECTOR_BYTES);
    cg_json_begin(&writer, &buf);
    cg_json_open_object(&writer);
    cg_json_put_name(&writer, "aud");
    cg_json_open_array(&writer);
    for (size_t i = 0; i < count; i++) {
        cg_json_put_string(&writer, CG_SPAN_OF("a"));
    }
    cg_json_close_array(&writer);
    cg_json_close_object(&writer);
    struct cg_span text = {0};
    assert_ok(cg_buf_finish(&buf, &text));
    struct cg_json *json = parse_json(text);
    cg_buf_release(&buf);
    return json;
}

TEST(claims_takes_as_many_audiences_as_a_token_may_name)
{
    CG_CLEANUP(cg_json_free_at) struct cg_json *most = with_audiences(CG_LIMIT_TOKEN_APIS);
    CG_CLEANUP(cg_json_free_at) struct cg_json *more = with_audiences(CG_LIMIT_TOKEN_APIS + 1);
    struct cg_claims claims = {0};
    assert_ok(cg_claims_read(cg_json_root(most), &claims));
    assert_int_equal(claims.audience_count, CG_LIMIT_TOKEN_APIS);
    assert_status(cg_claims_read(cg_json_root(more), &claims), CG_ERR_INPUT);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(claims_reads_all_registered_claims),
    cmocka_unit_test(claims_that_are_missing_are_absent),
    cmocka_unit_test(claims_takes_one_audience_as_a_string),
    cmocka_unit_test(claims_of_a_wrong_type_are_refused),
    cmocka_unit_test(claims_of_a_missing_document_are_refused),
    cmocka_unit_test(claims_takes_as_many_audiences_as_a_token_may_name),
};

TEST_MAIN(tests)
