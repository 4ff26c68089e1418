/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/upstream.h"

#include "base/span.h"
#include "registry/name.h"
#include "registry/realm.h"
#include "registry/rows.h"
#include "registry/upstream_value.h"

#define AUDIENCE_COLUMN 11 /* behind those of CG_UPSTREAM_COLUMNS */

static enum cg_status count_of(struct cg_store *store, enum cg_sql sql,
                               const struct cg_upstream *upstream, int64_t *ret_count)
{
    struct cg_statement *statement = NULL;
    CG_TRY(cg_store_start(store, sql, &statement));
    cg_bind_text(statement, "realm", upstream->realm);
    if (sql == CG_SQL_UPSTREAM_NAME_TAKEN) {
        cg_bind_text(statement, "name", upstream->name);
    } else if (sql == CG_SQL_UPSTREAM_ISSUER_TAKEN) {
        cg_bind_text(statement, "issuer", upstream->issuer);
    }
    return cg_rows_number(statement, ret_count);
}

static enum cg_status check_realm(struct cg_store *store, const struct cg_upstream *upstream,
                                  struct cg_fault *fault)
{
    int64_t life_s = 0;
    enum cg_status status = cg_realm_longest_life_s(store, upstream->realm, &life_s);
    if (status == CG_ERR_NOT_FOUND) {
        CG_FAIL(fault, status, CG_REASON_NONE, "there is no realm of this path", NULL);
    }
    return status;
}

static enum cg_status check_free(struct cg_store *store, const struct cg_upstream *upstream,
                                 struct cg_fault *fault)
{
    int64_t count = 0;
    CG_TRY(count_of(store, CG_SQL_UPSTREAM_NAME_TAKEN, upstream, &count));
    if (count != 0) {
        CG_FAIL(fault, CG_ERR_CONFLICT, CG_REASON_NONE,
                "the realm has, or had, a provider of this name: it begins the subjects of that "
                "one's people, so take another",
                NULL);
    }
    CG_TRY(count_of(store, CG_SQL_UPSTREAM_ISSUER_TAKEN, upstream, &count));
    if (count != 0) {
        CG_FAIL(fault, CG_ERR_CONFLICT, CG_REASON_NONE,
                "another provider of the realm has this issuer: change that one, or retire it "
                "first",
                NULL);
    }
    CG_TRY(count_of(store, CG_SQL_UPSTREAM_COUNT, upstream, &count));
    if (count >= CG_LIMIT_REALM_UPSTREAMS) {
        CG_FAIL(fault, CG_ERR_LIMIT, CG_REASON_NONE,
                "a realm has at most 32 providers in force: retire one first", NULL);
    }
    return CG_OK;
}

/* What both statements that write a row have in common. */
static enum cg_status start_writing(struct cg_store *store, enum cg_sql sql,
                                    const struct cg_upstream *upstream,
                                    struct cg_statement **ret_statement)
{
    CG_TRY(cg_store_start(store, sql, ret_statement));
    cg_bind_text(*ret_statement, "realm", upstream->realm);
    cg_bind_text(*ret_statement, "name", upstream->name);
    cg_bind_text(*ret_statement, "id", upstream->id);
    cg_bind_text(*ret_statement, "alg", upstream->alg);
    cg_bind_text(*ret_statement, "levels", upstream->levels);
    cg_bind_text(*ret_statement, "jwks", upstream->jwks);
    cg_bind_text(*ret_statement, "jwks_uri", upstream->jwks_uri);
    return CG_OK;
}

enum cg_status cg_upstream_add(struct cg_store *store, const struct cg_upstream *upstream,
                               const struct cg_random *random, struct cg_arena *arena,
                               struct cg_fault *fault)
{
    struct cg_upstream added = *upstream;
    struct cg_statement *statement = NULL;
    CG_TRY(cg_upstream_value_complete(&added, arena, fault));
    CG_TRY(check_realm(store, &added, fault));
    CG_TRY(check_free(store, &added, fault));
    CG_TRY(cg_name_make_id("ups_", random, arena, &added.id));
    CG_TRY(start_writing(store, CG_SQL_UPSTREAM_ADD, &added, &statement));
    cg_bind_text(statement, "kind", added.kind);
    cg_bind_text(statement, "issuer", added.issuer);
    cg_bind_number(statement, "created", added.created_s);
    CG_TRY(cg_store_run(statement, NULL));
    return cg_registry_touch(store, CG_TOUCH_REGISTRY);
}

enum cg_status cg_upstream_set(struct cg_store *store, const struct cg_upstream *upstream,
                               const struct cg_random *random, struct cg_arena *arena,
                               struct cg_fault *fault)
{
    struct cg_upstream changed = *upstream;
    struct cg_statement *statement = NULL;
    CG_TRY(cg_upstream_check_in_force(store, changed.realm, changed.name, arena, fault));
    CG_TRY(cg_upstream_value_complete(&changed, arena, fault));
    CG_TRY(cg_name_make_id("ups_", random, arena, &changed.id));
    CG_TRY(start_writing(store, CG_SQL_UPSTREAM_SET, &changed, &statement));
    CG_TRY(cg_store_run(statement, NULL));
    return cg_registry_touch(store, CG_TOUCH_REGISTRY);
}

