/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys of each kind and curve: made, kept, and refused where they do not fit.
 */
#include "crypto_test.h"

#include "crypto/sign.h"

/* RFC 6979 §A.2.5, the public key of P-256. */
#define P256_X "60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"
#define P256_Y "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299"
/* RFC 8037 appendix A.2. */
#define ED25519_X "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"

/* Keys of one type are exchangeable between their algorithms, and of two types never. */
static const struct {
    enum cg_key_algorithm algorithm;
    int type;
    unsigned bits;
} algorithms[] = {
    {CG_KEY_RSA_SHA256, 1, 2048}, {CG_KEY_RSA_SHA384, 1, 2048}, {CG_KEY_RSA_SHA512, 1, 2048},
    {CG_KEY_PSS_SHA256, 1, 2048}, {CG_KEY_PSS_SHA384, 1, 2048}, {CG_KEY_PSS_SHA512, 1, 2048},
    {CG_KEY_ECDSA_P256, 2, 0},    {CG_KEY_ECDSA_P384, 3, 0},    {CG_KEY_ECDSA_P521, 4, 0},
    {CG_KEY_ED25519, 5, 0},
};

#define ALGORITHMS TEST_COUNT(algorithms)

static struct cg_key *new_key(size_t i)
{
    struct cg_key *key = NULL;
    assert_ok(cg_key_generate(algorithms[i].algorithm, algorithms[i].bits, &key));
    assert_int_equal(cg_key_algorithm_of(key), algorithms[i].algorithm);
    assert_true(cg_key_is_private(key));
    return key;
}

TEST(key_from_pkcs8_takes_a_key_of_the_algorithms_type_alone)
{
    for (size_t i = 0; i < ALGORITHMS; i++) {
        CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = new_arena();
        CG_CLEANUP(cg_key_free_at) struct cg_key *made = new_key(i);
        struct cg_span der = {0};
        assert_ok(cg_key_to_pkcs8(made, arena, &der));
        for (size_t j = 0; j < ALGORITHMS; j++) {
            CG_CLEANUP(cg_key_free_at) struct cg_key *back = NULL;
            bool fits = algorithms[i].type == algorithms[j].type;
            assert_status(cg_key_from_pkcs8(algorithms[j].algorithm, der, &back),
                          fits ? CG_OK : CG_ERR_INPUT);
            assert_int_equal(back != NULL, fits);
            assert_int_equal(ERR_peek_error(), 0);
            struct cg_span again = {0};
            if (fits) {
                assert_int_equal(cg_key_algorithm_of(back), algorithms[j].algorithm);
                assert_ok(cg_key_to_pkcs8(back, arena, &again));
                assert_span_equal(again, der);
            }
        }
    }
}

TEST(key_public_under_takes_an_algorithm_of_the_keys_type_alone)
{
    for (size_t i = 0; i < ALGORITHMS; i++) {
        CG_CLEANUP(cg_key_free_at) struct cg_key *made = new_key(i);
        CG_CLEANUP(cg_key_free_at) struct cg_key *half = public_half(made);
        for (size_t j = 0; j < ALGORITHMS; j++) {
            CG_CLEANUP(cg_key_free_at) struct cg_key *other = NULL;
            bool fits = algorithms[i].type == algorithms[j].type;
            assert_status(cg_key_public_under(half, algorithms[j].algorithm, &other),
                          fits ? CG_OK : CG_ERR_INPUT);
            assert_true(!fits || cg_key_algorithm_of(other) == algorithms[j].algorithm);
            assert_true(!fits || !cg_key_is_private(other));
        }
    }
}

TEST(key_public_under_refuses_a_private_key_and_an_unknown_algorithm)
{
    CG_CLEANUP(cg_key_free_at) struct cg_key *made = NULL;
    assert_ok(cg_key_generate(CG_KEY_ED25519, 0, &made));
    CG_CLEANUP(cg_key_free_at) struct cg_key *half = public_half(made);
    struct cg_key *other = NULL;
    assert_status(cg_key_public_under(made, CG_KEY_ED25519, &other), CG_ERR_INPUT);
    assert_status(cg_key_public_under(half, (enum cg_key_algorithm)99, &other), CG_ERR_INPUT);
    assert_null(other);
}

TEST(key_public_under_outlives_the_key_it_is_of)
{
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = new_arena();
    CG_CLEANUP(cg_key_free_at) struct cg_key *made = new_rsa_key(2048);
    struct cg_key *half = public_half(made);
    CG_CLEANUP(cg_key_free_at) struct cg_key *other = NULL;
    assert_ok(cg_key_public_under(half, CG_KEY_PSS_SHA512, &other));
    assert_null(cg_key_free(half));
    struct cg_key_public numbers = {0};
    assert_ok(cg_key_public_numbers(other, arena, &numbers));
    assert_int_equal(numbers.first.len, 256);
}

