/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/smart.h"

#include "base/span.h"
#include "base/status.h"
#include "token/smart.h"

/*
 * nginx chose the location by its own reading of what was sent; the API behind gets that reading
 * again, or what was sent. Only where both are the same bytes is it certain what the API will read.
 */
static bool goes_on_as_read(const struct cg_gate_request *request)
{
    return request->path.data == NULL || (cg_span_equal(request->path, request->fhir.uri) &&
                                          cg_span_equal(request->sent_query, request->query));
}

/* The path below the base; the base without its last '/' is the base, too. */
static enum cg_status find_path(struct cg_span base, struct cg_span uri, struct cg_span *ret_path)
{
    if (cg_span_starts_with(uri, base)) {
        *ret_path = cg_span_part(uri, base.len, uri.len);
        return CG_OK;
    }
    if (uri.len + 1 == base.len && cg_span_starts_with(base, uri)) {
        *ret_path = (struct cg_span){NULL, 0};
        return CG_OK;
    }
    return CG_ERR_INPUT;
}

static enum cg_status read_request(const struct cg_gate_route *route,
                                   const struct cg_gate_request *request,
                                   struct cg_fhir_request *fhir, struct cg_fhir_needs *needs)
{
    *fhir = (struct cg_fhir_request){
        .method = request->method,
        .query = request->query,
        .if_none_exist = request->fhir.if_none_exist,
        .rules = route->operations,
    };
    if (!goes_on_as_read(request) || request->fhir.if_none_exist_count > 1) {
        return CG_ERR_INPUT;
    }
    CG_TRY(find_path(route->smart_base, request->fhir.uri, &fhir->path));
    return cg_fhir_request_read(fhir, needs);
}

enum cg_reason cg_smart_judge(const struct cg_gate_route *route,
                              const struct cg_gate_request *request,
                              const struct cg_smart_grants *grants,
                              struct cg_fhir_need *ret_lacking)
{
    struct cg_fhir_request fhir;
    struct cg_fhir_needs needs;
    if (request->fhir.is_overridden != 0) {
        return CG_REASON_FHIR_REQUEST_OVERRIDDEN;
    }
    if (read_request(route, request, &fhir, &needs) != CG_OK) {
        return CG_REASON_FHIR_REQUEST_UNCLEAR;
    }
    if (!cg_smart_grants_meet(grants, &fhir, &needs, ret_lacking)) {
        return CG_REASON_SMART_SCOPE_INSUFFICIENT;
    }
    /* What depends on a body that nobody reads cannot be decided. */
    return needs.body == CG_FHIR_BODY_BUNDLE || needs.body == CG_FHIR_BODY_FORM
               ? CG_REASON_FHIR_REQUEST_UNCLEAR
               : CG_REASON_NONE;
}

void cg_smart_write_need(const struct cg_fhir_need *need, struct cg_buf *buf)
{
    const struct cg_smart_scope scope = {
        .context = CG_SMART_SYSTEM,
        .type = need->type,
        .letters = need->letters,
    };
    cg_smart_write(&scope, buf);
}
