/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/client_upstream.h"

#include "registry/client.h"
#include "registry/rows.h"
#include "registry/upstream.h"
#include "token/text.h"

static enum cg_status start(struct cg_store *store, enum cg_sql sql,
                            const struct cg_client_upstream *row,
                            struct cg_statement **ret_statement)
{
    CG_TRY(cg_store_start(store, sql, ret_statement));
    cg_bind_text(*ret_statement, "realm", row->realm);
    cg_bind_text(*ret_statement, "upstream", row->upstream);
    return CG_OK;
}

static enum cg_status check_number(struct cg_store *store, const struct cg_client_upstream *row,
                                   struct cg_fault *fault)
{
    struct cg_statement *statement = NULL;
    int64_t count = 0;
    CG_TRY(start(store, CG_SQL_CLIENT_UPSTREAM_COUNT, row, &statement));
    cg_bind_text(statement, "client", row->client);
    CG_TRY(cg_rows_number(statement, &count));
    if (count >= CG_LIMIT_CLIENT_UPSTREAM_IDS) {
        CG_FAIL(fault, CG_ERR_LIMIT, CG_REASON_NONE,
                "a client has at most 8 ids at one provider: remove one that it uses no more",
                NULL);
    }
    return CG_OK;
}

/* RFC 8693 §5: a token that was made for one client must not serve another, so an id has one. */
static enum cg_status check_free(struct cg_store *store, const struct cg_client_upstream *row,
                                 struct cg_fault *fault)
{
    struct cg_statement *statement = NULL;
    int64_t count = 0;
    CG_TRY(start(store, CG_SQL_CLIENT_UPSTREAM_TAKEN, row, &statement));
    cg_bind_text(statement, "audience", row->audience);
    CG_TRY(cg_rows_number(statement, &count));
    if (count != 0) {
        CG_FAIL(fault, CG_ERR_CONFLICT, CG_REASON_NONE,
                "this id at the provider is registered already, for this client or another: "
                "`caregate client upstream list` tells whose it is",
                NULL);
    }
    return CG_OK;
}

enum cg_status cg_client_upstream_add(struct cg_store *store, const struct cg_client_upstream *row,
                                      struct cg_arena *arena, struct cg_fault *fault)
{
    struct cg_statement *statement = NULL;
    if (!cg_text_is_header_safe(row->audience, CG_LIMIT_UPSTREAM_ID_BYTES)) {
        CG_FAIL(fault, CG_ERR_INPUT, CG_REASON_NONE,
                "the client's id at the provider is 1 to 255 visible characters but \" and \\",
                NULL);
    }
    CG_TRY(cg_client_check_live(store, row->realm, row->client, arena, fault));
    CG_TRY(cg_upstream_check_in_force(store, row->realm, row->upstream, arena, fault));
    CG_TRY(check_number(store, row, fault));
    CG_TRY(check_free(store, row, fault));
    CG_TRY(start(store, CG_SQL_CLIENT_UPSTREAM_ADD, row, &statement));
    cg_bind_text(statement, "client", row->client);
    cg_bind_text(statement, "audience", row->audience);
    cg_bind_number(statement, "now", row->created_s);
    CG_TRY(cg_store_run(statement, NULL));
    return cg_registry_touch(store, CG_TOUCH_REGISTRY);
}

enum cg_status cg_client_upstream_remove(struct cg_store *store,
                                         const struct cg_client_upstream *row,
                                         struct cg_fault *fault)
{
    struct cg_statement *statement = NULL;
    int64_t removed = 0;
    CG_TRY(start(store, CG_SQL_CLIENT_UPSTREAM_REMOVE, row, &statement));
    cg_bind_text(statement, "client", row->client);
    cg_bind_text(statement, "audience", row->audience);
    CG_TRY(cg_store_run(statement, &removed));
    if (removed == 0) {
        CG_FAIL(fault, CG_ERR_NOT_FOUND, CG_REASON_NONE,
                "the client has no such id at the provider: `caregate client upstream list` shows "
                "those that there are",
                NULL);
    }
    return cg_registry_touch(store, CG_TOUCH_REGISTRY);
}

enum cg_status cg_client_upstream_is(struct cg_store *store, const struct cg_client_upstream *row,
                                     bool *ret_is)
{
    struct cg_statement *statement = NULL;
    int64_t count = 0;
    CG_TRY(start(store, CG_SQL_CLIENT_UPSTREAM_IS, row, &statement));
    cg_bind_text(statement, "client", row->client);
    cg_bind_text(statement, "audience", row->audience);
    CG_TRY(cg_rows_number(statement, &count));
    *ret_is = count != 0;
    return CG_OK;
}

enum cg_status cg_client_upstream_clients(struct cg_store *store, struct cg_span realm,
                                          struct cg_span upstream, int64_t *ret_count)
{
    struct cg_client_upstream of = {.realm = realm, .upstream = upstream};
    struct cg_statement *statement = NULL;
    CG_TRY(start(store, CG_SQL_CLIENT_UPSTREAM_CLIENTS, &of, &statement));
    return cg_rows_number(statement, ret_count);
}

static enum cg_status read_row(struct cg_statement *statement, struct cg_arena *arena, void *row)
{
    enum cg_status status = CG_OK;
    struct cg_client_upstream read = {
        .realm = cg_rows_text(statement, 0, arena, &status),
        .client = cg_rows_text(statement, 1, arena, &status),
        .upstream = cg_rows_text(statement, 2, arena, &status),
        .audience = cg_rows_text(statement, 3, arena, &status),
        .created_s = cg_column_number(statement, 4),
    };
    CG_TRY(status);
    struct cg_client_upstream *ret = row;
    *ret = read;
    return CG_OK;
}

enum cg_status cg_client_upstream_list(struct cg_store *store, struct cg_span realm,
                                       struct cg_arena *arena, cg_registry_visit visit,
                                       void *context)
{
    struct cg_statement *statement = NULL;
    struct cg_client_upstream row;
    CG_TRY(cg_store_start(store, CG_SQL_CLIENT_UPSTREAM_LIST, &statement));
    cg_bind_text(statement, "realm", realm);
    return cg_rows_visit(&(struct cg_rows){statement, read_row, arena, &row}, visit, context);
}