TEST(key_generate_gives_the_curves_no_size)
{
    static const enum cg_key_algorithm curves[] = {CG_KEY_ECDSA_P256, CG_KEY_ECDSA_P384,
                                                   CG_KEY_ECDSA_P521, CG_KEY_ED25519};
    for (size_t i = 0; i < TEST_COUNT(curves); i++) {
        struct cg_key *key = NULL;
        assert_status(cg_key_generate(curves[i], 256, &key), CG_ERR_INPUT);
        assert_status(cg_key_generate(curves[i], 2048, &key), CG_ERR_INPUT);
        assert_null(key);
    }
}

TEST(key_gives_back_a_point_with_its_leading_zeros)
{
    static const struct {
        enum cg_key_algorithm algorithm;
        size_t first_len;
        size_t second_len;
    } rows[] = {
        {CG_KEY_ECDSA_P256, 32, 32},
        {CG_KEY_ECDSA_P384, 48, 48},
        {CG_KEY_ECDSA_P521, 66, 66},
        {CG_KEY_ED25519, 32, 0},
    };
    for (size_t i = 0; i < 64 * TEST_COUNT(rows); i++) {
        size_t row = i % TEST_COUNT(rows);
        CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = new_arena();
        CG_CLEANUP(cg_key_free_at) struct cg_key *key = NULL;
        CG_CLEANUP(cg_key_free_at) struct cg_key *half = NULL;
        struct cg_key_public numbers = {0};
        struct cg_key_public again = {0};
        assert_ok(cg_key_generate(rows[row].algorithm, 0, &key));
        assert_ok(cg_key_public_numbers(key, arena, &numbers));
        assert_int_equal(numbers.first.len, rows[row].first_len);
        assert_int_equal(numbers.second.len, rows[row].second_len);
        assert_ok(cg_key_from_public(rows[row].algorithm, &numbers, &half));
        assert_ok(cg_key_public_numbers(half, arena, &again));
        assert_span_equal(again.first, numbers.first);
        assert_span_equal(again.second, numbers.second);
    }
}

struct point {
    const char *label;
    const char *x;
    const char *y;
    enum cg_status want;
};

static void judge(enum cg_key_algorithm algorithm, const struct point *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = new_arena();
        CG_CLEANUP(cg_key_free_at) struct cg_key *key = NULL;
        const struct cg_key_public numbers = {
            hex_bytes(arena, rows[i].x),
            rows[i].y == NULL ? (struct cg_span){0} : hex_bytes(arena, rows[i].y),
        };
        assert_status_row(rows[i].label, cg_key_from_public(algorithm, &numbers, &key),
                          rows[i].want);
        assert_int_equal(key != NULL, rows[i].want == CG_OK);
        assert_int_equal(ERR_peek_error(), 0);
    }
}

#define ZEROS_32 "0000000000000000000000000000000000000000000000000000000000000000"
/* The prime of P-256. */
#define P256_PRIME "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff"
/* A point with so small an x that it fits in 32 bytes with the prime added. */
#define P256_X5 "0000000000000000000000000000000000000000000000000000000000000005"
#define P256_Y5 "459243b9aa581806fe913bce99817ade11ca503c64d9a3c533415c083248fbcc"
#define P256_X5_PLUS_PRIME "ffffffff00000001000000000000000000000001000000000000000000000004"

/* RFC 7518 §6.2.1: exact lengths; and the invalid-curve attack. */
TEST(key_from_public_refuses_points_that_are_not_on_the_curve)
{
    static const struct point rows[] = {
        {"the point of RFC 6979", P256_X, P256_Y, CG_OK},
        {"x = 5", P256_X5, P256_Y5, CG_OK},
        {"x and y exchanged", P256_Y, P256_X, CG_ERR_INPUT},
        {"y of another point", P256_X, P256_Y5, CG_ERR_INPUT},
        {"(0, 0)", ZEROS_32, ZEROS_32, CG_ERR_INPUT},
        {"x the prime", P256_PRIME, ZEROS_32, CG_ERR_INPUT},
        {"x not reduced", P256_X5_PLUS_PRIME, P256_Y5, CG_ERR_INPUT},
        {"no y", P256_X, NULL, CG_ERR_INPUT},
        {"no x", "", P256_Y, CG_ERR_INPUT},
        {"x with a byte before", "00" P256_X, P256_Y, CG_ERR_INPUT},
        {"y with a byte before", P256_X, "00" P256_Y, CG_ERR_INPUT},
        {"x without its leading zeros", "05", P256_Y5, CG_ERR_INPUT},
        {"a compressed point for x", "02" P256_X, NULL, CG_ERR_INPUT},
        {"an uncompressed point for x", "04" P256_X P256_Y, NULL, CG_ERR_INPUT},
        {"64 bytes for x", P256_X P256_Y, NULL, CG_ERR_INPUT},
    };
    judge(CG_KEY_ECDSA_P256, rows, TEST_COUNT(rows));
}

