/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Token exchange (RFC 8693) of a person's ID token. What an ID token must be made of, rule by rule:
 * tests/unit/token/test_id_token.c.
 */
#include "person_kit.h"

#include "assertion_kit.h"
#include "base/span.h"
#include "codec/json.h"
#include "jose/jws.h"
#include "registry/client_upstream.h"
#include "registry/upstream.h"

static void assert_reason(const char *label, const struct cg_response *response, unsigned status,
                          enum cg_reason reason)
{
    if (response->http_status != status || response->reason != reason) {
        fail_msg("%s: %u %s %.*s", label, response->http_status, cg_reason_name(response->reason),
                 CG_SPAN_ARGS(response->body));
    }
}

static bool has(const struct cg_response *response, const char *text)
{
    return memmem(response->body.data, response->body.len, text, strlen(text)) != NULL;
}

/* The claims of the token in a response, in the sample's arena. */
static struct cg_access_token claims_of(const struct person_kit *kit,
                                        const struct cg_response *response)
{
    assert_reason("a token", response, 200, CG_REASON_NONE);
    struct cg_span compact = house_token_of(kit->house, response);
    struct cg_jws jws;
    struct cg_json *json = NULL;
    struct cg_access_token token;
    assert_ok(cg_jws_split(compact, kit->sample.arena, NULL, &jws));
    assert_ok(cg_json_parse(jws.payload, CG_LIMIT_TOKEN_BYTES, &json));
    assert_ok(cg_access_token_read(cg_json_root(json), &token));
    assert_ok(cg_access_token_read_rest(cg_json_root(json), kit->sample.arena, &token));
    struct cg_span *const kept[] = {&token.subject, &token.client_id, &token.scope, &token.idp,
                                    &token.acr};
    for (size_t i = 0; i < TEST_COUNT(kept); i++) {
        assert_ok(cg_arena_copy(kit->sample.arena, *kept[i], kept[i]));
    }
    (void)cg_json_free(json);
    return token;
}

static struct cg_span actor_of(const struct cg_access_token *token)
{
    assert_int_equal(token->behalf.actor_count, 1);
    return token->behalf.actors[0];
}

static struct cg_span changed(const struct person_kit *kit, const char *old_part,
                              const char *new_part)
{
    return person_sign(kit, person_header(kit),
                       sample_replace(&kit->sample, person_claims(kit), old_part, new_part));
}

static void id_token_becomes_a_token_of_the_person_and_the_client(void **state)
{
    const struct person_kit *kit = *state;
    struct cg_span id_token = changed(kit, "\"iss\"", "\"nhs_number\":\"9434765919\",\"iss\"");
    const struct cg_response *response = person_exchange(kit, id_token, "&scope=documents.read");
    assert_true(
        has(response, "\"issued_token_type\":\"urn:ietf:params:oauth:token-type:access_token"));
    struct cg_access_token token = claims_of(kit, response);
    assert_true(cg_span_starts_with(token.subject, CG_SPAN_OF("login:")));
    assert_span_text(token.client_id, kit->house->client);
    assert_span_text(token.scope, "documents.read");
    assert_span_text(token.idp, "login");
    assert_span_text(token.acr, "P9.Cp.Cd");
    assert_int_equal(token.authenticated_s, HOUSE_NOW_S - 5);
    assert_int_equal(token.expires_s, HOUSE_NOW_S + 300);
    assert_int_equal(token.behalf.actor_count, 0);
    assert_int_equal(house_count_events(kit->house, "token_issued"), 1);
    const char *detail = kit_last_detail(kit->house);
    assert_non_null(strstr(detail, "for login:"));
    assert_non_null(strstr(detail, " at P9.Cp.Cd"));
    assert_null(strstr(detail, "9434765919"));
}

static void id_token_is_exchanged_once(void **state)
{
    const struct person_kit *kit = *state;
    struct cg_span id_token = person_token(kit);
    assert_reason("first", person_exchange(kit, id_token, ""), 400, CG_REASON_RESOURCE_AMBIGUOUS);
    assert_reason("mended", person_exchange(kit, id_token, "&scope=documents.read"), 200,
                  CG_REASON_NONE);
    assert_reason("again", person_exchange(kit, id_token, "&scope=documents.read"), 400,
                  CG_REASON_SUBJECT_TOKEN_SPENT);
    assert_string_equal(kit_last_detail(kit->house), "the subject token was exchanged before");
    assert_reason("another", person_exchange(kit, person_token(kit), "&scope=documents.read"), 200,
                  CG_REASON_NONE);
}

