/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The life of a client is led again and again, and each time the next call of the store, or of
 * randomness, fails. Whatever fails is told, nothing is said to be done, and after a rollback the
 * registry is what it was.
 */
#include "base/span.h"
#include "desk.h"
#include "key_pool.h"
#include "registry/api.h"
#include "registry/client_key.h"
#include "registry/client_record.h"
#include "registry/client_upstream.h"
#include "registry/denial.h"
#include "registry/handover.h"
#include "registry/introspector.h"
#include "registry/key_schedule.h"
#include "registry/organisation.h"
#include "registry/signing_key.h"
#include "registry/upstream.h"

#include <stdbool.h>

/* Which call fails, from 1; 0: none. The linker puts these in front of the store's functions. */
static long calls_left;
static bool has_failed;

static bool fails_now(void)
{
    if (calls_left == 0 || --calls_left > 0) {
        return false;
    }
    has_failed = true;
    return true;
}

enum cg_status __real_cg_store_start(struct cg_store *store, enum cg_sql sql,
                                     struct cg_statement **ret_statement);
enum cg_status __wrap_cg_store_start(struct cg_store *store, enum cg_sql sql,
                                     struct cg_statement **ret_statement);
enum cg_status __wrap_cg_store_start(struct cg_store *store, enum cg_sql sql,
                                     struct cg_statement **ret_statement)
{
    return fails_now() ? CG_ERR_STORE : __real_cg_store_start(store, sql, ret_statement);
}

enum cg_status __real_cg_store_step(struct cg_statement *statement, bool *ret_row);
enum cg_status __wrap_cg_store_step(struct cg_statement *statement, bool *ret_row);
enum cg_status __wrap_cg_store_step(struct cg_statement *statement, bool *ret_row)
{
    return fails_now() ? CG_ERR_STORE : __real_cg_store_step(statement, ret_row);
}

enum cg_status __real_cg_store_run(struct cg_statement *statement, int64_t *ret_changed);
enum cg_status __wrap_cg_store_run(struct cg_statement *statement, int64_t *ret_changed);
enum cg_status __wrap_cg_store_run(struct cg_statement *statement, int64_t *ret_changed)
{
    return fails_now() ? CG_ERR_STORE : __real_cg_store_run(statement, ret_changed);
}

static enum cg_status fill(void *context, uint8_t *bytes, size_t len)
{
    if (fails_now()) {
        return CG_ERR_CRYPTO;
    }
    return cg_random_fill(context, bytes, len);
}

static const uint8_t master_key[32] = {1};

static enum cg_status add_places(struct desk *desk)
{
    struct cg_realm realm;
    CG_TRY(cg_realm_defaults(CG_SPAN_OF("documented"), NULL, &realm));
    realm.path = desk->realm;
    realm.created_s = DESK_NOW_S;
    struct cg_api api = {.realm = desk->realm,
                         .name = CG_SPAN("documents"),
                         .audience = CG_SPAN("https://api.example/documents"),
                         .scope = CG_SPAN("documents.read documents.write"),
                         .approvals_wanted = 2,
                         .token_life_s = 600,
                         .created_s = DESK_NOW_S};
    struct cg_organisation organisation = {
        .realm = desk->realm, .ods = CG_SPAN("RYG"), .name = CG_SPAN("N"), .created_s = DESK_NOW_S};
    CG_TRY(cg_setting_set(desk->store, "base_url", CG_SPAN_OF("https://localhost:8443")));
    CG_TRY(cg_realm_add(desk->store, &realm, NULL));
    CG_TRY(cg_api_add(desk->store, &api, NULL));
    CG_TRY(cg_organisation_add(desk->store, &organisation, NULL));
    realm.token_life_s = 900;
    return cg_realm_set(desk->store, &realm, NULL);
}

