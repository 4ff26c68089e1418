/* SPDX-License-Identifier: Apache-2.0 */
/* The life of a secret over the command line. */
#include "desk.h"

#include "base/limits.h"
#include "test.h"

#define DAY_S 86400

static void complains_of(struct desk *desk, int exit_code, const char *text)
{
    assert_int_equal(desk->exit_code, exit_code);
    if (strstr(desk->talk, text) == NULL) {
        fail_msg("\"%s\" is not in: %s", text, desk->talk);
    }
    assert_string_equal(desk->out, "");
}

/* The id of a secret that the last command printed. */
static void keep_id(struct desk *desk, char ret_id[static DESK_ID_BYTES])
{
    (void)snprintf(ret_id, DESK_ID_BYTES, "%s", desk_text(desk, "secret_id"));
}

static void issue(struct desk *desk, char ret_id[static DESK_ID_BYTES])
{
    assert_int_equal(desk_run(desk, "secret", "issue", "--json", "--client", desk->client, NULL),
                     0);
    keep_id(desk, ret_id);
}

/* Whether the list has the secret in that state. */
static bool is_listed_as(struct desk *desk, const char *id, const char *state)
{
    char want[200];
    (void)snprintf(want, sizeof(want), "\"secret_id\":\"%s\",\"client_id\":\"%s\",\"state\":\"%s\"",
                   id, desk->client, state);
    assert_int_equal(desk_run(desk, "secret", "list", "--json", NULL), 0);
    return strstr(desk->out, want) != NULL;
}

static void secret_rotate_gives_the_present_ones_an_end(void **state)
{
    struct desk *desk = *state;
    char old[DESK_ID_BYTES];
    char next[DESK_ID_BYTES];
    desk_add_client(desk);
    issue(desk, old);
    assert_int_equal(desk_run(desk, "secret", "rotate", "--json", "--client", desk->client, NULL),
                     0);
    keep_id(desk, next);
    assert_int_equal(desk_number(desk, "expires_at"), DESK_NOW_S + 365 * DAY_S);
    assert_int_equal(desk_number(desk, "others_end_at"), DESK_NOW_S + 7 * DAY_S);
    assert_int_equal(strncmp(desk_text(desk, "secret"), "cgs_", 4), 0);
    assert_true(is_listed_as(desk, old, "ends_soon"));
    assert_true(is_listed_as(desk, next, "good"));
    assert_int_equal(desk_events(desk, "secret_rotated", next), 1);
    desk->now_s = DESK_NOW_S + 7 * DAY_S;
    assert_true(is_listed_as(desk, old, "ended"));
}

static void secret_rotate_takes_overlap_and_expiry(void **state)
{
    struct desk *desk = *state;
    char id[DESK_ID_BYTES];
    desk_add_client(desk);
    issue(desk, id);
    assert_int_equal(desk_run(desk, "secret", "rotate", "--json", "--client", desk->client,
                              "--overlap", "12h", "--expires", "90d", NULL),
                     0);
    assert_int_equal(desk_number(desk, "expires_at"), DESK_NOW_S + 90 * DAY_S);
    assert_int_equal(desk_number(desk, "others_end_at"), DESK_NOW_S + DAY_S / 2);
}

static void secret_rotate_says_what_to_mend(void **state)
{
    struct desk *desk = *state;
    char id[DESK_ID_BYTES];
    desk_add_client(desk);
    desk_run(desk, "secret", "rotate", "--client", desk->client, NULL);
    complains_of(desk, CG_EXIT_FAILED, "no valid secret to replace: issue one");
    issue(desk, id);
    desk_run(desk, "secret", "rotate", "--client", desk->client, "--overlap", "0", NULL);
    complains_of(desk, CG_EXIT_USAGE, "--overlap 0 would stop the system at once");
    desk_run(desk, "secret", "rotate", "--client", desk->client, "--overlap", "30d", "--expires",
             "30d", NULL);
    complains_of(desk, CG_EXIT_FAILED, "would end before those that it replaces");
    assert_int_equal(desk_events(desk, "secret_rotated", NULL), 0);
}

