/* SPDX-License-Identifier: Apache-2.0 */
/* What is done beside answering requests: coalesced writes, summaries, checkpoints, reports of
 * others. */
#include "audit/checkpoint.h"
#include "audit/single_use.h"
#include "base/limits.h"
#include "base/span.h"
#include "base/status.h"
#include "issuer/key_care.h"
#include "issuer/refuse.h"
#include "issuer/slot.h"
#include "registry/denial.h"
#include "registry/signing_key.h"

#include <caregate/issuer.h>

#define CHECKPOINT_EVERY_S 60
#define FORGET_EVERY_S 60
#define KEY_BYTES 65536

static enum cg_status open_both(struct cg_issuer_slot *slot, int64_t now_s)
{
    CG_TRY(cg_slot_open(slot, now_s));
    return cg_slot_open_audit(slot);
}

static enum cg_status append_one(struct cg_issuer_slot *slot, const struct cg_audit_event *event)
{
    const struct cg_audit_event *events[] = {event};
    return cg_journal_append(slot->journal, events, 1);
}

static enum cg_audit_kind kind_of(enum cg_reason reason)
{
    return reason == CG_REASON_LINK_UNUSABLE ? CG_AUDIT_SECRET_LINK_REFUSED
                                             : CG_AUDIT_TOKEN_REFUSED;
}

/* A summary that cannot be written now is lost to the tally: it is small, and the store is away. */
enum cg_status cg_issuer_write_summaries(struct cg_issuer_slot *slot, int64_t now_s)
{
    struct cg_tally_sum sum;
    while (cg_tally_drain(slot->refusals, now_s, &sum)) {
        struct cg_audit_event event = {.kind = kind_of(sum.reason),
                                       .reason = sum.reason,
                                       .time_s = sum.since_s,
                                       .count = sum.count,
                                       .address = sum.address};
        CG_TRY(append_one(slot, &event));
    }
    return CG_OK;
}

static enum cg_status load_audit_signer(struct cg_issuer_slot *slot, int64_t now_s)
{
    if (slot->audit_signer != NULL) {
        return CG_OK;
    }
    slot->audit_arena = cg_arena_free(slot->audit_arena);
    CG_TRY(cg_arena_new(KEY_BYTES, &slot->audit_arena));
    struct cg_signing_key stored;
    int64_t until_s = 0;
    CG_TRY(cg_signing_key_current(slot->registry, CG_SPAN_OF(CG_AUDIT_KEY_REALM), now_s,
                                  slot->audit_arena, &stored, &until_s));
    CG_CLEANUP(cg_key_free_at) struct cg_key *key = NULL;
    CG_TRY(cg_signing_key_unseal(&stored, slot->master_key, &key));
    CG_TRY(cg_signer_new(key, &slot->audit_signer));
    slot->audit_kid = stored.kid;
    return CG_OK;
}

static enum cg_status checkpoint(struct cg_issuer_slot *slot, int64_t now_s)
{
    if (now_s < slot->checkpoint_due_s) {
        return CG_OK;
    }
    CG_TRY(load_audit_signer(slot, now_s));
    CG_TRY(cg_audit_checkpoint(slot->journal, slot->audit_signer, slot->audit_kid, now_s,
                               CHECKPOINT_EVERY_S, NULL));
    slot->checkpoint_due_s = now_s + CHECKPOINT_EVERY_S;
    return CG_OK;
}

static enum cg_status forget_denials(struct cg_store *registry, int64_t now_s)
{
    CG_TRY(cg_store_begin(registry));
    enum cg_status status = cg_denial_sweep(registry, now_s);
    if (status != CG_OK) {
        cg_store_rollback(registry);
        return status;
    }
    return cg_store_commit(registry);
}

/* Clients add to both tables, each row for some minutes. */
static enum cg_status forget(struct cg_issuer_slot *slot, int64_t now_s)
{
    if (now_s < slot->forget_due_s) {
        return CG_OK;
    }
    CG_TRY(cg_single_use_forget(cg_journal_store(slot->journal), now_s));
    CG_TRY(forget_denials(slot->registry, now_s));
    slot->forget_due_s = now_s + FORGET_EVERY_S;
    return CG_OK;
}

/* Another writer keeps the registry: what is due there stays due. */
static enum cg_status unless_kept(enum cg_status status)
{
    return status == CG_ERR_LIMIT ? CG_OK : status;
}

static enum cg_status keep_up(struct cg_issuer_slot *slot, int64_t now_s)
{
    CG_TRY(cg_issuer_write_summaries(slot, now_s));
    CG_TRY(
        unless_kept(cg_use_notes_flush(slot->uses, slot->registry, now_s, CG_USE_NOTES_WHEN_DUE)));
    CG_TRY(checkpoint(slot, now_s));
    CG_TRY(unless_kept(forget(slot, now_s)));
    CG_TRY(cg_store_maintain(slot->registry));
    CG_TRY(cg_journal_maintain(slot->journal));
    return cg_key_care(slot, now_s);
}

enum cg_status cg_issuer_upkeep(struct cg_issuer_slot *slot, int64_t now_s)
{
    enum cg_status status = open_both(slot, now_s);
    if (status == CG_OK) {
        status = keep_up(slot, now_s);
    }
    if (status == CG_ERR_STORE) {
        cg_slot_close(slot);
    }
    return status == CG_OK ? CG_OK : CG_ERR_STORE;
}

static struct cg_audit_event event_of(const struct cg_refusal *refusal)
{
    return (struct cg_audit_event){.kind = CG_AUDIT_ACCESS_REFUSED,
                                   .reason = refusal->reason,
                                   .time_s = refusal->time_s,
                                   .count = refusal->count,
                                   .actor = CG_SPAN_OF("gate"),
                                   .realm = refusal->realm,
                                   .client_id = refusal->client_id,
                                   .organisation = refusal->organisation,
                                   .api = refusal->api,
                                   .token_id = refusal->token_id,
                                   .request_id = refusal->request_id,
                                   .address = refusal->address};
}

static enum cg_status append_refusals(struct cg_issuer_slot *slot,
                                      const struct cg_refusal *refusals, size_t count)
{
    struct cg_audit_event events[CG_LIMIT_BATCH_EXCHANGES];
    const struct cg_audit_event *pointers[CG_LIMIT_BATCH_EXCHANGES];
    for (size_t i = 0; i < count; i++) {
        events[i] = event_of(&refusals[i]);
        pointers[i] = &events[i];
    }
    return cg_journal_append(slot->journal, pointers, count);
}

enum cg_status cg_issuer_report_refusals(struct cg_issuer_slot *slot,
                                         const struct cg_refusal *refusals, size_t count)
{
    for (size_t done = 0; done < count;) {
        size_t part =
            count - done < CG_LIMIT_BATCH_EXCHANGES ? count - done : CG_LIMIT_BATCH_EXCHANGES;
        if (open_both(slot, refusals[done].time_s) != CG_OK ||
            append_refusals(slot, refusals + done, part) != CG_OK) {
            cg_slot_close(slot);
            return CG_ERR_STORE;
        }
        done += part;
    }
    return CG_OK;
}

enum cg_status cg_issuer_report_start(struct cg_issuer_slot *slot, int64_t now_s)
{
    struct cg_audit_event event = {
        .kind = CG_AUDIT_PROCESS_STARTED, .time_s = now_s, .count = 1, .actor = slot->writer};
    if (open_both(slot, now_s) != CG_OK || append_one(slot, &event) != CG_OK) {
        cg_slot_close(slot);
        return CG_ERR_STORE;
    }
    return CG_OK;
}
