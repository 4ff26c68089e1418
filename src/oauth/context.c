/* SPDX-License-Identifier: Apache-2.0 */
#include "oauth/context.h"

enum cg_status cg_context_spend(struct cg_oauth_context *context, const struct cg_single_use *use,
                                enum cg_reason if_spent)
{
    if (context->spending_count == CG_LIMIT_SPENDINGS) {
        CG_FAIL(&context->fault, CG_ERR_LIMIT, CG_REASON_INTERNAL, NULL, NULL);
    }
    context->spendings[context->spending_count] =
        (struct cg_spending){.use = *use, .if_spent = if_spent};
    context->spending_count++;
    return CG_OK;
}
