/* SPDX-License-Identifier: Apache-2.0 */
/*
 * POST gate-bundle: a gate says what it `have`s, by its tag, and how many seconds it would `wait`
 * for something else. It is answered 200 with a bundle, or 204: what it has is what there is.
 */
#include "base/limits.h"
#include "base/span.h"
#include "issuer/endpoint.h"
#include "issuer/form.h"
#include "issuer/gate_client.h"
#include "issuer/kept_bundle.h"
#include "oauth/response.h"

#include <string.h>

static enum cg_status read_wait(struct cg_oauth_context *context, unsigned *ret_wait_s)
{
    struct cg_span wait = {NULL, 0};
    int64_t wait_s = 0;
    CG_TRY(cg_params_get(&context->params, "wait", &wait));
    if (wait.data != NULL && cg_span_to_number(wait, CG_LIMIT_BUNDLE_WAIT_S, &wait_s) != CG_OK) {
        CG_FAIL(&context->fault, CG_ERR_INPUT, CG_REASON_REQUEST_MALFORMED,
                "wait is a number of seconds, up to 60", NULL);
    }
    *ret_wait_s = (unsigned)wait_s;
    return CG_OK;
}

static void park(struct cg_exchange *exchange, struct cg_span client, unsigned wait_s)
{
    exchange->parks_s = wait_s;
    if (exchange->parked_len == 0) {
        memcpy(exchange->parked, client.data, client.len);
        exchange->parked_len = client.len;
    }
}

static void answer_unchanged(struct cg_oauth_context *context, unsigned wait_s)
{
    struct cg_exchange *exchange = context->exchange;
    cg_response_start(&exchange->response, 204, CG_SPAN_OF("application/jose"),
                      (struct cg_span){NULL, 0});
    cg_response_forbid_caching(&exchange->response);
    if (exchange->request.may_park != 0 && wait_s > 0) {
        park(exchange, context->event.client_id, wait_s);
    }
}

static void answer_bundle(struct cg_oauth_context *context, const struct cg_kept_bundle *bundle)
{
    struct cg_exchange *exchange = context->exchange;
    exchange->shared = cg_shared_text_hold(bundle->text);
    cg_response_start(&exchange->response, 200, CG_SPAN_OF("application/jose"),
                      cg_shared_text_span(exchange->shared));
    cg_response_forbid_caching(&exchange->response);
}

enum cg_status cg_endpoint_gate_bundle(struct cg_oauth_context *context)
{
    struct cg_span have = {NULL, 0};
    unsigned wait_s = 0;
    context->event.kind = CG_AUDIT_TOKEN_REFUSED;
    context->event.detail = CG_SPAN_OF("gate bundle");
    CG_TRY(cg_form_read(context));
    CG_TRY(cg_gate_client_prove(context));
    CG_TRY(cg_params_get(&context->params, "have", &have));
    CG_TRY(read_wait(context, &wait_s));
    CG_TRY(cg_kept_bundle_renew(context));
    if (cg_span_equal_string(have, context->issuing->bundle->tag)) {
        answer_unchanged(context, wait_s);
    } else {
        answer_bundle(context, context->issuing->bundle);
    }
    return CG_OK;
}
