/* SPDX-License-Identifier: Apache-2.0 */
#include "oauth/presented_token.h"

#include "token/verify.h"

/* The keys are prepared when a token is first presented, so that a realm to which none ever is pays
 * nothing. */
static enum cg_status prepare_keys(const struct cg_issuing_realm *issuing)
{
    if (*issuing->keys != NULL) {
        return CG_OK;
    }
    CG_CLEANUP(cg_json_free_at) struct cg_json *json = NULL;
    CG_TRY(cg_json_parse(issuing->jwks, CG_LIMIT_JSON_BYTES, &json));
    return cg_key_ring_new(cg_json_root(json), issuing->keys);
}

enum cg_status cg_presented_token_prove(struct cg_oauth_context *context, struct cg_span compact,
                                        struct cg_access_token *ret_token)
{
    CG_TRY(prepare_keys(context->issuing));
    struct cg_token_trust trust = {
        .issuer = context->issuing->realm.issuer,
        .typ = context->issuing->realm.typ,
        .keys = *context->issuing->keys,
    };
    enum cg_status status =
        cg_token_prove(&trust, compact, context->now_s, context->arena, NULL, ret_token);
    bool is_none_of_ours = status == CG_ERR_INPUT || status == CG_ERR_AUTHENTICATION;
    if (status != CG_OK && !is_none_of_ours) {
        CG_FAIL(&context->fault, status, CG_REASON_INTERNAL, NULL, NULL);
    }
    return is_none_of_ours ? CG_ERR_NOT_FOUND : CG_OK;
}

enum cg_status cg_presented_token(struct cg_oauth_context *context,
                                  struct cg_access_token *ret_token)
{
    struct cg_span compact = {NULL, 0};
    CG_TRY(cg_params_get(&context->params, "token", &compact));
    if (compact.data == NULL) {
        CG_FAIL(&context->fault, CG_ERR_INPUT, CG_REASON_TOKEN_NOT_PRESENTED, NULL,
                "RFC 7662 §2.1");
    }
    return cg_presented_token_prove(context, compact, ret_token);
}
