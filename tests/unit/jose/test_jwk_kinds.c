/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys on curves, and keys that name no algorithm.
 */
#include "jose_test.h"

#include "jose/jwks.h"

#define EC_NUMBERS                                                                                 \
    "\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","                                       \
    "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\""
#define P256 "{\"kty\":\"EC\",\"crv\":\"P-256\"," EC_NUMBERS
#define OKP_NUMBER "\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\""
#define ED25519 "{\"kty\":\"OKP\",\"crv\":\"Ed25519\"," OKP_NUMBER

static enum cg_status parse(struct cg_span text, enum cg_jwk_rule rule, struct cg_jwk *ret_jwk)
{
    CG_CLEANUP(cg_json_free_at) struct cg_json *json = parse_json(text);
    return cg_jwk_parse(cg_json_root(json), rule, ret_jwk);
}

static const struct {
    const char *label;
    const char *jwk;
    enum cg_status want;
} curve_rows[] = {
    {"P-256", P256 ",\"alg\":\"ES256\"}", CG_OK},
    {"Ed25519", ED25519 ",\"alg\":\"EdDSA\"}", CG_OK},
    {"Ed25519 with a y, which is none of its members", ED25519 ",\"y\":\"AA\",\"alg\":\"EdDSA\"}",
     CG_OK},
    {"for signatures", P256 ",\"alg\":\"ES256\",\"use\":\"sig\",\"key_ops\":[\"verify\"]}", CG_OK},
    {"for encryption", P256 ",\"alg\":\"ES256\",\"use\":\"enc\"}", CG_ERR_INPUT},
    {"private", P256 ",\"alg\":\"ES256\",\"d\":\"AA\"}", CG_ERR_INPUT},
    {"private Ed25519", ED25519 ",\"alg\":\"EdDSA\",\"d\":\"AA\"}", CG_ERR_INPUT},
    {"alg of another curve", P256 ",\"alg\":\"ES384\"}", CG_ERR_INPUT},
    {"alg of another type", P256 ",\"alg\":\"EdDSA\"}", CG_ERR_INPUT},
    {"alg of RSA", P256 ",\"alg\":\"PS256\"}", CG_ERR_INPUT},
    {"alg for encryption", P256 ",\"alg\":\"ECDH-ES\"}", CG_ERR_INPUT},
    {"no alg", P256 "}", CG_ERR_INPUT},
    {"no curve", "{\"kty\":\"EC\",\"alg\":\"ES256\"," EC_NUMBERS "}", CG_ERR_INPUT},
    {"curve of another case", "{\"kty\":\"EC\",\"alg\":\"ES256\",\"crv\":\"p-256\"," EC_NUMBERS "}",
     CG_ERR_INPUT},
    {"curve a number", "{\"kty\":\"EC\",\"alg\":\"ES256\",\"crv\":256," EC_NUMBERS "}",
     CG_ERR_INPUT},
    {"the curve of Bitcoin",
     "{\"kty\":\"EC\",\"alg\":\"ES256\",\"crv\":\"secp256k1\"," EC_NUMBERS "}", CG_ERR_INPUT},
    {"P-256's point for P-384",
     "{\"kty\":\"EC\",\"alg\":\"ES384\",\"crv\":\"P-384\"," EC_NUMBERS "}", CG_ERR_INPUT},
    {"an X25519 key", "{\"kty\":\"OKP\",\"alg\":\"EdDSA\",\"crv\":\"X25519\"," OKP_NUMBER "}",
     CG_ERR_INPUT},
    {"an Ed448 key", "{\"kty\":\"OKP\",\"alg\":\"EdDSA\",\"crv\":\"Ed448\"," OKP_NUMBER "}",
     CG_ERR_INPUT},
    {"kty EC with an Edwards curve",
     "{\"kty\":\"EC\",\"alg\":\"EdDSA\",\"crv\":\"Ed25519\"," OKP_NUMBER "}", CG_ERR_INPUT},
    {"no x", "{\"kty\":\"OKP\",\"alg\":\"EdDSA\",\"crv\":\"Ed25519\"}", CG_ERR_INPUT},
    {"no y",
     "{\"kty\":\"EC\",\"crv\":\"P-256\",\"alg\":\"ES256\","
     "\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\"}",
     CG_ERR_INPUT},
    {"a point that is not on the curve",
     "{\"kty\":\"EC\",\"crv\":\"P-256\",\"alg\":\"ES256\","
     "\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","
     "\"y\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\"}",
     CG_ERR_INPUT},
    {"a point of small order",
     "{\"kty\":\"OKP\",\"alg\":\"EdDSA\",\"crv\":\"Ed25519\","
     "\"x\":\"AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}",
     CG_ERR_INPUT},
    {"the standard alphabet of base64",
     "{\"kty\":\"EC\",\"crv\":\"P-256\",\"alg\":\"ES256\","
     "\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","
     "\"y\":\"x/FEzRu9m36HLN/tue659LNpXW6pCyStikYjKIWI5a0\"}",
     CG_ERR_INPUT},
};

