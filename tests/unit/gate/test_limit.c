/* SPDX-License-Identifier: Apache-2.0 */
/* How often an agreement may be used. */
#include "gate_scene.h"

#include "base/limits.h"
#include "prover.h"

#define THROTTLE_BYTES ((size_t)8192)
#define NOW_MS (SAMPLE_NOW_S * 1000)

static _Alignas(64) uint8_t memory[THROTTLE_BYTES];

/* The scene with another gate, which counts. */
static int setup(void **state)
{
    static const uint8_t key[CG_THROTTLE_KEY_BYTES] = {5};
    struct cg_gate_config config = {.cache_tokens = 16, .snapshot_max_age_s = SCENE_MAX_AGE_S};
    memset(memory, 0, sizeof(memory));
    assert_ok(cg_throttle_place(memory, sizeof(memory), key, SAMPLE_NOW_S, &config.throttle));
    (void)scene_setup(state);
    struct scene *scene = *state;
    config.shared = scene->shared;
    scene->gate = cg_gate_free(scene->gate);
    assert_ok(cg_gate_new(&config, &scene->gate));
    scene_install(scene);
    return 0;
}

static void limit(struct scene *scene, const struct cg_snapshot_limit *limits, size_t count)
{
    scene->sample->realms[SAMPLE_LIVE].limits = limits;
    scene->sample->realms[SAMPLE_LIVE].limit_count = count;
    scene->sample->data.version++;
    scene_install(scene);
}

static enum cg_reason ask(struct scene *scene, struct cg_span compact, int64_t now_ms)
{
    const struct cg_gate_request request = {
        .authorization = scene_bearer(scene, compact),
        .method = CG_METHOD_GET,
        .now_s = now_ms / 1000,
        .now_ms = now_ms,
    };
    cg_gate_decide(scene->gate, scene->route, &request, &scene->verdict);
    return scene->verdict.reason;
}

static struct cg_snapshot_limit of(struct cg_access_token claims, uint32_t count, uint32_t window_s)
{
    return (struct cg_snapshot_limit){claims.apis[0].agreement, {count, window_s, count}};
}

static void limit_of_an_agreement_is_kept_and_recovers(void **state)
{
    struct scene *scene = *state;
    struct cg_access_token claims = sample_claims();
    struct cg_span compact = sample_token(scene->sample, &claims);
    struct cg_snapshot_limit limits[] = {of(claims, 3, 60)};
    limit(scene, limits, 1);
    for (int i = 0; i < 3; i++) {
        assert_reason(ask(scene, compact, NOW_MS), CG_REASON_NONE);
    }
    assert_reason(ask(scene, compact, NOW_MS), CG_REASON_AGREEMENT_RATE_EXCEEDED);
    assert_int_equal(scene->verdict.retry_after_s, 20);
    assert_span_equal(scene->verdict.client_id, claims.client_id);
    assert_reason(ask(scene, compact, NOW_MS + 19000), CG_REASON_AGREEMENT_RATE_EXCEEDED);
    assert_reason(ask(scene, compact, NOW_MS + 20000), CG_REASON_NONE);
    assert_reason(ask(scene, compact, NOW_MS + 20000), CG_REASON_AGREEMENT_RATE_EXCEEDED);
}

static void limit_counts_all_tokens_of_an_agreement_together(void **state)
{
    struct scene *scene = *state;
    struct cg_access_token claims = sample_claims();
    struct cg_span first = sample_token(scene->sample, &claims);
    struct cg_snapshot_limit limits[] = {of(claims, 2, 60)};
    limit(scene, limits, 1);
    claims.token_id = test_span("another");
    struct cg_span second = sample_token(scene->sample, &claims);
    assert_reason(ask(scene, first, NOW_MS), CG_REASON_NONE);
    assert_reason(ask(scene, second, NOW_MS), CG_REASON_NONE);
    assert_reason(ask(scene, first, NOW_MS), CG_REASON_AGREEMENT_RATE_EXCEEDED);
    assert_reason(ask(scene, second, NOW_MS), CG_REASON_AGREEMENT_RATE_EXCEEDED);
}

