/* SPDX-License-Identifier: Apache-2.0 */
/*
 * POST gate-report: what a gate elsewhere refused goes to the audit, under the gate's own name. A
 * gate that was taken over can say what it likes of itself, within its rate, and nothing of others:
 * what kind of event it is, in which realm and by whom, is not for it to say.
 */
#include "base/limits.h"
#include "base/span.h"
#include "codec/base64url.h"
#include "issuer/endpoint.h"
#include "issuer/form.h"
#include "issuer/gate_client.h"
#include "oauth/response.h"
#include "token/gate_report.h"

static const struct cg_rate report_rate = {CG_LIMIT_REPORTS_PER_S, 1, CG_LIMIT_REPORTS_PER_S};

static enum cg_status take_rate(struct cg_oauth_context *context)
{
    struct cg_throttle_parts parts = {.first = context->issuing->realm.path,
                                      .second = context->event.client_id};
    if (context->throttle == NULL) {
        return CG_OK;
    }
    uint64_t key = cg_throttle_key(context->throttle, CG_THROTTLE_REPORTS, &parts);
    if (cg_throttle_take(context->throttle, key, &report_rate, context->now_ms) > 0) {
        CG_FAIL(&context->fault, CG_ERR_LIMIT, CG_REASON_RATE_EXCEEDED, NULL, "RFC 6585 §4");
    }
    return CG_OK;
}

static enum cg_status read_refusals(struct cg_oauth_context *context,
                                    struct cg_refusal *ret_refusals, size_t *ret_count)
{
    struct cg_span report = {NULL, 0};
    struct cg_span text = {NULL, 0};
    CG_TRY(cg_params_get(&context->params, "report", &report));
    if (report.data == NULL || cg_base64url_decode_arena(report, context->arena, &text) != CG_OK ||
        cg_gate_report_read(text, context->arena, ret_refusals, ret_count) != CG_OK) {
        CG_FAIL(&context->fault, CG_ERR_INPUT, CG_REASON_REQUEST_MALFORMED,
                "report is no report of a gate", NULL);
    }
    return CG_OK;
}

/* A gate's clock is its own, and it may tell late; the audit is in the order of time. */
static int64_t time_of(const struct cg_oauth_context *context, const struct cg_refusal *refusal)
{
    int64_t earliest_s = context->now_s - CG_LIMIT_REPORT_LATE_S;
    int64_t time_s = refusal->time_s < context->now_s ? refusal->time_s : context->now_s;
    return time_s > earliest_s ? time_s : earliest_s;
}

static struct cg_audit_event event_of(const struct cg_oauth_context *context,
                                      const struct cg_refusal *refusal)
{
    return (struct cg_audit_event){.kind = CG_AUDIT_ACCESS_REFUSED,
                                   .reason = refusal->reason,
                                   .time_s = time_of(context, refusal),
                                   .count = refusal->count,
                                   .actor = context->event.client_id,
                                   .realm = context->event.realm,
                                   .client_id = refusal->client_id,
                                   .organisation = refusal->organisation,
                                   .api = refusal->api,
                                   .token_id = refusal->token_id,
                                   .request_id = refusal->request_id,
                                   .address = refusal->address,
                                   .detail = CG_SPAN("told by a gate elsewhere")};
}

static enum cg_status tell(struct cg_oauth_context *context, const struct cg_refusal *refusals,
                           size_t count)
{
    void *events = NULL;
    void *pointers = NULL;
    CG_TRY(cg_arena_take_array(context->arena, count, sizeof(struct cg_audit_event), &events));
    CG_TRY(cg_arena_take_array(context->arena, count, sizeof(struct cg_audit_event *), &pointers));
    context->told = pointers;
    for (size_t i = 0; i < count; i++) {
        struct cg_audit_event *event = (struct cg_audit_event *)events + i;
        *event = event_of(context, &refusals[i]);
        context->told[i] = event;
    }
    context->told_count = count;
    return CG_OK;
}

enum cg_status cg_endpoint_gate_report(struct cg_oauth_context *context)
{
    struct cg_refusal refusals[CG_LIMIT_REPORT_REFUSALS];
    size_t count = 0;
    context->event.kind = CG_AUDIT_TOKEN_REFUSED;
    context->event.detail = CG_SPAN_OF("gate report");
    CG_TRY(cg_form_read(context));
    CG_TRY(cg_gate_client_prove(context));
    CG_TRY(take_rate(context));
    CG_TRY(read_refusals(context, refusals, &count));
    CG_TRY(tell(context, refusals, count));
    cg_response_start(&context->exchange->response, 204, CG_SPAN_OF("application/json"),
                      (struct cg_span){NULL, 0});
    cg_response_forbid_caching(&context->exchange->response);
    return CG_OK;
}
