/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/scan.h"

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/span.h"
#include "base/status.h"
#include "codec/json_scan.h"

#include <string.h>

struct cg_gate_scan {
    enum cg_fhir_body body;
    struct cg_fhir_request request; /* its texts are in `texts` */
    struct cg_smart_grants grants;  /* and so are its grants */
    struct cg_bundle_verdict verdict;
    struct cg_json_scan json;
    _Alignas(struct cg_smart_grant) uint8_t texts[];
};

static struct cg_span keep(struct cg_span text, uint8_t **at)
{
    struct cg_span copy = {NULL, 0};
    if (text.data != NULL) {
        copy = cg_span_of_bytes(*at, text.len);
        memcpy(*at, text.data, text.len);
        *at += text.len;
    }
    return copy;
}

enum cg_status cg_gate_scan_new(enum cg_fhir_body body, const struct cg_fhir_request *request,
                                const struct cg_smart_grants *grants,
                                struct cg_gate_scan **ret_scan)
{
    size_t grants_bytes = grants->count * sizeof(struct cg_smart_grant);
    size_t len = grants_bytes + request->path.len + request->query.len + grants->scope.len;
    void *memory = NULL;
    CG_TRY(cg_alloc(1, sizeof(struct cg_gate_scan) + len, &memory));
    struct cg_gate_scan *scan = memory;
    uint8_t *at = scan->texts + grants_bytes;
    if (grants_bytes > 0) {
        memcpy(scan->texts, grants->items, grants_bytes);
    }
    scan->body = body;
    scan->request = *request;
    scan->request.path = keep(request->path, &at);
    scan->request.query = keep(request->query, &at);
    scan->request.if_none_exist = (struct cg_span){NULL, 0};
    scan->grants.items = (const struct cg_smart_grant *)(const void *)scan->texts;
    scan->grants.count = grants->count;
    scan->grants.barred = grants->barred;
    scan->grants.scope = keep(grants->scope, &at);
    scan->verdict.reason = CG_REASON_FHIR_REQUEST_UNCLEAR;
    *ret_scan = scan;
    return CG_OK;
}

struct cg_gate_scan *cg_gate_scan_free(struct cg_gate_scan *scan)
{
    return cg_release(scan);
}

static void judge_form(struct cg_gate_scan *scan, struct cg_span body)
{
    struct cg_fhir_request request = scan->request;
    struct cg_fhir_needs needs;
    request.form = body;
    if (cg_fhir_request_read(&request, &needs) != CG_OK) {
        scan->verdict.reason = CG_REASON_FHIR_REQUEST_UNCLEAR;
        return;
    }
    scan->verdict.reason =
        cg_smart_grants_meet(&scan->grants, &request, &needs, &scan->verdict.lacking)
            ? CG_REASON_NONE
            : CG_REASON_SMART_SCOPE_INSUFFICIENT;
}

void cg_gate_scan_run(struct cg_gate_scan *scan, struct cg_span body)
{
    if (scan->body == CG_FHIR_BODY_FORM) {
        judge_form(scan, body);
    } else {
        cg_bundle_scan(body, &scan->grants, scan->request.rules, &scan->json, &scan->verdict);
    }
}

const struct cg_bundle_verdict *cg_gate_scan_verdict(const struct cg_gate_scan *scan)
{
    return &scan->verdict;
}
