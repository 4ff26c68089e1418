/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/report.h"

#include "audit/checkpoints.h"
#include "base/limits.h"
#include "base/span.h"
#include "base/status.h"

#include <string.h>

/* Records of one transaction: writers wait that long, some tens of milliseconds. */
#define STEP_RECORDS 10000

struct pruning {
    struct cg_journal *journal;
    struct cg_store *store;
    const struct cg_audit_seal *seal;
    const struct cg_audit_event *event;
    struct cg_audit_payload target; /* the checkpoint to end at */
    struct cg_arena *arena;         /* cleared for each step */
    struct cg_audit_marks first;    /* of this step */
    int64_t room;                   /* records that this step may still remove */
    int64_t step_removed;
    bool announced; /* the event is written */
    bool done;
};

enum cg_status cg_audit_prune_target(struct cg_store *store, int64_t before_s,
                                     struct cg_arena *arena, struct cg_audit_payload *ret_target)
{
    struct cg_statement *statement = NULL;
    CG_TRY(cg_store_start(store, CG_SQL_AUDIT_CHECKPOINT_BEFORE, &statement));
    cg_bind_number(statement, "before_s", before_s);
    bool row = false;
    CG_TRY(cg_store_step(statement, &row));
    if (!row) {
        return CG_ERR_NOT_FOUND;
    }
    enum cg_status status = cg_audit_payload_read(cg_column_text(statement, 1), arena, ret_target);
    cg_store_reset(statement);
    return status == CG_ERR_INPUT ? CG_ERR_STORE : status;
}

static enum cg_status stored_hash(struct pruning *pruning, struct cg_span writer,
                                  struct cg_audit_head *head)
{
    struct cg_statement *statement = NULL;
    CG_TRY(cg_store_start(pruning->store, CG_SQL_AUDIT_RECORD_HASH, &statement));
    cg_bind_text(statement, "writer", writer);
    cg_bind_number(statement, "number", head->number);
    bool row = false;
    CG_TRY(cg_store_step(statement, &row));
    struct cg_span hash = row ? cg_column_blob(statement, 0) : (struct cg_span){0};
    enum cg_status status = CG_ERR_CONFLICT;
    if (hash.len == sizeof(head->hash)) {
        memcpy(head->hash, hash.data, hash.len);
        status = CG_OK;
    }
    cg_store_reset(statement);
    return status;
}

/* Removes the records from the first to `last`, which become exactly as many fewer. */
static enum cg_status remove_up_to(struct pruning *pruning, struct cg_span writer, int64_t base,
                                   const struct cg_audit_head *last)
{
    struct cg_statement *statement = NULL;
    CG_TRY(cg_store_start(pruning->store, CG_SQL_AUDIT_PRUNE, &statement));
    cg_bind_text(statement, "writer", writer);
    cg_bind_number(statement, "number", last->number);
    int64_t removed = 0;
    CG_TRY(cg_store_run(statement, &removed));
    if (removed != last->number - base) {
        return CG_ERR_CONFLICT;
    }
    pruning->room -= removed;
    pruning->step_removed += removed;
    return CG_OK;
}

static struct cg_audit_mark *first_of(struct pruning *pruning, struct cg_span writer)
{
    struct cg_audit_mark *mark = cg_audit_marks_find(&pruning->first, writer);
    if (mark == NULL) {
        mark = &pruning->first.items[pruning->first.count];
        pruning->first.count++;
        mark->writer = writer;
    }
    return mark;
}

/* One writer's part of a step. */
static enum cg_status prune_writer(struct pruning *pruning, const struct cg_audit_mark *wanted)
{
    const struct cg_audit_mark *known = cg_audit_marks_find(&pruning->first, wanted->writer);
    int64_t base = known != NULL ? known->head.number - 1 : 0;
    if (wanted->head.number <= base) {
        return CG_OK;
    }
    if (pruning->room == 0) {
        pruning->done = false;
        return CG_OK;
    }
    struct cg_audit_head last = wanted->head;
    if (last.number - base > pruning->room) {
        last.number = base + pruning->room;
        CG_TRY(stored_hash(pruning, wanted->writer, &last));
        pruning->done = false;
    }
    CG_TRY(remove_up_to(pruning, wanted->writer, base, &last));
    struct cg_audit_mark *first = first_of(pruning, wanted->writer);
    first->head = last;
    first->head.number++;
    return CG_OK;
}

