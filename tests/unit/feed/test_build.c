/* SPDX-License-Identifier: Apache-2.0 */
#include "feed/feed.h"

#include "feed_test.h"
#include "registry/api.h"
#include "registry/denial.h"

static int build_desk(void **state)
{
    (void)desk_open(state);
    feed_test_set_base_url(*state);
    return 0;
}

static struct cg_snapshot *snapshot_at(struct desk *desk, int64_t now_s, int64_t *ret_changes_s)
{
    assert_ok(cg_store_commit(desk->store));
    struct cg_snapshot *snapshot = NULL;
    assert_ok(cg_feed_snapshot(desk->store, now_s, &snapshot, ret_changes_s));
    assert_ok(cg_store_begin(desk->store));
    return snapshot;
}

static int64_t generation_at(struct desk *desk, int64_t now_s)
{
    int64_t changes_s;
    struct cg_snapshot *snapshot = snapshot_at(desk, now_s, &changes_s);
    int64_t generation = cg_snapshot_keys_generation(snapshot);
    (void)cg_snapshot_free(snapshot);
    return generation;
}

static void snapshot_shows_keys_rules_and_versions(void **state)
{
    struct desk *desk = *state;
    struct cg_span kid = feed_test_add_key(desk, CG_KEY_START_FIRST, DESK_NOW_S);
    int64_t changes_s = 0;
    struct cg_snapshot *snapshot = snapshot_at(desk, DESK_NOW_S, &changes_s);
    assert_int_equal(changes_s, INT64_MAX);
    assert_int_equal(cg_snapshot_version(snapshot), desk_version(desk).registry);
    assert_int_equal(cg_snapshot_denylist_generation(snapshot), desk_version(desk).denylist);
    assert_int_equal(cg_snapshot_made_s(snapshot), DESK_NOW_S);
    const struct cg_snapshot_realm *realm = cg_snapshot_find_realm(snapshot, desk->realm);
    assert_non_null(realm);
    assert_ptr_equal(cg_snapshot_only_realm(snapshot), realm);
    assert_span_text(cg_snapshot_realm_issuer(realm), FEED_TEST_BASE_URL DESK_REALM);
    assert_span_text(cg_snapshot_realm_typ(realm), "JWT");
    struct cg_verifier *verifier = NULL;
    assert_non_null(cg_key_ring_find(cg_snapshot_realm_keys(realm), kid, &verifier));
    const struct cg_snapshot_api *api = cg_snapshot_find_api(realm, CG_SPAN_OF("documents"));
    assert_non_null(api);
    assert_span_text(api->audience, "https://api.example/documents");
    assert_span_text(api->scope, "documents.read documents.write documents.delete");
    (void)cg_snapshot_free(snapshot);
}

/* What the snapshot bounds an agreement to; 0: nothing. */
static uint32_t limit_of(struct desk *desk, struct cg_span agreement)
{
    int64_t changes_s;
    struct cg_snapshot *snapshot = snapshot_at(desk, DESK_NOW_S, &changes_s);
    const struct cg_rate *rate =
        cg_snapshot_find_limit(cg_snapshot_only_realm(snapshot), agreement);
    uint32_t count = rate != NULL ? rate->count : 0;
    (void)cg_snapshot_free(snapshot);
    return count;
}

static void snapshot_shows_the_limit_of_an_agreement_as_it_is_now(void **state)
{
    struct desk *desk = *state;
    const struct cg_rate five = {5, 1, 5};
    const struct cg_rate as_agreed = {.count = 0};
    struct cg_agreement agreement = {.realm = desk->realm};
    agreement.id = desk_agree(desk, "documents", "documents.read");
    assert_int_equal(limit_of(desk, agreement.id), 0);
    assert_ok(cg_agreement_limit(desk->store, &agreement, &five, DESK_NOW_S, NULL));
    assert_int_equal(limit_of(desk, agreement.id), 5);
    assert_ok(cg_agreement_limit(desk->store, &agreement, &as_agreed, DESK_NOW_S, NULL));
    assert_int_equal(limit_of(desk, agreement.id), 0);
}

