/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/client_key.h"

#include "base/span.h"
#include "desk.h"
#include "registry/client_record.h"

static struct cg_client_key sample(const struct desk *desk, const char *value)
{
    return (struct cg_client_key){.realm = desk->realm,
                                  .client = desk->client,
                                  .kind = CG_CLIENT_KEY_TLS_SAN_DNS,
                                  .value = test_span(value),
                                  .created_s = DESK_NOW_S};
}

static struct cg_span add(struct desk *desk, const char *value)
{
    struct cg_client_key key = sample(desk, value);
    struct cg_span id = {NULL, 0};
    assert_ok(cg_client_key_add(desk->store, &key, &desk->random, desk->arena, NULL, &id));
    return id;
}

static enum cg_status keep_first(void *context, const void *row)
{
    struct cg_client_key *key = context;
    if (key->id.data == NULL) {
        *key = *(const struct cg_client_key *)row;
    }
    return CG_OK;
}

static void client_key_is_listed_as_it_was_added(void **state)
{
    struct desk *desk = *state;
    struct cg_registry_version before = desk_version(desk);
    struct cg_span id = add(desk, "ward.example");
    assert_touched(desk, before, CG_TOUCH_REGISTRY);
    struct cg_client_key key = {.id = {NULL, 0}};
    assert_ok(
        cg_client_key_list(desk->store, desk->realm, desk->client, desk->arena, keep_first, &key));
    assert_span_equal(key.id, id);
    assert_int_equal(key.kind, CG_CLIENT_KEY_TLS_SAN_DNS);
    assert_span_text(key.value, "ward.example");
    assert_int_equal(key.revoked_s, 0);
}

static void client_key_is_revoked_once(void **state)
{
    struct desk *desk = *state;
    struct cg_client_key named = {.realm = desk->realm, .id = add(desk, "ward.example")};
    struct cg_client_key key;
    assert_ok(cg_client_key_revoke(desk->store, &named, DESK_NOW_S + 5, desk->arena, NULL, &key));
    assert_int_equal(key.revoked_s, DESK_NOW_S + 5);
    assert_refused(
        desk, "twice",
        cg_client_key_revoke(desk->store, &named, DESK_NOW_S + 6, desk->arena, &desk->fault, &key),
        CG_ERR_CONFLICT);
    named.id = CG_SPAN_OF("key_unknown");
    assert_refused(
        desk, "unknown",
        cg_client_key_revoke(desk->store, &named, DESK_NOW_S, desk->arena, &desk->fault, &key),
        CG_ERR_NOT_FOUND);
}

static void client_key_past_the_bound_is_refused_until_one_is_revoked(void **state)
{
    struct desk *desk = *state;
    struct cg_client_key named = {.realm = desk->realm, .id = add(desk, "ward.example")};
    for (size_t i = 1; i < CG_LIMIT_CLIENT_KEYS; i++) {
        (void)add(desk, "ward.example");
    }
    struct cg_client_key key = sample(desk, "one.more.example");
    struct cg_span id;
    assert_refused(
        desk, "full",
        cg_client_key_add(desk->store, &key, &desk->random, desk->arena, &desk->fault, &id),
        CG_ERR_LIMIT);
    assert_ok(cg_client_key_revoke(desk->store, &named, DESK_NOW_S, desk->arena, NULL, &key));
    (void)add(desk, "one.more.example");
}

static void certificate_is_known_by_one_kind_of_name(void **state)
{
    struct desk *desk = *state;
    struct cg_client_key named = {.realm = desk->realm, .id = add(desk, "ward.example")};
    (void)add(desk, "ward-2.example");
    struct cg_client_key key = sample(desk, "CN=ward");
    key.kind = CG_CLIENT_KEY_TLS_SUBJECT;
    struct cg_span id;
    assert_refused(
        desk, "both kinds",
        cg_client_key_add(desk->store, &key, &desk->random, desk->arena, &desk->fault, &id),
        CG_ERR_CONFLICT);
    key.kind = CG_CLIENT_KEY_CERTIFICATE;
    assert_ok(cg_client_key_add(desk->store, &key, &desk->random, desk->arena, NULL, &id));
    struct cg_client_key revoked;
    assert_ok(cg_client_key_revoke(desk->store, &named, DESK_NOW_S, desk->arena, NULL, &revoked));
    key.kind = CG_CLIENT_KEY_TLS_SUBJECT;
    assert_refused(
        desk, "one left",
        cg_client_key_add(desk->store, &key, &desk->random, desk->arena, &desk->fault, &id),
        CG_ERR_CONFLICT);
}

static void record_of_a_client_has_its_keys_in_force(void **state)
{
    struct desk *desk = *state;
    struct cg_client_key named = {.realm = desk->realm, .id = add(desk, "old.example")};
    struct cg_client_key key;
    (void)add(desk, "ward.example");
    assert_ok(cg_client_key_revoke(desk->store, &named, DESK_NOW_S, desk->arena, NULL, &key));
    CG_CLEANUP(cg_client_cache_free_at) struct cg_client_cache *cache = NULL;
    assert_ok(cg_client_cache_new(4, &cache));
    struct cg_client_query query = {
        .version = 1, .realm = desk->realm, .id = desk->client, .now_s = DESK_NOW_S};
    const struct cg_client_record *record = NULL;
    assert_ok(cg_client_cache_find(cache, desk->store, &query, &record));
    assert_int_equal(record->key_count, 1);
    assert_span_text(record->keys[0].value, "ward.example");
    assert_null(record->client.profile.data);
}

static void words_of_kinds_are_read_as_they_are_written(void **state)
{
    (void)state;
    enum cg_client_key_kind kind = CG_CLIENT_KEY_JWKS;
    for (int i = 0; i < CG_CLIENT_KEY_KIND_COUNT; i++) {
        assert_ok(
            cg_client_key_kind_find(cg_client_key_kind_name((enum cg_client_key_kind)i), &kind));
        assert_int_equal(kind, i);
    }
    assert_status(cg_client_key_kind_find(CG_SPAN_OF("jwk"), &kind), CG_ERR_INPUT);
}

#define AT_DESK(name) cmocka_unit_test_setup_teardown(name, desk_open, desk_close)

static const struct CMUnitTest tests[] = {
    AT_DESK(client_key_is_listed_as_it_was_added),
    AT_DESK(client_key_is_revoked_once),
    AT_DESK(client_key_past_the_bound_is_refused_until_one_is_revoked),
    AT_DESK(certificate_is_known_by_one_kind_of_name),
    AT_DESK(record_of_a_client_has_its_keys_in_force),
    AT_DESK(words_of_kinds_are_read_as_they_are_written),
};

TEST_MAIN(tests)
