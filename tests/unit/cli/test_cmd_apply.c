/* SPDX-License-Identifier: Apache-2.0 */
#include "registry_file.h"

static void apply_makes_what_is_not_there_as_the_verbs_do(void **state)
{
    struct desk *desk = *state;
    apply(desk, HEAD THINGS CLIENT "        \n" AGREEMENT);
    shows(desk, DESK_REALM "\n"
                           "  + organisation RX809: name Example Trust\n"
                           "  + api documents: audience https://care.example/documents, scopes "
                           "documents.read documents.write, approvals 1\n"
                           "  + client ward-system: organisation RX809, name Ward system, grants "
                           "client_credentials, auth client_secret, bind none\n"
                           "  + agreement ward-system → documents: client ward-system, api "
                           "documents, scopes documents.write, purpose direct_care, state "
                           "requested\n");
    assert_non_null(strstr(desk->talk, "4 added, 0 changed"));
    assert_int_equal(desk_events(desk, "organisation_added", "RX809"), 1);
    assert_int_equal(desk_events(desk, "api_added", "documents"), 1);
    assert_int_equal(desk_events(desk, "client_added", "ward-system"), 1);
    assert_int_equal(desk_events(desk, "agreement_requested", "\"organisation\":\"RX809\""), 1);
    assert_int_equal(desk_events(desk, "client_added", "\"realm\":\"" DESK_REALM "\""), 1);
}

static void apply_changes_what_differs_and_tells_it(void **state)
{
    struct desk *desk = *state;
    assert_int_equal(apply(desk, HEAD THINGS CLIENT), 0);
    apply(desk, HEAD "    token-life: 5m\n    alg: ES256\n    key-life: off\n" THINGS
                     "        token-life: 600\n        approvals: 2\n"
                     "    clients:\n"
                     "      - {id: ward-system, organisation: RX809, name: Ward system,\n"
                     "         grants: [token-exchange], auth: private_key_jwt,\n"
                     "         token-response: rfc, suspended: true}\n");
    shows(desk, "  ~ realm " DESK_REALM ": alg RS256 → ES256, key-life 90d → off\n");
    shows(desk, "  ~ api documents: approvals 1 → 2, token-life none → 600\n");
    shows(desk, "  ~ client ward-system: grants client_credentials → "
                "urn:ietf:params:oauth:grant-type:token-exchange, auth client_secret → "
                "private_key_jwt, token-response none → rfc\n");
    shows(desk, "  ~ client ward-system: suspended false → true\n");
    assert_int_equal(desk_events(desk, "realm_changed", NULL), 1);
    assert_int_equal(desk_events(desk, "api_changed", "documents"), 1);
    assert_int_equal(desk_events(desk, "client_changed", "ward-system"), 1);
    assert_int_equal(desk_events(desk, "client_suspended", "ward-system"), 1);
    assert_int_equal(desk_run(desk, "api", "show", "documents", "--json", NULL), 0);
    assert_int_equal(desk_number(desk, "token_life_s"), 600);
    assert_int_equal(desk_number(desk, "approvals"), 2);
}

static void apply_takes_what_is_left_out_for_its_default(void **state)
{
    struct desk *desk = *state;
    assert_int_equal(apply(desk, HEAD "    token-life: 60\n" THINGS "        token-life: 600\n"),
                     0);
    apply(desk, HEAD THINGS);
    shows(desk, "  ~ realm " DESK_REALM ": token-life 60 → 300\n");
    shows(desk, "  ~ api documents: token-life 600 → none\n");
}

static void apply_adds_a_scope_and_takes_none(void **state)
{
    struct desk *desk = *state;
    static const char one[] = HEAD "    apis:\n      - name: documents\n"
                                   "        audience: https://care.example/documents\n";
    char text[1024];
    assert_int_equal(apply(desk, HEAD THINGS), 0);
    (void)snprintf(text, sizeof(text),
                   "%s        scopes: [documents.list, documents.write, documents.read]\n", one);
    apply(desk, text);
    shows(desk, "scopes documents.read documents.write → documents.list documents.write "
                "documents.read");
    apply(desk, text);
    shows(desk, "nothing to change");
    struct mark before = mark(desk);
    (void)snprintf(text, sizeof(text), "%s        scopes: [documents.list]\n", one);
    apply(desk, text);
    complains_of(desk, FILE_NAME ":5: api documents: a scope cannot be taken from an API");
    assert_unchanged(desk, &before);
}

