/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Token exchange (RFC 8693) between systems. The house's client calls the API "letters", which the
 * client "Letters" serves; to make its answer, that calls "documents" on behalf of its caller.
 */
#include "base/span.h"
#include "codec/json.h"
#include "house.h"
#include "jose/jws.h"
#include "registry/api.h"
#include "registry/grant.h"
#include "registry/introspector.h"
#include "sample.h"
#include "test.h"
#include "token/scope.h"

#define ACCESS_TOKEN "urn:ietf:params:oauth:token-type:access_token"
#define AUDIENCE "https://api.example/documents"

struct scene {
    struct house *house;
    struct house_client server; /* of "letters" */
    struct cg_span agreement;   /* its own, on "documents" */
    struct cg_span letters;     /* the caller's, on "letters" */
    struct cg_span caller_token;
};

static void assert_reason(const struct cg_response *response, unsigned status,
                          enum cg_reason reason)
{
    if (response->http_status != status || response->reason != reason) {
        print_error("%u %s %.*s\n", response->http_status, cg_reason_name(response->reason),
                    CG_SPAN_ARGS(response->body));
        fail();
    }
}

static bool body_has(const struct cg_response *response, const char *text)
{
    return memmem(response->body.data, response->body.len, text, strlen(text)) != NULL;
}

static void set_grants(struct house *house, const char *client, const char *grants)
{
    struct cg_client found;
    assert_ok(cg_client_find(house->registry, CG_SPAN_OF(HOUSE_REALM), test_span(client),
                             house->arena, &found));
    found.grants = test_span(grants);
    assert_ok(cg_store_begin(house->registry));
    assert_ok(cg_client_set(house->registry, &found, house->arena, NULL));
    assert_ok(cg_store_commit(house->registry));
}

static void add_introspector(struct house *house, const char *api, const char *client)
{
    struct cg_introspector introspector = {CG_SPAN(HOUSE_REALM), test_span(api), test_span(client)};
    assert_ok(cg_store_begin(house->registry));
    assert_ok(cg_introspector_add(house->registry, &introspector, house->now_s, NULL));
    assert_ok(cg_store_commit(house->registry));
}

static void add_api(struct house *house, const char *name, const char *audience, const char *scope)
{
    struct cg_api api = {.realm = CG_SPAN(HOUSE_REALM),
                         .name = test_span(name),
                         .audience = test_span(audience),
                         .scope = test_span(scope),
                         .approvals_wanted = 1,
                         .created_s = HOUSE_NOW_S};
    assert_ok(cg_store_begin(house->registry));
    assert_ok(cg_api_add(house->registry, &api, NULL));
    assert_ok(cg_store_commit(house->registry));
}

static struct scene set_scene(struct house *house)
{
    struct scene scene = {.house = house};
    add_api(house, "letters", "https://api.example/letters", "letters.write");
    scene.letters = house_agree(house, "letters", "letters.write", HOUSE_NOW_S, 0);
    scene.server = house_add_client(house, "Letters");
    set_grants(house, scene.server.id,
               "client_credentials urn:ietf:params:oauth:grant-type:token-exchange");
    add_introspector(house, "letters", scene.server.id);
    struct cg_agreement agreement = {.client = test_span(scene.server.id),
                                     .api = CG_SPAN("documents"),
                                     .scope = CG_SPAN("documents.read documents.write"),
                                     .from_s = HOUSE_NOW_S};
    scene.agreement = house_agree_with(house, &agreement);
    scene.caller_token = house_token(house, "&scope=letters.write+documents.read");
    return scene;
}

static const struct cg_response *ask_as(struct house *house, const struct house_client *client,
                                        const char *more)
{
    static char body[8192];
    (void)snprintf(body, sizeof(body), "grant_type=%.*s&client_id=%s&client_secret=%s%s",
                   CG_SPAN_ARGS(cg_grant_type(CG_GRANT_TOKEN_EXCHANGE)), client->id, client->secret,
                   more);
    return house_ask(house, "POST", HOUSE_REALM "/oauth/token", body);
}

static const struct cg_response *exchange(const struct scene *scene, struct cg_span token,
                                          const char *more)
{
    static char text[8192];
    (void)snprintf(text, sizeof(text), "&subject_token_type=" ACCESS_TOKEN "&subject_token=%.*s%s",
                   CG_SPAN_ARGS(token), more);
    return ask_as(scene->house, &scene->server, text);
}

