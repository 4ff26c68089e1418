/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of the SQLite engine share; nobody else includes this. sqlite.c opens, commits and
 * keeps up a database; sqlite_statement.c runs statements on it.
 */
#ifndef CG_STORE_SQLITE_H
#define CG_STORE_SQLITE_H

#include "store/engine.h"
#include "store/place.h"

#include <sqlite3.h>

struct cg_sqlite {
    sqlite3 *db;
    struct cg_place place;
    int lock; /* the writers' lock, store/lock.h */
    int patience_ms;
    bool read_only;
    int frames_done; /* the log's length when it was last started anew; it counts so until a write
                      */
    sqlite3_stmt *begin;
    sqlite3_stmt *begin_read;
    sqlite3_stmt *commit;
    sqlite3_stmt *rollback;
    const char *message; /* what we have to say ourselves; NULL: SQLite's words count */
    char damage[160];    /* what a check found */
};

static inline struct cg_sqlite *cg_sqlite_of(struct cg_connection *connection)
{
    return (struct cg_sqlite *)connection;
}

static inline const struct cg_sqlite *cg_sqlite_of_const(const struct cg_connection *connection)
{
    return (const struct cg_sqlite *)connection;
}

/* The house's status for an SQLite result code. SQLITE_OK, SQLITE_ROW and SQLITE_DONE are CG_OK. */
enum cg_status cg_sqlite_status(int code);

/* Compiles a statement that is kept for the connection's life. */
CG_MUST_USE enum cg_status cg_sqlite_compile(struct cg_sqlite *sqlite, const char *text,
                                             sqlite3_stmt **ret_statement);

/* Functions of struct cg_engine; see there. */
enum cg_status cg_sqlite_prepare(struct cg_connection *connection, const char *text,
                                 struct cg_prepared **ret_prepared);
void cg_sqlite_discard(struct cg_prepared *prepared);
bool cg_sqlite_writes(const struct cg_prepared *prepared);
size_t cg_sqlite_parameter_count(const struct cg_prepared *prepared);
bool cg_sqlite_parameter_is(const struct cg_prepared *prepared, size_t index, const char *name);
enum cg_status cg_sqlite_bind_text(struct cg_prepared *prepared, size_t index, struct cg_span text);
enum cg_status cg_sqlite_bind_blob(struct cg_prepared *prepared, size_t index,
                                   struct cg_span bytes);
enum cg_status cg_sqlite_bind_number(struct cg_prepared *prepared, size_t index, int64_t number);
enum cg_status cg_sqlite_bind_null(struct cg_prepared *prepared, size_t index);
enum cg_status cg_sqlite_step(struct cg_connection *connection, struct cg_prepared *prepared,
                              bool *ret_row);
void cg_sqlite_reset(struct cg_prepared *prepared);
struct cg_span cg_sqlite_column_bytes(struct cg_prepared *prepared, int column);
int64_t cg_sqlite_column_number(struct cg_prepared *prepared, int column);
bool cg_sqlite_column_is_null(struct cg_prepared *prepared, int column);

#endif
