/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens that are bound to the key of a proof. What a proof must be made of: test_dpop.c. */
#include "house.h"
#include "prover.h"

#include "base/span.h"
#include "codec/base64url.h"
#include "codec/json.h"
#include "jose/jws.h"
#include "registry/registry.h"

#define TOKEN_URL HOUSE_ISSUER "/oauth/token"
#define ARENA_BYTES ((size_t)1 << 20)
#define SAME_TIME 8

struct stage {
    struct house *house;
    struct sample sample; /* its arena alone */
    struct prover prover;
    char body[512];
};

static int setup(void **state)
{
    struct stage *stage = calloc(1, sizeof(*stage));
    void *house = NULL;
    assert_non_null(stage);
    (void)house_build(&house);
    stage->house = house;
    assert_ok(cg_arena_new(ARENA_BYTES, &stage->sample.arena));
    prover_init(&stage->prover, &stage->sample, "ES256");
    (void)snprintf(stage->body, sizeof(stage->body),
                   "grant_type=client_credentials&client_id=%s&client_secret=%s",
                   stage->house->client, stage->house->secret);
    *state = stage;
    return 0;
}

static int teardown(void **state)
{
    struct stage *stage = *state;
    void *house = stage->house;
    prover_release(&stage->prover);
    (void)cg_arena_free(stage->sample.arena);
    (void)house_pull_down(&house);
    free(stage);
    return 0;
}

/* A proof for the token endpoint, changed in one place. */
static struct cg_span proof_with(const struct stage *stage, const char *old_part,
                                 const char *new_part)
{
    struct cg_span payload =
        sample_text(&stage->sample,
                    "{\"jti\":\"id-1\",\"htm\":\"POST\",\"htu\":\"" TOKEN_URL "\",\"iat\":%lld}",
                    (long long)HOUSE_NOW_S);
    return prover_sign(&stage->prover, &stage->sample,
                       prover_header(&stage->prover, &stage->sample),
                       sample_replace(&stage->sample, payload, old_part, new_part));
}

static struct cg_request request_with(const struct stage *stage, struct cg_span proof,
                                      unsigned proof_count)
{
    return (struct cg_request){.method = CG_SPAN("POST"),
                               .path = CG_SPAN(HOUSE_REALM "/oauth/token"),
                               .content_type = CG_SPAN("application/x-www-form-urlencoded"),
                               .proof = proof,
                               .proof_count = proof_count,
                               .body = test_span(stage->body),
                               .address = CG_SPAN("127.0.0.1")};
}

static const struct cg_response *ask(struct stage *stage, struct cg_span proof,
                                     unsigned proof_count)
{
    struct cg_request request = request_with(stage, proof, proof_count);
    return house_ask_with(stage->house, &request);
}

static struct cg_json *parse(struct cg_span text)
{
    struct cg_json *json = NULL;
    assert_ok(cg_json_parse(text, 16384, &json));
    return json;
}

static void assert_member(const struct cg_json_value *object, const char *name, const char *want)
{
    struct cg_span value;
    assert_ok(cg_json_member_string(object, name, &value));
    assert_span_text_row(name, value, want);
}

static void assert_refused(const struct cg_response *response, const char *error,
                           enum cg_reason reason)
{
    assert_int_equal(response->http_status, 400);
    assert_string_equal(cg_reason_name(response->reason), cg_reason_name(reason));
    struct cg_json *body = parse(response->body);
    assert_member(cg_json_root(body), "error", error);
    assert_member(cg_json_root(body), "error_description", cg_reason_text(reason));
    (void)cg_json_free(body);
}

/* jkt of the token in a response, which must be of the type DPoP. */
static void assert_bound(const struct stage *stage, const struct cg_response *response)
{
    assert_int_equal(response->http_status, 200);
    struct cg_json *body = parse(response->body);
    struct cg_span compact;
    struct cg_jws_segments segments;
    struct cg_span payload;
    assert_member(cg_json_root(body), "token_type", "DPoP");
    assert_ok(cg_json_member_string(cg_json_root(body), "access_token", &compact));
    assert_ok(cg_jws_cut(compact, &segments));
    assert_ok(cg_base64url_decode_arena(segments.payload, stage->sample.arena, &payload));
    (void)cg_json_free(body);
    struct cg_json *claims = parse(payload);
    assert_member(cg_json_member(cg_json_root(claims), "cnf"), "jkt", stage->prover.thumbprint);
    (void)cg_json_free(claims);
}

