/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/gate_client.h"

#include "base/span.h"
#include "oauth/client_auth.h"
#include "registry/grant.h"

/* What proved it (an assertion, say) may be used up by now, and its life over. */
static enum cg_status find_parked(struct cg_oauth_context *context,
                                  const struct cg_client_record **ret_record)
{
    struct cg_exchange *exchange = context->exchange;
    struct cg_span id = {exchange->parked, exchange->parked_len};
    enum cg_status status = cg_context_find_client(context, id, ret_record);
    if (status == CG_OK && (*ret_record)->client.state == CG_CLIENT_ACTIVE) {
        context->event.client_id = id;
        context->event.actor = id;
        exchange->response.client_id = id;
        return CG_OK;
    }
    if (status != CG_OK && status != CG_ERR_NOT_FOUND) {
        return status;
    }
    context->event.detail = CG_SPAN_OF("the gate is not active any more");
    CG_FAIL(&context->fault, CG_ERR_AUTHENTICATION, CG_REASON_CLIENT_AUTHENTICATION_FAILED, NULL,
            "RFC 6749 §5.2");
}

enum cg_status cg_gate_client_prove(struct cg_oauth_context *context)
{
    const struct cg_client_record *record = NULL;
    if (context->exchange->parked_len > 0) {
        CG_TRY(find_parked(context, &record));
    } else {
        CG_TRY(cg_client_authenticate(context, &record));
    }
    if (!cg_span_has_word(record->client.grants, cg_grant_type(CG_GRANT_GATE))) {
        CG_FAIL(&context->fault, CG_ERR_AUTHORISATION, CG_REASON_GRANT_NOT_ALLOWED,
                "this client is no gate: the operator may make it one", "RFC 6749 §5.2");
    }
    return CG_OK;
}
