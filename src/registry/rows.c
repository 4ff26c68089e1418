/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/rows.h"

enum cg_status cg_rows_visit(const struct cg_rows *rows, cg_registry_visit visit, void *context)
{
    CG_CLEANUP(cg_rows_reset_at) struct cg_statement *statement = rows->statement;
    bool row = false;
    CG_TRY(cg_store_step(statement, &row));
    while (row) {
        CG_TRY(rows->read(statement, rows->arena, rows->row));
        CG_TRY(visit(context, rows->row));
        CG_TRY(cg_store_step(statement, &row));
    }
    return CG_OK;
}

enum cg_status cg_rows_first(const struct cg_rows *rows)
{
    CG_CLEANUP(cg_rows_reset_at) struct cg_statement *statement = rows->statement;
    bool row = false;
    CG_TRY(cg_store_step(statement, &row));
    return row ? rows->read(statement, rows->arena, rows->row) : CG_ERR_NOT_FOUND;
}

enum cg_status cg_rows_number(struct cg_statement *statement, int64_t *ret_number)
{
    CG_CLEANUP(cg_rows_reset_at) struct cg_statement *given_back = statement;
    bool row = false;
    CG_TRY(cg_store_step(given_back, &row));
    if (!row) {
        return CG_ERR_NOT_FOUND;
    }
    *ret_number = cg_column_number(given_back, 0);
    return CG_OK;
}

void cg_rows_bind_optional(struct cg_statement *statement, const char *name, int64_t number)
{
    if (number == 0) {
        cg_bind_null(statement, name);
    } else {
        cg_bind_number(statement, name, number);
    }
}

struct cg_span cg_rows_text(struct cg_statement *statement, int column, struct cg_arena *arena,
                            enum cg_status *status)
{
    struct cg_span copy = {NULL, 0};
    if (*status == CG_OK) {
        *status = cg_column_copy(statement, column, arena, &copy);
    }
    return copy;
}
