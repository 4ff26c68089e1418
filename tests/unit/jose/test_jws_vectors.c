/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RFC 7515 appendix A, RFC 7520 §4 and RFC 8037 appendix A: what is signed with an algorithm that
 * we accept verifies byte for byte, everything else is refused for its reason.
 */
#include "jose_test.h"

#include <openssl/core_names.h>
#include <openssl/param_build.h>
#include <openssl/x509.h>

/* Splits and verifies with the key of a vector under an algorithm; *ret_reason is why not. */
static enum cg_status check_under(const char *jws_vector, const char *key_vector,
                                  enum cg_key_algorithm algorithm, enum cg_reason *ret_reason)
{
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = new_arena();
    CG_CLEANUP(cg_key_free_at) struct cg_key *key = key_of(arena, key_vector, algorithm);
    CG_CLEANUP(cg_verifier_free_at) struct cg_verifier *verifier = NULL;
    assert_ok(cg_verifier_new(key, &verifier));
    struct cg_fault fault = {0};
    struct cg_jws jws = {0};
    enum cg_status status = cg_jws_split(read_vector(arena, jws_vector), arena, &fault, &jws);
    if (status == CG_OK) {
        status = cg_jws_verify(&jws, verifier, &fault);
    }
    *ret_reason = fault.reason;
    return status;
}

static enum cg_status check(const char *jws_vector, const char *key_vector,
                            enum cg_reason *ret_reason)
{
    return check_under(jws_vector, key_vector, CG_KEY_RSA_SHA256, ret_reason);
}

TEST(jws_verifies_the_vectors_of_the_other_algorithms)
{
    static const struct {
        const char *jws;
        const char *jwk;
        enum cg_key_algorithm algorithm;
    } rows[] = {
        {"rfc7515/a3-es256.jws", "rfc7515/a3-private.jwk", CG_KEY_ECDSA_P256},
        {"rfc7520/4.2-ps384.jws", "rfc7520/3.3-public.jwk", CG_KEY_PSS_SHA384},
        {"rfc7520/4.3-es512.jws", "rfc7520/3.1-public.jwk", CG_KEY_ECDSA_P521},
        {"rfc8037/a4-eddsa.jws", "rfc8037/a2-public.jwk", CG_KEY_ED25519},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        enum cg_reason reason = CG_REASON_NONE;
        assert_status_row(rows[i].jws,
                          check_under(rows[i].jws, rows[i].jwk, rows[i].algorithm, &reason), CG_OK);
    }
    enum cg_reason reason = CG_REASON_NONE;
    assert_status(
        check_under("rfc7520/4.2-ps384.jws", "rfc7520/3.3-public.jwk", CG_KEY_PSS_SHA512, &reason),
        CG_ERR_AUTHENTICATION);
    assert_int_equal(reason, CG_REASON_TOKEN_ALGORITHM_REFUSED);
}

TEST(jws_verifies_the_rs256_vectors)
{
    enum cg_reason reason = CG_REASON_NONE;
    assert_ok(check("rfc7515/a2-rs256.jws", "rfc7515/a2-private.jwk", &reason));
    assert_int_equal(reason, CG_REASON_NONE);
    assert_ok(check("rfc7520/4.1-rs256.jws", "rfc7520/3.3-public.jwk", &reason));
    assert_int_equal(reason, CG_REASON_NONE);
}

TEST(jws_refuses_a_vector_under_another_vectors_key)
{
    enum cg_reason reason = CG_REASON_NONE;
    assert_status(check("rfc7515/a2-rs256.jws", "rfc7520/3.3-public.jwk", &reason),
                  CG_ERR_AUTHENTICATION);
    assert_int_equal(reason, CG_REASON_TOKEN_SIGNATURE_INVALID);
}

TEST(jws_refuses_the_other_vectors_for_their_reasons)
{
    static const struct {
        const char *vector;
        enum cg_status want;
        enum cg_reason reason;
    } rows[] = {
        {"rfc7515/a1-hs256.jws", CG_ERR_AUTHENTICATION, CG_REASON_TOKEN_ALGORITHM_REFUSED},
        {"rfc7515/a3-es256.jws", CG_ERR_AUTHENTICATION, CG_REASON_TOKEN_ALGORITHM_REFUSED},
        {"rfc7515/a5-unsecured.jws", CG_ERR_AUTHENTICATION, CG_REASON_TOKEN_ALGORITHM_REFUSED},
        {"rfc7515/a6-general.json", CG_ERR_INPUT, CG_REASON_TOKEN_MALFORMED},
        {"rfc7515/a7-flattened.json", CG_ERR_INPUT, CG_REASON_TOKEN_MALFORMED},
        {"rfc7520/4.2-ps384.jws", CG_ERR_AUTHENTICATION, CG_REASON_TOKEN_ALGORITHM_REFUSED},
        {"rfc7520/4.3-es512.jws", CG_ERR_AUTHENTICATION, CG_REASON_TOKEN_ALGORITHM_REFUSED},
        {"rfc7520/4.4-hs256.jws", CG_ERR_AUTHENTICATION, CG_REASON_TOKEN_ALGORITHM_REFUSED},
        {"rfc7520/4.5-detached.jws", CG_ERR_AUTHENTICATION, CG_REASON_TOKEN_ALGORITHM_REFUSED},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        enum cg_reason reason = CG_REASON_NONE;
        assert_status_row(rows[i].vector, check(rows[i].vector, "rfc7520/3.3-public.jwk", &reason),
                          rows[i].want);
        assert_int_equal(reason, rows[i].reason);
    }
}

