/* SPDX-License-Identifier: Apache-2.0 */
/* SMART scopes at the token endpoint: what is asked for and agreed, by what it opens. */
#include "base/span.h"
#include "codec/json.h"
#include "house.h"
#include "registry/api.h"
#include "registry/grant.h"
#include "registry/introspector.h"
#include "test.h"

#define ACCESS_TOKEN "urn:ietf:params:oauth:token-type:access_token"
#define CATEGORY "category=http://terminology.hl7.org/CodeSystem/observation-category|laboratory"

static void add_api(struct house *house, const char *name)
{
    char audience[128];
    (void)snprintf(audience, sizeof(audience), "https://api.example/%s", name);
    struct cg_api api = {.realm = CG_SPAN(HOUSE_REALM),
                         .name = test_span(name),
                         .audience = test_span(audience),
                         .scope = CG_SPAN("system/*.cruds user/*.cruds patient/*.rs"),
                         .approvals_wanted = 1,
                         .created_s = HOUSE_NOW_S};
    assert_ok(cg_store_begin(house->registry));
    assert_ok(cg_api_add(house->registry, &api, NULL));
    assert_ok(cg_store_commit(house->registry));
}

static int build(void **state)
{
    (void)house_build(state);
    add_api(*state, "fhir");
    return 0;
}

static void agree(struct house *house, const char *scope)
{
    (void)house_agree(house, "fhir", scope, HOUSE_NOW_S, 0);
}

static void assert_granted(const char *label, const struct cg_response *response, const char *scope)
{
    char want[1024];
    (void)snprintf(want, sizeof(want), "\"scope\":\"%s\"", scope);
    if (response->http_status != 200 ||
        memmem(response->body.data, response->body.len, want, strlen(want)) == NULL) {
        fail_msg("%s: not %s in %.*s", label, want, CG_SPAN_ARGS(response->body));
    }
}

static void assert_refused(const char *label, const struct cg_response *response,
                           enum cg_reason reason, const char *hint)
{
    if (response->http_status != 400 || response->reason != reason ||
        memmem(response->body.data, response->body.len, hint, strlen(hint)) == NULL) {
        fail_msg("%s: %u %s %.*s", label, response->http_status, cg_reason_name(response->reason),
                 CG_SPAN_ARGS(response->body));
    }
}

static const struct cg_response *ask(struct house *house, const char *scope)
{
    char more[1024];
    (void)snprintf(more, sizeof(more), "&scope=%s", scope);
    return house_ask_token(house, more);
}

static void smart_scopes_are_issued_as_what_is_asked_and_agreed(void **state)
{
    static const struct {
        const char *asked;
        const char *granted;
    } rows[] = {
        {"system/Patient.rs", "system/Patient.rs"},
        {"system/Patient.read", "system/Patient.read"},
        {"system/Patient.r", "system/Patient.r"},
        {"system/Patient.cruds", "system/Patient.rs"},
        {"system/Patient.*", "system/Patient.read"},
        {"system/*.s", "system/Patient.s system/Observation.s?" CATEGORY},
        {"system/Observation.rs", "system/Observation.rs?" CATEGORY},
        {"system/Observation.read", "system/Observation.rs?" CATEGORY},
        {"system/Observation.r?_tag=x", "system/Observation.r?_tag=x&" CATEGORY},
        {"system/Task.c+system/Patient.rs", "system/Patient.rs"},
        {"documents.read+system/Task.c", "documents.read"},
    };
    struct house *house = *state;
    agree(house, "system/Patient.rs system/Observation.rs?" CATEGORY);
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        assert_granted(rows[i].asked, ask(house, rows[i].asked), rows[i].granted);
    }
    assert_granted("all", house_ask_token(house, "&resource=https://api.example/fhir"),
                   "system/Patient.rs system/Observation.rs?" CATEGORY);
}

static void smart_scopes_that_nothing_agreed_meets_are_refused(void **state)
{
    static const char *const asked[] = {"system/Task.rs", "system/Patient.cud",
                                        "system/Practitioner.rs?name=x"};
    struct house *house = *state;
    agree(house, "system/Patient.rs");
    for (size_t i = 0; i < TEST_COUNT(asked); i++) {
        assert_refused(asked[i], ask(house, asked[i]), CG_REASON_SCOPE_NOT_AGREED, "invalid_scope");
    }
}