static void snapshot_leaves_out_retired_apis(void **state)
{
    struct desk *desk = *state;
    struct cg_span name = CG_SPAN_OF("documents");
    assert_ok(cg_api_retire(desk->store, desk->realm, name, DESK_NOW_S, NULL));
    int64_t changes_s;
    struct cg_snapshot *snapshot = snapshot_at(desk, DESK_NOW_S, &changes_s);
    const struct cg_snapshot_realm *realm = cg_snapshot_only_realm(snapshot);
    assert_null(cg_snapshot_find_api(realm, name));
    assert_non_null(cg_snapshot_find_api(realm, CG_SPAN_OF("medicines")));
    (void)cg_snapshot_free(snapshot);
}

static void snapshot_without_base_url_has_no_realm(void **state)
{
    struct desk *desk = *state;
    int64_t changes_s;
    struct cg_snapshot *snapshot = snapshot_at(desk, DESK_NOW_S, &changes_s);
    assert_null(cg_snapshot_find_realm(snapshot, desk->realm));
    (void)cg_snapshot_free(snapshot);
}

static void realms_are_shown_apart(void **state)
{
    struct desk *desk = *state;
    desk_add_realm(desk, "/vtest/hpca", 2);
    int64_t changes_s;
    struct cg_snapshot *snapshot = snapshot_at(desk, DESK_NOW_S, &changes_s);
    assert_null(cg_snapshot_only_realm(snapshot));
    const struct cg_snapshot_realm *sandbox =
        cg_snapshot_find_realm(snapshot, CG_SPAN_OF("/vtest/hpca"));
    assert_non_null(sandbox);
    assert_null(cg_snapshot_find_api(sandbox, CG_SPAN_OF("documents")));
    (void)cg_snapshot_free(snapshot);
}

static void denials_are_shown_until_they_lapse(void **state)
{
    struct desk *desk = *state;
    struct cg_span agreement = desk_agree(desk, "documents", "documents.read");
    struct cg_decision decision = {.who = CG_SPAN("Ada"), .at_s = DESK_NOW_S};
    assert_ok(cg_agreement_withdraw(desk->store, desk->realm, agreement, &decision, NULL));
    assert_ok(cg_client_suspend(desk->store, desk->realm, desk->client, DESK_NOW_S, NULL));
    struct cg_snapshot_denial denial = {CG_DENIAL_TOKEN, CG_SPAN("jti-1"), 0,
                                        DESK_NOW_S + DESK_KEPT_S + CG_DENIAL_MARGIN_S};
    assert_ok(cg_denial_add(desk->store, desk->realm, &denial, DESK_NOW_S));
    for (int lapsed = 0; lapsed < 2; lapsed++) {
        int64_t changes_s;
        int64_t now_s = DESK_NOW_S + DESK_KEPT_S + CG_DENIAL_MARGIN_S - (lapsed ? 0 : 1);
        struct cg_snapshot *snapshot = snapshot_at(desk, now_s, &changes_s);
        const struct cg_snapshot_realm *realm = cg_snapshot_only_realm(snapshot);
        assert_int_equal(cg_snapshot_denies_token(realm, denial.subject), !lapsed);
        assert_int_equal(cg_snapshot_denies_agreement(realm, agreement), !lapsed);
        assert_int_equal(cg_snapshot_denies_client(realm, desk->client, 0), !lapsed);
        assert_false(cg_snapshot_denies_client(realm, desk->client, 1));
        (void)cg_snapshot_free(snapshot);
    }
}

/* A flood of revocations must not make gates read everything anew each second. */
static void lapses_are_taken_together_within_a_minute(void **state)
{
    static const struct {
        int64_t lapse_s;
        int64_t changes_s;
    } rows[] = {{1, 60}, {59, 60}, {60, 60}, {61, 61}, {3600, 3600}};
    struct desk *desk = *state;
    for (size_t i = TEST_COUNT(rows); i > 0; i--) {
        struct cg_snapshot_denial denial = {CG_DENIAL_TOKEN, CG_SPAN("jti"), 0,
                                            DESK_NOW_S + rows[i - 1].lapse_s};
        char subject[8];
        (void)snprintf(subject, sizeof(subject), "jti-%zu", i);
        denial.subject = test_span(subject);
        assert_ok(cg_denial_add(desk->store, desk->realm, &denial, DESK_NOW_S));
        int64_t changes_s;
        (void)cg_snapshot_free(snapshot_at(desk, DESK_NOW_S, &changes_s));
        assert_int_equal(changes_s, DESK_NOW_S + rows[i - 1].changes_s);
    }
}

