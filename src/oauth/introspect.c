/* SPDX-License-Identifier: Apache-2.0 */
#include "oauth/introspect.h"

#include "base/span.h"
#include "oauth/introspection.h"
#include "oauth/presented_token.h"
#include "registry/denial.h"
#include "registry/introspector.h"
#include "token/scope.h"

static enum cg_status store_failed(struct cg_oauth_context *context)
{
    CG_FAIL(&context->fault, CG_ERR_STORE, CG_REASON_STORE_UNAVAILABLE, NULL, NULL);
}

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
        struct cg_introspector introspector = {
            .realm = context->issuing->realm.path,
            .api = token->apis[i].name,
            .client = context->event.client_id,
        };
        bool may = false;
        if (cg_introspector_is(context->registry, &introspector, &may) != CG_OK) {
            return store_failed(context);
        }
        if (may) {
            token->apis[left] = token->apis[i];
            left++;
        }
    }
    token->api_count = left;
    return CG_OK;
}

/* The agreement that an API of the token rests on, when it is in force; else NULL. */
static const struct cg_record_agreement *agreement_of(const struct cg_client_record *record,
                                                      const struct cg_token_api *api, int64_t now_s)
{
    for (size_t i = 0; i < record->agreement_count; i++) {
        const struct cg_record_agreement *agreement = &record->agreements[i];
        if (cg_span_equal(agreement->id, api->agreement) &&
            cg_span_equal(agreement->api, api->name) &&
            cg_span_equal(agreement->audience, api->audience) &&
            cg_record_agreement_is_in_force(agreement, now_s)) {
            return agreement;
        }
    }
    return NULL;
}

/*
 * The objects of a narrowed API cannot be told apart by agreement: when one of its agreements is
 * over, so is the API. The gate judges alike.
 */
static void drop_broken(const struct cg_access_token *token,
                        const struct cg_record_agreement *agreements[static CG_LIMIT_TOKEN_APIS])
{
    for (size_t i = 0; i < token->api_count; i++) {
        for (size_t j = 0; agreements[i] == NULL && j < token->api_count; j++) {
            if (cg_span_equal(token->apis[j].name, token->apis[i].name)) {
                agreements[j] = NULL;
            }
        }
    }
}

/* Leaves of the token the APIs whose agreements are in force, and of its scope what those give. */
static enum cg_status leave_what_is_agreed(struct cg_oauth_context *context,
                                           const struct cg_client_record *record,
                                           struct cg_access_token *token)
{
    const struct cg_record_agreement *agreements[CG_LIMIT_TOKEN_APIS];
    for (size_t i = 0; i < token->api_count; i++) {
        agreements[i] = agreement_of(record, &token->apis[i], context->now_s);
    }
    if (token->is_narrowed) {
        drop_broken(token, agreements);
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

static enum cg_status is_denied(struct cg_oauth_context *context,
                                const struct cg_access_token *token, bool *ret_denied)
{
    if (cg_denial_has_token(context->registry, context->issuing->realm.path, token->token_id,
                            ret_denied) != CG_OK) {
        return store_failed(context);
    }
    return CG_OK;
}

/* Leaves of a proven token what holds of it now and may be told: no API when that is nothing. */
static enum cg_status judge(struct cg_oauth_context *context, struct cg_access_token *token)
{
    CG_TRY(leave_what_may_be_told(context, token));
    if (token->api_count == 0) {
        return CG_OK;
    }
    bool is_over = false;
    CG_TRY(is_denied(context, token, &is_over));
    const struct cg_client_record *record = NULL;
    enum cg_status status = cg_context_find_client(context, token->client_id, &record);
    if (status != CG_OK && status != CG_ERR_NOT_FOUND) {
        return status;
    }
    if (is_over || record == NULL || record->client.state != CG_CLIENT_ACTIVE ||
        token->epoch < record->client.epoch) {
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