static enum cg_status add_client(struct desk *desk)
{
    struct cg_client client = {.realm = desk->realm,
                               .organisation = CG_SPAN("RYG"),
                               .name = CG_SPAN("Ward system"),
                               .grants = CG_SPAN("client_credentials"),
                               .created_s = DESK_NOW_S};
    CG_TRY(cg_client_add(desk->store, &client, &desk->random, desk->arena, NULL, &desk->client));
    struct cg_secret_order order = {
        .realm = desk->realm, .client = desk->client, .now_s = DESK_NOW_S, .random = &desk->random};
    struct cg_secret secret;
    struct cg_span id;
    CG_TRY(cg_secret_issue(desk->store, &order, desk->arena, NULL, &secret, &id));
    cg_secret_release(&secret);
    CG_TRY(cg_secret_issue(desk->store, &order, desk->arena, NULL, &secret, &id));
    cg_secret_release(&secret);
    CG_TRY(cg_secret_note_use(desk->store, id, DESK_NOW_S - 90000));
    struct cg_secret_revocation revocation = {.realm = desk->realm, .id = id, .now_s = DESK_NOW_S};
    struct cg_credential credential;
    return cg_secret_revoke(desk->store, &revocation, desk->arena, NULL, &credential);
}

static enum cg_status agree(struct desk *desk, struct cg_span *ret_id)
{
    struct cg_agreement agreement = {.realm = desk->realm,
                                     .client = desk->client,
                                     .api = CG_SPAN("documents"),
                                     .scope = CG_SPAN("documents.read"),
                                     .purpose = CG_SPAN("direct_care"),
                                     .requested_s = DESK_NOW_S};
    struct cg_decision ada = {.who = CG_SPAN("Ada"), .at_s = DESK_NOW_S};
    struct cg_decision ben = {.who = CG_SPAN("Ben"), .at_s = DESK_NOW_S};
    enum cg_agreement_state reached;
    CG_TRY(cg_agreement_request(desk->store, &agreement, &desk->random, desk->arena, NULL, ret_id));
    CG_TRY(cg_agreement_approve(desk->store, desk->realm, *ret_id, &ada, NULL, &reached));
    return cg_agreement_approve(desk->store, desk->realm, *ret_id, &ben, NULL, &reached);
}

static enum cg_status read_record(struct desk *desk)
{
    CG_CLEANUP(cg_client_cache_free_at) struct cg_client_cache *cache = NULL;
    CG_TRY(cg_client_cache_new(4, &cache));
    struct cg_client_query query = {
        .version = 1, .realm = desk->realm, .id = desk->client, .now_s = DESK_NOW_S};
    const struct cg_client_record *record = NULL;
    CG_TRY(cg_client_cache_find(cache, desk->store, &query, &record));
    assert_int_equal(record->secret_count, 1);
    assert_int_equal(record->agreement_count, 1);
    return CG_OK;
}

static enum cg_status introspect(struct desk *desk)
{
    struct cg_introspector introspector = {desk->realm, CG_SPAN("documents"), desk->client};
    struct cg_denied_token token = {CG_SPAN("jti-1"), desk->client, DESK_NOW_S + 1};
    struct cg_span clients = {NULL, 0};
    bool is = false;
    int64_t count = 0;
    CG_TRY(cg_introspector_add(desk->store, &introspector, DESK_NOW_S, NULL));
    CG_TRY(cg_introspector_is(desk->store, &introspector, &is));
    CG_TRY(
        cg_introspector_clients(desk->store, desk->realm, introspector.api, desk->arena, &clients));
    CG_TRY(cg_introspector_remove(desk->store, &introspector, NULL));
    CG_TRY(cg_denial_add_token(desk->store, desk->realm, &token, DESK_NOW_S));
    CG_TRY(cg_denial_has_token(desk->store, desk->realm, token.token_id, &is));
    return cg_denial_count_of_client(desk->store, desk->realm, desk->client, DESK_NOW_S, &count);
}

