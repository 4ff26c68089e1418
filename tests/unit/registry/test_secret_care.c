/* SPDX-License-Identifier: Apache-2.0 */
/* Rotation, ends and leaks of client secrets. */
#include "base/span.h"
#include "desk.h"
#include "registry/credential.h"
#include "registry/handover.h"

#define DAY_S INT64_C(86400)
#define WEEK_S (7 * DAY_S)

static struct cg_secret_order rotation(const struct desk *desk)
{
    return (struct cg_secret_order){.realm = desk->realm,
                                    .client = desk->client,
                                    .now_s = DESK_NOW_S,
                                    .expires_s = DESK_NOW_S + 365 * DAY_S,
                                    .others_end_s = DESK_NOW_S + WEEK_S,
                                    .random = &desk->random};
}

static enum cg_status issue(struct desk *desk, const struct cg_secret_order *order,
                            struct cg_span *ret_id)
{
    struct cg_secret secret = {.len = 0};
    enum cg_status status =
        cg_secret_issue(desk->store, order, desk->arena, &desk->fault, &secret, ret_id);
    cg_secret_release(&secret);
    return status;
}

struct wanted {
    struct cg_span id;
    struct cg_credential found;
};

static enum cg_status keep_wanted(void *context, const void *row)
{
    struct wanted *wanted = context;
    const struct cg_credential *credential = row;
    if (cg_span_equal(credential->id, wanted->id)) {
        wanted->found = *credential;
    }
    return CG_OK;
}

static struct cg_credential find(struct desk *desk, struct cg_span id)
{
    struct wanted wanted = {.id = id};
    assert_ok(
        cg_secret_list(desk->store, desk->realm, desk->client, desk->arena, keep_wanted, &wanted));
    assert_true(wanted.found.id.data != NULL);
    return wanted.found;
}

static void rotation_gives_the_others_an_end_and_revokes_none(void **state)
{
    struct desk *desk = *state;
    struct cg_span endless = desk_add_secret(desk, DESK_NOW_S, 0);
    struct cg_span later = desk_add_secret(desk, DESK_NOW_S, DESK_NOW_S + WEEK_S + 1);
    struct cg_span sooner = desk_add_secret(desk, DESK_NOW_S, DESK_NOW_S + DAY_S);
    struct cg_secret_order order = rotation(desk);
    struct cg_registry_version before = desk_version(desk);
    struct cg_span next = {NULL, 0};
    assert_ok(issue(desk, &order, &next));
    assert_touched(desk, before, CG_TOUCH_REGISTRY);
    assert_int_equal(find(desk, endless).expires_s, DESK_NOW_S + WEEK_S);
    assert_int_equal(find(desk, later).expires_s, DESK_NOW_S + WEEK_S);
    assert_int_equal(find(desk, sooner).expires_s, DESK_NOW_S + DAY_S);
    assert_int_equal(find(desk, next).expires_s, DESK_NOW_S + 365 * DAY_S);
    assert_int_equal(find(desk, endless).revoked_s, 0);
}

static void rotation_leaves_other_clients_and_what_is_over(void **state)
{
    struct desk *desk = *state;
    struct cg_span mine = desk->client;
    desk->client = desk_add_client(desk, "Another");
    struct cg_span theirs = desk_add_secret(desk, DESK_NOW_S, 0);
    struct cg_span other = desk->client;
    desk->client = mine;
    (void)desk_add_secret(desk, DESK_NOW_S, 0);
    struct cg_span ended = desk_add_secret(desk, DESK_NOW_S - DAY_S, DESK_NOW_S - 1);
    struct cg_secret_order order = rotation(desk);
    struct cg_span next = {NULL, 0};
    assert_ok(issue(desk, &order, &next));
    assert_int_equal(find(desk, ended).expires_s, DESK_NOW_S - 1);
    desk->client = other;
    assert_int_equal(find(desk, theirs).expires_s, 0);
}

