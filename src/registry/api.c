/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/api.h"

#include "base/limits.h"
#include "base/span.h"
#include "codec/uri.h"
#include "registry/life.h"
#include "registry/name.h"
#include "registry/realm.h"
#include "registry/rows.h"
#include "token/smart.h"

#define APPROVALS_MAX 9

/* What has the form of a SMART scope is one: nobody could tell what else it opens. */
static enum cg_status check_smart(const struct cg_scope *scope, struct cg_fault *fault)
{
    struct cg_smart_scope smart;
    for (size_t i = 0; i < scope->count; i++) {
        if (cg_smart_looks(scope->tokens[i]) && cg_smart_parse(scope->tokens[i], &smart) != CG_OK) {
            CG_FAIL(
                fault, CG_ERR_INPUT, CG_REASON_NONE,
                "a scope that begins with system/, user/ or patient/ is a SMART scope: a "
                "resource type of FHIR R4 or *, a dot, and letters of cruds in that order, as in "
                "system/Patient.rs or system/Observation.rs?category=laboratory",
                "SMART App Launch 2.2");
        }
    }
    return CG_OK;
}

static enum cg_status check_scope(const struct cg_api *api, struct cg_fault *fault,
                                  struct cg_scope *ret_scope)
{
    enum cg_status status = cg_scope_parse(api->scope, ret_scope);
    if (status == CG_ERR_LIMIT) {
        CG_FAIL(fault, status, CG_REASON_NONE,
                "an API has at most 128 scopes, 4096 characters together", NULL);
    }
    if (status != CG_OK || ret_scope->count == 0) {
        CG_FAIL(fault, CG_ERR_INPUT, CG_REASON_NONE,
                "an API has at least one scope: printable ASCII without space, \" and \\",
                "RFC 6749 §3.3");
    }
    return check_smart(ret_scope, fault);
}

static enum cg_status check_fields(const struct cg_api *api, struct cg_fault *fault)
{
    struct cg_uri uri;
    if (!cg_registry_is_api_name(api->name)) {
        CG_FAIL(fault, CG_ERR_INPUT, CG_REASON_NONE,
                "an API's name is 1 to 64 letters, digits, dots, hyphens and underscores", NULL);
    }
    if (cg_uri_parse(api->audience, &uri) != CG_OK || uri.has_fragment) {
        CG_FAIL(fault, CG_ERR_INPUT, CG_REASON_NONE,
                "the audience is an absolute URI without fragment, as in "
                "https://api.example/records",
                "RFC 8707 §2");
    }
    if (api->approvals_wanted < 1 || api->approvals_wanted > APPROVALS_MAX) {
        CG_FAIL(fault, CG_ERR_INPUT, CG_REASON_NONE, "an API wants 1 to 9 approvals", NULL);
    }
    if (!cg_life_is_allowed(api->token_life_s)) {
        CG_FAIL(fault, CG_ERR_INPUT, CG_REASON_NONE,
                "the life of a token is 1 to 86400 seconds; 300 is usual", NULL);
    }
    if (!cg_name_is_time(api->created_s)) {
        CG_FAIL(fault, CG_ERR_INPUT, CG_REASON_NONE, "the time of creation is missing", NULL);
    }
    return CG_OK;
}

static enum cg_status is_audience_taken(struct cg_store *store, const struct cg_api *api,
                                        int64_t *ret_count)
{
    struct cg_statement *statement = NULL;
    CG_TRY(cg_store_start(store, CG_SQL_API_AUDIENCE_TAKEN, &statement));
    cg_bind_text(statement, "realm", api->realm);
    cg_bind_text(statement, "audience", api->audience);
    return cg_rows_number(statement, ret_count);
}

static enum cg_status are_scopes_taken(struct cg_store *store, const struct cg_api *api,
                                       const struct cg_scope *scope, int64_t *ret_count)
{
    int64_t total = 0;
    for (size_t i = 0; i < scope->count; i++) {
        struct cg_statement *statement = NULL;
        int64_t count = 0;
        if (cg_smart_looks(scope->tokens[i])) {
            continue;
        }
        CG_TRY(cg_store_start(store, CG_SQL_API_SCOPE_TAKEN, &statement));
        cg_bind_text(statement, "realm", api->realm);
        cg_bind_text(statement, "scope", scope->tokens[i]);
        CG_TRY(cg_rows_number(statement, &count));
        total += count;
    }
    *ret_count = total;
    return CG_OK;
}

static enum cg_status check_scopes_free(struct cg_store *store, const struct cg_api *api,
                                        const struct cg_scope *scope, struct cg_fault *fault)
{
    int64_t taken = 0;
    CG_TRY(are_scopes_taken(store, api, scope, &taken));
    if (taken != 0) {
        CG_FAIL(fault, CG_ERR_CONFLICT, CG_REASON_NONE,
                "a scope belongs to another API of the realm: a scope has one API, so name it "
                "after what it opens",
                NULL);
    }
    return CG_OK;
}

