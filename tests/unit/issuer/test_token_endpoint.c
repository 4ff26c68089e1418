/* SPDX-License-Identifier: Apache-2.0 */
#include "house.h"

#include "base/span.h"
#include "codec/base64url.h"
#include "codec/json.h"
#include "issuer/slot.h"
#include "registry/credential.h"
#include "test.h"

#define TOKEN_PATH HOUSE_REALM "/oauth/token"
#define FORM "application/x-www-form-urlencoded"

static const char *text_of(struct cg_span span)
{
    static char text[8192];
    (void)snprintf(text, sizeof(text), "%.*s", CG_SPAN_ARGS(span));
    return text;
}

static void assert_error(const char *label, const struct cg_response *response, unsigned status,
                         const char *error, enum cg_reason reason)
{
    char want[64];
    (void)snprintf(want, sizeof(want), "{\"error\":\"%s\",", error);
    if (response->http_status != status || response->reason != reason ||
        strstr(text_of(response->body), want) == NULL) {
        print_error("%s: got %u %s %s\n", label, response->http_status,
                    cg_reason_name(response->reason), text_of(response->body));
        fail();
    }
    assert_span_text_row(label, house_header(response, "Cache-Control"), "no-store");
    assert_span_text_row(label, house_header(response, "Pragma"), "no-cache");
}

/* The payload of the token in the response, parsed; the caller frees. */
static struct cg_json *claims_of(struct house *house, const struct cg_response *response)
{
    assert_int_equal(response->http_status, 200);
    struct cg_json *body = NULL;
    assert_ok(cg_json_parse(response->body, 16384, &body));
    struct cg_span compact;
    assert_ok(cg_json_member_string(cg_json_root(body), "access_token", &compact));
    size_t first = cg_span_find(compact, '.', 0);
    size_t second = cg_span_find(compact, '.', first + 1);
    struct cg_span payload;
    assert_ok(cg_base64url_decode_arena(cg_span_part(compact, first + 1, second - first - 1),
                                        house->arena, &payload));
    (void)cg_json_free(body);
    struct cg_json *claims = NULL;
    assert_ok(cg_json_parse(payload, 16384, &claims));
    return claims;
}

static struct cg_span claim(const struct cg_json *claims, const char *name)
{
    struct cg_span value;
    assert_ok(cg_json_member_string(cg_json_root(claims), name, &value));
    return value;
}

static int64_t claim_number(const struct cg_json *claims, const char *name)
{
    int64_t value = 0;
    assert_ok(cg_json_member_number(cg_json_root(claims), name, &value));
    return value;
}

static void token_response_has_the_documented_members(void **state)
{
    const struct cg_response *response = house_ask_token(*state, "");
    assert_int_equal(response->http_status, 200);
    const char *body = text_of(response->body);
    static const char start[] = "{\"token_type\":\"Bearer\",\"access_token\":\"eyJhbGciOiJSUzI";
    assert_memory_equal(body, start, sizeof(start) - 1);
    assert_non_null(strstr(body, "\",\"refresh_token\":null,\"expires_in\":300,"
                                 "\"scope\":\"documents.read documents.write\"}"));
    assert_span_text(house_header(response, "Content-Type"), "application/json");
    assert_span_text(house_header(response, "Cache-Control"), "no-store");
}

static void token_claims_name_what_is_agreed(void **state)
{
    struct house *house = *state;
    struct cg_json *claims = claims_of(house, house_ask_token(house, ""));
    assert_span_text(claim(claims, "iss"), HOUSE_ISSUER);
    assert_span_text(claim(claims, "sub"), house->client);
    assert_span_text(claim(claims, "client_id"), house->client);
    assert_span_text(claim(claims, "org"), "RYG");
    assert_span_text(claim(claims, "scope"), "documents.read documents.write");
    assert_int_equal(claim_number(claims, "iat"), HOUSE_NOW_S);
    assert_int_equal(claim_number(claims, "exp"), HOUSE_NOW_S + 300);
    assert_int_equal(claim_number(claims, "epoch"), 0);
    assert_int_equal(claim(claims, "jti").len, 22);
    const struct cg_json_value *apis = cg_json_member(cg_json_root(claims), "apis");
    assert_int_equal(cg_json_count(apis), 1);
    struct cg_span name;
    assert_ok(cg_json_string(cg_json_element(apis, 0), &name));
    assert_span_text(name, "documents");
    (void)cg_json_free(claims);
}

static void two_tokens_have_different_ids(void **state)
{
    struct house *house = *state;
    struct cg_json *first = claims_of(house, house_ask_token(house, ""));
    struct cg_json *second = claims_of(house, house_ask_token(house, ""));
    assert_false(cg_span_equal(claim(first, "jti"), claim(second, "jti")));
    (void)cg_json_free(first);
    (void)cg_json_free(second);
}

