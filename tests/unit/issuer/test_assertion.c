/* SPDX-License-Identifier: Apache-2.0 */
/* private_key_jwt: what is refused, for which reason the audit tells and the client does not. */
#include "house.h"

#include "assertion_kit.h"
#include "base/span.h"
#include "issuer/slot.h"
#include "oauth/client_keys.h"
#include "oauth/context.h"
#include "registry/registry.h"
#include "test.h"

#define TOKEN_URL HOUSE_ISSUER "/oauth/token"

/* One assertion: where it differs from one that is right. Absent members are as in that one. */
struct bad {
    const char *label;
    const char *profile; /* NULL: documented */
    const char *header;  /* instead of the right header */
    const char *name;    /* the claim that differs */
    const char *value;   /* its JSON; NULL: left out */
    const char *detail;  /* in the audit */
};

#define IN_FUTURE(claim) "" claim " of the assertion is in the future"
#define WRONG_TYPE "a claim of the assertion has a wrong type: times are whole seconds"
#define NO_JWS "the assertion is not a well-formed compact JWS"
#define UNKNOWN_ALG "the assertion's alg is missing or not one that we know"
#define WRONG_AUD "aud of the assertion is not what the profile asks for"
#define NO_FIT "the client's key is not for the assertion's alg"
#define PROFILE_ALG "the profile does not allow the assertion's alg"
#define NO_KID "none of the client's keys has the assertion's kid"

