/* SPDX-License-Identifier: Apache-2.0 */
/* Signing keys that change by themselves, while upkeep runs and the clock is moved. */
#include "base/span.h"
#include "house.h"
#include "registry/key_schedule.h"
#include "test.h"

#include <caregate/pkcs11.h>
#include <dlfcn.h>
#include <unistd.h>

#define DAY_S INT64_C(86400)
#define LIFE_S (90 * DAY_S)
#define ANNOUNCED_S (HOUSE_NOW_S + LIFE_S - CG_KEY_ANNOUNCE_S)
#define TURNED_S (HOUSE_NOW_S + LIFE_S)

struct keys {
    struct cg_signing_key items[8];
    size_t count;
};

static enum cg_status keep(void *context, const void *row)
{
    struct keys *keys = context;
    assert_true(keys->count < TEST_COUNT(keys->items));
    keys->items[keys->count++] = *(const struct cg_signing_key *)row;
    return CG_OK;
}

static struct keys keys_of(struct house *house, const char *realm)
{
    struct keys keys = {.count = 0};
    assert_ok(cg_signing_key_list(house->registry, test_span(realm), house->arena, keep, &keys));
    return keys;
}

static struct keys keep_up(struct house *house, int64_t now_s)
{
    assert_ok(cg_issuer_upkeep(house->slot, now_s));
    return keys_of(house, HOUSE_REALM);
}

static void next_key_is_announced_before_the_life_of_the_active_one_is_over(void **state)
{
    struct house *house = *state;
    assert_int_equal(keep_up(house, ANNOUNCED_S - 61).count, 1);
    struct keys keys = keep_up(house, ANNOUNCED_S);
    assert_int_equal(keys.count, 2);
    assert_int_equal(keys.items[1].publish_from_s, ANNOUNCED_S);
    assert_int_equal(keys.items[1].sign_from_s, TURNED_S);
    assert_true(keys.items[0].retain_until_s > TURNED_S);
    assert_int_equal(house_count_events(house, "key_created"), 1);
}

static void key_is_announced_once_however_often_and_wherever_is_looked(void **state)
{
    struct house *house = *state;
    struct cg_issuer_slot *other = NULL;
    struct cg_issuer_config config = {.store_uri = test_span(house->uri),
                                      .writer = CG_SPAN("test/worker1"),
                                      .master_key = house->master_key};
    assert_ok(cg_issuer_slot_new(&config, &other));
    for (int64_t now_s = ANNOUNCED_S; now_s < ANNOUNCED_S + 200; now_s += 50) {
        assert_ok(cg_issuer_upkeep(other, now_s));
        assert_int_equal(keep_up(house, now_s).count, 2);
    }
    assert_ok(cg_issuer_upkeep(other, TURNED_S + 1));
    assert_int_equal(keep_up(house, TURNED_S + 1).count, 2);
    assert_int_equal(house_count_events(house, "key_created"), 1);
    (void)cg_issuer_slot_free(other);
}

static void tokens_are_signed_by_the_next_key_from_its_second_on(void **state)
{
    struct house *house = *state;
    struct keys keys = keep_up(house, ANNOUNCED_S);
    struct cg_signing_key signs;
    int64_t until_s = 0;
    house->now_s = TURNED_S;
    assert_int_equal(house_ask_token(house, "")->http_status, 200);
    assert_ok(cg_signing_key_current(house->registry, test_span(HOUSE_REALM), TURNED_S,
                                     house->arena, &signs, &until_s));
    assert_span_equal(signs.kid, keys.items[1].kid);
}

static void private_half_goes_when_the_last_token_is_over_and_not_before(void **state)
{
    struct house *house = *state;
    (void)keep_up(house, ANNOUNCED_S);
    int64_t over_s = keep_up(house, TURNED_S).items[0].retain_until_s;
    assert_true(keep_up(house, over_s - 1).items[0].sealed.len > 0);
    struct keys keys = keep_up(house, over_s + 60);
    assert_int_equal(keys.items[0].sealed.len, 0);
    assert_true(keys.items[1].sealed.len > 0);
    assert_string_equal(cg_signing_key_state_name(&keys.items[0], false, over_s + 60), "gone");
    assert_int_equal(house_count_events(house, "key_deleted"), 1);
}

