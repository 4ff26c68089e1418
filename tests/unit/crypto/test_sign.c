/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto_test.h"

#include "crypto/digest.h"
#include "crypto/key_private.h"
#include "crypto/sign.h"

#include <openssl/rsa.h>

#define RSA_2048_BYTES 256

static const struct cg_span message = CG_SPAN("header.payload");

/* A 2048-bit key with its signer and verifier. */
struct pair {
    struct cg_key *key;
    struct cg_signer *signer;
    struct cg_verifier *verifier;
};

static struct pair new_pair(void)
{
    struct pair pair = {.key = new_rsa_key(2048)};
    CG_CLEANUP(cg_key_free_at) struct cg_key *half = public_half(pair.key);
    assert_ok(cg_signer_new(pair.key, &pair.signer));
    assert_ok(cg_verifier_new(half, &pair.verifier));
    return pair;
}

static void pair_release(struct pair *pair)
{
    assert_null(cg_signer_free(pair->signer));
    assert_null(cg_verifier_free(pair->verifier));
    assert_null(cg_key_free(pair->key));
}

static struct cg_span sign(struct cg_signer *signer, uint8_t room[static CG_LIMIT_SIGNATURE_BYTES])
{
    size_t len = 0;
    assert_ok(cg_sign(signer, message, room, &len));
    return (struct cg_span){room, len};
}

TEST(sign_makes_what_verify_accepts)
{
    CG_CLEANUP(pair_release) struct pair pair = new_pair();
    static const size_t lengths[] = {0, 1, 63, 64, 900, 4096};
    static const uint8_t bytes[4096] = {7};
    for (size_t i = 0; i < TEST_COUNT(lengths); i++) {
        uint8_t signature[CG_LIMIT_SIGNATURE_BYTES];
        size_t len = 0;
        struct cg_span text = {bytes, lengths[i]};
        assert_ok(cg_sign(pair.signer, text, signature, &len));
        assert_int_equal(len, RSA_2048_BYTES);
        assert_ok(cg_verify(pair.verifier, text, (struct cg_span){signature, len}));
    }
}

TEST(sign_of_4096_bits_fits_the_limit)
{
    CG_CLEANUP(cg_key_free_at) struct cg_key *key = new_rsa_key(4096);
    CG_CLEANUP(cg_signer_free_at) struct cg_signer *signer = NULL;
    CG_CLEANUP(cg_verifier_free_at) struct cg_verifier *verifier = NULL;
    assert_ok(cg_signer_new(key, &signer));
    assert_ok(cg_verifier_new(key, &verifier));
    uint8_t room[CG_LIMIT_SIGNATURE_BYTES];
    struct cg_span signature = sign(signer, room);
    assert_int_equal(signature.len, CG_LIMIT_SIGNATURE_BYTES);
    assert_ok(cg_verify(verifier, message, signature));
}

TEST(sign_is_deterministic_and_signers_can_be_used_again)
{
    CG_CLEANUP(pair_release) struct pair pair = new_pair();
    uint8_t first[CG_LIMIT_SIGNATURE_BYTES];
    uint8_t next[CG_LIMIT_SIGNATURE_BYTES];
    struct cg_span signature = sign(pair.signer, first);
    for (int i = 0; i < 10; i++) {
        assert_span_equal(sign(pair.signer, next), signature);
    }
}

TEST(signer_refuses_a_public_key)
{
    CG_CLEANUP(cg_key_free_at) struct cg_key *key = new_rsa_key(2048);
    CG_CLEANUP(cg_key_free_at) struct cg_key *half = public_half(key);
    struct cg_signer *signer = NULL;
    assert_status(cg_signer_new(half, &signer), CG_ERR_INPUT);
    assert_null(signer);
}

TEST(signer_and_verifier_outlive_their_key)
{
    CG_CLEANUP(pair_release) struct pair pair = new_pair();
    pair.key = cg_key_free(pair.key);
    uint8_t room[CG_LIMIT_SIGNATURE_BYTES];
    assert_ok(cg_verify(pair.verifier, message, sign(pair.signer, room)));
}

TEST(verifier_tells_its_algorithm)
{
    CG_CLEANUP(pair_release) struct pair pair = new_pair();
    assert_int_equal(cg_verifier_algorithm_of(pair.verifier), CG_KEY_RSA_SHA256);
}

TEST(verify_refuses_a_change_of_any_signature_byte)
{
    CG_CLEANUP(pair_release) struct pair pair = new_pair();
    uint8_t room[CG_LIMIT_SIGNATURE_BYTES];
    struct cg_span signature = sign(pair.signer, room);
    for (size_t i = 0; i < signature.len; i++) {
        room[i] ^= 0x80;
        assert_status(cg_verify(pair.verifier, message, signature), CG_ERR_AUTHENTICATION);
        room[i] ^= 0x80;
    }
    assert_ok(cg_verify(pair.verifier, message, signature));
}