static void scope_narrows_and_never_widens(void **state)
{
    struct house *house = *state;
    struct cg_json *claims =
        claims_of(house, house_ask_token(house, "&scope=documents.write+medicines.read"));
    assert_span_text(claim(claims, "scope"), "documents.write");
    (void)cg_json_free(claims);
}

static void resource_chooses_among_agreed_apis(void **state)
{
    struct house *house = *state;
    (void)house_agree(house, "medicines", "medicines.read", HOUSE_NOW_S, 0);
    struct cg_json *claims =
        claims_of(house, house_ask_token(house, "&resource=https://api.example/medicines"));
    assert_span_text(claim(claims, "scope"), "medicines.read");
    assert_int_equal(cg_json_count(cg_json_member(cg_json_root(claims), "aud")), 1);
    (void)cg_json_free(claims);
}

static void refusals_follow_the_table(void **state)
{
    struct house *house = *state;
    static const struct {
        const char *label;
        const char *more;
        unsigned status;
        const char *error;
        enum cg_reason reason;
    } rows[] = {
        {"scope not agreed", "&scope=medicines.read", 400, "invalid_scope",
         CG_REASON_SCOPE_NOT_AGREED},
        {"scope malformed", "&scope=a%22b", 400, "invalid_scope", CG_REASON_SCOPE_MALFORMED},
        {"repeated scope", "&scope=a&scope=b", 400, "invalid_request",
         CG_REASON_PARAMETER_REPEATED},
        {"repeated unknown", "&x=1&x=2", 400, "invalid_request", CG_REASON_PARAMETER_REPEATED},
        {"repeated secret", "&client_secret=x", 400, "invalid_request",
         CG_REASON_PARAMETER_REPEATED},
        {"unknown resource", "&resource=https://other.example", 400, "invalid_target",
         CG_REASON_RESOURCE_UNKNOWN},
        {"bad escape", "&x=%zz", 400, "invalid_request", CG_REASON_REQUEST_MALFORMED},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        assert_error(rows[i].label, house_ask_token(house, rows[i].more), rows[i].status,
                     rows[i].error, rows[i].reason);
    }
}

static void malformed_requests_follow_the_table(void **state)
{
    static const struct {
        const char *label;
        const char *body;
        unsigned status;
        const char *error;
        enum cg_reason reason;
    } rows[] = {
        {"no grant type", "client_id=a&client_secret=b", 400, "invalid_request",
         CG_REASON_GRANT_TYPE_MISSING},
        {"empty grant type", "grant_type=&client_id=a&client_secret=b", 400, "invalid_request",
         CG_REASON_GRANT_TYPE_MISSING},
        {"unknown grant type", "grant_type=password&client_id=a&client_secret=b", 400,
         "unsupported_grant_type", CG_REASON_GRANT_TYPE_UNSUPPORTED},
        {"no credentials", "grant_type=client_credentials", 401, "invalid_client",
         CG_REASON_CREDENTIALS_MISSING},
        {"no secret", "grant_type=client_credentials&client_id=a", 401, "invalid_client",
         CG_REASON_CREDENTIALS_MISSING},
        {"unknown client", "grant_type=client_credentials&client_id=a&client_secret=b", 401,
         "invalid_client", CG_REASON_CLIENT_AUTHENTICATION_FAILED},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        const struct cg_response *response = house_ask(*state, "POST", TOKEN_PATH, rows[i].body);
        assert_error(rows[i].label, response, rows[i].status, rows[i].error, rows[i].reason);
        bool challenged = house_header(response, "WWW-Authenticate").len > 0;
        assert_int_equal(challenged, rows[i].status == 401);
    }
}

static void unknown_client_and_wrong_secret_get_the_same_answer(void **state)
{
    struct house *house = *state;
    char body[512];
    (void)snprintf(body, sizeof(body),
                   "grant_type=client_credentials&client_id=%s&client_secret=wrong", house->client);
    struct cg_span known;
    assert_ok(
        cg_arena_copy(house->arena, house_ask(house, "POST", TOKEN_PATH, body)->body, &known));
    const struct cg_response *unknown =
        house_ask(house, "POST", TOKEN_PATH,
                  "grant_type=client_credentials&client_id=nobody&client_secret=wrong");
    assert_span_equal(unknown->body, known);
}