static void set_key_life(struct house *house, int64_t life_s)
{
    struct cg_realm realm;
    assert_ok(cg_store_begin(house->registry));
    assert_ok(cg_realm_find(house->registry, test_span(HOUSE_REALM), house->arena, &realm));
    realm.key_life_s = life_s;
    assert_ok(cg_realm_set(house->registry, &realm, NULL));
    assert_ok(cg_store_commit(house->registry));
}

static void key_stays_for_ever_where_the_schedule_is_off(void **state)
{
    struct house *house = *state;
    set_key_life(house, 0);
    assert_int_equal(keep_up(house, HOUSE_NOW_S + 4000 * DAY_S).count, 1);
}

static void another_life_counts_at_once(void **state)
{
    struct house *house = *state;
    assert_int_equal(keep_up(house, HOUSE_NOW_S + 10 * DAY_S).count, 1);
    set_key_life(house, 7 * DAY_S);
    assert_int_equal(keep_up(house, HOUSE_NOW_S + 10 * DAY_S).count, 2);
}

static void key_of_the_audit_is_left_alone(void **state)
{
    struct house *house = *state;
    (void)keep_up(house, HOUSE_NOW_S + 400 * DAY_S);
    struct keys keys = keys_of(house, CG_AUDIT_KEY_REALM);
    assert_int_equal(keys.count, 1);
    assert_true(keys.items[0].sealed.len > 0);
}

static void what_was_due_is_done_when_the_store_is_back(void **state)
{
    struct house *house = *state;
    char path[128];
    char aside[128];
    (void)snprintf(path, sizeof(path), "%s/audit.db", house->folder);
    (void)snprintf(aside, sizeof(aside), "%s/aside.db", house->folder);
    (void)keep_up(house, ANNOUNCED_S - 120);
    assert_int_equal(rename(path, aside), 0);
    assert_status(cg_issuer_upkeep(house->slot, ANNOUNCED_S), CG_ERR_STORE);
    assert_int_equal(keys_of(house, HOUSE_REALM).count, 1);
    assert_int_equal(rename(aside, path), 0);
    assert_int_equal(keep_up(house, ANNOUNCED_S + 5).count, 2);
}

static void life_of_a_key_has_bounds(void **state)
{
    static const int64_t bad[] = {-1, 1, CG_KEY_LIFE_MIN_S - 1, INT64_MAX};
    struct house *house = *state;
    struct cg_realm realm;
    assert_ok(cg_store_begin(house->registry));
    assert_ok(cg_realm_find(house->registry, test_span(HOUSE_REALM), house->arena, &realm));
    assert_int_equal(realm.key_life_s, LIFE_S);
    for (size_t i = 0; i < TEST_COUNT(bad); i++) {
        struct cg_fault fault = {.text = NULL};
        realm.key_life_s = bad[i];
        assert_status(cg_realm_set(house->registry, &realm, &fault), CG_ERR_INPUT);
        assert_non_null(strstr(fault.text, "an hour at least"));
    }
    cg_store_rollback(house->registry);
}

/* A row as `key rotate --pkcs11` makes it, with --generate or without. */
static void put_key_in_a_module(struct house *house, int64_t sign_from_s, bool is_made_there)
{
    struct cg_statement *statement = NULL;
    struct keys keys = keys_of(house, HOUSE_REALM);
    assert_ok(cg_store_begin(house->registry));
    assert_ok(cg_store_start(house->registry, CG_SQL_KEY_ADD, &statement));
    cg_bind_text(statement, "kid", CG_SPAN_OF("in-a-module"));
    cg_bind_text(statement, "realm", CG_SPAN_OF(HOUSE_REALM));
    cg_bind_text(statement, "alg", keys.items[0].alg);
    cg_bind_blob(statement, "sealed", CG_SPAN_OF(""));
    cg_bind_text(statement, "reference", CG_SPAN_OF("pkcs11:token=box;object=key"));
    cg_bind_number(statement, "made_there", is_made_there ? 1 : 0);
    cg_bind_text(statement, "public_jwk", keys.items[0].public_jwk);
    cg_bind_number(statement, "publish", sign_from_s);
    cg_bind_number(statement, "sign", sign_from_s);
    cg_bind_number(statement, "created", sign_from_s);
    assert_ok(cg_store_run(statement, NULL));
    assert_ok(cg_registry_touch(house->registry, CG_TOUCH_KEYS));
    assert_ok(cg_store_commit(house->registry));
}

