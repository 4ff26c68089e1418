/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/key_care.h"

#include "base/limits.h"
#include "base/span.h"
#include "base/status.h"
#include "registry/key_schedule.h"

#include <string.h>

#define LOOK_EVERY_S 60
#define CARE_BYTES 1048576 /* of one realm */
#define REALMS_MAX 64      /* at one look, up to the first change */

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

/* One realm that is looked at. */
struct look {
    struct cg_issuer_slot *slot;
    struct cg_span path;
    int64_t now_s;
    struct cg_arena *arena;
};

static enum cg_status is_announcement_due(const struct look *look)
{
    struct cg_realm realm;
    return cg_key_schedule_due(look->slot->registry, look->path, look->now_s, look->arena, &realm);
}

static enum cg_status announce(const struct look *look, struct cg_audit_event *ret_event)
{
    struct cg_issuer_slot *slot = look->slot;
    struct cg_realm realm;
    struct cg_signing_key key;
    int64_t until_s = 0;
    CG_TRY(cg_key_schedule_due(slot->registry, look->path, look->now_s, look->arena, &realm));
    CG_TRY(cg_signing_key_current(slot->registry, look->path, look->now_s, look->arena, &key,
                                  &until_s));
    struct cg_signing_key_order order = {
        .realm = realm.path,
        .alg = realm.alg,
        .start = CG_KEY_START_NEXT,
        .master_key = slot->master_key,
        .random = &slot->random,
        .now_s = look->now_s,
        .make_there = true,
        .pkcs11 = slot->pkcs11,
    };
    CG_TRY(cg_key_schedule_place(&key, look->arena, &order.reference));
    *ret_event = event_of(slot, CG_AUDIT_KEY_CREATED, look->now_s);
    ret_event->realm = realm.path;
    return cg_signing_key_create(slot->registry, &order, look->arena, NULL, &ret_event->detail);
}

static enum cg_status is_key_over(const struct look *look)
{
    struct cg_signing_key key;
    return cg_key_schedule_over(look->slot->registry, look->path, look->now_s, look->arena, &key);
}

static enum cg_status forget(const struct look *look, struct cg_audit_event *ret_event)
{
    struct cg_issuer_slot *slot = look->slot;
    struct cg_signing_key key;
    CG_TRY(cg_key_schedule_over(slot->registry, look->path, look->now_s, look->arena, &key));
    *ret_event = event_of(slot, CG_AUDIT_KEY_DELETED, look->now_s);
    ret_event->realm = key.realm;
    ret_event->detail = key.kid;
    return cg_key_schedule_forget(slot->registry, &key);
}

/* Not without the module: it may be gone for good, and the key in it. */
static enum cg_status is_there_debris(const struct look *look)
{
    struct cg_key_debris debris;
    if (look->slot->pkcs11 == NULL) {
        return CG_ERR_NOT_FOUND;
    }
    return cg_key_schedule_debris(look->slot->registry, look->path, look->arena, &debris);
}

static enum cg_status clear(const struct look *look, struct cg_audit_event *ret_event)
{
    struct cg_issuer_slot *slot = look->slot;
    struct cg_key_debris debris;
    CG_TRY(cg_key_schedule_debris(slot->registry, look->path, look->arena, &debris));
    *ret_event = event_of(slot, CG_AUDIT_KEY_DESTROYED, look->now_s);
    ret_event->realm = look->path;
    ret_event->detail = debris.kid;
    return cg_key_schedule_clear(slot->registry, &debris, slot->pkcs11, look->arena);
}

static void unmake(const struct look *look, const struct cg_audit_event *event)
{
    cg_key_schedule_unmake(look->slot->registry, event->detail, look->slot->pkcs11, look->arena);
}

/* `is_due` looks without a lock: nearly always there is nothing to do. `change` looks again, inside
 * a transaction, where nobody else changes a key. CG_ERR_NOT_FOUND when nothing is due. `undo`, if
 * any, is for what a rollback does not undo. */
struct care {
    enum cg_status (*is_due)(const struct look *look);
    enum cg_status (*change)(const struct look *look, struct cg_audit_event *ret_event);
    void (*undo)(const struct look *look, const struct cg_audit_event *event);
};

