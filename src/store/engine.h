/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a database engine does for a store. Each engine is one constant struct of functions; store.c
 * keeps the rules that hold for all of them (one transaction at a time, every parameter bound,
 * failures that stick) and asks the engine for the rest.
 *
 * A connection and what was prepared on it belong to one thread at a time. Statuses are those of
 * store/store.h: CG_ERR_CONFLICT for a broken constraint, CG_ERR_LIMIT when memory is short,
 * CG_ERR_STORE otherwise.
 */
#ifndef CG_STORE_ENGINE_H
#define CG_STORE_ENGINE_H

#include "store/store.h"

struct cg_connection; /* an engine's own, never defined: each engine has its own struct behind */
struct cg_prepared;

struct cg_engine {
    struct cg_span scheme; /* what a store URI of this engine starts with: "sqlite:" */

    /* `place` is the URI behind the scheme. The schema is not this function's matter. */
    enum cg_status (*open)(struct cg_span place, enum cg_store_kind kind, unsigned flags,
                           struct cg_connection **ret_connection);
    void (*close)(struct cg_connection *connection);
    /* Zero-terminated, never with values; valid until the next call. */
    const char *(*message)(const struct cg_connection *connection);
    const char *(*path)(const struct cg_connection *connection); /* NULL: there is no file */
    bool (*is_current)(const struct cg_connection *connection);

    void (*set_patience)(struct cg_connection *connection, int patience_ms);
    /* CG_ERR_LIMIT, too, when another writer outlasts the patience. */
    enum cg_status (*begin)(struct cg_connection *connection);
    enum cg_status (*begin_read)(struct cg_connection *connection);
    enum cg_status (*commit)(struct cg_connection *connection);
    void (*rollback)(struct cg_connection *connection);
    /* False, too, after the engine undid a transaction by itself because of a failure. */
    bool (*in_transaction)(const struct cg_connection *connection);

    /* For migrations: several statements in one text; one number, CG_ERR_NOT_FOUND for no row. */
    enum cg_status (*execute)(struct cg_connection *connection, const char *script);
    enum cg_status (*read_number)(struct cg_connection *connection, const char *text,
                                  int64_t *ret_number);
    enum cg_status (*has_table)(struct cg_connection *connection, const char *name, bool *ret_has);

    enum cg_status (*prepare)(struct cg_connection *connection, const char *text,
                              struct cg_prepared **ret_prepared);
    void (*discard)(struct cg_prepared *prepared);
    bool (*writes)(const struct cg_prepared *prepared);
    /* Parameters are numbered from 0; the name is given without its dollar sign. */
    size_t (*parameter_count)(const struct cg_prepared *prepared);
    bool (*parameter_is)(const struct cg_prepared *prepared, size_t index, const char *name);
    enum cg_status (*bind_text)(struct cg_prepared *prepared, size_t index, struct cg_span text);
    enum cg_status (*bind_blob)(struct cg_prepared *prepared, size_t index, struct cg_span bytes);
    enum cg_status (*bind_number)(struct cg_prepared *prepared, size_t index, int64_t number);
    enum cg_status (*bind_null)(struct cg_prepared *prepared, size_t index);
    enum cg_status (*step)(struct cg_connection *connection, struct cg_prepared *prepared,
                           bool *ret_row);
    void (*reset)(struct cg_prepared *prepared);
    int64_t (*changed)(const struct cg_connection *connection); /* rows, by the last statement */

    /* Columns of the current row, from 0. Text and blobs alike: the bytes; NULL gives absent. */
    struct cg_span (*column_bytes)(struct cg_prepared *prepared, int column);
    int64_t (*column_number)(struct cg_prepared *prepared, int column);
    bool (*column_is_null)(struct cg_prepared *prepared, int column);

    enum cg_status (*check)(struct cg_connection *connection);
    enum cg_status (*maintain)(struct cg_connection *connection);
    enum cg_status (*copy_to)(struct cg_connection *connection, const char *path);
};

extern const struct cg_engine cg_engine_sqlite;

#endif
