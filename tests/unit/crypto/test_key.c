/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto_test.h"

#include "base/limits.h"
#include "crypto/sign.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#define ODD_END 1
#define NO_END 0

/* A number of `len` bytes that begins with `head` and ends with `tail`. */
static struct cg_span number(struct cg_arena *arena, size_t len, uint8_t head, uint8_t tail)
{
    void *memory = NULL;
    assert_ok(cg_arena_take(arena, len, &memory));
    uint8_t *bytes = memory;
    memset(bytes, 0x5a, len);
    bytes[0] = head;
    bytes[len - 1] = tail;
    return (struct cg_span){bytes, len};
}

TEST(key_generate_refuses_sizes_out_of_bounds)
{
    static const unsigned sizes[] = {0, 1, 512, 1024, 2047, 4097, 8192, 1000000};
    for (size_t i = 0; i < TEST_COUNT(sizes); i++) {
        struct cg_key *key = NULL;
        assert_status(cg_key_generate(CG_KEY_RSA_SHA256, sizes[i], &key), CG_ERR_INPUT);
        assert_null(key);
    }
}

TEST(key_of_an_unknown_algorithm_is_refused)
{
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = new_arena();
    const struct cg_key_public numbers = {number(arena, 256, 0x80, ODD_END),
                                          CG_SPAN_OF("\x01\x00\x01")};
    const enum cg_key_algorithm unknown = (enum cg_key_algorithm)0;
    struct cg_key *key = NULL;
    assert_status(cg_key_generate(unknown, 2048, &key), CG_ERR_INPUT);
    assert_status(cg_key_from_public(unknown, &numbers, &key), CG_ERR_INPUT);
    assert_status(cg_key_from_pkcs8(unknown, CG_SPAN_OF("x"), &key), CG_ERR_INPUT);
    assert_null(key);
}

TEST(key_generate_makes_a_private_key_of_the_size_asked)
{
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = new_arena();
    CG_CLEANUP(cg_key_free_at) struct cg_key *key = new_rsa_key(2048);
    struct cg_key_public numbers = {0};
    assert_true(cg_key_is_private(key));
    assert_int_equal(cg_key_algorithm_of(key), CG_KEY_RSA_SHA256);
    assert_ok(cg_key_public_numbers(key, arena, &numbers));
    assert_int_equal(numbers.first.len, 256);
    assert_true(numbers.first.data[0] >= 0x80);
    assert_span_equal(numbers.second, CG_SPAN_OF("\x01\x00\x01"));
}

TEST(key_modulus_is_judged_by_size_and_form)
{
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = new_arena();
    const struct {
        const char *label;
        struct cg_span modulus;
        enum cg_status want;
    } rows[] = {
        {"2048 bits", number(arena, 256, 0x80, ODD_END), CG_OK},
        {"2049 bits", number(arena, 257, 0x01, ODD_END), CG_OK},
        {"4096 bits", number(arena, 512, 0xff, ODD_END), CG_OK},
        {"absent", {NULL, 0}, CG_ERR_INPUT},
        {"empty", {(const uint8_t *)"", 0}, CG_ERR_INPUT},
        {"zero", CG_SPAN_OF("\0"), CG_ERR_INPUT},
        {"2047 bits", number(arena, 256, 0x7f, ODD_END), CG_ERR_INPUT},
        {"2041 bits", number(arena, 256, 0x01, ODD_END), CG_ERR_INPUT},
        {"1024 bits", number(arena, 128, 0x80, ODD_END), CG_ERR_INPUT},
        {"4097 bits", number(arena, 513, 0x01, ODD_END), CG_ERR_INPUT},
        {"16384 bits", number(arena, 2048, 0x80, ODD_END), CG_ERR_INPUT},
        {"leading zero", number(arena, 257, 0x00, ODD_END), CG_ERR_INPUT},
        {"even", number(arena, 256, 0x80, NO_END), CG_ERR_INPUT},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        CG_CLEANUP(cg_key_free_at) struct cg_key *key = NULL;
        const struct cg_key_public numbers = {rows[i].modulus, CG_SPAN_OF("\x01\x00\x01")};
        assert_status_row(rows[i].label, cg_key_from_public(CG_KEY_RSA_SHA256, &numbers, &key),
                          rows[i].want);
        assert_int_equal(key != NULL, rows[i].want == CG_OK);
    }
}