TEST(key_from_public_refuses_a_point_of_another_curve)
{
    static const struct point rows[] = {{"P-256's", P256_X, P256_Y, CG_ERR_INPUT}};
    judge(CG_KEY_ECDSA_P384, rows, TEST_COUNT(rows));
    judge(CG_KEY_ECDSA_P521, rows, TEST_COUNT(rows));
    judge(CG_KEY_ED25519, rows, TEST_COUNT(rows));
    judge(CG_KEY_RSA_SHA256, rows, TEST_COUNT(rows));
}

#define FF_30 "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
#define ZEROS_30 "000000000000000000000000000000000000000000000000000000000000"
#define ZEROS_31 "00" ZEROS_30
#define ORDER_8 "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc"
#define OTHER_8 "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03"

/* RFC 8032 §5.1.7: with a key of small order, one signature is right for every message. */
TEST(key_from_public_refuses_ed25519_points_of_small_order)
{
    static const struct point rows[] = {
        {"the point of RFC 8037", ED25519_X, NULL, CG_OK},
        {"31 bytes", ZEROS_31, NULL, CG_ERR_INPUT},
        {"33 bytes", ED25519_X "00", NULL, CG_ERR_INPUT},
        {"none", "", NULL, CG_ERR_INPUT},
        {"two numbers", ED25519_X, ED25519_X, CG_ERR_INPUT},
        {"y = 0", ZEROS_31 "00", NULL, CG_ERR_INPUT},
        {"y = 0, signed", ZEROS_31 "80", NULL, CG_ERR_INPUT},
        {"y = 1", "01" ZEROS_31, NULL, CG_ERR_INPUT},
        {"y = 1, signed", "01" ZEROS_30 "80", NULL, CG_ERR_INPUT},
        {"order 8", ORDER_8 "05", NULL, CG_ERR_INPUT},
        {"order 8, signed", ORDER_8 "85", NULL, CG_ERR_INPUT},
        {"order 8, the other", OTHER_8 "7a", NULL, CG_ERR_INPUT},
        {"order 8, the other, signed", OTHER_8 "fa", NULL, CG_ERR_INPUT},
        {"p - 1", "ec" FF_30 "7f", NULL, CG_ERR_INPUT},
        {"p - 1, signed", "ec" FF_30 "ff", NULL, CG_ERR_INPUT},
        {"p", "ed" FF_30 "7f", NULL, CG_ERR_INPUT},
        {"p, signed", "ed" FF_30 "ff", NULL, CG_ERR_INPUT},
        {"p + 1", "ee" FF_30 "7f", NULL, CG_ERR_INPUT},
        {"p + 1, signed", "ee" FF_30 "ff", NULL, CG_ERR_INPUT},
    };
    judge(CG_KEY_ED25519, rows, TEST_COUNT(rows));
}

TEST(key_of_bytes_that_are_no_ed25519_point_verifies_nothing)
{
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = new_arena();
    CG_CLEANUP(cg_key_free_at) struct cg_key *key = NULL;
    CG_CLEANUP(cg_verifier_free_at) struct cg_verifier *verifier = NULL;
    /* y = 2 has no x. */
    const struct cg_key_public numbers = {.first = hex_bytes(arena, "02" ZEROS_31)};
    static const uint8_t signature[64] = {0};
    assert_ok(cg_key_from_public(CG_KEY_ED25519, &numbers, &key));
    assert_ok(cg_verifier_new(key, &verifier));
    assert_status(
        cg_verify(verifier, CG_SPAN_OF("x"), cg_span_of_bytes(signature, sizeof(signature))),
        CG_ERR_AUTHENTICATION);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(key_from_pkcs8_takes_a_key_of_the_algorithms_type_alone),
    cmocka_unit_test(key_public_under_takes_an_algorithm_of_the_keys_type_alone),
    cmocka_unit_test(key_public_under_refuses_a_private_key_and_an_unknown_algorithm),
    cmocka_unit_test(key_public_under_outlives_the_key_it_is_of),
    cmocka_unit_test(key_generate_gives_the_curves_no_size),
    cmocka_unit_test(key_gives_back_a_point_with_its_leading_zeros),
    cmocka_unit_test(key_from_public_refuses_points_that_are_not_on_the_curve),
    cmocka_unit_test(key_from_public_refuses_a_point_of_another_curve),
    cmocka_unit_test(key_from_public_refuses_ed25519_points_of_small_order),
    cmocka_unit_test(key_of_bytes_that_are_no_ed25519_point_verifies_nothing),
};

TEST_MAIN(tests)
