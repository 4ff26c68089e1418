/* SPDX-License-Identifier: Apache-2.0 */
#include "store/migrate.h"

#include "base/span.h"
#include "base/status.h"
#include "store/schema.h"

#include <inttypes.h>
#include <stdio.h>

#define SCHEMA_FILE_COUNT (sizeof(schema_files) / sizeof(schema_files[0]))

static const struct cg_span prefixes[] = {
    [CG_STORE_REGISTRY] = CG_SPAN("registry-"),
    [CG_STORE_AUDIT] = CG_SPAN("audit-"),
};

static bool is_step_of(const struct schema_file *file, enum cg_store_kind kind)
{
    return cg_span_starts_with(cg_span_of_string(file->name), prefixes[kind]);
}

static int64_t newest_version(enum cg_store_kind kind)
{
    int64_t count = 0;
    for (size_t i = 0; i < SCHEMA_FILE_COUNT; i++) {
        count += is_step_of(&schema_files[i], kind) ? 1 : 0;
    }
    return count;
}

static enum cg_status read_version(const struct cg_engine *engine, struct cg_connection *connection,
                                   int64_t *ret_version)
{
    bool has_table = false;
    CG_TRY(engine->has_table(connection, "schema_version", &has_table));
    if (!has_table) {
        *ret_version = 0;
        return CG_OK;
    }
    return engine->read_number(connection, "select version from schema_version", ret_version);
}

static enum cg_status write_version(const struct cg_engine *engine,
                                    struct cg_connection *connection, int64_t from, int64_t to)
{
    if (from == 0) {
        CG_TRY(engine->execute(connection, "create table schema_version (version bigint not null);"
                                           "insert into schema_version (version) values (0)"));
    }
    char text[80];
    (void)snprintf(text, sizeof(text), "update schema_version set version = %" PRId64, to);
    return engine->execute(connection, text);
}

static enum cg_status take_steps(const struct cg_engine *engine, struct cg_connection *connection,
                                 enum cg_store_kind kind)
{
    /* Read again: another process may have brought the schema up since. */
    int64_t version = 0;
    CG_TRY(read_version(engine, connection, &version));
    int64_t step = 0;
    for (size_t i = 0; i < SCHEMA_FILE_COUNT; i++) {
        if (!is_step_of(&schema_files[i], kind)) {
            continue;
        }
        step++;
        if (step > version) {
            CG_TRY(engine->execute(connection, schema_files[i].sql));
        }
    }
    return version < step ? write_version(engine, connection, version, step) : CG_OK;
}

static enum cg_status bring_up(const struct cg_engine *engine, struct cg_connection *connection,
                               enum cg_store_kind kind)
{
    CG_TRY(engine->begin(connection));
    enum cg_status status = take_steps(engine, connection, kind);
    if (status == CG_OK) {
        status = engine->commit(connection);
    }
    if (status != CG_OK) {
        engine->rollback(connection);
    }
    return status;
}

enum cg_status cg_migrate(const struct cg_engine *engine, struct cg_connection *connection,
                          enum cg_store_kind kind, unsigned flags)
{
    int64_t version = 0;
    CG_TRY(read_version(engine, connection, &version));
    int64_t wanted = newest_version(kind);
    if (version == wanted) {
        return CG_OK;
    }
    if (version > wanted || (flags & CG_STORE_CREATE) == 0) {
        return CG_ERR_CONFLICT;
    }
    return bring_up(engine, connection, kind);
}
