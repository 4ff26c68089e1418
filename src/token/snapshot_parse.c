/* SPDX-License-Identifier: Apache-2.0 */
#include "base/alloc.h"
#include "base/span.h"
#include "base/status.h"
#include "base/throttle.h"
#include "codec/json.h"
#include "codec/uri.h"
#include "token/scope.h"
#include "token/snapshot_parts.h"
#include "token/text.h"

#include <stdlib.h>

/* Counted members leave no room for an unknown one: what it might demand would go unheard. */
#define ROOT_MEMBERS 6
#define REALM_MEMBERS 7
#define API_MEMBERS 3
#define DENIED_MEMBERS 3
#define LIMIT_ELEMENTS 3

static enum cg_status require(bool held)
{
    return held ? CG_OK : CG_ERR_INPUT;
}

static enum cg_status read_number(const struct cg_json_value *value, int64_t *ret_number)
{
    int64_t number;
    CG_TRY(cg_json_number(value, &number));
    CG_TRY(require(number >= 0));
    *ret_number = number;
    return CG_OK;
}

static enum cg_status read_text(const struct cg_json_value *value, size_t max,
                                struct cg_arena *arena, struct cg_span *ret_text)
{
    struct cg_span text;
    CG_TRY(cg_json_string(value, &text));
    CG_TRY(require(cg_text_is_header_safe(text, max)));
    return cg_arena_copy(arena, text, ret_text);
}

static enum cg_status read_list(const struct cg_json_value *array, size_t size,
                                struct cg_arena *arena, size_t *ret_count, void **ret_items)
{
    CG_TRY(require(cg_json_is_array(array)));
    CG_TRY(cg_arena_take_array(arena, cg_json_count(array), size, ret_items));
    *ret_count = cg_json_count(array);
    return CG_OK;
}

static enum cg_status read_api(const struct cg_json_value *object, struct cg_arena *arena,
                               struct cg_snapshot_api *api)
{
    CG_TRY(require(cg_json_count(object) == API_MEMBERS));
    CG_TRY(read_text(cg_json_member(object, "name"), CG_LIMIT_NAME_BYTES, arena, &api->name));
    CG_TRY(require(cg_text_is_name(api->name)));
    CG_TRY(
        read_text(cg_json_member(object, "audience"), CG_LIMIT_URI_BYTES, arena, &api->audience));
    struct cg_span text;
    CG_TRY(cg_json_member_string(object, "scope", &text));
    struct cg_scope scope;
    CG_TRY(require(cg_scope_parse(text, &scope) == CG_OK));
    return cg_arena_copy(arena, text, &api->scope);
}

static enum cg_status read_apis(const struct cg_json_value *array, struct cg_arena *arena,
                                struct cg_snapshot_realm *realm)
{
    void *apis;
    void *audiences;
    CG_TRY(read_list(array, sizeof(*realm->audiences), arena, &realm->api_count, &audiences));
    CG_TRY(read_list(array, sizeof(*realm->apis), arena, &realm->api_count, &apis));
    realm->apis = apis;
    realm->audiences = audiences;
    for (size_t i = 0; i < realm->api_count; i++) {
        CG_TRY(read_api(cg_json_element(array, i), arena, &realm->apis[i]));
        realm->audiences[i] = realm->apis[i].audience;
    }
    qsort(realm->apis, realm->api_count, sizeof(*realm->apis), cg_snapshot_compare_apis);
    qsort(realm->audiences, realm->api_count, sizeof(*realm->audiences), cg_snapshot_compare_spans);
    for (size_t i = 1; i < realm->api_count; i++) {
        CG_TRY(require(!cg_span_equal(realm->apis[i - 1].name, realm->apis[i].name)));
    }
    return CG_OK;
}

/* ["jti", expires], ["agreement", expires] or ["client", epoch, expires]. */
static enum cg_status read_denial(const struct cg_json_value *array, enum cg_denial kind,
                                  struct cg_arena *arena, struct cg_snapshot_denial *denial)
{
    size_t last = kind == CG_DENIAL_CLIENT ? 2 : 1;
    CG_TRY(require(cg_json_is_array(array) && cg_json_count(array) == last + 1));
    denial->kind = kind;
    CG_TRY(read_text(cg_json_element(array, 0), CG_LIMIT_URI_BYTES, arena, &denial->subject));
    if (kind == CG_DENIAL_CLIENT) {
        CG_TRY(read_number(cg_json_element(array, 1), &denial->epoch));
    }
    return read_number(cg_json_element(array, last), &denial->expires_s);
}

static enum cg_status read_denials(const struct cg_json_value *array, enum cg_denial kind,
                                   struct cg_arena *arena, struct cg_snapshot_denied *denied)
{
    void *entries;
    CG_TRY(read_list(array, sizeof(*denied->entries), arena, &denied->count, &entries));
    denied->entries = entries;
    for (size_t i = 0; i < denied->count; i++) {
        CG_TRY(read_denial(cg_json_element(array, i), kind, arena, &denied->entries[i]));
    }
    qsort(denied->entries, denied->count, sizeof(*denied->entries), cg_snapshot_compare_denials);
    return CG_OK;
}

static enum cg_status read_denylist(const struct cg_json_value *object, struct cg_arena *arena,
                                    struct cg_snapshot_realm *realm)
{
    static const char *const names[CG_SNAPSHOT_DENIALS] = {
        [CG_DENIAL_TOKEN] = "tokens",
        [CG_DENIAL_AGREEMENT] = "agreements",
        [CG_DENIAL_CLIENT] = "clients",
    };
    CG_TRY(require(cg_json_count(object) == DENIED_MEMBERS));
    for (unsigned kind = 0; kind < CG_SNAPSHOT_DENIALS; kind++) {
        CG_TRY(read_denials(cg_json_member(object, names[kind]), (enum cg_denial)kind, arena,
                            &realm->denied[kind]));
    }
    return CG_OK;
}