static void apply_lets_a_stopped_client_on_only_when_told_so(void **state)
{
    struct desk *desk = *state;
    assert_int_equal(apply(desk, HEAD THINGS CLIENT), 0);
    assert_int_equal(desk_run(desk, "client", "suspend", "ward-system", NULL), 0);
    apply(desk, HEAD THINGS CLIENT);
    shows(desk, "nothing to change");
    apply(desk, HEAD "    clients:\n      - {id: ward-system, organisation: RX809, name: Ward "
                     "system, suspended: false}\n");
    shows(desk, "suspended true → false");
    assert_int_equal(desk_events(desk, "client_resumed", "ward-system"), 1);
}

static void apply_adds_keys_ids_and_introspectors_once(void **state)
{
    struct desk *desk = *state;
    static const char text[] =
        HEAD "    upstreams:\n"
             "      - {name: login, kind: oidc, alg: ES256, issuer: 'https://login.example', jwks: "
             "'" JWKS "'}\n"
             "    organisations: [{ods: RX809, name: Example Trust}]\n"
             "    apis: [{name: documents, audience: 'https://care.example/documents',\n"
             "            scopes: [documents.read], introspectors: [ward-system]}]\n"
             "    clients:\n"
             "      - id: ward-system\n"
             "        organisation: RX809\n"
             "        name: Ward system\n"
             "        keys:\n"
             "          - tls-subject: CN=ward.example,O=Trust\n"
             "          - jwks: '" JWKS "'\n"
             "        upstreams:\n"
             "          - {upstream: login, audience: care-app}\n";
    apply(desk, text);
    shows(desk, "  ~ client ward-system: tls-subject none → CN=ward.example,O=Trust\n");
    shows(desk, "  ~ client ward-system: upstream none → login: care-app\n");
    shows(desk, "  ~ api documents: introspector none → ward-system\n");
    assert_int_equal(desk_events(desk, "client_key_added", "\"detail\":\"key_"), 2);
    assert_int_equal(desk_events(desk, "client_upstream_added", "login: care-app"), 1);
    assert_int_equal(desk_events(desk, "api_changed", "may introspect its tokens"), 1);
    assert_int_equal(desk_events(desk, "upstream_added", "login"), 1);
    struct mark before = mark(desk);
    apply(desk, text);
    assert_string_equal(desk->out, "nothing to change\n");
    assert_unchanged(desk, &before);
}

static void trial_tells_and_changes_nothing(void **state)
{
    struct desk *desk = *state;
    struct mark before = mark(desk);
    try_out(desk, HEAD THINGS CLIENT AGREEMENT "  - path: /vtest/hpca\n");
    shows(desk, "  + client ward-system: ");
    shows(desk, "/vtest/hpca\n  + realm /vtest/hpca: profile documented");
    assert_non_null(strstr(desk->talk, "nothing was changed"));
    assert_unchanged(desk, &before);
    try_out(desk, HEAD "    clients:\n"
                       "      - {id: ward-system, organisation: RX809, name: Ward system}\n");
    complains_of(desk, FILE_NAME ":5: client ward-system: there is no organisation");
    assert_unchanged(desk, &before);
}

static void apply_tells_changes_as_json(void **state)
{
    struct desk *desk = *state;
    assert_int_equal(apply(desk, HEAD THINGS), 0);
    assert_int_equal(apply_as_json(desk, HEAD THINGS "        token-life: 600\n"), 0);
    assert_string_equal(desk->out, "[{\"change\":\"change\",\"realm\":\"" DESK_REALM
                                   "\",\"thing\":\"api\",\"name\":\"documents\",\"values\":"
                                   "[{\"key\":\"token-life\",\"after\":\"600\"}]}]\n");
}

static void agreement_is_never_approved_by_a_file(void **state)
{
    struct desk *desk = *state;
    apply(desk, HEAD THINGS CLIENT AGREEMENT "        state: in_force\n");
    complains_of(desk, FILE_NAME ":17: there is no key \"state\" here");
    apply(desk, HEAD THINGS CLIENT AGREEMENT "        approvals: 1\n");
    complains_of(desk, FILE_NAME ":17: there is no key \"approvals\" here");
    assert_int_equal(apply(desk, HEAD THINGS CLIENT AGREEMENT), 0);
    assert_int_equal(desk_run(desk, "agreement", "list", "--json", NULL), 0);
    assert_non_null(strstr(desk->out, "\"state\":\"requested\""));
    struct mark before = mark(desk);
    apply(desk, HEAD THINGS CLIENT AGREEMENT);
    shows(desk, "nothing to change");
    assert_unchanged(desk, &before);
}

