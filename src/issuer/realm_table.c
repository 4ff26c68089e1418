/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/realm_table.h"

#include "base/alloc.h"
#include "base/span.h"
#include "base/status.h"
#include "issuer/kept_bundle.h"
#include "jose/jws.h"
#include "oauth/introspection.h"
#include "oauth/metadata.h"
#include "registry/api.h"
#include "registry/signing_key.h"
#include "token/gate_bundle.h"

#define PLACES 64
#define REALM_BYTES ((size_t)262144)
#define RETRY_DOUBLINGS_MAX 4 /* 16 s */

struct place {
    struct cg_arena *arena;
    struct cg_issuing_realm realm;
    struct cg_key_ring *keys;     /* realm.keys points here */
    struct cg_kept_bundle bundle; /* realm.bundle points here */
    struct cg_span alg;           /* of the key that signs; absent: none */
    struct cg_registry_version version;
    int64_t changes_s; /* by time alone */
    unsigned failures; /* of a module, one after the other */
};

struct cg_realm_table {
    struct place places[PLACES];
    size_t next; /* the place to give up when all are taken */
};

enum cg_status cg_realm_table_new(struct cg_realm_table **ret_table)
{
    void *memory = NULL;
    CG_TRY(cg_alloc(1, sizeof(struct cg_realm_table), &memory));
    *ret_table = memory;
    return CG_OK;
}

static void forget(struct place *place)
{
    (void)cg_signer_free(place->realm.signer);
    (void)cg_key_ring_free(place->keys);
    cg_kept_bundle_release(&place->bundle);
    (void)cg_arena_free(place->arena);
    *place = (struct place){.arena = NULL};
}

void cg_realm_table_clear(struct cg_realm_table *table)
{
    for (size_t i = 0; i < PLACES; i++) {
        forget(&table->places[i]);
    }
}

struct cg_realm_table *cg_realm_table_free(struct cg_realm_table *table)
{
    if (table != NULL) {
        cg_realm_table_clear(table);
    }
    return cg_release(table);
}

