/* SPDX-License-Identifier: Apache-2.0 */
#include "base/status.h"
#include "sample.h"
#include "torture.h"

#include <caregate/verify.h>

/* Made while no allocation fails. */
struct subject {
    struct cg_token_verifier_config config;
    struct cg_token_call call;
};

/* A shortage is not the token's mistake. */
static enum cg_status check_once(struct cg_token_verifier *verifier, const struct subject *subject)
{
    struct cg_token_claims *claims = NULL;
    enum cg_reason reason = cg_token_verifier_check(verifier, &subject->call, &claims);
    assert_true(reason == CG_REASON_NONE || reason == CG_REASON_INTERNAL);
    (void)cg_token_claims_free(claims);
    return reason == CG_REASON_NONE ? CG_OK : CG_ERR_LIMIT;
}

static enum cg_status make_and_check(void *context)
{
    const struct subject *subject = context;
    struct cg_token_verifier *verifier = NULL;
    CG_TRY(cg_token_verifier_new(&subject->config, &verifier));
    enum cg_status status = check_once(verifier, subject);
    (void)cg_token_verifier_free(verifier);
    return status;
}

static enum cg_status answer_refusal(void *context)
{
    const struct subject *subject = context;
    struct cg_token_verifier *verifier = NULL;
    char text[256];
    CG_TRY(cg_token_verifier_new(&subject->config, &verifier));
    enum cg_status status = cg_token_refusal_challenge(verifier, CG_REASON_TOKEN_EXPIRED,
                                                       cg_text(NULL), text, sizeof(text));
    (void)cg_token_verifier_free(verifier);
    return status;
}

static void verifier_survives_every_failing_allocation(void **state)
{
    const struct sample *sample = *state;
    struct cg_access_token token = sample_claims();
    token.apis[0].details = test_span(SAMPLE_NARROWING);
    token.is_narrowed = true;
    struct subject subject = {
        .config = {.issuer = CG_SPAN(SAMPLE_ISSUER),
                   .audience = CG_SPAN(SAMPLE_DOCUMENTS),
                   .jwks = sample_jwks(sample, SAMPLE_LIVE, "live")},
        .call = {.token = sample_token(sample, &token), .now_s = SAMPLE_NOW_S},
    };
    const struct torture_scenario scenarios[] = {
        {.name = "check",
         .run = make_and_check,
         .context = &subject,
         .accepted = TORTURE_ACCEPT(CG_ERR_LIMIT) | TORTURE_ACCEPT(CG_ERR_CRYPTO)},
        {.name = "refusal",
         .run = answer_refusal,
         .context = &subject,
         .accepted = TORTURE_ACCEPT(CG_ERR_LIMIT) | TORTURE_ACCEPT(CG_ERR_CRYPTO)},
    };
    for (size_t i = 0; i < TEST_COUNT(scenarios); i++) {
        torture(&scenarios[i]);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(verifier_survives_every_failing_allocation),
};

TEST_MAIN_WITH(tests, sample_setup, sample_teardown)
