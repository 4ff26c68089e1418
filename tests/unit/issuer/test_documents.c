/* SPDX-License-Identifier: Apache-2.0 */
#include "house.h"

#include "base/span.h"
#include "codec/json.h"
#include "registry/api.h"
#include "registry/profile.h"
#include "registry/realm.h"
#include "registry/signing_key.h"
#include "test.h"

#define WELL_KNOWN "/.well-known/oauth-authorization-server"
#define OPENID "/.well-known/openid-configuration"

static void metadata_stands_at_both_places(void **state)
{
    static const char *const places[] = {HOUSE_REALM WELL_KNOWN, WELL_KNOWN HOUSE_REALM,
                                         HOUSE_REALM OPENID, OPENID HOUSE_REALM};
    for (size_t i = 0; i < TEST_COUNT(places); i++) {
        const struct cg_response *response = house_ask(*state, "GET", places[i], NULL);
        assert_int_equal(response->http_status, 200);
        struct cg_json *json = NULL;
        assert_ok(cg_json_parse(response->body, 16384, &json));
        struct cg_span value;
        assert_ok(cg_json_member_string(cg_json_root(json), "issuer", &value));
        assert_span_text_row(places[i], value, HOUSE_ISSUER);
        assert_ok(cg_json_member_string(cg_json_root(json), "token_endpoint", &value));
        assert_span_text_row(places[i], value, HOUSE_ISSUER "/oauth/token");
        assert_ok(cg_json_member_string(cg_json_root(json), "jwks_uri", &value));
        assert_span_text_row(places[i], value, HOUSE_ISSUER "/oauth/jwks");
        (void)cg_json_free(json);
    }
}

/* What every endpoint at which clients prove themselves says of it. */
#define CLIENT_AUTH(endpoint)                                                                      \
    "\"" endpoint "_endpoint_auth_methods_supported\":[\"client_secret_post\","                    \
    "\"client_secret_basic\",\"private_key_jwt\"],"                                                \
    "\"" endpoint "_endpoint_auth_signing_alg_values_supported\":[\"RS256\",\"RS384\","            \
    "\"RS512\",\"PS256\",\"PS384\",\"PS512\",\"ES256\",\"ES384\",\"ES512\",\"EdDSA\",\"Ed25519\"]"

static void metadata_says_exactly_what_the_realm_does(void **state)
{
    const struct cg_response *response = house_ask(*state, "GET", HOUSE_REALM WELL_KNOWN, NULL);
    static const char want[] =
        "{\"issuer\":\"" HOUSE_ISSUER "\",\"token_endpoint\":\"" HOUSE_ISSUER "/oauth/token\","
        "\"jwks_uri\":\"" HOUSE_ISSUER "/oauth/jwks\","
        "\"introspection_endpoint\":\"" HOUSE_ISSUER "/oauth/introspect\","
        "\"revocation_endpoint\":\"" HOUSE_ISSUER "/oauth/revoke\","
        "\"scopes_supported\":[\"documents.read\",\"documents.write\",\"medicines.read\"],"
        "\"response_types_supported\":[],\"grant_types_supported\":[\"client_credentials\","
        "\"urn:ietf:params:oauth:grant-type:token-exchange\"]"
        "," CLIENT_AUTH("token") "," CLIENT_AUTH("introspection") "," CLIENT_AUTH(
            "revocation") ","
                          "\"introspection_signing_alg_values_supported\":[\"RS256\"],"
                          "\"dpop_signing_alg_values_supported\":[\"ES256\",\"PS256\",\"EdDSA\","
                          "\"Ed25519\"],"
                          "\"authorization_details_types_supported\":[\"caregate_documents\"]}";
    assert_span_text(response->body, want);
}

