/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every algorithm: what it signs it verifies, and nothing that another signed; RSASSA-PSS with
 * every parameter but its own.
 */
#include "crypto_test.h"

#include "crypto/key_private.h"
#include "crypto/sign.h"

#include <openssl/rsa.h>

static const struct {
    const char *label;
    enum cg_key_algorithm algorithm;
    size_t signature_bytes;
    bool is_deterministic;
} rows[] = {
    {"RS256", CG_KEY_RSA_SHA256, 256, true},  {"RS384", CG_KEY_RSA_SHA384, 256, true},
    {"RS512", CG_KEY_RSA_SHA512, 256, true},  {"PS256", CG_KEY_PSS_SHA256, 256, false},
    {"PS384", CG_KEY_PSS_SHA384, 256, false}, {"PS512", CG_KEY_PSS_SHA512, 256, false},
    {"ES256", CG_KEY_ECDSA_P256, 64, false},  {"ES384", CG_KEY_ECDSA_P384, 96, false},
    {"ES512", CG_KEY_ECDSA_P521, 132, false}, {"EdDSA", CG_KEY_ED25519, 64, true},
};

#define RSA_ROWS 6

static const struct cg_span message = CG_SPAN("header.payload");

/* One RSA key for all algorithms of its type. */
struct fixture {
    struct cg_arena *arena;
    struct cg_span rsa; /* PKCS #8 */
};

static int set_up(void **state)
{
    static struct fixture fixture;
    fixture.arena = new_arena();
    CG_CLEANUP(cg_key_free_at) struct cg_key *key = new_rsa_key(2048);
    assert_ok(cg_key_to_pkcs8(key, fixture.arena, &fixture.rsa));
    *state = &fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    (void)cg_arena_free(fixture->arena);
    return 0;
}

struct pair {
    struct cg_key *key;
    struct cg_signer *signer;
    struct cg_verifier *verifier;
};

static struct pair new_pair(const struct fixture *fixture, size_t row)
{
    struct pair pair = {0};
    if (row < RSA_ROWS) {
        assert_ok(cg_key_from_pkcs8(rows[row].algorithm, fixture->rsa, &pair.key));
    } else {
        assert_ok(cg_key_generate(rows[row].algorithm, 0, &pair.key));
    }
    CG_CLEANUP(cg_key_free_at) struct cg_key *half = public_half(pair.key);
    assert_ok(cg_signer_new(pair.key, &pair.signer));
    assert_ok(cg_verifier_new(half, &pair.verifier));
    assert_int_equal(cg_verifier_algorithm_of(pair.verifier), rows[row].algorithm);
    return pair;
}

static void pair_release(struct pair *pair)
{
    (void)cg_signer_free(pair->signer);
    (void)cg_verifier_free(pair->verifier);
    (void)cg_key_free(pair->key);
}

static struct cg_span sign(struct cg_signer *signer, struct cg_span text,
                           uint8_t room[static CG_LIMIT_SIGNATURE_BYTES])
{
    size_t len = 0;
    assert_ok(cg_sign(signer, text, room, &len));
    return (struct cg_span){room, len};
}

static void every_algorithm_verifies_what_it_signed_again_and_again(void **state)
{
    static const size_t lengths[] = {0, 1, 63, 64, 127, 128, 900, 4096};
    static const uint8_t bytes[4096] = {7};
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        CG_CLEANUP(pair_release) struct pair pair = new_pair(*state, i);
        for (size_t j = 0; j < TEST_COUNT(lengths); j++) {
            uint8_t room[CG_LIMIT_SIGNATURE_BYTES];
            struct cg_span text = {bytes, lengths[j]};
            struct cg_span signature = sign(pair.signer, text, room);
            assert_int_equal(signature.len, rows[i].signature_bytes);
            assert_status_row(rows[i].label, cg_verify(pair.verifier, text, signature), CG_OK);
            assert_status_row(rows[i].label, cg_verify(pair.verifier, message, signature),
                              CG_ERR_AUTHENTICATION);
        }
    }
}

