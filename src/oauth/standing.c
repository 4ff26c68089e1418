/* SPDX-License-Identifier: Apache-2.0 */
#include "oauth/standing.h"

#include "base/span.h"
#include "registry/denial.h"
#include "registry/introspector.h"

static enum cg_status store_failed(struct cg_oauth_context *context)
{
    CG_FAIL(&context->fault, CG_ERR_STORE, CG_REASON_STORE_UNAVAILABLE, NULL, NULL);
}

/* The record of the token's client; NULL when the token is over. */
static enum cg_status find_live(struct cg_oauth_context *context,
                                const struct cg_access_token *token,
                                const struct cg_client_record **ret_record)
{
    bool is_denied = false;
    if (cg_denial_has_token(context->registry, context->issuing->realm.path, token->token_id,
                            &is_denied) != CG_OK) {
        return store_failed(context);
    }
    const struct cg_client_record *record = NULL;
    enum cg_status status = cg_context_find_client(context, token->client_id, &record);
    if (status != CG_OK && status != CG_ERR_NOT_FOUND) {
        return status;
    }
    bool is_over = is_denied || record == NULL || record->client.state != CG_CLIENT_ACTIVE ||
                   token->epoch < record->client.epoch;
    *ret_record = is_over ? NULL : record;
    return CG_OK;
}

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

static enum cg_status find_agreements(
    struct cg_oauth_context *context, const struct cg_access_token *token,
    const struct cg_record_agreement *ret_agreements[static CG_LIMIT_TOKEN_APIS])
{
    const struct cg_client_record *record = NULL;
    CG_TRY(find_live(context, token, &record));
    for (size_t i = 0; i < token->api_count; i++) {
        ret_agreements[i] =
            record == NULL ? NULL : agreement_of(record, &token->apis[i], context->now_s);
    }
    return CG_OK;
}

enum cg_status cg_standing_of(
    struct cg_oauth_context *context, const struct cg_access_token *token,
    const struct cg_record_agreement *ret_agreements[static CG_LIMIT_TOKEN_APIS])
{
    CG_TRY(find_agreements(context, token, ret_agreements));
    if (token->behalf.client_id.len == 0) {
        return CG_OK;
    }
    struct cg_access_token subject;
    const struct cg_record_agreement *shared[CG_LIMIT_TOKEN_APIS] = {NULL};
    cg_access_token_subject(token, &subject);
    CG_TRY(find_agreements(context, &subject, shared));
    for (size_t i = 0; i < token->api_count; i++) {
        ret_agreements[i] = shared[i] == NULL ? NULL : ret_agreements[i];
    }
    return CG_OK;
}

void cg_standing_drop_broken(
    const struct cg_access_token *token,
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

enum cg_status cg_standing_may_know(struct cg_oauth_context *context,
                                    const struct cg_token_api *api, bool *ret_may)
{
    struct cg_introspector introspector = {
        .realm = context->issuing->realm.path,
        .api = api->name,
        .client = context->event.client_id,
    };
    if (cg_introspector_is(context->registry, &introspector, ret_may) != CG_OK) {
        return store_failed(context);
    }
    return CG_OK;
}
