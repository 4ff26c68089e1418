/* SPDX-License-Identifier: Apache-2.0 */
#include "feed/explain_smart.h"

#include "base/buf.h"
#include "base/span.h"
#include "base/status.h"
#include "gate/decide.h"
#include "gate/scan.h"
#include "gate/smart.h"

#include <stdio.h>

static enum cg_status find_grants(const struct cg_explain_smart *call, struct cg_arena *arena,
                                  struct cg_smart_grants *ret_grants)
{
    struct cg_span scope = call->token->scope;
    void *room = NULL;
    ret_grants->scope = scope;
    ret_grants->count = 0;
    CG_TRY(cg_arena_take_array(arena, cg_smart_grants_room(scope), sizeof(struct cg_smart_grant),
                               &room));
    ret_grants->items = room;
    if (call->api != NULL && cg_decide_is_for_one(call->api, call->token)) {
        ret_grants->count = cg_smart_grants_read(scope, call->api->scope, room);
    }
    return CG_OK;
}

/* "entry 3: this is needed: system/Patient.r" */
static enum cg_status write_detail(const struct cg_smart_judgement *judgement, size_t entry,
                                   struct cg_arena *arena, struct cg_span *ret_detail)
{
    struct cg_buf buf;
    char number[32];
    cg_buf_init_arena(&buf, arena, CG_LIMIT_SCOPE_BYTES);
    if (entry > 0) {
        (void)snprintf(number, sizeof(number), "entry %zu: ", entry);
        cg_buf_put_string(&buf, number);
    }
    if (judgement->reason == CG_REASON_SMART_SCOPE_INSUFFICIENT) {
        cg_buf_put_string(&buf, "this is needed: ");
        cg_smart_write_need(&judgement->lacking, &buf);
    } else {
        cg_buf_put_string(&buf, cg_reason_text(judgement->reason));
    }
    return cg_buf_finish(&buf, ret_detail);
}

/* Nobody knows the body of the call, nor what type it is of. */
static bool is_about_the_body(const struct cg_smart_judgement *judgement)
{
    return judgement->body != CG_FHIR_BODY_IGNORED ||
           judgement->reason == CG_REASON_BODY_TYPE_REFUSED;
}

/* What is asked about, in its turns: without its body, then with the body as each type that there
 * is, and, where that decides, scanned. */
struct asking {
    const struct cg_explain_smart *call;
    struct cg_gate_request request;
    struct cg_smart_grants grants;
    struct cg_smart_judgement judgement;
    size_t entry; /* of a Bundle, that was looked at last; 0: none */
};

static void judge(struct asking *asking)
{
    cg_smart_judge(asking->call->route, &asking->request, &asking->grants, &asking->judgement);
}

static enum cg_status scan_body(struct asking *asking)
{
    const struct cg_explain_smart *call = asking->call;
    struct cg_gate_scan *scan = NULL;
    asking->grants.barred = cg_decide_barred(call->route, call->api, call->token->scope);
    CG_TRY(cg_gate_scan_new(asking->judgement.body, &asking->judgement.request, &asking->grants,
                            &scan));
    cg_gate_scan_run(scan, call->body);
    asking->request.fhir.scan = scan;
    judge(asking);
    asking->entry = cg_gate_scan_verdict(scan)->entries;
    asking->request.fhir.scan = cg_gate_scan_free(scan);
    return CG_OK;
}

static enum cg_status judge_with_body(struct asking *asking)
{
    static const struct cg_span types[] = {CG_SPAN("application/fhir+json"),
                                           CG_SPAN("application/x-www-form-urlencoded")};
    judge(asking);
    if (asking->call->body.data == NULL) {
        return CG_OK;
    }
    asking->request.fhir.body_bytes = asking->call->body.len;
    asking->request.fhir.content_type_count = 1;
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]) &&
                       asking->judgement.reason == CG_REASON_BODY_TYPE_REFUSED;
         i++) {
        asking->request.fhir.content_type = types[i];
        judge(asking);
    }
    return asking->judgement.body != CG_FHIR_BODY_IGNORED ? scan_body(asking) : CG_OK;
}

enum cg_status cg_explain_smart(const struct cg_explain_smart *call, struct cg_arena *arena,
                                enum cg_reason *ret_reason, struct cg_span *ret_detail)
{
    size_t mark = cg_span_find(call->target, '?', 0);
    struct asking asking = {
        .call = call,
        .request = {.method = call->method,
                    .query = cg_span_part(call->target, mark + 1, call->target.len),
                    .fhir = {.uri = cg_span_part(call->target, 0, mark)}},
    };
    *ret_reason = CG_REASON_NONE;
    *ret_detail = CG_SPAN_OF("by what a request reaches: --path asks about one");
    if (call->target.data == NULL) {
        return CG_OK;
    }
    CG_TRY(find_grants(call, arena, &asking.grants));
    CG_TRY(judge_with_body(&asking));
    if (is_about_the_body(&asking.judgement)) {
        *ret_detail = CG_SPAN_OF("as far as its body says no more: --body asks about that, too");
        return CG_OK;
    }
    *ret_reason = asking.judgement.reason;
    *ret_detail = (struct cg_span){NULL, 0};
    return asking.judgement.reason == CG_REASON_NONE
               ? CG_OK
               : write_detail(&asking.judgement, asking.entry, arena, ret_detail);
}
