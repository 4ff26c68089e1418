/* SPDX-License-Identifier: Apache-2.0 */
/* A client against a server that says what a script has. */
#include "base/span.h"
#include "codec/base64url.h"
#include "crypto/certificate.h"
#include "scripted_server.h"
#include "test.h"

#include <caregate/client.h>

#define NOW_S INT64_C(1800000000)
#define BEARER "{\"access_token\":\"tok\",\"token_type\":\"Bearer\",\"expires_in\":300}"
#define DPOP "{\"access_token\":\"tok\",\"token_type\":\"DPoP\",\"expires_in\":300}"

static const struct scripted_answer gives[] = {{.status = 200, .body = BEARER}};

static struct cg_client_config config_for(const struct scripted_server *server)
{
    return (struct cg_client_config){
        .token_url = test_span(scripted_server_url(server)),
        .client_id = test_span("ward 7"),
        .method = CG_CLIENT_SECRET_POST,
        .secret = test_span("s3cret&"),
        .timeout_ms = 5000,
    };
}

static struct cg_client *client_of(const struct cg_client_config *config)
{
    struct cg_client *client = NULL;
    const char *trouble = "";
    if (cg_client_new(config, &trouble, &client) != CG_OK) {
        fail_msg("%s", trouble);
    }
    return client;
}

static void ask(const struct cg_client_config *config, struct cg_client_answer *ret_answer)
{
    struct cg_client *client = client_of(config);
    (void)!cg_client_ask(client, NOW_S, ret_answer);
    (void)cg_client_free(client);
}

/* What the server was sent, as far as it matters: the first request. */
static const char *sent_by(struct cg_client_config *config, struct scripted_server *server)
{
    struct cg_client_answer answer;
    config->token_url = test_span(scripted_server_url(server));
    ask(config, &answer);
    assert_string_equal(answer.trouble, "");
    assert_string_equal(answer.token, "tok");
    return scripted_server_request(server, 0);
}

TEST(a_secret_goes_in_the_form)
{
    struct scripted_server *server = scripted_server_start(gives, 1);
    const struct cg_span resources[] = {CG_SPAN("https://a"), CG_SPAN("https://b")};
    struct cg_client_config config = config_for(server);
    config.scope = test_span("a.read b.read");
    config.resources = resources;
    config.resource_count = 2;
    const char *sent = sent_by(&config, server);
    assert_int_equal(strncmp(sent, "POST /token HTTP/1.1\r\n", 22), 0);
    assert_non_null(strstr(sent, "\r\n\r\ngrant_type=client_credentials&client_id=ward%207&"
                                 "client_secret=s3cret%26&scope=a.read%20b.read&"
                                 "resource=https%3A%2F%2Fa&resource=https%3A%2F%2Fb"));
    assert_null(strstr(sent, "Authorization"));
    assert_null(strstr(sent, "DPoP"));
    scripted_server_stop(server);
}

/* RFC 6749 §2.3.1: "ward%207:s3cret%26" as Basic credentials. */
TEST(a_secret_goes_in_the_header)
{
    struct scripted_server *server = scripted_server_start(gives, 1);
    struct cg_client_config config = config_for(server);
    config.method = CG_CLIENT_SECRET_BASIC;
    const char *sent = sent_by(&config, server);
    assert_non_null(strstr(sent, "\r\nAuthorization: Basic d2FyZCUyMDc6czNjcmV0JTI2\r\n"));
    assert_non_null(strstr(sent, "\r\n\r\ngrant_type=client_credentials"));
    assert_null(strstr(sent, "client_id"));
    assert_null(strstr(sent, "client_secret"));
    scripted_server_stop(server);
}

/* A private key in PEM, of P-256, until the arena is freed. */
static struct cg_span key_in(struct cg_arena *arena)
{
    const struct cg_span host = CG_SPAN("localhost");
    struct cg_dev_certificate made;
    assert_ok(cg_certificate_make(&host, 1, NOW_S, 86400, arena, &made));
    return made.private_key_pem;
}

/* The claims of the JWT that stands after `before` in what was sent. */
static const char *claims_after(const char *sent, const char *before, struct cg_arena *arena)
{
    struct cg_span claims;
    const char *jwt = strstr(sent, before);
    assert_non_null(jwt);
    const char *payload = strchr(jwt, '.') + 1;
    struct cg_span text = cg_span_of_bytes(payload, strcspn(payload, "."));
    assert_ok(cg_base64url_decode_arena(text, arena, &claims));
    struct cg_span copy;
    assert_ok(cg_arena_copy(arena, claims, &copy));
    return (const char *)copy.data;
}