static void smart_scope_that_is_written_wrongly_is_refused_with_the_cure(void **state)
{
    static const char *const asked[] = {"system/Patient.dus", "system/patient.rs",
                                        "system/Patient.rs+system/Made.rs", "system/*.read?a=b",
                                        "system/Patient.rs?name:exact=x"};
    struct house *house = *state;
    agree(house, "system/*.cruds");
    for (size_t i = 0; i < TEST_COUNT(asked); i++) {
        assert_refused(asked[i], ask(house, asked[i]), CG_REASON_SCOPE_MALFORMED,
                       "\"error\":\"invalid_scope\",\"error_description\":\"write a SMART scope");
    }
}

/* SMART App Launch 2.2, Backend Services */
static void system_is_told_that_peoples_scopes_are_not_for_it(void **state)
{
    struct house *house = *state;
    agree(house, "system/*.rs user/*.rs patient/*.rs");
    assert_granted("all", house_ask_token(house, "&resource=https://api.example/fhir"),
                   "system/*.rs");
    assert_refused("user", ask(house, "user/Patient.rs"), CG_REASON_SCOPE_NOT_AGREED,
                   "they are for people");
    assert_refused("both", ask(house, "system/Patient.rs+patient/Patient.rs"),
                   CG_REASON_SCOPE_NOT_AGREED, "invalid_scope");
}

static void token_with_smart_scopes_is_for_one_api(void **state)
{
    struct house *house = *state;
    agree(house, "system/Patient.rs");
    add_api(house, "records");
    (void)house_agree(house, "records", "system/*.rs", HOUSE_NOW_S, 0);
    assert_refused("two", ask(house, "system/Patient.rs"), CG_REASON_RESOURCE_AMBIGUOUS,
                   "\"error\":\"invalid_target\",\"error_description\":\"send resource");
    assert_refused("both named",
                   ask(house, "system/Patient.rs&resource=https://api.example/fhir"
                              "&resource=https://api.example/records"),
                   CG_REASON_RESOURCE_AMBIGUOUS, "invalid_target");
    assert_granted("one", ask(house, "system/*.r&resource=https://api.example/fhir"),
                   "system/Patient.r");
    assert_granted("the other", ask(house, "system/*.r&resource=https://api.example/records"),
                   "system/*.r");
    assert_granted("where one alone has it", ask(house, "system/Task.r"), "system/Task.r");
}

static void several_agreements_give_together(void **state)
{
    struct house *house = *state;
    agree(house, "system/Patient.r");
    agree(house, "system/*.s system/Task.rs");
    const struct cg_response *response = ask(house, "system/Patient.rs");
    bool swapped = memmem(response->body.data, response->body.len, "Patient.s ", 10) != NULL;
    assert_granted("each its part", response,
                   swapped ? "system/Patient.s system/Patient.r"
                           : "system/Patient.r system/Patient.s");
}

static void many_scopes_that_do_not_fit_a_token_are_refused(void **state)
{
    struct house *house = *state;
    char scope[2048];
    char asked[2048];
    size_t len = 0;
    size_t asked_len = 0;
    for (int i = 0; i < 40; i++) {
        len += (size_t)snprintf(scope + len, sizeof(scope) - len, "%ssystem/Patient.rs?given=n%d",
                                i > 0 ? " " : "", i);
        asked_len += (size_t)snprintf(asked + asked_len, sizeof(asked) - asked_len,
                                      "%ssystem/Patient.r?city=%d", i > 0 ? "+" : "&scope=", i);
    }
    agree(house, scope);
    assert_refused("1600", house_ask_token(house, asked), CG_REASON_TOKEN_TOO_LARGE,
                   "invalid_scope");
}

static void let_serve(struct house *house, const struct house_client *server)
{
    struct cg_introspector introspector = {CG_SPAN(HOUSE_REALM), CG_SPAN("fhir"),
                                           test_span(server->id)};
    struct cg_client client;
    assert_ok(cg_client_find(house->registry, CG_SPAN_OF(HOUSE_REALM), test_span(server->id),
                             house->arena, &client));
    client.grants = CG_SPAN_OF("client_credentials "
                               "urn:ietf:params:oauth:grant-type:token-exchange");
    assert_ok(cg_store_begin(house->registry));
    assert_ok(cg_introspector_add(house->registry, &introspector, house->now_s, NULL));
    assert_ok(cg_client_set(house->registry, &client, house->arena, NULL));
    assert_ok(cg_store_commit(house->registry));
}

static void introspection_tells_smart_scopes_that_are_still_agreed(void **state)
{
    struct house *house = *state;
    agree(house, "system/Patient.rs system/*.s");
    struct house_client server = house_add_client(house, "FHIR server");
    let_serve(house, &server);
    struct cg_span token = house_token(house, "&scope=system/Patient.r+system/Task.rs");
    const struct cg_response *response =
        house_present(house, HOUSE_REALM "/oauth/introspect", &server, token, NULL);
    assert_granted("server", response, "system/Patient.r system/Task.s");
}

