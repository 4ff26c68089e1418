/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store.h"

#include "base/alloc.h"
#include "base/span.h"
#include "base/status.h"
#include "store/engine.h"
#include "store/migrate.h"

#include <stdio.h>

#define MESSAGE_BYTES 256
#define PARAMETERS_MAX 64 /* one bit each in cg_statement.bound */

enum transaction { TRANSACTION_NONE, TRANSACTION_READ, TRANSACTION_WRITE };

struct cg_statement {
    struct cg_store *store;
    struct cg_prepared *prepared; /* NULL: not used yet on this connection */
    uint64_t bound;               /* bit n: parameter n has its value */
    size_t parameter_count;
    size_t next_parameter; /* where the search for a name starts */
    enum cg_status status; /* the failure that sticks */
    bool running;
    bool writes;
};

struct cg_store {
    const struct cg_engine *engine;
    struct cg_connection *connection;
    enum cg_store_kind kind;
    enum transaction transaction;
    char message[MESSAGE_BYTES];
    struct cg_statement statements[CG_SQL_COUNT];
};

static const struct cg_engine *const engines[] = {&cg_engine_sqlite};

static void note(struct cg_store *store, const char *message)
{
    (void)snprintf(store->message, sizeof(store->message), "%s", message);
}

/* Keeps what the engine says of a failure, since the clean-up after it makes the engine say more.
 */
static enum cg_status noted(struct cg_store *store, enum cg_status status)
{
    if (status != CG_OK) {
        note(store, store->engine->message(store->connection));
    }
    return status;
}

static enum cg_status broken_rule(struct cg_store *store, const char *message)
{
    note(store, message);
    return CG_ERR_INTERNAL;
}

static const struct cg_engine *find_engine(struct cg_span uri)
{
    for (size_t i = 0; i < sizeof(engines) / sizeof(engines[0]); i++) {
        if (cg_span_starts_with(uri, engines[i]->scheme)) {
            return engines[i];
        }
    }
    return NULL;
}

enum cg_status cg_store_open(struct cg_span uri, enum cg_store_kind kind, unsigned flags,
                             struct cg_store **ret_store)
{
    const struct cg_engine *engine = find_engine(uri);
    bool both = (flags & CG_STORE_CREATE) != 0 && (flags & CG_STORE_READ_ONLY) != 0;
    if (engine == NULL || both) {
        return CG_ERR_INPUT;
    }
    void *memory = NULL;
    CG_TRY(cg_alloc(1, sizeof(struct cg_store), &memory));
    CG_CLEANUP(cg_store_free_at) struct cg_store *store = memory;
    store->engine = engine;
    store->kind = kind;
    struct cg_span place = cg_span_part(uri, engine->scheme.len, uri.len);
    CG_TRY(engine->open(place, kind, flags, &store->connection));
    CG_TRY(cg_migrate(engine, store->connection, kind, flags));
    *ret_store = CG_STEAL(store);
    return CG_OK;
}

struct cg_store *cg_store_free(struct cg_store *store)
{
    if (store == NULL) {
        return NULL;
    }
    for (size_t i = 0; i < CG_SQL_COUNT; i++) {
        if (store->statements[i].prepared != NULL) {
            store->engine->discard(store->statements[i].prepared);
        }
    }
    if (store->connection != NULL) {
        store->engine->rollback(store->connection);
        store->engine->close(store->connection);
    }
    return cg_release(store);
}

const char *cg_store_message(const struct cg_store *store)
{
    return store->message;
}

struct cg_span cg_store_path(const struct cg_store *store)
{
    return cg_span_of_string(store->engine->path(store->connection));
}

bool cg_store_is_current(const struct cg_store *store)
{
    return store->engine->is_current(store->connection);
}

static enum cg_status begin(struct cg_store *store, enum transaction transaction)
{
    if (store->transaction != TRANSACTION_NONE) {
        return broken_rule(store, "a transaction inside a transaction");
    }
    const struct cg_engine *engine = store->engine;
    CG_TRY(noted(store, transaction == TRANSACTION_WRITE ? engine->begin(store->connection)
                                                         : engine->begin_read(store->connection)));
    store->transaction = transaction;
    return CG_OK;
}