/* With a proof by a key, of this jti. */
static const struct cg_response *exchange_bound(const struct person_kit *kit,
                                                const struct prover *prover, const char *jti,
                                                struct cg_span id_token)
{
    struct cg_span claims = sample_text(&kit->sample,
                                        "{\"jti\":\"%s\",\"htm\":\"POST\",\"htu\":\"" HOUSE_ISSUER
                                        "/oauth/token\",\"iat\":%d}",
                                        jti, HOUSE_NOW_S);
    struct cg_request request = {
        .method = CG_SPAN("POST"),
        .path = CG_SPAN(HOUSE_REALM "/oauth/token"),
        .content_type = CG_SPAN("application/x-www-form-urlencoded"),
        .body = person_form(kit, id_token, "&scope=documents.read"),
        .proof = prover_sign(prover, &kit->sample, prover_header(prover, &kit->sample), claims),
        .proof_count = 1,
        .address = CG_SPAN("127.0.0.1"),
    };
    return house_ask_with(kit->house, &request);
}

/* A refusal leaves an ID token as it was, though it comes when the batch is committed. */
static void id_token_is_left_by_a_request_whose_proof_was_used_before(void **state)
{
    const struct person_kit *kit = *state;
    struct cg_span id_token = person_token(kit);
    struct prover prover;
    prover_init(&prover, &kit->sample, "ES256");
    assert_reason("first", exchange_bound(kit, &prover, "id-1", person_token(kit)), 200,
                  CG_REASON_NONE);
    assert_reason("used proof", exchange_bound(kit, &prover, "id-1", id_token), 400,
                  CG_REASON_PROOF_REPLAYED);
    assert_reason("new proof", exchange_bound(kit, &prover, "id-2", id_token), 200, CG_REASON_NONE);
    prover_release(&prover);
}

/* It ends with the ID token, and what is over is not exchanged. */
static void token_does_not_outlive_its_id_token(void **state)
{
    const struct person_kit *kit = *state;
    struct cg_span id_token = changed(kit, "1800003600", "1800000040");
    struct cg_access_token token =
        claims_of(kit, person_exchange(kit, id_token, "&scope=documents.read"));
    assert_int_equal(token.expires_s, HOUSE_NOW_S + 40);
    assert_reason("over", person_exchange(kit, changed(kit, "1800003600", "1800000000"), ""), 400,
                  CG_REASON_SUBJECT_TOKEN_REFUSED);
}

struct bad_token {
    const char *label;
    const char *old_part;
    const char *new_part;
    const char *detail;
};

static void bad_id_token_is_refused_and_the_audit_tells_why(void **state)
{
    static const struct bad_token rows[] = {
        {"iss of nobody", PERSON_ISSUER "\",\"sub", "https://evil.example\",\"sub",
         "the client is registered with no issuer of the ID token's iss"},
        {"iss with a slash more", PERSON_ISSUER "\",\"sub", PERSON_ISSUER "/\",\"sub",
         "the client is registered with no issuer of the ID token's iss"},
        {"aud of another", PERSON_AUDIENCE, "clinic-app",
         "aud of the ID token is not an id that this client is registered with at the issuer"},
        {"a level that will not do", "P9.Cp.Cd", "P0.Cp.Cd",
         "the person was not identified at a level that is accepted here"},
        {"a logout token", "{", "{\"events\":{},",
         "the ID token has events: a logout token is none"},
    };
    const struct person_kit *kit = *state;
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        const struct cg_response *response =
            person_exchange(kit, changed(kit, rows[i].old_part, rows[i].new_part), "");
        assert_reason(rows[i].label, response, 400, CG_REASON_SUBJECT_TOKEN_REFUSED);
        assert_true(has(response, rows[i].detail));
        assert_string_equal(kit_last_detail(kit->house), rows[i].detail);
    }
}

static void id_token_by_another_key_is_refused(void **state)
{
    static const struct {
        const char *old_part;
        const char *new_part;
        const char *detail;
    } rows[] = {
        {"login-1", "login-1", "the signature of the ID token does not hold"},
        {"login-1", "login-2", "none of its issuer's keys has the ID token's kid"},
        {"RS512", "RS256", "alg of the ID token is not the one configured for its issuer"},
    };
    const struct person_kit *kit = *state;
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        struct cg_span header =
            sample_replace(&kit->sample, person_header(kit), rows[i].old_part, rows[i].new_part);
        struct cg_span forged =
            prover_sign(&kit->elsewhere, &kit->sample, header, person_claims(kit));
        assert_reason(rows[i].detail, person_exchange(kit, forged, ""), 400,
                      CG_REASON_SUBJECT_TOKEN_REFUSED);
        assert_string_equal(kit_last_detail(kit->house), rows[i].detail);
    }
}

