/* SPDX-License-Identifier: Apache-2.0 */
#include "base/limits.h"
#include "base/span.h"
#include "base/throttle.h"
#include "crypto/digest.h"
#include "feed/feed.h"
#include "feed/list.h"
#include "registry/api.h"
#include "registry/denial.h"
#include "registry/realm.h"
#include "registry/signing_key.h"

#include <string.h>

#define BUILD_BYTES ((size_t)4 * CG_LIMIT_SNAPSHOT_BYTES)
#define JWKS_BYTES ((size_t)262144)
#define LAPSE_PAUSE_S 60
/* RFC 8259 §6: integers that every reader of JSON takes exactly. */
#define GENERATION_MASK ((UINT64_C(1) << 53) - 1)

struct building {
    struct cg_store *store;
    struct cg_span only; /* the path of the one realm that is wanted; absent: all */
    struct cg_arena *arena;
    int64_t now_s;
    int64_t changes_s;
    uint8_t published[CG_SHA256_BYTES]; /* digest of all that proves a token */
    struct cg_feed_list realms;
};

static void note_change(struct building *building, int64_t at_s)
{
    if (at_s < building->changes_s) {
        building->changes_s = at_s;
    }
}

static enum cg_status add_published(struct building *building, struct cg_span text)
{
    struct cg_span before = cg_span_of_bytes(building->published, sizeof(building->published));
    uint8_t digest[CG_SHA256_BYTES];
    CG_TRY(cg_sha256_two(before, text, digest));
    memcpy(building->published, digest, sizeof(digest));
    return CG_OK;
}

static int64_t generation_of(const uint8_t digest[static CG_SHA256_BYTES])
{
    uint64_t number = 0;
    for (size_t i = 0; i < sizeof(number); i++) {
        number = number << 8 | digest[i];
    }
    return (int64_t)(number & GENERATION_MASK);
}

static enum cg_status build_jwks(struct building *building, const struct cg_realm *realm,
                                 struct cg_span *ret_jwks)
{
    struct cg_buf buf;
    cg_buf_init_arena(&buf, building->arena, JWKS_BYTES);
    int64_t changes_s = INT64_MAX;
    CG_TRY(cg_signing_key_jwks(building->store, realm->path, building->now_s, building->arena, &buf,
                               &changes_s));
    note_change(building, changes_s);
    CG_TRY(cg_buf_finish(&buf, ret_jwks));
    CG_TRY(add_published(building, realm->path));
    CG_TRY(add_published(building, realm->issuer));
    CG_TRY(add_published(building, realm->typ));
    return add_published(building, *ret_jwks);
}

static enum cg_status add_api(void *context, const void *row)
{
    const struct cg_api *api = row;
    if (api->retired_s != 0) {
        return CG_OK;
    }
    struct cg_snapshot_api kept = {api->name, api->audience, api->scope};
    return cg_feed_list_add(context, &kept);
}

static enum cg_status build_apis(struct building *building, struct cg_snapshot_realm_data *data)
{
    struct cg_feed_list apis = {building->arena, sizeof(struct cg_snapshot_api), NULL, 0, 0};
    CG_TRY(cg_api_list(building->store, data->path, building->arena, add_api, &apis));
    data->apis = apis.items;
    data->api_count = apis.count;
    return CG_OK;
}

static enum cg_status read_denial(struct building *building, struct cg_statement *statement,
                                  struct cg_feed_list *denials)
{
    struct cg_snapshot_denial denial = {
        .epoch = cg_column_number(statement, 2),
        .expires_s = cg_column_number(statement, 3),
    };
    CG_TRY(cg_denial_kind_find(cg_column_text(statement, 0), &denial.kind));
    CG_TRY(cg_column_copy(statement, 1, building->arena, &denial.subject));
    return cg_feed_list_add(denials, &denial);
}

static enum cg_status build_denials(struct building *building, struct cg_snapshot_realm_data *data)
{
    struct cg_feed_list denials = {building->arena, sizeof(struct cg_snapshot_denial), NULL, 0, 0};
    struct cg_statement *statement = NULL;
    CG_TRY(cg_store_start(building->store, CG_SQL_FEED_DENIALS, &statement));
    cg_bind_text(statement, "realm", data->path);
    cg_bind_number(statement, "now", building->now_s);
    bool row = false;
    CG_TRY(cg_store_step(statement, &row));
    while (row) {
        CG_TRY(read_denial(building, statement, &denials));
        CG_TRY(cg_store_step(statement, &row));
    }
    data->denials = denials.items;
    data->denial_count = denials.count;
    return CG_OK;
}