TEST(jws_split_gives_the_parts_of_the_vectors)
{
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = new_arena();
    struct cg_span text = read_vector(arena, "rfc7520/4.1-rs256.jws");
    struct cg_jws jws = {0};
    assert_ok(cg_jws_split(text, arena, NULL, &jws));
    assert_span_text(jws.kid, "bilbo.baggins@hobbiton.example");
    assert_null(jws.typ.data);
    assert_int_equal(jws.signature.len, 256);
    assert_true(cg_span_starts_with(jws.payload, CG_SPAN_OF("It\xe2\x80\x99s a dangerous")));
    assert_ptr_equal(jws.signing_input.data, text.data);
    assert_int_equal(text.data[jws.signing_input.len], '.');
    text = read_vector(arena, "rfc7515/a2-rs256.jws");
    assert_ok(cg_jws_split(text, arena, NULL, &jws));
    assert_span_text(jws.payload, "{\"iss\":\"joe\",\r\n \"exp\":1300819380,\r\n "
                                  "\"http://example.com/is_root\":true}");
    assert_null(jws.kid.data);
}

struct member {
    const char *jwk;
    const char *param;
};

/* PKCS #8 of a private JWK, by OpenSSL alone. */
static struct cg_span private_pkcs8(struct cg_arena *arena, const char *vector)
{
    static const struct member members[] = {
        {"n", OSSL_PKEY_PARAM_RSA_N},          {"e", OSSL_PKEY_PARAM_RSA_E},
        {"d", OSSL_PKEY_PARAM_RSA_D},          {"p", OSSL_PKEY_PARAM_RSA_FACTOR1},
        {"q", OSSL_PKEY_PARAM_RSA_FACTOR2},    {"dp", OSSL_PKEY_PARAM_RSA_EXPONENT1},
        {"dq", OSSL_PKEY_PARAM_RSA_EXPONENT2}, {"qi", OSSL_PKEY_PARAM_RSA_COEFFICIENT1},
    };
    CG_CLEANUP(cg_json_free_at) struct cg_json *json = parse_json(read_vector(arena, vector));
    BIGNUM *numbers[TEST_COUNT(members)];
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    for (size_t i = 0; i < TEST_COUNT(members); i++) {
        struct cg_span bytes = jwk_number(arena, cg_json_root(json), members[i].jwk);
        numbers[i] = BN_bin2bn(bytes.data, (int)bytes.len, NULL);
        assert_int_equal(OSSL_PARAM_BLD_push_BN(builder, members[i].param, numbers[i]), 1);
    }
    OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(builder);
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    EVP_PKEY *pkey = NULL;
    assert_int_equal(EVP_PKEY_fromdata_init(context), 1);
    assert_int_equal(EVP_PKEY_fromdata(context, &pkey, EVP_PKEY_KEYPAIR, params), 1);
    PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(pkey);
    uint8_t *der = NULL;
    int len = i2d_PKCS8_PRIV_KEY_INFO(info, &der);
    struct cg_span copy = {0};
    assert_ok(cg_arena_copy(arena, cg_span_of_bytes(der, (size_t)len), &copy));
    OPENSSL_free(der);
    PKCS8_PRIV_KEY_INFO_free(info);
    EVP_PKEY_free(pkey);
    EVP_PKEY_CTX_free(context);
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(builder);
    for (size_t i = 0; i < TEST_COUNT(members); i++) {
        BN_free(numbers[i]);
    }
    return copy;
}

/* RFC 7515 A.2: RSASSA-PKCS1-v1_5 is deterministic, so the same key and input give the same token.
 */
TEST(jws_make_reproduces_the_rs256_vector)
{
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = new_arena();
    CG_CLEANUP(cg_key_free_at) struct cg_key *key = NULL;
    CG_CLEANUP(cg_signer_free_at) struct cg_signer *signer = NULL;
    assert_ok(
        cg_key_from_pkcs8(CG_KEY_RSA_SHA256, private_pkcs8(arena, "rfc7515/a2-private.jwk"), &key));
    assert_ok(cg_signer_new(key, &signer));
    struct cg_buf header;
    struct cg_buf token;
    cg_buf_init_arena(&header, arena, 256);
    cg_buf_init_arena(&token, arena, 4096);
    assert_ok(cg_jws_header(cg_alg_of(CG_KEY_RSA_SHA256), (struct cg_span){NULL, 0},
                            (struct cg_span){NULL, 0}, &header));
    assert_span_text(cg_span_of_bytes(header.data, header.len), "eyJhbGciOiJSUzI1NiJ9");
    assert_ok(cg_jws_make(cg_span_of_bytes(header.data, header.len),
                          CG_SPAN_OF("{\"iss\":\"joe\",\r\n \"exp\":1300819380,\r\n "
                                     "\"http://example.com/is_root\":true}"),
                          signer, &token));
    assert_span_equal(cg_span_of_bytes(token.data, token.len),
                      read_vector(arena, "rfc7515/a2-rs256.jws"));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(jws_verifies_the_vectors_of_the_other_algorithms),
    cmocka_unit_test(jws_verifies_the_rs256_vectors),
    cmocka_unit_test(jws_refuses_a_vector_under_another_vectors_key),
    cmocka_unit_test(jws_refuses_the_other_vectors_for_their_reasons),
    cmocka_unit_test(jws_split_gives_the_parts_of_the_vectors),
    cmocka_unit_test(jws_make_reproduces_the_rs256_vector),
};

TEST_MAIN(tests)