/* An agreement of the desk's client, as a file; with "id", as the desk has it. */
static void write_agreement(const struct desk *desk, bool with_id, const char *more,
                            char ret_text[static 1024])
{
    (void)snprintf(ret_text, 1024,
                   HEAD "    agreements:\n      - client: %s\n        api: documents\n"
                        "        purpose: direct_care\n%s%s%s%s\n",
                   desk->client, with_id ? "        id: " : "", with_id ? desk->agreement : "",
                   with_id ? "\n" : "", more);
}

static void agreement_of_an_id_stands_for_what_people_approved(void **state)
{
    struct desk *desk = *state;
    char text[1024];
    desk_agree(desk);
    struct mark before = mark(desk);
    write_agreement(desk, true, "        scopes: [documents.read, documents.write]", text);
    apply(desk, text);
    complains_of(desk, FILE_NAME ":9: scopes of agreement agr_");
    write_agreement(desk, true, "        scopes: [documents.write]\n        rate: 9/s", text);
    apply(desk, text);
    complains_of(desk, FILE_NAME ":10: rate of agreement agr_");
    assert_unchanged(desk, &before);
    write_agreement(desk, false, "        scopes: [documents.read, documents.write]", text);
    apply(desk, text);
    shows(desk, "state requested");
}

static void agreement_that_ended_is_not_asked_for_by_an_old_file(void **state)
{
    struct desk *desk = *state;
    char text[1024];
    desk_agree(desk);
    desk_run(desk, "agreement", "withdraw", desk->agreement, "--by", "Dr A", NULL);
    assert_int_equal(desk->exit_code, 0);
    struct mark before = mark(desk);
    write_agreement(desk, true, "        scopes: [documents.write]", text);
    apply(desk, text);
    shows(desk, "nothing to change");
    assert_unchanged(desk, &before);
    assert_int_equal(apply(desk, text), 0);
    assert_non_null(strstr(desk->talk, "is withdrawn and stays so"));
    write_agreement(desk, false, "        scopes: [documents.write]", text);
    apply(desk, text);
    shows(desk, "state requested");
}

static void limit_is_taken_for_what_is_approved_and_stays_when_left_out(void **state)
{
    struct desk *desk = *state;
    char text[1024];
    desk_agree(desk);
    write_agreement(desk, true, "        scopes: [documents.write]\n        limit: 5/s", text);
    apply(desk, text);
    shows(desk, "limit none → 5/s");
    assert_int_equal(desk_events(desk, "agreement_limited", "5/s"), 1);
    write_agreement(desk, true, "        scopes: [documents.write]", text);
    apply(desk, text);
    shows(desk, "nothing to change");
    write_agreement(desk, true, "        scopes: [documents.write]\n        limit: agreed", text);
    apply(desk, text);
    shows(desk, "limit 5/s → none");
    write_agreement(desk, false, "        scopes: [documents.read]\n        limit: 5/s", text);
    apply(desk, text);
    shows(desk, "state requested");
    assert_non_null(strstr(desk->talk, "the limit waits for the approval"));
}