static enum cg_status check_free(struct cg_store *store, const struct cg_api *api,
                                 const struct cg_scope *scope, struct cg_fault *fault)
{
    int64_t life_s = 0;
    enum cg_status status = cg_realm_longest_life_s(store, api->realm, &life_s);
    if (status == CG_ERR_NOT_FOUND) {
        CG_FAIL(fault, status, CG_REASON_NONE, "there is no realm of this path", NULL);
    }
    CG_TRY(status);
    int64_t taken = 0;
    CG_TRY(is_audience_taken(store, api, &taken));
    if (taken != 0) {
        CG_FAIL(fault, CG_ERR_CONFLICT, CG_REASON_NONE,
                "another API of the realm has this audience", NULL);
    }
    return check_scopes_free(store, api, scope, fault);
}

static enum cg_status insert(struct cg_store *store, const struct cg_api *api,
                             struct cg_fault *fault)
{
    struct cg_statement *statement = NULL;
    CG_TRY(cg_store_start(store, CG_SQL_API_ADD, &statement));
    cg_bind_text(statement, "realm", api->realm);
    cg_bind_text(statement, "name", api->name);
    cg_bind_text(statement, "audience", api->audience);
    cg_bind_number(statement, "approvals_wanted", api->approvals_wanted);
    cg_rows_bind_optional(statement, "token_life", api->token_life_s);
    cg_bind_number(statement, "created", api->created_s);
    enum cg_status status = cg_store_run(statement, NULL);
    if (status == CG_ERR_CONFLICT) {
        CG_FAIL(fault, status, CG_REASON_NONE, "there is an API of this name in the realm already",
                NULL);
    }
    return status;
}

/* `before`: how many the API has already. */
static enum cg_status insert_scopes(struct cg_store *store, const struct cg_api *api,
                                    const struct cg_scope *scope, size_t before)
{
    for (size_t i = 0; i < scope->count; i++) {
        struct cg_statement *statement = NULL;
        CG_TRY(cg_store_start(store, CG_SQL_API_SCOPE_ADD, &statement));
        cg_bind_text(statement, "realm", api->realm);
        cg_bind_text(statement, "scope", scope->tokens[i]);
        cg_bind_text(statement, "api", api->name);
        cg_bind_number(statement, "position", (int64_t)(before + i));
        cg_bind_number(statement, "is_shared", cg_smart_looks(scope->tokens[i]) ? 1 : 0);
        CG_TRY(cg_store_run(statement, NULL));
    }
    return CG_OK;
}

enum cg_status cg_api_add(struct cg_store *store, const struct cg_api *api, struct cg_fault *fault)
{
    struct cg_scope scope;
    CG_TRY(check_fields(api, fault));
    CG_TRY(check_scope(api, fault, &scope));
    CG_TRY(check_free(store, api, &scope, fault));
    CG_TRY(insert(store, api, fault));
    CG_TRY(insert_scopes(store, api, &scope, 0));
    CG_TRY(cg_life_note(store, api->realm, api->token_life_s));
    return cg_registry_touch(store, CG_TOUCH_REGISTRY);
}

/* All but the scopes, which are rows of their own. */
static enum cg_status read_api(struct cg_statement *statement, struct cg_arena *arena, void *row)
{
    enum cg_status status = CG_OK;
    struct cg_api api = {
        .realm = cg_rows_text(statement, 0, arena, &status),
        .name = cg_rows_text(statement, 1, arena, &status),
        .audience = cg_rows_text(statement, 2, arena, &status),
        .approvals_wanted = cg_column_number(statement, 3),
        .token_life_s = cg_column_number(statement, 4),
        .retired_s = cg_column_number(statement, 5),
        .created_s = cg_column_number(statement, 6),
    };
    CG_TRY(status);
    struct cg_api *ret = row;
    *ret = api;
    return CG_OK;
}

static enum cg_status read_scope(struct cg_store *store, struct cg_api *api, struct cg_arena *arena)
{
    CG_CLEANUP(cg_rows_reset_at) struct cg_statement *statement = NULL;
    CG_TRY(cg_store_start(store, CG_SQL_API_SCOPES, &statement));
    cg_bind_text(statement, "realm", api->realm);
    cg_bind_text(statement, "api", api->name);
    struct cg_buf buf;
    cg_buf_init_arena(&buf, arena, CG_LIMIT_SCOPE_BYTES);
    bool row = false;
    CG_TRY(cg_store_step(statement, &row));
    while (row) {
        if (buf.len > 0) {
            cg_buf_put_byte(&buf, ' ');
        }
        cg_buf_put(&buf, cg_column_text(statement, 0));
        CG_TRY(cg_store_step(statement, &row));
    }
    return cg_buf_finish(&buf, &api->scope);
}

enum cg_status cg_api_find(struct cg_store *store, struct cg_span realm, struct cg_span name,
                           struct cg_arena *arena, struct cg_api *ret_api)
{
    struct cg_statement *statement = NULL;
    CG_TRY(cg_store_start(store, CG_SQL_API_FIND, &statement));
    cg_bind_text(statement, "realm", realm);
    cg_bind_text(statement, "name", name);
    struct cg_api api;
    CG_TRY(cg_rows_first(&(struct cg_rows){statement, read_api, arena, &api}));
    CG_TRY(read_scope(store, &api, arena));
    *ret_api = api;
    return CG_OK;
}