TEST(a_key_signs_an_assertion_for_the_token_url_or_whom_it_is_told)
{
    struct cg_arena *arena = NULL;
    assert_ok(cg_arena_new((size_t)1 << 20, &arena));
    for (int named = 0; named < 2; named++) {
        struct scripted_server *server = scripted_server_start(gives, 1);
        struct cg_client_config config = config_for(server);
        config.method = CG_CLIENT_PRIVATE_KEY_JWT;
        config.secret = (struct cg_span){NULL, 0};
        config.key = key_in(arena);
        config.kid = test_span("k1");
        config.audience = named ? test_span("https://id.example") : config.audience;
        const char *sent = sent_by(&config, server);
        const char *claims = claims_after(sent, "client_assertion=", arena);
        assert_non_null(strstr(sent, "client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-"
                                     "assertion-type%3Ajwt-bearer"));
        assert_non_null(strstr(claims, "\"iss\":\"ward 7\",\"sub\":\"ward 7\""));
        assert_non_null(strstr(claims, "\"exp\":1800000060"));
        assert_non_null(strstr(claims, named ? "https://id.example" : scripted_server_url(server)));
        scripted_server_stop(server);
    }
    (void)cg_arena_free(arena);
}

/* fake_token.c has one key, of Ed25519. */
TEST(a_key_signs_that_stays_in_a_security_module)
{
    static const struct {
        const char *pin;
        const char *module; /* NULL: the one that there is */
        const char *alg;
        const char *says; /* NULL: it signs */
    } rows[] = {
        {"1234", NULL, "", NULL},
        {"1234", NULL, "ES256 EdDSA", NULL},
        {"1234", NULL, "ES256", "of another type"},
        {"1234", "/nowhere/module.so", "", "cannot be loaded"},
    };
    struct cg_client_answer answer;
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        struct scripted_server *server = scripted_server_start(gives, 1);
        struct cg_client_config config = config_for(server);
        config.method = CG_CLIENT_PRIVATE_KEY_JWT;
        config.secret = (struct cg_span){NULL, 0};
        config.key = test_span("pkcs11:token=box;object=key");
        config.alg = test_span(rows[i].alg);
        config.pkcs11_pin = test_span(rows[i].pin);
        config.pkcs11_module =
            test_span(rows[i].module != NULL ? rows[i].module : getenv("CAREGATE_FAKE_TOKEN"));
        ask(&config, &answer);
        if (rows[i].says != NULL) {
            assert_int_equal(answer.outcome, CG_CLIENT_TROUBLED);
            if (strstr(answer.trouble, rows[i].says) == NULL) {
                fail_msg("\"%s\" does not say \"%s\"", answer.trouble, rows[i].says);
            }
        } else {
            assert_string_equal(answer.trouble, "");
            /* {"alg":"EdDSA", */
            assert_non_null(strstr(scripted_server_request(server, 0), "=eyJhbGciOiJFZERTQSIs"));
        }
        scripted_server_stop(server);
    }
}

#define EXCHANGE "urn:ietf:params:oauth:grant-type:token-exchange"
#define ACCESS_TOKEN "urn:ietf:params:oauth:token-type:access_token"

/* RFC 8693 §2.1. */
TEST(a_token_is_exchanged)
{
    struct scripted_server *server = scripted_server_start(gives, 1);
    struct cg_client_config config = config_for(server);
    const struct cg_client_parameter parameters[] = {
        {CG_SPAN("subject_token"), CG_SPAN("eyJ.a.b")},
        {CG_SPAN("subject_token_type"), CG_SPAN(ACCESS_TOKEN)},
        {CG_SPAN("audience"), CG_SPAN("there")},
    };
    config.grant = test_span(EXCHANGE);
    config.parameters = parameters;
    config.parameter_count = TEST_COUNT(parameters);
    const char *sent = sent_by(&config, server);
    assert_non_null(strstr(sent, "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3A"
                                 "token-exchange&"));
    assert_non_null(strstr(sent, "&subject_token=eyJ.a.b&subject_token_type=urn%3Aietf%3Aparams%3A"
                                 "oauth%3Atoken-type%3Aaccess_token&audience=there"));
    assert_null(strstr(sent, "client_credentials"));
    scripted_server_stop(server);
}

#define WANTS_NONCE "{\"error\":\"use_dpop_nonce\"}"

