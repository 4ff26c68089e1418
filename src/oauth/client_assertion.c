/* SPDX-License-Identifier: Apache-2.0 */
/* private_key_jwt (RFC 7523 §2.2, OpenID Connect Core §9). */
#include "audit/single_use.h"
#include "base/span.h"
#include "oauth/client_auth.h"
#include "oauth/client_proof.h"

/* What one assertion costs, whoever it names: with a kid one verification, without so many. */
static size_t verifications_due(const struct cg_assertion *assertion)
{
    return assertion->jws.kid.data != NULL ? 1 : CG_CLIENT_KEYS_TRIED;
}

enum cg_status cg_client_assertion_show(struct cg_oauth_context *context, struct cg_span compact,
                                        struct cg_client_showing *showing)
{
    void *memory = NULL;
    CG_TRY(cg_arena_take(context->arena, sizeof(struct cg_assertion), &memory));
    struct cg_assertion *assertion = memory;
    CG_TRY(cg_assertion_read(compact, context->arena, assertion, &showing->refusal));
    if (showing->refusal != NULL) {
        return CG_OK;
    }
    struct cg_span subject = assertion->claims.subject;
    if (subject.len == 0) {
        showing->refusal = "the assertion has no sub";
        return CG_OK;
    }
    /* RFC 7521 §4.2: the client_id parameter MUST identify the same client as the assertion. */
    if (showing->id.data != NULL && !cg_span_equal(showing->id, subject)) {
        showing->refusal = "client_id is not the sub of the assertion";
        return CG_OK;
    }
    showing->id = subject;
    showing->assertion = assertion;
    return CG_OK;
}

/* SMART App Launch 2.2, Backend Services: a jku that is not the registered address is refused. We
 * never follow it. */
static const char *object_to_jku(const struct cg_client_record *record, struct cg_span jku)
{
    for (size_t i = 0; record != NULL && i < record->key_count; i++) {
        if (record->keys[i].kind == CG_CLIENT_KEY_JWKS_URI &&
            cg_span_equal(record->keys[i].value, jku)) {
            return NULL;
        }
    }
    return jku.data == NULL ? NULL : "jku in the assertion's header is not the registered address";
}

struct trial {
    struct cg_oauth_context *context;
    const struct cg_assertion *assertion;
    size_t done; /* verifications */
};

/* One verification. CG_ERR_AUTHENTICATION when it does not hold. */
static enum cg_status try_verifier(struct trial *trial, struct cg_verifier *verifier)
{
    trial->done++;
    trial->context->verification_count++;
    enum cg_status status = cg_jws_verify(&trial->assertion->jws, verifier, NULL);
    if (status == CG_OK || status == CG_ERR_AUTHENTICATION) {
        return status;
    }
    CG_FAIL(&trial->context->fault, status, CG_REASON_INTERNAL, NULL, NULL);
}

/* *ret_refusal is NULL when one of the client's keys proves the signature. */
static enum cg_status try_keys(struct trial *trial, const struct cg_client_record *record,
                               const char **ret_refusal)
{
    struct cg_key_answer answer = {.count = 0};
    struct cg_key_question question = {
        .rows = record->keys,
        .row_count = record->key_count,
        .alg = trial->assertion->jws.alg,
        .kid = trial->assertion->jws.kid,
    };
    if (cg_client_keys_find(trial->context->client_keys, &question, trial->context->arena,
                            &answer) != CG_OK) {
        CG_FAIL(&trial->context->fault, CG_ERR_LIMIT, CG_REASON_INTERNAL, NULL, NULL);
    }
    for (size_t i = 0; i < answer.count; i++) {
        enum cg_status status = try_verifier(trial, answer.verifiers[i]);
        if (status != CG_ERR_AUTHENTICATION) {
            return status;
        }
    }
    if (answer.missing != NULL) {
        return cg_context_put_off(trial->context, &answer, CG_REASON_CLIENT_KEYS_UNAVAILABLE);
    }
    *ret_refusal =
        answer.refusal != NULL ? answer.refusal : "the signature of the assertion does not hold";
    return CG_OK;
}