struct listing {
    struct cg_store *store;
    struct cg_arena *arena;
    cg_registry_visit visit;
    void *context;
};

static enum cg_status visit_with_scope(void *context, const void *row)
{
    const struct listing *listing = context;
    const struct cg_api *without_scope = row;
    struct cg_api api = *without_scope;
    CG_TRY(read_scope(listing->store, &api, listing->arena));
    return listing->visit(listing->context, &api);
}

enum cg_status cg_api_list(struct cg_store *store, struct cg_span realm, struct cg_arena *arena,
                           cg_registry_visit visit, void *context)
{
    struct cg_statement *statement = NULL;
    CG_TRY(cg_store_start(store, CG_SQL_API_LIST, &statement));
    cg_bind_text(statement, "realm", realm);
    struct cg_api api;
    struct listing listing = {store, arena, visit, context};
    return cg_rows_visit(&(struct cg_rows){statement, read_api, arena, &api}, visit_with_scope,
                         &listing);
}

static enum cg_status read_retired(struct cg_statement *statement, struct cg_arena *arena,
                                   void *row)
{
    (void)arena;
    int64_t *retired_s = row;
    *retired_s = cg_column_number(statement, 5);
    return CG_OK;
}

static enum cg_status check_in_service(struct cg_store *store, struct cg_span realm,
                                       struct cg_span name, struct cg_fault *fault)
{
    struct cg_statement *statement = NULL;
    CG_TRY(cg_store_start(store, CG_SQL_API_FIND, &statement));
    cg_bind_text(statement, "realm", realm);
    cg_bind_text(statement, "name", name);
    int64_t retired_s = 0;
    enum cg_status status =
        cg_rows_first(&(struct cg_rows){statement, read_retired, NULL, &retired_s});
    if (status == CG_ERR_NOT_FOUND) {
        CG_FAIL(fault, status, CG_REASON_NONE, "there is no API of this name in the realm", NULL);
    }
    CG_TRY(status);
    if (retired_s != 0) {
        CG_FAIL(fault, CG_ERR_CONFLICT, CG_REASON_NONE, "the API is retired already", NULL);
    }
    return CG_OK;
}

enum cg_status cg_api_retire(struct cg_store *store, struct cg_span realm, struct cg_span name,
                             int64_t now_s, struct cg_fault *fault)
{
    CG_TRY(check_in_service(store, realm, name, fault));
    struct cg_statement *statement = NULL;
    CG_TRY(cg_store_start(store, CG_SQL_API_RETIRE, &statement));
    cg_bind_number(statement, "now", now_s);
    cg_bind_text(statement, "realm", realm);
    cg_bind_text(statement, "name", name);
    CG_TRY(cg_store_run(statement, NULL));
    return cg_registry_touch(store, CG_TOUCH_REGISTRY);
}

/* Those that the API is to have besides. */
static enum cg_status find_new_scopes(const struct cg_scope *wanted, const struct cg_scope *present,
                                      struct cg_fault *fault, struct cg_scope *ret_new)
{
    *ret_new = (struct cg_scope){.count = 0};
    for (size_t i = 0; i < present->count; i++) {
        if (!cg_scope_has(wanted, present->tokens[i])) {
            CG_FAIL(fault, CG_ERR_INPUT, CG_REASON_NONE,
                    "a scope cannot be taken from an API, as agreements name it: add a new API "
                    "and retire this one",
                    NULL);
        }
    }
    for (size_t i = 0; i < wanted->count; i++) {
        if (!cg_scope_has(present, wanted->tokens[i])) {
            ret_new->tokens[ret_new->count++] = wanted->tokens[i];
        }
    }
    return CG_OK;
}

enum cg_status cg_api_set(struct cg_store *store, const struct cg_api *api, struct cg_arena *arena,
                          struct cg_fault *fault)
{
    struct cg_statement *statement = NULL;
    struct cg_api present = {.realm = api->realm, .name = api->name};
    struct cg_scope wanted;
    struct cg_scope had;
    struct cg_scope added;
    CG_TRY(check_fields(api, fault));
    CG_TRY(check_scope(api, fault, &wanted));
    CG_TRY(check_in_service(store, api->realm, api->name, fault));
    CG_TRY(read_scope(store, &present, arena));
    CG_TRY(cg_scope_parse(present.scope, &had));
    CG_TRY(find_new_scopes(&wanted, &had, fault, &added));
    CG_TRY(check_scopes_free(store, api, &added, fault));
    CG_TRY(cg_store_start(store, CG_SQL_API_SET, &statement));
    cg_bind_text(statement, "realm", api->realm);
    cg_bind_text(statement, "name", api->name);
    cg_bind_number(statement, "approvals_wanted", api->approvals_wanted);
    cg_rows_bind_optional(statement, "token_life", api->token_life_s);
    CG_TRY(cg_store_run(statement, NULL));
    CG_TRY(insert_scopes(store, api, &added, had.count));
    CG_TRY(cg_life_note(store, api->realm, api->token_life_s));
    return cg_registry_touch(store, CG_TOUCH_REGISTRY);
}