static void set_client(const struct stage *stage, enum cg_client_bind bind)
{
    struct house *house = stage->house;
    struct cg_client client;
    struct cg_fault fault = {.reason = CG_REASON_NONE};
    assert_ok(cg_client_find(house->registry, CG_SPAN_OF(HOUSE_REALM), test_span(house->client),
                             house->arena, &client));
    client.bind = bind;
    assert_ok(cg_store_begin(house->registry));
    assert_ok(cg_client_set(house->registry, &client, house->arena, &fault));
    assert_ok(cg_store_commit(house->registry));
}

/* RFC 9449 §5: a token is bound whether or not the client must have it so. */
static void token_is_bound_to_the_key_of_the_proof(void **state)
{
    static const enum cg_client_bind binds[] = {CG_CLIENT_BIND_NONE, CG_CLIENT_BIND_DPOP};
    struct stage *stage = *state;
    for (size_t i = 0; i < TEST_COUNT(binds); i++) {
        set_client(stage, binds[i]);
        struct cg_span id = sample_text(&stage->sample, "id-%zu", i + 10);
        assert_bound(stage, ask(stage, proof_with(stage, "id-1", (const char *)id.data), 1));
    }
}

/* RFC 9449 §6.2 */
static void introspection_tells_the_key_that_a_token_is_bound_to(void **state)
{
    struct stage *stage = *state;
    struct cg_json *body = parse(ask(stage, proof_with(stage, "id-1", "id-1"), 1)->body);
    struct cg_span compact;
    struct cg_span copy;
    assert_ok(cg_json_member_string(cg_json_root(body), "access_token", &compact));
    assert_ok(cg_arena_copy(stage->sample.arena, compact, &copy));
    (void)cg_json_free(body);
    struct house_client own = house_own_client(stage->house);
    body =
        parse(house_present(stage->house, HOUSE_REALM "/oauth/introspect", &own, copy, NULL)->body);
    assert_member(cg_json_root(body), "token_type", "DPoP");
    assert_member(cg_json_member(cg_json_root(body), "cnf"), "jkt", stage->prover.thumbprint);
    (void)cg_json_free(body);
}

static void token_without_a_proof_is_a_bearer_token_as_ever(void **state)
{
    struct stage *stage = *state;
    const struct cg_response *response = ask(stage, (struct cg_span){NULL, 0}, 0);
    assert_int_equal(response->http_status, 200);
    struct cg_json *body = parse(response->body);
    assert_member(cg_json_root(body), "token_type", "Bearer");
    (void)cg_json_free(body);
}

/* RFC 9449 §5.2 */
static void token_that_must_be_bound_is_not_given_without_a_proof(void **state)
{
    struct stage *stage = *state;
    set_client(stage, CG_CLIENT_BIND_DPOP);
    assert_refused(ask(stage, (struct cg_span){NULL, 0}, 0), "invalid_request",
                   CG_REASON_PROOF_MISSING);
}

static void proof_at_the_token_endpoint_is_refused_for_its_reason(void **state)
{
    static const struct {
        const char *old_part;
        const char *new_part;
        enum cg_reason reason;
    } rows[] = {
        {"id-1", "", CG_REASON_PROOF_ID_MISSING},
        {"POST", "GET", CG_REASON_PROOF_METHOD_WRONG},
        {"/oauth/token", "/oauth/jwks", CG_REASON_PROOF_TARGET_WRONG},
        {"/vlive/", "/vtest/", CG_REASON_PROOF_TARGET_WRONG},
        {"localhost:8443", "localhost", CG_REASON_PROOF_TARGET_WRONG},
        {"1800000000", "1799999939", CG_REASON_PROOF_EXPIRED},
        {"1800000000", "1800000016", CG_REASON_PROOF_IN_FUTURE},
        {"\"iat\"", "\"at\"", CG_REASON_PROOF_TIME_MISSING},
    };
    struct stage *stage = *state;
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        assert_refused(ask(stage, proof_with(stage, rows[i].old_part, rows[i].new_part), 1),
                       "invalid_dpop_proof", rows[i].reason);
    }
    assert_refused(ask(stage, test_span("a.b"), 1), "invalid_dpop_proof",
                   CG_REASON_PROOF_MALFORMED);
    assert_refused(ask(stage, proof_with(stage, "id-1", "id-1"), 2), "invalid_dpop_proof",
                   CG_REASON_PROOF_REPEATED);
    assert_int_equal(house_count_events(stage->house, "token_issued"), 0);
}

