/* SPDX-License-Identifier: Apache-2.0 */
#include "desk.h"

#include "test.h"

static void complains_of(struct desk *desk, int exit_code, const char *text)
{
    assert_int_equal(desk->exit_code, exit_code);
    if (strstr(desk->talk, text) == NULL) {
        fail_msg("\"%s\" is not in: %s", text, desk->talk);
    }
    assert_string_equal(desk->out, "");
}

static void org_add_is_audited_and_listed(void **state)
{
    struct desk *desk = *state;
    assert_int_equal(desk_run(desk, "org", "add", "RX809", "--name", "Example Trust", NULL), 0);
    assert_int_equal(desk_run(desk, "org", "list", "--json", NULL), 0);
    assert_non_null(strstr(desk->out, "\"organisation\":\"RX809\",\"name\":\"Example Trust\""));
    assert_int_equal(desk_events(desk, "organisation_added", "\"organisation\":\"RX809\""), 1);
}

static void org_add_refuses_what_is_no_ods_code(void **state)
{
    struct desk *desk = *state;
    desk_run(desk, "org", "add", "rx809", "--name", "Example Trust", NULL);
    complains_of(desk, CG_EXIT_FAILED, "3 to 10 upper-case letters and digits");
    assert_int_equal(desk_events(desk, "organisation_added", NULL), 0);
}

static void client_add_prints_its_id_as_json(void **state)
{
    struct desk *desk = *state;
    char want[128];
    desk_add_client(desk);
    assert_int_equal(strncmp(desk->client, "ward-system-", 12), 0);
    (void)snprintf(want, sizeof(want), "\"client_id\":\"%s\",\"organisation\":\"RX809\"",
                   desk->client);
    assert_int_equal(desk_events(desk, "client_added", want), 1);
}

static void client_add_names_the_organisations_there_are(void **state)
{
    struct desk *desk = *state;
    desk_run(desk, "client", "add", "--org", "RX1", "--name", "Ward", NULL);
    complains_of(desk, CG_EXIT_FAILED, "nor any other; `caregate org add");
    desk_add_api(desk);
    desk_run(desk, "client", "add", "--org", "RX1", "--name", "Ward", NULL);
    complains_of(desk, CG_EXIT_FAILED, "there is RX809");
}

static void api_introspector_is_named_audited_and_shown(void **state)
{
    struct desk *desk = *state;
    char want[256];
    desk_add_client(desk);
    (void)snprintf(want, sizeof(want), "\"introspectors\":[\"%s\"]", desk->client);
    assert_int_equal(
        desk_run(desk, "api", "introspector", "documents", "--add", desk->client, "--json", NULL),
        0);
    assert_non_null(strstr(desk->out, want));
    (void)snprintf(want, sizeof(want), "\"client_id\":\"%s\"", desk->client);
    assert_int_equal(desk_events(desk, "api_changed", want), 1);
    assert_int_equal(
        desk_run(desk, "api", "introspector", "documents", "--remove", desk->client, NULL), 0);
    assert_int_equal(desk_run(desk, "api", "show", "documents", "--json", NULL), 0);
    assert_non_null(strstr(desk->out, "\"introspectors\":[]"));
    desk_run(desk, "api", "introspector", "documents", "--remove", desk->client, NULL);
    complains_of(desk, CG_EXIT_FAILED, "was no introspector");
    desk_run(desk, "api", "introspector", "documents", NULL);
    complains_of(desk, CG_EXIT_USAGE, "--add or by --remove");
}

static void client_add_takes_life_and_response_of_its_own(void **state)
{
    struct desk *desk = *state;
    desk_add_api(desk);
    assert_int_equal(desk_run(desk, "client", "add", "--json", "--org", "RX809", "--name", "Ward",
                              "--token-life", "5m", "--token-response", "rfc", NULL),
                     0);
    char id[80];
    (void)snprintf(id, sizeof(id), "%s", desk_text(desk, "client_id"));
    assert_int_equal(desk_run(desk, "client", "show", id, "--json", NULL), 0);
    assert_int_equal(desk_number(desk, "token_life_s"), 300);
    assert_string_equal(desk_text(desk, "token_response"), "rfc");
}

static void client_add_refuses_a_life_past_a_day(void **state)
{
    struct desk *desk = *state;
    desk_add_api(desk);
    desk_run(desk, "client", "add", "--org", "RX809", "--name", "Ward", "--token-life", "2d", NULL);
    complains_of(desk, CG_EXIT_USAGE, "--token-life");
}

#define BOTH_GRANTS                                                                                \
    "\"grants\":[\"client_credentials\",\"urn:ietf:params:oauth:grant-type:token-exchange\"]"