static const struct cg_response *exchange(struct house *house, const struct house_client *server,
                                          struct cg_span token, const char *more)
{
    static char body[8192];
    (void)snprintf(body, sizeof(body),
                   "grant_type=%.*s&client_id=%s&client_secret=%s"
                   "&subject_token_type=" ACCESS_TOKEN "&subject_token=%.*s%s",
                   CG_SPAN_ARGS(cg_grant_type(CG_GRANT_TOKEN_EXCHANGE)), server->id, server->secret,
                   CG_SPAN_ARGS(token), more);
    return house_ask(house, "POST", HOUSE_REALM "/oauth/token", body);
}

static void exchanged_token_opens_what_all_that_stand_behind_it_open(void **state)
{
    struct house *house = *state;
    agree(house, "system/Patient.cruds system/Observation.rs");
    struct house_client server = house_add_client(house, "FHIR server");
    let_serve(house, &server);
    struct cg_agreement own = {.client = test_span(server.id),
                               .api = CG_SPAN("fhir"),
                               .scope = CG_SPAN("system/*.rs?_tag=x system/Patient.u"),
                               .from_s = HOUSE_NOW_S};
    (void)house_agree_with(house, &own);
    struct cg_span token = house_token(house, "&scope=system/Patient.rus+system/Observation.r");
    assert_granted("all", exchange(house, &server, token, ""),
                   "system/Patient.u system/Patient.rs?_tag=x system/Observation.r?_tag=x");
    assert_granted("a part", exchange(house, &server, token, "&scope=system/Patient.r"),
                   "system/Patient.r?_tag=x");
    assert_refused("more", exchange(house, &server, token, "&scope=system/Patient.c"),
                   CG_REASON_SCOPE_NOT_AGREED, "invalid_scope");
}

static void agree_on_plans(struct house *house)
{
    struct cg_agreement agreement = {.client = test_span(house->client),
                                     .api = CG_SPAN("fhir"),
                                     .scope = CG_SPAN("system/*.rs"),
                                     .document_types = CG_SPAN("736253002"),
                                     .from_s = HOUSE_NOW_S};
    (void)house_agree_with(house, &agreement);
}

/* A token whose place had no object would be open to documents of every type. */
static void narrowed_agreement_narrows_a_part_of_its_smart_scopes(void **state)
{
    struct house *house = *state;
    agree_on_plans(house);
    static const char want[] = "\"actions\":[\"system/DocumentReference.r\"],"
                               "\"document_types\":[\"http://snomed.info/sct|736253002\"]";
    const struct cg_response *response = ask(house, "system/DocumentReference.cr");
    assert_granted("part", response, "system/DocumentReference.r");
    assert_non_null(memmem(response->body.data, response->body.len, want, strlen(want)));
    static const char details[] =
        "&authorization_details=[{\"type\":\"caregate_documents\",\"locations\":["
        "\"https://api.example/fhir\"],\"actions\":[\"system/DocumentReference.r\"]}]";
    response = house_ask_token(house, details);
    assert_granted("by actions", response, "system/DocumentReference.r");
    assert_non_null(memmem(response->body.data, response->body.len, want, strlen(want)));
    static const char beyond[] =
        "&authorization_details=[{\"type\":\"caregate_documents\",\"locations\":["
        "\"https://api.example/fhir\"],\"actions\":[\"system/DocumentReference.c\"]}]";
    assert_refused("beyond", house_ask_token(house, beyond), CG_REASON_DETAILS_NOT_AGREED,
                   "ask in actions only for scopes that are agreed");
}

#define HOUSED(name) cmocka_unit_test_setup_teardown(name, build, house_pull_down)

static const struct CMUnitTest tests[] = {
    HOUSED(smart_scopes_are_issued_as_what_is_asked_and_agreed),
    HOUSED(smart_scopes_that_nothing_agreed_meets_are_refused),
    HOUSED(smart_scope_that_is_written_wrongly_is_refused_with_the_cure),
    HOUSED(system_is_told_that_peoples_scopes_are_not_for_it),
    HOUSED(token_with_smart_scopes_is_for_one_api),
    HOUSED(several_agreements_give_together),
    HOUSED(many_scopes_that_do_not_fit_a_token_are_refused),
    HOUSED(introspection_tells_smart_scopes_that_are_still_agreed),
    HOUSED(exchanged_token_opens_what_all_that_stand_behind_it_open),
    HOUSED(narrowed_agreement_narrows_a_part_of_its_smart_scopes),
};
TEST_MAIN(tests)