/* RFC 8693 §5: a token that was made for one client is of no use to another. */
static void id_token_of_one_client_is_not_exchanged_by_another(void **state)
{
    const struct person_kit *kit = *state;
    struct house_client other = house_add_client(kit->house, "Other");
    struct cg_span form = sample_text(
        &kit->sample,
        "grant_type=urn:ietf:params:oauth:grant-type:token-exchange&client_id=%s&client_secret=%s"
        "&subject_token_type=" PERSON_TOKEN_TYPE "&subject_token=%.*s",
        other.id, other.secret, CG_SPAN_ARGS(person_token(kit)));
    const char *text = (const char *)form.data;
    assert_reason("grant", house_ask(kit->house, "POST", HOUSE_REALM "/oauth/token", text), 400,
                  CG_REASON_GRANT_NOT_ALLOWED);
    struct cg_client client;
    assert_ok(cg_client_find(kit->house->registry, CG_SPAN_OF(HOUSE_REALM), test_span(other.id),
                             kit->house->arena, &client));
    client.grants = test_span("urn:ietf:params:oauth:grant-type:token-exchange");
    assert_ok(cg_store_begin(kit->house->registry));
    assert_ok(cg_client_set(kit->house->registry, &client, kit->house->arena, NULL));
    assert_ok(cg_store_commit(kit->house->registry));
    assert_reason("issuer", house_ask(kit->house, "POST", HOUSE_REALM "/oauth/token", text), 400,
                  CG_REASON_SUBJECT_TOKEN_REFUSED);
}

static void retired_provider_is_believed_no_more(void **state)
{
    const struct person_kit *kit = *state;
    struct house *house = kit->house;
    assert_ok(cg_store_begin(house->registry));
    assert_ok(cg_upstream_retire(house->registry, CG_SPAN_OF(HOUSE_REALM), CG_SPAN_OF("login"),
                                 house->now_s, house->arena, NULL));
    assert_ok(cg_store_commit(house->registry));
    assert_reason("retired", person_exchange(kit, person_token(kit), "&scope=documents.read"), 400,
                  CG_REASON_SUBJECT_TOKEN_REFUSED);
}

static void keys_that_cannot_be_fetched_are_temporarily_unavailable(void **state)
{
    const struct person_kit *kit = *state;
    struct house *house = kit->house;
    struct cg_upstream upstream;
    assert_ok(cg_upstream_named(house->registry, CG_SPAN_OF(HOUSE_REALM), CG_SPAN_OF("login"),
                                house->arena, &upstream));
    upstream.jwks = (struct cg_span){NULL, 0};
    upstream.jwks_uri = CG_SPAN_OF("https://auth.login.example/.well-known/jwks.json");
    assert_ok(cg_store_begin(house->registry));
    assert_ok(cg_upstream_set(house->registry, &upstream, &house->random, house->arena, NULL));
    assert_ok(cg_store_commit(house->registry));
    assert_reason("away", person_exchange(kit, person_token(kit), "&scope=documents.read"), 503,
                  CG_REASON_ISSUER_KEYS_UNAVAILABLE);
    assert_string_equal(kit_last_detail(house),
                        "the host of the issuer's keys is not in caregate_fetch_hosts");
}

static void scopes_of_systems_are_not_for_people_nor_theirs_for_systems(void **state)
{
    static const struct {
        const char *vot;
        const char *scope;
    } rows[] = {
        {"P9.Cp.Cd", "patient/*.rs user/*.rs urn:nhsd:apim:user-nhs-login:P9:records"},
        {"P5.Cp", "patient/*.rs user/*.rs urn:nhsd:apim:user-nhs-login:P5:records"},
    };
    const struct person_kit *kit = *state;
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        struct cg_access_token token =
            claims_of(kit, person_exchange(kit, changed(kit, "P9.Cp.Cd", rows[i].vot),
                                           "&audience=https://api.example/records"));
        assert_span_text(token.scope, rows[i].scope);
    }
    struct cg_access_token token =
        claims_of(kit, house_ask_token(kit->house, "&resource=https://api.example/records"));
    assert_span_text(token.scope, "system/*.rs");
    assert_null(token.idp.data);
    assert_reason("a system", person_exchange(kit, person_token(kit), "&scope=system/*.rs"), 400,
                  CG_REASON_SCOPE_NOT_AGREED);
}

