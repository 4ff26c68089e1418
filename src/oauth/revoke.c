/* SPDX-License-Identifier: Apache-2.0 */
#include "oauth/revoke.h"

#include "base/span.h"
#include "oauth/presented_token.h"
#include "oauth/response.h"
#include "registry/denial.h"

/*
 * The deed. Every gate carries the denylist whole: one client, with a token a millisecond, must not
 * fill it.
 */
static enum cg_status deny(struct cg_oauth_context *context)
{
    const struct cg_denied_token *token = context->order;
    int64_t count = 0;
    CG_TRY(cg_denial_count_of_client(context->registry, context->event.realm, token->client_id,
                                     context->now_s, &count));
    if (count >= CG_LIMIT_CLIENT_REVOCATIONS) {
        CG_FAIL(&context->fault, CG_ERR_LIMIT, CG_REASON_RATE_EXCEEDED, NULL, "RFC 7009 §2.2.1");
    }
    return cg_denial_add_token(context->registry, context->event.realm, token, context->now_s);
}

/* A token that is denied already is only told to the audit again: it may be that the first time
 * could not be recorded. */
static enum cg_status order_denial(struct cg_oauth_context *context,
                                   const struct cg_access_token *token)
{
    bool is_denied = false;
    if (cg_denial_has_token(context->registry, context->event.realm, token->token_id, &is_denied) !=
        CG_OK) {
        CG_FAIL(&context->fault, CG_ERR_STORE, CG_REASON_STORE_UNAVAILABLE, NULL, NULL);
    }
    if (!is_denied) {
        void *memory = NULL;
        CG_TRY(cg_arena_take(context->arena, sizeof(struct cg_denied_token), &memory));
        struct cg_denied_token *order = memory;
        *order = (struct cg_denied_token){token->token_id, token->client_id, token->expires_s};
        context->order = order;
        context->deed = deny;
    }
    context->event.kind = CG_AUDIT_TOKEN_REVOKED;
    context->event.token_id = token->token_id;
    context->event.detail = (struct cg_span){NULL, 0};
    context->has_event = true;
    return CG_OK;
}

/* RFC 7009 §2.2: 200 for a token that is invalid, too, since what was wanted is so; the body is
 * ignored. An empty object harms no client that parses it all the same. */
static void answer(struct cg_oauth_context *context)
{
    struct cg_response *response = &context->exchange->response;
    cg_response_start(response, 200, CG_SPAN_OF("application/json"), CG_SPAN_OF("{}"));
    cg_response_forbid_caching(response);
}

enum cg_status cg_revoke(struct cg_oauth_context *context)
{
    struct cg_access_token token;
    enum cg_status status = cg_presented_token(context, &token);
    if (status == CG_ERR_NOT_FOUND) {
        answer(context);
        return CG_OK;
    }
    CG_TRY(status);
    /* RFC 7009 §2.1: a token that was issued to another client is refused, and the client is
     * informed. That tells nobody anything: a token says itself whose it is, and what became of it
     * was not looked at. */
    if (!cg_span_equal(token.client_id, context->event.client_id)) {
        CG_FAIL(&context->fault, CG_ERR_AUTHORISATION, CG_REASON_TOKEN_OF_ANOTHER_CLIENT, NULL,
                "RFC 7009 §2.1");
    }
    CG_TRY(order_denial(context, &token));
    answer(context);
    return CG_OK;
}
