/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/checkpoint.h"

#include "audit/checkpoints.h"
#include "base/limits.h"
#include "base/span.h"
#include "base/status.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum cg_status cg_audit_head_of_row(struct cg_statement *statement, int number_column,
                                    int hash_column, struct cg_audit_head *ret_head)
{
    struct cg_span hash = cg_column_blob(statement, hash_column);
    if (hash.len != sizeof(ret_head->hash)) {
        return CG_ERR_STORE;
    }
    ret_head->number = cg_column_number(statement, number_column);
    memcpy(ret_head->hash, hash.data, hash.len);
    return CG_OK;
}

enum cg_status cg_audit_heads_read(struct cg_store *store, struct cg_arena *arena,
                                   struct cg_audit_marks *ret_heads)
{
    struct cg_audit_marks heads;
    CG_TRY(cg_audit_marks_new(arena, CG_LIMIT_AUDIT_WRITERS, &heads));
    struct cg_statement *statement = NULL;
    CG_TRY(cg_store_start(store, CG_SQL_AUDIT_HEADS, &statement));
    bool row = false;
    CG_TRY(cg_store_step(statement, &row));
    while (row) {
        if (heads.count == CG_LIMIT_AUDIT_WRITERS) {
            return CG_ERR_LIMIT;
        }
        struct cg_audit_mark *mark = &heads.items[heads.count];
        CG_TRY(cg_column_copy(statement, 0, arena, &mark->writer));
        CG_TRY(cg_audit_head_of_row(statement, 1, 2, &mark->head));
        heads.count++;
        CG_TRY(cg_store_step(statement, &row));
    }
    *ret_heads = heads;
    return CG_OK;
}

static enum cg_status read_last_text(struct cg_store *store, struct cg_arena *arena,
                                     struct cg_span *ret_text)
{
    struct cg_statement *statement = NULL;
    CG_TRY(cg_store_start(store, CG_SQL_AUDIT_CHECKPOINT_LAST, &statement));
    bool row = false;
    CG_TRY(cg_store_step(statement, &row));
    if (!row) {
        *ret_text = (struct cg_span){0};
        return CG_OK;
    }
    enum cg_status status = cg_column_copy(statement, 2, arena, ret_text);
    cg_store_reset(statement);
    return status;
}

enum cg_status cg_audit_checkpoint_last(struct cg_store *store, struct cg_arena *arena,
                                        struct cg_span *ret_text,
                                        struct cg_audit_payload *ret_payload)
{
    struct cg_span text;
    struct cg_audit_payload payload = {.oldest = 1};
    CG_TRY(read_last_text(store, arena, &text));
    if (text.data != NULL) {
        enum cg_status status = cg_audit_payload_read(text, arena, &payload);
        CG_TRY(status == CG_ERR_INPUT ? CG_ERR_STORE : status);
    }
    *ret_text = text;
    *ret_payload = payload;
    return CG_OK;
}

/* A record that the checkpoint will cover, so that a checkpoint which is removed is missed. */
static enum cg_status announce(struct cg_journal *journal, int64_t number, int64_t now_s)
{
    char text[24];
    int len = snprintf(text, sizeof(text), "%" PRId64, number);
    struct cg_audit_event event = {.kind = CG_AUDIT_CHECKPOINT_MADE,
                                   .time_s = now_s,
                                   .detail = cg_span_of_bytes(text, (size_t)len)};
    const struct cg_audit_event *events[] = {&event};
    return cg_journal_add(journal, events, 1);
}

static enum cg_status insert(struct cg_store *store, const struct cg_audit_payload *payload,
                             struct cg_span text, const struct cg_audit_seal *seal)
{
    uint8_t signature[CG_LIMIT_SIGNATURE_BYTES];
    size_t len = 0;
    CG_TRY(cg_sign(seal->signer, text, signature, &len));
    struct cg_statement *statement = NULL;
    CG_TRY(cg_store_start(store, CG_SQL_AUDIT_CHECKPOINT_ADD, &statement));
    cg_bind_number(statement, "number", payload->number);
    cg_bind_number(statement, "time_s", payload->time_s);
    cg_bind_text(statement, "payload", text);
    cg_bind_text(statement, "kid", seal->kid);
    cg_bind_blob(statement, "signature", cg_span_of_bytes(signature, len));
    return cg_store_run(statement, NULL);
}