/* RFC 8693 §4.1, by name or, as NHS login has it for those who act for others, by ID token. */
static void who_acts_for_the_person_is_told(void **state)
{
    const struct person_kit *kit = *state;
    struct cg_access_token token =
        claims_of(kit, person_exchange(kit, changed(kit, "{", "{\"act\":{\"sub\":\"bob\"},"),
                                       "&scope=documents.read"));
    assert_span_text(actor_of(&token), "login:bob");
    assert_non_null(strstr(kit_last_detail(kit->house), " at P9.Cp.Cd, by login:bob"));
    struct cg_span carer = changed(kit, "{", "{\"name\":\"Bob\",");
    struct cg_span act =
        sample_text(&kit->sample, "{\"act\":{\"sub\":\"%.*s\"},", CG_SPAN_ARGS(carer));
    token = claims_of(kit, person_exchange(kit, changed(kit, "{", (const char *)act.data),
                                           "&scope=documents.read"));
    assert_true(cg_span_starts_with(actor_of(&token), CG_SPAN_OF("login:")));
    assert_false(cg_span_equal(actor_of(&token), token.subject));
    assert_true(actor_of(&token).len < 100);
}

/* Of two names as long as they can be, the audit has both. */
static void audit_has_long_names_whole(void **state)
{
    const struct person_kit *kit = *state;
    char name[CG_LIMIT_SUBJECT_BYTES + 1] = "";
    memset(name, 'a', CG_LIMIT_SUBJECT_BYTES);
    struct cg_span claims =
        sample_text(&kit->sample,
                    "{\"iss\":\"" PERSON_ISSUER "\",\"sub\":\"%s\",\"aud\":\"" PERSON_AUDIENCE
                    "\",\"exp\":1800003600,\"iat\":1800000000,\"vot\":\"P9.Cp\",\"vtm\":\"x\","
                    "\"act\":{\"sub\":\"%.254sb\"}}",
                    name, name);
    assert_reason(
        "long names",
        person_exchange(kit, person_sign(kit, person_header(kit), claims), "&scope=documents.read"),
        200, CG_REASON_NONE);
    const char *detail = kit_last_detail(kit->house);
    assert_string_equal(detail + strlen(detail) - 2, "ab");
}

/* What proves who acts is as good a reason as what proves the person. */
static void token_does_not_outlive_the_id_token_of_who_acts(void **state)
{
    const struct person_kit *kit = *state;
    struct cg_span carer = changed(kit, "1800003600", "1800000040");
    struct cg_span act =
        sample_text(&kit->sample, "{\"act\":{\"sub\":\"%.*s\"},", CG_SPAN_ARGS(carer));
    struct cg_access_token token =
        claims_of(kit, person_exchange(kit, changed(kit, "{", (const char *)act.data),
                                       "&scope=documents.read"));
    assert_int_equal(token.expires_s, HOUSE_NOW_S + 40);
}

static void who_acts_is_proven_like_the_person(void **state)
{
    const struct person_kit *kit = *state;
    const struct cg_span carers[] = {
        prover_sign(&kit->elsewhere, &kit->sample, person_header(kit), person_claims(kit)),
        changed(kit, PERSON_AUDIENCE, "other"),
        changed(kit, "1800003600", "1800000000"),
        changed(kit, "P9.Cp.Cd", "P0.Cp"),
        changed(kit, "{", "{\"act\":{\"sub\":\"eve\"},"),
    };
    for (size_t i = 0; i < TEST_COUNT(carers); i++) {
        struct cg_span act =
            sample_text(&kit->sample, "{\"act\":{\"sub\":\"%.*s\"},", CG_SPAN_ARGS(carers[i]));
        assert_reason("carer", person_exchange(kit, changed(kit, "{", (const char *)act.data), ""),
                      400, CG_REASON_SUBJECT_TOKEN_REFUSED);
    }
}

/* The form's part for an actor. */
static const char *acting(const struct person_kit *kit, struct cg_span actor)
{
    struct cg_span more =
        sample_text(&kit->sample,
                    "&scope=documents.read&actor_token_type=" PERSON_TOKEN_TYPE "&actor_token=%.*s",
                    CG_SPAN_ARGS(actor));
    return (const char *)more.data;
}