static enum cg_status prune_checkpoints(struct pruning *pruning)
{
    struct cg_statement *statement = NULL;
    CG_TRY(cg_store_start(pruning->store, CG_SQL_AUDIT_CHECKPOINT_PRUNE, &statement));
    cg_bind_number(statement, "number", pruning->target.number);
    return cg_store_run(statement, NULL);
}

static enum cg_status copy_first(struct pruning *pruning, const struct cg_audit_marks *first)
{
    CG_TRY(cg_audit_marks_new(pruning->arena, first->count + pruning->target.heads.count,
                              &pruning->first));
    for (size_t i = 0; i < first->count; i++) {
        pruning->first.items[i] = first->items[i];
        pruning->first.count++;
    }
    return CG_OK;
}

static enum cg_status announce(struct pruning *pruning)
{
    if (pruning->announced) {
        return CG_OK;
    }
    const struct cg_audit_event *events[] = {pruning->event};
    return cg_journal_add(pruning->journal, events, 1);
}

static enum cg_status step(struct pruning *pruning)
{
    struct cg_span last_text;
    struct cg_audit_payload last;
    CG_TRY(announce(pruning));
    CG_TRY(cg_audit_checkpoint_last(pruning->store, pruning->arena, &last_text, &last));
    CG_TRY(copy_first(pruning, &last.first));
    for (size_t i = 0; i < pruning->target.heads.count; i++) {
        CG_TRY(prune_writer(pruning, &pruning->target.heads.items[i]));
    }
    struct cg_audit_payload next = {
        .number = last.number + 1, .oldest = last.oldest, .first = pruning->first};
    if (pruning->done && pruning->target.number > last.oldest) {
        next.oldest = pruning->target.number;
        CG_TRY(prune_checkpoints(pruning));
    }
    return cg_audit_checkpoint_add(pruning->journal, pruning->seal, last_text, &next,
                                   pruning->arena);
}

static enum cg_status run_step(struct pruning *pruning, int64_t *removed)
{
    pruning->room = STEP_RECORDS;
    pruning->step_removed = 0;
    pruning->done = true;
    cg_arena_clear(pruning->arena);
    CG_TRY(cg_store_begin(pruning->store));
    enum cg_status status = step(pruning);
    if (status != CG_OK) {
        cg_store_rollback(pruning->store);
        return status;
    }
    CG_TRY(cg_store_commit(pruning->store));
    pruning->announced = true;
    *removed += pruning->step_removed;
    return CG_OK;
}

enum cg_status cg_audit_prune(struct cg_journal *journal, struct cg_signer *signer,
                              struct cg_span kid, const struct cg_audit_event *event,
                              int64_t before_s, int64_t *ret_removed)
{
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *target_arena = NULL;
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = NULL;
    CG_TRY(cg_arena_new(CG_LIMIT_CHECKPOINT_LOAD_BYTES, &target_arena));
    CG_TRY(cg_arena_new(CG_LIMIT_CHECKPOINT_LOAD_BYTES, &arena));
    struct cg_audit_seal seal = {.signer = signer, .kid = kid, .now_s = event->time_s};
    struct pruning pruning = {
        .journal = journal,
        .store = cg_journal_store(journal),
        .seal = &seal,
        .event = event,
        .arena = arena,
    };
    CG_TRY(cg_audit_prune_target(pruning.store, before_s, target_arena, &pruning.target));
    int64_t removed = 0;
    while (!pruning.done) {
        CG_TRY(run_step(&pruning, &removed));
    }
    *ret_removed = removed;
    return CG_OK;
}