TEST(key_exponent_is_odd_and_from_65537_to_32_bits)
{
    static const struct {
        const char *label;
        struct cg_span exponent;
        enum cg_status want;
    } rows[] = {
        {"65537", CG_SPAN("\x01\x00\x01"), CG_OK},
        {"65539", CG_SPAN("\x01\x00\x03"), CG_OK},
        {"2^32-1", CG_SPAN("\xff\xff\xff\xff"), CG_OK},
        {"absent", {NULL, 0}, CG_ERR_INPUT},
        {"zero", CG_SPAN("\x00"), CG_ERR_INPUT},
        {"one", CG_SPAN("\x01"), CG_ERR_INPUT},
        {"three", CG_SPAN("\x03"), CG_ERR_INPUT},
        {"seventeen", CG_SPAN("\x11"), CG_ERR_INPUT},
        {"65535", CG_SPAN("\xff\xff"), CG_ERR_INPUT},
        {"65536", CG_SPAN("\x01\x00\x00"), CG_ERR_INPUT},
        {"65538", CG_SPAN("\x01\x00\x02"), CG_ERR_INPUT},
        {"2^32+1", CG_SPAN("\x01\x00\x00\x00\x01"), CG_ERR_INPUT},
        {"leading zero", CG_SPAN("\x00\x01\x00\x01"), CG_ERR_INPUT},
    };
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = new_arena();
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        CG_CLEANUP(cg_key_free_at) struct cg_key *key = NULL;
        const struct cg_key_public numbers = {number(arena, 256, 0xc0, ODD_END), rows[i].exponent};
        assert_status_row(rows[i].label, cg_key_from_public(CG_KEY_RSA_SHA256, &numbers, &key),
                          rows[i].want);
        assert_int_equal(key != NULL, rows[i].want == CG_OK);
    }
}

TEST(key_gives_back_the_public_numbers_it_was_made_of)
{
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = new_arena();
    const struct cg_key_public numbers = {number(arena, 300, 0x01, ODD_END),
                                          CG_SPAN_OF("\x01\x00\x01")};
    CG_CLEANUP(cg_key_free_at) struct cg_key *key = NULL;
    assert_ok(cg_key_from_public(CG_KEY_RSA_SHA256, &numbers, &key));
    assert_false(cg_key_is_private(key));
    struct cg_key_public got = {0};
    assert_ok(cg_key_public_numbers(key, arena, &got));
    assert_span_equal(got.first, numbers.first);
    assert_span_equal(got.second, numbers.second);
}

TEST(key_is_the_same_after_pkcs8_there_and_back)
{
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = new_arena();
    CG_CLEANUP(cg_key_free_at) struct cg_key *key = new_rsa_key(2048);
    CG_CLEANUP(cg_key_free_at) struct cg_key *back = NULL;
    struct cg_span der = {0};
    struct cg_span again = {0};
    assert_ok(cg_key_to_pkcs8(key, arena, &der));
    assert_ok(cg_key_from_pkcs8(CG_KEY_RSA_SHA256, der, &back));
    assert_true(cg_key_is_private(back));
    assert_ok(cg_key_to_pkcs8(back, arena, &again));
    assert_span_equal(again, der);
}

TEST(key_to_pkcs8_refuses_a_public_key)
{
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = new_arena();
    CG_CLEANUP(cg_key_free_at) struct cg_key *key = new_rsa_key(2048);
    CG_CLEANUP(cg_key_free_at) struct cg_key *half = public_half(key);
    struct cg_span der = {0};
    assert_status(cg_key_to_pkcs8(half, arena, &der), CG_ERR_INPUT);
    assert_null(der.data);
}

TEST(key_passes_on_that_the_arena_is_full)
{
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *small = NULL;
    assert_ok(cg_arena_new(64, &small));
    CG_CLEANUP(cg_key_free_at) struct cg_key *key = new_rsa_key(2048);
    struct cg_span der = {0};
    struct cg_key_public numbers = {0};
    assert_status(cg_key_to_pkcs8(key, small, &der), CG_ERR_LIMIT);
    assert_status(cg_key_public_numbers(key, small, &numbers), CG_ERR_LIMIT);
    assert_null(numbers.first.data);
}

