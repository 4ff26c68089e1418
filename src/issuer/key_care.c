/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/key_care.h"

#include "base/limits.h"
#include "base/span.h"
#include "base/status.h"
#include "registry/key_schedule.h"

#define LOOK_EVERY_S 60
#define CARE_BYTES 1048576
#define CHANGES_MAX 64 /* at one look */

static enum cg_status note(struct cg_issuer_slot *slot, const struct cg_audit_event *event)
{
    const struct cg_audit_event *events[] = {event};
    return cg_journal_append(slot->journal, events, 1);
}

static struct cg_audit_event event_of(const struct cg_issuer_slot *slot, enum cg_audit_kind kind,
                                      int64_t now_s)
{
    return (struct cg_audit_event){
        .kind = kind, .time_s = now_s, .count = 1, .actor = slot->writer};
}

/* Inside a transaction, where nobody else changes a key: what is due is looked for again. */
static enum cg_status announce(struct cg_issuer_slot *slot, int64_t now_s, struct cg_arena *arena,
                               struct cg_audit_event *ret_event)
{
    struct cg_realm realm;
    CG_TRY(cg_key_schedule_due(slot->registry, now_s, arena, &realm));
    struct cg_signing_key_order order = {
        .realm = realm.path,
        .alg = realm.alg,
        .start = CG_KEY_START_NEXT,
        .master_key = slot->master_key,
        .random = &slot->random,
        .now_s = now_s,
    };
    *ret_event = event_of(slot, CG_AUDIT_KEY_CREATED, now_s);
    ret_event->realm = realm.path;
    return cg_signing_key_create(slot->registry, &order, arena, NULL, &ret_event->detail);
}

static enum cg_status forget(struct cg_issuer_slot *slot, int64_t now_s, struct cg_arena *arena,
                             struct cg_audit_event *ret_event)
{
    struct cg_signing_key key;
    CG_TRY(cg_key_schedule_over(slot->registry, now_s, arena, &key));
    *ret_event = event_of(slot, CG_AUDIT_KEY_DELETED, now_s);
    ret_event->realm = key.realm;
    ret_event->detail = key.kid;
    return cg_key_schedule_forget(slot->registry, &key);
}

typedef enum cg_status (*care_function)(struct cg_issuer_slot *slot, int64_t now_s,
                                        struct cg_arena *arena, struct cg_audit_event *ret_event);

/* As by the command line: on record before it is committed, and void if that fails. */
static enum cg_status change(struct cg_issuer_slot *slot, care_function care, int64_t now_s,
                             struct cg_arena *arena)
{
    struct cg_audit_event event;
    CG_TRY(cg_store_begin(slot->registry));
    enum cg_status status = care(slot, now_s, arena, &event);
    if (status == CG_OK) {
        status = note(slot, &event);
    }
    if (status != CG_OK) {
        cg_store_rollback(slot->registry);
        return status;
    }
    status = cg_store_commit(slot->registry);
    if (status != CG_OK) {
        event.kind = CG_AUDIT_CHANGE_FAILED;
        event.reason = CG_REASON_STORE_UNAVAILABLE;
        event.detail = CG_SPAN_OF("the change recorded before this was not committed");
        CG_TRY(note(slot, &event));
    }
    return status;
}

/* Without a lock: nearly always there is nothing to do. */
static enum cg_status is_due(struct cg_issuer_slot *slot, int64_t now_s, struct cg_arena *arena,
                             care_function *ret_care)
{
    struct cg_realm realm;
    struct cg_signing_key key;
    enum cg_status status = cg_key_schedule_due(slot->registry, now_s, arena, &realm);
    if (status == CG_ERR_NOT_FOUND) {
        *ret_care = forget;
        return cg_key_schedule_over(slot->registry, now_s, arena, &key);
    }
    *ret_care = announce;
    return status;
}

static enum cg_status care_once(struct cg_issuer_slot *slot, int64_t now_s)
{
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = NULL;
    care_function care = NULL;
    CG_TRY(cg_arena_new(CARE_BYTES, &arena));
    CG_TRY(is_due(slot, now_s, arena, &care));
    return change(slot, care, now_s, arena);
}

enum cg_status cg_key_care(struct cg_issuer_slot *slot, int64_t now_s)
{
    struct cg_registry_version version;
    CG_TRY(cg_registry_version_read(slot->registry, &version));
    if (now_s < slot->key_care_due_s && version.registry == slot->key_care_version) {
        return CG_OK;
    }
    enum cg_status status = CG_OK;
    for (int i = 0; i < CHANGES_MAX && status == CG_OK; i++) {
        status = care_once(slot, now_s);
    }
    /* Somebody else was first, or there is no more to do. */
    if (status != CG_OK && status != CG_ERR_NOT_FOUND && status != CG_ERR_CONFLICT) {
        return status;
    }
    slot->key_care_due_s = now_s + LOOK_EVERY_S;
    slot->key_care_version = version.registry;
    return CG_OK;
}
