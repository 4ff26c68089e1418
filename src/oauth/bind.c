/* SPDX-License-Identifier: Apache-2.0 */
#include "oauth/bind.h"

#include "base/span.h"
#include "oauth/client_auth.h"
#include "token/proof_keys.h"

#define COMMIT_MARGIN_S 60

/* RFC 9449 §11.1: a jti is used once; it is the key's, so that no other client's is in the way. */
static enum cg_status spend(struct cg_oauth_context *context, struct cg_span thumbprint,
                            const struct cg_dpop_proof *proof)
{
    struct cg_single_use use = {
        .kind = CG_SINGLE_USE_DPOP,
        /* A batch is committed later than it is answered, by the clock of the answer. */
        .expires_s = cg_dpop_expiry(proof->issued_s) + COMMIT_MARGIN_S,
    };
    CG_TRY(cg_single_use_name(context->issuing->realm.path, thumbprint, proof->id, &use));
    return cg_context_spend(context, &use, CG_REASON_PROOF_REPLAYED);
}

/* What the client calls is the issuer's URL, whatever proxy stands in between, or its alias where
 * certificates are asked for (RFC 8705 §5). */
static enum cg_status check_proof(struct cg_oauth_context *context, struct cg_dpop_proof *ret_proof)
{
    const struct cg_request *request = &context->exchange->request;
    const struct cg_issuing_realm *issuing = context->issuing;
    struct cg_dpop_demand demand = {
        .method = request->method, .target = issuing->token_url, .now_s = context->now_s};
    enum cg_status status = cg_proof_keys_check(context->proof_keys, request->proof, &demand,
                                                context->arena, &context->fault, ret_proof);
    if (context->fault.reason != CG_REASON_PROOF_TARGET_WRONG ||
        issuing->mtls_token_url.data == NULL) {
        return status;
    }
    context->fault = (struct cg_fault){.reason = CG_REASON_NONE};
    demand.target = issuing->mtls_token_url;
    return cg_proof_keys_check(context->proof_keys, request->proof, &demand, context->arena,
                               &context->fault, ret_proof);
}

static enum cg_status bind_to_proof(struct cg_oauth_context *context, struct cg_access_token *token)
{
    struct cg_dpop_proof proof;
    CG_TRY(check_proof(context, &proof));
    CG_TRY(
        cg_arena_copy(context->arena, cg_span_of_string(proof.thumbprint), &token->key_thumbprint));
    return spend(context, token->key_thumbprint, &proof);
}

/* RFC 9449 §5.2: a client whose tokens are to be bound is refused when it brings nothing that they
 * could be bound to. A certificate will do, where it is what they are bound to. */
static enum cg_status check_unbound(struct cg_oauth_context *context,
                                    const struct cg_client_record *record,
                                    const struct cg_access_token *token)
{
    if (token->certificate_thumbprint.len > 0) {
        return CG_OK;
    }
    const struct cg_profile *profile = cg_client_profile(context, record);
    if (cg_client_binding(&record->client, profile) != CG_CLIENT_BIND_NONE) {
        CG_FAIL(&context->fault, CG_ERR_INPUT, CG_REASON_PROOF_MISSING, NULL, "RFC 9449 §5.2");
    }
    return CG_OK;
}

enum cg_status cg_bind_token(struct cg_oauth_context *context,
                             const struct cg_client_record *record, struct cg_access_token *token)
{
    const struct cg_request *request = &context->exchange->request;
    if (request->proof_count == 0) {
        return check_unbound(context, record, token);
    }
    if (request->proof_count > 1) {
        CG_FAIL(&context->fault, CG_ERR_INPUT, CG_REASON_PROOF_REPEATED, NULL, "RFC 9449 §4.3");
    }
    return bind_to_proof(context, token);
}
