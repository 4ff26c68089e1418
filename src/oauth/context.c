/* SPDX-License-Identifier: Apache-2.0 */
#include "oauth/context.h"

#include "base/span.h"

enum cg_status cg_context_spend(struct cg_oauth_context *context, const struct cg_single_use *use,
                                enum cg_reason if_spent)
{
    if (context->spending_count == CG_LIMIT_SPENDINGS) {
        CG_FAIL(&context->fault, CG_ERR_LIMIT, CG_REASON_INTERNAL, NULL, NULL);
    }
    size_t at = context->spending_count;
    while (at > 0 && context->spendings[at - 1].use.kind > use->kind) {
        context->spendings[at] = context->spendings[at - 1];
        at--;
    }
    context->spendings[at] = (struct cg_spending){.use = *use, .if_spent = if_spent};
    context->spending_count++;
    return CG_OK;
}

enum cg_status cg_context_is_spent(struct cg_oauth_context *context,
                                   const struct cg_single_use *use, bool *ret_spent)
{
    if (context->look_if_spent(context->slot, use, ret_spent) != CG_OK) {
        CG_FAIL(&context->fault, CG_ERR_STORE, CG_REASON_AUDIT_UNAVAILABLE, NULL, NULL);
    }
    return CG_OK;
}

/* That is nobody's failure, and counted as none: else a host that is away would lock its clients
 * out for longer than it is away. */
enum cg_status cg_context_put_off(struct cg_oauth_context *context,
                                  const struct cg_key_answer *answer, enum cg_reason reason)
{
    if (answer->waits != 0 && context->exchange->request.may_wait != 0) {
        context->exchange->waits = answer->waits;
        return CG_ERR_STORE;
    }
    context->event.detail = cg_span_of_string(answer->missing);
    CG_FAIL(&context->fault, CG_ERR_STORE, reason, NULL, NULL);
}

void cg_context_spare(struct cg_oauth_context *context, enum cg_single_use_kind kind)
{
    size_t left = 0;
    for (size_t i = 0; i < context->spending_count; i++) {
        if (context->spendings[i].use.kind != kind) {
            context->spendings[left++] = context->spendings[i];
        }
    }
    context->spending_count = left;
}

enum cg_status cg_context_find_client(struct cg_oauth_context *context, struct cg_span id,
                                      const struct cg_client_record **ret_record)
{
    struct cg_client_query query = {
        .version = context->registry_version,
        .realm = context->issuing->realm.path,
        .id = cg_span_part(id, 0, CG_LIMIT_CLIENT_ID_BYTES + 1),
        .now_s = context->now_s,
    };
    enum cg_status status =
        cg_client_cache_find(context->clients, context->registry, &query, ret_record);
    if (status == CG_OK || status == CG_ERR_NOT_FOUND) {
        return status;
    }
    CG_FAIL(&context->fault, CG_ERR_STORE, CG_REASON_STORE_UNAVAILABLE, NULL, NULL);
}