static void add_key_in_a_module(struct house *house, int64_t sign_from_s)
{
    put_key_in_a_module(house, sign_from_s, false);
}

static void key_in_a_module_gets_no_successor_where_no_module_is_configured(void **state)
{
    struct house *house = *state;
    add_key_in_a_module(house, HOUSE_NOW_S + 1);
    assert_int_equal(keep_up(house, ANNOUNCED_S + 3600).count, 2);
    assert_int_equal(house_count_events(house, "key_created"), 0);
}

static void key_in_a_module_signs_nothing_where_no_module_is_configured(void **state)
{
    struct house *house = *state;
    add_key_in_a_module(house, HOUSE_NOW_S + 1);
    house->now_s = HOUSE_NOW_S + 2;
    assert_int_equal(house_ask_token(house, "")->http_status, 503);
}

/* Another key signs; the last token of the one in a module ends then. */
static void outlive_key_in_a_module(struct house *house, int64_t until_s)
{
    struct cg_statement *statement = NULL;
    assert_ok(cg_store_begin(house->registry));
    assert_ok(cg_store_start(house->registry, CG_SQL_KEY_RETAIN, &statement));
    cg_bind_number(statement, "until", until_s);
    cg_bind_text(statement, "kid", CG_SPAN_OF("in-a-module"));
    assert_ok(cg_store_run(statement, NULL));
    assert_ok(cg_store_commit(house->registry));
}

static void reference_to_a_key_in_a_module_goes_when_its_last_token_is_over(void **state)
{
    struct house *house = *state;
    add_key_in_a_module(house, HOUSE_NOW_S - 1);
    outlive_key_in_a_module(house, HOUSE_NOW_S + 100);
    assert_true(cg_signing_key_is_usable(&keep_up(house, HOUSE_NOW_S + 99).items[0]));
    struct keys keys = keep_up(house, HOUSE_NOW_S + 160);
    assert_span_equal(keys.items[0].kid, CG_SPAN_OF("in-a-module"));
    assert_false(cg_signing_key_is_usable(&keys.items[0]));
}

/* What is left in modules of the realm's. */
static enum cg_status find_debris(struct house *house, struct cg_key_debris *ret_debris)
{
    return cg_key_schedule_debris(house->registry, test_span(HOUSE_REALM), house->arena,
                                  ret_debris);
}

static void what_was_made_in_a_module_waits_to_be_destroyed_until_the_module_is_there(void **state)
{
    struct house *house = *state;
    struct cg_key_debris debris;
    put_key_in_a_module(house, HOUSE_NOW_S - 1, true);
    outlive_key_in_a_module(house, HOUSE_NOW_S + 100);
    (void)keep_up(house, HOUSE_NOW_S + 160);
    (void)keep_up(house, HOUSE_NOW_S + 600);
    assert_int_equal(house_count_events(house, "key_deleted"), 1);
    assert_ok(find_debris(house, &debris));
    assert_span_equal(debris.reference, CG_SPAN_OF("pkcs11:token=box;object=key"));
    assert_span_equal(debris.kid, CG_SPAN_OF("in-a-module"));
    assert_int_equal(house_count_events(house, "key_destroyed"), 0);
}

static void what_was_brought_into_a_module_is_left_there(void **state)
{
    struct house *house = *state;
    struct cg_key_debris debris;
    add_key_in_a_module(house, HOUSE_NOW_S - 1);
    outlive_key_in_a_module(house, HOUSE_NOW_S + 100);
    (void)keep_up(house, HOUSE_NOW_S + 160);
    assert_int_equal(house_count_events(house, "key_deleted"), 1);
    assert_status(find_debris(house, &debris), CG_ERR_NOT_FOUND);
}

/* A module, the slot that has it, and who keeps the audit from everybody else. */
struct vault {
    struct cg_pkcs11 *pkcs11;
    struct cg_issuer_slot *slot;
    struct cg_store *kept_audit;
    void *library; /* of the module, which the module's user loads as well */
    int (*halves)(void);
};

