/* SPDX-License-Identifier: Apache-2.0 */
#include "oauth/meeting.h"

#include "base/span.h"
#include "base/status.h"
#include "oauth/narrowing.h"
#include "token/scope_limit.h"

static const struct cg_details everything = {.locations = {NULL, 0}};

/* An API whose agreements are narrowed in part only has an object for each: together they tell all
 * that is allowed. */
static bool is_narrowed(const struct cg_client_record *record, struct cg_span audience)
{
    for (size_t i = 0; record->is_narrowed && i < record->agreement_count; i++) {
        const struct cg_record_agreement *agreement = &record->agreements[i];
        if (cg_span_equal(agreement->audience, audience) && cg_narrowing_is(agreement)) {
            return true;
        }
    }
    return false;
}

enum cg_status cg_meeting_begin(struct cg_meeting *meeting, const struct cg_client_record *record,
                                const struct cg_access_token *held, struct cg_arena *arena)
{
    struct cg_buf buf;
    struct cg_span text;
    const char *wrong = NULL;
    cg_buf_init_arena(&buf, arena, CG_LIMIT_TOKEN_BYTES);
    cg_access_token_put_api_details(held, meeting->agreement->api, &buf);
    CG_TRY(cg_buf_finish(&buf, &text));
    meeting->held.count = 0;
    if (text.len > 0) {
        CG_TRY(cg_details_parse(text, arena, &wrong, &meeting->held));
    }
    meeting->is_narrow =
        text.len > 0 || meeting->asked != NULL || is_narrowed(record, meeting->agreement->audience);
    return CG_OK;
}

/* What is being written of one meeting. */
struct writing {
    const struct cg_meeting *meeting;
    const struct cg_scope *scope;
    struct cg_scope left;
    struct cg_arena *arena;
    struct cg_json_writer json;
    size_t count;
};

/* Of two lists what stands in both; an empty one stands for all. *any becomes false, and stays so,
 * where that is nothing. */
static enum cg_status meet(struct cg_arena *arena, struct cg_span a, struct cg_span *list,
                           bool *any)
{
    if (a.len == 0 || list->len == 0) {
        *list = a.len == 0 ? *list : a;
        return CG_OK;
    }
    struct cg_buf buf;
    struct cg_span word;
    cg_buf_init_arena(&buf, arena, CG_LIMIT_TOKEN_BYTES);
    while (cg_span_split(&a, ' ', &word)) {
        if (cg_scope_text_has(*list, word)) {
            cg_buf_put_string(&buf, buf.len > 0 ? " " : "");
            cg_buf_put(&buf, word);
        }
    }
    CG_TRY(cg_buf_finish(&buf, list));
    *any = *any && list->len > 0;
    return CG_OK;
}

static enum cg_status limit_actions(const struct cg_details *details, struct cg_arena *arena,
                                    struct cg_scope *scope)
{
    return details->actions.len == 0 ? CG_OK : cg_scope_limit(details->actions, arena, scope);
}

static enum cg_status find_actions(struct writing *writing, const struct cg_details *held,
                                   const struct cg_details *asked, struct cg_span *ret_actions)
{
    struct cg_buf buf;
    struct cg_scope scope = *writing->scope;
    CG_TRY(limit_actions(held, writing->arena, &scope));
    CG_TRY(limit_actions(asked, writing->arena, &scope));
    cg_buf_init_arena(&buf, writing->arena, CG_LIMIT_SCOPE_BYTES);
    cg_scope_write(&scope, &buf);
    return cg_buf_finish(&buf, ret_actions);
}

static enum cg_status write_object(struct writing *writing, const struct cg_details *held,
                                   const struct cg_details *asked)
{
    const struct cg_record_agreement *agreement = writing->meeting->agreement;
    struct cg_details object = {.locations = agreement->audience,
                                .document_types = agreement->document_types,
                                .organisations = agreement->organisations};
    bool any = true;
    CG_TRY(meet(writing->arena, held->document_types, &object.document_types, &any));
    CG_TRY(meet(writing->arena, asked->document_types, &object.document_types, &any));
    CG_TRY(meet(writing->arena, held->organisations, &object.organisations, &any));
    CG_TRY(meet(writing->arena, asked->organisations, &object.organisations, &any));
    CG_TRY(find_actions(writing, held, asked, &object.actions));
    if (!any || object.actions.len == 0) {
        return CG_OK;
    }
    struct cg_span rest = object.actions;
    struct cg_span scope;
    while (cg_span_split(&rest, ' ', &scope)) {
        CG_TRY(cg_scope_add(&writing->left, scope));
    }
    cg_details_write(&object, &writing->json);
    writing->count++;
    return CG_OK;
}

static enum cg_status write_held(struct writing *writing, const struct cg_details *held)
{
    const struct cg_meeting *meeting = writing->meeting;
    if (meeting->asked == NULL) {
        return write_object(writing, held, &everything);
    }
    for (size_t i = 0; i < meeting->asked->count; i++) {
        if (cg_narrowing_allows(meeting->agreement, &meeting->asked->items[i])) {
            CG_TRY(write_object(writing, held, &meeting->asked->items[i]));
        }
    }
    return CG_OK;
}

static enum cg_status write_objects(struct writing *writing)
{
    const struct cg_details_list *held = &writing->meeting->held;
    if (held->count == 0) {
        return write_held(writing, &everything);
    }
    for (size_t i = 0; i < held->count; i++) {
        CG_TRY(write_held(writing, &held->items[i]));
    }
    return CG_OK;
}

enum cg_status cg_meeting_limit(const struct cg_meeting *meeting, struct cg_arena *arena,
                                struct cg_scope *scope, struct cg_span *ret_objects, size_t *count)
{
    if (!meeting->is_narrow) {
        return CG_OK;
    }
    struct cg_buf buf;
    struct writing writing = {.meeting = meeting, .scope = scope, .arena = arena};
    cg_buf_init_arena(&buf, arena, CG_LIMIT_TOKEN_BYTES);
    cg_json_begin(&writing.json, &buf);
    CG_TRY(write_objects(&writing));
    CG_TRY(cg_buf_finish(&buf, ret_objects));
    *scope = writing.left;
    *count += writing.count;
    return CG_OK;
}