static void limit_of_one_agreement_is_none_of_another(void **state)
{
    struct scene *scene = *state;
    struct cg_access_token claims = sample_claims();
    struct cg_span limited = sample_token(scene->sample, &claims);
    struct cg_snapshot_limit limits[] = {of(claims, 1, 60)};
    limit(scene, limits, 1);
    claims.apis[0].agreement = test_span("agr_other");
    struct cg_span free_of_it = sample_token(scene->sample, &claims);
    assert_reason(ask(scene, limited, NOW_MS), CG_REASON_NONE);
    for (int i = 0; i < 100; i++) {
        assert_reason(ask(scene, free_of_it, NOW_MS), CG_REASON_NONE);
    }
    assert_reason(ask(scene, limited, NOW_MS), CG_REASON_AGREEMENT_RATE_EXCEEDED);
}

/* Both agreements are used, each once, at however many places it stands. */
static void limit_counts_for_both_agreements_of_an_exchanged_token(void **state)
{
    struct scene *scene = *state;
    struct cg_access_token claims = sample_claims();
    struct cg_span plain = sample_token(scene->sample, &claims);
    claims.api_count = 2;
    claims.apis[1] = claims.apis[0];
    claims.behalf = (struct cg_token_behalf)SAMPLE_BEHALF;
    claims.behalf.agreements = test_span("agr-3 agr-4");
    struct cg_span exchanged = sample_token(scene->sample, &claims);
    struct cg_snapshot_limit limits[] = {of(claims, 2, 60), of(claims, 3, 60)};
    limits[1].agreement = test_span("agr-4");
    limit(scene, limits, 2);
    assert_reason(ask(scene, exchanged, NOW_MS), CG_REASON_NONE);
    assert_reason(ask(scene, plain, NOW_MS), CG_REASON_NONE);
    assert_reason(ask(scene, plain, NOW_MS), CG_REASON_AGREEMENT_RATE_EXCEEDED);
    limit(scene, limits + 1, 1);
    assert_reason(ask(scene, exchanged, NOW_MS), CG_REASON_NONE);
    assert_reason(ask(scene, exchanged, NOW_MS), CG_REASON_NONE);
    assert_reason(ask(scene, exchanged, NOW_MS), CG_REASON_AGREEMENT_RATE_EXCEEDED);
    assert_reason(ask(scene, plain, NOW_MS), CG_REASON_NONE);
}

static void limit_that_comes_or_goes_holds_for_a_cached_token(void **state)
{
    struct scene *scene = *state;
    struct cg_access_token claims = sample_claims();
    struct cg_span compact = sample_token(scene->sample, &claims);
    struct cg_snapshot_limit limits[] = {of(claims, 1, 60)};
    for (int i = 0; i < 5; i++) {
        assert_reason(ask(scene, compact, NOW_MS), CG_REASON_NONE);
    }
    limit(scene, limits, 1);
    assert_reason(ask(scene, compact, NOW_MS), CG_REASON_NONE);
    assert_reason(ask(scene, compact, NOW_MS), CG_REASON_AGREEMENT_RATE_EXCEEDED);
    limit(scene, NULL, 0);
    assert_reason(ask(scene, compact, NOW_MS), CG_REASON_NONE);
}

static void limit_is_not_used_up_by_what_is_refused(void **state)
{
    struct scene *scene = *state;
    struct cg_access_token claims = sample_claims();
    struct cg_span compact = sample_token(scene->sample, &claims);
    struct cg_snapshot_limit limits[] = {of(claims, 1, 60)};
    limit(scene, limits, 1);
    struct cg_gate_request climbing = {.authorization = scene_bearer(scene, compact),
                                       .path = CG_SPAN("/documents/../x"),
                                       .method = CG_METHOD_GET,
                                       .now_s = SAMPLE_NOW_S,
                                       .now_ms = NOW_MS};
    struct cg_gate_route *other = scene_route(SAMPLE_REALM, "medicines");
    for (int i = 0; i < 5; i++) {
        cg_gate_decide(scene->gate, scene->route, &climbing, &scene->verdict);
        assert_reason(scene->verdict.reason, CG_REASON_PATH_AMBIGUOUS);
        assert_reason(scene_ask_at(scene, other, climbing.authorization, SAMPLE_NOW_S),
                      CG_REASON_API_NOT_AGREED);
    }
    (void)cg_gate_route_free(other);
    assert_reason(ask(scene, compact, NOW_MS), CG_REASON_NONE);
}