/* PKCS #8 of a key that OpenSSL makes and this house would not; frees it. */
static struct cg_span foreign_pkcs8(struct cg_arena *arena, EVP_PKEY *pkey)
{
    PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(pkey);
    assert_non_null(info);
    uint8_t *der = NULL;
    int len = i2d_PKCS8_PRIV_KEY_INFO(info, &der);
    assert_true(len > 0);
    struct cg_span copy = {0};
    assert_ok(cg_arena_copy(arena, cg_span_of_bytes(der, (size_t)len), &copy));
    OPENSSL_free(der);
    PKCS8_PRIV_KEY_INFO_free(info);
    EVP_PKEY_free(pkey);
    return copy;
}

static EVP_PKEY *foreign_rsa(const char *type, uint64_t exponent)
{
    EVP_PKEY *pkey = NULL;
    BIGNUM *number = BN_new();
    assert_int_equal(BN_set_word(number, exponent), 1);
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
    assert_int_equal(EVP_PKEY_keygen_init(context), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_keygen_bits(context, 2048), 1);
    assert_int_equal(EVP_PKEY_CTX_set1_rsa_keygen_pubexp(context, number), 1);
    assert_int_equal(EVP_PKEY_generate(context, &pkey), 1);
    EVP_PKEY_CTX_free(context);
    BN_free(number);
    return pkey;
}

