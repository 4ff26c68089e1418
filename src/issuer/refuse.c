/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/refuse.h"

#include "base/tally.h"
#include "oauth/wire_error.h"

/* Only refusals of clients are told to the audit, and past a rate they are counted. */
static void note_refusal(struct cg_issuer_slot *slot, struct cg_oauth_context *context)
{
    struct cg_audit_event *event = &context->event;
    /* It was to be, until the batch was committed. */
    if (event->kind == CG_AUDIT_TOKEN_ISSUED || event->kind == CG_AUDIT_TOKEN_REVOKED) {
        event->kind = CG_AUDIT_TOKEN_REFUSED;
        event->api = (struct cg_span){NULL, 0};
        event->agreement = (struct cg_span){NULL, 0};
    }
    event->reason = context->fault.reason;
    event->token_id = (struct cg_span){NULL, 0};
    context->has_event = event->kind == CG_AUDIT_TOKEN_REFUSED &&
                         cg_tally_admit(slot->refusals, context->exchange->request.address,
                                        context->fault.reason, context->now_s);
}

void cg_issuer_refuse(struct cg_issuer_slot *slot, struct cg_oauth_context *context)
{
    if (context->fault.reason == CG_REASON_NONE) {
        context->fault.reason = CG_REASON_INTERNAL;
    }
    context->exchange->response.token_id = (struct cg_span){NULL, 0};
    cg_wire_error_answer(context->exchange, &context->fault, context->event.realm);
    note_refusal(slot, context);
}