/* RFC 9449 §4.3: query and fragment of htu do not count. */
static void proof_may_name_the_endpoint_in_any_spelling(void **state)
{
    static const char *const endings[] = {"token?a=b", "%74oken", "../oauth/token#x"};
    struct stage *stage = *state;
    for (size_t i = 0; i < TEST_COUNT(endings); i++) {
        struct cg_span changed =
            sample_text(&stage->sample, "{\"x\":%zu,\"jti\":\"%s\"", i, endings[i]);
        struct cg_span payload =
            sample_text(&stage->sample,
                        "%.*s,\"htm\":\"POST\",\"htu\":\"" HOUSE_ISSUER "/oauth/%s\",\"iat\":%lld}",
                        CG_SPAN_ARGS(changed), endings[i], (long long)HOUSE_NOW_S);
        assert_bound(stage, ask(stage,
                                prover_sign(&stage->prover, &stage->sample,
                                            prover_header(&stage->prover, &stage->sample), payload),
                                1));
    }
}

static void proof_is_used_once_however_many_come_with_it(void **state)
{
    struct stage *stage = *state;
    struct cg_exchange *exchanges[SAME_TIME] = {NULL};
    struct cg_span proof = proof_with(stage, "id-1", "id-2");
    unsigned issued = 0;
    for (size_t i = 0; i < SAME_TIME; i++) {
        assert_ok(cg_exchange_new(&exchanges[i]));
        exchanges[i]->request = request_with(stage, proof, 1);
    }
    cg_issuer_answer(stage->house->slot, exchanges, SAME_TIME, HOUSE_NOW_S);
    cg_issuer_commit(stage->house->slot, exchanges, SAME_TIME);
    for (size_t i = 0; i < SAME_TIME; i++) {
        issued += exchanges[i]->response.http_status == 200;
        if (exchanges[i]->response.http_status != 200) {
            assert_refused(&exchanges[i]->response, "invalid_dpop_proof", CG_REASON_PROOF_REPLAYED);
        }
        (void)cg_exchange_free(exchanges[i]);
    }
    assert_int_equal(issued, 1);
    assert_refused(ask(stage, proof, 1), "invalid_dpop_proof", CG_REASON_PROOF_REPLAYED);
    stage->house->now_s += CG_LIMIT_PROOF_AGE_S;
    assert_refused(ask(stage, proof, 1), "invalid_dpop_proof", CG_REASON_PROOF_REPLAYED);
    stage->house->now_s += 1;
    assert_refused(ask(stage, proof, 1), "invalid_dpop_proof", CG_REASON_PROOF_EXPIRED);
}

static void proof_may_name_the_alias_where_certificates_are_asked_for(void **state)
{
    struct stage *stage = *state;
    struct house *house = stage->house;
    struct cg_span proof =
        proof_with(stage, TOKEN_URL, "https://localhost:8445" HOUSE_REALM "/oauth/token");
    assert_refused(ask(stage, proof, 1), "invalid_dpop_proof", CG_REASON_PROOF_TARGET_WRONG);
    assert_ok(cg_store_begin(house->registry));
    assert_ok(
        cg_setting_set(house->registry, "mtls_base_url", CG_SPAN_OF("https://localhost:8445")));
    assert_ok(cg_store_commit(house->registry));
    assert_int_equal(ask(stage, proof, 1)->http_status, 200);
    proof = proof_with(stage, TOKEN_URL, "https://localhost:8446" HOUSE_REALM "/oauth/token");
    assert_refused(ask(stage, proof, 1), "invalid_dpop_proof", CG_REASON_PROOF_TARGET_WRONG);
}

#define BIND_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

static const struct CMUnitTest tests[] = {
    BIND_TEST(token_is_bound_to_the_key_of_the_proof),
    BIND_TEST(introspection_tells_the_key_that_a_token_is_bound_to),
    BIND_TEST(token_without_a_proof_is_a_bearer_token_as_ever),
    BIND_TEST(token_that_must_be_bound_is_not_given_without_a_proof),
    BIND_TEST(proof_at_the_token_endpoint_is_refused_for_its_reason),
    BIND_TEST(proof_may_name_the_endpoint_in_any_spelling),
    BIND_TEST(proof_may_name_the_alias_where_certificates_are_asked_for),
    BIND_TEST(proof_is_used_once_however_many_come_with_it),
};
TEST_MAIN(tests)