static const struct bad bads[] = {
    {"no iss", NULL, NULL, "iss", NULL, "iss of the assertion is not the client's id"},
    {"another iss", NULL, NULL, "iss", "\"x\"", "iss of the assertion is not the client's id"},
    {"iss is a number", NULL, NULL, "iss", "7", WRONG_TYPE},
    {"no sub", NULL, NULL, "sub", NULL, "the assertion has no sub"},
    {"empty sub", NULL, NULL, "sub", "\"\"", "the assertion has no sub"},
    {"another sub", NULL, NULL, "sub", "\"nobody-7f3k9q2x\"", "no such client"},
    {"no aud", NULL, NULL, "aud", NULL, "the assertion has no aud"},
    {"aud of another server", NULL, NULL, "aud", "\"https://other.example/oauth/token\"",
     WRONG_AUD},
    {"aud of another realm", NULL, NULL, "aud", "\"https://localhost:8443/vtest/hpca\"", WRONG_AUD},
    {"aud with a slash more", NULL, NULL, "aud", "\"" HOUSE_ISSUER "/\"", WRONG_AUD},
    {"aud in another case", NULL, NULL, "aud", "\"https://LOCALHOST:8443/vlive/hpca\"", WRONG_AUD},
    {"aud is us and another", NULL, NULL, "aud", "[\"" HOUSE_ISSUER "\",\"https://other.example\"]",
     WRONG_AUD},
    {"aud is an empty array", NULL, NULL, "aud", "[]", WRONG_TYPE},
    {"aud is an object", NULL, NULL, "aud", "{}", WRONG_TYPE},
    {"no exp", NULL, NULL, "exp", NULL, "the assertion has no exp"},
    {"exp is now", NULL, NULL, "exp", "1800000000", "the assertion is over: exp is past"},
    {"exp is past", NULL, NULL, "exp", "1799999999", "the assertion is over: exp is past"},
    {"exp too far ahead", NULL, NULL, "exp", "1800000311", "exp of the assertion is too far ahead"},
    {"exp for ever", NULL, NULL, "exp", "9223372036854775807",
     "exp of the assertion is too far ahead"},
    {"exp is a string", NULL, NULL, "exp", "\"1800000300\"", WRONG_TYPE},
    {"exp has a fraction", NULL, NULL, "exp", "1800000300.5", WRONG_TYPE},
    {"exp is negative", NULL, NULL, "exp", "-1", WRONG_TYPE},
    {"iat in the future", NULL, NULL, "iat", "1800000061", IN_FUTURE("iat")},
    {"nbf in the future", NULL, NULL, "nbf", "1800000061", IN_FUTURE("nbf")},
    {"no jti", NULL, NULL, "jti", NULL, "the assertion has no jti"},
    {"empty jti", NULL, NULL, "jti", "\"\"", "the assertion has no jti"},
    {"jti is a number", NULL, NULL, "jti", "1", WRONG_TYPE},
    {"a claim twice", NULL, NULL, "nbf", "1,\"nbf\":2",
     "the assertion's payload is not one JSON object"},
    {"alg none", NULL, "{\"alg\":\"none\"}", NULL, NULL, UNKNOWN_ALG},
    {"no alg", NULL, "{\"kid\":\"k1\"}", NULL, NULL, UNKNOWN_ALG},
    {"alg HS256", NULL, "{\"alg\":\"HS256\",\"kid\":\"k1\"}", NULL, NULL, UNKNOWN_ALG},
    {"alg in another case", NULL, "{\"alg\":\"es256\",\"kid\":\"k1\"}", NULL, NULL, UNKNOWN_ALG},
    {"alg of another curve", NULL, "{\"alg\":\"ES384\",\"kid\":\"k1\"}", NULL, NULL, NO_FIT},
    {"alg of another type", NULL, "{\"alg\":\"RS256\",\"kid\":\"k1\"}", NULL, NULL, NO_FIT},
    {"unknown kid", NULL, "{\"alg\":\"ES256\",\"kid\":\"k9\"}", NULL, NULL, NO_KID},
    {"kid as a path", NULL, "{\"alg\":\"ES256\",\"kid\":\"../../dev/null\"}", NULL, NULL, NO_KID},
    {"kid as SQL", NULL, "{\"alg\":\"ES256\",\"kid\":\"' or 1=1 --\"}", NULL, NULL, NO_KID},
    {"empty kid", NULL, "{\"alg\":\"ES256\",\"kid\":\"\"}", NULL, NULL,
     "kid in the assertion's header is empty"},
    {"kid is a number", NULL, "{\"alg\":\"ES256\",\"kid\":1}", NULL, NULL, NO_JWS},
    {"crit", NULL, "{\"alg\":\"ES256\",\"kid\":\"k1\",\"crit\":[\"exp\"]}", NULL, NULL, NO_JWS},
    {"foreign jku", NULL,
     "{\"alg\":\"ES256\",\"kid\":\"k1\",\"jku\":\"https://evil.example/jwks\"}", NULL, NULL,
     "jku in the assertion's header is not the registered address"},
    {"foreign jku, its name escaped", NULL,
     "{\"alg\":\"ES256\",\"kid\":\"k1\",\"\\u006aku\":\"https://evil.example/jwks\"}", NULL, NULL,
     "jku in the assertion's header is not the registered address"},
    {"jku is a number", NULL, "{\"alg\":\"ES256\",\"kid\":\"k1\",\"jku\":1}", NULL, NULL,
     "jku in the assertion's header is not a string"},
    {"smart: alg", "smart", NULL, NULL, NULL, PROFILE_ALG},
    {"nhs: alg", "nhs", NULL, NULL, NULL, PROFILE_ALG},
    {"nhs: no kid", "nhs", "{\"alg\":\"RS512\",\"typ\":\"JWT\"}", NULL, NULL,
     "the profile demands a kid in the assertion's header"},
    {"nhs: no typ", "nhs", "{\"alg\":\"RS512\",\"kid\":\"r1\"}", NULL, NULL,
     "the profile demands another typ in the assertion's header"},
    {"nhs: aud is the issuer", "nhs", "{\"alg\":\"RS512\",\"typ\":\"JWT\",\"kid\":\"r1\"}", "aud",
     "\"" HOUSE_ISSUER "\"", WRONG_AUD},
    {"nhs: aud is an array", "nhs", "{\"alg\":\"RS512\",\"typ\":\"jwt\",\"kid\":\"r1\"}", "aud",
     "[\"" TOKEN_URL "\"]", "the profile demands an aud that is a string, not an array"},
    {"fapi2: alg", "fapi2", "{\"alg\":\"RS512\",\"kid\":\"r1\"}", NULL, NULL, PROFILE_ALG},
    {"fapi2: aud is the token URL", "fapi2", NULL, "aud", "\"" TOKEN_URL "\"", WRONG_AUD},
    {"fapi2: iat 11 s ahead", "fapi2", NULL, "iat", "1800000011", IN_FUTURE("iat")},
};

