/* SPDX-License-Identifier: Apache-2.0 */
#include "desk.h"

#include "test.h"

#define ISSUER "https://auth.login.example"
#define KEYS_URL ISSUER "/jwks.json"
/* Coordinates of RFC 7515 appendix A.3. */
#define JWKS                                                                                       \
    "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"kid\":\"a\","                                  \
    "\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","                                       \
    "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}]}"

static void complains_of(struct desk *desk, int exit_code, const char *text)
{
    assert_int_equal(desk->exit_code, exit_code);
    if (strstr(desk->talk, text) == NULL) {
        fail_msg("\"%s\" is not in: %s", text, desk->talk);
    }
    assert_string_equal(desk->out, "");
}

static void shows(struct desk *desk, const char *text)
{
    assert_int_equal(desk->exit_code, 0);
    if (strstr(desk->out, text) == NULL) {
        fail_msg("\"%s\" is not in: %s", text, desk->out);
    }
}

static void add_nhs_login(struct desk *desk)
{
    assert_int_equal(desk_run(desk, "upstream", "add", "nhs-login", "--kind", "nhs-login",
                              "--issuer", ISSUER, "--jwks-uri", KEYS_URL, "--json", NULL),
                     0);
}

static void add_id(struct desk *desk, const char *audience)
{
    assert_int_equal(desk_run(desk, "client", "upstream", "add", "--client", desk->client,
                              "--upstream", "nhs-login", "--audience", audience, "--json", NULL),
                     0);
}

static void upstream_add_is_audited_and_shown(void **state)
{
    struct desk *desk = *state;
    add_nhs_login(desk);
    shows(desk, "\"upstream\":\"nhs-login\",\"kind\":\"nhs-login\",\"issuer\":\"" ISSUER "\","
                "\"alg\":\"RS512\",\"levels\":[\"P9\"],\"jwks_uri\":\"" KEYS_URL "\","
                "\"jwks\":null");
    assert_non_null(strstr(desk->talk, "caregate_fetch_hosts"));
    assert_int_equal(desk_events(desk, "upstream_added", "\"detail\":\"nhs-login\""), 1);
    desk_run(desk, "upstream", "show", "nhs-login", NULL);
    shows(desk, ISSUER);
    desk_run(desk, "upstream", "list", "--json", NULL);
    assert_int_equal(desk_count(desk), 1);
}

static void upstream_add_refuses_what_is_malformed_and_changes_nothing(void **state)
{
    struct desk *desk = *state;
    desk_run(desk, "upstream", "add", "Login", "--kind", "oidc", "--issuer", ISSUER, "--jwks-uri",
             KEYS_URL, NULL);
    complains_of(desk, CG_EXIT_FAILED, "lower-case");
    desk_run(desk, "upstream", "add", "login", "--kind", "oidc", "--issuer", ISSUER, NULL);
    complains_of(desk, CG_EXIT_FAILED, "either as a key set or by its address");
    desk_run(desk, "upstream", "add", "login", "--kind", "oidc", "--issuer", ISSUER, "--jwks-uri",
             KEYS_URL, "--jwks", "file", NULL);
    complains_of(desk, CG_EXIT_USAGE, "not by both");
    desk_run(desk, "upstream", "add", "login", "--issuer", ISSUER, NULL);
    complains_of(desk, CG_EXIT_USAGE, "--kind");
    desk_run(desk, "upstream", "list", "--json", NULL);
    assert_int_equal(desk_count(desk), 0);
    assert_int_equal(desk_events(desk, "upstream_added", NULL), 0);
}

static void upstream_takes_keys_of_a_file(void **state)
{
    struct desk *desk = *state;
    desk_write(desk, "provider.jwks", JWKS "\n");
    desk_run(desk, "upstream", "add", "login", "--kind", "oidc", "--issuer", ISSUER, "--jwks",
             desk_path(desk, "provider.jwks"), "--alg", "ES256", "--level", "gold", "--level",
             "silver", "--json", NULL);
    shows(desk, "\"levels\":[\"gold\",\"silver\"],\"jwks_uri\":null,\"jwks\":" JWKS);
    desk_run(desk, "upstream", "show", "login", NULL);
    shows(desk, "(with --json)");
    desk_write(desk, "provider.jwks", "nothing");
    desk_run(desk, "upstream", "set", "login", "--jwks", desk_path(desk, "provider.jwks"), NULL);
    complains_of(desk, CG_EXIT_FAILED, "not JSON");
}

static void upstream_set_changes_what_is_named_alone(void **state)
{
    struct desk *desk = *state;
    add_nhs_login(desk);
    desk_run(desk, "upstream", "set", "nhs-login", "--level", "P5", "--level", "P9", "--json",
             NULL);
    shows(desk, "\"levels\":[\"P5\",\"P9\"],\"jwks_uri\":\"" KEYS_URL "\"");
    assert_int_equal(desk_events(desk, "upstream_changed", "\"detail\":\"nhs-login\""), 1);
    desk_run(desk, "upstream", "set", "nhs-login", "--jwks-uri", KEYS_URL "?v=2", "--json", NULL);
    shows(desk, "\"levels\":[\"P5\",\"P9\"],\"jwks_uri\":\"" KEYS_URL "?v=2\"");
    desk_run(desk, "upstream", "set", "nhs-login", "--alg", "RS256", NULL);
    complains_of(desk, CG_EXIT_FAILED, "RS512 alone");
    desk_run(desk, "upstream", "set", "nhs-login", NULL);
    complains_of(desk, CG_EXIT_USAGE, "says not what to change");
    assert_int_equal(desk_events(desk, "upstream_changed", NULL), 2);
}