/* The same request again, further on its way, at a location of this API. */
static enum cg_reason ask_on_the_way(struct scene *scene, const char *api, struct cg_span compact)
{
    struct cg_gate_route *route = scene_route(SAMPLE_REALM, api);
    const struct cg_gate_request request = {
        .authorization = scene_bearer(scene, compact),
        .method = CG_METHOD_GET,
        .now_s = SAMPLE_NOW_S,
        .now_ms = NOW_MS,
        .counted = scene->verdict.counted,
    };
    cg_gate_decide(scene->gate, route, &request, &scene->verdict);
    (void)cg_gate_route_free(route);
    return scene->verdict.reason;
}

static void limit_counts_a_request_once_however_many_locations_it_passes(void **state)
{
    struct scene *scene = *state;
    struct cg_access_token claims = sample_claims();
    struct cg_span compact = sample_token(scene->sample, &claims);
    struct cg_snapshot_limit limits[] = {of(claims, 2, 60)};
    limit(scene, limits, 1);
    for (int i = 0; i < 2; i++) {
        assert_reason(ask(scene, compact, NOW_MS), CG_REASON_NONE);
        for (int location = 0; location < 5; location++) {
            assert_reason(ask_on_the_way(scene, "documents", compact), CG_REASON_NONE);
        }
    }
    assert_reason(ask(scene, compact, NOW_MS), CG_REASON_AGREEMENT_RATE_EXCEEDED);
    assert_int_equal(scene->verdict.counted, 0);
}

static void limit_of_each_agreement_that_a_request_comes_under_counts(void **state)
{
    struct scene *scene = *state;
    struct cg_access_token claims = sample_claims();
    claims.apis[claims.api_count++] =
        (struct cg_token_api)SAMPLE_API(SAMPLE_MEDICINES, "medicines", "agr_medicines");
    claims.scope = test_span("documents.read medicines.read");
    struct cg_span compact = sample_token(scene->sample, &claims);
    struct cg_snapshot_limit limits[] = {of(claims, 9, 60),
                                         {test_span("agr_medicines"), {1, 60, 1}}};
    limit(scene, limits, TEST_COUNT(limits));
    assert_reason(ask(scene, compact, NOW_MS), CG_REASON_NONE);
    for (int location = 0; location < 3; location++) {
        assert_reason(ask_on_the_way(scene, "medicines", compact), CG_REASON_NONE);
    }
    assert_reason(ask(scene, compact, NOW_MS), CG_REASON_NONE);
    assert_reason(ask_on_the_way(scene, "medicines", compact), CG_REASON_AGREEMENT_RATE_EXCEEDED);
}

/* A token that is bound to the key of a prover, and the nonce that the gate gives for it. */
struct bound {
    struct scene *scene;
    struct prover prover;
    struct cg_span token;
    struct cg_span nonce;
};

static enum cg_reason ask_with_proof(const struct bound *bound, struct cg_span proof,
                                     int64_t now_ms)
{
    struct scene *scene = bound->scene;
    const struct cg_gate_request request = {
        .authorization = sample_text(scene->sample, "DPoP %.*s", CG_SPAN_ARGS(bound->token)),
        .method = CG_METHOD_GET,
        .now_s = now_ms / 1000,
        .now_ms = now_ms,
        .proof = proof,
        .proof_count = 1,
        .method_name = CG_SPAN(PROVER_METHOD),
        .target = CG_SPAN(PROVER_TARGET),
    };
    cg_gate_decide(scene->gate, scene->route, &request, &scene->verdict);
    return scene->verdict.reason;
}

static struct cg_span proof_of(const struct bound *bound, const char *id)
{
    return prover_proof(&bound->prover, bound->scene->sample, id, bound->token, bound->nonce);
}

static struct cg_access_token bind_token(struct scene *scene, struct bound *bound)
{
    struct cg_access_token claims = sample_claims();
    *bound = (struct bound){.scene = scene};
    prover_init(&bound->prover, scene->sample, "ES256");
    claims.key_thumbprint = test_span(bound->prover.thumbprint);
    bound->token = sample_token(scene->sample, &claims);
    assert_reason(ask_with_proof(bound, proof_of(bound, "first"), NOW_MS),
                  CG_REASON_PROOF_NONCE_MISSING);
    bound->nonce = sample_text(scene->sample, "%.*s", CG_SPAN_ARGS(scene->verdict.nonce));
    return claims;
}