/* RFC 8693 §4.4 */
static void actor_token_needs_a_may_act_that_names_its_subject(void **state)
{
    static const struct {
        const char *claim;
        unsigned status;
    } rows[] = {
        {"{", 400},
        {"{\"may_act\":{\"sub\":\"bob\"},", 200},
        {"{\"may_act\":{\"sub\":\"bob\",\"iss\":\"" PERSON_ISSUER "\"},", 200},
        {"{\"may_act\":{\"sub\":\"bob\",\"iss\":\"https://other.example\"},", 400},
        {"{\"may_act\":{\"sub\":\"bo\"},", 400},
        {"{\"may_act\":{\"sub\":\"bob\"},\"act\":{\"sub\":\"eve\"},", 400},
    };
    const struct person_kit *kit = *state;
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        struct cg_span bob = sample_text(
            &kit->sample,
            "{\"iss\":\"" PERSON_ISSUER "\",\"sub\":\"bob\",\"aud\":\"" PERSON_AUDIENCE
            "\",\"exp\":1800003600,\"iat\":1800000000,\"vot\":\"P9.Cp\",\"vtm\":\"x\"}");
        const struct cg_response *response =
            person_exchange(kit, changed(kit, "{", rows[i].claim),
                            acting(kit, person_sign(kit, person_header(kit), bob)));
        assert_reason(rows[i].claim, response, rows[i].status,
                      rows[i].status == 200 ? CG_REASON_NONE : CG_REASON_SUBJECT_TOKEN_REFUSED);
        if (rows[i].status == 200) {
            struct cg_access_token token = claims_of(kit, response);
            assert_span_text(actor_of(&token), "login:bob");
        }
    }
}

static void actor_token_of_another_kind_is_refused(void **state)
{
    const struct person_kit *kit = *state;
    struct cg_span more = sample_text(
        &kit->sample,
        "&actor_token_type=urn:ietf:params:oauth:token-type:access_token&actor_token=%.*s",
        CG_SPAN_ARGS(person_token(kit)));
    assert_reason("kind", person_exchange(kit, person_token(kit), (const char *)more.data), 400,
                  CG_REASON_EXCHANGE_MALFORMED);
}

static void introspection_tells_of_the_person(void **state)
{
    const struct person_kit *kit = *state;
    struct cg_span token = house_token_of(
        kit->house, person_exchange(kit, person_token(kit), "&scope=documents.read"));
    struct house_client own = house_own_client(kit->house);
    const struct cg_response *response =
        house_present(kit->house, HOUSE_REALM "/oauth/introspect", &own, token, NULL);
    static const char want[] = "\"idp\":\"login\",\"acr\":\"P9.Cp.Cd\",\"auth_time\":1799999995";
    assert_true(has(response, want));
}

#define PERSON_TEST(name)                                                                          \
    cmocka_unit_test_setup_teardown(name, person_kit_build, person_kit_pull_down)

static const struct CMUnitTest tests[] = {
    PERSON_TEST(id_token_becomes_a_token_of_the_person_and_the_client),
    PERSON_TEST(id_token_is_exchanged_once),
    PERSON_TEST(id_token_is_left_by_a_request_whose_proof_was_used_before),
    PERSON_TEST(token_does_not_outlive_its_id_token),
    PERSON_TEST(bad_id_token_is_refused_and_the_audit_tells_why),
    PERSON_TEST(id_token_by_another_key_is_refused),
    PERSON_TEST(id_token_of_one_client_is_not_exchanged_by_another),
    PERSON_TEST(retired_provider_is_believed_no_more),
    PERSON_TEST(keys_that_cannot_be_fetched_are_temporarily_unavailable),
    PERSON_TEST(scopes_of_systems_are_not_for_people_nor_theirs_for_systems),
    PERSON_TEST(who_acts_for_the_person_is_told),
    PERSON_TEST(audit_has_long_names_whole),
    PERSON_TEST(token_does_not_outlive_the_id_token_of_who_acts),
    PERSON_TEST(who_acts_is_proven_like_the_person),
    PERSON_TEST(actor_token_needs_a_may_act_that_names_its_subject),
    PERSON_TEST(actor_token_of_another_kind_is_refused),
    PERSON_TEST(introspection_tells_of_the_person),
};
TEST_MAIN(tests)