enum cg_status cg_audit_checkpoint_add(struct cg_journal *journal, const struct cg_audit_seal *seal,
                                       struct cg_span last_text, struct cg_audit_payload *next,
                                       struct cg_arena *arena)
{
    struct cg_store *store = cg_journal_store(journal);
    next->time_s = seal->now_s;
    next->previous = CG_SPAN_OF("");
    uint8_t previous[CG_AUDIT_DIGEST_CHARS];
    if (last_text.data != NULL) {
        CG_TRY(cg_audit_payload_digest(last_text, previous));
        next->previous = cg_span_of_bytes(previous, sizeof(previous));
    }
    CG_TRY(announce(journal, next->number, seal->now_s));
    CG_TRY(cg_audit_heads_read(store, arena, &next->heads));
    struct cg_buf buf;
    struct cg_span text;
    cg_buf_init_arena(&buf, arena, CG_LIMIT_CHECKPOINT_BYTES);
    cg_audit_payload_write(next, &buf);
    CG_TRY(cg_buf_finish(&buf, &text));
    return insert(store, next, text, seal);
}

/* A last checkpoint from the future (the clock was set back since) is not young. */
static bool is_young(const struct cg_audit_payload *last, int64_t now_s, int64_t min_age_s)
{
    return last->number > 0 && now_s >= last->time_s && now_s - last->time_s < min_age_s;
}

static enum cg_status add_when_due(struct cg_journal *journal, const struct cg_audit_seal *seal,
                                   int64_t min_age_s, struct cg_arena *arena, bool *ret_made)
{
    struct cg_store *store = cg_journal_store(journal);
    struct cg_span last_text;
    struct cg_audit_payload last;
    struct cg_audit_marks heads;
    CG_TRY(cg_audit_checkpoint_last(store, arena, &last_text, &last));
    CG_TRY(cg_audit_heads_read(store, arena, &heads));
    if (is_young(&last, seal->now_s, min_age_s) || cg_audit_marks_equal(&heads, &last.heads)) {
        *ret_made = false;
        return CG_OK;
    }
    struct cg_audit_payload next = {
        .number = last.number + 1, .oldest = last.oldest, .first = last.first};
    CG_TRY(cg_audit_checkpoint_add(journal, seal, last_text, &next, arena));
    *ret_made = true;
    return CG_OK;
}

/* Asked every second by each process: most often answered without taking the writers' lock. */
static enum cg_status is_due(struct cg_store *store, struct cg_arena *arena, int64_t now_s,
                             int64_t min_age_s, bool *ret_due)
{
    struct cg_span text;
    struct cg_audit_payload last;
    CG_TRY(cg_audit_checkpoint_last(store, arena, &text, &last));
    *ret_due = !is_young(&last, now_s, min_age_s);
    cg_arena_clear(arena);
    return CG_OK;
}

enum cg_status cg_audit_checkpoint(struct cg_journal *journal, struct cg_signer *signer,
                                   struct cg_span kid, int64_t now_s, int64_t min_age_s,
                                   bool *ret_made)
{
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = NULL;
    CG_TRY(cg_arena_new(CG_LIMIT_CHECKPOINT_LOAD_BYTES, &arena));
    struct cg_store *store = cg_journal_store(journal);
    bool made = false;
    CG_TRY(is_due(store, arena, now_s, min_age_s, &made));
    if (made) {
        struct cg_audit_seal seal = {.signer = signer, .kid = kid, .now_s = now_s};
        CG_TRY(cg_store_begin(store));
        enum cg_status status = add_when_due(journal, &seal, min_age_s, arena, &made);
        if (status != CG_OK || !made) {
            cg_store_rollback(store);
            CG_TRY(status);
        } else {
            CG_TRY(cg_store_commit(store));
        }
    }
    if (ret_made != NULL) {
        *ret_made = made;
    }
    return CG_OK;
}