static void limit_that_is_reached_leaves_the_proof_for_later(void **state)
{
    struct scene *scene = *state;
    struct bound bound;
    struct cg_access_token claims = bind_token(scene, &bound);
    static const char *const ids[] = {"a", "b", "c"};
    struct cg_snapshot_limit limits[] = {of(claims, 3, 60)};
    limit(scene, limits, 1);
    for (size_t i = 0; i < TEST_COUNT(ids); i++) {
        assert_reason(ask_with_proof(&bound, proof_of(&bound, ids[i]), NOW_MS), CG_REASON_NONE);
    }
    struct cg_span early = proof_of(&bound, "d");
    for (int i = 0; i < 2; i++) {
        assert_reason(ask_with_proof(&bound, early, NOW_MS), CG_REASON_AGREEMENT_RATE_EXCEEDED);
        assert_int_equal(scene->verdict.retry_after_s, 20);
        assert_int_equal(scene->verdict.is_proven, 0);
    }
    assert_reason(ask_with_proof(&bound, early, NOW_MS + 20000), CG_REASON_NONE);
    assert_int_equal(scene->verdict.is_proven, 1);
    assert_reason(ask_with_proof(&bound, early, NOW_MS + 40000), CG_REASON_PROOF_REPLAYED);
    prover_release(&bound.prover);
}

static void limit_is_not_used_up_by_a_proof_that_is_refused(void **state)
{
    struct scene *scene = *state;
    struct bound bound;
    struct cg_access_token claims = bind_token(scene, &bound);
    struct cg_snapshot_limit limits[] = {of(claims, 2, 60)};
    limit(scene, limits, 1);
    struct cg_span good = proof_of(&bound, "a");
    assert_reason(ask_with_proof(&bound, good, NOW_MS), CG_REASON_NONE);
    for (int i = 0; i < 5; i++) {
        assert_reason(ask_with_proof(&bound, good, NOW_MS), CG_REASON_PROOF_REPLAYED);
        assert_reason(ask_with_proof(&bound, test_span("none"), NOW_MS), CG_REASON_PROOF_MALFORMED);
        assert_int_equal(scene->verdict.counted, 0);
    }
    assert_reason(ask_with_proof(&bound, proof_of(&bound, "b"), NOW_MS), CG_REASON_NONE);
    assert_reason(ask_with_proof(&bound, proof_of(&bound, "c"), NOW_MS),
                  CG_REASON_AGREEMENT_RATE_EXCEEDED);
    prover_release(&bound.prover);
}

static struct cg_span header(const struct cg_response *response, const char *name)
{
    for (size_t i = 0; i < response->header_count; i++) {
        if (cg_span_equal_string(response->headers[i].name, name)) {
            return response->headers[i].value;
        }
    }
    return (struct cg_span){NULL, 0};
}

static void limit_is_refused_with_429_and_retry_after(void **state)
{
    struct scene *scene = *state;
    struct cg_exchange *exchange = NULL;
    struct cg_gate_verdict verdict = {.reason = CG_REASON_AGREEMENT_RATE_EXCEEDED,
                                      .realm = CG_SPAN(SAMPLE_REALM),
                                      .retry_after_s = 17};
    assert_ok(cg_exchange_new(&exchange));
    exchange->request.request_id = test_span("r");
    assert_ok(cg_gate_refuse(scene->route, &verdict, exchange));
    assert_int_equal(exchange->response.http_status, 429);
    assert_span_text(header(&exchange->response, "Retry-After"), "17");
    assert_null(header(&exchange->response, "WWW-Authenticate").data);
    (void)cg_exchange_free(exchange);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, scene_teardown)

static const struct CMUnitTest tests[] = {
    CASE(limit_of_an_agreement_is_kept_and_recovers),
    CASE(limit_counts_all_tokens_of_an_agreement_together),
    CASE(limit_of_one_agreement_is_none_of_another),
    CASE(limit_counts_for_both_agreements_of_an_exchanged_token),
    CASE(limit_that_comes_or_goes_holds_for_a_cached_token),
    CASE(limit_is_not_used_up_by_what_is_refused),
    CASE(limit_counts_a_request_once_however_many_locations_it_passes),
    CASE(limit_of_each_agreement_that_a_request_comes_under_counts),
    CASE(limit_that_is_reached_leaves_the_proof_for_later),
    CASE(limit_is_not_used_up_by_a_proof_that_is_refused),
    CASE(limit_is_refused_with_429_and_retry_after),
};
TEST_MAIN(tests)
