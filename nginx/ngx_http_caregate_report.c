/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The gate's refusals on their way to the audit. The loop copies them out of the gate, the first
 * slot's upkeep writes them; those that could not be written are tried again before more are taken.
 */
#include "ngx_http_caregate_module.h"

#define TEXT_BYTES ((size_t)65536)

ngx_int_t caregate_report_init(struct caregate_report *report, ngx_pool_t *pool)
{
    report->text = ngx_pnalloc(pool, TEXT_BYTES);
    return report->text == NULL ? NGX_ERROR : NGX_OK;
}

/* A value that finds no room is left out: a refusal without it is better than none. */
static void keep(struct caregate_report *report, struct cg_span *value)
{
    if (value->len > TEXT_BYTES - report->text_size) {
        *value = (struct cg_span){NULL, 0};
    }
    if (value->len == 0) {
        return;
    }
    u_char *copy = report->text + report->text_size;
    ngx_memcpy(copy, value->data, value->len);
    value->data = copy;
    report->text_size += value->len;
}

static void keep_all(struct caregate_report *report, struct cg_refusal *refusal)
{
    keep(report, &refusal->realm);
    keep(report, &refusal->api);
    keep(report, &refusal->client_id);
    keep(report, &refusal->organisation);
    keep(report, &refusal->token_id);
    keep(report, &refusal->request_id);
    keep(report, &refusal->address);
}

void caregate_report_collect(struct caregate_report *report, struct cg_gate *gate, int64_t now_s)
{
    if (report->count > 0) {
        return;
    }
    report->text_size = 0;
    report->count = cg_gate_take_refusals(gate, now_s, report->refusals, CAREGATE_REFUSALS_MAX);
    for (size_t i = 0; i < report->count; i++) {
        keep_all(report, &report->refusals[i]);
    }
}

void caregate_report_write(struct caregate_report *report, struct cg_issuer_slot *issuer,
                           int64_t now_s)
{
    if (!report->is_start_told) {
        report->is_start_told = cg_issuer_report_start(issuer, now_s) == CG_OK;
    }
    if (report->count > 0 &&
        cg_issuer_report_refusals(issuer, report->refusals, report->count) == CG_OK) {
        report->count = 0;
    }
}