static void keys_generation_changes_with_what_is_published(void **state)
{
    struct desk *desk = *state;
    (void)feed_test_add_key(desk, CG_KEY_START_FIRST, DESK_NOW_S);
    int64_t one_key = generation_at(desk, DESK_NOW_S);
    assert_true(one_key >= 0 && one_key < INT64_C(1) << 53);
    (void)feed_test_add_key(desk, CG_KEY_START_NOW, DESK_NOW_S + 10);
    int64_t two_keys = generation_at(desk, DESK_NOW_S + 10);
    assert_int_not_equal(two_keys, one_key);
    int64_t gone_s = DESK_NOW_S + 10 + CG_KEY_PROPAGATION_S + DESK_KEPT_S;
    int64_t changes_s;
    (void)cg_snapshot_free(snapshot_at(desk, DESK_NOW_S + 10, &changes_s));
    assert_int_equal(changes_s, gone_s);
    assert_int_equal(generation_at(desk, gone_s - 1), two_keys);
    assert_int_not_equal(generation_at(desk, gone_s), two_keys);
}

/* A cache of proven tokens must not be flushed for what proves nothing. */
static void keys_generation_stays_when_keys_do(void **state)
{
    struct desk *desk = *state;
    (void)feed_test_add_key(desk, CG_KEY_START_FIRST, DESK_NOW_S);
    int64_t before = generation_at(desk, DESK_NOW_S);
    assert_ok(cg_client_suspend(desk->store, desk->realm, desk->client, DESK_NOW_S, NULL));
    desk_add_api(desk, "letters", "letters.read", 1);
    int64_t count;
    assert_ok(cg_signing_key_reseal(desk->store, feed_test_master_key, feed_test_master_key,
                                    &desk->random, desk->arena, &count));
    assert_int_equal(generation_at(desk, DESK_NOW_S), before);
}

static void keys_generation_changes_with_issuer_and_type(void **state)
{
    struct desk *desk = *state;
    int64_t first = generation_at(desk, DESK_NOW_S);
    struct cg_realm realm;
    assert_ok(cg_realm_find(desk->store, desk->realm, desk->arena, &realm));
    realm.typ = CG_SPAN_OF("at+jwt");
    assert_ok(cg_realm_set(desk->store, &realm, NULL));
    int64_t second = generation_at(desk, DESK_NOW_S);
    assert_int_not_equal(second, first);
    assert_ok(cg_setting_set(desk->store, "base_url", CG_SPAN_OF("https://elsewhere.example")));
    assert_int_not_equal(generation_at(desk, DESK_NOW_S), second);
}

static void snapshot_wants_no_open_transaction(void **state)
{
    struct desk *desk = *state;
    struct cg_snapshot *snapshot = NULL;
    int64_t changes_s;
    assert_status(cg_feed_snapshot(desk->store, DESK_NOW_S, &snapshot, &changes_s),
                  CG_ERR_INTERNAL);
    assert_null(snapshot);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(snapshot_shows_keys_rules_and_versions, build_desk, desk_close),
    cmocka_unit_test_setup_teardown(snapshot_shows_the_limit_of_an_agreement_as_it_is_now,
                                    build_desk, desk_close),
    cmocka_unit_test_setup_teardown(snapshot_leaves_out_retired_apis, build_desk, desk_close),
    cmocka_unit_test_setup_teardown(snapshot_without_base_url_has_no_realm, desk_open, desk_close),
    cmocka_unit_test_setup_teardown(realms_are_shown_apart, build_desk, desk_close),
    cmocka_unit_test_setup_teardown(denials_are_shown_until_they_lapse, build_desk, desk_close),
    cmocka_unit_test_setup_teardown(lapses_are_taken_together_within_a_minute, build_desk,
                                    desk_close),
    cmocka_unit_test_setup_teardown(keys_generation_changes_with_what_is_published, build_desk,
                                    desk_close),
    cmocka_unit_test_setup_teardown(keys_generation_stays_when_keys_do, build_desk, desk_close),
    cmocka_unit_test_setup_teardown(keys_generation_changes_with_issuer_and_type, build_desk,
                                    desk_close),
    cmocka_unit_test_setup_teardown(snapshot_wants_no_open_transaction, build_desk, desk_close),
};
TEST_MAIN(tests)
