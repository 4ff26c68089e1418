/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/journal.h"

#include "audit/chain.h"
#include "base/alloc.h"
#include "base/limits.h"
#include "base/span.h"
#include "base/status.h"

#include <string.h>

struct cg_journal {
    struct cg_store *store;
    struct cg_buf record; /* kept, so that appending allocates nothing */
    size_t writer_len;
    uint8_t writer[CG_LIMIT_WRITER_BYTES];
};

static bool is_writer_byte(uint8_t byte)
{
    return (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z') ||
           (byte >= '0' && byte <= '9') || byte == '.' || byte == '_' || byte == '/' || byte == '-';
}

static bool is_writer(struct cg_span name)
{
    for (size_t i = 0; i < name.len; i++) {
        if (!is_writer_byte(name.data[i])) {
            return false;
        }
    }
    return name.len > 0 && name.len <= CG_LIMIT_WRITER_BYTES;
}

enum cg_status cg_journal_new(struct cg_store *store, struct cg_span writer,
                              struct cg_journal **ret_journal)
{
    CG_CLEANUP(cg_store_free_at) struct cg_store *owned = store;
    if (!is_writer(writer)) {
        return CG_ERR_INPUT;
    }
    void *memory = NULL;
    CG_TRY(cg_alloc(1, sizeof(struct cg_journal), &memory));
    struct cg_journal *journal = memory;
    journal->store = CG_STEAL(owned);
    journal->writer_len = writer.len;
    memcpy(journal->writer, writer.data, writer.len);
    cg_buf_init(&journal->record, CG_LIMIT_AUDIT_RECORD_BYTES);
    *ret_journal = journal;
    return CG_OK;
}

struct cg_journal *cg_journal_free(struct cg_journal *journal)
{
    if (journal == NULL) {
        return NULL;
    }
    (void)cg_store_free(journal->store);
    cg_buf_release(&journal->record);
    return cg_release(journal);
}

static struct cg_span writer_of(const struct cg_journal *journal)
{
    return cg_span_of_bytes(journal->writer, journal->writer_len);
}

static enum cg_status read_head(struct cg_journal *journal, struct cg_audit_head *ret_head)
{
    struct cg_statement *statement = NULL;
    CG_TRY(cg_store_start(journal->store, CG_SQL_AUDIT_HEAD_READ, &statement));
    cg_bind_text(statement, "writer", writer_of(journal));
    bool row = false;
    CG_TRY(cg_store_step(statement, &row));
    if (!row) {
        return cg_audit_chain_start(writer_of(journal), ret_head);
    }
    struct cg_span hash = cg_column_blob(statement, 1);
    enum cg_status status = CG_ERR_STORE; /* a head that we did not write */
    if (hash.len == sizeof(ret_head->hash)) {
        ret_head->number = cg_column_number(statement, 0);
        memcpy(ret_head->hash, hash.data, hash.len);
        status = CG_OK;
    }
    cg_store_reset(statement);
    return status;
}

static enum cg_status write_head(struct cg_journal *journal, const struct cg_audit_head *head)
{
    struct cg_statement *statement = NULL;
    CG_TRY(cg_store_start(journal->store, CG_SQL_AUDIT_HEAD_WRITE, &statement));
    cg_bind_text(statement, "writer", writer_of(journal));
    cg_bind_number(statement, "number", head->number);
    cg_bind_blob(statement, "hash", cg_span_of_bytes(head->hash, sizeof(head->hash)));
    return cg_store_run(statement, NULL);
}

static enum cg_status add_record(struct cg_journal *journal, const struct cg_audit_event *event,
                                 struct cg_audit_head *head)
{
    struct cg_span record;
    cg_buf_clear(&journal->record);
    cg_audit_event_write(event, writer_of(journal), head->number + 1, &journal->record);
    CG_TRY(cg_buf_finish(&journal->record, &record));
    CG_TRY(cg_audit_chain_next(head, record));
    struct cg_statement *statement = NULL;
    CG_TRY(cg_store_start(journal->store, CG_SQL_AUDIT_RECORD_ADD, &statement));
    cg_bind_text(statement, "writer", writer_of(journal));
    cg_bind_number(statement, "number", head->number);
    cg_bind_number(statement, "time_s", event->time_s);
    cg_bind_text(statement, "record", record);
    cg_bind_blob(statement, "hash", cg_span_of_bytes(head->hash, sizeof(head->hash)));
    return cg_store_run(statement, NULL);
}

enum cg_status cg_journal_add(struct cg_journal *journal,
                              const struct cg_audit_event *const events[], size_t count)
{
    struct cg_audit_head head;
    CG_TRY(read_head(journal, &head));
    for (size_t i = 0; i < count; i++) {
        CG_TRY(add_record(journal, events[i], &head));
    }
    return write_head(journal, &head);
}

enum cg_status cg_journal_append(struct cg_journal *journal,
                                 const struct cg_audit_event *const events[], size_t count)
{
    if (count == 0) {
        return CG_OK;
    }
    CG_TRY(cg_store_begin(journal->store));
    enum cg_status status = cg_journal_add(journal, events, count);
    if (status != CG_OK) {
        cg_store_rollback(journal->store);
        /* The head is ours and read under the lock: a record that is there already is damage. */
        return status == CG_ERR_CONFLICT ? CG_ERR_STORE : status;
    }
    return cg_store_commit(journal->store);
}

enum cg_status cg_journal_maintain(struct cg_journal *journal)
{
    return cg_store_maintain(journal->store);
}

struct cg_store *cg_journal_store(struct cg_journal *journal)
{
    return journal->store;
}
