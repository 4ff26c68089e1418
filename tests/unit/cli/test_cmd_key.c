/* SPDX-License-Identifier: Apache-2.0 */
#include "desk.h"

#include "registry/signing_key.h"

#include "test.h"

#include <unistd.h>

static void says(const struct desk *desk, const char *text)
{
    if (strstr(desk->talk, text) == NULL) {
        fail_msg("\"%s\" is not in: %s", text, desk->talk);
    }
}

static void key_list_shows_the_audits_too(void **state)
{
    struct desk *desk = *state;
    assert_int_equal(desk_run(desk, "key", "list", "--json", NULL), 0);
    assert_int_equal(desk_count(desk), 2);
    assert_non_null(strstr(desk->out, "\"realm\":\"audit\",\"state\":\"active\""));
    assert_null(strstr(desk->out, "sealed"));
}

static void key_rotate_publishes_before_it_signs(void **state)
{
    struct desk *desk = *state;
    assert_int_equal(desk_run(desk, "key", "rotate", "--json", NULL), 0);
    assert_string_equal(desk_text(desk, "state"), "announced");
    assert_int_equal(desk_number(desk, "published_from"), DESK_NOW_S);
    assert_int_equal(desk_number(desk, "signs_from"), DESK_NOW_S + CG_KEY_ANNOUNCE_S);
    assert_int_equal(desk_run(desk, "key", "rotate", NULL), CG_EXIT_FAILED);
    says(desk, "announced already");
    assert_int_equal(desk_run(desk, "key", "rotate", "--now", "--json", NULL), 0);
    assert_int_equal(desk_number(desk, "signs_from"), DESK_NOW_S + CG_KEY_PROPAGATION_S);
}

static void key_rotate_of_the_audit_leaves_the_realm_alone(void **state)
{
    struct desk *desk = *state;
    int64_t keys = desk_events(desk, "key_created", "\"realm\":\"/vlive/hpca\"");
    assert_int_equal(desk_run(desk, "key", "rotate", "--audit", "--json", NULL), 0);
    assert_string_equal(desk_text(desk, "realm"), "audit");
    assert_int_equal(desk_events(desk, "key_created", "\"realm\":\"audit\""), 2);
    assert_int_equal(desk_events(desk, "key_created", "\"realm\":\"/vlive/hpca\""), keys);
}

static void key_rotate_makes_a_key_of_the_algorithm_that_the_realm_is_set_to(void **state)
{
    struct desk *desk = *state;
    assert_int_equal(desk_run(desk, "realm", "set", DESK_REALM, "--alg", "ES256", NULL), 0);
    says(desk, "the next signing key is one of ES256: `caregate key rotate`");
    assert_int_equal(desk_run(desk, "key", "rotate", "--json", NULL), 0);
    assert_string_equal(desk_text(desk, "alg"), "ES256");
    assert_int_equal(desk_run(desk, "key", "rotate", "--audit", "--json", NULL), 0);
    assert_string_equal(desk_text(desk, "alg"), "RS256");
}

static void realm_set_is_silent_of_keys_when_the_algorithm_stays(void **state)
{
    struct desk *desk = *state;
    assert_int_equal(desk_run(desk, "realm", "set", DESK_REALM, "--alg", "RS256", NULL), 0);
    assert_null(strstr(desk->talk, "key rotate"));
    assert_int_not_equal(desk_run(desk, "realm", "set", DESK_REALM, "--alg", "RS512", NULL), 0);
    says(desk, "RS256, PS256, ES256 or EdDSA");
}

static void key_that_signs_cannot_be_retired(void **state)
{
    struct desk *desk = *state;
    char kid[64];
    desk_run(desk, "key", "rotate", "--json", NULL);
    (void)snprintf(kid, sizeof(kid), "%s", desk_text(desk, "kid"));
    desk->now_s += CG_KEY_ANNOUNCE_S;
    assert_int_equal(desk_run(desk, "key", "retire", kid, NULL), CG_EXIT_FAILED);
    says(desk, "rotate now, then retire");
    assert_int_equal(desk_events(desk, "key_retired", NULL), 0);
}

static void key_that_signed_before_can_be_retired(void **state)
{
    struct desk *desk = *state;
    char kid[64];
    desk_run(desk, "key", "rotate", "--json", NULL);
    (void)snprintf(kid, sizeof(kid), "%s", desk_text(desk, "kid"));
    desk->now_s += CG_KEY_ANNOUNCE_S;
    desk_run(desk, "key", "rotate", "--now", NULL);
    desk->now_s += CG_KEY_PROPAGATION_S;
    assert_int_equal(desk_run(desk, "key", "retire", kid, "--json", NULL), 0);
    assert_string_equal(desk_text(desk, "state"), "gone");
    assert_int_equal(desk_events(desk, "key_retired", kid), 1);
}