static struct vault open_vault(const struct house *house)
{
    const char *path = getenv("CAREGATE_FAKE_TOKEN");
    struct vault vault = {.library = dlopen(path, RTLD_NOW | RTLD_LOCAL)};
    assert_non_null(vault.library);
    vault.halves = (int (*)(void))dlsym(vault.library, "fake_token_halves");
    assert_non_null(vault.halves);
    assert_ok(cg_pkcs11_new(path, CG_SPAN_OF("1234"), &vault.pkcs11));
    struct cg_issuer_config config = {.store_uri = test_span(house->uri),
                                      .writer = CG_SPAN("test/worker1"),
                                      .master_key = house->master_key,
                                      .pkcs11 = vault.pkcs11};
    assert_ok(cg_issuer_slot_new(&config, &vault.slot));
    assert_ok(cg_store_open(config.store_uri, CG_STORE_AUDIT, CG_STORE_OPEN, &vault.kept_audit));
    return vault;
}

static void close_vault(struct vault *vault)
{
    (void)cg_issuer_slot_free(vault->slot);
    (void)cg_pkcs11_free(vault->pkcs11);
    (void)cg_store_free(vault->kept_audit);
    (void)dlclose(vault->library);
}

/* So that keys are looked at before their minute is over. */
static void touch(struct house *house)
{
    assert_ok(cg_store_begin(house->registry));
    assert_ok(cg_registry_touch(house->registry, CG_TOUCH_REGISTRY));
    assert_ok(cg_store_commit(house->registry));
}

/* Its module makes keys of Ed25519 alone. */
static void sign_by_ed25519(struct house *house)
{
    struct cg_realm realm;
    assert_ok(cg_store_begin(house->registry));
    assert_ok(cg_realm_find(house->registry, test_span(HOUSE_REALM), house->arena, &realm));
    realm.alg = CG_SPAN_OF("EdDSA");
    assert_ok(cg_realm_set(house->registry, &realm, NULL));
    assert_ok(cg_store_commit(house->registry));
}

/* Somebody keeps the audit for long: neither the registry nor the module pays for it. */
static void key_that_could_not_be_recorded_is_destroyed_in_its_module(void **state)
{
    struct house *house = *state;
    struct vault vault = open_vault(house);
    sign_by_ed25519(house);
    add_key_in_a_module(house, HOUSE_NOW_S + 1);
    assert_ok(cg_issuer_upkeep(vault.slot, ANNOUNCED_S - 10));
    touch(house);
    assert_ok(cg_store_begin(vault.kept_audit));
    assert_ok(cg_issuer_upkeep(vault.slot, ANNOUNCED_S + 2));
    assert_int_equal(keys_of(house, HOUSE_REALM).count, 2);
    assert_int_equal(vault.halves(), 0);
    cg_store_rollback(vault.kept_audit);
    touch(house);
    assert_ok(cg_issuer_upkeep(vault.slot, ANNOUNCED_S + 3)); /* the round ends */
    assert_ok(cg_issuer_upkeep(vault.slot, ANNOUNCED_S + 4));
    assert_int_equal(keys_of(house, HOUSE_REALM).count, 3);
    assert_int_equal(vault.halves(), 2);
    assert_int_equal(house_count_events(house, "key_created"), 1);
    close_vault(&vault);
}

#define REALMS 300

static void add_realm(struct house *house, const char *path)
{
    struct cg_realm realm;
    struct cg_signing_key_order order = {.realm = test_span(path),
                                         .alg = CG_SPAN("ES256"),
                                         .start = CG_KEY_START_FIRST,
                                         .master_key = house->master_key,
                                         .random = &house->random,
                                         .now_s = HOUSE_NOW_S};
    struct cg_span kid;
    assert_ok(cg_realm_defaults(CG_SPAN_OF("documented"), NULL, &realm));
    realm.path = order.realm;
    realm.alg = order.alg;
    realm.created_s = HOUSE_NOW_S;
    assert_ok(cg_realm_add(house->registry, &realm, NULL));
    assert_ok(cg_signing_key_create(house->registry, &order, house->arena, NULL, &kid));
}

