/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Our own allocations fail in turn while a system is taken on board and read by issuer and gate.
 * The store's engine has a torture of its own.
 */
#include "base/span.h"
#include "base/status.h"
#include "folder.h"
#include "registry/agreement.h"
#include "registry/api.h"
#include "registry/client_record.h"
#include "registry/credential.h"
#include "registry/organisation.h"
#include "registry/signing_key.h"
#include "test.h"
#include "torture.h"

#include <caregate/feed.h>

#define NOW_S INT64_C(1750000000)
#define ARENA_BYTES ((size_t)1 << 20)
#define ACCEPTED                                                                                   \
    (TORTURE_ACCEPT(CG_OK) | TORTURE_ACCEPT(CG_ERR_LIMIT) | TORTURE_ACCEPT(CG_ERR_STORE))

static const struct cg_span realm_path = CG_SPAN("/vlive/hpca");
static const uint8_t master_key[32] = {1};

struct visit {
    struct cg_store *store;
    struct cg_arena *arena;
    struct cg_random random;
    struct cg_span client;
    struct cg_span agreement;
};

static enum cg_status add_places(struct visit *visit)
{
    struct cg_realm realm;
    CG_TRY(cg_realm_defaults(CG_SPAN_OF("documented"), NULL, &realm));
    realm.path = realm_path;
    realm.created_s = NOW_S;
    struct cg_api api = {.realm = realm_path,
                         .name = CG_SPAN("documents"),
                         .audience = CG_SPAN("https://api.example/documents"),
                         .scope = CG_SPAN("documents.read documents.write"),
                         .approvals_wanted = 1,
                         .created_s = NOW_S};
    struct cg_organisation organisation = {
        .realm = realm_path, .ods = CG_SPAN("RYG"), .name = CG_SPAN("N"), .created_s = NOW_S};
    CG_TRY(cg_setting_set(visit->store, "base_url", CG_SPAN_OF("https://localhost:8443")));
    CG_TRY(cg_realm_add(visit->store, &realm, NULL));
    CG_TRY(cg_api_add(visit->store, &api, NULL));
    return cg_organisation_add(visit->store, &organisation, NULL);
}

static enum cg_status add_client(struct visit *visit)
{
    struct cg_client client = {.realm = realm_path,
                               .organisation = CG_SPAN("RYG"),
                               .name = CG_SPAN("Ward system"),
                               .grants = CG_SPAN("client_credentials"),
                               .created_s = NOW_S};
    CG_TRY(
        cg_client_add(visit->store, &client, &visit->random, visit->arena, NULL, &visit->client));
    struct cg_secret_order order = {
        .realm = realm_path, .client = visit->client, .now_s = NOW_S, .random = &visit->random};
    struct cg_secret secret;
    struct cg_span id;
    CG_TRY(cg_secret_issue(visit->store, &order, visit->arena, NULL, &secret, &id));
    cg_secret_release(&secret);
    return CG_OK;
}

static enum cg_status agree(struct visit *visit)
{
    struct cg_agreement agreement = {.realm = realm_path,
                                     .client = visit->client,
                                     .api = CG_SPAN("documents"),
                                     .scope = CG_SPAN("documents.read"),
                                     .purpose = CG_SPAN("direct_care"),
                                     .requested_s = NOW_S};
    struct cg_decision ada = {.who = CG_SPAN("Ada"), .at_s = NOW_S};
    enum cg_agreement_state reached;
    CG_TRY(cg_agreement_request(visit->store, &agreement, &visit->random, visit->arena, NULL,
                                &visit->agreement));
    return cg_agreement_approve(visit->store, realm_path, visit->agreement, &ada, NULL, &reached);
}