static void metadata_announces_where_certificates_are_asked_for(void **state)
{
    struct house *house = *state;
    static const char want[] =
        "\"tls_client_certificate_bound_access_tokens\":true,\"mtls_endpoint_aliases\":{"
        "\"token_endpoint\":\"https://localhost:8445" HOUSE_REALM "/oauth/token\","
        "\"introspection_endpoint\":\"https://localhost:8445" HOUSE_REALM "/oauth/introspect\","
        "\"revocation_endpoint\":\"https://localhost:8445" HOUSE_REALM "/oauth/revoke\"}";
    static const char methods[] = "\"tls_client_auth\",\"self_signed_tls_client_auth\"]";
    char text[16384];
    for (unsigned round = 0; round < 2; round++) {
        const struct cg_response *response = house_ask(house, "GET", HOUSE_REALM WELL_KNOWN, NULL);
        (void)snprintf(text, sizeof(text), "%.*s", CG_SPAN_ARGS(response->body));
        assert_true((strstr(text, want) != NULL) == (round == 1));
        assert_true((strstr(text, methods) != NULL) == (round == 1));
        assert_true((strstr(text, "mtls") != NULL) == (round == 1));
        assert_ok(cg_store_begin(house->registry));
        assert_status(cg_setting_set(house->registry, "mtls_base_url", CG_SPAN_OF("nowhere")),
                      CG_ERR_INPUT);
        assert_ok(
            cg_setting_set(house->registry, "mtls_base_url", CG_SPAN_OF("https://localhost:8445")));
        assert_ok(cg_store_commit(house->registry));
    }
}

#define SMART "/.well-known/smart-configuration"

static void smart_configuration_says_exactly_what_the_realm_does(void **state)
{
    static const char want[] =
        "{\"token_endpoint\":\"" HOUSE_ISSUER "/oauth/token\",\"jwks_uri\":\"" HOUSE_ISSUER
        "/oauth/jwks\",\"introspection_endpoint\":\"" HOUSE_ISSUER "/oauth/introspect\","
        "\"revocation_endpoint\":\"" HOUSE_ISSUER "/oauth/revoke\","
        "\"scopes_supported\":[\"documents.read\",\"documents.write\",\"medicines.read\"],"
        "\"response_types_supported\":[],\"grant_types_supported\":[\"client_credentials\"]"
        "," CLIENT_AUTH("token") ",\"code_challenge_methods_supported\":[\"S256\"],"
                                 "\"capabilities\":[\"client-confidential-symmetric\","
                                 "\"client-confidential-asymmetric\",\"permission-v1\","
                                 "\"permission-v2\"]}";
    static const char *const places[] = {HOUSE_REALM SMART, SMART HOUSE_REALM};
    for (size_t i = 0; i < TEST_COUNT(places); i++) {
        struct cg_request request = {.method = CG_SPAN("GET"),
                                     .path = test_span(places[i]),
                                     .accept = CG_SPAN("application/fhir+json")};
        const struct cg_response *response = house_ask_with(*state, &request);
        assert_int_equal(response->http_status, 200);
        assert_span_text_row(places[i], response->body, want);
        assert_span_text(house_header(response, "Content-Type"), "application/json");
        assert_span_text(house_header(response, "Access-Control-Allow-Origin"), "*");
    }
}

static void set_profile(struct house *house, const char *profile)
{
    struct cg_realm realm;
    assert_ok(cg_realm_find(house->registry, test_span(HOUSE_REALM), house->arena, &realm));
    realm.profile = test_span(profile);
    realm.alg = cg_profile_find(realm.profile)->alg;
    assert_ok(cg_store_begin(house->registry));
    assert_ok(cg_realm_set(house->registry, &realm, NULL));
    assert_ok(cg_store_commit(house->registry));
}

/* SMART App Launch 2.2: asymmetric authentication wants RS384 or ES384. */
static void smart_capabilities_are_those_of_the_profile(void **state)
{
    static const struct {
        const char *profile;
        const char *want;
    } rows[] = {
        {"smart", "\"capabilities\":[\"client-confidential-asymmetric\",\"permission-v1\","
                  "\"permission-v2\"]"},
        {"nhs", "\"capabilities\":[\"permission-v1\",\"permission-v2\"]"},
        {"fapi2", "\"capabilities\":[\"permission-v1\",\"permission-v2\"]"},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        set_profile(*state, rows[i].profile);
        const struct cg_response *response = house_ask(*state, "GET", HOUSE_REALM SMART, NULL);
        if (memmem(response->body.data, response->body.len, rows[i].want, strlen(rows[i].want)) ==
            NULL) {
            fail_msg("%s: %.*s", rows[i].profile, CG_SPAN_ARGS(response->body));
        }
    }
}