static enum cg_status trust(struct desk *desk)
{
    struct cg_upstream upstream = {.realm = desk->realm,
                                   .name = CG_SPAN("nhs-login"),
                                   .kind = CG_SPAN("nhs-login"),
                                   .issuer = CG_SPAN("https://auth.login.example"),
                                   .jwks_uri = CG_SPAN("https://auth.login.example/jwks"),
                                   .created_s = DESK_NOW_S};
    struct cg_client_upstream row = {desk->realm, desk->client, upstream.name, CG_SPAN("phone"),
                                     DESK_NOW_S};
    struct cg_upstream_trust trust;
    int64_t clients = 0;
    size_t count = 0;
    struct cg_store *store = desk->store;
    struct cg_arena *arena = desk->arena;
    CG_TRY(cg_upstream_add(store, &upstream, &desk->random, arena, NULL));
    CG_TRY(cg_upstream_set(store, &upstream, &desk->random, arena, NULL));
    CG_TRY(cg_client_upstream_add(store, &row, arena, NULL));
    CG_TRY(cg_upstream_find(store, desk->realm, desk->client, upstream.issuer, arena, &trust));
    CG_TRY(cg_upstream_list(store, desk->realm, arena, desk_count, &count));
    CG_TRY(cg_client_upstream_list(store, desk->realm, arena, desk_count, &count));
    assert_int_equal(count, 2);
    CG_TRY(cg_client_upstream_clients(store, desk->realm, upstream.name, &clients));
    CG_TRY(cg_client_upstream_remove(store, &row, NULL));
    return cg_upstream_retire(store, desk->realm, upstream.name, DESK_NOW_S, arena, NULL);
}

static enum cg_status part(struct desk *desk, struct cg_span agreement)
{
    struct cg_decision ada = {.who = CG_SPAN("Ada"), .at_s = DESK_NOW_S};
    struct cg_span client = desk->client;
    struct cg_agreement named = {.realm = desk->realm, .id = agreement};
    const struct cg_rate five = {5, 1, 5};
    CG_TRY(cg_agreement_limit(desk->store, &named, &five, DESK_NOW_S, NULL));
    CG_TRY(cg_agreement_withdraw(desk->store, desk->realm, agreement, &ada, NULL));
    CG_TRY(cg_client_suspend(desk->store, desk->realm, client, DESK_NOW_S, NULL));
    CG_TRY(cg_client_resume(desk->store, desk->realm, client, NULL));
    CG_TRY(cg_client_retire(desk->store, desk->realm, client, DESK_NOW_S, NULL));
    CG_TRY(cg_api_retire(desk->store, desk->realm, CG_SPAN_OF("documents"), DESK_NOW_S, NULL));
    return cg_denial_sweep(desk->store, DESK_NOW_S);
}

static enum cg_status list_all(struct desk *desk)
{
    size_t count = 0;
    struct cg_span all = {NULL, 0};
    struct cg_arena *arena = desk->arena;
    CG_TRY(cg_realm_list(desk->store, arena, desk_count, &count));
    CG_TRY(cg_api_list(desk->store, desk->realm, arena, desk_count, &count));
    CG_TRY(cg_organisation_list(desk->store, desk->realm, arena, desk_count, &count));
    CG_TRY(cg_client_list(desk->store, desk->realm, arena, desk_count, &count));
    CG_TRY(cg_secret_list(desk->store, desk->realm, desk->client, arena, desk_count, &count));
    CG_TRY(cg_agreement_list(desk->store, desk->realm, all, arena, desk_count, &count));
    assert_int_equal(count, 8);
    return CG_OK;
}

static enum cg_status lead_a_life(struct desk *desk)
{
    struct cg_span agreement = {NULL, 0};
    CG_TRY(add_places(desk));
    CG_TRY(add_client(desk));
    CG_TRY(agree(desk, &agreement));
    CG_TRY(introspect(desk));
    CG_TRY(trust(desk));
    CG_TRY(read_record(desk));
    CG_TRY(list_all(desk));
    return part(desk, agreement);
}

