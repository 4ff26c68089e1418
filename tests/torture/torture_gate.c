/* SPDX-License-Identifier: Apache-2.0 */
#include "base/span.h"
#include "base/status.h"
#include "sample.h"
#include "torture.h"

#include <caregate/gate.h>

#define ROUNDS 2 /* by the signature, then from the cache */

/* What a run takes. All of it may be NULL. */
struct stage {
    struct cg_snapshot *snapshot;
    struct cg_gate *gate;
    struct cg_gate_route *route;
    struct cg_exchange *exchange;
};

/* Headers with a token that the route lets in, and with one that lacks its scope. */
struct subject {
    struct sample *sample;
    struct cg_span good;
    struct cg_span poor;
    struct cg_gate_shared *shared;
};

static enum cg_status set(const struct subject *subject, struct stage *stage)
{
    const struct cg_gate_config gate_config = {16, 60, NULL, subject->shared};
    static const struct cg_span scopes[] = {CG_SPAN("documents.read")};
    static const struct cg_gate_rule rules[] = {{CG_METHOD_GET, scopes, TEST_COUNT(scopes)}};
    static const struct cg_gate_route_config route_config = {.realm = CG_SPAN(SAMPLE_REALM),
                                                             .api = CG_SPAN("documents"),
                                                             .rules = rules,
                                                             .rule_count = 1};
    const char *message = NULL;
    CG_TRY(cg_snapshot_new(&subject->sample->data, &stage->snapshot));
    CG_TRY(cg_gate_new(&gate_config, &stage->gate));
    CG_TRY(cg_gate_route_new(&route_config, &stage->route, &message));
    CG_TRY(cg_exchange_new(&stage->exchange));
    cg_gate_install(stage->gate, CG_STEAL(stage->snapshot), SAMPLE_NOW_S);
    return CG_OK;
}

static void strike(struct stage *stage)
{
    (void)cg_exchange_free(stage->exchange);
    (void)cg_gate_route_free(stage->route);
    (void)cg_gate_free(stage->gate);
    (void)cg_snapshot_free(stage->snapshot);
}

static enum cg_reason ask(const struct stage *stage, struct cg_span authorization,
                          struct cg_gate_verdict *ret_verdict)
{
    const struct cg_gate_request request = {
        .authorization = authorization, .method = CG_METHOD_GET, .now_s = SAMPLE_NOW_S};
    cg_gate_decide(stage->gate, stage->route, &request, ret_verdict);
    return ret_verdict->reason;
}

/* A shortage may cost an answer, but never opens the door, and is never a refusal for what is not
 * so. */
static enum cg_status ask_both(const struct subject *subject, struct stage *stage)
{
    struct cg_gate_verdict verdict;
    bool answered = ask(stage, subject->good, &verdict) == CG_REASON_NONE;
    assert_true(answered || verdict.reason == CG_REASON_INTERNAL);
    assert_int_not_equal(ask(stage, subject->poor, &verdict), CG_REASON_NONE);
    const struct cg_refusal refusal = {.time_s = SAMPLE_NOW_S, .reason = verdict.reason};
    cg_gate_note_refusal(stage->gate, &refusal);
    cg_exchange_clear(stage->exchange);
    CG_TRY(cg_gate_refuse(stage->route, &verdict, stage->exchange));
    return answered && verdict.reason == CG_REASON_SCOPE_INSUFFICIENT ? CG_OK : CG_ERR_LIMIT;
}

static uint32_t count_refusals(const struct stage *stage)
{
    struct cg_refusal taken[8];
    uint32_t total = 0;
    size_t count = cg_gate_take_refusals(stage->gate, INT64_MAX, taken, TEST_COUNT(taken));
    for (size_t i = 0; i < count; i++) {
        total += taken[i].count;
    }
    return total;
}

static enum cg_status play(const struct subject *subject, struct stage *stage)
{
    CG_TRY(set(subject, stage));
    for (int i = 0; i < ROUNDS; i++) {
        CG_TRY(ask_both(subject, stage));
    }
    return count_refusals(stage) == ROUNDS ? CG_OK : CG_ERR_LIMIT;
}

static enum cg_status decide(void *context)
{
    struct stage stage = {.snapshot = NULL};
    enum cg_status status = play(context, &stage);
    strike(&stage);
    return status;
}

static struct cg_span bearer(const struct sample *sample, const struct cg_access_token *claims)
{
    struct cg_span compact = sample_token(sample, claims);
    return sample_text(sample, "Bearer %.*s", CG_SPAN_ARGS(compact));
}

static void gate_survives_every_failing_allocation(void **state)
{
    struct subject subject = {.sample = *state};
    struct cg_access_token claims = sample_claims();
    subject.good = bearer(subject.sample, &claims);
    claims.scope = test_span("documents.write");
    subject.poor = bearer(subject.sample, &claims);
    _Alignas(max_align_t) uint8_t memory[CG_GATE_SHARED_BYTES_MIN] = {0};
    assert_ok(cg_gate_shared_init(memory, sizeof(memory), &subject.shared));
    const struct torture_scenario scenario = {
        .name = "decide",
        .run = decide,
        .context = &subject,
        .accepted = TORTURE_ACCEPT(CG_OK) | TORTURE_ACCEPT(CG_ERR_LIMIT),
    };
    torture(&scenario);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(gate_survives_every_failing_allocation),
};

TEST_MAIN_WITH(tests, sample_setup, sample_teardown)