/* No key can be made for an algorithm that nobody knows. */
static void spoil_realm(struct house *house, const char *path)
{
    struct cg_statement *statement = NULL;
    assert_ok(cg_store_start(house->registry, CG_SQL_REALM_SET, &statement));
    cg_bind_text(statement, "path", test_span(path));
    cg_bind_text(statement, "profile", CG_SPAN_OF("documented"));
    cg_bind_number(statement, "token_life", 300);
    cg_bind_text(statement, "alg", CG_SPAN_OF("XX256"));
    cg_bind_text(statement, "typ", CG_SPAN_OF("JWT"));
    cg_bind_text(statement, "token_response", CG_SPAN_OF("documented"));
    cg_bind_number(statement, "key_life", LIFE_S);
    assert_ok(cg_store_run(statement, NULL));
}

/* The first one of all fails whenever it is looked at. */
static void add_many_realms(struct house *house)
{
    char path[32];
    assert_ok(cg_store_begin(house->registry));
    for (unsigned i = 0; i < REALMS; i++) {
        (void)snprintf(path, sizeof(path), "/many/r%03u", i);
        add_realm(house, path);
        cg_arena_clear(house->arena);
    }
    add_realm(house, "/a/spoilt");
    spoil_realm(house, "/a/spoilt");
    assert_ok(cg_store_commit(house->registry));
}

static size_t count_announced(struct house *house)
{
    char path[32];
    size_t count = 0;
    for (unsigned i = 0; i < REALMS; i++) {
        (void)snprintf(path, sizeof(path), "/many/r%03u", i);
        cg_arena_clear(house->arena);
        count += keys_of(house, path).count == 2;
    }
    return count;
}

static void every_realm_has_its_turn_although_one_fails(void **state)
{
    struct house *house = *state;
    int64_t now_s = ANNOUNCED_S;
    add_many_realms(house);
    for (unsigned i = 0; i < REALMS + 10; i++) {
        assert_ok(cg_issuer_upkeep(house->slot, now_s++));
    }
    assert_int_equal(count_announced(house), REALMS);
    assert_int_equal(keys_of(house, HOUSE_REALM).count, 2);
    assert_int_equal(keys_of(house, "/a/spoilt").count, 1);
    assert_true(now_s < TURNED_S);
}

/* Else the one that fails would be all that is looked at where something changes each second. */
static void a_round_goes_on_whatever_changes_meanwhile(void **state)
{
    struct house *house = *state;
    int64_t now_s = ANNOUNCED_S;
    add_many_realms(house);
    for (unsigned i = 0; i < 10; i++) {
        assert_ok(cg_store_begin(house->registry));
        assert_ok(cg_registry_touch(house->registry, CG_TOUCH_REGISTRY));
        assert_ok(cg_store_commit(house->registry));
        assert_ok(cg_issuer_upkeep(house->slot, now_s++));
    }
    assert_int_equal(count_announced(house), 9);
}

#define HOUSED(name) cmocka_unit_test_setup_teardown(name, house_build, house_pull_down)

static const struct CMUnitTest tests[] = {
    HOUSED(next_key_is_announced_before_the_life_of_the_active_one_is_over),
    HOUSED(key_is_announced_once_however_often_and_wherever_is_looked),
    HOUSED(tokens_are_signed_by_the_next_key_from_its_second_on),
    HOUSED(private_half_goes_when_the_last_token_is_over_and_not_before),
    HOUSED(key_stays_for_ever_where_the_schedule_is_off),
    HOUSED(another_life_counts_at_once),
    HOUSED(key_of_the_audit_is_left_alone),
    HOUSED(every_realm_has_its_turn_although_one_fails),
    HOUSED(a_round_goes_on_whatever_changes_meanwhile),
    HOUSED(what_was_due_is_done_when_the_store_is_back),
    HOUSED(life_of_a_key_has_bounds),
    HOUSED(key_in_a_module_gets_no_successor_where_no_module_is_configured),
    HOUSED(key_in_a_module_signs_nothing_where_no_module_is_configured),
    HOUSED(reference_to_a_key_in_a_module_goes_when_its_last_token_is_over),
    HOUSED(what_was_made_in_a_module_waits_to_be_destroyed_until_the_module_is_there),
    HOUSED(what_was_brought_into_a_module_is_left_there),
    HOUSED(key_that_could_not_be_recorded_is_destroyed_in_its_module),
};
TEST_MAIN(tests)