static void set_profile(struct house *house, const char *profile)
{
    kit_set_client(house, profile, CG_CLIENT_AUTH_PRIVATE_KEY_JWT);
}

/* The public answer of each is that of an unknown client. */
static void each_bad_assertion_is_refused_for_a_reason_that_the_audit_alone_tells(void **state)
{
    struct house *house = *state;
    char public[1024];
    const struct cg_response *unknown =
        house_ask(house, "POST", HOUSE_REALM "/oauth/token",
                  "grant_type=client_credentials&client_id=nobody&client_secret=wrong");
    (void)snprintf(public, sizeof(public), "%.*s", CG_SPAN_ARGS(unknown->body));
    for (size_t i = 0; i < TEST_COUNT(bads); i++) {
        const struct bad *bad = &bads[i];
        set_profile(house, bad->profile != NULL ? bad->profile : "documented");
        struct kit_assertion assertion = {
            .header = bad->header, .name = bad->name, .value = bad->value};
        const struct cg_response *response = kit_ask(house, &assertion);
        assert_int_equal(response->http_status, 401);
        assert_span_text_row(bad->label, response->body, public);
        assert_string_equal(kit_last_detail(house), bad->detail);
    }
}

static void every_algorithm_that_the_profile_allows_proves_the_client(void **state)
{
    struct house *house = *state;
    static const struct {
        const char *profile;
        const char *header;
        const char *audience;
    } rows[] = {
        {"documented", "{\"alg\":\"ES256\",\"kid\":\"k1\"}", "\"" TOKEN_URL "\""},
        {"documented", "{\"alg\":\"ES256\"}", "\"" HOUSE_ISSUER "\""},
        {"documented", "{\"alg\":\"RS256\",\"kid\":\"r1\"}", "[\"" HOUSE_ISSUER "\"]"},
        {"documented", "{\"alg\":\"PS384\",\"kid\":\"r1\"}",
         "[\"" HOUSE_ISSUER "\",\"" TOKEN_URL "\"]"},
        {"documented", "{\"alg\":\"RS512\"}", "\"" TOKEN_URL "\""},
        {"documented", "{\"alg\":\"EdDSA\",\"kid\":\"o1\"}", "\"" TOKEN_URL "\""},
        {"smart", "{\"alg\":\"RS384\",\"kid\":\"r1\",\"typ\":\"JWT\"}", "\"" TOKEN_URL "\""},
        {"smart", "{\"alg\":\"ES384\",\"kid\":\"k2\",\"typ\":\"JWT\"}", "[\"" TOKEN_URL "\"]"},
        {"nhs", "{\"alg\":\"RS512\",\"kid\":\"r1\",\"typ\":\"JWT\"}", "\"" TOKEN_URL "\""},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        set_profile(house, rows[i].profile);
        struct kit_assertion assertion = {
            .header = rows[i].header, .name = "aud", .value = rows[i].audience};
        const struct cg_response *response = kit_ask(house, &assertion);
        if (response->http_status != 200) {
            print_error("%s %s: %s\n", rows[i].profile, rows[i].header, kit_last_detail(house));
        }
        assert_int_equal(response->http_status, 200);
    }
}

static void aud_may_be_the_alias_where_certificates_are_asked_for(void **state)
{
    struct house *house = *state;
    struct kit_assertion assertion = {
        .name = "aud", .value = "\"https://localhost:8445" HOUSE_REALM "/oauth/token\""};
    assert_int_equal(kit_ask(house, &assertion)->http_status, 401);
    assert_string_equal(kit_last_detail(house), WRONG_AUD);
    assert_ok(cg_store_begin(house->registry));
    assert_ok(
        cg_setting_set(house->registry, "mtls_base_url", CG_SPAN_OF("https://localhost:8445")));
    assert_ok(cg_store_commit(house->registry));
    assert_int_equal(kit_ask(house, &assertion)->http_status, 200);
}

static void a_signature_by_another_key_is_refused(void **state)
{
    struct house *house = *state;
    struct kit_assertion assertion = {.is_forged = true};
    assert_int_equal(kit_ask(house, &assertion)->http_status, 401);
    assert_string_equal(kit_last_detail(house), "the signature of the assertion does not hold");
}