/* What was not answered from memory cost the statements of a load: the same for all that fail. */
static void wrong_secret_costs_what_an_unknown_client_costs(void **state)
{
    struct house *house = *state;
    const struct cg_client_cache *clients = house->slot->clients;
    (void)house_ask_token(house, "");
    assert_int_equal(house_ask_token(house, "")->http_status, 200);
    assert_true(cg_client_cache_was_remembered(clients));
    char body[512];
    (void)snprintf(body, sizeof(body),
                   "grant_type=client_credentials&client_id=%s&client_secret=wrong", house->client);
    assert_int_equal(house_ask(house, "POST", TOKEN_PATH, body)->http_status, 401);
    assert_false(cg_client_cache_was_remembered(clients));
    (void)house_ask(house, "POST", TOKEN_PATH,
                    "grant_type=client_credentials&client_id=nobody&client_secret=wrong");
    assert_false(cg_client_cache_was_remembered(clients));
}

static void basic_credentials_are_refused_beside_body_ones(void **state)
{
    struct house *house = *state;
    struct cg_request request = {.method = CG_SPAN("POST"),
                                 .path = CG_SPAN(TOKEN_PATH),
                                 .content_type = CG_SPAN(FORM),
                                 .authorization = CG_SPAN("Basic YTpi"),
                                 .body = CG_SPAN("grant_type=client_credentials"),
                                 .address = CG_SPAN("127.0.0.1")};
    assert_error("basic, unknown client", house_ask_with(house, &request), 401, "invalid_client",
                 CG_REASON_CLIENT_AUTHENTICATION_FAILED);
    request.body = CG_SPAN_OF("grant_type=client_credentials&client_secret=b");
    assert_error("basic and body", house_ask_with(house, &request), 400, "invalid_request",
                 CG_REASON_CREDENTIALS_TWICE);
    request.body = CG_SPAN_OF("grant_type=client_credentials&client_id=b");
    assert_error("two ids", house_ask_with(house, &request), 400, "invalid_request",
                 CG_REASON_CREDENTIALS_TWICE);
    request.body = CG_SPAN_OF("grant_type=client_credentials&client_id=a");
    assert_error("the same id", house_ask_with(house, &request), 401, "invalid_client",
                 CG_REASON_CLIENT_AUTHENTICATION_FAILED);
}

static void wrong_forms_of_request_are_told_apart(void **state)
{
    struct house *house = *state;
    struct cg_request request = {.method = CG_SPAN("POST"),
                                 .path = CG_SPAN(TOKEN_PATH),
                                 .content_type = CG_SPAN("application/json"),
                                 .body = CG_SPAN("{}"),
                                 .address = CG_SPAN("127.0.0.1")};
    assert_error("json", house_ask_with(house, &request), 415, "invalid_request",
                 CG_REASON_CONTENT_TYPE_WRONG);
    request.content_type = CG_SPAN_OF(FORM "; charset=UTF-8");
    request.body_too_large = 1;
    assert_error("too large", house_ask_with(house, &request), 413, "invalid_request",
                 CG_REASON_REQUEST_TOO_LARGE);
    request.method = CG_SPAN_OF("GET");
    const struct cg_response *response = house_ask_with(house, &request);
    assert_error("method", response, 405, "invalid_request", CG_REASON_METHOD_NOT_ALLOWED);
    assert_span_text(house_header(response, "Allow"), "POST");
}

static void agreement_counts_from_its_first_second_to_its_last(void **state)
{
    struct house *house = *state;
    int64_t from_s = HOUSE_NOW_S + 1000;
    (void)house_agree(house, "medicines", "medicines.read", from_s, from_s + 100);
    static const struct {
        int64_t offset_s;
        unsigned status;
    } rows[] = {{-1, 400}, {0, 200}, {99, 200}, {100, 400}};
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        house->now_s = from_s + rows[i].offset_s;
        assert_int_equal(house_ask_token(house, "&scope=medicines.read")->http_status,
                         rows[i].status);
    }
    house->now_s = from_s + 60;
    struct cg_json *claims = claims_of(house, house_ask_token(house, "&scope=medicines.read"));
    assert_int_equal(claim_number(claims, "exp"), from_s + 100);
    (void)cg_json_free(claims);
}

static void withdrawal_holds_at_once(void **state)
{
    struct house *house = *state;
    assert_int_equal(house_ask_token(house, "")->http_status, 200);
    struct cg_decision decision = {.who = CG_SPAN("Dr Example"), .at_s = house->now_s};
    assert_ok(cg_store_begin(house->registry));
    assert_ok(cg_agreement_withdraw(house->registry, test_span(HOUSE_REALM), house->agreement,
                                    &decision, NULL));
    assert_ok(cg_store_commit(house->registry));
    assert_error("withdrawn", house_ask_token(house, ""), 400, "invalid_scope",
                 CG_REASON_NOTHING_AGREED);
}