static struct cg_access_token claims_of(struct house *house, struct cg_span compact)
{
    struct cg_jws jws;
    struct cg_json *json = NULL;
    struct cg_access_token token;
    assert_ok(cg_jws_split(compact, house->arena, NULL, &jws));
    assert_ok(cg_json_parse(jws.payload, CG_LIMIT_TOKEN_BYTES, &json));
    assert_ok(cg_access_token_read(cg_json_root(json), &token));
    assert_ok(cg_access_token_read_rest(cg_json_root(json), house->arena, &token));
    struct cg_span *const kept[] = {&token.subject,      &token.client_id,
                                    &token.scope,        &token.token_id,
                                    &token.apis[0].name, &token.apis[0].agreement,
                                    &token.apis[1].name, &token.apis[1].agreement};
    for (size_t i = 0; i < TEST_COUNT(kept); i++) {
        assert_ok(cg_arena_copy(house->arena, *kept[i], kept[i]));
    }
    (void)cg_json_free(json);
    return token;
}

static void system_gets_a_token_for_its_caller(void **state)
{
    struct scene scene = set_scene(*state);
    const struct cg_response *response = exchange(&scene, scene.caller_token, "");
    assert_reason(response, 200, CG_REASON_NONE);
    assert_true(body_has(response, "\"issued_token_type\":\"" ACCESS_TOKEN "\""));
    assert_true(body_has(response, "\"token_type\":\"Bearer\""));
    struct cg_access_token token = claims_of(scene.house, house_token_of(scene.house, response));
    assert_span_text(token.subject, scene.house->client);
    assert_span_text(token.client_id, scene.server.id);
    assert_span_text(token.scope, "documents.read");
    assert_int_equal(token.api_count, 1);
    assert_span_text(token.apis[0].name, "documents");
    assert_true(cg_span_equal(token.apis[0].agreement, scene.agreement));
}

static void token_says_who_acts_and_on_whose_behalf(void **state)
{
    struct scene scene = set_scene(*state);
    struct house *house = scene.house;
    struct cg_access_token held = claims_of(house, scene.caller_token);
    const struct cg_response *response = exchange(&scene, scene.caller_token, "");
    struct cg_access_token token = claims_of(house, house_token_of(house, response));
    assert_int_equal(token.behalf.actor_count, 1);
    assert_span_text(token.behalf.actors[0], scene.server.id);
    assert_span_text(token.behalf.client_id, house->client);
    assert_true(cg_span_equal(token.behalf.token_id, held.token_id));
    assert_true(cg_span_equal(token.behalf.agreements, house->agreement));
    char detail[200];
    (void)snprintf(detail, sizeof(detail), "\"on behalf of %s by token %.*s\"", house->client,
                   CG_SPAN_ARGS(held.token_id));
    assert_int_equal(house_count_events(house, "token_issued"), 2);
    assert_int_equal(house_count_events_with(house, "token_issued", detail), 1);
}

static void exchanged_token_is_not_exchanged_again(void **state)
{
    struct scene scene = set_scene(*state);
    add_introspector(scene.house, "documents", scene.server.id);
    struct cg_span token = house_token_of(scene.house, exchange(&scene, scene.caller_token, ""));
    assert_reason(exchange(&scene, token, ""), 400, CG_REASON_SUBJECT_TOKEN_REFUSED);
}

static void jwt_is_a_name_for_an_access_token(void **state)
{
    struct scene scene = set_scene(*state);
    static char more[8192];
    (void)snprintf(more, sizeof(more),
                   "&subject_token_type=urn:ietf:params:oauth:token-type:jwt&subject_token=%.*s"
                   "&requested_token_type=urn:ietf:params:oauth:token-type:jwt",
                   CG_SPAN_ARGS(scene.caller_token));
    const struct cg_response *response = ask_as(scene.house, &scene.server, more);
    assert_reason(response, 200, CG_REASON_NONE);
    assert_true(body_has(response, "\"issued_token_type\":\"" ACCESS_TOKEN "\""));
}