TEST(verify_refuses_another_message)
{
    CG_CLEANUP(pair_release) struct pair pair = new_pair();
    uint8_t room[CG_LIMIT_SIGNATURE_BYTES];
    struct cg_span signature = sign(pair.signer, room);
    static const struct cg_span others[] = {
        CG_SPAN("header.payloaD"),
        CG_SPAN("header.payload "),
        CG_SPAN("header.payloa"),
        {NULL, 0},
    };
    for (size_t i = 0; i < TEST_COUNT(others); i++) {
        assert_status(cg_verify(pair.verifier, others[i], signature), CG_ERR_AUTHENTICATION);
    }
}

TEST(verify_refuses_another_key)
{
    CG_CLEANUP(pair_release) struct pair pair = new_pair();
    CG_CLEANUP(pair_release) struct pair other = new_pair();
    uint8_t room[CG_LIMIT_SIGNATURE_BYTES];
    assert_status(cg_verify(other.verifier, message, sign(pair.signer, room)),
                  CG_ERR_AUTHENTICATION);
}

/* RFC 8017 §8.2.2 step 1, and §5.2.2 step 1: as long as the modulus, and below it. */
TEST(verify_refuses_signatures_of_wrong_length_or_range)
{
    CG_CLEANUP(pair_release) struct pair pair = new_pair();
    uint8_t room[CG_LIMIT_SIGNATURE_BYTES] = {0};
    (void)sign(pair.signer, room);
    static const size_t lengths[] = {0, 1, 32, 255, 257, 512};
    for (size_t i = 0; i < TEST_COUNT(lengths); i++) {
        assert_status(cg_verify(pair.verifier, message, (struct cg_span){room, lengths[i]}),
                      CG_ERR_AUTHENTICATION);
    }
    uint8_t shifted[RSA_2048_BYTES + 1] = {0};
    memcpy(shifted + 1, room, RSA_2048_BYTES);
    assert_status(cg_verify(pair.verifier, message, (struct cg_span){shifted, sizeof(shifted)}),
                  CG_ERR_AUTHENTICATION);
    memset(room, 0xff, sizeof(room));
    assert_status(cg_verify(pair.verifier, message, (struct cg_span){room, RSA_2048_BYTES}),
                  CG_ERR_AUTHENTICATION);
    memset(room, 0, sizeof(room));
    assert_status(cg_verify(pair.verifier, message, (struct cg_span){room, RSA_2048_BYTES}),
                  CG_ERR_AUTHENTICATION);
    assert_status(cg_verify(pair.verifier, message, (struct cg_span){NULL, 0}),
                  CG_ERR_AUTHENTICATION);
}

TEST(verify_leaves_nothing_in_the_error_queue)
{
    CG_CLEANUP(pair_release) struct pair pair = new_pair();
    static const uint8_t wrong[RSA_2048_BYTES] = {1};
    assert_status(cg_verify(pair.verifier, message, (struct cg_span){wrong, sizeof(wrong)}),
                  CG_ERR_AUTHENTICATION);
    assert_int_equal(ERR_peek_error(), 0);
}

/* DigestInfo of SHA-256 before the digest: RFC 8017 §9.2 note 1. */
#define SHA256_INFO "\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20"
/* Without the NULL of its parameters. */
#define SHA256_INFO_NO_NULL "\x30\x2f\x30\x0b\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x04\x20"
#define SHA1_INFO "\x30\x21\x30\x09\x06\x05\x2b\x0e\x03\x02\x1a\x05\x00\x04\x14"
#define SHA512_256_INFO                                                                            \
    "\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x06\x05\x00\x04\x20"
/* A length in two bytes where one does: BER and not DER. */
#define SHA256_INFO_BER                                                                            \
    "\x30\x81\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20"

struct encoding {
    const char *label;
    enum cg_status want;
    uint8_t first;       /* 0 in a right encoding */
    uint8_t block;       /* 1 in a right encoding */
    uint8_t padding;     /* 0xff in a right encoding */
    size_t padding_less; /* bytes of padding left out */
    struct cg_span info;
    size_t trailing; /* bytes after the digest, taken from the padding */
};

/* An encoded message as RFC 8017 §9.2 builds it, with one mistake. */
static void encode(const struct encoding *row, uint8_t block[static RSA_2048_BYTES])
{
    uint8_t digest[CG_SHA256_BYTES];
    assert_ok(cg_sha256(message, digest));
    size_t tail = row->info.len + sizeof(digest) + row->trailing + row->padding_less;
    size_t at = RSA_2048_BYTES - tail;
    memset(block, 0, RSA_2048_BYTES);
    memset(block, row->padding, at - 1);
    block[0] = row->first;
    block[1] = row->block;
    memcpy(block + at, row->info.data, row->info.len);
    memcpy(block + at + row->info.len, digest, sizeof(digest));
}