static enum cg_status level_the_work(struct trial *trial)
{
    struct cg_verifier *verifier = NULL;
    if (cg_client_keys_of_nobody(trial->context->client_keys, trial->assertion->jws.alg,
                                 &verifier) != CG_OK) {
        CG_FAIL(&trial->context->fault, CG_ERR_LIMIT, CG_REASON_INTERNAL, NULL, NULL);
    }
    while (trial->done < verifications_due(trial->assertion)) {
        enum cg_status status = try_verifier(trial, verifier);
        if (status != CG_ERR_AUTHENTICATION && status != CG_OK) {
            return status;
        }
    }
    return CG_OK;
}

/* Signature first: who cannot sign for the client learns nothing of its rules, and spends nothing
 * of its own. */
static enum cg_status prove(struct trial *trial, const struct cg_client_record *record,
                            const struct cg_assertion_case *judged, const char **ret_refusal)
{
    *ret_refusal = cg_assertion_object_header(judged);
    if (*ret_refusal == NULL) {
        *ret_refusal = object_to_jku(record, trial->assertion->jku);
    }
    if (*ret_refusal == NULL && record != NULL) {
        CG_TRY(try_keys(trial, record, ret_refusal));
    }
    if (*ret_refusal == NULL && record != NULL) {
        *ret_refusal = cg_assertion_object_claims(judged);
        return CG_OK;
    }
    return level_the_work(trial);
}

/*
 * RFC 7523 §3: jti, kept until nothing accepts the assertion any more. It is spent when the batch
 * is committed; who only has one that was spent before is no proven client until then either: else
 * an assertion that was picked up somewhere would make an address known for its client, and use up
 * that client's rate.
 */
static enum cg_status spend(struct cg_oauth_context *context,
                            const struct cg_assertion_case *judged, const char **ret_refusal)
{
    bool is_spent = false;
    const struct cg_claims *claims = &judged->assertion->claims;
    struct cg_single_use use = {
        .kind = CG_SINGLE_USE_ASSERTION,
        .expires_s = claims->expires_s + judged->rules->future_skew_s,
    };
    if (cg_single_use_name(context->issuing->realm.path, claims->subject, claims->token_id, &use) !=
        CG_OK) {
        CG_FAIL(&context->fault, CG_ERR_LIMIT, CG_REASON_INTERNAL, NULL, NULL);
    }
    CG_TRY(cg_context_is_spent(context, &use, &is_spent));
    if (is_spent) {
        *ret_refusal = cg_single_use_detail(CG_SINGLE_USE_ASSERTION);
        return CG_OK;
    }
    return cg_context_spend(context, &use, CG_REASON_CLIENT_AUTHENTICATION_FAILED);
}

enum cg_status cg_client_assertion_judge(struct cg_oauth_context *context,
                                         const struct cg_client_showing *showing,
                                         const struct cg_client_record *record,
                                         const char **ret_refusal)
{
    const struct cg_profile *profile = cg_client_profile(context, record);
    if (profile == NULL) {
        *ret_refusal = "the client's profile is not known";
        return CG_OK;
    }
    struct trial trial = {.context = context, .assertion = showing->assertion};
    struct cg_assertion_case judged = {
        .assertion = showing->assertion,
        .rules = &profile->assertion,
        .issuer = context->issuing->realm.issuer,
        .token_url = context->issuing->token_url,
        .mtls_token_url = context->issuing->mtls_token_url,
        .now_s = context->now_s,
    };
    CG_TRY(prove(&trial, record, &judged, ret_refusal));
    return *ret_refusal == NULL && record != NULL ? spend(context, &judged, ret_refusal) : CG_OK;
}
