/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A store: prepared statements on one database connection. One struct of functions per engine
 * (store/engine.h); this header is what the layers above see. SQL is one text for all engines:
 * $name parameters, integer seconds, `on conflict`, `returning`. A connection belongs to one thread
 * at a time; everything may block. Open it after a fork, never before.
 *
 * Statuses of all functions: CG_ERR_STORE when the engine or the disk failed; CG_ERR_LIMIT when
 * memory is short; CG_ERR_INTERNAL when a rule of this header is broken. cg_store_message says
 * more.
 */
#ifndef CG_STORE_STORE_H
#define CG_STORE_STORE_H

#include "base/arena.h"
#include "store/statements.h"

#include <caregate/types.h>
#include <stdbool.h>

struct cg_store;

enum cg_store_kind { CG_STORE_REGISTRY, CG_STORE_AUDIT };

enum cg_store_flags {
    CG_STORE_OPEN = 0,
    CG_STORE_CREATE =
        1 << 0, /* make the file and its schema when missing; bring an older schema up */
    CG_STORE_READ_ONLY = 1 << 1,
};

/*
 * Opens the registry, or the audit database beside it, of a store URI: "sqlite:/path/registry.db"
 * (the audit is audit.db in the same folder) or "sqlite::memory:". CG_ERR_INPUT for a malformed
 * URI, CG_ERR_NOT_FOUND when the file is missing and CG_STORE_CREATE is not given, CG_ERR_CONFLICT
 * when its schema is newer or older than this program's, CG_ERR_STORE otherwise.
 */
CG_MUST_USE enum cg_status cg_store_open(struct cg_span uri, enum cg_store_kind kind,
                                         unsigned flags, struct cg_store **ret_store);
struct cg_store *cg_store_free(struct cg_store *store);
CG_DEFINE_CLEANUP(cg_store_free_at, struct cg_store *, cg_store_free)

/* What the engine said last, for diagnostics; a zero-terminated text that lives until the next
 * call. Never holds values. */
const char *cg_store_message(const struct cg_store *store);

/* The path of the database file, or absent for :memory:. Borrows from the store. */
struct cg_span cg_store_path(const struct cg_store *store);

/* Checks the whole database (SQLite: pragma integrity_check). CG_ERR_STORE when it is damaged; see
 * cg_store_message. */
CG_MUST_USE enum cg_status cg_store_check(struct cg_store *store);

/*
 * False when the file behind the connection was replaced or removed since it was opened, so that
 * the caller opens anew. One stat(2).
 */
bool cg_store_is_current(const struct cg_store *store);

/*
 * Transactions, one at a time. cg_store_begin is always immediate: a deferred one that reads and
 * then writes gets SQLITE_BUSY_SNAPSHOT, which no timeout cures. cg_store_begin_read gives one
 * consistent view over several statements. cg_store_commit is durable on return (SQLite: WAL,
 * synchronous=FULL); when it fails, nothing of the transaction happened and the store is usable
 * again. Writers of one database wait for each other in the kernel (a lock file beside it), not by
 * polling. A statement that writes runs inside cg_store_begin only: CG_ERR_INTERNAL otherwise.
 */
CG_MUST_USE enum cg_status cg_store_begin(struct cg_store *store);
CG_MUST_USE enum cg_status cg_store_begin_read(struct cg_store *store);
CG_MUST_USE enum cg_status cg_store_commit(struct cg_store *store);
/* Undoes what is open; harmless when nothing is. */
void cg_store_rollback(struct cg_store *store);

/*
 * How long cg_store_begin waits for another writer from now on, in milliseconds; at first for ever.
 * Past it the status is CG_ERR_LIMIT: the store is well, and somebody else has it.
 */
#define CG_STORE_WAIT_FOR_EVER (-1)
void cg_store_set_patience(struct cg_store *store, int patience_ms);

/*
 * Running a statement: cg_store_start(store, CG_SQL_...), bind each parameter by its name without
 * the dollar sign, then cg_store_step until *ret_row is false; or cg_store_run when no row is
 * expected. One statement id may be running at a time. cg_store_start resets whatever that
 * statement was doing; so do commit and rollback to all statements. Binding fails silently and
 * sticks: stepping then returns the failure, CG_ERR_INTERNAL for an unknown name or a parameter
 * that has no value.
 */
CG_MUST_USE enum cg_status cg_store_start(struct cg_store *store, enum cg_sql sql,
                                          struct cg_statement **ret_statement);
void cg_bind_text(struct cg_statement *statement, const char *name,
                  struct cg_span text); /* absent: NULL */
void cg_bind_blob(struct cg_statement *statement, const char *name, struct cg_span bytes);
void cg_bind_number(struct cg_statement *statement, const char *name, int64_t number);
void cg_bind_null(struct cg_statement *statement, const char *name);

/* CG_ERR_CONFLICT for a broken uniqueness or check constraint; CG_ERR_STORE otherwise. Bound spans
 * must live until here. */
CG_MUST_USE enum cg_status cg_store_step(struct cg_statement *statement, bool *ret_row);
/* Steps to the end and resets; *ret_changed (may be NULL) is the number of rows written. */
CG_MUST_USE enum cg_status cg_store_run(struct cg_statement *statement, int64_t *ret_changed);
/* Gives the statement back before its last row. Accepts NULL. */
void cg_store_reset(struct cg_statement *statement);

/* Columns of the current row, from 0. Text and blobs borrow until the next step: copy by the arena
 * variants. */
struct cg_span cg_column_text(struct cg_statement *statement, int column); /* NULL: absent */
struct cg_span cg_column_blob(struct cg_statement *statement, int column);
int64_t cg_column_number(struct cg_statement *statement, int column); /* NULL: 0 */
bool cg_column_is_null(struct cg_statement *statement, int column);
CG_MUST_USE enum cg_status cg_column_copy(struct cg_statement *statement, int column,
                                          struct cg_arena *arena, struct cg_span *ret_copy);

/* Upkeep off the committing path (SQLite: a passive WAL checkpoint). Call it about once a second
 * where there are writers. */
CG_MUST_USE enum cg_status cg_store_maintain(struct cg_store *store);

/* Copies the whole database to a new file, consistent, while others write. CG_ERR_CONFLICT when it
 * exists. */
CG_MUST_USE enum cg_status cg_store_copy_to(struct cg_store *store, const char *path);

#endif