/* Signatures made with the private key itself over encodings that a lax verifier accepts
 * (CVE-2006-4339 and its kin). */
TEST(verify_refuses_encodings_that_are_not_exact)
{
    static const struct encoding rows[] = {
        {"the right encoding", CG_OK, 0, 1, 0xff, 0, CG_SPAN(SHA256_INFO), 0},
        {"no NULL parameters", CG_ERR_AUTHENTICATION, 0, 1, 0xff, 0, CG_SPAN(SHA256_INFO_NO_NULL),
         0},
        {"BER length", CG_ERR_AUTHENTICATION, 0, 1, 0xff, 0, CG_SPAN(SHA256_INFO_BER), 0},
        {"SHA-1 named", CG_ERR_AUTHENTICATION, 0, 1, 0xff, 0, CG_SPAN(SHA1_INFO), 0},
        {"SHA-512/256 named", CG_ERR_AUTHENTICATION, 0, 1, 0xff, 0, CG_SPAN(SHA512_256_INFO), 0},
        {"no DigestInfo", CG_ERR_AUTHENTICATION, 0, 1, 0xff, 0, {(const uint8_t *)"", 0}, 0},
        {"rubbish after the digest", CG_ERR_AUTHENTICATION, 0, 1, 0xff, 0, CG_SPAN(SHA256_INFO),
         16},
        {"short padding", CG_ERR_AUTHENTICATION, 0, 1, 0xff, 180, CG_SPAN(SHA256_INFO), 0},
        {"padding of zeros", CG_ERR_AUTHENTICATION, 0, 1, 0x00, 0, CG_SPAN(SHA256_INFO), 0},
        {"block type 0", CG_ERR_AUTHENTICATION, 0, 0, 0xff, 0, CG_SPAN(SHA256_INFO), 0},
        {"block type 2", CG_ERR_AUTHENTICATION, 0, 2, 0xff, 0, CG_SPAN(SHA256_INFO), 0},
        {"first byte 1", CG_ERR_AUTHENTICATION, 1, 1, 0xff, 0, CG_SPAN(SHA256_INFO), 0},
    };
    CG_CLEANUP(pair_release) struct pair pair = new_pair();
    EVP_PKEY_CTX *raw = EVP_PKEY_CTX_new_from_pkey(NULL, pair.key->pkey, NULL);
    assert_int_equal(EVP_PKEY_sign_init(raw), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(raw, RSA_NO_PADDING), 1);
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        uint8_t block[RSA_2048_BYTES];
        uint8_t signature[RSA_2048_BYTES];
        size_t len = sizeof(signature);
        encode(&rows[i], block);
        assert_int_equal(EVP_PKEY_sign(raw, signature, &len, block, sizeof(block)), 1);
        assert_status_row(rows[i].label,
                          cg_verify(pair.verifier, message, (struct cg_span){signature, len}),
                          rows[i].want);
    }
    EVP_PKEY_CTX_free(raw);
}

TEST(verify_works_again_after_a_refusal)
{
    CG_CLEANUP(pair_release) struct pair pair = new_pair();
    uint8_t room[CG_LIMIT_SIGNATURE_BYTES];
    struct cg_span signature = sign(pair.signer, room);
    for (int i = 0; i < 3; i++) {
        assert_status(cg_verify(pair.verifier, CG_SPAN_OF("other"), signature),
                      CG_ERR_AUTHENTICATION);
        assert_ok(cg_verify(pair.verifier, message, signature));
    }
}

TEST(signer_and_verifier_free_accept_null)
{
    assert_null(cg_signer_free(NULL));
    assert_null(cg_verifier_free(NULL));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(sign_makes_what_verify_accepts),
    cmocka_unit_test(sign_of_4096_bits_fits_the_limit),
    cmocka_unit_test(sign_is_deterministic_and_signers_can_be_used_again),
    cmocka_unit_test(signer_refuses_a_public_key),
    cmocka_unit_test(signer_and_verifier_outlive_their_key),
    cmocka_unit_test(verifier_tells_its_algorithm),
    cmocka_unit_test(verify_refuses_a_change_of_any_signature_byte),
    cmocka_unit_test(verify_refuses_another_message),
    cmocka_unit_test(verify_refuses_another_key),
    cmocka_unit_test(verify_refuses_signatures_of_wrong_length_or_range),
    cmocka_unit_test(verify_leaves_nothing_in_the_error_queue),
    cmocka_unit_test(verify_refuses_encodings_that_are_not_exact),
    cmocka_unit_test(verify_works_again_after_a_refusal),
    cmocka_unit_test(signer_and_verifier_free_accept_null),
};

TEST_MAIN(tests)