static void rotation_that_makes_no_sense_is_refused(void **state)
{
    struct desk *desk = *state;
    struct cg_span id = {NULL, 0};
    struct cg_secret_order rows[] = {rotation(desk), rotation(desk), rotation(desk)};
    assert_refused(desk, "nothing to replace", issue(desk, &rows[0], &id), CG_ERR_CONFLICT);
    (void)desk_add_secret(desk, DESK_NOW_S, 0);
    rows[0].others_end_s = DESK_NOW_S;
    rows[1].others_end_s = INT64_MAX;
    rows[2].expires_s = rows[2].others_end_s;
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        assert_refused(desk, "order", issue(desk, &rows[i], &id), CG_ERR_INPUT);
    }
}

static struct cg_client client_of(struct desk *desk)
{
    struct cg_client client;
    assert_ok(cg_client_find(desk->store, desk->realm, desk->client, desk->arena, &client));
    return client;
}

static enum cg_status report_leak(struct desk *desk, struct cg_span id, int64_t now_s)
{
    struct cg_secret_revocation revocation = {
        .realm = desk->realm, .id = id, .now_s = now_s, .leaked = true};
    struct cg_credential credential;
    return cg_secret_revoke(desk->store, &revocation, desk->arena, &desk->fault, &credential);
}

static void leaked_secret_goes_at_once_with_the_clients_tokens(void **state)
{
    struct desk *desk = *state;
    struct cg_span id = desk_add_secret(desk, DESK_NOW_S, 0);
    assert_ok(cg_secret_note_use(desk->store, id, DESK_NOW_S));
    struct cg_registry_version before = desk_version(desk);
    assert_ok(report_leak(desk, id, DESK_NOW_S + 5));
    assert_touched(desk, before, CG_TOUCH_DENYLIST);
    assert_int_equal(find(desk, id).revoked_s, DESK_NOW_S + 5);
    assert_int_equal(client_of(desk).epoch, 1);
    assert_int_equal(client_of(desk).state, CG_CLIENT_ACTIVE);
}

static void leak_that_is_found_after_the_revocation_still_takes_the_tokens(void **state)
{
    struct desk *desk = *state;
    struct cg_span id = desk_add_secret(desk, DESK_NOW_S, 0);
    assert_ok(report_leak(desk, id, DESK_NOW_S));
    assert_ok(report_leak(desk, id, DESK_NOW_S + 60));
    assert_int_equal(find(desk, id).revoked_s, DESK_NOW_S);
    assert_int_equal(client_of(desk).epoch, 2);
}

static void leak_at_a_suspended_client_leaves_it_suspended(void **state)
{
    struct desk *desk = *state;
    struct cg_span id = desk_add_secret(desk, DESK_NOW_S, 0);
    assert_ok(cg_client_suspend(desk->store, desk->realm, desk->client, DESK_NOW_S, NULL));
    assert_ok(report_leak(desk, id, DESK_NOW_S));
    assert_int_equal(client_of(desk).state, CG_CLIENT_SUSPENDED);
    assert_refused(desk, "unknown client",
                   cg_client_deny_tokens(desk->store, desk->realm, CG_SPAN_OF("nobody"), DESK_NOW_S,
                                         &desk->fault),
                   CG_ERR_NOT_FOUND);
}

TEST(secret_states_have_words)
{
    static const struct {
        const char *name;
        struct cg_credential credential;
    } rows[] = {
        {"good", {.expires_s = 0}},
        {"good", {.expires_s = DESK_NOW_S + CG_LIMIT_SOON_S + 1}},
        {"ends_soon", {.expires_s = DESK_NOW_S + CG_LIMIT_SOON_S}},
        {"ends_soon", {.expires_s = DESK_NOW_S + 1}},
        {"ended", {.expires_s = DESK_NOW_S}},
        {"revoked", {.expires_s = DESK_NOW_S, .revoked_s = 1}},
        {"unopened", {.link_until_s = DESK_NOW_S + 1}},
        {"lapsed", {.link_until_s = DESK_NOW_S}},
        {"revoked", {.link_until_s = DESK_NOW_S + 1, .revoked_s = 1}},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        assert_string_equal(cg_secret_state_name(&rows[i].credential, DESK_NOW_S), rows[i].name);
    }
}