/* RFC 9449 §8. */
TEST(a_nonce_is_put_in_the_proof_and_asked_for_once)
{
    static const struct scripted_answer then_gives[] = {
        {.status = 400, .headers = "DPoP-Nonce: n-1\r\n", .body = WANTS_NONCE},
        {.status = 200, .body = DPOP},
    };
    static const struct scripted_answer never_gives[] = {
        {.status = 401, .headers = "DPoP-Nonce: n-1\r\n", .body = WANTS_NONCE},
    };
    struct cg_arena *arena = NULL;
    struct cg_client_answer answer;
    assert_ok(cg_arena_new((size_t)1 << 20, &arena));
    for (size_t i = 0; i < 2; i++) {
        struct scripted_server *server =
            i == 0 ? scripted_server_start(then_gives, 2) : scripted_server_start(never_gives, 1);
        struct cg_client_config config = config_for(server);
        config.makes_proof_key = true;
        ask(&config, &answer);
        assert_int_equal(answer.outcome, i == 0 ? CG_CLIENT_GOT : CG_CLIENT_REFUSED);
        assert_string_equal(answer.error, i == 0 ? "" : "use_dpop_nonce");
        assert_int_equal(scripted_server_count(server), 2);
        const char *first = claims_after(scripted_server_request(server, 0), "DPoP: ", arena);
        const char *second = claims_after(scripted_server_request(server, 1), "DPoP: ", arena);
        assert_null(strstr(first, "nonce"));
        assert_non_null(strstr(first, "\"htm\":\"POST\""));
        assert_non_null(strstr(second, "\"nonce\":\"n-1\""));
        scripted_server_stop(server);
    }
    assert_int_equal(answer.type, 0);
    (void)cg_arena_free(arena);
}

TEST(a_client_without_a_proof_key_follows_no_nonce)
{
    static const struct scripted_answer answers[] = {
        {.status = 400, .headers = "DPoP-Nonce: n-1\r\n", .body = WANTS_NONCE},
    };
    struct scripted_server *server = scripted_server_start(answers, 1);
    struct cg_client_config config = config_for(server);
    struct cg_client_answer answer;
    ask(&config, &answer);
    assert_int_equal(answer.outcome, CG_CLIENT_REFUSED);
    assert_int_equal(scripted_server_count(server), 1);
    scripted_server_stop(server);
}

TEST(servers_that_fail_or_lie_give_no_token)
{
    static const struct {
        const char *label;
        struct scripted_answer says;
        enum cg_client_outcome outcome;
    } rows[] = {
        {"hangs", {.hangs = true}, CG_CLIENT_UNREACHABLE},
        {"closes", {.status = 0}, CG_CLIENT_UNREACHABLE},
        {"slow", {.status = 200, .body = BEARER, .delay_ms = 5000}, CG_CLIENT_UNREACHABLE},
        {"huge", {.status = 200, .body = BEARER, .padding = 70000}, CG_CLIENT_TOO_LARGE},
        {"large, but not too large",
         {.status = 200, .body = BEARER, .padding = 60000},
         CG_CLIENT_GOT},
        {"redirect to itself",
         {.status = 307, .headers = "Location: /token\r\n", .body = BEARER},
         CG_CLIENT_REDIRECTED},
        {"redirect away",
         {.status = 302, .headers = "Location: http://127.0.0.1:1/\r\n", .body = ""},
         CG_CLIENT_REDIRECTED},
        {"garbage", {.status = 200, .body = "\x01\x02<html>"}, CG_CLIENT_NOT_UNDERSTOOD},
        {"wrong type", {.status = 200, .body = DPOP}, CG_CLIENT_NOT_UNDERSTOOD},
        {"too often",
         {.status = 429, .headers = "Retry-After: 7\r\n", .body = ""},
         CG_CLIENT_RATE_LIMITED},
    };
    struct cg_client_answer answer;
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        struct scripted_server *server = scripted_server_start(&rows[i].says, 1);
        struct cg_client_config config = config_for(server);
        config.timeout_ms = 300;
        ask(&config, &answer);
        if (answer.outcome != rows[i].outcome) {
            fail_msg("%s: %d, %s", rows[i].label, (int)answer.outcome, answer.trouble);
        }
        assert_int_equal(scripted_server_count(server), 1);
        scripted_server_stop(server);
    }
    assert_int_equal(answer.retry_after_s, 7);
}