static enum cg_status read_limit(const struct cg_json_value *array, struct cg_arena *arena,
                                 struct cg_snapshot_limit *limit)
{
    int64_t count;
    int64_t window_s;
    CG_TRY(require(cg_json_is_array(array) && cg_json_count(array) == LIMIT_ELEMENTS));
    CG_TRY(read_text(cg_json_element(array, 0), CG_LIMIT_URI_BYTES, arena, &limit->agreement));
    CG_TRY(read_number(cg_json_element(array, 1), &count));
    CG_TRY(read_number(cg_json_element(array, 2), &window_s));
    return cg_rate_make(count, window_s, &limit->rate);
}

static enum cg_status read_limits(const struct cg_json_value *array, struct cg_arena *arena,
                                  struct cg_snapshot_realm *realm)
{
    void *limits;
    CG_TRY(read_list(array, sizeof(*realm->limits), arena, &realm->limit_count, &limits));
    realm->limits = limits;
    for (size_t i = 0; i < realm->limit_count; i++) {
        CG_TRY(read_limit(cg_json_element(array, i), arena, &realm->limits[i]));
    }
    qsort(realm->limits, realm->limit_count, sizeof(*realm->limits), cg_snapshot_compare_limits);
    for (size_t i = 1; i < realm->limit_count; i++) {
        CG_TRY(require(!cg_span_equal(realm->limits[i - 1].agreement, realm->limits[i].agreement)));
    }
    return CG_OK;
}

static enum cg_status read_realm(const struct cg_json_value *object, struct cg_arena *arena,
                                 struct cg_snapshot_realm *realm)
{
    CG_TRY(require(cg_json_count(object) == REALM_MEMBERS));
    CG_TRY(
        read_text(cg_json_member(object, "path"), CG_LIMIT_REALM_PATH_BYTES, arena, &realm->path));
    CG_TRY(require(cg_uri_is_realm_path(realm->path)));
    CG_TRY(read_text(cg_json_member(object, "issuer"), CG_LIMIT_URI_BYTES, arena, &realm->issuer));
    CG_TRY(read_text(cg_json_member(object, "typ"), CG_LIMIT_NAME_BYTES, arena, &realm->typ));
    /* Made here, on the thread that parses, so that the event loop only uses them. */
    CG_TRY(cg_key_ring_new(cg_json_member(object, "jwks"), &realm->keys));
    CG_TRY(read_apis(cg_json_member(object, "apis"), arena, realm));
    CG_TRY(read_limits(cg_json_member(object, "limits"), arena, realm));
    return read_denylist(cg_json_member(object, "denied"), arena, realm);
}

/* A cached token tells its realm by the issuer alone. */
static bool has_issuer_before(const struct cg_snapshot_realm *realms, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (cg_span_equal(realms[i].issuer, realms[count].issuer)) {
            return true;
        }
    }
    return false;
}

static enum cg_status read_realms(const struct cg_json_value *array, struct cg_snapshot *snapshot)
{
    void *realms;
    CG_TRY(read_list(array, sizeof(*snapshot->realms), snapshot->arena, &snapshot->realm_count,
                     &realms));
    snapshot->realms = realms;
    for (size_t i = 0; i < snapshot->realm_count; i++) {
        CG_TRY(read_realm(cg_json_element(array, i), snapshot->arena, &snapshot->realms[i]));
    }
    qsort(snapshot->realms, snapshot->realm_count, sizeof(*snapshot->realms),
          cg_snapshot_compare_realms);
    for (size_t i = 1; i < snapshot->realm_count; i++) {
        CG_TRY(require(!cg_span_equal(snapshot->realms[i - 1].path, snapshot->realms[i].path)));
        CG_TRY(require(!has_issuer_before(snapshot->realms, i)));
    }
    return CG_OK;
}

static enum cg_status read_root(const struct cg_json_value *root, struct cg_snapshot *snapshot)
{
    CG_TRY(require(cg_json_count(root) == ROOT_MEMBERS));
    int64_t format;
    CG_TRY(read_number(cg_json_member(root, "format"), &format));
    CG_TRY(require(format == CG_SNAPSHOT_FORMAT));
    CG_TRY(read_number(cg_json_member(root, "version"), &snapshot->version));
    CG_TRY(read_number(cg_json_member(root, "keys_generation"), &snapshot->keys_generation));
    CG_TRY(
        read_number(cg_json_member(root, "denylist_generation"), &snapshot->denylist_generation));
    CG_TRY(read_number(cg_json_member(root, "made_at"), &snapshot->made_s));
    return read_realms(cg_json_member(root, "realms"), snapshot);
}

enum cg_status cg_snapshot_parse(struct cg_span text, struct cg_snapshot **ret_snapshot)
{
    CG_CLEANUP(cg_json_free_at) struct cg_json *json = NULL;
    CG_TRY(cg_json_parse(text, CG_LIMIT_SNAPSHOT_BYTES, &json));
    void *memory;
    CG_TRY(cg_alloc(1, sizeof(struct cg_snapshot), &memory));
    CG_CLEANUP(cg_snapshot_free_at) struct cg_snapshot *snapshot = memory;
    CG_TRY(cg_arena_new(CG_SNAPSHOT_ARENA_BYTES, &snapshot->arena));
    CG_TRY(cg_arena_copy(snapshot->arena, text, &snapshot->text));
    CG_TRY(read_root(cg_json_root(json), snapshot));
    *ret_snapshot = CG_STEAL(snapshot);
    return CG_OK;
}