static void grants_of_a_client_are_set_by_word_and_shown_by_type(void **state)
{
    struct desk *desk = *state;
    desk_add_client(desk);
    assert_int_equal(desk_run(desk, "client", "set", desk->client, "--grant", "client_credentials",
                              "--grant", "token-exchange", NULL),
                     0);
    desk_run(desk, "client", "show", desk->client, "--json", NULL);
    assert_non_null(strstr(desk->out, BOTH_GRANTS));
    desk_run(desk, "client", "set", desk->client, "--token-life", "60", NULL);
    desk_run(desk, "client", "show", desk->client, "--json", NULL);
    assert_non_null(strstr(desk->out, BOTH_GRANTS));
    desk_run(desk, "client", "set", desk->client, "--grant", "password", NULL);
    complains_of(desk, CG_EXIT_USAGE,
                 "client_credentials, token-exchange or gate, not \"password\"");
}

static void client_goes_from_state_to_state(void **state)
{
    static const struct {
        const char *verb;
        const char *state;
        const char *kind;
    } rows[] = {
        {"suspend", "suspended", "client_suspended"},
        {"resume", "active", "client_resumed"},
        {"retire", "retired", "client_retired"},
    };
    struct desk *desk = *state;
    desk_add_client(desk);
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        assert_int_equal(desk_run(desk, "client", rows[i].verb, desk->client, "--json", NULL), 0);
        assert_string_equal(desk_text(desk, "state"), rows[i].state);
        assert_int_equal(desk_events(desk, rows[i].kind, desk->client), 1);
    }
    desk_run(desk, "client", "resume", desk->client, NULL);
    complains_of(desk, CG_EXIT_FAILED, "only a suspended client can be resumed");
}

static void client_show_says_how_to_find_what_there_is(void **state)
{
    desk_run(*state, "client", "show", "nobody", NULL);
    complains_of(*state, CG_EXIT_FAILED, "no client nobody in /vlive/hpca");
}

static void request(struct desk *desk, const char *api, const char *scope, const char *purpose)
{
    desk_run(desk, "agreement", "request", "--json", "--client", desk->client, "--api", api,
             "--scope", scope, "--purpose", purpose, NULL);
}

static void agreement_request_names_what_exists(void **state)
{
    static const struct {
        const char *api;
        const char *scope;
        const char *purpose;
        const char *says;
    } rows[] = {
        {"letters", "documents.write", "direct_care", "there is documents"},
        {"documents", "letters", "direct_care", "it has documents.read documents.write"},
        {"documents", "documents.write", "fun", "direct_care: treating or caring"},
    };
    struct desk *desk = *state;
    desk_add_client(desk);
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        request(desk, rows[i].api, rows[i].scope, rows[i].purpose);
        complains_of(desk, CG_EXIT_FAILED, rows[i].says);
    }
    assert_int_equal(desk_events(desk, "agreement_requested", NULL), 0);
}

static void agreement_request_prints_id_and_state(void **state)
{
    struct desk *desk = *state;
    desk_add_client(desk);
    request(desk, "documents", "documents.write", "Direct care");
    assert_string_equal(desk_text(desk, "state"), "requested");
    assert_int_equal(strncmp(desk_text(desk, "agreement_id"), "agr_", 4), 0);
}

static void agreement_wants_as_many_people_as_its_api(void **state)
{
    struct desk *desk = *state;
    desk_add_client(desk);
    assert_int_equal(desk_run(desk, "api", "add", "letters", "--audience", "https://l.example",
                              "--scope", "letters", "--approvals", "2", NULL),
                     0);
    request(desk, "letters", "letters", "direct_care");
    char id[80];
    (void)snprintf(id, sizeof(id), "%s", desk_text(desk, "agreement_id"));
    desk_run(desk, "agreement", "approve", id, "--by", "Ann", "--json", NULL);
    assert_string_equal(desk_text(desk, "state"), "requested");
    desk_run(desk, "agreement", "approve", id, "--by", "ann", NULL);
    complains_of(desk, CG_EXIT_FAILED, "approved already");
    assert_int_equal(desk_events(desk, "agreement_in_force", NULL), 0);
    desk_run(desk, "agreement", "approve", id, "--by", "Bob", "--json", NULL);
    assert_string_equal(desk_text(desk, "state"), "in_force");
    assert_int_equal(desk_events(desk, "agreement_in_force", id), 1);
    assert_int_equal(desk_events(desk, "agreement_approved", "\"actor\":\"operator:Bob\""), 1);
}

