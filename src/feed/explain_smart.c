/* SPDX-License-Identifier: Apache-2.0 */
#include "feed/explain_smart.h"

#include "base/buf.h"
#include "base/span.h"
#include "base/status.h"
#include "gate/decide.h"
#include "gate/smart.h"

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

static enum cg_status write_lacking(const struct cg_fhir_need *lacking, struct cg_arena *arena,
                                    struct cg_span *ret_detail)
{
    struct cg_buf buf;
    cg_buf_init_arena(&buf, arena, CG_LIMIT_SCOPE_BYTES);
    cg_buf_put_string(&buf, "this is needed: ");
    cg_smart_write_need(lacking, &buf);
    return cg_buf_finish(&buf, ret_detail);
}

/* Nobody knows the body of the call, nor what type it is of. */
static bool is_about_the_body(const struct cg_smart_judgement *judgement)
{
    return judgement->body != CG_FHIR_BODY_IGNORED ||
           judgement->reason == CG_REASON_BODY_TYPE_REFUSED;
}

enum cg_status cg_explain_smart(const struct cg_explain_smart *call, struct cg_arena *arena,
                                enum cg_reason *ret_reason, struct cg_span *ret_detail)
{
    struct cg_smart_judgement judgement;
    struct cg_smart_grants grants;
    size_t mark = cg_span_find(call->target, '?', 0);
    const struct cg_gate_request request = {
        .method = call->method,
        .query = cg_span_part(call->target, mark + 1, call->target.len),
        .fhir = {.uri = cg_span_part(call->target, 0, mark)},
    };
    *ret_reason = CG_REASON_NONE;
    *ret_detail = CG_SPAN_OF("by what a request reaches: --path asks about one");
    if (call->target.data == NULL) {
        return CG_OK;
    }
    CG_TRY(find_grants(call, arena, &grants));
    cg_smart_judge(call->route, &request, &grants, &judgement);
    if (is_about_the_body(&judgement)) {
        *ret_detail = CG_SPAN_OF("as far as its body says no more");
        return CG_OK;
    }
    *ret_reason = judgement.reason;
    *ret_detail = judgement.reason == CG_REASON_NONE
                      ? (struct cg_span){NULL, 0}
                      : cg_span_of_string(cg_reason_text(judgement.reason));
    return judgement.reason == CG_REASON_SMART_SCOPE_INSUFFICIENT
               ? write_lacking(&judgement.lacking, arena, ret_detail)
               : CG_OK;
}