/* An agreement that is over has no tokens much longer: its limit does no harm. */
static enum cg_status build_limits(struct building *building, struct cg_snapshot_realm_data *data)
{
    struct cg_feed_list limits = {building->arena, sizeof(struct cg_snapshot_limit), NULL, 0, 0};
    struct cg_statement *statement = NULL;
    CG_TRY(cg_store_start(building->store, CG_SQL_FEED_LIMITS, &statement));
    cg_bind_text(statement, "realm", data->path);
    bool row = false;
    CG_TRY(cg_store_step(statement, &row));
    while (row) {
        struct cg_snapshot_limit limit;
        CG_TRY(cg_rate_make(cg_column_number(statement, 1), cg_column_number(statement, 2),
                            &limit.rate));
        CG_TRY(cg_column_copy(statement, 0, building->arena, &limit.agreement));
        CG_TRY(cg_feed_list_add(&limits, &limit));
        CG_TRY(cg_store_step(statement, &row));
    }
    data->limits = limits.items;
    data->limit_count = limits.count;
    return CG_OK;
}

static enum cg_status build_realm(struct building *building, const struct cg_realm *realm)
{
    struct cg_snapshot_realm_data data = {
        .path = realm->path,
        .issuer = realm->issuer,
        .typ = realm->typ,
    };
    CG_TRY(build_jwks(building, realm, &data.jwks));
    CG_TRY(build_apis(building, &data));
    CG_TRY(build_limits(building, &data));
    CG_TRY(build_denials(building, &data));
    return cg_feed_list_add(&building->realms, &data);
}

/* Statements of other tables run between two rows of this one: each has its own id. */
static enum cg_status visit_realm(void *context, const void *row)
{
    const struct cg_realm *realm = row;
    const struct building *building = context;
    bool is_wanted = building->only.data == NULL || cg_span_equal(building->only, realm->path);
    return realm->issuer.data == NULL || !is_wanted ? CG_OK : build_realm(context, realm);
}

static enum cg_status note_lapse(struct building *building)
{
    struct cg_statement *statement = NULL;
    CG_TRY(cg_store_start(building->store, CG_SQL_FEED_DENIAL_LAPSE, &statement));
    cg_bind_number(statement, "now", building->now_s);
    bool row = false;
    CG_TRY(cg_store_step(statement, &row));
    if (row && !cg_column_is_null(statement, 0)) {
        int64_t lapse_s = cg_column_number(statement, 0);
        int64_t earliest_s = building->now_s + LAPSE_PAUSE_S;
        note_change(building, lapse_s > earliest_s ? lapse_s : earliest_s);
    }
    cg_store_reset(statement);
    return CG_OK;
}

static enum cg_status build(struct building *building, struct cg_snapshot **ret_snapshot)
{
    struct cg_registry_version version;
    CG_TRY(cg_registry_version_read(building->store, &version));
    CG_TRY(cg_realm_list(building->store, building->arena, visit_realm, building));
    CG_TRY(note_lapse(building));
    struct cg_snapshot_data data = {
        .version = version.registry,
        .keys_generation = generation_of(building->published),
        .denylist_generation = version.denylist,
        .made_s = building->now_s,
        .realms = building->realms.items,
        .realm_count = building->realms.count,
    };
    return cg_snapshot_new(&data, ret_snapshot);
}

enum cg_status cg_feed_build_realm(struct cg_store *store, struct cg_span realm, int64_t now_s,
                                   struct cg_snapshot **ret_snapshot, int64_t *ret_changes_s)
{
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = NULL;
    CG_TRY(cg_arena_new(BUILD_BYTES, &arena));
    struct building building = {
        .store = store,
        .only = realm,
        .arena = arena,
        .now_s = now_s,
        .changes_s = INT64_MAX,
        .realms = {arena, sizeof(struct cg_snapshot_realm_data), NULL, 0, 0},
    };
    CG_TRY(build(&building, ret_snapshot));
    *ret_changes_s = building.changes_s;
    return CG_OK;
}

enum cg_status cg_feed_build(struct cg_store *store, int64_t now_s,
                             struct cg_snapshot **ret_snapshot, int64_t *ret_changes_s)
{
    return cg_feed_build_realm(store, (struct cg_span){NULL, 0}, now_s, ret_snapshot,
                               ret_changes_s);
}

enum cg_status cg_feed_snapshot(struct cg_store *store, int64_t now_s,
                                struct cg_snapshot **ret_snapshot, int64_t *ret_changes_s)
{
    CG_TRY(cg_store_begin_read(store));
    enum cg_status status = cg_feed_build(store, now_s, ret_snapshot, ret_changes_s);
    cg_store_rollback(store);
    return status;
}