static int64_t sooner(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static enum cg_status write_header(struct place *place, const struct cg_alg *alg,
                                   struct cg_span typ, struct cg_span kid,
                                   struct cg_span *ret_header)
{
    struct cg_buf header;
    cg_buf_init_arena(&header, place->arena, CG_LIMIT_TEXT_BYTES);
    CG_TRY(cg_jws_header(alg, typ, kid, &header));
    return cg_buf_finish(&header, ret_header);
}

/* Each time that a module is asked in vain it is started anew, and others lose their sessions. */
static int64_t rest_s(struct place *place)
{
    unsigned doublings =
        place->failures < RETRY_DOUBLINGS_MAX ? place->failures : RETRY_DOUBLINGS_MAX;
    place->failures++;
    return (int64_t)1 << doublings;
}

/* A realm whose key is missing, sealed under another master key or in a module that is away still
 * serves its documents. A module may come back: it is asked again, but not by each request. */
static enum cg_status load_signer(struct place *place, struct cg_store *registry,
                                  const struct cg_realm_query *query)
{
    struct cg_signing_key stored;
    int64_t until_s = INT64_MAX;
    enum cg_status status = cg_signing_key_current(registry, query->path, query->now_s,
                                                   place->arena, &stored, &until_s);
    if (status == CG_ERR_NOT_FOUND) {
        return CG_OK;
    }
    CG_TRY(status);
    place->changes_s = sooner(place->changes_s, until_s);
    const struct cg_alg *alg = cg_alg_find(stored.alg);
    if (alg == NULL) {
        return CG_OK;
    }
    if (cg_signing_key_signer(&stored, &query->means, place->arena, &place->realm.signer) !=
        CG_OK) {
        bool may_return = stored.reference.len > 0;
        place->changes_s = may_return ? query->now_s + rest_s(place) : place->changes_s;
        return CG_OK;
    }
    place->failures = 0;
    CG_TRY(write_header(place, alg, place->realm.realm.typ, stored.kid, &place->realm.jws_header));
    CG_TRY(write_header(place, alg, CG_SPAN_OF(CG_INTROSPECTION_TYP), stored.kid,
                        &place->realm.introspection_header));
    CG_TRY(write_header(place, alg, CG_SPAN_OF(CG_GATE_BUNDLE_TYP), stored.kid,
                        &place->realm.bundle_header));
    place->alg = alg->name;
    return CG_OK;
}

static enum cg_status load_jwks(struct place *place, struct cg_store *registry,
                                const struct cg_realm_query *query)
{
    struct cg_buf buf;
    int64_t changes_s = INT64_MAX;
    cg_buf_init_arena(&buf, place->arena, REALM_BYTES);
    CG_TRY(
        cg_signing_key_jwks(registry, query->path, query->now_s, place->arena, &buf, &changes_s));
    place->changes_s = sooner(place->changes_s, changes_s);
    return cg_buf_finish(&buf, &place->realm.jwks);
}

/* Each once: SMART scopes are the same words at several APIs. */
static enum cg_status collect_scopes(void *context, const void *row)
{
    struct cg_buf *scopes = context;
    const struct cg_api *api = row;
    struct cg_span rest = api->retired_s == 0 ? api->scope : (struct cg_span){NULL, 0};
    struct cg_span scope;
    while (cg_span_split(&rest, ' ', &scope)) {
        if (!cg_span_has_word(cg_span_of_bytes(scopes->data, scopes->len), scope)) {
            cg_buf_put_string(scopes, scopes->len > 0 ? " " : "");
            cg_buf_put(scopes, scope);
        }
    }
    return CG_OK;
}

static enum cg_status load_metadata(struct place *place, struct cg_store *registry)
{
    struct cg_buf scopes;
    cg_buf_init_arena(&scopes, place->arena, REALM_BYTES / 4);
    CG_TRY(cg_api_list(registry, place->realm.realm.path, place->arena, collect_scopes, &scopes));
    struct cg_span scope_text;
    CG_TRY(cg_buf_finish(&scopes, &scope_text));
    struct cg_buf document;
    cg_buf_init_arena(&document, place->arena, REALM_BYTES / 2);
    cg_metadata_write(&place->realm.realm, place->alg, scope_text, &document);
    CG_TRY(cg_buf_finish(&document, &place->realm.metadata));
    cg_buf_init_arena(&document, place->arena, REALM_BYTES / 2);
    cg_metadata_write_smart(&place->realm.realm, scope_text, &document);
    return cg_buf_finish(&document, &place->realm.smart_metadata);
}

static enum cg_status make_token_url(struct place *place, struct cg_span issuer,
                                     struct cg_span *ret_url)
{
    struct cg_buf url;
    cg_buf_init_arena(&url, place->arena, 2L * CG_LIMIT_URI_BYTES);
    cg_buf_put(&url, issuer);
    cg_buf_put_string(&url, "/oauth/token");
    return cg_buf_finish(&url, ret_url);
}

static enum cg_status load_token_urls(struct place *place)
{
    const struct cg_realm *realm = &place->realm.realm;
    CG_TRY(make_token_url(place, realm->issuer, &place->realm.token_url));
    return realm->mtls_issuer.data == NULL
               ? CG_OK
               : make_token_url(place, realm->mtls_issuer, &place->realm.mtls_token_url);
}

static enum cg_status load(struct place *place, struct cg_store *registry,
                           const struct cg_realm_query *query)
{
    CG_TRY(cg_arena_new(4 * REALM_BYTES, &place->arena));
    place->realm.keys = &place->keys;
    place->realm.bundle = &place->bundle;
    place->version = query->version;
    place->changes_s = INT64_MAX;
    CG_TRY(cg_realm_find(registry, query->path, place->arena, &place->realm.realm));
    CG_TRY(load_signer(place, registry, query));
    CG_TRY(load_jwks(place, registry, query));
    CG_TRY(load_token_urls(place));
    return load_metadata(place, registry);
}

static bool is_fresh(const struct place *place, const struct cg_realm_query *query)
{
    return place->version.registry == query->version.registry &&
           place->version.keys == query->version.keys && query->now_s < place->changes_s &&
           !cg_signer_has_failed(place->realm.signer);
}

/* The place that holds the path, else one to fill: empty, or the next in turn. */
static struct place *place_for(struct cg_realm_table *table, struct cg_span path)
{
    struct place *empty = NULL;
    for (size_t i = 0; i < PLACES; i++) {
        struct place *place = &table->places[i];
        if (place->arena == NULL) {
            empty = empty == NULL ? place : empty;
            continue;
        }
        if (cg_span_equal(place->realm.realm.path, path)) {
            return place;
        }
    }
    if (empty != NULL) {
        return empty;
    }
    table->next = (table->next + 1) % PLACES;
    return &table->places[table->next];
}

enum cg_status cg_realm_table_find(struct cg_realm_table *table, struct cg_store *registry,
                                   const struct cg_realm_query *query,
                                   const struct cg_issuing_realm **ret_realm)
{
    struct place *place = place_for(table, query->path);
    bool held = place->arena != NULL && cg_span_equal(place->realm.realm.path, query->path);
    if (!held || !is_fresh(place, query)) {
        unsigned failures = held ? place->failures : 0;
        forget(place);
        place->failures = failures;
        enum cg_status status = load(place, registry, query);
        if (status != CG_OK) {
            forget(place);
            return status;
        }
    }
    *ret_realm = &place->realm;
    return CG_OK;
}
