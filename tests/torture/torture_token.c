/* SPDX-License-Identifier: Apache-2.0 */
#include "base/span.h"
#include "base/status.h"
#include "prover.h"
#include "sample.h"
#include "token/proof_keys.h"
#include "token/verify.h"
#include "torture.h"

#define ARENA_BYTES ((size_t)32768)

/* What a scenario is about, made while no allocation fails. */
struct subject {
    struct sample *sample;
    struct cg_snapshot *snapshot;
    struct cg_span compact;
    struct cg_span proof;
    struct cg_span narrowed;
};

static enum cg_status make_snapshot(void *context)
{
    const struct subject *subject = context;
    struct cg_snapshot *snapshot = NULL;
    CG_TRY(cg_snapshot_new(&subject->sample->data, &snapshot));
    struct cg_snapshot *again = NULL;
    enum cg_status status = cg_snapshot_parse(cg_snapshot_text(snapshot), &again);
    (void)cg_snapshot_free(snapshot);
    (void)cg_snapshot_free(again);
    return status;
}

static enum cg_status verify(void *context)
{
    const struct subject *subject = context;
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = NULL;
    CG_TRY(cg_arena_new(ARENA_BYTES, &arena));
    struct cg_fault fault = {.reason = CG_REASON_NONE};
    struct cg_access_token token;
    return cg_token_verify(cg_snapshot_find_realm(subject->snapshot, test_span(SAMPLE_REALM)),
                           subject->compact, SAMPLE_NOW_S, arena, &fault, &token);
}

static enum cg_status check_proof(void *context)
{
    const struct subject *subject = context;
    static const struct cg_dpop_demand demand = {.method = CG_SPAN(PROVER_METHOD),
                                                 .target = CG_SPAN(PROVER_TARGET "/."),
                                                 .now_s = SAMPLE_NOW_S};
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = NULL;
    CG_TRY(cg_arena_new(ARENA_BYTES, &arena));
    struct cg_fault fault = {.reason = CG_REASON_NONE};
    struct cg_dpop_proof proof;
    struct cg_random random = cg_random_system();
    CG_CLEANUP(cg_proof_keys_free_at) struct cg_proof_keys *keys = NULL;
    CG_TRY(cg_proof_keys_new(&random, &keys));
    enum cg_status status =
        cg_proof_keys_check(keys, subject->proof, &demand, arena, &fault, &proof);
    /* A shortage is not the client's mistake. */
    assert_true(status == CG_OK || fault.reason == CG_REASON_INTERNAL);
    return status;
}

static enum cg_status verify_narrowed(void *context)
{
    struct subject subject = *(const struct subject *)context;
    subject.compact = subject.narrowed;
    return verify(&subject);
}

static void token_survives_every_failing_allocation(void **state)
{
    struct subject subject = {.sample = *state};
    struct cg_access_token claims = sample_claims();
    sample_deny(subject.sample, CG_DENIAL_CLIENT, "ward-8", 2);
    subject.snapshot = sample_snapshot(subject.sample);
    subject.compact = sample_token(subject.sample, &claims);
    struct prover prover;
    prover_init(&prover, subject.sample, "ES256");
    struct cg_span nothing = {NULL, 0};
    struct cg_span payload = prover_payload(subject.sample, "id", nothing, nothing);
    payload = sample_replace(subject.sample, payload, PROVER_TARGET, PROVER_TARGET "/");
    subject.proof =
        prover_sign(&prover, subject.sample, prover_header(&prover, subject.sample), payload);
    claims.apis[0].details = test_span(SAMPLE_NARROWING);
    claims.is_narrowed = true;
    subject.narrowed = sample_token(subject.sample, &claims);
    const struct torture_scenario scenarios[] = {
        {.name = "snapshot", .run = make_snapshot, .context = &subject},
        {.name = "verify", .run = verify, .context = &subject},
        {.name = "verify narrowed", .run = verify_narrowed, .context = &subject},
        {.name = "proof",
         .run = check_proof,
         .context = &subject,
         .accepted = TORTURE_ACCEPT(CG_ERR_LIMIT) | TORTURE_ACCEPT(CG_ERR_CRYPTO)},
    };
    for (size_t i = 0; i < TEST_COUNT(scenarios); i++) {
        torture(&scenarios[i]);
    }
    prover_release(&prover);
    (void)cg_snapshot_free(subject.snapshot);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(token_survives_every_failing_allocation),
};

TEST_MAIN_WITH(tests, sample_setup, sample_teardown)
