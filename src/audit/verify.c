/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/report.h"

#include "audit/checkpoints.h"
#include "base/limits.h"
#include "base/span.h"
#include "base/status.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct verification {
    struct cg_store *store;
    cg_audit_find_verifier find;
    void *context;
    struct cg_audit_verdict *verdict;
    struct cg_arena *arena;         /* what is needed to the end */
    struct cg_arena *scratch;       /* cleared for each checkpoint */
    struct cg_audit_payload newest; /* number 0: there is none */
    int64_t announced;              /* the highest checkpoint that a record speaks of */
    struct cg_buf record_start;
    size_t previous_len; /* 0: no checkpoint was seen yet */
    uint8_t previous[CG_AUDIT_DIGEST_CHARS];
};

/* A row of the checkpoints' table. Spans borrow from the statement. */
struct row {
    int64_t number;
    int64_t time_s;
    struct cg_span payload;
    struct cg_span kid;
    struct cg_span signature;
};

static enum cg_status bad_record(struct verification *verification, struct cg_span writer,
                                 int64_t number, const char *why)
{
    struct cg_span name = cg_span_part(writer, 0, CG_LIMIT_WRITER_BYTES);
    (void)snprintf(verification->verdict->first_bad, sizeof(verification->verdict->first_bad),
                   "%.*s number %" PRId64 ": %s", CG_SPAN_ARGS(name), number, why);
    return CG_ERR_AUTHENTICATION;
}

static enum cg_status bad_checkpoint(struct verification *verification, int64_t number,
                                     const char *why)
{
    (void)snprintf(verification->verdict->first_bad, sizeof(verification->verdict->first_bad),
                   "checkpoint %" PRId64 ": %s", number, why);
    return CG_ERR_AUTHENTICATION;
}

static bool same_hash(const struct cg_audit_head *head, struct cg_span hash)
{
    return cg_span_equal(cg_span_of_bytes(head->hash, sizeof(head->hash)), hash);
}

/* Where the chain of a writer starts: at nothing, or at the last record that was pruned. */
static enum cg_status chain_base(const struct verification *verification, struct cg_span writer,
                                 struct cg_audit_head *ret_base)
{
    const struct cg_audit_mark *first = cg_audit_marks_find(&verification->newest.first, writer);
    if (first == NULL) {
        return cg_audit_chain_start(writer, ret_base);
    }
    *ret_base = first->head;
    ret_base->number--;
    return CG_OK;
}

/* The number behind `"kind":"checkpoint_made","detail":"`, or 0. */
static int64_t announced_by(struct cg_span rest)
{
    static const struct cg_span wanted = CG_SPAN("checkpoint_made\",\"detail\":\"");
    if (!cg_span_starts_with(rest, wanted)) {
        return 0;
    }
    size_t end = cg_span_find(rest, '"', wanted.len);
    struct cg_span digits = cg_span_part(rest, wanted.len, end - wanted.len);
    int64_t number = 0;
    return cg_span_to_number(digits, INT64_MAX, &number) == CG_OK ? number : 0;
}

/* The columns beside a record, which listing and pruning go by, must say what the record says. */
static enum cg_status check_columns(struct verification *verification, struct cg_span writer,
                                    struct cg_statement *statement)
{
    int64_t number = cg_column_number(statement, 0);
    struct cg_span record = cg_column_text(statement, 2);
    struct cg_span start;
    cg_buf_clear(&verification->record_start);
    cg_audit_event_write_start(writer, number, cg_column_number(statement, 1),
                               &verification->record_start);
    CG_TRY(cg_buf_finish(&verification->record_start, &start));
    if (!cg_span_starts_with(record, start)) {
        return bad_record(verification, writer, number,
                          "the record does not name this writer, number and time");
    }
    int64_t announced = announced_by(cg_span_part(record, start.len, record.len));
    if (announced > verification->announced) {
        verification->announced = announced;
    }
    return CG_OK;
}

static enum cg_status check_record(struct verification *verification, struct cg_span writer,
                                   struct cg_statement *statement, struct cg_audit_head *head)
{
    int64_t number = cg_column_number(statement, 0);
    if (number <= head->number) {
        return bad_record(verification, writer, number, "it is older than the first record kept");
    }
    if (number != head->number + 1) {
        return bad_record(verification, writer, head->number + 1, "the record is missing");
    }
    CG_TRY(cg_audit_chain_next(head, cg_column_text(statement, 2)));
    if (!same_hash(head, cg_column_blob(statement, 3))) {
        return bad_record(verification, writer, number, "the hash does not match");
    }
    verification->verdict->records++;
    return check_columns(verification, writer, statement);
}

