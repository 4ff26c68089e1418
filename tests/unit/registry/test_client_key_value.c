/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/client_key_value.h"

#include "base/arena.h"
#include "base/limits.h"
#include "base/span.h"
#include "base/status.h"
#include "test.h"

#define ARENA_BYTES (1UL << 20)

/* Coordinates of RFC 7515 appendix A.3. */
#define EC_NUMBERS                                                                                 \
    "\"kty\":\"EC\",\"crv\":\"P-256\","                                                            \
    "\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","                                       \
    "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\""
#define EC_KEY(kid) "{" EC_NUMBERS ",\"kid\":\"" kid "\"}"
/* RFC 8037 appendix A.2. */
#define ED_KEY(kid)                                                                                \
    "{\"kty\":\"OKP\",\"crv\":\"Ed25519\","                                                        \
    "\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\",\"kid\":\"" kid "\"}"
#define SET(keys) "{\"keys\":[" keys "]}"

static struct cg_arena *arena;

static int open_arena(void **state)
{
    (void)state;
    return cg_arena_new(ARENA_BYTES, &arena) == CG_OK ? 0 : -1;
}

static int close_arena(void **state)
{
    (void)state;
    arena = cg_arena_free(arena);
    return 0;
}

TEST(what_cannot_be_a_key_is_refused_with_what_to_mend)
{
    static const struct {
        enum cg_client_key_kind kind;
        const char *text;
        const char *says; /* in the sentence */
    } rows[] = {
        {CG_CLIENT_KEY_JWKS, "-----BEGIN PUBLIC KEY-----", "PEM"},
        {CG_CLIENT_KEY_JWKS, "", "not JSON"},
        {CG_CLIENT_KEY_JWKS, "[]", "not a JWK set"},
        {CG_CLIENT_KEY_JWKS, EC_KEY("a"), "not a JWK set"},
        {CG_CLIENT_KEY_JWKS, SET(""), "no key in it"},
        {CG_CLIENT_KEY_JWKS, SET("7"), "not an object"},
        {CG_CLIENT_KEY_JWKS, SET("{" EC_NUMBERS ",\"use\":\"enc\"}"), "no key in it"},
        {CG_CLIENT_KEY_JWKS, SET("{" EC_NUMBERS ",\"d\":\"AA\"}"), "PRIVATE"},
        {CG_CLIENT_KEY_JWKS, SET(EC_KEY("a") ",{\"kty\":\"oct\",\"k\":\"AA\"}"), "PRIVATE"},
        {CG_CLIENT_KEY_JWKS, "{" EC_NUMBERS ",\"d\":\"AA\"}", "PRIVATE"},
        {CG_CLIENT_KEY_JWKS, SET("{\"kty\":\"RSA\",\"n\":\"sXch\",\"e\":\"AQAB\"}"), "2048"},
        {CG_CLIENT_KEY_JWKS, SET("{" EC_NUMBERS ",\"alg\":\"ES384\"}"), "malformed"},
        {CG_CLIENT_KEY_JWKS, SET("{" EC_NUMBERS ",\"alg\":\"HS256\"}"), "malformed"},
        {CG_CLIENT_KEY_JWKS, SET("{\"kty\":\"EC\",\"crv\":\"secp256k1\"}"), "malformed"},
        {CG_CLIENT_KEY_JWKS, SET(EC_KEY("a") "," EC_KEY("a")), "same kid"},
        {CG_CLIENT_KEY_JWKS_URI, "http://client.example/jwks", "https"},
        {CG_CLIENT_KEY_JWKS_URI, "client.example/jwks", "https"},
        {CG_CLIENT_KEY_JWKS_URI, "https://me@client.example/jwks", "user name"},
        {CG_CLIENT_KEY_JWKS_URI, "https://client.example/jwks#k", "fragment"},
        {CG_CLIENT_KEY_JWKS_URI, "file:///etc/passwd", "https"},
        {CG_CLIENT_KEY_CERTIFICATE, "-----BEGIN PUBLIC KEY-----", "one certificate"},
        {CG_CLIENT_KEY_TLS_SUBJECT, "/C=GB/CN=ward", "RFC 4514"},
        {CG_CLIENT_KEY_TLS_SUBJECT, "", "RFC 4514"},
        {CG_CLIENT_KEY_TLS_SAN_DNS, "*.example", "no wildcard"},
        {CG_CLIENT_KEY_TLS_SAN_DNS, "ward.example.", "final dot"},
        {CG_CLIENT_KEY_TLS_SAN_DNS, "-ward.example", "DNS name"},
        {CG_CLIENT_KEY_TLS_SAN_DNS, "ward_1.example", "DNS name"},
        {CG_CLIENT_KEY_TLS_SAN_DNS, "", "DNS name"},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        struct cg_fault fault = {.text = NULL};
        struct cg_span value = {NULL, 0};
        assert_status_row(
            rows[i].text,
            cg_client_key_value_read(rows[i].kind, test_span(rows[i].text), arena, &fault, &value),
            CG_ERR_INPUT);
        assert_non_null(fault.text);
        if (strstr(fault.text, rows[i].says) == NULL) {
            print_error("%s: %s\n", rows[i].text, fault.text);
            fail();
        }
    }
}