static void agreement_is_limited_and_set_free_again(void **state)
{
    struct desk *desk = *state;
    desk_agree(desk);
    assert_int_equal(
        desk_run(desk, "agreement", "limit", desk->agreement, "--rate", "5/s", "--json", NULL), 0);
    assert_non_null(strstr(desk->out, "\"rate\":null,\"limited_to\":\"5/s\""));
    assert_int_equal(desk_events(desk, "agreement_limited", "\"detail\":\"5/s\""), 1);
    assert_int_equal(desk_events(desk, "agreement_limited", desk->agreement), 1);
    assert_int_equal(
        desk_run(desk, "agreement", "limit", desk->agreement, "--rate", "agreed", NULL), 0);
    assert_int_equal(desk_run(desk, "agreement", "show", desk->agreement, "--json", NULL), 0);
    assert_non_null(strstr(desk->out, "\"rate\":null,\"limited_to\":null"));
    desk_run(desk, "agreement", "limit", desk->agreement, "--rate", "fast", NULL);
    complains_of(desk, CG_EXIT_FAILED, "there is no rate fast");
    assert_int_equal(desk_events(desk, "agreement_limited", NULL), 2);
}

static void agreement_shows_what_it_is_narrowed_to(void **state)
{
    struct desk *desk = *state;
    desk_add_client(desk);
    desk_run(desk, "agreement", "request", "--json", "--client", desk->client, "--api", "documents",
             "--scope", "documents.write", "--purpose", "direct_care", "--type", "736253002",
             "--organisation", "RX809", "--type", "861421000000109", "--organisation", "Y51", NULL);
    char id[80];
    (void)snprintf(id, sizeof(id), "%s", desk_text(desk, "agreement_id"));
    for (int round = 0; round < 2; round++) {
        desk_run(desk, "agreement", "list", "--json", NULL);
        assert_non_null(
            strstr(desk->out, "\"document_types\":[\"736253002\",\"861421000000109\"]"));
        assert_non_null(strstr(desk->out, "\"organisations\":[\"RX809\",\"Y51\"]"));
        desk_run(desk, "agreement", "approve", id, "--by", "Ann", NULL);
    }
    desk_run(desk, "agreement", "show", id, NULL);
    assert_non_null(strstr(desk->out, "736253002 861421000000109"));
    request(desk, "documents", "documents.write", "direct_care");
    (void)snprintf(id, sizeof(id), "%s", desk_text(desk, "agreement_id"));
    desk_run(desk, "agreement", "show", "--json", id, NULL);
    assert_non_null(strstr(desk->out, "\"document_types\":null,\"organisations\":null"));
}

static void agreement_with_a_wrong_code_says_what_to_mend(void **state)
{
    static const struct {
        const char *option;
        const char *code;
        const char *says;
    } rows[] = {
        {"--type", "736253003", "SNOMED CT codes of 6 to 18 digits"},
        {"--organisation", "rx809", "ODS codes of 3 to 10 capital letters"},
    };
    struct desk *desk = *state;
    desk_add_client(desk);
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        desk_run(desk, "agreement", "request", "--client", desk->client, "--api", "documents",
                 "--scope", "documents.write", "--purpose", "direct_care", rows[i].option,
                 rows[i].code, NULL);
        complains_of(desk, CG_EXIT_FAILED, rows[i].says);
    }
    assert_int_equal(desk_events(desk, "agreement_requested", NULL), 0);
}

static void agreement_is_told_as_it_is_at_that_second(void **state)
{
    struct desk *desk = *state;
    desk_add_client(desk);
    desk_run(desk, "agreement", "request", "--json", "--client", desk->client, "--api", "documents",
             "--scope", "documents.write", "--purpose", "direct_care", "--from", "2027-02-01",
             "--until", "2027-03-01", NULL);
    char id[80];
    (void)snprintf(id, sizeof(id), "%s", desk_text(desk, "agreement_id"));
    desk_run(desk, "agreement", "approve", id, "--by", "Ann", "--json", NULL);
    assert_string_equal(desk_text(desk, "state"), "not_yet");
    desk->now_s = DESK_NOW_S + 20 * 86400;
    desk_run(desk, "agreement", "show", id, "--json", NULL);
    assert_string_equal(desk_text(desk, "state"), "in_force");
    desk->now_s = DESK_NOW_S + 60 * 86400;
    desk_run(desk, "agreement", "show", id, "--json", NULL);
    assert_string_equal(desk_text(desk, "state"), "over");
}

static void agreement_that_is_in_force_can_be_withdrawn_only(void **state)
{
    struct desk *desk = *state;
    desk_agree(desk);
    desk_run(desk, "agreement", "refuse", desk->agreement, "--by", "Ann", NULL);
    complains_of(desk, CG_EXIT_FAILED, "withdraw an approved one");
    desk_run(desk, "agreement", "withdraw", desk->agreement, "--by", "Ann", "--json", NULL);
    assert_string_equal(desk_text(desk, "state"), "withdrawn");
    assert_int_equal(desk_events(desk, "agreement_withdrawn", "\"api\":\"documents\""), 1);
    desk_run(desk, "agreement", "list", "--json", "--client", desk->client, NULL);
    assert_int_equal(desk_count(desk), 1);
}