static enum cg_status check_head(struct verification *verification,
                                 const struct cg_audit_mark *mark,
                                 const struct cg_audit_head *reached)
{
    if (reached->number < mark->head.number) {
        return bad_record(verification, mark->writer, reached->number + 1, "the record is missing");
    }
    if (reached->number > mark->head.number ||
        !same_hash(reached, cg_span_of_bytes(mark->head.hash, sizeof(mark->head.hash)))) {
        return bad_record(verification, mark->writer, mark->head.number,
                          "the writer's head is not the last record");
    }
    return CG_OK;
}

static enum cg_status check_chain(struct verification *verification,
                                  const struct cg_audit_mark *mark)
{
    struct cg_audit_head head;
    CG_TRY(chain_base(verification, mark->writer, &head));
    struct cg_statement *statement = NULL;
    CG_TRY(cg_store_start(verification->store, CG_SQL_AUDIT_RECORDS_OF_WRITER, &statement));
    cg_bind_text(statement, "writer", mark->writer);
    bool row = false;
    CG_TRY(cg_store_step(statement, &row));
    while (row) {
        CG_TRY(check_record(verification, mark->writer, statement, &head));
        CG_TRY(cg_store_step(statement, &row));
    }
    verification->verdict->writers++;
    return check_head(verification, mark, &head);
}

static enum cg_status check_orphans(struct verification *verification)
{
    struct cg_statement *statement = NULL;
    CG_TRY(cg_store_start(verification->store, CG_SQL_AUDIT_RECORD_ORPHAN, &statement));
    bool row = false;
    CG_TRY(cg_store_step(statement, &row));
    return !row ? CG_OK
                : bad_record(verification, cg_column_text(statement, 0),
                             cg_column_number(statement, 1), "the writer is missing");
}

static enum cg_status check_chains(struct verification *verification)
{
    struct cg_audit_marks heads;
    CG_TRY(cg_audit_heads_read(verification->store, verification->arena, &heads));
    for (size_t i = 0; i < heads.count; i++) {
        CG_TRY(check_chain(verification, &heads.items[i]));
    }
    return check_orphans(verification);
}

static struct row read_row(struct cg_statement *statement)
{
    return (struct row){
        .number = cg_column_number(statement, 0),
        .time_s = cg_column_number(statement, 1),
        .payload = cg_column_text(statement, 2),
        .kid = cg_column_text(statement, 3),
        .signature = cg_column_blob(statement, 4),
    };
}

/* Signature first: nothing of a payload is believed before. */
static enum cg_status open_checkpoint(struct verification *verification, const struct row *row,
                                      struct cg_arena *arena, struct cg_audit_payload *ret_payload)
{
    struct cg_verifier *verifier = NULL;
    enum cg_status status = verification->find(verification->context, row->kid, &verifier);
    if (status == CG_ERR_NOT_FOUND) {
        return bad_checkpoint(verification, row->number, "its key is not known");
    }
    CG_TRY(status);
    status = cg_verify(verifier, row->payload, row->signature);
    if (status == CG_ERR_AUTHENTICATION) {
        return bad_checkpoint(verification, row->number, "the signature does not match");
    }
    CG_TRY(status);
    struct cg_audit_payload payload;
    status = cg_audit_payload_read(row->payload, arena, &payload);
    if (status == CG_ERR_INPUT) {
        return bad_checkpoint(verification, row->number, "it is no checkpoint");
    }
    CG_TRY(status);
    if (payload.number != row->number || payload.time_s != row->time_s) {
        return bad_checkpoint(verification, row->number, "it does not name this number and time");
    }
    *ret_payload = payload;
    return CG_OK;
}

static enum cg_status open_newest(struct verification *verification)
{
    struct cg_statement *statement = NULL;
    CG_TRY(cg_store_start(verification->store, CG_SQL_AUDIT_CHECKPOINT_LAST, &statement));
    bool has_row = false;
    CG_TRY(cg_store_step(statement, &has_row));
    if (!has_row) {
        verification->newest.oldest = 1;
        return CG_OK;
    }
    struct row row = read_row(statement);
    return open_checkpoint(verification, &row, verification->arena, &verification->newest);
}