static void upstream_that_is_not_there_is_told_with_those_that_are(void **state)
{
    struct desk *desk = *state;
    desk_run(desk, "upstream", "show", "cis2", NULL);
    complains_of(desk, CG_EXIT_FAILED, "nor any other; `caregate upstream add");
    add_nhs_login(desk);
    desk_run(desk, "upstream", "retire", "cis2", NULL);
    complains_of(desk, CG_EXIT_FAILED, "there is nhs-login");
}

static void upstream_retire_is_audited_and_final(void **state)
{
    struct desk *desk = *state;
    add_nhs_login(desk);
    desk_run(desk, "upstream", "retire", "nhs-login", "--json", NULL);
    shows(desk, "\"retired_at\":1800000000");
    assert_int_equal(desk_events(desk, "upstream_retired", "\"detail\":\"nhs-login\""), 1);
    desk_run(desk, "upstream", "set", "nhs-login", "--level", "P5", NULL);
    complains_of(desk, CG_EXIT_FAILED, "retired, for good");
}

static void client_upstream_is_audited_and_shown_on_both_sides(void **state)
{
    struct desk *desk = *state;
    char want[256];
    desk_add_client(desk);
    add_nhs_login(desk);
    add_id(desk, "care-app");
    (void)snprintf(want, sizeof(want),
                   "\"client_id\":\"%s\",\"upstream\":\"nhs-login\",\"audience\":\"care-app\"",
                   desk->client);
    shows(desk, want);
    assert_non_null(strstr(desk->talk, "--grant token-exchange"));
    assert_int_equal(desk_events(desk, "client_upstream_added", "nhs-login: care-app"), 1);
    desk_run(desk, "client", "set", desk->client, "--grant", "token-exchange", NULL);
    add_id(desk, "care-app-2");
    assert_string_equal(desk->talk, "");
    desk_run(desk, "upstream", "show", "nhs-login", "--json", NULL);
    shows(desk, "\"clients\":1");
    desk_run(desk, "client", "upstream", "list", "--client", desk->client, "--json", NULL);
    assert_int_equal(desk_count(desk), 2);
}

static void client_upstream_remove_leaves_the_others(void **state)
{
    struct desk *desk = *state;
    desk_add_client(desk);
    add_nhs_login(desk);
    add_id(desk, "care-app");
    add_id(desk, "care-app-2");
    assert_int_equal(desk_run(desk, "client", "upstream", "remove", "--client", desk->client,
                              "--upstream", "nhs-login", "--audience", "care-app", NULL),
                     0);
    assert_int_equal(desk_events(desk, "client_upstream_removed", "nhs-login: care-app"), 1);
    desk_run(desk, "client", "upstream", "list", "--upstream", "nhs-login", "--json", NULL);
    assert_int_equal(desk_count(desk), 1);
    shows(desk, "care-app-2");
    desk_run(desk, "client", "upstream", "remove", "--client", desk->client, "--upstream",
             "nhs-login", "--audience", "care-app", NULL);
    complains_of(desk, CG_EXIT_FAILED, "no such id");
    assert_int_equal(desk_events(desk, "client_upstream_removed", NULL), 1);
}

static void client_upstream_names_what_there_is(void **state)
{
    struct desk *desk = *state;
    desk_add_client(desk);
    desk_run(desk, "client", "upstream", "add", "--client", desk->client, "--upstream", "cis2",
             "--audience", "a", NULL);
    complains_of(desk, CG_EXIT_FAILED, "no identity provider cis2");
    add_nhs_login(desk);
    desk_run(desk, "client", "upstream", "add", "--client", "nobody", "--upstream", "nhs-login",
             "--audience", "a", NULL);
    complains_of(desk, CG_EXIT_FAILED, "no client nobody");
    desk_run(desk, "client", "upstream", "list", "--client", "nobody", NULL);
    complains_of(desk, CG_EXIT_FAILED, "no client nobody");
    desk_run(desk, "client", "upstream", "list", "--upstream", "cis2", NULL);
    complains_of(desk, CG_EXIT_FAILED, "no identity provider cis2");
    assert_int_equal(desk_events(desk, "client_upstream_added", NULL), 0);
}

#define DESK_TEST(name) cmocka_unit_test_setup_teardown(name, desk_set_up, desk_clear)

static const struct CMUnitTest tests[] = {
    DESK_TEST(upstream_add_is_audited_and_shown),
    DESK_TEST(upstream_add_refuses_what_is_malformed_and_changes_nothing),
    DESK_TEST(upstream_takes_keys_of_a_file),
    DESK_TEST(upstream_set_changes_what_is_named_alone),
    DESK_TEST(upstream_that_is_not_there_is_told_with_those_that_are),
    DESK_TEST(upstream_retire_is_audited_and_final),
    DESK_TEST(client_upstream_is_audited_and_shown_on_both_sides),
    DESK_TEST(client_upstream_remove_leaves_the_others),
    DESK_TEST(client_upstream_names_what_there_is),
};
TEST_MAIN(tests)