static void an_assertion_is_good_once(void **state)
{
    struct house *house = *state;
    struct kit_assertion assertion = {.jti = "once"};
    assert_int_equal(kit_ask(house, &assertion)->http_status, 200);
    assert_int_equal(kit_ask(house, &assertion)->http_status, 401);
    assert_string_equal(kit_last_detail(house), "the assertion was used before: its jti is spent");
}

#define THROTTLE_BYTES ((size_t)65536)

/* A slot that throttles: two tokens a minute for a client. */
static void throttle(struct house *house)
{
    static _Alignas(64) uint8_t memory[THROTTLE_BYTES];
    static const uint8_t key[CG_THROTTLE_KEY_BYTES] = {9};
    struct cg_issuer_config config = {.store_uri = test_span(house->uri),
                                      .writer = CG_SPAN("test/worker0"),
                                      .master_key = house->master_key,
                                      .token_rate = {2, 60, 2}};
    memset(memory, 0, sizeof(memory));
    assert_ok(cg_throttle_place(memory, sizeof(memory), key, HOUSE_NOW_S, &config.throttle));
    house->slot = cg_issuer_slot_free(house->slot);
    assert_ok(cg_issuer_slot_new(&config, &house->slot));
}

/* Of the address that asked last. */
static bool is_known(struct house *house)
{
    struct cg_throttle_parts parts = {CG_SPAN(HOUSE_REALM), test_span(house->client),
                                      house->exchange->request.address};
    uint64_t pair = cg_throttle_key(house->slot->throttle, CG_THROTTLE_PAIR, &parts);
    return cg_throttle_is_noted(house->slot->throttle, cg_throttle_sibling(pair), house->now_s);
}

static void an_assertion_that_comes_again_proves_nobody_on_the_way_to_its_refusal(void **state)
{
    struct house *house = *state;
    struct kit_assertion picked_up = {.jti = "picked-up"};
    struct kit_assertion fresh = {.jti = NULL};
    throttle(house);
    assert_int_equal(kit_ask(house, &picked_up)->http_status, 200);
    assert_true(is_known(house));
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(kit_ask(house, &picked_up)->http_status, 401);
        assert_false(is_known(house));
    }
    assert_int_equal(kit_ask(house, &fresh)->http_status, 200);
}

/* Else anyone who saw a jti could spend it before its owner. */
static void a_forged_assertion_spends_nothing(void **state)
{
    struct house *house = *state;
    struct kit_assertion forged = {.jti = "mine", .is_forged = true};
    struct kit_assertion mine = {.jti = "mine"};
    assert_int_equal(kit_ask(house, &forged)->http_status, 401);
    assert_int_equal(kit_ask(house, &mine)->http_status, 200);
}

static void client_id_beside_the_assertion_must_be_its_subject(void **state)
{
    struct house *house = *state;
    char more[128];
    (void)snprintf(more, sizeof(more), "&client_id=%s", house->client);
    struct kit_assertion assertion = {.more = more};
    assert_int_equal(kit_ask(house, &assertion)->http_status, 200);
    assertion.more = "&client_id=another";
    assert_int_equal(kit_ask(house, &assertion)->http_status, 401);
    assert_string_equal(kit_last_detail(house), "client_id is not the sub of the assertion");
}

static void an_assertion_stands_alone_and_names_its_type(void **state)
{
    struct house *house = *state;
    static const struct {
        const char *label;
        const char *type;
        const char *more;
    } rows[] = {
        {"no type", "", ""},
        {"another type", "&client_assertion_type=urn:x", ""},
        {"with a secret", NULL, "&client_secret=x"},
        {"twice", NULL, "&client_assertion=a"},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        struct kit_assertion assertion = {.type = rows[i].type, .more = rows[i].more};
        assert_int_equal(kit_ask(house, &assertion)->http_status, 400);
    }
    assert_int_equal(house_ask(house, "POST", HOUSE_REALM "/oauth/token",
                               "grant_type=client_credentials&client_assertion_type=" KIT_TYPE)
                         ->http_status,
                     400);
}

