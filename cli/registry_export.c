/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/registry_export.h"

#include "base/buf.h"
#include "base/limits.h"
#include "base/span.h"
#include "cli/in_service.h"
#include "cli/registry_schema.h"
#include "cli/tree_writer.h"

#define EXPORT_BYTES_MAX (1024UL * 1024 * 1024)
#define THING_BYTES_MAX (64UL * 1024 * 1024) /* one client, and each key that it ever had */

/* One realm on its way out. */
struct export
{
    struct cg_context *context;
    struct cg_tree_writer tree;
    struct cg_in_service look;
    struct cg_arena *arena;  /* of one thing; a list of many is kept in the context's */
    struct upstream_id *ids; /* of the clients that are to come */
};

/* A client's id at a provider. */
struct upstream_id {
    struct upstream_id *next;
    struct cg_client_upstream row;
};

static void release(struct export *export)
{
    export->arena = cg_arena_free(export->arena);
}

/* Begins an item with what a function of cli/facts.h says of a row. */
static void put(struct export *export, const struct cg_facts *facts)
{
    cg_tree_open_item(&export->tree);
    cg_tree_put_facts(&export->tree, facts);
}

static void put_flag(struct export *export, const char *key, bool flag)
{
    struct cg_fact fact = {key, CG_FACT_FLAG,
                           flag ? CG_SPAN_OF("true") : (struct cg_span){NULL, 0}};
    cg_tree_put_fact(&export->tree, &fact);
}

static enum cg_status put_organisation(void *context, const void *row)
{
    struct export *export = context;
    struct cg_facts facts;
    cg_facts_init(&facts, export->arena);
    cg_facts_of_organisation(&facts, row);
    put(export, &facts);
    cg_tree_close_item(&export->tree);
    cg_arena_clear(export->arena);
    return CG_OK;
}

static enum cg_status put_upstream(void *context, const void *row)
{
    struct export *export = context;
    const struct cg_upstream *upstream = row;
    struct cg_facts facts;
    if (upstream->retired_s == 0) {
        cg_facts_init(&facts, export->arena);
        cg_facts_of_upstream(&facts, upstream);
        put(export, &facts);
        cg_tree_close_item(&export->tree);
    }
    cg_arena_clear(export->arena);
    return CG_OK;
}

static enum cg_status put_api(void *context, const void *row)
{
    struct export *export = context;
    const struct cg_api *api = row;
    struct cg_facts facts;
    struct cg_span introspectors = {NULL, 0};
    if (api->retired_s == 0) {
        CG_TRY(
            cg_in_service_introspectors(&export->look, api->name, export->arena, &introspectors));
        cg_facts_init(&facts, export->arena);
        cg_facts_of_api(&facts, api);
        cg_facts_add(&facts, "introspectors", CG_FACT_WORDS,
                     introspectors.len > 0 ? introspectors : (struct cg_span){NULL, 0});
        put(export, &facts);
        cg_tree_close_item(&export->tree);
    }
    cg_arena_clear(export->arena);
    return CG_OK;
}

static enum cg_status put_key(void *context, const void *row)
{
    struct export *export = context;
    const struct cg_client_key *key = row;
    struct cg_facts facts;
    if (key->revoked_s == 0) {
        cg_facts_init(&facts, export->arena);
        cg_facts_of_key(&facts, key);
        put(export, &facts);
        cg_tree_close_item(&export->tree);
    }
    return CG_OK;
}

/* Both lists are in the order of the clients' ids: what was passed over belongs to nobody shown. */
static enum cg_status put_upstream_ids(struct export *export, struct cg_span client)
{
    struct cg_facts facts;
    cg_tree_open_list(&export->tree, "upstreams");
    while (export->ids != NULL && cg_span_compare(export->ids->row.client, client) <= 0) {
        const struct cg_client_upstream *row = &export->ids->row;
        bool is_in_service = false;
        CG_TRY(cg_in_service_upstream(&export->look, row->upstream, &is_in_service));
        if (is_in_service && cg_span_equal(row->client, client)) {
            cg_facts_init(&facts, export->arena);
            cg_facts_of_client_upstream(&facts, row);
            put(export, &facts);
            cg_tree_close_item(&export->tree);
        }
        export->ids = export->ids->next;
    }
    cg_tree_close_list(&export->tree);
    return CG_OK;
}

static enum cg_status put_client(void *context, const void *row)
{
    struct export *export = context;
    const struct cg_client *client = row;
    struct cg_facts facts;
    if (client->state != CG_CLIENT_RETIRED) {
        cg_facts_init(&facts, export->arena);
        cg_facts_of_client(&facts, client);
        put(export, &facts);
        put_flag(export, "suspended", client->state == CG_CLIENT_SUSPENDED);
        cg_tree_open_list(&export->tree, "keys");
        CG_TRY(cg_client_key_list(export->look.store, export->look.realm, client->id, export->arena,
                                  put_key, export));
        cg_tree_close_list(&export->tree);
        CG_TRY(put_upstream_ids(export, client->id));
        cg_tree_close_item(&export->tree);
    }
    cg_arena_clear(export->arena);
    return CG_OK;
}