TEST(jwk_parse_reads_keys_on_curves)
{
    for (size_t i = 0; i < TEST_COUNT(curve_rows); i++) {
        CG_CLEANUP(cg_jwk_release) struct cg_jwk jwk = {.key = NULL};
        assert_status_row(curve_rows[i].label,
                          parse(test_span(curve_rows[i].jwk), CG_JWK_NAMES_ALG, &jwk),
                          curve_rows[i].want);
        assert_int_equal(jwk.key != NULL, curve_rows[i].want == CG_OK);
    }
}

/* RFC 7517 §4.4: alg is optional. The verifier's own rules choose, within the key's type. */
TEST(jwk_without_alg_is_good_for_each_algorithm_of_its_type)
{
    static const struct {
        const char *vector;
        const char *algs; /* which fit */
    } rows[] = {
        {"rfc7520/3.3-public.jwk", "RS256 RS384 RS512 PS256 PS384 PS512 "},
        {"rfc7520/3.1-public.jwk", "ES512 "},
        {"rfc8037/a2-public.jwk", "EdDSA "},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = new_arena();
        CG_CLEANUP(cg_jwk_release) struct cg_jwk jwk = {.key = NULL};
        assert_ok(parse(read_vector(arena, rows[i].vector), CG_JWK_MAY_NAME_ALG, &jwk));
        assert_null(jwk.alg);
        for (size_t at = 0; cg_alg_at(at) != NULL; at++) {
            const struct cg_alg *alg = cg_alg_at(at);
            CG_CLEANUP(cg_key_free_at) struct cg_key *key = NULL;
            char name[8] = {0};
            memcpy(name, alg->name.data, alg->name.len);
            name[alg->name.len] = ' ';
            bool fits = strstr(rows[i].algs, name) != NULL;
            assert_int_equal(cg_jwk_fits(&jwk, alg), fits);
            assert_status_row(name, cg_jwk_key_under(&jwk, alg, &key), fits ? CG_OK : CG_ERR_INPUT);
            assert_true(!fits || cg_alg_of(cg_key_algorithm_of(key)) == alg);
        }
    }
}

TEST(jwk_with_alg_is_good_for_that_alone)
{
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = new_arena();
    static const enum cg_jwk_rule rules[] = {CG_JWK_NAMES_ALG, CG_JWK_MAY_NAME_ALG};
    for (size_t i = 0; i < TEST_COUNT(rules); i++) {
        CG_CLEANUP(cg_jwk_release) struct cg_jwk jwk = {.key = NULL};
        assert_ok(parse(read_vector(arena, "rfc7638/3.1.jwk"), rules[i], &jwk));
        for (size_t at = 0; cg_alg_at(at) != NULL; at++) {
            bool fits = cg_span_equal_string(cg_alg_at(at)->name, "RS256");
            CG_CLEANUP(cg_key_free_at) struct cg_key *key = NULL;
            assert_int_equal(cg_jwk_fits(&jwk, cg_alg_at(at)), fits);
            assert_status(cg_jwk_key_under(&jwk, cg_alg_at(at), &key), fits ? CG_OK : CG_ERR_INPUT);
        }
    }
}

TEST(jwk_that_may_leave_alg_out_may_not_name_a_wrong_one)
{
    static const char *const texts[] = {
        P256 ",\"alg\":\"HS256\"}",
        P256 ",\"alg\":null}",
        P256 ",\"alg\":\"\"}",
        P256 ",\"alg\":\"ES384\"}",
        P256 ",\"alg\":\"none\"}",
        "{\"kty\":\"oct\",\"k\":\"AA\"}",
        "{\"kty\":\"oct\"}",
        "{\"crv\":\"P-256\"," EC_NUMBERS "}",
        "{\"kty\":\"EC\",\"crv\":\"secp256k1\"," EC_NUMBERS "}",
    };
    for (size_t i = 0; i < TEST_COUNT(texts); i++) {
        struct cg_jwk jwk = {.key = NULL};
        assert_status_row(texts[i], parse(test_span(texts[i]), CG_JWK_MAY_NAME_ALG, &jwk),
                          CG_ERR_INPUT);
        assert_null(jwk.key);
    }
}

TEST(jwks_holds_keys_of_several_types_and_only_where_allowed_without_alg)
{
    CG_CLEANUP(cg_json_free_at)
    struct cg_json *json =
        parse_json(CG_SPAN_OF("{\"keys\":[" P256 ",\"alg\":\"ES256\",\"kid\":\"a\"}," ED25519
                              ",\"alg\":\"EdDSA\",\"kid\":\"b\"}," ED25519 ",\"kid\":\"c\"}]}"));
    CG_CLEANUP(cg_jwks_free_at) struct cg_jwks *strict = NULL;
    CG_CLEANUP(cg_jwks_free_at) struct cg_jwks *open = NULL;
    assert_ok(cg_jwks_parse(cg_json_root(json), CG_JWK_NAMES_ALG, &strict));
    assert_ok(cg_jwks_parse(cg_json_root(json), CG_JWK_MAY_NAME_ALG, &open));
    assert_int_equal(cg_jwks_count(strict), 2);
    assert_int_equal(cg_jwks_count(open), 3);
    assert_span_text(cg_jwks_find(strict, CG_SPAN_OF("a"))->alg->name, "ES256");
    assert_span_text(cg_jwks_find(strict, CG_SPAN_OF("b"))->alg->name, "EdDSA");
    assert_null(cg_jwks_find(strict, CG_SPAN_OF("c")));
    assert_null(cg_jwks_find(open, CG_SPAN_OF("c"))->alg);
}

