/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/single_use.h"

#include "base/buf.h"
#include "base/limits.h"
#include "base/span.h"
#include "base/status.h"

static const struct cg_span kind_names[CG_SINGLE_USE_KIND_COUNT] = {
    [CG_SINGLE_USE_ASSERTION] = CG_SPAN("assertion"),
    [CG_SINGLE_USE_DPOP] = CG_SPAN("dpop"),
    [CG_SINGLE_USE_EXCHANGE] = CG_SPAN("exchange"),
};

/* What the public reason keeps vague. */
static const char *const details[CG_SINGLE_USE_KIND_COUNT] = {
    [CG_SINGLE_USE_ASSERTION] = "the assertion was used before: its jti is spent",
    [CG_SINGLE_USE_DPOP] = "the proof was used before: its jti is spent",
    [CG_SINGLE_USE_EXCHANGE] = "the subject token was exchanged before",
};

const char *cg_single_use_detail(enum cg_single_use_kind kind)
{
    return details[kind];
}

enum cg_status cg_single_use_name(struct cg_span realm, struct cg_span owner, struct cg_span id,
                                  struct cg_single_use *use)
{
    CG_CLEANUP(cg_buf_release) struct cg_buf buf;
    cg_buf_init(&buf, CG_LIMIT_SINGLE_USE_BYTES);
    /* A zero stands in neither a realm's path nor an owner: no two triples make one text. */
    cg_buf_put(&buf, realm);
    cg_buf_put_byte(&buf, 0);
    cg_buf_put(&buf, owner);
    cg_buf_put_byte(&buf, 0);
    cg_buf_put(&buf, id);
    struct cg_span text = {NULL, 0};
    CG_TRY(cg_buf_finish(&buf, &text));
    return cg_sha256(text, use->digest);
}

static enum cg_status start(struct cg_store *audit, enum cg_sql sql,
                            const struct cg_single_use *use, struct cg_statement **ret_statement)
{
    CG_TRY(cg_store_start(audit, sql, ret_statement));
    cg_bind_text(*ret_statement, "kind", kind_names[use->kind]);
    cg_bind_blob(*ret_statement, "digest", cg_span_of_bytes(use->digest, sizeof(use->digest)));
    return CG_OK;
}

enum cg_status cg_single_use_look(struct cg_store *audit, const struct cg_single_use *use,
                                  bool *ret_spent)
{
    struct cg_statement *statement = NULL;
    bool row = false;
    CG_TRY(start(audit, CG_SQL_SINGLE_USE_LOOK, use, &statement));
    CG_TRY(cg_store_step(statement, &row));
    *ret_spent = row && cg_column_number(statement, 0) > 0;
    cg_store_reset(statement);
    return CG_OK;
}

enum cg_status cg_single_use_spend(struct cg_store *audit, const struct cg_single_use *use,
                                   bool *ret_won)
{
    struct cg_statement *statement = NULL;
    CG_TRY(start(audit, CG_SQL_SINGLE_USE_SPEND, use, &statement));
    cg_bind_number(statement, "expires", use->expires_s);
    int64_t added = 0;
    CG_TRY(cg_store_run(statement, &added));
    *ret_won = added == 1;
    return CG_OK;
}

static enum cg_status forget(struct cg_store *audit, int64_t now_s)
{
    struct cg_statement *statement = NULL;
    CG_TRY(cg_store_start(audit, CG_SQL_SINGLE_USE_FORGET, &statement));
    cg_bind_number(statement, "now", now_s);
    return cg_store_run(statement, NULL);
}

enum cg_status cg_single_use_forget(struct cg_store *audit, int64_t now_s)
{
    CG_TRY(cg_store_begin(audit));
    enum cg_status status = forget(audit, now_s);
    if (status != CG_OK) {
        cg_store_rollback(audit);
        return status;
    }
    return cg_store_commit(audit);
}