static void malformed_exchanges_are_refused(void **state)
{
    static const struct {
        const char *label;
        const char *more;
        enum cg_reason reason;
    } rows[] = {
        {"no subject", "", CG_REASON_EXCHANGE_MALFORMED},
        {"no type", "&subject_token=a.b.c", CG_REASON_EXCHANGE_MALFORMED},
        {"only a type", "&subject_token_type=" ACCESS_TOKEN, CG_REASON_EXCHANGE_MALFORMED},
        {"another type",
         "&subject_token=a&subject_token_type=urn:ietf:params:oauth:token-type:saml2",
         CG_REASON_EXCHANGE_MALFORMED},
        {"no token", "&subject_token=a.b.c&subject_token_type=" ACCESS_TOKEN,
         CG_REASON_SUBJECT_TOKEN_REFUSED},
        {"subject twice", "&subject_token=a&subject_token=a&subject_token_type=" ACCESS_TOKEN,
         CG_REASON_PARAMETER_REPEATED},
        {"actor without type", "&subject_token=a&subject_token_type=" ACCESS_TOKEN "&actor_token=a",
         CG_REASON_EXCHANGE_MALFORMED},
        {"actor's type alone",
         "&subject_token=a&subject_token_type=" ACCESS_TOKEN "&actor_token_type=" ACCESS_TOKEN,
         CG_REASON_EXCHANGE_MALFORMED},
        {"an actor",
         "&subject_token=a&subject_token_type=" ACCESS_TOKEN
         "&actor_token=a&actor_token_type=" ACCESS_TOKEN,
         CG_REASON_EXCHANGE_MALFORMED},
        {"refresh token wanted",
         "&subject_token=a&subject_token_type=" ACCESS_TOKEN
         "&requested_token_type=urn:ietf:params:oauth:token-type:refresh_token",
         CG_REASON_EXCHANGE_MALFORMED},
    };
    struct scene scene = set_scene(*state);
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        const struct cg_response *response = ask_as(scene.house, &scene.server, rows[i].more);
        if (response->http_status != 400 || response->reason != rows[i].reason) {
            print_error("%s: %s\n", rows[i].label, cg_reason_name(response->reason));
            fail();
        }
        assert_true(body_has(response, "\"error\":\"invalid_request\""));
    }
}

static void client_needs_the_grant(void **state)
{
    struct scene scene = set_scene(*state);
    set_grants(scene.house, scene.server.id, "client_credentials");
    assert_reason(exchange(&scene, scene.caller_token, ""), 400, CG_REASON_GRANT_NOT_ALLOWED);
}

static void who_serves_no_api_of_the_token_exchanges_nothing(void **state)
{
    struct scene scene = set_scene(*state);
    struct cg_span token = house_token(scene.house, "&scope=documents.read");
    assert_reason(exchange(&scene, token, ""), 400, CG_REASON_SUBJECT_TOKEN_REFUSED);
    struct cg_access_token held = claims_of(scene.house, token);
    char detail[200];
    (void)snprintf(detail, sizeof(detail), "subject token: of %s, token %.*s\"",
                   scene.house->client, CG_SPAN_ARGS(held.token_id));
    assert_int_equal(house_count_events_with(scene.house, "token_refused", detail), 1);
}

static void revoke(const struct scene *scene)
{
    struct house_client own = house_own_client(scene->house);
    assert_reason(
        house_present(scene->house, HOUSE_REALM "/oauth/revoke", &own, scene->caller_token, NULL),
        200, CG_REASON_NONE);
}

static void suspend(const struct scene *scene)
{
    assert_ok(cg_store_begin(scene->house->registry));
    assert_ok(cg_client_suspend(scene->house->registry, CG_SPAN_OF(HOUSE_REALM),
                                test_span(scene->house->client), HOUSE_NOW_S, NULL));
    assert_ok(cg_store_commit(scene->house->registry));
}

static void withdraw(const struct scene *scene)
{
    struct cg_decision decision = {.who = CG_SPAN("Dr Example"), .at_s = HOUSE_NOW_S};
    assert_ok(cg_store_begin(scene->house->registry));
    assert_ok(cg_agreement_withdraw(scene->house->registry, CG_SPAN_OF(HOUSE_REALM),
                                    scene->house->agreement, &decision, NULL));
    assert_ok(cg_store_commit(scene->house->registry));
}

static void revoked_subject_token_is_refused(void **state)
{
    struct scene scene = set_scene(*state);
    revoke(&scene);
    assert_reason(exchange(&scene, scene.caller_token, ""), 400, CG_REASON_SUBJECT_TOKEN_REFUSED);
}