static struct cg_span written(struct cg_arena *arena, const struct cg_key *key)
{
    struct cg_buf buf;
    struct cg_json_writer writer;
    struct cg_span text = {0};
    cg_buf_init_arena(&buf, arena, VECTOR_BYTES);
    cg_json_begin(&writer, &buf);
    assert_ok(cg_jwk_write(key, CG_SPAN_OF("k1"), &writer));
    assert_ok(cg_buf_finish(&buf, &text));
    return text;
}

TEST(jwk_write_writes_keys_on_curves)
{
    static const struct {
        const char *jwk;
        const char *want;
    } rows[] = {
        {P256 ",\"alg\":\"ES256\"}", "{\"kty\":\"EC\",\"use\":\"sig\",\"alg\":\"ES256\",\"kid\":"
                                     "\"k1\",\"crv\":\"P-256\"," EC_NUMBERS "}"},
        {ED25519 ",\"alg\":\"EdDSA\"}",
         "{\"kty\":\"OKP\",\"use\":\"sig\",\"alg\":\"EdDSA\",\"kid\":\"k1\","
         "\"crv\":\"Ed25519\"," OKP_NUMBER "}"},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = new_arena();
        CG_CLEANUP(cg_jwk_release) struct cg_jwk jwk = {.key = NULL};
        assert_ok(parse(test_span(rows[i].jwk), CG_JWK_NAMES_ALG, &jwk));
        assert_span_text(written(arena, jwk.key), rows[i].want);
    }
}

TEST(jwk_of_every_algorithm_is_written_and_read_with_one_thumbprint)
{
    for (size_t i = 0; cg_alg_at(i) != NULL; i++) {
        const struct cg_alg *alg = cg_alg_at(i);
        CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = new_arena();
        CG_CLEANUP(cg_key_free_at) struct cg_key *key = NULL;
        CG_CLEANUP(cg_jwk_release) struct cg_jwk jwk = {.key = NULL};
        char made[CG_THUMBPRINT_CHARS + 1];
        char read[CG_THUMBPRINT_CHARS + 1];
        assert_ok(cg_key_generate(alg->key_algorithm, alg->default_bits, &key));
        assert_ok(parse(written(arena, key), CG_JWK_NAMES_ALG, &jwk));
        assert_ptr_equal(jwk.alg, alg);
        assert_ok(cg_jwk_thumbprint(key, made));
        assert_ok(cg_jwk_thumbprint(jwk.key, read));
        assert_string_equal(made, read);
    }
}

/* RFC 8037 appendix A.3; that of the EC key is what jwcrypto computes. */
TEST(jwk_thumbprint_of_a_curves_key_begins_with_its_curve)
{
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = new_arena();
    CG_CLEANUP(cg_jwk_release) struct cg_jwk okp = {.key = NULL};
    CG_CLEANUP(cg_jwk_release) struct cg_jwk ec = {.key = NULL};
    char text[CG_THUMBPRINT_CHARS + 1];
    assert_ok(parse(read_vector(arena, "rfc8037/a2-public.jwk"), CG_JWK_MAY_NAME_ALG, &okp));
    assert_ok(cg_jwk_thumbprint(okp.key, text));
    assert_span_equal(test_span(text), read_vector(arena, "rfc8037/a3.thumbprint"));
    assert_ok(parse(read_vector(arena, "rfc7520/3.1-public.jwk"), CG_JWK_MAY_NAME_ALG, &ec));
    assert_ok(cg_jwk_thumbprint(ec.key, text));
    assert_span_text(test_span(text), "dHri3SADZkrush5HU_50AoRhcKFryN-PI6jPBtPL55M");
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(jwk_parse_reads_keys_on_curves),
    cmocka_unit_test(jwk_without_alg_is_good_for_each_algorithm_of_its_type),
    cmocka_unit_test(jwk_with_alg_is_good_for_that_alone),
    cmocka_unit_test(jwk_that_may_leave_alg_out_may_not_name_a_wrong_one),
    cmocka_unit_test(jwks_holds_keys_of_several_types_and_only_where_allowed_without_alg),
    cmocka_unit_test(jwk_write_writes_keys_on_curves),
    cmocka_unit_test(jwk_of_every_algorithm_is_written_and_read_with_one_thumbprint),
    cmocka_unit_test(jwk_thumbprint_of_a_curves_key_begins_with_its_curve),
};

TEST_MAIN(tests)
