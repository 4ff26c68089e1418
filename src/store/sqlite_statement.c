/* SPDX-License-Identifier: Apache-2.0 */
#include "base/status.h"
#include "store/sqlite.h"

#include <string.h>

static sqlite3_stmt *statement_of(struct cg_prepared *prepared)
{
    return (sqlite3_stmt *)prepared;
}

/* SQLite's own prototypes do not say const where they only read. */
static sqlite3_stmt *statement_of_const(const struct cg_prepared *prepared)
{
    return (sqlite3_stmt *)(uintptr_t)prepared;
}

enum cg_status cg_sqlite_status(int code)
{
    switch (code & 0xff) {
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE: return CG_OK;
    case SQLITE_CONSTRAINT: return CG_ERR_CONFLICT;
    case SQLITE_NOMEM:
    case SQLITE_TOOBIG: return CG_ERR_LIMIT;
    default: return CG_ERR_STORE;
    }
}

enum cg_status cg_sqlite_compile(struct cg_sqlite *sqlite, const char *text,
                                 sqlite3_stmt **ret_statement)
{
    sqlite3_stmt *statement = NULL;
    sqlite->message = NULL;
    CG_TRY(cg_sqlite_status(
        sqlite3_prepare_v3(sqlite->db, text, -1, SQLITE_PREPARE_PERSISTENT, &statement, NULL)));
    *ret_statement = statement;
    return CG_OK;
}

enum cg_status cg_sqlite_prepare(struct cg_connection *connection, const char *text,
                                 struct cg_prepared **ret_prepared)
{
    sqlite3_stmt *statement = NULL;
    CG_TRY(cg_sqlite_compile(cg_sqlite_of(connection), text, &statement));
    *ret_prepared = (struct cg_prepared *)statement;
    return CG_OK;
}

void cg_sqlite_discard(struct cg_prepared *prepared)
{
    (void)sqlite3_finalize(statement_of(prepared));
}

bool cg_sqlite_writes(const struct cg_prepared *prepared)
{
    return sqlite3_stmt_readonly(statement_of_const(prepared)) == 0;
}

size_t cg_sqlite_parameter_count(const struct cg_prepared *prepared)
{
    return (size_t)sqlite3_bind_parameter_count(statement_of_const(prepared));
}

bool cg_sqlite_parameter_is(const struct cg_prepared *prepared, size_t index, const char *name)
{
    const char *own = sqlite3_bind_parameter_name(statement_of_const(prepared), (int)index + 1);
    return own != NULL && own[0] == '$' && strcmp(own + 1, name) == 0;
}

enum cg_status cg_sqlite_bind_text(struct cg_prepared *prepared, size_t index, struct cg_span text)
{
    return cg_sqlite_status(sqlite3_bind_text64(statement_of(prepared), (int)index + 1,
                                                (const char *)text.data, text.len, SQLITE_STATIC,
                                                SQLITE_UTF8));
}

enum cg_status cg_sqlite_bind_blob(struct cg_prepared *prepared, size_t index, struct cg_span bytes)
{
    return cg_sqlite_status(sqlite3_bind_blob64(statement_of(prepared), (int)index + 1, bytes.data,
                                                bytes.len, SQLITE_STATIC));
}

enum cg_status cg_sqlite_bind_number(struct cg_prepared *prepared, size_t index, int64_t number)
{
    return cg_sqlite_status(sqlite3_bind_int64(statement_of(prepared), (int)index + 1, number));
}

enum cg_status cg_sqlite_bind_null(struct cg_prepared *prepared, size_t index)
{
    return cg_sqlite_status(sqlite3_bind_null(statement_of(prepared), (int)index + 1));
}

enum cg_status cg_sqlite_step(struct cg_connection *connection, struct cg_prepared *prepared,
                              bool *ret_row)
{
    cg_sqlite_of(connection)->message = NULL;
    int code = sqlite3_step(statement_of(prepared));
    CG_TRY(cg_sqlite_status(code));
    *ret_row = code == SQLITE_ROW;
    return CG_OK;
}

void cg_sqlite_reset(struct cg_prepared *prepared)
{
    /* The result repeats that of the last step, which was reported already. */
    (void)sqlite3_reset(statement_of(prepared));
    (void)sqlite3_clear_bindings(statement_of(prepared));
}

struct cg_span cg_sqlite_column_bytes(struct cg_prepared *prepared, int column)
{
    sqlite3_stmt *statement = statement_of(prepared);
    if (sqlite3_column_type(statement, column) == SQLITE_NULL) {
        return (struct cg_span){0};
    }
    /* As a blob, for text too: no conversion, so nothing that can fail. Empty ones have no pointer.
     */
    const void *data = sqlite3_column_blob(statement, column);
    size_t len = (size_t)sqlite3_column_bytes(statement, column);
    return (struct cg_span){data != NULL ? data : (const void *)"", data != NULL ? len : 0};
}

int64_t cg_sqlite_column_number(struct cg_prepared *prepared, int column)
{
    return sqlite3_column_int64(statement_of(prepared), column);
}

bool cg_sqlite_column_is_null(struct cg_prepared *prepared, int column)
{
    return sqlite3_column_type(statement_of(prepared), column) == SQLITE_NULL;
}