static enum cg_status read_record(struct visit *visit)
{
    CG_CLEANUP(cg_client_cache_free_at) struct cg_client_cache *cache = NULL;
    CG_TRY(cg_client_cache_new(4, &cache));
    struct cg_client_query query = {
        .version = 1, .realm = realm_path, .id = visit->client, .now_s = NOW_S};
    const struct cg_client_record *record = NULL;
    CG_TRY(cg_client_cache_find(cache, visit->store, &query, &record));
    assert_int_equal(record->secret_count, 1);
    assert_int_equal(record->agreement_count, 1);
    return CG_OK;
}

static enum cg_status take_leave(struct visit *visit)
{
    struct cg_decision ada = {.who = CG_SPAN("Ada"), .at_s = NOW_S};
    CG_TRY(cg_agreement_withdraw(visit->store, realm_path, visit->agreement, &ada, NULL));
    return cg_client_suspend(visit->store, realm_path, visit->client, NOW_S, NULL);
}

static enum cg_status go_through(struct visit *visit)
{
    CG_TRY(cg_store_begin(visit->store));
    CG_TRY(add_places(visit));
    CG_TRY(add_client(visit));
    CG_TRY(agree(visit));
    CG_TRY(read_record(visit));
    CG_TRY(take_leave(visit));
    return cg_store_commit(visit->store);
}

static enum cg_status come_on_board(void *context)
{
    (void)context;
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = NULL;
    CG_CLEANUP(cg_store_free_at) struct cg_store *store = NULL;
    CG_TRY(cg_arena_new(ARENA_BYTES, &arena));
    CG_TRY(
        cg_store_open(CG_SPAN_OF("sqlite::memory:"), CG_STORE_REGISTRY, CG_STORE_CREATE, &store));
    struct visit visit = {.store = store, .arena = arena, .random = cg_random_system()};
    return go_through(&visit);
}

TEST(coming_on_board_survives_every_failed_allocation)
{
    struct torture_scenario scenario = {"on board", come_on_board, NULL, ACCEPTED};
    torture(&scenario);
}

static enum cg_status poll_twice(void *context)
{
    const struct folder *folder = context;
    struct cg_feed *feed = NULL;
    struct cg_snapshot *snapshot = NULL;
    struct cg_snapshot *nothing = NULL;
    CG_TRY(cg_feed_new(test_span(folder->uri), &feed));
    enum cg_status status = cg_feed_poll(feed, NOW_S, &snapshot);
    if (status == CG_OK) {
        assert_non_null(snapshot);
        status = cg_feed_poll(feed, NOW_S, &nothing);
        assert_null(nothing);
    }
    (void)cg_snapshot_free(snapshot);
    (void)cg_feed_free(feed);
    return status;
}

static void furnish(const struct folder *folder)
{
    struct visit visit = {.random = cg_random_system()};
    struct cg_signing_key_order order = {.realm = realm_path,
                                         .alg = CG_SPAN("RS256"),
                                         .master_key = master_key,
                                         .random = &visit.random,
                                         .now_s = NOW_S};
    struct cg_span kid;
    assert_ok(cg_arena_new(ARENA_BYTES, &visit.arena));
    assert_ok(
        cg_store_open(test_span(folder->uri), CG_STORE_REGISTRY, CG_STORE_CREATE, &visit.store));
    assert_ok(go_through(&visit));
    assert_ok(cg_store_begin(visit.store));
    assert_ok(cg_signing_key_create(visit.store, &order, visit.arena, NULL, &kid));
    assert_ok(cg_store_commit(visit.store));
    (void)cg_store_free(visit.store);
    (void)cg_arena_free(visit.arena);
}

TEST(feed_survives_every_failed_allocation)
{
    struct folder folder;
    folder_make(&folder);
    furnish(&folder);
    struct torture_scenario scenario = {"feed", poll_twice, &folder, ACCEPTED};
    torture(&scenario);
    folder_remove(&folder);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(coming_on_board_survives_every_failed_allocation),
    cmocka_unit_test(feed_survives_every_failed_allocation),
};
TEST_MAIN(tests)
