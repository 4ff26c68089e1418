/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/change.h"

#include "base/span.h"
#include "cli/owner.h"

#include <string.h>
#include <unistd.h>

#define EVENTS_AT_FIRST 16

struct cg_change {
    struct cg_context *context;
    struct cg_store *registry;
    struct cg_journal *journal;
    struct cg_span realm;
    struct cg_span actor;
    struct cg_span entered_by;      /* with --by: whose fingers it were */
    struct cg_audit_event **events; /* each where it was made: the caller holds it */
    size_t event_count;
    size_t event_room;
};

static enum cg_status name_actor(struct cg_change *change)
{
    struct cg_context *context = change->context;
    const char *user = NULL;
    const char *text = NULL;
    CG_TRY(cg_owner_name(context, getuid(), &user));
    if (context->by.data == NULL) {
        CG_TRY(cg_context_print(context, &text, "operator:%s", user));
        change->actor = cg_span_of_string(text);
        return CG_OK;
    }
    CG_TRY(cg_context_print(context, &text, "operator:%.*s", CG_SPAN_ARGS(context->by)));
    change->actor = cg_span_of_string(text);
    CG_TRY(cg_context_print(context, &text, "entered by %s", user));
    change->entered_by = cg_span_of_string(text);
    return CG_OK;
}

static enum cg_status open_both(struct cg_change *change, unsigned flags)
{
    struct cg_context *context = change->context;
    struct cg_store *audit = NULL;
    unsigned store_flags = (flags & CG_CHANGE_CREATE) != 0 ? CG_STORE_CREATE : CG_STORE_OPEN;
    CG_TRY(cg_context_open_store(context, CG_STORE_REGISTRY, store_flags, &change->registry));
    CG_TRY(cg_context_open_store(context, CG_STORE_AUDIT, store_flags, &audit));
    return cg_journal_new(audit, CG_SPAN_OF(CG_CHANGE_WRITER), &change->journal);
}

enum cg_status cg_change_begin_with(struct cg_context *context, unsigned flags,
                                    struct cg_change **ret_change)
{
    CG_CLEANUP(cg_change_free_at) struct cg_change *change = NULL;
    CG_TRY(cg_arena_take(context->arena, sizeof(*change), (void **)&change));
    change->context = context;
    CG_TRY(name_actor(change));
    CG_TRY(open_both(change, flags));
    CG_TRY(cg_store_begin(change->registry));
    if ((flags & CG_CHANGE_NO_REALM) == 0) {
        CG_TRY(cg_context_realm(context, change->registry, &change->realm));
    }
    *ret_change = CG_STEAL(change);
    return CG_OK;
}

enum cg_status cg_change_begin(struct cg_context *context, struct cg_change **ret_change)
{
    return cg_change_begin_with(context, CG_CHANGE_PLAIN, ret_change);
}

struct cg_store *cg_change_store(struct cg_change *change)
{
    return change->registry;
}

struct cg_journal *cg_change_journal(struct cg_change *change)
{
    return change->journal;
}

struct cg_span cg_change_realm(const struct cg_change *change)
{
    return change->realm;
}

static enum cg_status make_room(struct cg_change *change)
{
    size_t room = change->event_room > 0 ? 2 * change->event_room : EVENTS_AT_FIRST;
    void *events = NULL;
    if (change->event_count < change->event_room) {
        return CG_OK;
    }
    CG_TRY(cg_arena_take_array(change->context->arena, room, sizeof(struct cg_audit_event *),
                               &events));
    if (change->event_count > 0) {
        memcpy(events, change->events, change->event_count * sizeof(struct cg_audit_event *));
    }
    change->events = events;
    change->event_room = room;
    return CG_OK;
}

enum cg_status cg_change_note(struct cg_change *change, enum cg_audit_kind kind,
                              struct cg_audit_event **ret_event)
{
    struct cg_audit_event *event = NULL;
    CG_TRY(make_room(change));
    CG_TRY(cg_arena_take(change->context->arena, sizeof(*event), (void **)&event));
    change->events[change->event_count++] = event;
    *event = (struct cg_audit_event){
        .kind = kind,
        .time_s = change->context->now_s,
        .count = 1,
        .actor = change->actor,
        .realm = change->realm,
        .detail = change->entered_by,
    };
    *ret_event = event;
    return CG_OK;
}

/* The events are on disk and cannot be taken back: say that what they tell did not happen. */
static void note_failure(struct cg_change *change)
{
    struct cg_audit_event failure = *change->events[0];
    const struct cg_audit_event *one[] = {&failure};
    failure.kind = CG_AUDIT_CHANGE_FAILED;
    failure.reason = CG_REASON_STORE_UNAVAILABLE;
    failure.detail = CG_SPAN_OF("the change recorded before this was not committed");
    if (cg_journal_append(change->journal, one, 1) != CG_OK) {
        cg_say(change->context,
               "warning: the audit tells a change that did not happen, and could not be corrected");
    }
}

enum cg_status cg_change_commit(struct cg_change *change)
{
    const struct cg_audit_event *const *events =
        (const struct cg_audit_event *const *)change->events;
    struct cg_context *context = change->context;
    if (change->event_count == 0) {
        return CG_ERR_INTERNAL;
    }
    if (cg_journal_append(change->journal, events, change->event_count) != CG_OK) {
        return cg_complain(context, CG_ERR_STORE,
                           "the audit could not be written (%s), so nothing was changed",
                           cg_store_message(cg_journal_store(change->journal)));
    }
    if (cg_store_commit(change->registry) != CG_OK) {
        note_failure(change);
        return cg_complain(context, CG_ERR_STORE, "the registry could not be written: %s",
                           cg_store_message(change->registry));
    }
    return CG_OK;
}

struct cg_change *cg_change_free(struct cg_change *change)
{
    if (change != NULL) {
        if (change->registry != NULL) {
            cg_store_rollback(change->registry);
        }
        change->registry = cg_store_free(change->registry);
        change->journal = cg_journal_free(change->journal);
    }
    return NULL;
}
