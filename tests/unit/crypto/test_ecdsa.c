/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ECDSA in the form of RFC 7518 §3.4: published signatures, and those that a lax verifier accepts.
 */
#include "crypto_test.h"

#include "crypto/key_private.h"
#include "crypto/sign.h"

#include <openssl/bn.h>
#include <openssl/ec.h>

/* RFC 6979 §A.2.5, §A.2.6, §A.2.7: the message "sample" under the digest of the curve. */
static const struct vector {
    const char *label;
    enum cg_key_algorithm algorithm;
    const char *x;
    const char *y;
    const char *r;
    const char *s;
    const char *order;
} vectors[] = {
    {"P-256", CG_KEY_ECDSA_P256, "60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6",
     "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299",
     "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716",
     "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8",
     "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"},
    {"P-384", CG_KEY_ECDSA_P384,
     "ec3a4e415b4e19a4568618029f427fa5da9a8bc4ae92e02e06aae5286b300c64"
     "def8f0ea9055866064a254515480bc13",
     "8015d9b72d7d57244ea8ef9ac0c621896708a59367f9dfb9f54ca84b3f1c9db1"
     "288b231c3ae0d4fe7344fd2533264720",
     "94edbb92a5ecb8aad4736e56c691916b3f88140666ce9fa73d64c4ea95ad133c"
     "81a648152e44acf96e36dd1e80fabe46",
     "99ef4aeb15f178cea1fe40db2603138f130e740a19624526203b6351d0a3a94f"
     "a329c145786e679e7b82c71a38628ac8",
     "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf"
     "581a0db248b0a77aecec196accc52973"},
    {"P-521", CG_KEY_ECDSA_P521,
     "01894550d0785932e00eaa23b694f213f8c3121f86dc97a04e5a7167db4e5bcd371123d46e45db6b5d5370a7f20fb"
     "6"
     "33155d38ffa16d2bd761dcac474b9a2f5023a4",
     "00493101c962cd4d2fddf782285e64584139c2f91b47f87ff82354d6630f746a28a0db25741b5b34a828008b22acc"
     "2"
     "3f924faafbd4d33f81ea66956dfeaa2bfdfcf5",
     "00c328fafcbd79dd77850370c46325d987cb525569fb63c5d3bc53950e6d4c5f174e25a1ee9017b5d450606add152"
     "b"
     "534931d7d4e8455cc91f9b15bf05ec36e377fa",
     "00617cce7cf5064806c467f678d3b4080d6f1cc50af26ca209417308281b68af282623eaa63e5b5c0723d8b8c37ff"
     "0"
     "777b1a20f8ccb1dccc43997f1ee0e44da4a67a",
     "01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f"
     "7"
     "09a5d03bb5c9b8899c47aebb6fb71e91386409"},
};

static const struct cg_span sample = CG_SPAN("sample");

static struct cg_verifier *verifier_of(struct cg_arena *arena, const struct vector *vector)
{
    CG_CLEANUP(cg_key_free_at) struct cg_key *key = NULL;
    struct cg_verifier *verifier = NULL;
    const struct cg_key_public numbers = {hex_bytes(arena, vector->x), hex_bytes(arena, vector->y)};
    assert_ok(cg_key_from_public(vector->algorithm, &numbers, &key));
    assert_ok(cg_verifier_new(key, &verifier));
    return verifier;
}

/* Two numbers in a row. */
static struct cg_span pair_of(struct cg_arena *arena, struct cg_span r, struct cg_span s)
{
    void *memory = NULL;
    assert_ok(cg_arena_take(arena, r.len + s.len, &memory));
    uint8_t *bytes = memory;
    memcpy(bytes, r.data, r.len);
    memcpy(bytes + r.len, s.data, s.len);
    return (struct cg_span){bytes, r.len + s.len};
}

TEST(verify_accepts_the_signatures_of_rfc6979)
{
    for (size_t i = 0; i < TEST_COUNT(vectors); i++) {
        CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = new_arena();
        CG_CLEANUP(cg_verifier_free_at)
        struct cg_verifier *verifier = verifier_of(arena, &vectors[i]);
        struct cg_span signature =
            pair_of(arena, hex_bytes(arena, vectors[i].r), hex_bytes(arena, vectors[i].s));
        assert_status_row(vectors[i].label, cg_verify(verifier, sample, signature), CG_OK);
        assert_status_row(vectors[i].label, cg_verify(verifier, CG_SPAN_OF("Sample"), signature),
                          CG_ERR_AUTHENTICATION);
    }
}

/* A number plus another, as wide as the first; all bytes 0xff when it does not fit. */
static struct cg_span sum(struct cg_arena *arena, struct cg_span one, struct cg_span other)
{
    BIGNUM *a = BN_bin2bn(one.data, (int)one.len, NULL);
    BIGNUM *b = BN_bin2bn(other.data, (int)other.len, NULL);
    void *memory = NULL;
    assert_ok(cg_arena_take(arena, one.len, &memory));
    assert_int_equal(BN_add(a, a, b), 1);
    if (BN_bn2binpad(a, memory, (int)one.len) < 0) {
        memset(memory, 0xff, one.len);
    }
    BN_free(a);
    BN_free(b);
    ERR_clear_error();
    return (struct cg_span){memory, one.len};
}

static void refuse(struct cg_verifier *verifier, const char *label, struct cg_span signature)
{
    assert_status_row(label, cg_verify(verifier, sample, signature), CG_ERR_AUTHENTICATION);
    assert_int_equal(ERR_peek_error(), 0);
}