static void suspension_holds_at_once_and_resuming_raises_the_epoch(void **state)
{
    struct house *house = *state;
    assert_int_equal(house_ask_token(house, "")->http_status, 200);
    assert_ok(cg_store_begin(house->registry));
    assert_ok(cg_client_suspend(house->registry, test_span(HOUSE_REALM), test_span(house->client),
                                house->now_s, NULL));
    assert_ok(cg_store_commit(house->registry));
    assert_error("suspended", house_ask_token(house, ""), 401, "invalid_client",
                 CG_REASON_CLIENT_AUTHENTICATION_FAILED);
    assert_ok(cg_store_begin(house->registry));
    assert_ok(
        cg_client_resume(house->registry, test_span(HOUSE_REALM), test_span(house->client), NULL));
    assert_ok(cg_store_commit(house->registry));
    struct cg_json *claims = claims_of(house, house_ask_token(house, ""));
    assert_int_equal(claim_number(claims, "epoch"), 1);
    (void)cg_json_free(claims);
}

static void set_auth(struct house *house, const char *profile, enum cg_client_auth auth)
{
    struct cg_client client;
    assert_ok(cg_store_begin(house->registry));
    assert_ok(cg_client_find(house->registry, test_span(HOUSE_REALM), test_span(house->client),
                             house->arena, &client));
    client.profile = test_span(profile);
    client.auth = auth;
    assert_ok(cg_client_set(house->registry, &client, house->arena, NULL));
    assert_ok(cg_store_commit(house->registry));
}

static void secret_of_a_client_that_proves_itself_otherwise_is_refused(void **state)
{
    struct house *house = *state;
    assert_int_equal(house_ask_token(house, "")->http_status, 200);
    set_auth(house, "documented", CG_CLIENT_AUTH_PRIVATE_KEY_JWT);
    assert_error("registered for another", house_ask_token(house, ""), 401, "invalid_client",
                 CG_REASON_CLIENT_AUTHENTICATION_FAILED);
    set_auth(house, "documented", CG_CLIENT_AUTH_SECRET);
    assert_int_equal(house_ask_token(house, "")->http_status, 200);
}

static void secret_is_refused_where_the_realms_profile_knows_none(void **state)
{
    struct house *house = *state;
    struct cg_realm realm;
    assert_ok(cg_store_begin(house->registry));
    assert_ok(cg_realm_find(house->registry, test_span(HOUSE_REALM), house->arena, &realm));
    realm.profile = CG_SPAN_OF("smart");
    assert_ok(cg_realm_set(house->registry, &realm, NULL));
    assert_ok(cg_store_commit(house->registry));
    assert_error("profile", house_ask_token(house, ""), 401, "invalid_client",
                 CG_REASON_CLIENT_AUTHENTICATION_FAILED);
    set_auth(house, "documented", CG_CLIENT_AUTH_SECRET);
    assert_int_equal(house_ask_token(house, "")->http_status, 200);
}

static void revoked_secret_is_refused_at_once(void **state)
{
    struct house *house = *state;
    assert_int_equal(house_ask_token(house, "")->http_status, 200);
    struct cg_secret_revocation revocation = {.realm = CG_SPAN(HOUSE_REALM),
                                              .id = house->secret_id,
                                              .now_s = house->now_s,
                                              .force = true};
    struct cg_credential credential;
    assert_ok(cg_store_begin(house->registry));
    assert_ok(cg_secret_revoke(house->registry, &revocation, house->arena, NULL, &credential));
    assert_ok(cg_store_commit(house->registry));
    assert_error("revoked", house_ask_token(house, ""), 401, "invalid_client",
                 CG_REASON_CLIENT_AUTHENTICATION_FAILED);
}

#define HOUSED(name) cmocka_unit_test_setup_teardown(name, house_build, house_pull_down)

static const struct CMUnitTest tests[] = {
    HOUSED(token_response_has_the_documented_members),
    HOUSED(token_claims_name_what_is_agreed),
    HOUSED(two_tokens_have_different_ids),
    HOUSED(scope_narrows_and_never_widens),
    HOUSED(resource_chooses_among_agreed_apis),
    HOUSED(refusals_follow_the_table),
    HOUSED(malformed_requests_follow_the_table),
    HOUSED(unknown_client_and_wrong_secret_get_the_same_answer),
    HOUSED(wrong_secret_costs_what_an_unknown_client_costs),
    HOUSED(basic_credentials_are_refused_beside_body_ones),
    HOUSED(wrong_forms_of_request_are_told_apart),
    HOUSED(agreement_counts_from_its_first_second_to_its_last),
    HOUSED(withdrawal_holds_at_once),
    HOUSED(suspension_holds_at_once_and_resuming_raises_the_epoch),
    HOUSED(secret_of_a_client_that_proves_itself_otherwise_is_refused),
    HOUSED(secret_is_refused_where_the_realms_profile_knows_none),
    HOUSED(revoked_secret_is_refused_at_once),
};

TEST_MAIN(tests)
