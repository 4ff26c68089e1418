/* SPDX-License-Identifier: Apache-2.0 */
#include "oauth/introspect.h"

#include "base/span.h"
#include "oauth/introspection.h"
#include "oauth/presented_token.h"
#include "oauth/standing.h"
#include "token/scope.h"

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
    size_t left = 0;
    for (size_t i = 0; i < token->api_count; i++) {
        bool may = false;
        CG_TRY(cg_standing_may_know(context, &token->apis[i], &may));
        if (may) {
            token->apis[left] = token->apis[i];
            left++;
        }
    }
    token->api_count = left;
    return CG_OK;
}

/* Leaves of the token the APIs whose agreements are in force, and of its scope what those give. */
static enum cg_status leave_what_is_agreed(struct cg_oauth_context *context,
                                           const struct cg_client_record *record,
                                           struct cg_access_token *token)
{
    const struct cg_record_agreement *agreements[CG_LIMIT_TOKEN_APIS];
    cg_standing_agreements(context, record, token, agreements);
    /* The objects of a narrowed API cannot be told apart by agreement: when one of its agreements
     * is over, so is the API. */
    if (token->is_narrowed) {
        cg_standing_drop_broken(token, agreements);
    }
    size_t left = 0;
    for (size_t i = 0; i < token->api_count; i++) {
        if (agreements[i] != NULL) {
            agreements[left] = agreements[i];
            token->apis[left] = token->apis[i];
            left++;
        }
    }
    token->api_count = left;
    struct cg_buf buf;
    cg_buf_init_arena(&buf, context->arena, CG_LIMIT_SCOPE_BYTES);
    struct cg_span rest = token->scope;
    struct cg_span scope = {NULL, 0};
    while (cg_span_split(&rest, ' ', &scope)) {
        bool is_given = false;
        for (size_t i = 0; i < left && !is_given; i++) {
            is_given = cg_scope_text_has(agreements[i]->scope, scope);
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
    if (token->api_count == 0) {
        return CG_OK;
    }
    const struct cg_client_record *record = NULL;
    CG_TRY(cg_standing_of(context, token, &record));
    if (record == NULL) {
        token->api_count = 0;
        return CG_OK;
    }
    return leave_what_is_agreed(context, record, token);
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
