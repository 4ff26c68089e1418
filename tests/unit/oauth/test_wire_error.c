/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"
#include "base/span.h"
#include "codec/json.h"
#include "oauth/response.h"
#include "oauth/wire_error.h"
#include "test.h"

static struct cg_span header_of(const struct cg_response *response, const char *name)
{
    for (size_t i = 0; i < response->header_count; i++) {
        if (cg_span_equal_string(response->headers[i].name, name)) {
            return response->headers[i].value;
        }
    }
    return (struct cg_span){NULL, 0};
}

/* RFC 6749 §5.2 lists the errors and their statuses; RFC 8707 §2 adds invalid_target. */
TEST(each_reason_of_the_issuer_has_its_row)
{
    static const struct {
        enum cg_reason reason;
        unsigned status;
        const char *error;
    } rows[] = {
        {CG_REASON_CREDENTIALS_MISSING, 401, "invalid_client"},
        {CG_REASON_CLIENT_AUTHENTICATION_FAILED, 401, "invalid_client"},
        {CG_REASON_CREDENTIALS_TWICE, 400, "invalid_request"},
        {CG_REASON_PARAMETER_REPEATED, 400, "invalid_request"},
        {CG_REASON_GRANT_TYPE_MISSING, 400, "invalid_request"},
        {CG_REASON_REQUEST_MALFORMED, 400, "invalid_request"},
        {CG_REASON_CONTENT_TYPE_WRONG, 415, "invalid_request"},
        {CG_REASON_REQUEST_TOO_LARGE, 413, "invalid_request"},
        {CG_REASON_METHOD_NOT_ALLOWED, 405, "invalid_request"},
        {CG_REASON_GRANT_TYPE_UNSUPPORTED, 400, "unsupported_grant_type"},
        {CG_REASON_NOTHING_AGREED, 400, "invalid_scope"},
        {CG_REASON_SCOPE_NOT_AGREED, 400, "invalid_scope"},
        {CG_REASON_TOKEN_TOO_LARGE, 400, "invalid_scope"},
        {CG_REASON_RESOURCE_UNKNOWN, 400, "invalid_target"},
        {CG_REASON_RESOURCE_AMBIGUOUS, 400, "invalid_target"},
        {CG_REASON_GRANT_NOT_ALLOWED, 400, "unauthorized_client"},
        {CG_REASON_RATE_EXCEEDED, 429, "slow_down"},
        {CG_REASON_STORE_UNAVAILABLE, 503, "temporarily_unavailable"},
        {CG_REASON_CLIENT_KEYS_UNAVAILABLE, 503, "temporarily_unavailable"},
        {CG_REASON_ISSUER_KEYS_UNAVAILABLE, 503, "temporarily_unavailable"},
        {CG_REASON_QUEUE_FULL, 503, "temporarily_unavailable"},
        {CG_REASON_AUDIT_UNAVAILABLE, 503, "temporarily_unavailable"},
        {CG_REASON_TOKEN_EXPIRED, 500, "server_error"}, /* the gate's, never the issuer's */
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        const struct cg_wire_error *wire = cg_wire_error_of(rows[i].reason);
        assert_int_equal(wire->http_status, rows[i].status);
        assert_string_equal(wire->error, rows[i].error);
        assert_int_equal(wire->challenge, rows[i].status == 401);
        assert_int_equal(wire->retry_after_s > 0, rows[i].status == 503 || rows[i].status == 429);
    }
}

TEST(answer_is_json_that_says_what_to_mend_and_is_not_kept)
{
    struct cg_exchange *exchange = NULL;
    assert_ok(cg_exchange_new(&exchange));
    struct cg_fault fault = {.reason = CG_REASON_CREDENTIALS_MISSING};
    cg_wire_error_answer(exchange, &fault, CG_SPAN_OF("/vlive/hpca"));
    struct cg_json *json = NULL;
    struct cg_span value;
    assert_ok(cg_json_parse(exchange->response.body, 4096, &json));
    assert_ok(cg_json_member_string(cg_json_root(json), "error", &value));
    assert_span_text(value, "invalid_client");
    assert_ok(cg_json_member_string(cg_json_root(json), "error_description", &value));
    assert_span_text(value, cg_reason_text(CG_REASON_CREDENTIALS_MISSING));
    assert_span_text(header_of(&exchange->response, "WWW-Authenticate"),
                     "Basic realm=\"/vlive/hpca\", charset=\"UTF-8\"");
    assert_span_text(header_of(&exchange->response, "Cache-Control"), "no-store");
    (void)cg_json_free(json);
    (void)cg_exchange_free(exchange);
}

/* An arena that is used up still gives a proper answer, and one that invites another try. */
TEST(answer_without_memory_is_static_and_unavailable)
{
    struct cg_exchange *exchange = NULL;
    assert_ok(cg_exchange_new(&exchange));
    void *all = NULL;
    while (cg_arena_take(exchange->arena, 64, &all) == CG_OK) {}
    struct cg_fault fault = {.reason = CG_REASON_CREDENTIALS_MISSING};
    cg_wire_error_answer(exchange, &fault, CG_SPAN_OF("/vlive/hpca"));
    assert_int_equal(exchange->response.http_status, 503);
    assert_span_text(exchange->response.body, "{\"error\":\"temporarily_unavailable\"}");
    assert_span_text(header_of(&exchange->response, "Retry-After"), "5");
    (void)cg_exchange_free(exchange);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(each_reason_of_the_issuer_has_its_row),
    cmocka_unit_test(answer_is_json_that_says_what_to_mend_and_is_not_kept),
    cmocka_unit_test(answer_without_memory_is_static_and_unavailable),
};

TEST_MAIN(tests)