/* Two secrets, the first of which ends soon. */
static enum cg_status rotate_secrets(struct desk *desk)
{
    struct cg_secret_order order = {
        .realm = desk->realm, .client = desk->client, .now_s = DESK_NOW_S, .random = &desk->random};
    struct cg_secret secret;
    struct cg_span id;
    CG_TRY(cg_secret_issue(desk->store, &order, desk->arena, NULL, &secret, &id));
    cg_secret_release(&secret);
    order.others_end_s = DESK_NOW_S + 3600;
    CG_TRY(cg_secret_issue(desk->store, &order, desk->arena, NULL, &secret, &id));
    cg_secret_release(&secret);
    struct cg_secret_ends ends;
    size_t count = 0;
    CG_TRY(cg_secret_ends_read(desk->store, DESK_NOW_S, &ends));
    CG_TRY(cg_secret_list_ending(desk->store, DESK_NOW_S, 10, desk->arena, desk_count, &count));
    assert_true(ends.soon_count > 0 && count == (size_t)ends.soon_count);
    struct cg_secret_revocation leaked = {
        .realm = desk->realm, .id = id, .now_s = DESK_NOW_S, .leaked = true};
    struct cg_credential credential;
    return cg_secret_revoke(desk->store, &leaked, desk->arena, NULL, &credential);
}

static enum cg_status hand_over(struct desk *desk)
{
    struct cg_handover_order order = {.secret = {.realm = desk->realm,
                                                 .client = desk->client,
                                                 .now_s = DESK_NOW_S,
                                                 .random = &desk->random},
                                      .until_s = DESK_NOW_S + 3600};
    CG_CLEANUP(cg_secret_release) struct cg_secret token = {.len = 0};
    struct cg_handover handover;
    struct cg_span id;
    struct cg_span secret = {NULL, 0};
    CG_TRY(cg_handover_make(desk->store, &order, desk->arena, NULL, &token, &id));
    CG_TRY(cg_handover_find(desk->store, desk->realm, cg_secret_span(&token), DESK_NOW_S + 1,
                            desk->arena, &handover));
    assert_true(handover.opens);
    CG_TRY(cg_handover_open(desk->store, &handover, DESK_NOW_S + 1, &desk->random, desk->arena,
                            &secret));
    assert_true(cg_secret_is_well_formed(secret));
    return CG_OK;
}

static enum cg_status keep_keys(struct desk *desk)
{
    struct cg_client_key key = {.realm = desk->realm,
                                .client = desk->client,
                                .kind = CG_CLIENT_KEY_JWKS_URI,
                                .value = CG_SPAN("https://keys.example/jwks"),
                                .created_s = DESK_NOW_S};
    struct cg_client_key revoked;
    size_t count = 0;
    CG_TRY(cg_client_key_add(desk->store, &key, &desk->random, desk->arena, NULL, &key.id));
    CG_TRY(cg_client_key_list(desk->store, desk->realm, desk->client, desk->arena, desk_count,
                              &count));
    assert_int_equal(count, 1);
    CG_TRY(cg_client_key_revoke(desk->store, &key, DESK_NOW_S, desk->arena, NULL, &revoked));
    return cg_setting_drop(desk->store, "base_url");
}

static enum cg_status care_for_credentials(struct desk *desk)
{
    CG_TRY(add_places(desk));
    CG_TRY(add_client(desk));
    CG_TRY(rotate_secrets(desk));
    CG_TRY(hand_over(desk));
    return keep_keys(desk);
}

static enum cg_status create_key(struct desk *desk, enum cg_key_start start, int64_t now_s,
                                 struct cg_span *ret_kid)
{
    struct cg_signing_key_order order = {.realm = desk->realm,
                                         .alg = CG_SPAN("RS256"),
                                         .start = start,
                                         .master_key = master_key,
                                         .random = &desk->random,
                                         .now_s = now_s};
    return cg_signing_key_create(desk->store, &order, desk->arena, NULL, ret_kid);
}

/* As upkeep finds it: a next key is due, and the one before is over when its last token is. */
static enum cg_status care_for_keys(struct desk *desk)
{
    struct cg_span path = {NULL, 0};
    struct cg_span kid = {NULL, 0};
    struct cg_signing_key over;
    struct cg_realm realm;
    int64_t due_s = DESK_NOW_S + CG_KEY_LIFE_S;
    CG_TRY(cg_realm_defaults(CG_SPAN_OF("documented"), NULL, &realm));
    realm.path = desk->realm;
    realm.created_s = DESK_NOW_S;
    CG_TRY(cg_realm_add(desk->store, &realm, NULL));
    CG_TRY(create_key(desk, CG_KEY_START_FIRST, DESK_NOW_S, &kid));
    CG_TRY(cg_key_schedule_next_realm(desk->store, CG_SPAN_OF("/vtest"), desk->arena, &path));
    CG_TRY(cg_key_schedule_due(desk->store, path, due_s, desk->arena, &realm));
    CG_TRY(create_key(desk, CG_KEY_START_NEXT, due_s, &kid));
    CG_TRY(cg_key_schedule_over(desk->store, path, due_s + 100000, desk->arena, &over));
    return cg_key_schedule_forget(desk->store, &over);
}