static const struct {
    const char *text;
    const char *complaint;
} errors[] = {
    {"", ": the file is empty"},
    {"realms: []\n", ":1: a file of the registry wants caregate"},
    {"caregate: 2\nrealms: []\n", ":1: this version reads format 1 alone"},
    {"- a\n", ":1: here wants to be a file of the registry"},
    {"caregate: 1\nrealms: {}\n", ":2: realms wants a list"},
    {"caregate: 1\nrealms: [x]\n", ":2: here wants to be a realm: path, profile"},
    {HEAD "    colour: red\n", ":4: there is no key \"colour\" here: a realm has path,"},
    {HEAD "    alg: [RS256]\n", ":4: alg wants a value: ALG"},
    {HEAD "    alg:\n", ":4: alg wants a value"},
    {HEAD "    alg: HS256\n", ":3: realm " DESK_REALM ": the signature algorithm"},
    {HEAD "    profile: other\n", ":3: realm " DESK_REALM ": the profile is one of"},
    {HEAD "    token-life: 0\n", ":4: token-life is 1 to 86400 seconds, 300 or 5m, not \"0\""},
    {HEAD "    token-life: 2d\n", ":4: token-life is 1 to 86400 seconds"},
    {HEAD "    key-life: 5m\n", ":4: key-life is an hour at least"},
    {HEAD "    token-response: x\n", ":4: token-response is documented or rfc"},
    {HEAD "  - path: " DESK_REALM "\n", ":4: path " DESK_REALM " stands in line 3 already"},
    {HEAD "  - path: Nonsense\n", ":4: realm Nonsense: a realm's path is /"},
    {HEAD "    organisations: [{ods: RX809}]\n", ":4: an organisation wants name"},
    {HEAD "    organisations: [{ods: rx, name: x}]\n", ":4: organisation rx: an ODS code"},
    {HEAD THINGS "      - {name: documents, audience: x, scopes: [x]}\n",
     ":10: name documents stands in line 7 already"},
    {HEAD THINGS "        approvals: 12\n", ":10: approvals is a number of 1 to 9"},
    {HEAD THINGS "        introspectors: nobody\n", ":10: introspectors wants a list of words"},
    {HEAD THINGS "        introspectors: ['a b']\n", ":10: introspectors wants a list"},
    {HEAD THINGS "        introspectors:\n          - nobody\n",
     ":11: introspector nobody: there is no client"},
    {HEAD THINGS "    clients: [{id: Ward, organisation: RX809, name: x}]\n",
     ":10: client Ward: a client's id is"},
    {HEAD THINGS CLIENT "        \n      - id: other\n        organisation: RX809\n"
                        "        name: x\n        auth: magic\n",
     ":16: auth is client_secret, private_key_jwt"},
    {HEAD THINGS "    clients: [{id: a, organisation: RX809, name: x, bind: rope}]\n",
     ":10: bind is none, dpop or mtls"},
    {HEAD THINGS "    clients: [{id: a, organisation: RX809, name: x, grants: [all]}]\n",
     ":10: a grant is client_credentials, token-exchange or gate"},
    {HEAD THINGS "    clients: [{id: a, organisation: RX809, name: x, suspended: maybe}]\n",
     ":10: suspended is true or false"},
    {HEAD THINGS "    clients: [{id: a, organisation: RX809, name: x, keys: [{}]}]\n",
     ":10: a key is one of jwks"},
    {HEAD THINGS "    clients: [{id: a, organisation: RX809, name: x, keys: [{jwks: x}]}]\n",
     ":10: key jwks: it is not JSON"},
    {HEAD THINGS "    clients: [{id: a, organisation: RX809, name: x,\n"
                 "      upstreams: [{upstream: b, audience: c}]}]\n",
     ":11: client a: there is no provider"},
    {HEAD THINGS CLIENT AGREEMENT "        rate: fast\n", ":17: rate is a rate, 20/s"},
    {HEAD THINGS CLIENT AGREEMENT "        until: soon\n", ":17: until is a date"},
    {HEAD THINGS CLIENT AGREEMENT "        types: [12]\n",
     ":13: agreement ward-system → documents: document types are"},
    {HEAD THINGS CLIENT "    agreements: [{client: ward-system, api: documents,\n"
                        "                  scopes: [documents.write], purpose: fun}]\n",
     ":13: purpose is one of direct_care, care_management"},
    {"caregate: 1\nmtls-url: http://care.example\nrealms: []\n",
     ":2: mtls-url is an https URL without a path, or off"},
    {HEAD "    apis: &a []\n", ":4: anchors"},
};

static void file_with_an_error_changes_nothing_and_names_the_line(void **state)
{
    struct desk *desk = *state;
    struct mark before = mark(desk);
    for (size_t i = 0; i < TEST_COUNT(errors); i++) {
        char want[256];
        (void)snprintf(want, sizeof(want), FILE_NAME "%s", errors[i].complaint);
        apply(desk, errors[i].text);
        complains_of(desk, want);
    }
    assert_unchanged(desk, &before);
}