static const struct care cares[] = {{is_announcement_due, announce, unmake},
                                    {is_key_over, forget, NULL},
                                    {is_there_debris, clear, NULL}};

/* The registry is held meanwhile: whoever keeps the audit is not to keep that, too. */
static enum cg_status note_in_time(struct cg_issuer_slot *slot, const struct cg_audit_event *event)
{
    struct cg_store *audit = cg_journal_store(slot->journal);
    cg_store_set_patience(audit, CG_LIMIT_REGISTRY_WAIT_MS);
    enum cg_status status = note(slot, event);
    cg_store_set_patience(audit, CG_STORE_WAIT_FOR_EVER);
    return status;
}

/* As by the command line: on record before it is committed, and void if that fails. */
static enum cg_status change(const struct look *look, const struct care *care)
{
    struct cg_issuer_slot *slot = look->slot;
    struct cg_audit_event event;
    CG_TRY(cg_store_begin(slot->registry));
    enum cg_status status = care->change(look, &event);
    if (status == CG_OK) {
        status = note_in_time(slot, &event);
        if (status != CG_OK && care->undo != NULL) {
            care->undo(look, &event);
        }
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

/* CG_ERR_NOT_FOUND when there was nothing to do. Somebody else may have been first. */
static enum cg_status care_for(const struct look *look)
{
    enum cg_status outcome = CG_ERR_NOT_FOUND;
    for (size_t i = 0; i < sizeof(cares) / sizeof(cares[0]); i++) {
        enum cg_status status = cares[i].is_due(look);
        if (status == CG_OK) {
            status = change(look, &cares[i]);
        }
        if (status != CG_ERR_NOT_FOUND && status != CG_ERR_CONFLICT) {
            outcome = outcome == CG_OK || outcome == CG_ERR_NOT_FOUND ? status : outcome;
        }
    }
    return outcome;
}

static enum cg_status begin_round(struct cg_issuer_slot *slot, int64_t now_s)
{
    struct cg_key_round *round = &slot->key_round;
    struct cg_registry_version version;
    if (round->is_begun) {
        return CG_OK;
    }
    CG_TRY(cg_registry_version_read(slot->registry, &version));
    if (now_s < round->due_s && version.registry == round->version) {
        return CG_OK;
    }
    *round = (struct cg_key_round){
        .is_begun = true, .due_s = now_s + LOOK_EVERY_S, .version = version.registry};
    return CG_OK;
}

/* The place is kept before anything is done there: a realm that fails keeps none behind it from
 * their turn, and has its own again in the next round. */
static enum cg_status step(struct cg_key_round *round, struct look *look)
{
    struct cg_span after = cg_span_of_bytes(round->after, round->after_len);
    cg_arena_clear(look->arena);
    enum cg_status status =
        cg_key_schedule_next_realm(look->slot->registry, after, look->arena, &look->path);
    if (status == CG_OK && look->path.len > sizeof(round->after)) {
        status = CG_ERR_INTERNAL;
    }
    if (status != CG_OK) {
        round->is_begun = false;
        return status == CG_ERR_NOT_FOUND ? CG_OK : status;
    }
    memcpy(round->after, look->path.data, look->path.len);
    round->after_len = look->path.len;
    return care_for(look);
}

enum cg_status cg_key_care(struct cg_issuer_slot *slot, int64_t now_s)
{
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = NULL;
    struct cg_key_round *round = &slot->key_round;
    enum cg_status status = CG_ERR_NOT_FOUND;
    CG_TRY(begin_round(slot, now_s));
    if (!round->is_begun) {
        return CG_OK;
    }
    CG_TRY(cg_arena_new(CARE_BYTES, &arena));
    struct look look = {.slot = slot, .now_s = now_s, .arena = arena};
    for (int i = 0; i < REALMS_MAX && status == CG_ERR_NOT_FOUND; i++) {
        status = step(round, &look);
    }
    /* `caregate check` tells of a realm whose key is past its life. */
    return status == CG_ERR_STORE ? status : CG_OK;
}
