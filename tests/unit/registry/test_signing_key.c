/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/signing_key.h"

#include "base/span.h"
#include "codec/json.h"
#include "crypto/sealed.h"
#include "desk.h"
#include "jose/jwks.h"
#include "key_pool.h"

#define T0 DESK_NOW_S
#define ANNOUNCED_S 600 /* CG_KEY_ANNOUNCE_S, as the wire contract has it */

static const uint8_t master_key[CG_SEALED_KEY_BYTES] = {1, 2, 3};
static const uint8_t other_key[CG_SEALED_KEY_BYTES] = {3, 2, 1};

static int open_desk(void **state)
{
    key_pool_restart();
    return desk_open_bare(state);
}

static int release_keys(void **state)
{
    (void)state;
    key_pool_release();
    return 0;
}

static enum cg_status create(struct desk *desk, const char *realm, enum cg_key_start start,
                             int64_t now_s, struct cg_span *ret_kid)
{
    struct cg_signing_key_order order = {.realm = test_span(realm),
                                         .alg = CG_SPAN("RS256"),
                                         .start = start,
                                         .master_key = master_key,
                                         .random = &desk->random,
                                         .now_s = now_s};
    desk->fault = (struct cg_fault){.text = NULL};
    return cg_signing_key_create(desk->store, &order, desk->arena, &desk->fault, ret_kid);
}

static struct cg_span created(struct desk *desk, enum cg_key_start start, int64_t now_s)
{
    struct cg_span kid = {NULL, 0};
    struct cg_registry_version before = desk_version(desk);
    assert_ok(create(desk, DESK_REALM, start, now_s, &kid));
    assert_touched(desk, before, CG_TOUCH_KEYS);
    return kid;
}

static struct cg_span signs_at(struct desk *desk, int64_t now_s, int64_t *ret_until_s)
{
    struct cg_signing_key key;
    assert_ok(
        cg_signing_key_current(desk->store, desk->realm, now_s, desk->arena, &key, ret_until_s));
    return key.kid;
}

static struct cg_jwks *published_at(struct desk *desk, int64_t now_s, int64_t *ret_changes_s)
{
    struct cg_buf buf;
    cg_buf_init_arena(&buf, desk->arena, 65536);
    assert_ok(
        cg_signing_key_jwks(desk->store, desk->realm, now_s, desk->arena, &buf, ret_changes_s));
    struct cg_span text;
    assert_ok(cg_buf_finish(&buf, &text));
    CG_CLEANUP(cg_json_free_at) struct cg_json *json = NULL;
    assert_ok(cg_json_parse(text, 65536, &json));
    struct cg_jwks *jwks = NULL;
    assert_ok(cg_jwks_parse(cg_json_root(json), CG_JWK_NAMES_ALG, &jwks));
    return jwks;
}

static bool is_published(struct desk *desk, struct cg_span kid, int64_t now_s)
{
    int64_t changes_s;
    CG_CLEANUP(cg_jwks_free_at) struct cg_jwks *jwks = published_at(desk, now_s, &changes_s);
    return cg_jwks_find(jwks, kid) != NULL;
}

/* What holds at one second: who signs, and which of the keys A, B, C are published. */
struct moment {
    int64_t at_s;
    size_t signs;
    const char *published;
};

static void check_line(struct desk *desk, const struct cg_span kids[static 3],
                       const struct moment *moments, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        int64_t until_s;
        struct cg_span signs = signs_at(desk, moments[i].at_s, &until_s);
        if (!cg_span_equal(signs, kids[moments[i].signs])) {
            fail_msg("at T0%+ld another key signs", (long)(moments[i].at_s - T0));
        }
        for (size_t key = 0; key < 3; key++) {
            bool want = strchr(moments[i].published, "ABC"[key]) != NULL;
            if (kids[key].data != NULL && is_published(desk, kids[key], moments[i].at_s) != want) {
                fail_msg("at T0%+ld key %c is%s published", (long)(moments[i].at_s - T0),
                         "ABC"[key], want ? " not" : "");
            }
        }
    }
}

