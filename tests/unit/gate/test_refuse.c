/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"
#include "base/span.h"
#include "codec/json.h"
#include "gate/route.h"
#include "test.h"

static struct cg_gate_route *new_route(unsigned fhir)
{
    const struct cg_gate_route_config config = {.api = CG_SPAN("documents"), .fhir = fhir};
    struct cg_gate_route *route = NULL;
    const char *message = NULL;
    assert_ok(cg_gate_route_new(&config, &route, &message));
    return route;
}

static struct cg_span header_of(const struct cg_response *response, const char *name)
{
    struct cg_span value = {NULL, 0};
    for (size_t i = 0; i < response->header_count; i++) {
        if (cg_span_equal_string(response->headers[i].name, name)) {
            assert_null(value.data);
            value = response->headers[i].value;
        }
    }
    return value;
}

static const struct cg_gate_verdict forbidden = {
    .reason = CG_REASON_SCOPE_INSUFFICIENT,
    .realm = CG_SPAN("/vlive/hpca"),
    .client_id = CG_SPAN("ward-9"),
    .token_id = CG_SPAN("jti-1"),
    .needed_scope = CG_SPAN("documents.read"),
};

/* RFC 9449 §9: the nonce goes with the refusal, and outlives the gate's own copy. */
TEST(refuse_sends_the_nonce_that_the_client_is_to_use)
{
    struct cg_gate_verdict verdict = {.reason = CG_REASON_PROOF_NONCE_MISSING,
                                      .uses_dpop = 1,
                                      .nonce = CG_SPAN("0123456789abcdefghijkl")};
    struct cg_gate_route *route = new_route(0);
    struct cg_exchange *exchange = NULL;
    assert_ok(cg_exchange_new(&exchange));
    assert_ok(cg_gate_refuse(route, &verdict, exchange));
    struct cg_span nonce = header_of(&exchange->response, "DPoP-Nonce");
    assert_span_equal(nonce, verdict.nonce);
    assert_ptr_not_equal(nonce.data, verdict.nonce.data);
    assert_span_text(header_of(&exchange->response, "Cache-Control"), "no-store");
    (void)cg_exchange_free(exchange);
    (void)cg_gate_route_free(route);
}

TEST(refuse_answers_a_problem_on_a_plain_route)
{
    struct cg_gate_route *route = new_route(0);
    struct cg_exchange *exchange = NULL;
    assert_ok(cg_exchange_new(&exchange));
    exchange->request.request_id = test_span("req-1");
    assert_ok(cg_gate_refuse(route, &forbidden, exchange));
    const struct cg_response *response = &exchange->response;
    assert_int_equal(response->http_status, 403);
    assert_int_equal(response->reason, CG_REASON_SCOPE_INSUFFICIENT);
    assert_int_equal(response->header_count, 3);
    assert_span_text(header_of(response, "Content-Type"), "application/problem+json");
    assert_span_text(header_of(response, "Cache-Control"), "no-store");
    assert_span_text(header_of(response, "WWW-Authenticate"),
                     "Bearer realm=\"/vlive/hpca\", error=\"insufficient_scope\", "
                     "scope=\"documents.read\"");
    assert_span_text(response->client_id, "ward-9");
    assert_ptr_not_equal(response->client_id.data, forbidden.client_id.data);
    assert_null(response->token_id.data);
    CG_CLEANUP(cg_json_free_at) struct cg_json *json = NULL;
    assert_ok(cg_json_parse(response->body, 4096, &json));
    struct cg_span reason;
    assert_ok(cg_json_member_string(cg_json_root(json), "reason", &reason));
    assert_span_text(reason, "scope_insufficient");
    (void)cg_exchange_free(exchange);
    (void)cg_gate_route_free(route);
}

TEST(refuse_answers_an_outcome_on_a_fhir_route)
{
    struct cg_gate_route *route = new_route(1);
    struct cg_exchange *exchange = NULL;
    assert_ok(cg_exchange_new(&exchange));
    exchange->request.request_id = test_span("req-1");
    const struct cg_gate_verdict verdict = {.reason = CG_REASON_UPSTREAM_TIMEOUT,
                                            .realm = CG_SPAN("/vlive/hpca")};
    assert_ok(cg_gate_refuse(route, &verdict, exchange));
    const struct cg_response *response = &exchange->response;
    assert_int_equal(response->http_status, 504);
    assert_int_equal(response->header_count, 2);
    assert_span_text(header_of(response, "Content-Type"), "application/fhir+json");
    assert_null(header_of(response, "WWW-Authenticate").data);
    assert_null(response->client_id.data);
    CG_CLEANUP(cg_json_free_at) struct cg_json *json = NULL;
    assert_ok(cg_json_parse(response->body, 4096, &json));
    struct cg_span type;
    assert_ok(cg_json_member_string(cg_json_root(json), "resourceType", &type));
    assert_span_text(type, "OperationOutcome");
    (void)cg_exchange_free(exchange);
    (void)cg_gate_route_free(route);
}

TEST(refuse_leaves_the_exchange_alone_when_its_memory_is_used_up)
{
    struct cg_gate_route *route = new_route(0);
    size_t failures = 0;
    enum cg_status status = CG_ERR_LIMIT;
    for (size_t max = 32; status != CG_OK && max < 16384; max += 32) {
        struct cg_exchange exchange = {.request = {.request_id = CG_SPAN("req-1")}};
        assert_ok(cg_arena_new(max, &exchange.arena));
        status = cg_gate_refuse(route, &forbidden, &exchange);
        if (status != CG_OK) {
            assert_status(status, CG_ERR_LIMIT);
            assert_int_equal(exchange.response.http_status, 0);
            failures++;
        }
        (void)cg_arena_free(exchange.arena);
    }
    assert_ok(status);
    assert_true(failures > 0);
    (void)cg_gate_route_free(route);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(refuse_sends_the_nonce_that_the_client_is_to_use),
    cmocka_unit_test(refuse_answers_a_problem_on_a_plain_route),
    cmocka_unit_test(refuse_answers_an_outcome_on_a_fhir_route),
    cmocka_unit_test(refuse_leaves_the_exchange_alone_when_its_memory_is_used_up),
};
TEST_MAIN(tests)