static void only_deterministic_algorithms_repeat_a_signature(void **state)
{
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        CG_CLEANUP(pair_release) struct pair pair = new_pair(*state, i);
        uint8_t first[CG_LIMIT_SIGNATURE_BYTES];
        uint8_t next[CG_LIMIT_SIGNATURE_BYTES];
        bool same =
            cg_span_equal(sign(pair.signer, message, first), sign(pair.signer, message, next));
        assert_int_equal(same, rows[i].is_deterministic);
    }
}

static void a_change_of_any_byte_is_refused(void **state)
{
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        CG_CLEANUP(pair_release) struct pair pair = new_pair(*state, i);
        uint8_t room[CG_LIMIT_SIGNATURE_BYTES];
        struct cg_span signature = sign(pair.signer, message, room);
        for (size_t at = 0; at < signature.len; at++) {
            room[at] ^= 1;
            assert_status_row(rows[i].label, cg_verify(pair.verifier, message, signature),
                              CG_ERR_AUTHENTICATION);
            assert_int_equal(ERR_peek_error(), 0);
            room[at] ^= 1;
        }
        assert_ok(cg_verify(pair.verifier, message, signature));
    }
}

static void other_lengths_and_zeros_are_refused(void **state)
{
    static const uint8_t zeros[CG_LIMIT_SIGNATURE_BYTES] = {0};
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        CG_CLEANUP(pair_release) struct pair pair = new_pair(*state, i);
        uint8_t room[CG_LIMIT_SIGNATURE_BYTES] = {0};
        (void)sign(pair.signer, message, room);
        for (size_t len = 0; len <= sizeof(room); len++) {
            struct cg_span cut = {room, len};
            struct cg_span nothing = {zeros, len};
            bool right = len == rows[i].signature_bytes;
            assert_status_row(rows[i].label, cg_verify(pair.verifier, message, cut),
                              right ? CG_OK : CG_ERR_AUTHENTICATION);
            assert_status_row(rows[i].label, cg_verify(pair.verifier, message, nothing),
                              CG_ERR_AUTHENTICATION);
        }
    }
}

/* Also of the one RSA key under its six algorithms. */
static void what_another_algorithm_signed_is_refused(void **state)
{
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        CG_CLEANUP(pair_release) struct pair theirs = new_pair(*state, i);
        uint8_t room[CG_LIMIT_SIGNATURE_BYTES];
        struct cg_span signature = sign(theirs.signer, message, room);
        for (size_t j = 0; j < TEST_COUNT(rows); j++) {
            CG_CLEANUP(pair_release) struct pair ours = new_pair(*state, j);
            bool same = i == j && i < RSA_ROWS;
            assert_status_row(rows[j].label, cg_verify(ours.verifier, message, signature),
                              same ? CG_OK : CG_ERR_AUTHENTICATION);
        }
    }
}

/* RFC 8032 §5.1.7: S below the order, or each signature could be written twice. */
static void ed25519_refuses_a_second_form_of_a_signature(void **state)
{
    static const uint8_t order[32] = {0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58,
                                      0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
                                      0,    0,    0,    0,    0,    0,    0,    0,
                                      0,    0,    0,    0,    0,    0,    0,    0x10};
    CG_CLEANUP(pair_release) struct pair pair = new_pair(*state, TEST_COUNT(rows) - 1);
    uint8_t room[CG_LIMIT_SIGNATURE_BYTES];
    struct cg_span signature = sign(pair.signer, message, room);
    unsigned carry = 0;
    for (size_t i = 0; i < sizeof(order); i++) {
        unsigned sum = (unsigned)room[32 + i] + order[i] + carry;
        room[32 + i] = (uint8_t)sum;
        carry = sum >> 8;
    }
    assert_int_equal(carry, 0);
    assert_status(cg_verify(pair.verifier, message, signature), CG_ERR_AUTHENTICATION);
}