static void first_key_signs_at_once(void **state)
{
    struct desk *desk = *state;
    int64_t until_s;
    struct cg_signing_key key;
    assert_status(cg_signing_key_current(desk->store, desk->realm, T0, desk->arena, &key, &until_s),
                  CG_ERR_NOT_FOUND);
    struct cg_span kids[3] = {created(desk, CG_KEY_START_FIRST, T0)};
    static const struct moment moments[] = {{T0, 0, "A"}, {T0 + 1000000, 0, "A"}};
    check_line(desk, kids, moments, TEST_COUNT(moments));
    assert_span_equal(signs_at(desk, T0, &until_s), kids[0]);
    assert_int_equal(until_s, INT64_MAX);
    int64_t changes_s;
    (void)cg_jwks_free(published_at(desk, T0, &changes_s));
    assert_int_equal(changes_s, INT64_MAX);
}

/* A token signed in the last second of a key is good until that second plus its life. */
static void next_key_is_announced_and_the_last_one_kept(void **state)
{
    struct desk *desk = *state;
    struct cg_span kids[3] = {created(desk, CG_KEY_START_FIRST, T0)};
    kids[1] = created(desk, CG_KEY_START_NEXT, T0 + 1000);
    int64_t b = T0 + 1000 + ANNOUNCED_S;
    const struct moment moments[] = {
        {T0 + 1000, 0, "AB"},           {b - 1, 0, "AB"},          {b, 1, "AB"},
        {b + DESK_KEPT_S - 1, 1, "AB"}, {b + DESK_KEPT_S, 1, "B"},
    };
    check_line(desk, kids, moments, TEST_COUNT(moments));
    int64_t until_s;
    (void)signs_at(desk, b - 1, &until_s);
    assert_int_equal(until_s, b);
    int64_t changes_s;
    (void)cg_jwks_free(published_at(desk, b, &changes_s));
    assert_int_equal(changes_s, b + DESK_KEPT_S);
}

static void rotating_now_waits_until_gates_can_know(void **state)
{
    struct desk *desk = *state;
    struct cg_span kids[3] = {created(desk, CG_KEY_START_FIRST, T0)};
    kids[1] = created(desk, CG_KEY_START_NOW, T0 + 1000);
    int64_t b = T0 + 1000 + CG_KEY_PROPAGATION_S;
    assert_true(CG_KEY_PROPAGATION_S > 2);
    const struct moment moments[] = {
        {T0 + 1000, 0, "AB"},
        {b - 1, 0, "AB"},
        {b, 1, "AB"},
        {b + DESK_KEPT_S, 1, "B"},
    };
    check_line(desk, kids, moments, TEST_COUNT(moments));
}

static void rotating_now_takes_the_place_of_an_announced_key(void **state)
{
    struct desk *desk = *state;
    struct cg_span kids[3] = {created(desk, CG_KEY_START_FIRST, T0)};
    kids[1] = created(desk, CG_KEY_START_NEXT, T0 + 1000);
    kids[2] = created(desk, CG_KEY_START_NOW, T0 + 1100);
    int64_t c = T0 + 1100 + CG_KEY_PROPAGATION_S;
    const struct moment moments[] = {
        {T0 + 1100, 0, "AC"},
        {c, 2, "AC"},
        {c + DESK_KEPT_S - 1, 2, "AC"},
        {c + DESK_KEPT_S, 2, "C"},
        {T0 + 1000 + ANNOUNCED_S, 2, "C"},
    };
    check_line(desk, kids, moments, TEST_COUNT(moments));
}

/* Issuers may have begun to sign with it by the time they learn of the change. */
static void announced_key_about_to_sign_is_not_taken_back(void **state)
{
    struct desk *desk = *state;
    struct cg_span kids[3] = {created(desk, CG_KEY_START_FIRST, T0)};
    kids[1] = created(desk, CG_KEY_START_NEXT, T0);
    int64_t b = T0 + ANNOUNCED_S;
    kids[2] = created(desk, CG_KEY_START_NOW, b - CG_KEY_PROPAGATION_S);
    int64_t c = b + 1;
    const struct moment moments[] = {
        {b - 1, 0, "ABC"},         {b, 1, "ABC"}, {c, 2, "ABC"}, {b + DESK_KEPT_S, 2, "BC"},
        {c + DESK_KEPT_S, 2, "C"},
    };
    check_line(desk, kids, moments, TEST_COUNT(moments));
}

