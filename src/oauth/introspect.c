/* SPDX-License-Identifier: Apache-2.0 */
#include "oauth/introspect.h"

#include "base/span.h"
#include "oauth/introspection.h"
#include "oauth/presented_token.h"
#include "oauth/standing.h"
#include "token/scope_limit.h"

/*
 * RFC 7662 §2.2: a protected resource is told no more than is meant for it. Leaves of the token the
 * APIs that whoever asks may know of. What is in the registry of the token is looked at after this
 * only, so that nobody learns, from the time an answer takes, what became of a token that is no
 * business of theirs.
 */
static enum cg_status leave_what_may_be_told(struct cg_oauth_context *context,
                                             struct cg_access_token *token)
{
    if (cg_span_equal(token->client_id, context->event.client_id)) {
        return CG_OK;
    }
    bool may[CG_LIMIT_TOKEN_APIS];
    for (size_t i = 0; i < token->api_count; i++) {
        CG_TRY(cg_standing_may_know(context, &token->apis[i], &may[i]));
    }
    return cg_access_token_keep(token, may, context->arena);
}

/* Leaves of the token the APIs whose agreements are in force, and of its scope what those give. */
static enum cg_status leave_what_is_agreed(struct cg_oauth_context *context,
                                           struct cg_access_token *token)
{
    const struct cg_record_agreement *agreements[CG_LIMIT_TOKEN_APIS];
    size_t count = token->api_count;
    bool is_agreed[CG_LIMIT_TOKEN_APIS];
    CG_TRY(cg_standing_of(context, token, agreements));
    /* The objects of a narrowed API cannot be told apart by agreement, nor the scopes of one that
     * two clients' agreements share: when one of its agreements is over, so is the API. */
    if (token->is_narrowed || token->behalf.client_id.len > 0) {
        cg_standing_drop_broken(token, agreements);
    }
    for (size_t i = 0; i < count; i++) {
        is_agreed[i] = agreements[i] != NULL;
    }
    CG_TRY(cg_access_token_keep(token, is_agreed, context->arena));
    struct cg_buf buf;
    cg_buf_init_arena(&buf, context->arena, CG_LIMIT_SCOPE_BYTES);
    struct cg_span rest = token->scope;
    struct cg_span scope = {NULL, 0};
    while (cg_span_split(&rest, ' ', &scope)) {
        bool is_given = false;
        for (size_t i = 0; i < count && !is_given; i++) {
            is_given = is_agreed[i] && cg_scope_is_allowed(agreements[i]->scope, scope);
        }
        if (is_given) {
            cg_buf_put_string(&buf, buf.len > 0 ? " " : "");
            cg_buf_put(&buf, scope);
        }
    }
    return cg_buf_finish(&buf, &token->scope);
}

/* Leaves of a proven token what holds of it now and may be told: no API when that is nothing. */
static enum cg_status judge(struct cg_oauth_context *context, struct cg_access_token *token)
{
    CG_TRY(leave_what_may_be_told(context, token));
    return token->api_count > 0 ? leave_what_is_agreed(context, token) : CG_OK;
}

enum cg_status cg_introspect(struct cg_oauth_context *context)
{
    struct cg_access_token token = {.api_count = 0};
    enum cg_status status = cg_presented_token(context, &token);
    if (status == CG_OK) {
        CG_TRY(judge(context, &token));
    } else if (status != CG_ERR_NOT_FOUND) {
        return status;
    }
    bool is_active = token.api_count > 0 && token.scope.len > 0;
    return cg_introspection_answer(context, is_active ? &token : NULL);
}