static struct cg_secret_ends ends(struct desk *desk, int64_t now_s)
{
    struct cg_secret_ends found;
    assert_ok(cg_secret_ends_read(desk->store, now_s, &found));
    return found;
}

static void ends_are_told_of_valid_secrets_of_active_clients(void **state)
{
    struct desk *desk = *state;
    (void)desk_add_secret(desk, DESK_NOW_S, 0);
    assert_int_equal(ends(desk, DESK_NOW_S).next_s, 0);
    (void)desk_add_secret(desk, DESK_NOW_S, DESK_NOW_S + 300 * DAY_S);
    assert_int_equal(ends(desk, DESK_NOW_S).next_s, DESK_NOW_S + 300 * DAY_S);
    assert_int_equal(ends(desk, DESK_NOW_S).soon_count, 0);
    struct cg_span soon = desk_add_secret(desk, DESK_NOW_S, DESK_NOW_S + CG_LIMIT_SOON_S);
    (void)desk_add_secret(desk, DESK_NOW_S, DESK_NOW_S + DAY_S);
    assert_int_equal(ends(desk, DESK_NOW_S).next_s, DESK_NOW_S + DAY_S);
    assert_int_equal(ends(desk, DESK_NOW_S).soon_count, 2);
    assert_int_equal(ends(desk, DESK_NOW_S + DAY_S).soon_count, 1);
    assert_ok(report_leak(desk, soon, DESK_NOW_S));
    assert_int_equal(ends(desk, DESK_NOW_S).soon_count, 1);
    assert_ok(cg_client_suspend(desk->store, desk->realm, desk->client, DESK_NOW_S, NULL));
    assert_int_equal(ends(desk, DESK_NOW_S).next_s, 0);
    assert_int_equal(ends(desk, DESK_NOW_S).soon_count, 0);
}

static void secrets_that_end_are_listed_soonest_first_and_no_more_than_asked(void **state)
{
    struct desk *desk = *state;
    (void)desk_add_secret(desk, DESK_NOW_S, DESK_NOW_S + 9 * DAY_S);
    struct cg_span first = desk_add_secret(desk, DESK_NOW_S, DESK_NOW_S + 3 * DAY_S);
    (void)desk_add_secret(desk, DESK_NOW_S, DESK_NOW_S + 90 * DAY_S);
    size_t count = 0;
    assert_ok(cg_secret_list_ending(desk->store, DESK_NOW_S, 8, desk->arena, desk_count, &count));
    assert_int_equal(count, 2);
    struct wanted wanted = {.id = first};
    assert_ok(cg_secret_list_ending(desk->store, DESK_NOW_S, 1, desk->arena, keep_wanted, &wanted));
    assert_int_equal(wanted.found.expires_s, DESK_NOW_S + 3 * DAY_S);
}

#define DESK_TEST(name) cmocka_unit_test_setup_teardown(name, desk_open, desk_close)

static const struct CMUnitTest tests[] = {
    DESK_TEST(rotation_gives_the_others_an_end_and_revokes_none),
    DESK_TEST(rotation_leaves_other_clients_and_what_is_over),
    DESK_TEST(rotation_that_makes_no_sense_is_refused),
    DESK_TEST(leaked_secret_goes_at_once_with_the_clients_tokens),
    DESK_TEST(leak_that_is_found_after_the_revocation_still_takes_the_tokens),
    DESK_TEST(leak_at_a_suspended_client_leaves_it_suspended),
    cmocka_unit_test(secret_states_have_words),
    DESK_TEST(ends_are_told_of_valid_secrets_of_active_clients),
    DESK_TEST(secrets_that_end_are_listed_soonest_first_and_no_more_than_asked),
};
TEST_MAIN(tests)