static void second_rotation_within_the_announcement_is_refused(void **state)
{
    struct desk *desk = *state;
    struct cg_span kid;
    (void)created(desk, CG_KEY_START_FIRST, T0);
    (void)created(desk, CG_KEY_START_NEXT, T0);
    assert_status(create(desk, DESK_REALM, CG_KEY_START_NEXT, T0 + ANNOUNCED_S - 1, &kid),
                  CG_ERR_CONFLICT);
    assert_non_null(desk->fault.text);
    (void)created(desk, CG_KEY_START_NEXT, T0 + ANNOUNCED_S);
}

static void key_that_cannot_be_is_refused(void **state)
{
    static const struct {
        const char *label;
        const char *realm;
        enum cg_key_start start;
        int64_t now_s;
        enum cg_status status;
    } rows[] = {
        {"first after the first", DESK_REALM, CG_KEY_START_FIRST, T0, CG_ERR_CONFLICT},
        {"no time", DESK_REALM, CG_KEY_START_NEXT, 0, CG_ERR_INPUT},
        {"realm", "/none", CG_KEY_START_FIRST, T0, CG_ERR_NOT_FOUND},
        {"next of none", "/vtest/hpca", CG_KEY_START_NEXT, T0, CG_ERR_CONFLICT},
        {"now of none", "/vtest/hpca", CG_KEY_START_NOW, T0, CG_ERR_CONFLICT},
    };
    struct desk *desk = *state;
    desk_add_realm(desk, "/vtest/hpca", 2);
    (void)created(desk, CG_KEY_START_FIRST, T0);
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        struct cg_span kid;
        assert_status_row(rows[i].label,
                          create(desk, rows[i].realm, rows[i].start, rows[i].now_s, &kid),
                          rows[i].status);
        assert_non_null(desk->fault.text);
    }
}

static void algorithm_that_cannot_sign_is_refused(void **state)
{
    struct desk *desk = *state;
    struct cg_signing_key_order order = {.realm = desk->realm,
                                         .alg = CG_SPAN("HS256"),
                                         .master_key = master_key,
                                         .random = &desk->random,
                                         .now_s = T0};
    struct cg_span kid;
    assert_refused(desk, "HS256",
                   cg_signing_key_create(desk->store, &order, desk->arena, &desk->fault, &kid),
                   CG_ERR_INPUT);
}

static void longer_life_keeps_a_leaving_key_for_longer(void **state)
{
    struct desk *desk = *state;
    struct cg_span first = created(desk, CG_KEY_START_FIRST, T0);
    (void)created(desk, CG_KEY_START_NEXT, T0);
    struct cg_realm realm;
    assert_ok(cg_realm_find(desk->store, desk->realm, desk->arena, &realm));
    realm.token_life_s = 3600;
    struct cg_registry_version before = desk_version(desk);
    assert_ok(cg_realm_set(desk->store, &realm, NULL));
    assert_touched(desk, before, CG_TOUCH_KEYS);
    int64_t end = T0 + ANNOUNCED_S + 3600 + 60;
    assert_true(is_published(desk, first, end - 1));
    assert_false(is_published(desk, first, end));
}

static enum cg_status retire(struct desk *desk, struct cg_span kid, int64_t now_s)
{
    return cg_signing_key_retire(desk->store, desk->realm, kid, now_s, &desk->fault);
}

static void retired_key_is_gone_at_once_with_its_private_half(void **state)
{
    struct desk *desk = *state;
    struct cg_span kids[3] = {created(desk, CG_KEY_START_FIRST, T0)};
    kids[1] = created(desk, CG_KEY_START_NOW, T0);
    assert_refused(desk, "signs", retire(desk, kids[0], T0 + 1), CG_ERR_CONFLICT);
    struct cg_registry_version before = desk_version(desk);
    assert_ok(retire(desk, kids[0], T0 + 10));
    assert_touched(desk, before, CG_TOUCH_KEYS);
    static const struct moment moments[] = {{T0 + 10, 1, "B"}, {T0 + 20, 1, "B"}};
    check_line(desk, kids, moments, TEST_COUNT(moments));
    /* Nor is it there for a reader whose second began before. */
    assert_false(is_published(desk, kids[0], T0 + 9));
    assert_refused(desk, "again", retire(desk, kids[0], T0 + 11), CG_ERR_CONFLICT);
    assert_refused(desk, "unknown", retire(desk, CG_SPAN_OF("x"), T0), CG_ERR_NOT_FOUND);
}