static void a_client_of_another_method_is_refused_with_a_good_assertion(void **state)
{
    struct house *house = *state;
    kit_set_client(house, "documented", CG_CLIENT_AUTH_SECRET);
    struct kit_assertion assertion = {.jti = NULL};
    assert_int_equal(kit_ask(house, &assertion)->http_status, 401);
    assert_string_equal(kit_last_detail(house),
                        "the client is registered for another way of authentication");
}

static void a_revoked_key_proves_nothing(void **state)
{
    struct house *house = *state;
    struct kit_assertion assertion = {.jti = NULL};
    assert_int_equal(kit_ask(house, &assertion)->http_status, 200);
    kit_revoke_keys(house);
    assert_int_equal(kit_ask(house, &assertion)->http_status, 401);
    assert_string_equal(kit_last_detail(house), "no keys are registered for the client");
}

/* With two keys of one kid the client itself cannot say which it means. */
static void a_kid_that_two_keys_have_is_refused(void **state)
{
    struct house *house = *state;
    kit_add_keys(house);
    struct kit_assertion assertion = {.jti = NULL};
    assert_int_equal(kit_ask(house, &assertion)->http_status, 401);
    assert_string_equal(kit_last_detail(house),
                        "two of the client's keys have the assertion's kid");
}

static size_t work_of(struct house *house, const struct kit_assertion *assertion)
{
    const struct cg_response *response = kit_ask_unfinished(house, assertion);
    assert_int_equal(response->http_status, 401);
    return kit_verifications(house);
}

/* Counted, not timed: whoever is named, with a kid one verification, without one so many as are
 * tried at most. */
static void a_refusal_costs_the_same_whoever_is_named(void **state)
{
    struct house *house = *state;
    static const struct {
        const char *label;
        const char *header;
        const char *name;
        const char *value;
        size_t verifications;
    } rows[] = {
        {"wrong signature", NULL, NULL, NULL, 1},
        {"unknown client", NULL, "sub", "\"nobody-7f3k9q2x\"", 1},
        {"unknown kid", "{\"alg\":\"ES256\",\"kid\":\"k9\"}", NULL, NULL, 1},
        {"no fitting key", "{\"alg\":\"ES512\",\"kid\":\"k1\"}", NULL, NULL, 1},
        {"no kid, wrong signature", "{\"alg\":\"ES256\"}", NULL, NULL, CG_CLIENT_KEYS_TRIED},
        {"no kid, unknown client", "{\"alg\":\"ES256\"}", "sub", "\"nobody-7f3k9q2x\"",
         CG_CLIENT_KEYS_TRIED},
        {"no kid, no fitting key", "{\"alg\":\"ES512\"}", NULL, NULL, CG_CLIENT_KEYS_TRIED},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        struct kit_assertion assertion = {.header = rows[i].header,
                                          .name = rows[i].name,
                                          .value = rows[i].value,
                                          .is_forged = true};
        size_t work = work_of(house, &assertion);
        if (work != rows[i].verifications) {
            print_error("%s: %zu verifications\n", rows[i].label, work);
        }
        assert_int_equal(work, rows[i].verifications);
    }
}

#define IN_HOUSE(test) cmocka_unit_test_setup_teardown(test, kit_build, house_pull_down)

static const struct CMUnitTest tests[] = {
    IN_HOUSE(each_bad_assertion_is_refused_for_a_reason_that_the_audit_alone_tells),
    IN_HOUSE(every_algorithm_that_the_profile_allows_proves_the_client),
    IN_HOUSE(aud_may_be_the_alias_where_certificates_are_asked_for),
    IN_HOUSE(a_signature_by_another_key_is_refused),
    IN_HOUSE(an_assertion_is_good_once),
    IN_HOUSE(an_assertion_that_comes_again_proves_nobody_on_the_way_to_its_refusal),
    IN_HOUSE(a_forged_assertion_spends_nothing),
    IN_HOUSE(client_id_beside_the_assertion_must_be_its_subject),
    IN_HOUSE(an_assertion_stands_alone_and_names_its_type),
    IN_HOUSE(a_client_of_another_method_is_refused_with_a_good_assertion),
    IN_HOUSE(a_revoked_key_proves_nothing),
    IN_HOUSE(a_kid_that_two_keys_have_is_refused),
    IN_HOUSE(a_refusal_costs_the_same_whoever_is_named),
};

TEST_MAIN_WITH(tests, kit_prepare, kit_put_away)