static enum cg_status put_agreement(void *context, const void *row)
{
    struct export *export = context;
    const struct cg_agreement *agreement = row;
    struct cg_facts facts;
    bool is_in_service = false;
    CG_TRY(cg_in_service_agreement(&export->look, agreement, &is_in_service));
    if (is_in_service) {
        cg_facts_init(&facts, export->arena);
        cg_facts_add(&facts, "id", CG_FACT_TEXT, agreement->id);
        cg_facts_of_agreement(&facts, agreement);
        cg_facts_add_rate(&facts, "limit", &agreement->limit);
        put(export, &facts);
        cg_tree_close_item(&export->tree);
    }
    cg_arena_clear(export->arena);
    return CG_OK;
}

/* Keeps all, the last first. */
static enum cg_status keep_id(void *context, const void *row)
{
    struct export *export = context;
    struct upstream_id *id = NULL;
    CG_TRY(cg_arena_take(export->context->arena, sizeof(*id), (void **)&id));
    *id = (struct upstream_id){.next = export->ids, .row = *(const struct cg_client_upstream *)row};
    export->ids = id;
    return CG_OK;
}

static void turn_ids(struct export *export)
{
    struct upstream_id *turned = NULL;
    while (export->ids != NULL) {
        struct upstream_id *next = export->ids->next;
        export->ids->next = turned;
        turned = export->ids;
        export->ids = next;
    }
    export->ids = turned;
}

typedef enum cg_status (*list_function)(struct cg_store *store, struct cg_span realm,
                                        struct cg_arena *arena, cg_registry_visit visit,
                                        void *context);

static enum cg_status list_agreements(struct cg_store *store, struct cg_span realm,
                                      struct cg_arena *arena, cg_registry_visit visit,
                                      void *context)
{
    return cg_agreement_list(store, realm, (struct cg_span){NULL, 0}, arena, visit, context);
}

static enum cg_status put_lists(struct export *export)
{
    static const struct {
        const char *key;
        list_function list;
        cg_registry_visit put;
    } lists[] = {
        {"organisations", cg_organisation_list, put_organisation},
        {"upstreams", cg_upstream_list, put_upstream},
        {"apis", cg_api_list, put_api},
        {"clients", cg_client_list, put_client},
        {"agreements", list_agreements, put_agreement},
    };
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        cg_tree_open_list(&export->tree, lists[i].key);
        CG_TRY(lists[i].list(export->look.store, export->look.realm, export->arena, lists[i].put,
                             export));
        cg_tree_close_list(&export->tree);
    }
    return CG_OK;
}

static enum cg_status put_realm(void *context, const void *row)
{
    struct export *export = context;
    const struct cg_realm *realm = row;
    struct cg_context *of = export->context;
    struct cg_facts facts;
    if (of->realm.data != NULL && !cg_span_equal(of->realm, realm->path)) {
        return CG_OK;
    }
    export->look.realm = realm->path;
    export->ids = NULL;
    cg_facts_init(&facts, of->arena);
    cg_facts_of_realm(&facts, realm);
    put(export, &facts);
    CG_TRY(cg_client_upstream_list(export->look.store, realm->path, of->arena, keep_id, export));
    turn_ids(export);
    CG_TRY(put_lists(export));
    cg_tree_close_item(&export->tree);
    return CG_OK;
}

static enum cg_status put_settings(struct export *export)
{
    struct cg_context *context = export->context;
    struct cg_fact format = {"caregate", CG_FACT_NUMBER, CG_SPAN_OF(CG_REGISTRY_FORMAT)};
    struct cg_fact url = {"mtls-url", CG_FACT_TEXT, {NULL, 0}};
    enum cg_status status =
        cg_setting_get(export->look.store, "mtls_base_url", context->arena, &url.value);
    if (status != CG_OK && status != CG_ERR_NOT_FOUND) {
        return status;
    }
    cg_tree_put_fact(&export->tree, &format);
    cg_tree_put_fact(&export->tree, &url);
    return CG_OK;
}

static enum cg_status put_all(struct export *export)
{
    CG_TRY(put_settings(export));
    cg_tree_open_list(&export->tree, "realms");
    CG_TRY(cg_realm_list(export->look.store, export->context->arena, put_realm, export));
    cg_tree_close_list(&export->tree);
    cg_tree_end(&export->tree);
    return CG_OK;
}

enum cg_status cg_registry_export(struct cg_context *context, struct cg_store *store)
{
    CG_CLEANUP(cg_buf_release) struct cg_buf buf;
    CG_CLEANUP(release)
    struct export export = {.context = context, .look = {.store = store, .now_s = context->now_s}};
    struct cg_span text = {NULL, 0};
    struct cg_span realm = {NULL, 0};
    cg_buf_init(&buf, EXPORT_BYTES_MAX);
    if (context->realm.data != NULL) {
        CG_TRY(cg_context_realm(context, store, &realm));
    }
    CG_TRY(cg_arena_new(THING_BYTES_MAX, &export.arena));
    cg_tree_begin(&export.tree, &buf, context->json);
    CG_TRY(put_all(&export));
    CG_TRY(cg_buf_finish(&buf, &text));
    /* A document ends with a newline of its own. */
    cg_output_document(&context->output, cg_span_part(text, 0, text.len - (context->json ? 0 : 1)));
    return CG_OK;
}