static void retired_key_does_not_come_back_by_a_longer_life(void **state)
{
    struct desk *desk = *state;
    struct cg_span first = created(desk, CG_KEY_START_FIRST, T0);
    (void)created(desk, CG_KEY_START_NOW, T0);
    assert_ok(retire(desk, first, T0 + 10));
    struct cg_realm realm;
    assert_ok(cg_realm_find(desk->store, desk->realm, desk->arena, &realm));
    realm.token_life_s = 3600;
    assert_ok(cg_realm_set(desk->store, &realm, NULL));
    assert_false(is_published(desk, first, T0 + 11));
}

static void announced_key_that_is_retired_leaves_the_last_one_signing(void **state)
{
    struct desk *desk = *state;
    struct cg_span kids[3] = {created(desk, CG_KEY_START_FIRST, T0)};
    kids[1] = created(desk, CG_KEY_START_NEXT, T0);
    assert_ok(retire(desk, kids[1], T0 + 10));
    static const struct moment moments[] = {{T0 + 10, 0, "A"}, {T0 + 1000000, 0, "A"}};
    check_line(desk, kids, moments, TEST_COUNT(moments));
    (void)created(desk, CG_KEY_START_NEXT, T0 + 20);
}

static void key_between_two_that_is_retired_leaves_them_in_line(void **state)
{
    struct desk *desk = *state;
    struct cg_span kids[3] = {created(desk, CG_KEY_START_FIRST, T0)};
    kids[1] = created(desk, CG_KEY_START_NOW, T0);
    kids[2] = created(desk, CG_KEY_START_NOW, T0 + 1);
    assert_ok(retire(desk, kids[1], T0 + 2));
    int64_t c = T0 + 1 + CG_KEY_PROPAGATION_S;
    const struct moment moments[] = {
        {T0 + 2, 0, "AC"}, {c - 1, 0, "AC"}, {c, 2, "AC"}, {c + DESK_KEPT_S, 2, "C"}};
    check_line(desk, kids, moments, TEST_COUNT(moments));
}

static void private_half_opens_under_its_master_key_only(void **state)
{
    struct desk *desk = *state;
    (void)created(desk, CG_KEY_START_FIRST, T0);
    struct cg_signing_key key;
    int64_t until_s;
    assert_ok(cg_signing_key_current(desk->store, desk->realm, T0, desk->arena, &key, &until_s));
    CG_CLEANUP(cg_key_free_at) struct cg_key *opened = NULL;
    assert_status(cg_signing_key_unseal(&key, other_key, &opened), CG_ERR_AUTHENTICATION);
    assert_ok(cg_signing_key_unseal(&key, master_key, &opened));
    assert_true(cg_key_is_private(opened));
    char thumbprint[CG_THUMBPRINT_CHARS + 1];
    assert_ok(cg_jwk_thumbprint(opened, thumbprint));
    assert_span_text(key.kid, thumbprint);
}

static void sealed_key_opens_in_no_other_place(void **state)
{
    struct desk *desk = *state;
    (void)created(desk, CG_KEY_START_FIRST, T0);
    struct cg_signing_key key;
    int64_t until_s;
    assert_ok(cg_signing_key_current(desk->store, desk->realm, T0, desk->arena, &key, &until_s));
    struct cg_signing_key moved = key;
    CG_CLEANUP(cg_key_free_at) struct cg_key *opened = NULL;
    moved.realm = CG_SPAN_OF("/vtest/hpca");
    assert_status(cg_signing_key_unseal(&moved, master_key, &opened), CG_ERR_AUTHENTICATION);
    moved = key;
    moved.kid = CG_SPAN_OF("another");
    assert_status(cg_signing_key_unseal(&moved, master_key, &opened), CG_ERR_AUTHENTICATION);
    moved = key;
    moved.alg = CG_SPAN_OF("HS256");
    assert_status(cg_signing_key_unseal(&moved, master_key, &opened), CG_ERR_STORE);
}