static enum cg_status turn_keys(struct desk *desk)
{
    struct cg_span first = {NULL, 0};
    struct cg_span next = {NULL, 0};
    struct cg_realm realm;
    CG_TRY(cg_realm_defaults(CG_SPAN_OF("documented"), NULL, &realm));
    realm.path = desk->realm;
    realm.created_s = DESK_NOW_S;
    CG_TRY(cg_realm_add(desk->store, &realm, NULL));
    CG_TRY(create_key(desk, CG_KEY_START_FIRST, DESK_NOW_S, &first));
    CG_TRY(create_key(desk, CG_KEY_START_NEXT, DESK_NOW_S, &next));
    CG_TRY(cg_signing_key_retire(desk->store, desk->realm, next, DESK_NOW_S + 1, NULL));
    CG_TRY(create_key(desk, CG_KEY_START_NOW, DESK_NOW_S + 2, &next));
    CG_TRY(cg_signing_key_retire(desk->store, desk->realm, first, DESK_NOW_S + 20, NULL));
    int64_t count = 0;
    CG_TRY(cg_signing_key_reseal(desk->store, master_key, master_key, &desk->random, desk->arena,
                                 &count));
    assert_int_equal(count, 1);
    return CG_OK;
}

/* A run in a transaction that never ends well, so that the next starts from the same registry. */
static bool run_with_failure(struct desk *desk, enum cg_status (*run)(struct desk *desk), long call)
{
    struct cg_registry_version before = desk_version(desk);
    assert_ok(cg_store_begin(desk->store));
    has_failed = false;
    key_pool_restart();
    calls_left = call;
    enum cg_status status = run(desk);
    calls_left = 0;
    assert_true(has_failed == (status != CG_OK));
    cg_store_rollback(desk->store);
    struct cg_registry_version after = desk_version(desk);
    assert_memory_equal(&before, &after, sizeof(before));
    cg_arena_clear(desk->arena);
    return has_failed;
}

static void run_all(struct desk *desk, enum cg_status (*run)(struct desk *desk))
{
    assert_ok(cg_store_commit(desk->store));
    struct cg_random source = cg_random_system();
    desk->random = (struct cg_random){fill, &source};
    desk->realm = CG_SPAN_OF("/vtest/life");
    long call = 1;
    while (run_with_failure(desk, run, call)) {
        call++;
    }
    assert_true(call > 10);
}

static void every_failure_in_a_clients_life_is_told(void **state)
{
    run_all(*state, lead_a_life);
    key_pool_release();
}

static void every_failure_in_the_care_of_credentials_is_told(void **state)
{
    run_all(*state, care_for_credentials);
    key_pool_release();
}

static void every_failure_in_a_keys_life_is_told(void **state)
{
    run_all(*state, turn_keys);
    key_pool_release();
}

static void every_failure_in_the_care_of_keys_is_told(void **state)
{
    run_all(*state, care_for_keys);
    key_pool_release();
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(every_failure_in_a_clients_life_is_told, desk_open_bare,
                                    desk_close),
    cmocka_unit_test_setup_teardown(every_failure_in_the_care_of_credentials_is_told,
                                    desk_open_bare, desk_close),
    cmocka_unit_test_setup_teardown(every_failure_in_a_keys_life_is_told, desk_open_bare,
                                    desk_close),
    cmocka_unit_test_setup_teardown(every_failure_in_the_care_of_keys_is_told, desk_open_bare,
                                    desk_close),
};
TEST_MAIN(tests)
