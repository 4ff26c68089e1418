/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/introspector.h"

#include "base/limits.h"
#include "base/span.h"
#include "registry/api.h"
#include "registry/client.h"
#include "registry/rows.h"

#define FOUND_BYTES 65536 /* one API and one client */

static enum cg_status start(struct cg_store *store, enum cg_sql sql,
                            const struct cg_introspector *introspector,
                            struct cg_statement **ret_statement)
{
    CG_TRY(cg_store_start(store, sql, ret_statement));
    cg_bind_text(*ret_statement, "realm", introspector->realm);
    cg_bind_text(*ret_statement, "api", introspector->api);
    cg_bind_text(*ret_statement, "client", introspector->client);
    return CG_OK;
}

static enum cg_status check_api(struct cg_store *store, const struct cg_introspector *introspector,
                                struct cg_arena *arena, struct cg_fault *fault)
{
    struct cg_api api;
    enum cg_status status = cg_api_find(store, introspector->realm, introspector->api, arena, &api);
    if (status == CG_ERR_NOT_FOUND) {
        CG_FAIL(fault, status, CG_REASON_NONE, "there is no API of this name in the realm", NULL);
    }
    CG_TRY(status);
    if (api.retired_s != 0) {
        CG_FAIL(fault, CG_ERR_CONFLICT, CG_REASON_NONE,
                "the API is retired: no token names it any more", NULL);
    }
    return CG_OK;
}

static enum cg_status check_number(struct cg_store *store,
                                   const struct cg_introspector *introspector,
                                   struct cg_fault *fault)
{
    struct cg_statement *statement = NULL;
    int64_t count = 0;
    CG_TRY(cg_store_start(store, CG_SQL_INTROSPECTOR_COUNT, &statement));
    cg_bind_text(statement, "realm", introspector->realm);
    cg_bind_text(statement, "api", introspector->api);
    CG_TRY(cg_rows_number(statement, &count));
    if (count >= CG_LIMIT_API_INTROSPECTORS) {
        CG_FAIL(fault, CG_ERR_LIMIT, CG_REASON_NONE,
                "an API has at most 32 introspectors: remove one that serves it no more", NULL);
    }
    return CG_OK;
}

enum cg_status cg_introspector_add(struct cg_store *store,
                                   const struct cg_introspector *introspector, int64_t now_s,
                                   struct cg_fault *fault)
{
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = NULL;
    CG_TRY(cg_arena_new(FOUND_BYTES, &arena));
    CG_TRY(check_api(store, introspector, arena, fault));
    CG_TRY(cg_client_check_live(store, introspector->realm, introspector->client, arena, fault));
    CG_TRY(check_number(store, introspector, fault));
    struct cg_statement *statement = NULL;
    CG_TRY(start(store, CG_SQL_INTROSPECTOR_ADD, introspector, &statement));
    cg_bind_number(statement, "now", now_s);
    enum cg_status status = cg_store_run(statement, NULL);
    if (status == CG_ERR_CONFLICT) {
        CG_FAIL(fault, status, CG_REASON_NONE,
                "this client may introspect the API's tokens already", NULL);
    }
    CG_TRY(status);
    return cg_registry_touch(store, CG_TOUCH_REGISTRY);
}

enum cg_status cg_introspector_remove(struct cg_store *store,
                                      const struct cg_introspector *introspector,
                                      struct cg_fault *fault)
{
    struct cg_statement *statement = NULL;
    int64_t removed = 0;
    CG_TRY(start(store, CG_SQL_INTROSPECTOR_REMOVE, introspector, &statement));
    CG_TRY(cg_store_run(statement, &removed));
    if (removed == 0) {
        CG_FAIL(fault, CG_ERR_NOT_FOUND, CG_REASON_NONE,
                "this client was no introspector of the API", NULL);
    }
    return cg_registry_touch(store, CG_TOUCH_REGISTRY);
}

static enum cg_status read_client(struct cg_statement *statement, struct cg_arena *arena, void *row)
{
    struct cg_span *client = row;
    return cg_column_copy(statement, 0, arena, client);
}

static enum cg_status add_client(void *context, const void *row)
{
    struct cg_buf *buf = context;
    const struct cg_span *client = row;
    cg_buf_put_string(buf, buf->len > 0 ? " " : "");
    cg_buf_put(buf, *client);
    return CG_OK;
}

enum cg_status cg_introspector_clients(struct cg_store *store, struct cg_span realm,
                                       struct cg_span api, struct cg_arena *arena,
                                       struct cg_span *ret_clients)
{
    struct cg_buf buf;
    struct cg_span client = {NULL, 0};
    struct cg_statement *statement = NULL;
    cg_buf_init_arena(&buf, arena,
                      (size_t)CG_LIMIT_API_INTROSPECTORS * (CG_LIMIT_CLIENT_ID_BYTES + 1));
    CG_TRY(cg_store_start(store, CG_SQL_INTROSPECTOR_LIST, &statement));
    cg_bind_text(statement, "realm", realm);
    cg_bind_text(statement, "api", api);
    CG_TRY(
        cg_rows_visit(&(struct cg_rows){statement, read_client, arena, &client}, add_client, &buf));
    return cg_buf_finish(&buf, ret_clients);
}

enum cg_status cg_introspector_is(struct cg_store *store,
                                  const struct cg_introspector *introspector, bool *ret_is)
{
    struct cg_statement *statement = NULL;
    int64_t count = 0;
    CG_TRY(start(store, CG_SQL_INTROSPECTOR_IS, introspector, &statement));
    CG_TRY(cg_rows_number(statement, &count));
    *ret_is = count != 0;
    return CG_OK;
}
