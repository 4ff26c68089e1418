/* SPDX-License-Identifier: Apache-2.0 */
#include "registry_file.h"

/* Something of everything, beside what desk_agree makes. */
static void furnish(struct desk *desk)
{
    desk_agree(desk);
    desk_write(desk, "keys", JWKS);
    char *keys = strdup(desk_path(desk, "keys"));
    desk_run(desk, "upstream", "add", "nhs-login", "--kind", "oidc", "--issuer",
             "https://auth.login.example", "--jwks", keys, "--alg", "ES256", "--level", "P9", NULL);
    assert_int_equal(desk->exit_code, 0);
    desk_run(desk, "client", "key", "add", "--client", desk->client, "--jwks", keys, NULL);
    assert_int_equal(desk->exit_code, 0);
    free(keys);
    desk_run(desk, "client", "key", "add", "--client", desk->client, "--tls-subject",
             "CN=ward.example,O=Trust", NULL);
    assert_int_equal(desk->exit_code, 0);
    desk_run(desk, "client", "upstream", "add", "--client", desk->client, "--upstream", "nhs-login",
             "--audience", "care-app", NULL);
    assert_int_equal(desk->exit_code, 0);
    desk_run(desk, "client", "set", desk->client, "--grant", "client_credentials", "--grant",
             "token-exchange", "--token-life", "120", "--bind", "dpop", NULL);
    assert_int_equal(desk->exit_code, 0);
    desk_run(desk, "api", "introspector", "documents", "--add", desk->client, NULL);
    assert_int_equal(desk->exit_code, 0);
    desk_run(desk, "agreement", "limit", desk->agreement, "--rate", "5/s", NULL);
    assert_int_equal(desk->exit_code, 0);
    desk_run(desk, "agreement", "request", "--client", desk->client, "--api", "documents",
             "--scope", "documents.read", "--scope", "documents.write", "--type", "736253002",
             "--organisation", "RX809", "--purpose", "research", "--purpose-text", "a: \"b\"",
             "--rate", "20/s", "--from", "2027-02-01", "--until", "2028-02-01T12:00:00Z", NULL);
    assert_int_equal(desk->exit_code, 0);
}

static void export_writes_what_is_in_service(void **state)
{
    struct desk *desk = *state;
    furnish(desk);
    char want[4096];
    (void)snprintf(want, sizeof(want),
                   HEAD "    profile: documented\n"
                        "    alg: RS256\n"
                        "    typ: JWT\n"
                        "    token-life: 300\n"
                        "    token-response: documented\n"
                        "    key-life: \"90d\"\n"
                        "    organisations:\n"
                        "      - ods: RX809\n"
                        "        name: \"Example Trust\"\n"
                        "    upstreams:\n"
                        "      - name: nhs-login\n"
                        "        kind: oidc\n"
                        "        issuer: https://auth.login.example\n"
                        "        alg: ES256\n"
                        "        levels: [P9]\n"
                        "        jwks: '" JWKS "'\n"
                        "    apis:\n"
                        "      - name: documents\n"
                        "        audience: https://care.example/documents\n"
                        "        scopes: [documents.read, documents.write]\n"
                        "        approvals: 1\n"
                        "        introspectors: [%s]\n"
                        "    clients:\n"
                        "      - id: %s\n"
                        "        organisation: RX809\n"
                        "        name: \"Ward system\"\n"
                        "        grants: [client_credentials, "
                        "urn:ietf:params:oauth:grant-type:token-exchange]\n"
                        "        auth: client_secret\n"
                        "        bind: dpop\n"
                        "        token-life: 120\n"
                        "        keys:\n",
                   desk->client, desk->client);
    assert_int_equal(desk_run(desk, "export", NULL), 0);
    assert_memory_equal(desk->out, want, strlen(want));
    shows(desk, "          - jwks: '" JWKS "'\n");
    shows(desk, "          - tls-subject: \"CN=ward.example,O=Trust\"\n");
    shows(desk,
          "        upstreams:\n          - upstream: nhs-login\n            audience: care-app\n");
    (void)snprintf(want, sizeof(want),
                   "      - id: %s\n        client: %s\n        api: documents\n"
                   "        scopes: [documents.write]\n        purpose: direct_care\n"
                   "        from: \"2027-01-15T08:00:00Z\"\n        limit: \"5/s\"\n",
                   desk->agreement, desk->client);
    shows(desk, want);
    shows(desk, "        scopes: [documents.read, documents.write]\n"
                "        types: [\"736253002\"]\n        organisations: [RX809]\n"
                "        purpose: research\n        purpose-text: 'a: \"b\"'\n"
                "        rate: \"20/s\"\n        from: \"2027-02-01\"\n"
                "        until: \"2028-02-01T12:00:00Z\"\n");
}

static void export_leaves_out_what_ended(void **state)
{
    struct desk *desk = *state;
    furnish(desk);
    desk_run(desk, "client", "retire", desk->client, NULL);
    desk_run(desk, "upstream", "retire", "nhs-login", NULL);
    assert_int_equal(desk_run(desk, "export", NULL), 0);
    assert_null(strstr(desk->out, desk->client));
    assert_null(strstr(desk->out, "nhs-login"));
    assert_null(strstr(desk->out, "agr_"));
    desk_run(desk, "api", "retire", "documents", NULL);
    assert_int_equal(desk_run(desk, "export", NULL), 0);
    assert_null(strstr(desk->out, "documents.read"));
}