static void token_of_a_suspended_client_is_refused(void **state)
{
    struct scene scene = set_scene(*state);
    suspend(&scene);
    assert_reason(exchange(&scene, scene.caller_token, ""), 400, CG_REASON_SUBJECT_TOKEN_REFUSED);
}

static void scopes_never_grow(void **state)
{
    static const struct {
        const char *more;
        enum cg_reason reason;
    } rows[] = {
        {"&scope=documents.read", CG_REASON_NONE},
        {"&scope=documents.write", CG_REASON_SCOPE_NOT_AGREED}, /* not in the subject token */
        {"&scope=letters.write", CG_REASON_SCOPE_NOT_AGREED},   /* not agreed for the server */
        {"&resource=" AUDIENCE, CG_REASON_NONE},
        {"&audience=" AUDIENCE, CG_REASON_NONE},
        {"&audience=" AUDIENCE "&audience=" AUDIENCE, CG_REASON_NONE},
        {"&audience=documents", CG_REASON_RESOURCE_UNKNOWN},
        {"&audience=https://api.example/letters", CG_REASON_RESOURCE_UNKNOWN},
        {"&resource=https://api.example/medicines", CG_REASON_RESOURCE_UNKNOWN},
        {"&audience=" AUDIENCE "&resource=https://api.example/medicines",
         CG_REASON_RESOURCE_UNKNOWN},
    };
    struct scene scene = set_scene(*state);
    struct cg_agreement medicines = {.client = test_span(scene.server.id),
                                     .api = CG_SPAN("medicines"),
                                     .scope = CG_SPAN("medicines.read"),
                                     .from_s = HOUSE_NOW_S};
    (void)house_agree_with(scene.house, &medicines);
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        const struct cg_response *response = exchange(&scene, scene.caller_token, rows[i].more);
        if (response->reason != rows[i].reason) {
            print_error("%s: %s\n", rows[i].more, cg_reason_name(response->reason));
            fail();
        }
        assert_true(response->reason != CG_REASON_NONE ||
                    body_has(response, "\"scope\":\"documents.read\""));
    }
}

static void callers_withdrawn_agreement_gives_nothing(void **state)
{
    struct scene scene = set_scene(*state);
    withdraw(&scene);
    assert_reason(exchange(&scene, scene.caller_token, ""), 400, CG_REASON_SCOPE_NOT_AGREED);
}

/* Who may call the server's API no more has it call nothing for them. */
static void caller_that_may_call_the_server_no_more_is_not_acted_for(void **state)
{
    struct scene scene = set_scene(*state);
    scene.house->agreement = scene.letters;
    withdraw(&scene);
    assert_reason(exchange(&scene, scene.caller_token, ""), 400, CG_REASON_SUBJECT_TOKEN_REFUSED);
}

/* The caller's two agreements are within one of the server's: a place for each. */
static void agreements_are_paired(void **state)
{
    struct scene scene = set_scene(*state);
    struct house *house = scene.house;
    struct cg_span second = house_agree(house, "documents", "documents.write", HOUSE_NOW_S, 0);
    struct cg_span held = house_token(house, "&scope=letters.write+documents.write");
    const struct cg_response *response = exchange(&scene, held, "");
    struct cg_access_token token = claims_of(house, house_token_of(house, response));
    assert_int_equal(token.api_count, 2);
    assert_true(cg_span_equal(token.apis[0].agreement, scene.agreement));
    assert_true(cg_span_equal(token.apis[1].agreement, scene.agreement));
    assert_span_text(token.scope, "documents.write");
    struct cg_span shared = token.behalf.agreements;
    assert_int_equal(shared.len, house->agreement.len + 1 + second.len);
    assert_true(cg_scope_text_has(shared, house->agreement));
    assert_true(cg_scope_text_has(shared, second));
}

#define PLAN "736253002"
#define SUMMARY "861421000000109"
#define NEWS "1363501000000100"
#define TYPE(code) "\"http://snomed.info/sct|" code "\""
#define ODS(code) "\"https://fhir.nhs.uk/Id/ods-organization-code|" code "\""
#define RECORDS "https://api.example/records"
#define OBJECT(actions, members)                                                                   \
    "\"authorization_details\":[{\"type\":\"caregate_documents\",\"locations\":[\"" RECORDS        \
    "\"],\"actions\":[" actions "]" members "}]"