TEST(a_server_without_tls_proves_nothing)
{
    struct scripted_server *server = scripted_server_start(gives, 1);
    struct cg_client_config config = config_for(server);
    struct cg_client_answer answer;
    char url[128];
    (void)snprintf(url, sizeof(url), "https%s", scripted_server_url(server) + 4);
    config.token_url = test_span(url);
    config.timeout_ms = 1000;
    ask(&config, &answer);
    assert_int_not_equal(answer.outcome, CG_CLIENT_GOT);
    assert_int_equal(scripted_server_count(server), 0);
    scripted_server_stop(server);
}

/* Where nobody listens; what goes to this machine does not ask anybody the way. */
TEST(a_secret_in_the_clear_goes_through_no_proxy)
{
    struct scripted_server *server = scripted_server_start(gives, 1);
    struct cg_client_config config = config_for(server);
    struct cg_client_answer answer;
    assert_int_equal(setenv("http_proxy", "http://127.0.0.1:1", 1), 0);
    assert_int_equal(setenv("all_proxy", "http://127.0.0.1:1", 1), 0);
    ask(&config, &answer);
    assert_int_equal(unsetenv("http_proxy") + unsetenv("all_proxy"), 0);
    assert_string_equal(answer.trouble, "");
    scripted_server_stop(server);
}

static unsigned at_once(void)
{
    return 1;
}

TEST(a_question_is_given_up_when_the_program_stops)
{
    static const struct scripted_answer hangs = {.hangs = true};
    struct scripted_server *server = scripted_server_start(&hangs, 1);
    struct cg_client_config config = config_for(server);
    struct cg_client_answer answer;
    config.stops = at_once;
    config.timeout_ms = 600000;
    ask(&config, &answer);
    assert_int_equal(answer.outcome, CG_CLIENT_UNREACHABLE);
    scripted_server_stop(server);
}

TEST(a_proof_is_for_one_call_with_one_token)
{
    struct cg_arena *arena = NULL;
    struct cg_client_config config = {.token_url = CG_SPAN("https://id.example/token"),
                                      .client_id = CG_SPAN("c"),
                                      .method = CG_CLIENT_SECRET_POST,
                                      .secret = CG_SPAN("s"),
                                      .makes_proof_key = true};
    const struct cg_client_call call = {.method = CG_SPAN("GET"),
                                        .url = CG_SPAN("https://api.example/a?b"),
                                        .token = CG_SPAN("tok"),
                                        .nonce = CG_SPAN("n-2"),
                                        .now_s = NOW_S};
    uint8_t room[CG_CLIENT_PROOF_MAX];
    struct cg_span proof;
    struct cg_client *client = client_of(&config);
    assert_ok(cg_arena_new((size_t)1 << 20, &arena));
    assert_true(cg_client_makes_proofs(client));
    assert_ok(cg_client_prove(client, &call, room, &proof));
    room[proof.len] = '\0';
    const char *claims = claims_after((const char *)room, "eyJ", arena);
    assert_non_null(strstr(claims, "\"htm\":\"GET\",\"htu\":\"https://api.example/a\""));
    assert_non_null(strstr(claims, "\"nonce\":\"n-2\""));
    assert_non_null(strstr(claims, "\"ath\":"));
    (void)cg_client_free(client);
    config.makes_proof_key = false;
    client = client_of(&config);
    assert_false(cg_client_makes_proofs(client));
    assert_status(cg_client_prove(client, &call, room, &proof), CG_ERR_INPUT);
    (void)cg_client_free(client);
    (void)cg_arena_free(arena);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_secret_goes_in_the_form),
    cmocka_unit_test(a_secret_goes_in_the_header),
    cmocka_unit_test(a_key_signs_an_assertion_for_the_token_url_or_whom_it_is_told),
    cmocka_unit_test(a_key_signs_that_stays_in_a_security_module),
    cmocka_unit_test(a_token_is_exchanged),
    cmocka_unit_test(a_nonce_is_put_in_the_proof_and_asked_for_once),
    cmocka_unit_test(a_client_without_a_proof_key_follows_no_nonce),
    cmocka_unit_test(servers_that_fail_or_lie_give_no_token),
    cmocka_unit_test(a_server_without_tls_proves_nothing),
    cmocka_unit_test(a_secret_in_the_clear_goes_through_no_proxy),
    cmocka_unit_test(a_question_is_given_up_when_the_program_stops),
    cmocka_unit_test(a_proof_is_for_one_call_with_one_token),
};

TEST_MAIN(tests)