static void smart_scopes_of_several_apis_are_listed_once(void **state)
{
    struct house *house = *state;
    for (int i = 0; i < 2; i++) {
        struct cg_api api = {.realm = CG_SPAN(HOUSE_REALM),
                             .name = i == 0 ? CG_SPAN_OF("one") : CG_SPAN_OF("two"),
                             .audience = i == 0 ? CG_SPAN_OF("https://api.example/one")
                                                : CG_SPAN_OF("https://api.example/two"),
                             .scope = CG_SPAN("system/*.rs system/Task.c"),
                             .approvals_wanted = 1,
                             .created_s = HOUSE_NOW_S};
        assert_ok(cg_store_begin(house->registry));
        assert_ok(cg_api_add(house->registry, &api, NULL));
        assert_ok(cg_store_commit(house->registry));
    }
    static const char want[] = "\"medicines.read\",\"system/*.rs\",\"system/Task.c\"],";
    static const char *const places[] = {HOUSE_REALM SMART, HOUSE_REALM WELL_KNOWN};
    for (size_t i = 0; i < TEST_COUNT(places); i++) {
        const struct cg_response *response = house_ask(house, "GET", places[i], NULL);
        assert_non_null(memmem(response->body.data, response->body.len, want, strlen(want)));
    }
}

static void jwks_may_be_kept_for_five_minutes(void **state)
{
    const struct cg_response *response = house_ask(*state, "GET", HOUSE_REALM "/oauth/jwks", NULL);
    assert_int_equal(response->http_status, 200);
    assert_span_text(house_header(response, "Cache-Control"), "max-age=300");
    assert_span_text(house_header(response, "Content-Type"), "application/jwk-set+json");
    struct cg_json *json = NULL;
    assert_ok(cg_json_parse(response->body, 16384, &json));
    assert_int_equal(cg_json_count(cg_json_member(cg_json_root(json), "keys")), 1);
    (void)cg_json_free(json);
}

/* A next key is published before it signs, and the document follows without anybody asking for a
 * reload. */
static void jwks_shows_an_announced_key_at_once(void **state)
{
    struct house *house = *state;
    (void)house_ask(house, "GET", HOUSE_REALM "/oauth/jwks", NULL);
    struct cg_signing_key_order order = {.realm = CG_SPAN(HOUSE_REALM),
                                         .alg = CG_SPAN("RS256"),
                                         .start = CG_KEY_START_NEXT,
                                         .master_key = house->master_key,
                                         .random = &house->random,
                                         .now_s = HOUSE_NOW_S};
    struct cg_span kid;
    assert_ok(cg_store_begin(house->registry));
    assert_ok(cg_signing_key_create(house->registry, &order, house->arena, NULL, &kid));
    assert_ok(cg_store_commit(house->registry));
    const struct cg_response *response = house_ask(house, "GET", HOUSE_REALM "/oauth/jwks", NULL);
    struct cg_json *json = NULL;
    assert_ok(cg_json_parse(response->body, 16384, &json));
    assert_int_equal(cg_json_count(cg_json_member(cg_json_root(json), "keys")), 2);
    (void)cg_json_free(json);
}

static void unknown_places_are_not_found(void **state)
{
    static const char *const paths[] = {
        HOUSE_REALM "/oauth/tokens",
        "/other/oauth/token",
        "/oauth/token",
        HOUSE_REALM,
        HOUSE_REALM "/admin/v1",
        WELL_KNOWN "/nothing",
        HOUSE_REALM "/oauth/token/",
    };
    for (size_t i = 0; i < TEST_COUNT(paths); i++) {
        const struct cg_response *response = house_ask(*state, "GET", paths[i], NULL);
        if (response->http_status != 404 || response->reason != CG_REASON_ENDPOINT_UNKNOWN) {
            print_error("%s: %u\n", paths[i], response->http_status);
            fail();
        }
    }
}

#define HOUSED(name) cmocka_unit_test_setup_teardown(name, house_build, house_pull_down)

static const struct CMUnitTest tests[] = {
    HOUSED(metadata_stands_at_both_places),
    HOUSED(metadata_says_exactly_what_the_realm_does),
    HOUSED(smart_configuration_says_exactly_what_the_realm_does),
    HOUSED(smart_capabilities_are_those_of_the_profile),
    HOUSED(smart_scopes_of_several_apis_are_listed_once),
    HOUSED(jwks_may_be_kept_for_five_minutes),
    HOUSED(jwks_shows_an_announced_key_at_once),
    HOUSED(metadata_announces_where_certificates_are_asked_for),
    HOUSED(unknown_places_are_not_found),
};

TEST_MAIN(tests)
