/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/refuse.h"

#include "base/span.h"
#include "base/tally.h"
#include "oauth/wire_error.h"

/* What was to be told, until the batch was committed, and what is told when it was refused. */
static const struct {
    enum cg_audit_kind done;
    enum cg_audit_kind refused;
} outcomes[] = {
    {CG_AUDIT_TOKEN_ISSUED, CG_AUDIT_TOKEN_REFUSED},
    {CG_AUDIT_TOKEN_REVOKED, CG_AUDIT_TOKEN_REFUSED},
    {CG_AUDIT_SECRET_LINK_OPENED, CG_AUDIT_SECRET_LINK_REFUSED},
};

static bool tells_refusal(struct cg_audit_event *event)
{
    for (size_t i = 0; i < sizeof(outcomes) / sizeof(outcomes[0]); i++) {
        if (event->kind == outcomes[i].refused) {
            return true;
        }
        if (event->kind == outcomes[i].done) {
            event->kind = outcomes[i].refused;
            event->api = (struct cg_span){NULL, 0};
            event->agreement = (struct cg_span){NULL, 0};
            return true;
        }
    }
    return false;
}

/* Only these refusals are told to the audit, and past a rate they are counted. */
static void note_refusal(struct cg_issuer_slot *slot, struct cg_oauth_context *context)
{
    struct cg_audit_event *event = &context->event;
    event->reason = context->fault.reason;
    event->token_id = (struct cg_span){NULL, 0};
    context->has_event =
        tells_refusal(event) && cg_tally_admit(slot->refusals, context->exchange->request.address,
                                               context->fault.reason, context->now_s);
}

void cg_issuer_refuse(struct cg_issuer_slot *slot, struct cg_oauth_context *context)
{
    if (context->fault.reason == CG_REASON_NONE) {
        context->fault.reason = CG_REASON_INTERNAL;
    }
    context->exchange->response.token_id = (struct cg_span){NULL, 0};
    context->exchange->parks_s = 0;
    cg_wire_error_answer(context->exchange, &context->fault, context->event.realm);
    if (context->refuse_by_page != NULL) {
        context->refuse_by_page(context);
    }
    note_refusal(slot, context);
}
