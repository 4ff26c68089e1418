/* SPDX-License-Identifier: Apache-2.0 */
/* How often an agreement may be used. */
#include "gate_scene.h"

#include "base/limits.h"

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
    CASE(limit_that_comes_or_goes_holds_for_a_cached_token),
    CASE(limit_is_not_used_up_by_what_is_refused),
    CASE(limit_is_refused_with_429_and_retry_after),
};
TEST_MAIN(tests)