static void apply_refuses_what_stands_for_good(void **state)
{
    struct desk *desk = *state;
    assert_int_equal(apply(desk, HEAD THINGS CLIENT), 0);
    apply(desk, HEAD "    organisations: [{ods: RX809, name: Another}]\n");
    complains_of(desk, FILE_NAME ":4: name stands for good and is Example Trust");
    apply(desk, HEAD "    apis: [{name: documents, audience: 'https://x.example',\n"
                     "            scopes: [documents.read, documents.write]}]\n");
    complains_of(desk, FILE_NAME ":4: audience stands for good and is https://care.example");
    apply(desk, HEAD "    clients: [{id: ward-system, organisation: RX809, name: Other}]\n");
    complains_of(desk, FILE_NAME ":4: name stands for good and is Ward system");
    assert_int_equal(desk_run(desk, "client", "retire", "ward-system", NULL), 0);
    assert_int_equal(desk_run(desk, "api", "retire", "documents", NULL), 0);
    apply(desk, HEAD CLIENT);
    complains_of(desk, FILE_NAME ":5: client ward-system: the client is retired");
    apply(desk, HEAD THINGS);
    complains_of(desk, FILE_NAME ":7: api documents: the API is retired");
}

static void settings_of_the_registry_are_set_and_taken_back(void **state)
{
    struct desk *desk = *state;
    apply(desk, "caregate: 1\nmtls-url: https://care.example:8445\nrealms: []\n");
    shows(desk, "~ settings: mtls-url none → https://care.example:8445\n");
    assert_int_equal(desk_events(desk, "realm_changed", "https://care.example:8445"), 1);
    apply(desk, "caregate: 1\nrealms: []\n");
    shows(desk, "nothing to change");
    apply(desk, "caregate: 1\nmtls-url: off\nrealms: []\n");
    shows(desk, "mtls-url https://care.example:8445 → none");
    apply(desk, "caregate: 1\nmtls-url: off\nrealms: []\n");
    shows(desk, "nothing to change");
}

static void apply_wants_a_file_that_is_there(void **state)
{
    struct desk *desk = *state;
    desk_run(desk, "apply", NULL);
    assert_int_equal(desk->exit_code, CG_EXIT_USAGE);
    desk_run(desk, "apply", "-f", "/nowhere/registry.yaml", NULL);
    complains_of(desk, "/nowhere/registry.yaml cannot be read");
    desk_run(desk, "realm", "list", "-f", "x", NULL);
    assert_int_equal(desk->exit_code, CG_EXIT_USAGE);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(apply_makes_what_is_not_there_as_the_verbs_do, desk_set_up,
                                    desk_clear),
    cmocka_unit_test_setup_teardown(apply_changes_what_differs_and_tells_it, desk_set_up,
                                    desk_clear),
    cmocka_unit_test_setup_teardown(apply_takes_what_is_left_out_for_its_default, desk_set_up,
                                    desk_clear),
    cmocka_unit_test_setup_teardown(apply_adds_a_scope_and_takes_none, desk_set_up, desk_clear),
    cmocka_unit_test_setup_teardown(apply_lets_a_stopped_client_on_only_when_told_so, desk_set_up,
                                    desk_clear),
    cmocka_unit_test_setup_teardown(apply_adds_keys_ids_and_introspectors_once, desk_set_up,
                                    desk_clear),
    cmocka_unit_test_setup_teardown(trial_tells_and_changes_nothing, desk_set_up, desk_clear),
    cmocka_unit_test_setup_teardown(apply_tells_changes_as_json, desk_set_up, desk_clear),
    cmocka_unit_test_setup_teardown(agreement_is_never_approved_by_a_file, desk_set_up, desk_clear),
    cmocka_unit_test_setup_teardown(agreement_of_an_id_stands_for_what_people_approved, desk_set_up,
                                    desk_clear),
    cmocka_unit_test_setup_teardown(agreement_that_ended_is_not_asked_for_by_an_old_file,
                                    desk_set_up, desk_clear),
    cmocka_unit_test_setup_teardown(limit_is_taken_for_what_is_approved_and_stays_when_left_out,
                                    desk_set_up, desk_clear),
    cmocka_unit_test_setup_teardown(file_with_an_error_changes_nothing_and_names_the_line,
                                    desk_set_up, desk_clear),
    cmocka_unit_test_setup_teardown(apply_refuses_what_stands_for_good, desk_set_up, desk_clear),
    cmocka_unit_test_setup_teardown(settings_of_the_registry_are_set_and_taken_back, desk_set_up,
                                    desk_clear),
    cmocka_unit_test_setup_teardown(apply_wants_a_file_that_is_there, desk_set_up, desk_clear),
};
TEST_MAIN(tests)