/* A PSS signature made by OpenSSL with parameters of the test's choice. */
static struct cg_span pss(EVP_PKEY *pkey, const char *digest, const char *mgf1, int salt,
                          uint8_t room[static CG_LIMIT_SIGNATURE_BYTES])
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    EVP_PKEY_CTX *parameters = NULL;
    size_t len = CG_LIMIT_SIGNATURE_BYTES;
    assert_int_equal(EVP_DigestSignInit_ex(context, &parameters, digest, NULL, NULL, pkey, NULL),
                     1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(parameters, RSA_PKCS1_PSS_PADDING), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_mgf1_md_name(parameters, mgf1, NULL), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_pss_saltlen(parameters, salt), 1);
    assert_int_equal(EVP_DigestSign(context, room, &len, message.data, message.len), 1);
    EVP_MD_CTX_free(context);
    return (struct cg_span){room, len};
}

/* RFC 7518 §3.5: MGF1 with the same digest, and a salt as long as that. */
static void pss_takes_one_salt_length_and_one_mask_digest(void **state)
{
    static const struct {
        const char *label;
        size_t row;
        const char *digest;
        const char *mgf1;
        int salt;
        enum cg_status want;
    } forms[] = {
        {"PS256", 3, "SHA256", "SHA256", 32, CG_OK},
        {"PS384", 4, "SHA384", "SHA384", 48, CG_OK},
        {"PS512", 5, "SHA512", "SHA512", 64, CG_OK},
        {"no salt", 3, "SHA256", "SHA256", 0, CG_ERR_AUTHENTICATION},
        {"a salt of 20", 3, "SHA256", "SHA256", 20, CG_ERR_AUTHENTICATION},
        {"a byte too few", 3, "SHA256", "SHA256", 31, CG_ERR_AUTHENTICATION},
        {"a byte too many", 3, "SHA256", "SHA256", 33, CG_ERR_AUTHENTICATION},
        {"the longest salt", 3, "SHA256", "SHA256", RSA_PSS_SALTLEN_MAX, CG_ERR_AUTHENTICATION},
        {"no salt, PS512", 5, "SHA512", "SHA512", 0, CG_ERR_AUTHENTICATION},
        {"PS384's salt for PS512", 5, "SHA512", "SHA512", 48, CG_ERR_AUTHENTICATION},
        {"MGF1 with SHA-1", 3, "SHA256", "SHA1", 32, CG_ERR_AUTHENTICATION},
        {"MGF1 with SHA-512", 3, "SHA256", "SHA512", 32, CG_ERR_AUTHENTICATION},
        {"MGF1 with SHA-256 for PS512", 5, "SHA512", "SHA256", 64, CG_ERR_AUTHENTICATION},
        {"another digest", 3, "SHA384", "SHA384", 32, CG_ERR_AUTHENTICATION},
        {"SHA-1 throughout", 3, "SHA1", "SHA1", 20, CG_ERR_AUTHENTICATION},
    };
    for (size_t i = 0; i < TEST_COUNT(forms); i++) {
        CG_CLEANUP(pair_release) struct pair pair = new_pair(*state, forms[i].row);
        uint8_t room[CG_LIMIT_SIGNATURE_BYTES];
        struct cg_span signature =
            pss(pair.key->pkey, forms[i].digest, forms[i].mgf1, forms[i].salt, room);
        assert_status_row(forms[i].label, cg_verify(pair.verifier, message, signature),
                          forms[i].want);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(every_algorithm_verifies_what_it_signed_again_and_again),
    cmocka_unit_test(only_deterministic_algorithms_repeat_a_signature),
    cmocka_unit_test(a_change_of_any_byte_is_refused),
    cmocka_unit_test(other_lengths_and_zeros_are_refused),
    cmocka_unit_test(what_another_algorithm_signed_is_refused),
    cmocka_unit_test(ed25519_refuses_a_second_form_of_a_signature),
    cmocka_unit_test(pss_takes_one_salt_length_and_one_mask_digest),
};

TEST_MAIN_WITH(tests, set_up, tear_down)