static void agreement_decision_wants_a_name(void **state)
{
    desk_run(*state, "agreement", "approve", "agr_x", NULL);
    complains_of(*state, CG_EXIT_USAGE, "wants --by");
}

static void secret_issue_prints_the_secret_once(void **state)
{
    struct desk *desk = *state;
    char secret[80];
    desk_add_client(desk);
    desk_run(desk, "secret", "issue", "--json", "--client", desk->client, NULL);
    assert_string_equal(desk_text(desk, "client_id"), desk->client);
    assert_int_equal(desk_number(desk, "expires_at"), DESK_NOW_S + 365 * 86400);
    (void)snprintf(secret, sizeof(secret), "%s", desk_text(desk, "secret"));
    assert_int_equal(strncmp(secret, "cgs_", 4), 0);
    assert_null(strstr(desk->talk, secret));
    assert_int_equal(desk_events(desk, "secret_issued", "\"detail\":\"sec_"), 1);
    assert_null(strstr(desk->out, secret));
    desk_run(desk, "secret", "list", "--json", NULL);
    assert_int_equal(desk_count(desk), 1);
    assert_null(strstr(desk->out, secret));
}

static void secret_may_have_no_end_when_that_is_said(void **state)
{
    struct desk *desk = *state;
    desk_add_client(desk);
    desk_run(desk, "secret", "issue", "--json", "--client", desk->client, "--expires", "never",
             NULL);
    assert_non_null(strstr(desk->out, "\"expires_at\":null"));
    desk_run(desk, "secret", "issue", "--client", desk->client, "--expires", "0", NULL);
    complains_of(desk, CG_EXIT_USAGE, "never");
}

static void secret_that_is_the_last_wants_force(void **state)
{
    struct desk *desk = *state;
    char id[80];
    desk_add_client(desk);
    desk_run(desk, "secret", "issue", "--json", "--client", desk->client, NULL);
    (void)snprintf(id, sizeof(id), "%s", desk_text(desk, "secret_id"));
    desk_run(desk, "secret", "revoke", id, NULL);
    complains_of(desk, CG_EXIT_FAILED, "last valid secret");
    assert_int_equal(desk_run(desk, "secret", "revoke", id, "--force", NULL), 0);
    assert_int_equal(desk_events(desk, "secret_revoked", id), 1);
}

static void long_lists_go_through(void **state)
{
    struct desk *desk = *state;
    desk_add_client(desk);
    for (int i = 0; i < 20; i++) {
        assert_int_equal(desk_run(desk, "client", "add", "--org", "RX809", "--name", "Other", NULL),
                         0);
    }
    desk_run(desk, "client", "list", "--json", NULL);
    assert_int_equal(desk_count(desk), 21);
    desk_run(desk, "secret", "list", "--json", NULL);
    assert_int_equal(desk_count(desk), 0);
}

#define DESK_TEST(name) cmocka_unit_test_setup_teardown(name, desk_set_up, desk_clear)

static const struct CMUnitTest tests[] = {
    DESK_TEST(org_add_is_audited_and_listed),
    DESK_TEST(org_add_refuses_what_is_no_ods_code),
    DESK_TEST(client_add_prints_its_id_as_json),
    DESK_TEST(client_add_names_the_organisations_there_are),
    DESK_TEST(api_introspector_is_named_audited_and_shown),
    DESK_TEST(client_add_takes_life_and_response_of_its_own),
    DESK_TEST(client_add_refuses_a_life_past_a_day),
    DESK_TEST(grants_of_a_client_are_set_by_word_and_shown_by_type),
    DESK_TEST(client_goes_from_state_to_state),
    DESK_TEST(client_show_says_how_to_find_what_there_is),
    DESK_TEST(agreement_request_names_what_exists),
    DESK_TEST(agreement_request_prints_id_and_state),
    DESK_TEST(agreement_wants_as_many_people_as_its_api),
    DESK_TEST(agreement_is_limited_and_set_free_again),
    DESK_TEST(agreement_shows_what_it_is_narrowed_to),
    DESK_TEST(agreement_with_a_wrong_code_says_what_to_mend),
    DESK_TEST(agreement_is_told_as_it_is_at_that_second),
    DESK_TEST(agreement_that_is_in_force_can_be_withdrawn_only),
    DESK_TEST(agreement_decision_wants_a_name),
    DESK_TEST(secret_issue_prints_the_secret_once),
    DESK_TEST(secret_may_have_no_end_when_that_is_said),
    DESK_TEST(secret_that_is_the_last_wants_force),
    DESK_TEST(long_lists_go_through),
};
TEST_MAIN(tests)