static enum cg_status read_upstream(struct cg_statement *statement, struct cg_arena *arena,
                                    void *row)
{
    enum cg_status status = CG_OK;
    struct cg_upstream upstream = {
        .realm = cg_rows_text(statement, 0, arena, &status),
        .name = cg_rows_text(statement, 1, arena, &status),
        .id = cg_rows_text(statement, 2, arena, &status),
        .kind = cg_rows_text(statement, 3, arena, &status),
        .issuer = cg_rows_text(statement, 4, arena, &status),
        .alg = cg_rows_text(statement, 5, arena, &status),
        .levels = cg_rows_text(statement, 6, arena, &status),
        .jwks = cg_rows_text(statement, 7, arena, &status),
        .jwks_uri = cg_rows_text(statement, 8, arena, &status),
        .created_s = cg_column_number(statement, 9),
        .retired_s = cg_column_number(statement, 10),
    };
    CG_TRY(status);
    struct cg_upstream *ret = row;
    *ret = upstream;
    return CG_OK;
}

enum cg_status cg_upstream_named(struct cg_store *store, struct cg_span realm, struct cg_span name,
                                 struct cg_arena *arena, struct cg_upstream *ret_upstream)
{
    struct cg_statement *statement = NULL;
    CG_TRY(cg_store_start(store, CG_SQL_UPSTREAM_NAMED, &statement));
    cg_bind_text(statement, "realm", realm);
    cg_bind_text(statement, "name", name);
    return cg_rows_first(&(struct cg_rows){statement, read_upstream, arena, ret_upstream});
}

enum cg_status cg_upstream_check_in_force(struct cg_store *store, struct cg_span realm,
                                          struct cg_span name, struct cg_arena *arena,
                                          struct cg_fault *fault)
{
    struct cg_upstream upstream;
    enum cg_status status = cg_upstream_named(store, realm, name, arena, &upstream);
    if (status == CG_ERR_NOT_FOUND) {
        CG_FAIL(fault, status, CG_REASON_NONE, "there is no provider of this name in the realm",
                NULL);
    }
    CG_TRY(status);
    if (upstream.retired_s != 0) {
        CG_FAIL(fault, CG_ERR_CONFLICT, CG_REASON_NONE, "the provider is retired, for good", NULL);
    }
    return CG_OK;
}

enum cg_status cg_upstream_list(struct cg_store *store, struct cg_span realm,
                                struct cg_arena *arena, cg_registry_visit visit, void *context)
{
    struct cg_statement *statement = NULL;
    CG_TRY(cg_store_start(store, CG_SQL_UPSTREAM_LIST, &statement));
    cg_bind_text(statement, "realm", realm);
    struct cg_upstream upstream;
    return cg_rows_visit(&(struct cg_rows){statement, read_upstream, arena, &upstream}, visit,
                         context);
}

enum cg_status cg_upstream_retire(struct cg_store *store, struct cg_span realm, struct cg_span name,
                                  int64_t now_s, struct cg_arena *arena, struct cg_fault *fault)
{
    struct cg_statement *statement = NULL;
    CG_TRY(cg_upstream_check_in_force(store, realm, name, arena, fault));
    CG_TRY(cg_store_start(store, CG_SQL_UPSTREAM_RETIRE, &statement));
    cg_bind_text(statement, "realm", realm);
    cg_bind_text(statement, "name", name);
    cg_bind_number(statement, "now", now_s);
    CG_TRY(cg_store_run(statement, NULL));
    return cg_registry_touch(store, CG_TOUCH_REGISTRY);
}

/* Each row has the same upstream and another audience: the first fills the trust, all add theirs.
 */
static enum cg_status read_trust(struct cg_statement *statement, struct cg_arena *arena, void *row)
{
    struct cg_upstream_trust *trust = row;
    if (trust->audience_count == CG_LIMIT_CLIENT_UPSTREAM_IDS) {
        return CG_ERR_STORE;
    }
    if (trust->audience_count == 0) {
        struct cg_upstream upstream;
        CG_TRY(read_upstream(statement, arena, &upstream));
        *trust = (struct cg_upstream_trust){
            .id = upstream.id,
            .name = upstream.name,
            .kind = upstream.kind,
            .issuer = upstream.issuer,
            .alg = upstream.alg,
            .levels = upstream.levels,
            .jwks = upstream.jwks,
            .jwks_uri = upstream.jwks_uri,
        };
    }
    CG_TRY(cg_column_copy(statement, AUDIENCE_COLUMN, arena,
                          &trust->audiences[trust->audience_count]));
    trust->audience_count++;
    return CG_OK;
}

static enum cg_status go_on(void *context, const void *row)
{
    (void)context;
    (void)row;
    return CG_OK;
}

enum cg_status cg_upstream_find(struct cg_store *store, struct cg_span realm, struct cg_span client,
                                struct cg_span issuer, struct cg_arena *arena,
                                struct cg_upstream_trust *ret_trust)
{
    struct cg_statement *statement = NULL;
    struct cg_upstream_trust trust = {.audience_count = 0};
    CG_TRY(cg_store_start(store, CG_SQL_UPSTREAM_FIND, &statement));
    cg_bind_text(statement, "realm", realm);
    cg_bind_text(statement, "client", client);
    cg_bind_text(statement, "issuer", issuer);
    CG_TRY(cg_rows_visit(&(struct cg_rows){statement, read_trust, arena, &trust}, go_on, NULL));
    if (trust.audience_count == 0) {
        return CG_ERR_NOT_FOUND;
    }
    *ret_trust = trust;
    return CG_OK;
}