#define READ "\"records.read\""
#define BOTH READ ",\"records.write\""

/* What an agreement on "records" gives. */
struct part {
    const char *scope;
    const char *types;
    const char *organisations;
};

static void agree_records(struct house *house, const char *client, const struct part *part)
{
    struct cg_agreement agreement = {.client = test_span(client),
                                     .api = CG_SPAN("records"),
                                     .scope = test_span(part->scope),
                                     .document_types = test_span(part->types),
                                     .organisations = test_span(part->organisations),
                                     .from_s = HOUSE_NOW_S};
    (void)house_agree_with(house, &agreement);
}

static struct cg_span caller_token(struct house *house, const struct part *part)
{
    struct house_client caller = house_add_client(house, "Caller");
    struct cg_agreement letters = {.client = test_span(caller.id),
                                   .api = CG_SPAN("letters"),
                                   .scope = CG_SPAN("letters.write"),
                                   .from_s = HOUSE_NOW_S};
    (void)house_agree_with(house, &letters);
    agree_records(house, caller.id, part);
    char body[400];
    (void)snprintf(body, sizeof(body),
                   "grant_type=client_credentials&client_id=%s&client_secret=%s", caller.id,
                   caller.secret);
    return house_token_of(house, house_ask(house, "POST", HOUSE_REALM "/oauth/token", body));
}

static const struct {
    const char *label;
    struct part caller;
    struct part server;
    const char *asked; /* objects' members after type and locations, or NULL */
    const char *want;  /* in the answer; NULL: refused */
} meetings[] = {
    {"neither is narrowed",
     {"records.read", "", ""},
     {"records.read records.write", "", ""},
     NULL,
     "\"scope\":\"records.read\"}"},
    {"the caller is",
     {"records.read records.write", PLAN, "RX809"},
     {"records.read records.write", "", ""},
     NULL,
     OBJECT(BOTH, ",\"document_types\":[" TYPE(PLAN) "],\"organisations\":[" ODS("RX809") "]")},
    {"the server is",
     {"records.read", "", ""},
     {"records.read", SUMMARY, ""},
     NULL,
     OBJECT(READ, ",\"document_types\":[" TYPE(SUMMARY) "]")},
    {"both are, and share",
     {"records.read", PLAN " " SUMMARY, "RX809"},
     {"records.read", SUMMARY " " NEWS, ""},
     NULL,
     OBJECT(READ, ",\"document_types\":[" TYPE(SUMMARY) "],\"organisations\":[" ODS("RX809") "]")},
    {"both are, and share nothing",
     {"records.read", PLAN, ""},
     {"records.read", SUMMARY, ""},
     NULL,
     NULL},
    {"organisations without one in common",
     {"records.read", "", "RX809"},
     {"records.read", "", "Y51"},
     NULL,
     NULL},
    {"less is asked for",
     {"records.read records.write", PLAN " " SUMMARY, ""},
     {"records.read records.write", "", "RX809"},
     "\"actions\":[" READ "],\"document_types\":[" TYPE(PLAN) "]",
     OBJECT(READ, ",\"document_types\":[" TYPE(PLAN) "],\"organisations\":[" ODS("RX809") "]")},
    {"more is asked for than the caller may",
     {"records.read", PLAN, ""},
     {"records.read", "", ""},
     "\"document_types\":[" TYPE(PLAN) "," TYPE(NEWS) "]",
     OBJECT(READ, ",\"document_types\":[" TYPE(PLAN) "]")},
    {"only what the caller may not",
     {"records.read", PLAN, ""},
     {"records.read", "", ""},
     "\"document_types\":[" TYPE(NEWS) "]",
     NULL},
};