/* Of P-521 a number plus the order fits: a verifier that reduces would accept it. CVE-2022-21449 is
 * the zeros. */
TEST(verify_refuses_numbers_that_are_zero_or_not_below_the_order)
{
    static const uint8_t nothing[66] = {0};
    for (size_t i = 0; i < TEST_COUNT(vectors); i++) {
        CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = new_arena();
        CG_CLEANUP(cg_verifier_free_at)
        struct cg_verifier *verifier = verifier_of(arena, &vectors[i]);
        struct cg_span r = hex_bytes(arena, vectors[i].r);
        struct cg_span s = hex_bytes(arena, vectors[i].s);
        struct cg_span n = hex_bytes(arena, vectors[i].order);
        struct cg_span zero = {nothing, r.len};
        refuse(verifier, "r = s = 0", pair_of(arena, zero, zero));
        refuse(verifier, "r = 0", pair_of(arena, zero, s));
        refuse(verifier, "s = 0", pair_of(arena, r, zero));
        refuse(verifier, "r = n", pair_of(arena, n, s));
        refuse(verifier, "s = n", pair_of(arena, r, n));
        refuse(verifier, "r + n", pair_of(arena, sum(arena, r, n), s));
        refuse(verifier, "s + n", pair_of(arena, r, sum(arena, s, n)));
        refuse(verifier, "s and r", pair_of(arena, s, r));
    }
}

/* RFC 7518 §3.4: 64, 96, 132 bytes, and nothing else. */
TEST(verify_refuses_every_other_length)
{
    for (size_t i = 0; i < TEST_COUNT(vectors); i++) {
        CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = new_arena();
        CG_CLEANUP(cg_verifier_free_at)
        struct cg_verifier *verifier = verifier_of(arena, &vectors[i]);
        struct cg_span r = hex_bytes(arena, vectors[i].r);
        struct cg_span s = hex_bytes(arena, vectors[i].s);
        uint8_t room[CG_LIMIT_SIGNATURE_BYTES] = {0};
        memcpy(room + 1, r.data, r.len);
        memcpy(room + 1 + r.len, s.data, s.len);
        for (size_t len = 0; len < sizeof(room); len++) {
            if (len != 2 * r.len) {
                refuse(verifier, "from r on", cg_span_of_bytes(room + 1, len));
                refuse(verifier, "with a zero before", cg_span_of_bytes(room, len));
            }
        }
        assert_ok(cg_verify(verifier, sample, cg_span_of_bytes(room + 1, 2 * r.len)));
        refuse(verifier, "none", (struct cg_span){NULL, 0});
    }
}

/* What OpenSSL makes and takes by itself. */
TEST(verify_refuses_der)
{
    static const enum cg_key_algorithm algorithms[] = {CG_KEY_ECDSA_P256, CG_KEY_ECDSA_P384,
                                                       CG_KEY_ECDSA_P521};
    static const char *const digests[] = {"SHA256", "SHA384", "SHA512"};
    for (size_t i = 0; i < TEST_COUNT(algorithms); i++) {
        CG_CLEANUP(cg_key_free_at) struct cg_key *key = NULL;
        CG_CLEANUP(cg_verifier_free_at) struct cg_verifier *verifier = NULL;
        assert_ok(cg_key_generate(algorithms[i], 0, &key));
        assert_ok(cg_verifier_new(key, &verifier));
        EVP_MD_CTX *context = EVP_MD_CTX_new();
        uint8_t der[256];
        size_t len = sizeof(der);
        assert_int_equal(
            EVP_DigestSignInit_ex(context, NULL, digests[i], NULL, NULL, key->pkey, NULL), 1);
        assert_int_equal(EVP_DigestSign(context, der, &len, sample.data, sample.len), 1);
        EVP_MD_CTX_free(context);
        refuse(verifier, digests[i], cg_span_of_bytes(der, len));
    }
}

/* One signature in 128 has a number that DER writes shorter. */
TEST(sign_writes_both_numbers_in_full)
{
    CG_CLEANUP(cg_key_free_at) struct cg_key *key = NULL;
    CG_CLEANUP(cg_signer_free_at) struct cg_signer *signer = NULL;
    CG_CLEANUP(cg_verifier_free_at) struct cg_verifier *verifier = NULL;
    assert_ok(cg_key_generate(CG_KEY_ECDSA_P256, 0, &key));
    assert_ok(cg_signer_new(key, &signer));
    assert_ok(cg_verifier_new(key, &verifier));
    int short_ones = 0;
    for (int i = 0; i < 5000 && short_ones < 4; i++) {
        uint8_t room[CG_LIMIT_SIGNATURE_BYTES];
        size_t len = 0;
        assert_ok(cg_sign(signer, sample, room, &len));
        assert_int_equal(len, 64);
        if (room[0] == 0 || room[32] == 0) {
            short_ones++;
            assert_ok(cg_verify(verifier, sample, cg_span_of_bytes(room, len)));
        }
    }
    assert_int_equal(short_ones, 4);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(verify_accepts_the_signatures_of_rfc6979),
    cmocka_unit_test(verify_refuses_numbers_that_are_zero_or_not_below_the_order),
    cmocka_unit_test(verify_refuses_every_other_length),
    cmocka_unit_test(verify_refuses_der),
    cmocka_unit_test(sign_writes_both_numbers_in_full),
};

TEST_MAIN(tests)