void cg_store_set_patience(struct cg_store *store, int patience_ms)
{
    store->engine->set_patience(store->connection, patience_ms);
}

enum cg_status cg_store_begin(struct cg_store *store)
{
    return begin(store, TRANSACTION_WRITE);
}

enum cg_status cg_store_begin_read(struct cg_store *store)
{
    return begin(store, TRANSACTION_READ);
}

/* A statement that still has rows to give holds a transaction open. */
static void reset_all(struct cg_store *store)
{
    for (size_t i = 0; i < CG_SQL_COUNT; i++) {
        cg_store_reset(&store->statements[i]);
    }
}

enum cg_status cg_store_commit(struct cg_store *store)
{
    if (store->transaction == TRANSACTION_NONE) {
        return broken_rule(store, "a commit without a transaction");
    }
    reset_all(store);
    enum cg_status status = noted(store, store->engine->commit(store->connection));
    if (status != CG_OK) {
        store->engine->rollback(store->connection);
    }
    store->transaction = TRANSACTION_NONE;
    return status;
}

void cg_store_rollback(struct cg_store *store)
{
    reset_all(store);
    store->engine->rollback(store->connection);
    store->transaction = TRANSACTION_NONE;
}

static enum cg_status prepare(struct cg_store *store, enum cg_sql sql,
                              struct cg_statement *statement)
{
    const struct cg_engine *engine = store->engine;
    struct cg_prepared *prepared = NULL;
    CG_TRY(noted(store, engine->prepare(store->connection, cg_sql_texts[sql].text, &prepared)));
    statement->store = store;
    statement->prepared = prepared;
    statement->writes = engine->writes(prepared);
    statement->parameter_count = engine->parameter_count(prepared);
    return CG_OK;
}

enum cg_status cg_store_start(struct cg_store *store, enum cg_sql sql,
                              struct cg_statement **ret_statement)
{
    if ((size_t)sql >= CG_SQL_COUNT || cg_sql_texts[sql].kind != (int)store->kind) {
        return broken_rule(store, "a statement for another database");
    }
    struct cg_statement *statement = &store->statements[sql];
    if (statement->prepared == NULL) {
        CG_TRY(prepare(store, sql, statement));
    }
    cg_store_reset(statement);
    statement->status = CG_OK;
    statement->bound = 0;
    statement->next_parameter = 0;
    statement->running = true;
    if (statement->parameter_count > PARAMETERS_MAX) {
        statement->status = broken_rule(store, "a statement with too many parameters");
    }
    *ret_statement = statement;
    return CG_OK;
}

/* Values are mostly bound in the order of the text, so the search starts behind the last one. */
static bool find_parameter(struct cg_statement *statement, const char *name, size_t *ret_index)
{
    size_t count = statement->parameter_count;
    for (size_t i = 0; i < count; i++) {
        size_t index = (statement->next_parameter + i) % count;
        if (statement->store->engine->parameter_is(statement->prepared, index, name)) {
            statement->next_parameter = index + 1;
            *ret_index = index;
            return true;
        }
    }
    return false;
}

/* True when the value may be bound, to the parameter *ret_index. */
static bool may_bind(struct cg_statement *statement, const char *name, size_t *ret_index)
{
    if (statement->status != CG_OK) {
        return false;
    }
    if (!statement->running || !find_parameter(statement, name, ret_index)) {
        statement->status = broken_rule(statement->store, "a value for no parameter");
        return false;
    }
    statement->bound |= (uint64_t)1 << *ret_index;
    return true;
}

static void keep(struct cg_statement *statement, enum cg_status status)
{
    statement->status = noted(statement->store, status);
}

void cg_bind_text(struct cg_statement *statement, const char *name, struct cg_span text)
{
    size_t index = 0;
    if (may_bind(statement, name, &index)) {
        const struct cg_engine *engine = statement->store->engine;
        keep(statement, text.data == NULL ? engine->bind_null(statement->prepared, index)
                                          : engine->bind_text(statement->prepared, index, text));
    }
}