static void secret_that_leaked_is_revoked_although_it_is_the_last(void **state)
{
    struct desk *desk = *state;
    char id[DESK_ID_BYTES];
    desk_add_client(desk);
    issue(desk, id);
    assert_int_equal(desk_run(desk, "secret", "revoke", id, "--leaked", "--json", NULL), 0);
    assert_string_equal(desk_text(desk, "state"), "revoked");
    assert_non_null(strstr(desk->talk, "the tokens that the client had are refused"));
    assert_int_equal(desk_events(desk, "secret_leaked", id), 1);
    assert_int_equal(desk_events(desk, "secret_revoked", NULL), 0);
    /* A leak that is found later takes the tokens of the time between. */
    assert_int_equal(desk_run(desk, "secret", "revoke", id, "--leaked", NULL), 0);
    desk_run(desk, "secret", "revoke", id, NULL);
    complains_of(desk, CG_EXIT_FAILED, "revoked already");
    desk_run(desk, "client", "show", desk->client, "--json", NULL);
    assert_string_equal(desk_text(desk, "state"), "active");
}

static void secret_issue_by_link_prints_a_link_and_no_secret(void **state)
{
    struct desk *desk = *state;
    char id[DESK_ID_BYTES];
    desk_add_client(desk);
    assert_int_equal(
        desk_run(desk, "secret", "issue", "--json", "--client", desk->client, "--link", NULL), 0);
    keep_id(desk, id);
    const char *start = DESK_ISSUER "/oauth/handover?link=cgl_";
    assert_int_equal(strncmp(desk_text(desk, "link"), start, strlen(start)), 0);
    assert_int_equal(desk_number(desk, "link_until"), DESK_NOW_S + 3 * DAY_S);
    assert_int_equal(desk_number(desk, "expires_at"), DESK_NOW_S + 365 * DAY_S);
    assert_null(strstr(desk->out, "cgs_"));
    assert_null(strstr(desk->talk, "cgl_"));
    assert_int_equal(desk_events(desk, "secret_link_made", id), 1);
    assert_int_equal(desk_events(desk, "secret_link_made", "cgl_"), 0);
    assert_true(is_listed_as(desk, id, "unopened"));
    assert_null(strstr(desk->out, "cgl_"));
    desk->now_s = DESK_NOW_S + 3 * DAY_S;
    assert_true(is_listed_as(desk, id, "lapsed"));
}

static void secret_link_is_cancelled_without_force(void **state)
{
    struct desk *desk = *state;
    char id[DESK_ID_BYTES];
    desk_add_client(desk);
    desk_run(desk, "secret", "issue", "--json", "--client", desk->client, "--link", "--link-life",
             "1h", NULL);
    assert_int_equal(desk_number(desk, "link_until"), DESK_NOW_S + 3600);
    keep_id(desk, id);
    assert_int_equal(desk_run(desk, "secret", "revoke", id, NULL), 0);
    assert_true(is_listed_as(desk, id, "revoked"));
    assert_int_equal(desk_events(desk, "secret_revoked", id), 1);
}

static void secret_link_says_what_to_mend(void **state)
{
    struct desk *desk = *state;
    desk_add_client(desk);
    desk_run(desk, "secret", "issue", "--client", desk->client, "--link-life", "1h", NULL);
    complains_of(desk, CG_EXIT_USAGE, "say --link, too");
    desk_run(desk, "secret", "issue", "--client", desk->client, "--link", "--link-life", "31d",
             NULL);
    complains_of(desk, CG_EXIT_FAILED, "30 days at most");
    desk_run(desk, "secret", "issue", "--client", desk->client, "--link", "--expires", "1d", NULL);
    complains_of(desk, CG_EXIT_FAILED, "would end before the link");
}

#define DESK_TEST(name) cmocka_unit_test_setup_teardown(name, desk_set_up, desk_clear)

static const struct CMUnitTest tests[] = {
    DESK_TEST(secret_rotate_gives_the_present_ones_an_end),
    DESK_TEST(secret_rotate_takes_overlap_and_expiry),
    DESK_TEST(secret_rotate_says_what_to_mend),
    DESK_TEST(secret_that_leaked_is_revoked_although_it_is_the_last),
    DESK_TEST(secret_issue_by_link_prints_a_link_and_no_secret),
    DESK_TEST(secret_link_is_cancelled_without_force),
    DESK_TEST(secret_link_says_what_to_mend),
};
TEST_MAIN(tests)