static void export_holds_no_secret_and_no_signing_key(void **state)
{
    struct desk *desk = *state;
    furnish(desk);
    desk_run(desk, "secret", "issue", "--client", desk->client, "--json", NULL);
    assert_int_equal(desk->exit_code, 0);
    char *secret = strdup(desk_text(desk, "secret"));
    assert_int_equal(desk_run(desk, "export", NULL), 0);
    assert_null(strstr(desk->out, secret));
    assert_null(strstr(desk->out, "cgs_"));
    assert_null(strstr(desk->out, "secret_id"));
    free(secret);
}

static void export_applied_where_it_came_from_changes_nothing(void **state)
{
    struct desk *desk = *state;
    furnish(desk);
    desk_run(desk, "realm", "mtls-url", "https://care.example:8445", NULL);
    assert_int_equal(desk->exit_code, 0);
    desk_run(desk, "client", "suspend", desk->client, NULL);
    assert_int_equal(desk->exit_code, 0);
    char *file = exported(desk);
    assert_non_null(strstr(file, "mtls-url: https://care.example:8445\n"));
    assert_non_null(strstr(file, "        suspended: true\n"));
    struct mark before = mark(desk);
    apply(desk, file);
    shows(desk, "nothing to change");
    assert_string_equal(desk->out, "nothing to change\n");
    assert_unchanged(desk, &before);
    assert_int_equal(desk_run(desk, "export", "--json", NULL), 0);
    char *json = strdup(desk->out);
    apply(desk, json);
    assert_string_equal(desk->out, "nothing to change\n");
    assert_unchanged(desk, &before);
    free(json);
    free(file);
}

static void export_applied_elsewhere_asks_for_the_approvals_anew(void **state)
{
    struct desk *desk = *state;
    void *other_state = NULL;
    furnish(desk);
    char *file = exported(desk);
    assert_int_equal(desk_set_up(&other_state), 0);
    struct desk *other = other_state;
    apply(other, file);
    shows(other, "state requested");
    assert_int_equal(desk_events(other, "agreement_requested", NULL), 2);
    assert_int_equal(desk_events(other, "agreement_in_force", NULL), 0);
    assert_int_equal(desk_events(other, "agreement_approved", NULL), 0);
    assert_int_equal(desk_events(other, "client_added", desk->client), 1);
    assert_int_equal(desk_events(other, "client_key_added", desk->client), 2);
    assert_int_equal(desk_run(other, "agreement", "list", "--json", NULL), 0);
    assert_null(strstr(other->out, "in_force"));
    /* And again: by what they say they are found, under their new ids. */
    struct mark before = mark(other);
    apply(other, file);
    assert_string_equal(other->out, "nothing to change\n");
    assert_unchanged(other, &before);
    free(file);
    assert_int_equal(desk_clear(&other_state), 0);
}

static void apply_tells_what_the_file_does_not_have_and_leaves_it(void **state)
{
    struct desk *desk = *state;
    furnish(desk);
    struct mark before = mark(desk);
    char want[512];
    apply(desk, HEAD THINGS);
    (void)snprintf(want, sizeof(want),
                   "  not in the file: upstream nhs-login, client %s, agreement ", desk->client);
    shows(desk, want);
    shows(desk, desk->agreement);
    (void)snprintf(want, sizeof(want), "introspector %s of documents", desk->client);
    shows(desk, want);
    shows(desk, "nothing to change");
    assert_unchanged(desk, &before);
    (void)snprintf(want, sizeof(want),
                   HEAD "    clients:\n      - {id: %s, organisation: RX809, name: Ward system, "
                        "token-life: 120, bind: dpop, grants: [client_credentials, "
                        "token-exchange]}\n",
                   desk->client);
    apply(desk, want);
    shows(desk, "client key key_");
    (void)snprintf(want, sizeof(want), "upstream id care-app of %s", desk->client);
    shows(desk, want);
    apply(desk, "caregate: 1\nrealms: []\n");
    shows(desk, "not in the file: realm " DESK_REALM "\nnothing to change\n");
    assert_unchanged(desk, &before);
}

static void what_is_too_long_or_too_much_for_people_is_cut(void **state)
{
    struct desk *desk = *state;
    char ods[8];
    for (int i = 0; i < 22; i++) {
        (void)snprintf(ods, sizeof(ods), "RX%d", 10 + i);
        assert_int_equal(desk_run(desk, "org", "add", ods, "--name", "x", NULL), 0);
    }
    apply(desk, HEAD
          "    organisations:\n      - ods: RX809\n        name: \""
          "eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee\xc3\xa9\"\n");
    shows(desk, "eeeeeeeeeeeeeee…\n");
    shows(desk, "organisation RX29 and 2 more\n");
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(what_is_too_long_or_too_much_for_people_is_cut, desk_set_up,
                                    desk_clear),
    cmocka_unit_test_setup_teardown(export_writes_what_is_in_service, desk_set_up, desk_clear),
    cmocka_unit_test_setup_teardown(export_leaves_out_what_ended, desk_set_up, desk_clear),
    cmocka_unit_test_setup_teardown(export_holds_no_secret_and_no_signing_key, desk_set_up,
                                    desk_clear),
    cmocka_unit_test_setup_teardown(export_applied_where_it_came_from_changes_nothing, desk_set_up,
                                    desk_clear),
    cmocka_unit_test_setup_teardown(export_applied_elsewhere_asks_for_the_approvals_anew,
                                    desk_set_up, desk_clear),
    cmocka_unit_test_setup_teardown(apply_tells_what_the_file_does_not_have_and_leaves_it,
                                    desk_set_up, desk_clear),
};
TEST_MAIN(tests)
