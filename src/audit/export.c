/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/export.h"

#include "audit/checkpoints.h"
#include "base/limits.h"
#include "base/span.h"
#include "base/status.h"
#include "codec/base64url.h"
#include "codec/json.h"

/* A payload is escaped into its line: no byte of it becomes more than two, as it is JSON itself. */
#define LINE_BYTES_MAX (2UL * CG_LIMIT_CHECKPOINT_BYTES + 4096)

struct exporting {
    struct cg_store *store;
    cg_audit_take_line take;
    void *context;
    struct cg_audit_export_count *count;
    struct cg_arena *arena;         /* what is needed to the end */
    struct cg_arena *scratch;       /* cleared for each line that is made */
    struct cg_audit_payload newest; /* tells where pruned chains begin */
};

static enum cg_status encode(struct exporting *exporting, struct cg_span bytes,
                             struct cg_span *ret_text)
{
    struct cg_buf buf;
    cg_buf_init_arena(&buf, exporting->scratch, CG_BASE64URL_CHARS(CG_LIMIT_SIGNATURE_BYTES));
    cg_base64url_encode(bytes, &buf);
    return cg_buf_finish(&buf, ret_text);
}

static enum cg_status take_made(struct exporting *exporting, const struct cg_buf *buf)
{
    struct cg_span line = {NULL, 0};
    CG_TRY(cg_buf_finish(buf, &line));
    return exporting->take(exporting->context, line);
}

static enum cg_status export_chain_start(struct exporting *exporting, struct cg_span writer)
{
    const struct cg_audit_mark *first = cg_audit_marks_find(&exporting->newest.first, writer);
    struct cg_audit_head base;
    struct cg_span hash = {NULL, 0};
    struct cg_json_writer json;
    struct cg_buf buf;
    CG_TRY(cg_audit_chain_start(writer, &base));
    if (first != NULL) {
        base = first->head;
        base.number--;
    }
    cg_arena_clear(exporting->scratch);
    CG_TRY(encode(exporting, cg_span_of_bytes(base.hash, sizeof(base.hash)), &hash));
    cg_buf_init_arena(&buf, exporting->scratch, LINE_BYTES_MAX);
    cg_json_begin(&json, &buf);
    cg_json_open_object(&json);
    cg_json_put_name(&json, "chain");
    cg_json_open_object(&json);
    cg_json_member_put(&json, "writer", writer);
    cg_json_member_put_number(&json, "number", base.number);
    cg_json_member_put(&json, "hash", hash);
    cg_json_close_object(&json);
    cg_json_close_object(&json);
    return take_made(exporting, &buf);
}

static enum cg_status export_chain(struct exporting *exporting, struct cg_span writer)
{
    struct cg_statement *statement = NULL;
    bool row = false;
    CG_TRY(export_chain_start(exporting, writer));
    CG_TRY(cg_store_start(exporting->store, CG_SQL_AUDIT_RECORDS_OF_WRITER, &statement));
    cg_bind_text(statement, "writer", writer);
    CG_TRY(cg_store_step(statement, &row));
    while (row) {
        CG_TRY(exporting->take(exporting->context, cg_column_text(statement, 2)));
        exporting->count->records++;
        CG_TRY(cg_store_step(statement, &row));
    }
    return CG_OK;
}

static enum cg_status export_checkpoint(struct exporting *exporting, struct cg_statement *statement)
{
    struct cg_span signature = {NULL, 0};
    struct cg_json_writer json;
    struct cg_buf buf;
    cg_arena_clear(exporting->scratch);
    CG_TRY(encode(exporting, cg_column_blob(statement, 4), &signature));
    cg_buf_init_arena(&buf, exporting->scratch, LINE_BYTES_MAX);
    cg_json_begin(&json, &buf);
    cg_json_open_object(&json);
    cg_json_put_name(&json, "checkpoint");
    cg_json_open_object(&json);
    cg_json_member_put_number(&json, "number", cg_column_number(statement, 0));
    cg_json_member_put_number(&json, "time", cg_column_number(statement, 1));
    cg_json_member_put(&json, "payload", cg_column_text(statement, 2));
    cg_json_member_put(&json, "kid", cg_column_text(statement, 3));
    cg_json_member_put(&json, "signature", signature);
    cg_json_close_object(&json);
    cg_json_close_object(&json);
    return take_made(exporting, &buf);
}

static enum cg_status export_checkpoints(struct exporting *exporting)
{
    struct cg_statement *statement = NULL;
    bool row = false;
    CG_TRY(cg_store_start(exporting->store, CG_SQL_AUDIT_CHECKPOINTS, &statement));
    CG_TRY(cg_store_step(statement, &row));
    while (row) {
        CG_TRY(export_checkpoint(exporting, statement));
        exporting->count->checkpoints++;
        CG_TRY(cg_store_step(statement, &row));
    }
    return CG_OK;
}

static enum cg_status export_all(struct exporting *exporting)
{
    struct cg_audit_marks heads;
    struct cg_span text;
    CG_TRY(cg_audit_checkpoint_last(exporting->store, exporting->arena, &text, &exporting->newest));
    CG_TRY(cg_audit_heads_read(exporting->store, exporting->arena, &heads));
    for (size_t i = 0; i < heads.count; i++) {
        CG_TRY(export_chain(exporting, heads.items[i].writer));
    }
    return export_checkpoints(exporting);
}

enum cg_status cg_audit_export(struct cg_store *store, cg_audit_take_line take, void *context,
                               struct cg_audit_export_count *ret_count)
{
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = NULL;
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *scratch = NULL;
    struct cg_audit_export_count count = {.records = 0};
    struct exporting exporting = {
        .store = store, .take = take, .context = context, .count = &count};
    CG_TRY(cg_arena_new(CG_LIMIT_CHECKPOINT_LOAD_BYTES, &arena));
    CG_TRY(cg_arena_new(CG_LIMIT_CHECKPOINT_LOAD_BYTES, &scratch));
    exporting.arena = arena;
    exporting.scratch = scratch;
    CG_TRY(cg_store_begin_read(store));
    enum cg_status status = export_all(&exporting);
    cg_store_rollback(store);
    CG_TRY(status);
    *ret_count = count;
    return CG_OK;
}