/* RFC 9396 §7: within both. */
static void narrowing_is_intersected(void **state)
{
    struct scene scene = set_scene(*state);
    struct house *house = scene.house;
    add_api(house, "records", RECORDS, "records.read records.write");
    for (size_t i = 0; i < TEST_COUNT(meetings); i++) {
        scene.server = house_add_client(house, "Letters");
        set_grants(house, scene.server.id, "urn:ietf:params:oauth:grant-type:token-exchange");
        add_introspector(house, "letters", scene.server.id);
        agree_records(house, scene.server.id, &meetings[i].server);
        char more[800] = "";
        if (meetings[i].asked != NULL) {
            (void)snprintf(more, sizeof(more),
                           "&authorization_details=[{\"type\":\"caregate_documents\","
                           "\"locations\":[\"" RECORDS "\"],%s}]",
                           meetings[i].asked);
        }
        const struct cg_response *response =
            exchange(&scene, caller_token(house, &meetings[i].caller), more);
        bool as_wanted = meetings[i].want != NULL
                             ? response->http_status == 200 && body_has(response, meetings[i].want)
                             : response->reason == CG_REASON_SCOPE_NOT_AGREED;
        if (!as_wanted) {
            fail_msg("%s: %.*s", meetings[i].label, CG_SPAN_ARGS(response->body));
        }
    }
}

static bool is_active(const struct scene *scene, struct cg_span token)
{
    const struct cg_response *response =
        house_present(scene->house, HOUSE_REALM "/oauth/introspect", &scene->server, token, NULL);
    assert_reason(response, 200, CG_REASON_NONE);
    return body_has(response, "\"active\":true");
}

static void introspection_tells_on_whose_behalf_a_token_is(void **state)
{
    struct scene scene = set_scene(*state);
    struct cg_span token = house_token_of(scene.house, exchange(&scene, scene.caller_token, ""));
    char want[200];
    (void)snprintf(want, sizeof(want),
                   "\"act\":{\"sub\":\"%s\"},\"on_behalf_of\":{\"client_id\":\"%s\",\"epoch\":0,",
                   scene.server.id, scene.house->client);
    const struct cg_response *response =
        house_present(scene.house, HOUSE_REALM "/oauth/introspect", &scene.server, token, NULL);
    assert_true(body_has(response, want));
}

static void token_is_over_with_what_it_was_exchanged_for(void **state,
                                                         void (*end)(const struct scene *))
{
    struct scene scene = set_scene(*state);
    struct cg_span token = house_token_of(scene.house, exchange(&scene, scene.caller_token, ""));
    assert_true(is_active(&scene, token));
    end(&scene);
    assert_false(is_active(&scene, token));
}

static void token_is_over_when_the_callers_is_revoked(void **state)
{
    token_is_over_with_what_it_was_exchanged_for(state, revoke);
}

static void token_is_over_when_the_caller_is_suspended(void **state)
{
    token_is_over_with_what_it_was_exchanged_for(state, suspend);
}

static void token_is_over_when_the_callers_agreement_is_withdrawn(void **state)
{
    token_is_over_with_what_it_was_exchanged_for(state, withdraw);
}

static void exchanged_token_does_not_outlive_its_subject(void **state)
{
    struct scene scene = set_scene(*state);
    scene.house->now_s += 200;
    assert_true(body_has(exchange(&scene, scene.caller_token, ""), "\"expires_in\":100,"));
    scene.house->now_s += 100;
    assert_reason(exchange(&scene, scene.caller_token, ""), 400, CG_REASON_SUBJECT_TOKEN_REFUSED);
}

#define HOUSED(name) cmocka_unit_test_setup_teardown(name, house_build, house_pull_down)

static const struct CMUnitTest tests[] = {
    HOUSED(system_gets_a_token_for_its_caller),
    HOUSED(token_says_who_acts_and_on_whose_behalf),
    HOUSED(exchanged_token_is_not_exchanged_again),
    HOUSED(jwt_is_a_name_for_an_access_token),
    HOUSED(malformed_exchanges_are_refused),
    HOUSED(client_needs_the_grant),
    HOUSED(who_serves_no_api_of_the_token_exchanges_nothing),
    HOUSED(revoked_subject_token_is_refused),
    HOUSED(token_of_a_suspended_client_is_refused),
    HOUSED(scopes_never_grow),
    HOUSED(callers_withdrawn_agreement_gives_nothing),
    HOUSED(caller_that_may_call_the_server_no_more_is_not_acted_for),
    HOUSED(agreements_are_paired),
    HOUSED(narrowing_is_intersected),
    HOUSED(introspection_tells_on_whose_behalf_a_token_is),
    HOUSED(token_is_over_when_the_callers_is_revoked),
    HOUSED(token_is_over_when_the_caller_is_suspended),
    HOUSED(token_is_over_when_the_callers_agreement_is_withdrawn),
    HOUSED(exchanged_token_does_not_outlive_its_subject),
};

TEST_MAIN(tests)