void cg_bind_blob(struct cg_statement *statement, const char *name, struct cg_span bytes)
{
    size_t index = 0;
    if (may_bind(statement, name, &index)) {
        const struct cg_engine *engine = statement->store->engine;
        keep(statement, bytes.data == NULL ? engine->bind_null(statement->prepared, index)
                                           : engine->bind_blob(statement->prepared, index, bytes));
    }
}

void cg_bind_number(struct cg_statement *statement, const char *name, int64_t number)
{
    size_t index = 0;
    if (may_bind(statement, name, &index)) {
        keep(statement, statement->store->engine->bind_number(statement->prepared, index, number));
    }
}

void cg_bind_null(struct cg_statement *statement, const char *name)
{
    size_t index = 0;
    if (may_bind(statement, name, &index)) {
        keep(statement, statement->store->engine->bind_null(statement->prepared, index));
    }
}

/* Whether the statement may run now. */
static enum cg_status admit(struct cg_statement *statement)
{
    struct cg_store *store = statement->store;
    CG_TRY(statement->status);
    if (!statement->running) {
        return broken_rule(store, "a step past the end of a statement");
    }
    size_t count = statement->parameter_count;
    uint64_t all = count == PARAMETERS_MAX ? UINT64_MAX : ((uint64_t)1 << count) - 1;
    if (statement->bound != all) {
        return broken_rule(store, "a parameter without a value");
    }
    if (!statement->writes) {
        return CG_OK;
    }
    if (store->transaction != TRANSACTION_WRITE) {
        return broken_rule(store, "a write outside a transaction for writing");
    }
    if (!store->engine->in_transaction(store->connection)) {
        note(store, "the transaction was undone by a failure");
        return CG_ERR_STORE;
    }
    return CG_OK;
}

enum cg_status cg_store_step(struct cg_statement *statement, bool *ret_row)
{
    struct cg_store *store = statement->store;
    enum cg_status status = admit(statement);
    bool row = false;
    if (status == CG_OK) {
        status = noted(store, store->engine->step(store->connection, statement->prepared, &row));
    }
    if (status != CG_OK || !row) {
        cg_store_reset(statement);
        statement->status = status;
    }
    CG_TRY(status);
    *ret_row = row;
    return CG_OK;
}

enum cg_status cg_store_run(struct cg_statement *statement, int64_t *ret_changed)
{
    bool row = true;
    while (row) {
        CG_TRY(cg_store_step(statement, &row));
    }
    if (ret_changed != NULL) {
        const struct cg_store *store = statement->store;
        *ret_changed = statement->writes ? store->engine->changed(store->connection) : 0;
    }
    return CG_OK;
}

void cg_store_reset(struct cg_statement *statement)
{
    if (statement != NULL && statement->running) {
        statement->store->engine->reset(statement->prepared);
        statement->running = false;
    }
}

struct cg_span cg_column_text(struct cg_statement *statement, int column)
{
    return statement->store->engine->column_bytes(statement->prepared, column);
}

struct cg_span cg_column_blob(struct cg_statement *statement, int column)
{
    return statement->store->engine->column_bytes(statement->prepared, column);
}

int64_t cg_column_number(struct cg_statement *statement, int column)
{
    return statement->store->engine->column_number(statement->prepared, column);
}

bool cg_column_is_null(struct cg_statement *statement, int column)
{
    return statement->store->engine->column_is_null(statement->prepared, column);
}

enum cg_status cg_column_copy(struct cg_statement *statement, int column, struct cg_arena *arena,
                              struct cg_span *ret_copy)
{
    struct cg_span bytes = cg_column_blob(statement, column);
    if (bytes.data == NULL) {
        *ret_copy = bytes;
        return CG_OK;
    }
    return cg_arena_copy(arena, bytes, ret_copy);
}

enum cg_status cg_store_check(struct cg_store *store)
{
    return noted(store, store->engine->check(store->connection));
}

enum cg_status cg_store_maintain(struct cg_store *store)
{
    return noted(store, store->engine->maintain(store->connection));
}

enum cg_status cg_store_copy_to(struct cg_store *store, const char *path)
{
    return noted(store, store->engine->copy_to(store->connection, path));
}