static void resealing_moves_every_key_to_the_new_master_key(void **state)
{
    struct desk *desk = *state;
    struct cg_span retired = created(desk, CG_KEY_START_FIRST, T0);
    (void)created(desk, CG_KEY_START_NOW, T0);
    assert_ok(retire(desk, retired, T0 + 10));
    struct cg_span kid;
    assert_ok(create(desk, CG_AUDIT_KEY_REALM, CG_KEY_START_FIRST, T0, &kid));
    int64_t count = 0;
    assert_status(cg_signing_key_reseal(desk->store, other_key, master_key, &desk->random,
                                        desk->arena, &count),
                  CG_ERR_AUTHENTICATION);
    assert_ok(cg_signing_key_reseal(desk->store, master_key, other_key, &desk->random, desk->arena,
                                    &count));
    assert_int_equal(count, 2);
    struct cg_signing_key key;
    int64_t until_s;
    assert_ok(
        cg_signing_key_current(desk->store, desk->realm, T0 + 20, desk->arena, &key, &until_s));
    CG_CLEANUP(cg_key_free_at) struct cg_key *opened = NULL;
    assert_status(cg_signing_key_unseal(&key, master_key, &opened), CG_ERR_AUTHENTICATION);
    assert_ok(cg_signing_key_unseal(&key, other_key, &opened));
}

static void audit_keys_need_no_realm_and_stay_listed(void **state)
{
    struct desk *desk = *state;
    struct cg_span kid;
    assert_ok(create(desk, CG_AUDIT_KEY_REALM, CG_KEY_START_FIRST, T0, &kid));
    assert_ok(create(desk, CG_AUDIT_KEY_REALM, CG_KEY_START_NOW, T0 + 10, &kid));
    size_t count = 0;
    assert_ok(cg_signing_key_list(desk->store, CG_SPAN_OF(CG_AUDIT_KEY_REALM), desk->arena,
                                  desk_count, &count));
    assert_int_equal(count, 2);
}

TEST(key_state_has_a_word_for_each_time)
{
    static const struct {
        int64_t sign_from_s;
        int64_t retain_until_s;
        bool signs;
        const char *word;
    } rows[] = {
        {101, 0, false, "announced"}, {100, 0, true, "active"},     {100, 900, true, "active"},
        {50, 900, false, "retained"}, {50, 101, false, "retained"}, {50, 100, false, "gone"},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        struct cg_signing_key key = {.sign_from_s = rows[i].sign_from_s,
                                     .retain_until_s = rows[i].retain_until_s};
        assert_string_equal(cg_signing_key_state_name(&key, rows[i].signs, 100), rows[i].word);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(first_key_signs_at_once, open_desk, desk_close),
    cmocka_unit_test_setup_teardown(next_key_is_announced_and_the_last_one_kept, open_desk,
                                    desk_close),
    cmocka_unit_test_setup_teardown(rotating_now_waits_until_gates_can_know, open_desk, desk_close),
    cmocka_unit_test_setup_teardown(rotating_now_takes_the_place_of_an_announced_key, open_desk,
                                    desk_close),
    cmocka_unit_test_setup_teardown(announced_key_about_to_sign_is_not_taken_back, open_desk,
                                    desk_close),
    cmocka_unit_test_setup_teardown(second_rotation_within_the_announcement_is_refused, open_desk,
                                    desk_close),
    cmocka_unit_test_setup_teardown(key_that_cannot_be_is_refused, open_desk, desk_close),
    cmocka_unit_test_setup_teardown(algorithm_that_cannot_sign_is_refused, open_desk, desk_close),
    cmocka_unit_test_setup_teardown(longer_life_keeps_a_leaving_key_for_longer, open_desk,
                                    desk_close),
    cmocka_unit_test_setup_teardown(retired_key_is_gone_at_once_with_its_private_half, open_desk,
                                    desk_close),
    cmocka_unit_test_setup_teardown(retired_key_does_not_come_back_by_a_longer_life, open_desk,
                                    desk_close),
    cmocka_unit_test_setup_teardown(announced_key_that_is_retired_leaves_the_last_one_signing,
                                    open_desk, desk_close),
    cmocka_unit_test_setup_teardown(key_between_two_that_is_retired_leaves_them_in_line, open_desk,
                                    desk_close),
    cmocka_unit_test_setup_teardown(private_half_opens_under_its_master_key_only, open_desk,
                                    desk_close),
    cmocka_unit_test_setup_teardown(sealed_key_opens_in_no_other_place, open_desk, desk_close),
    cmocka_unit_test_setup_teardown(resealing_moves_every_key_to_the_new_master_key, open_desk,
                                    desk_close),
    cmocka_unit_test_setup_teardown(audit_keys_need_no_realm_and_stay_listed, open_desk,
                                    desk_close),
    cmocka_unit_test(key_state_has_a_word_for_each_time),
};
TEST_MAIN_WITH(tests, NULL, release_keys)
