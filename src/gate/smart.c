/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/smart.h"

#include "base/span.h"
#include "base/status.h"
#include "codec/form.h"
#include "gate/scan.h"
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

/* https://hl7.org/fhir/R4/provenance.html, "Provenance HTTP Header": the API behind may create the
 * resource that a header X-Provenance holds, besides what the request does. */
static bool headers_are_met(const struct cg_gate_request *request,
                            const struct cg_smart_grants *grants,
                            struct cg_smart_judgement *judgement)
{
    static const struct cg_fhir_needs provenance = {
        .items = {{.type = CG_SPAN("Provenance"), .letters = CG_SMART_CREATE}},
        .count = 1,
    };
    return request->fhir.has_provenance == 0 ||
           cg_smart_grants_meet(grants, &judgement->request, &provenance, &judgement->lacking);
}

/* R4 http §3.1.0.1.10: what a Bundle's media type may be; XML has more than one reading. */
static bool is_readable(const struct cg_gate_fhir_request *request, enum cg_fhir_body body)
{
    if (request->content_type_count != 1 || request->is_encoded != 0) {
        return false;
    }
    return body == CG_FHIR_BODY_FORM
               ? cg_form_is_content_type(request->content_type)
               : cg_form_media_type_is(request->content_type,
                                       CG_SPAN_OF("application/fhir+json")) ||
                     cg_form_media_type_is(request->content_type, CG_SPAN_OF("application/json"));
}

static bool has_body(enum cg_method method)
{
    return method == CG_METHOD_POST || method == CG_METHOD_PUT || method == CG_METHOD_PATCH;
}

/*
 * Frameworks take parameters from a form as from the query, and a method from its "_method"; a form
 * is the body of no interaction but a search. Their readings of the header differ, so that the type
 * is looked for anywhere in it.
 */
static bool may_be_form(const struct cg_gate_fhir_request *request)
{
    static const struct cg_span types[] = {CG_SPAN("x-www-form-urlencoded"), CG_SPAN("multipart/")};
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        for (size_t at = 0; at + types[i].len <= request->content_type.len; at++) {
            if (cg_span_equal_nocase(cg_span_part(request->content_type, at, types[i].len),
                                     types[i])) {
                return true;
            }
        }
    }
    return request->content_type_count > 1;
}

/* What the body has to say. Of a search by POST nothing is known before: a parameter that a scope
 * with a query wants may be in its form. */
static enum cg_reason judge_body(const struct cg_gate_route *route,
                                 const struct cg_gate_request *request, enum cg_fhir_body body,
                                 struct cg_smart_judgement *judgement)
{
    if (request->fhir.is_body_elsewhere != 0) {
        return CG_REASON_FHIR_REQUEST_UNCLEAR;
    }
    if (!is_readable(&request->fhir, body)) {
        return CG_REASON_BODY_TYPE_REFUSED;
    }
    if (request->fhir.body_bytes > route->body_max_bytes) {
        return CG_REASON_BUNDLE_TOO_LARGE;
    }
    if (request->fhir.scan == NULL) {
        judgement->body = body;
        return CG_REASON_NONE;
    }
    const struct cg_bundle_verdict *verdict = cg_gate_scan_verdict(request->fhir.scan);
    judgement->lacking = verdict->lacking;
    judgement->barred = verdict->barred;
    return verdict->reason;
}

static enum cg_reason judge(const struct cg_gate_route *route,
                            const struct cg_gate_request *request,
                            const struct cg_smart_grants *grants,
                            struct cg_smart_judgement *judgement)
{
    struct cg_fhir_needs needs;
    if (request->fhir.is_overridden != 0) {
        return CG_REASON_FHIR_REQUEST_OVERRIDDEN;
    }
    if (read_request(route, request, &judgement->request, &needs) != CG_OK) {
        return CG_REASON_FHIR_REQUEST_UNCLEAR;
    }
    if (!headers_are_met(request, grants, judgement)) {
        return CG_REASON_SMART_SCOPE_INSUFFICIENT;
    }
    if (needs.body == CG_FHIR_BODY_BUNDLE || needs.body == CG_FHIR_BODY_FORM) {
        return judge_body(route, request, needs.body, judgement);
    }
    if (has_body(request->method) && may_be_form(&request->fhir)) {
        return CG_REASON_BODY_TYPE_REFUSED;
    }
    return cg_smart_grants_meet(grants, &judgement->request, &needs, &judgement->lacking)
               ? CG_REASON_NONE
               : CG_REASON_SMART_SCOPE_INSUFFICIENT;
}

void cg_smart_judge(const struct cg_gate_route *route, const struct cg_gate_request *request,
                    const struct cg_smart_grants *grants, struct cg_smart_judgement *ret_judgement)
{
    ret_judgement->body = CG_FHIR_BODY_IGNORED;
    ret_judgement->reason = judge(route, request, grants, ret_judgement);
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