static enum cg_status record_hash_is(struct verification *verification,
                                     const struct cg_audit_mark *mark, bool *ret_is)
{
    struct cg_statement *statement = NULL;
    CG_TRY(cg_store_start(verification->store, CG_SQL_AUDIT_RECORD_HASH, &statement));
    cg_bind_text(statement, "writer", mark->writer);
    cg_bind_number(statement, "number", mark->head.number);
    bool row = false;
    CG_TRY(cg_store_step(statement, &row));
    *ret_is = row && same_hash(&mark->head, cg_column_blob(statement, 0));
    cg_store_reset(statement);
    return CG_OK;
}

/* The chains are right by now, so a stored hash that is equal proves all records up to it. */
static enum cg_status check_mark(struct verification *verification,
                                 const struct cg_audit_mark *mark)
{
    struct cg_audit_head base;
    CG_TRY(chain_base(verification, mark->writer, &base));
    if (mark->head.number < base.number) {
        return CG_OK; /* pruned */
    }
    bool is = same_hash(&mark->head, cg_span_of_bytes(base.hash, sizeof(base.hash)));
    if (mark->head.number > base.number) {
        CG_TRY(record_hash_is(verification, mark, &is));
    }
    return is ? CG_OK
              : bad_record(verification, mark->writer, mark->head.number,
                           "the record that a checkpoint signs is missing or another");
}

/* What the checkpoint must say of the one before it. Of the oldest kept, only number 1 is known. */
static bool follows(const struct verification *verification, const struct cg_audit_payload *payload)
{
    struct cg_span wanted = cg_span_of_bytes(verification->previous, verification->previous_len);
    bool known = verification->previous_len > 0 || payload->number == 1;
    return !known || cg_span_equal(payload->previous, wanted);
}

static enum cg_status check_checkpoint(struct verification *verification, const struct row *row,
                                       int64_t number)
{
    if (row->number < number) {
        return bad_checkpoint(verification, row->number, "it is older than the oldest kept");
    }
    if (row->number > number) {
        return bad_checkpoint(verification, number, "it is missing");
    }
    cg_arena_clear(verification->scratch);
    struct cg_audit_payload payload;
    CG_TRY(open_checkpoint(verification, row, verification->scratch, &payload));
    if (!follows(verification, &payload)) {
        return bad_checkpoint(verification, number, "it does not follow the one before");
    }
    for (size_t i = 0; i < payload.heads.count; i++) {
        CG_TRY(check_mark(verification, &payload.heads.items[i]));
    }
    CG_TRY(cg_audit_payload_digest(row->payload, verification->previous));
    verification->previous_len = sizeof(verification->previous);
    verification->verdict->checkpoints++;
    return CG_OK;
}

static enum cg_status check_checkpoints(struct verification *verification)
{
    struct cg_statement *statement = NULL;
    CG_TRY(cg_store_start(verification->store, CG_SQL_AUDIT_CHECKPOINTS, &statement));
    int64_t number = verification->newest.oldest;
    bool has_row = false;
    CG_TRY(cg_store_step(statement, &has_row));
    while (has_row) {
        struct row row = read_row(statement);
        CG_TRY(check_checkpoint(verification, &row, number));
        number++;
        CG_TRY(cg_store_step(statement, &has_row));
    }
    return verification->announced >= number ? bad_checkpoint(verification, number, "it is missing")
                                             : CG_OK;
}

static enum cg_status verify(struct verification *verification)
{
    CG_TRY(open_newest(verification));
    CG_TRY(check_chains(verification));
    return check_checkpoints(verification);
}

static enum cg_status verify_in_view(struct verification *verification)
{
    CG_TRY(cg_store_begin_read(verification->store));
    enum cg_status status = verify(verification);
    cg_store_rollback(verification->store);
    return status;
}

enum cg_status cg_audit_verify(struct cg_store *store, cg_audit_find_verifier find, void *context,
                               struct cg_audit_verdict *ret_verdict)
{
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = NULL;
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *scratch = NULL;
    CG_TRY(cg_arena_new(CG_LIMIT_CHECKPOINT_LOAD_BYTES, &arena));
    CG_TRY(cg_arena_new(CG_LIMIT_CHECKPOINT_LOAD_BYTES, &scratch));
    *ret_verdict = (struct cg_audit_verdict){0};
    struct verification verification = {
        .store = store,
        .find = find,
        .context = context,
        .verdict = ret_verdict,
        .arena = arena,
        .scratch = scratch,
    };
    cg_buf_init(&verification.record_start, CG_LIMIT_AUDIT_RECORD_BYTES);
    enum cg_status status = verify_in_view(&verification);
    cg_buf_release(&verification.record_start);
    return status;
}