TEST(key_from_pkcs8_refuses_keys_of_another_kind)
{
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = new_arena();
    const struct {
        const char *label;
        struct cg_span der;
    } rows[] = {
        {"P-256", foreign_pkcs8(arena, EVP_EC_gen("P-256"))},
        {"Ed25519", foreign_pkcs8(arena, EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"))},
        {"RSA-PSS", foreign_pkcs8(arena, foreign_rsa("RSA-PSS", 65537))},
        {"RSA of 1024 bits", foreign_pkcs8(arena, EVP_RSA_gen(1024))},
        {"RSA with exponent 3", foreign_pkcs8(arena, foreign_rsa("RSA", 3))},
        {"empty", {NULL, 0}},
        {"noise", CG_SPAN_OF("not DER")},
        {"a sequence of nothing", CG_SPAN_OF("\x30\x00")},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        struct cg_key *key = NULL;
        assert_status_row(rows[i].label, cg_key_from_pkcs8(CG_KEY_RSA_SHA256, rows[i].der, &key),
                          CG_ERR_INPUT);
        assert_null(key);
        assert_int_equal(ERR_peek_error(), 0);
    }
}

TEST(key_from_pkcs8_refuses_bytes_too_few_or_too_many)
{
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = new_arena();
    CG_CLEANUP(cg_key_free_at) struct cg_key *made = new_rsa_key(2048);
    struct cg_span der = {0};
    assert_ok(cg_key_to_pkcs8(made, arena, &der));
    uint8_t longer[2048] = {0};
    memcpy(longer, der.data, der.len);
    struct cg_key *key = NULL;
    assert_status(cg_key_from_pkcs8(CG_KEY_RSA_SHA256, (struct cg_span){longer, der.len + 1}, &key),
                  CG_ERR_INPUT);
    for (size_t len = 0; len < der.len; len += 7) {
        assert_status(cg_key_from_pkcs8(CG_KEY_RSA_SHA256, (struct cg_span){longer, len}, &key),
                      CG_ERR_INPUT);
    }
}

enum pem_form { PEM_PKCS8, PEM_TRADITIONAL, PEM_ENCRYPTED, PEM_PUBLIC };

/* What OpenSSL writes of a key, in the arena. Takes the key over. */
static struct cg_span pem_of(EVP_PKEY *pkey, enum pem_form form, struct cg_arena *arena)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *text = NULL;
    struct cg_span copy = {NULL, 0};
    assert_non_null(pkey);
    assert_non_null(bio);
    switch (form) {
    case PEM_PKCS8:
        assert_true(PEM_write_bio_PrivateKey(bio, pkey, NULL, NULL, 0, NULL, NULL));
        break;
    case PEM_TRADITIONAL:
        assert_true(PEM_write_bio_PrivateKey_traditional(bio, pkey, NULL, NULL, 0, NULL, NULL));
        break;
    case PEM_ENCRYPTED:
        assert_true(
            PEM_write_bio_PKCS8PrivateKey(bio, pkey, EVP_aes_128_cbc(), "pass", 4, NULL, NULL));
        break;
    case PEM_PUBLIC: assert_true(PEM_write_bio_PUBKEY(bio, pkey)); break;
    }
    long len = BIO_get_mem_data(bio, &text);
    assert_ok(cg_arena_copy(arena, cg_span_of_bytes(text, (size_t)len), &copy));
    BIO_free(bio);
    EVP_PKEY_free(pkey);
    return copy;
}

TEST(key_from_pem_reads_each_usual_form_and_nothing_else)
{
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = new_arena();
    const struct {
        const char *label;
        enum cg_key_algorithm algorithm;
        struct cg_span pem;
        enum cg_status want;
    } rows[] = {
        {"RSA", CG_KEY_RSA_SHA512, pem_of(EVP_RSA_gen(2048), PEM_PKCS8, arena), CG_OK},
        {"PKCS #1", CG_KEY_PSS_SHA256, pem_of(EVP_RSA_gen(2048), PEM_TRADITIONAL, arena), CG_OK},
        {"EC", CG_KEY_ECDSA_P256, pem_of(EVP_EC_gen("P-256"), PEM_PKCS8, arena), CG_OK},
        {"SEC 1", CG_KEY_ECDSA_P384, pem_of(EVP_EC_gen("P-384"), PEM_TRADITIONAL, arena), CG_OK},
        {"Ed25519", CG_KEY_ED25519,
         pem_of(EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"), PEM_PKCS8, arena), CG_OK},
        {"too small", CG_KEY_RSA_SHA256, pem_of(EVP_RSA_gen(1024), PEM_PKCS8, arena), CG_ERR_INPUT},
        {"curve", CG_KEY_ECDSA_P256, pem_of(EVP_EC_gen("P-384"), PEM_PKCS8, arena), CG_ERR_INPUT},
        {"kind", CG_KEY_RSA_SHA256, pem_of(EVP_EC_gen("P-256"), PEM_PKCS8, arena), CG_ERR_INPUT},
        {"encrypted", CG_KEY_ECDSA_P256, pem_of(EVP_EC_gen("P-256"), PEM_ENCRYPTED, arena),
         CG_ERR_INPUT},
        {"public", CG_KEY_ECDSA_P256, pem_of(EVP_EC_gen("P-256"), PEM_PUBLIC, arena), CG_ERR_INPUT},
        {"no PEM", CG_KEY_ECDSA_P256, CG_SPAN_OF("-----BEGIN"), CG_ERR_INPUT},
        {"empty", CG_KEY_ECDSA_P256, {NULL, 0}, CG_ERR_INPUT},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        CG_CLEANUP(cg_key_free_at) struct cg_key *key = NULL;
        assert_status_row(rows[i].label, cg_key_from_pem(rows[i].algorithm, rows[i].pem, &key),
                          rows[i].want);
        assert_int_equal(key != NULL && cg_key_is_private(key), rows[i].want == CG_OK);
        assert_int_equal(ERR_peek_error(), 0);
    }
}

TEST(key_free_accepts_null)
{
    assert_null(cg_key_free(NULL));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(key_generate_refuses_sizes_out_of_bounds),
    cmocka_unit_test(key_of_an_unknown_algorithm_is_refused),
    cmocka_unit_test(key_generate_makes_a_private_key_of_the_size_asked),
    cmocka_unit_test(key_modulus_is_judged_by_size_and_form),
    cmocka_unit_test(key_exponent_is_odd_and_from_65537_to_32_bits),
    cmocka_unit_test(key_gives_back_the_public_numbers_it_was_made_of),
    cmocka_unit_test(key_is_the_same_after_pkcs8_there_and_back),
    cmocka_unit_test(key_to_pkcs8_refuses_a_public_key),
    cmocka_unit_test(key_passes_on_that_the_arena_is_full),
    cmocka_unit_test(key_from_pkcs8_refuses_keys_of_another_kind),
    cmocka_unit_test(key_from_pkcs8_refuses_bytes_too_few_or_too_many),
    cmocka_unit_test(key_from_pem_reads_each_usual_form_and_nothing_else),
    cmocka_unit_test(key_free_accepts_null),
};

TEST_MAIN(tests)