TEST(values_are_kept_in_one_form)
{
    static const struct {
        enum cg_client_key_kind kind;
        const char *text;
        const char *kept;
    } rows[] = {
        {CG_CLIENT_KEY_JWKS, "{ \"keys\" : [ " EC_KEY("a") " ] }\n", SET(EC_KEY("a"))},
        {CG_CLIENT_KEY_JWKS, SET(EC_KEY("a") ",{\"kty\":\"RSA\",\"use\":\"enc\"}"),
         SET(EC_KEY("a") ",{\"kty\":\"RSA\",\"use\":\"enc\"}")},
        {CG_CLIENT_KEY_JWKS, SET(EC_KEY("a") "," ED_KEY("a")), SET(EC_KEY("a") "," ED_KEY("a"))},
        {CG_CLIENT_KEY_JWKS_URI, "https://client.example:8443/jwks?v=1",
         "https://client.example:8443/jwks?v=1"},
        {CG_CLIENT_KEY_TLS_SUBJECT, "cn=Ward,o=Trust", "CN=Ward,O=Trust"},
        {CG_CLIENT_KEY_TLS_SAN_DNS, "Ward-1.Example", "ward-1.example"},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        struct cg_span value = {NULL, 0};
        assert_ok(
            cg_client_key_value_read(rows[i].kind, test_span(rows[i].text), arena, NULL, &value));
        assert_span_text_row(rows[i].text, value, rows[i].kept);
    }
}

TEST(a_value_past_the_bound_is_refused)
{
    static char url[CG_LIMIT_CLIENT_KEY_BYTES * 2];
    int len = snprintf(url, sizeof(url), "{\"x\":\"");
    memset(url + len, 'a', CG_LIMIT_CLIENT_KEY_BYTES);
    (void)snprintf(url + len + CG_LIMIT_CLIENT_KEY_BYTES,
                   sizeof(url) - (size_t)len - CG_LIMIT_CLIENT_KEY_BYTES, "\",\"keys\":[%s]}",
                   EC_KEY("a"));
    struct cg_fault fault = {.text = NULL};
    struct cg_span value = {NULL, 0};
    assert_status(
        cg_client_key_value_read(CG_CLIENT_KEY_JWKS, test_span(url), arena, &fault, &value),
        CG_ERR_LIMIT);
    assert_non_null(strstr(fault.text, "longer"));
}

TEST(a_kid_of_another_set_is_refused)
{
    struct cg_fault fault = {.text = NULL};
    assert_status(cg_client_key_value_beside(test_span(SET(EC_KEY("a"))),
                                             test_span(SET(EC_KEY("b") "," EC_KEY("a"))), &fault),
                  CG_ERR_CONFLICT);
    assert_non_null(fault.text);
    assert_ok(
        cg_client_key_value_beside(test_span(SET(EC_KEY("a"))), test_span(SET(EC_KEY("b"))), NULL));
    assert_ok(cg_client_key_value_beside(test_span(SET("{" EC_NUMBERS "}")),
                                         test_span(SET("{" EC_NUMBERS "}")), NULL));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(what_cannot_be_a_key_is_refused_with_what_to_mend),
    cmocka_unit_test(values_are_kept_in_one_form),
    cmocka_unit_test(a_value_past_the_bound_is_refused),
    cmocka_unit_test(a_kid_of_another_set_is_refused),
};

TEST_MAIN_WITH(tests, open_arena, close_arena)