static void reseal_makes_a_master_key_that_opens_the_store(void **state)
{
    struct desk *desk = *state;
    char before[64];
    (void)snprintf(before, sizeof(before), "%s", desk_read(desk, "master.key"));
    assert_int_equal(desk_run(desk, "key", "reseal", "--json", NULL), 0);
    assert_int_equal(desk_number(desk, "resealed"), 2);
    says(desk, "caregate reload");
    assert_string_not_equal(desk_read(desk, "master.key"), before);
    assert_int_not_equal(access(desk_path(desk, "master.key.new"), F_OK), 0);
    assert_int_equal(desk_run(desk, "key", "rotate", NULL), 0);
    assert_int_equal(desk_events(desk, "keys_resealed", "2 keys"), 1);
}

/* As after a loss of power between the commit and the renaming. */
static void interrupt_after_commit(struct desk *desk, char old_key[static 64])
{
    char new_key[64];
    (void)snprintf(old_key, 64, "%s", desk_read(desk, "master.key"));
    assert_int_equal(desk_run(desk, "key", "reseal", NULL), 0);
    (void)snprintf(new_key, sizeof(new_key), "%s", desk_read(desk, "master.key"));
    desk_write(desk, "master.key.new", new_key);
    desk_write(desk, "master.key", old_key);
}

static void reseal_finishes_what_was_interrupted_after_its_commit(void **state)
{
    struct desk *desk = *state;
    char old_key[64];
    interrupt_after_commit(desk, old_key);
    assert_int_equal(desk_run(desk, "key", "reseal", "--json", NULL), 0);
    assert_non_null(strstr(desk->out, "\"finished_interrupted\":true"));
    assert_string_not_equal(desk_read(desk, "master.key"), old_key);
    assert_int_equal(desk_run(desk, "key", "rotate", NULL), 0);
}

static void nothing_is_sealed_under_a_key_that_is_not_the_stores(void **state)
{
    struct desk *desk = *state;
    char old_key[64];
    interrupt_after_commit(desk, old_key);
    assert_int_equal(desk_run(desk, "key", "rotate", NULL), CG_EXIT_FAILED);
    says(desk, "finishes a reseal that was interrupted");
    assert_int_equal(desk_run(desk, "key", "list", "--json", NULL), 0);
    assert_int_equal(desk_count(desk), 2);
}

static void reseal_starts_anew_when_it_was_interrupted_before_its_commit(void **state)
{
    struct desk *desk = *state;
    desk_write(desk, "master.key.new", "worth nothing, and perhaps only half written");
    assert_int_equal(desk_run(desk, "key", "reseal", "--json", NULL), 0);
    assert_int_equal(desk_number(desk, "resealed"), 2);
    assert_int_equal(desk_run(desk, "key", "rotate", NULL), 0);
}

static void reseal_touches_nothing_when_no_key_fits(void **state)
{
    static const char wrong[] = "HwECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\n";
    struct desk *desk = *state;
    desk_write(desk, "master.key", wrong);
    desk_write(desk, "master.key.new", wrong);
    assert_int_equal(desk_run(desk, "key", "reseal", NULL), CG_EXIT_FAILED);
    says(desk, "bring back the right file");
    assert_string_equal(desk_read(desk, "master.key"), wrong);
    assert_string_equal(desk_read(desk, "master.key.new"), wrong);
}

#define DESK_TEST(name) cmocka_unit_test_setup_teardown(name, desk_set_up, desk_clear)

static const struct CMUnitTest tests[] = {
    DESK_TEST(key_list_shows_the_audits_too),
    DESK_TEST(key_rotate_publishes_before_it_signs),
    DESK_TEST(key_rotate_of_the_audit_leaves_the_realm_alone),
    DESK_TEST(key_rotate_makes_a_key_of_the_algorithm_that_the_realm_is_set_to),
    DESK_TEST(realm_set_is_silent_of_keys_when_the_algorithm_stays),
    DESK_TEST(key_that_signs_cannot_be_retired),
    DESK_TEST(key_that_signed_before_can_be_retired),
    DESK_TEST(reseal_makes_a_master_key_that_opens_the_store),
    DESK_TEST(reseal_finishes_what_was_interrupted_after_its_commit),
    DESK_TEST(nothing_is_sealed_under_a_key_that_is_not_the_stores),
    DESK_TEST(reseal_starts_anew_when_it_was_interrupted_before_its_commit),
    DESK_TEST(reseal_touches_nothing_when_no_key_fits),
};
TEST_MAIN(tests)
