/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto_test.h"

#include "crypto/sealed.h"

#include <limits.h>

static const uint8_t key[CG_SEALED_KEY_BYTES] = {1, 2, 3};
static const struct cg_span context = CG_SPAN("realm /vlive/hpca, kid k1");

static struct cg_span seal(struct cg_arena *arena, struct cg_span plain)
{
    struct cg_random random = cg_random_system();
    struct cg_span sealed = {0};
    assert_ok(cg_sealed_close(key, context, plain, &random, arena, &sealed));
    return sealed;
}

/* Test case 16 of the GCM specification by McGrew and Viega: a 256-bit key with associated data. */
TEST(sealed_matches_the_gcm_specification)
{
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = new_arena();
    struct cg_span master =
        hex_bytes(arena, "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308");
    struct cg_span plain =
        hex_bytes(arena, "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
                         "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39");
    struct cg_span data = hex_bytes(arena, "feedfacedeadbeeffeedfacedeadbeefabaddad2");
    struct known_random known = {.source = hex_bytes(arena, "cafebabefacedbaddecaf888"), .left = 1};
    struct cg_random random = random_of(&known);
    struct cg_span sealed = {0};
    assert_ok(cg_sealed_close(master.data, data, plain, &random, arena, &sealed));
    assert_span_equal(
        sealed, hex_bytes(arena, "01cafebabefacedbaddecaf888"
                                 "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
                                 "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662"
                                 "76fc6ece0f4e1768cddf8853bb2d551b"));
    struct cg_span opened = {0};
    assert_ok(cg_sealed_open(master.data, data, sealed, arena, &opened));
    assert_span_equal(opened, plain);
}

TEST(sealed_opens_to_what_was_closed)
{
    static const size_t lengths[] = {0, 1, 15, 16, 17, 31, 1217, 5000};
    uint8_t plain[5000];
    for (size_t i = 0; i < sizeof(plain); i++) {
        plain[i] = (uint8_t)(i * 31);
    }
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = new_arena();
    for (size_t i = 0; i < TEST_COUNT(lengths); i++) {
        struct cg_span sealed = seal(arena, (struct cg_span){plain, lengths[i]});
        assert_int_equal(sealed.len, lengths[i] + CG_SEALED_OVERHEAD_BYTES);
        struct cg_span opened = {0};
        assert_ok(cg_sealed_open(key, context, sealed, arena, &opened));
        assert_span_equal(opened, ((struct cg_span){plain, lengths[i]}));
    }
}

TEST(sealed_twice_differs_because_nonces_are_random)
{
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = new_arena();
    struct cg_span first = seal(arena, CG_SPAN_OF("the same"));
    struct cg_span second = seal(arena, CG_SPAN_OF("the same"));
    assert_false(cg_span_equal(first, second));
}

TEST(sealed_refuses_a_change_of_any_byte)
{
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = new_arena();
    struct cg_span sealed = seal(arena, CG_SPAN_OF("a signing key in PKCS #8"));
    uint8_t changed[128];
    for (size_t i = 0; i < sealed.len; i++) {
        memcpy(changed, sealed.data, sealed.len);
        changed[i] ^= 0x01;
        struct cg_span opened = {0};
        assert_status(
            cg_sealed_open(key, context, (struct cg_span){changed, sealed.len}, arena, &opened),
            CG_ERR_AUTHENTICATION);
        assert_null(opened.data);
    }
}

TEST(sealed_refuses_every_other_length)
{
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = new_arena();
    struct cg_span sealed = seal(arena, CG_SPAN_OF("secret"));
    uint8_t longer[64] = {0};
    memcpy(longer, sealed.data, sealed.len);
    for (size_t len = 0; len <= sealed.len + 8; len++) {
        struct cg_span opened = {0};
        enum cg_status want = len == sealed.len ? CG_OK : CG_ERR_AUTHENTICATION;
        assert_status(cg_sealed_open(key, context, (struct cg_span){longer, len}, arena, &opened),
                      want);
    }
}

TEST(sealed_opens_under_its_own_context_and_key_only)
{
    static const uint8_t other_key[CG_SEALED_KEY_BYTES] = {1, 2, 4};
    static const struct {
        const char *label;
        const uint8_t *key;
        struct cg_span context;
    } rows[] = {
        {"another realm", key, CG_SPAN("realm /vtest/hpca, kid k1")},
        {"another kid", key, CG_SPAN("realm /vlive/hpca, kid k2")},
        {"a part of the context", key, CG_SPAN("realm /vlive/hpca, kid k")},
        {"no context", key, {NULL, 0}},
        {"another key", other_key, CG_SPAN("realm /vlive/hpca, kid k1")},
    };
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = new_arena();
    struct cg_span sealed = seal(arena, CG_SPAN_OF("secret"));
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        struct cg_span opened = {0};
        assert_status_row(rows[i].label,
                          cg_sealed_open(rows[i].key, rows[i].context, sealed, arena, &opened),
                          CG_ERR_AUTHENTICATION);
    }
}

TEST(sealed_refuses_other_versions)
{
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = new_arena();
    struct cg_span sealed = seal(arena, CG_SPAN_OF("secret"));
    uint8_t changed[64];
    memcpy(changed, sealed.data, sealed.len);
    for (unsigned version = 0; version < 256; version++) {
        changed[0] = (uint8_t)version;
        struct cg_span opened = {0};
        assert_status(
            cg_sealed_open(key, context, (struct cg_span){changed, sealed.len}, arena, &opened),
            version == 1 ? CG_OK : CG_ERR_AUTHENTICATION);
    }
}

TEST(sealed_refuses_to_close_without_randomness)
{
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = new_arena();
    struct known_random known = {.source = CG_SPAN("x"), .left = 0};
    struct cg_random random = random_of(&known);
    struct cg_span sealed = {0};
    assert_status(cg_sealed_close(key, context, CG_SPAN_OF("secret"), &random, arena, &sealed),
                  CG_ERR_CRYPTO);
    assert_null(sealed.data);
}

/* The lengths alone are looked at: nothing is read behind these pointers. */
TEST(sealed_refuses_what_openssl_cannot_count)
{
    static const uint8_t first[CG_SEALED_OVERHEAD_BYTES] = {1};
    const struct cg_span huge = {first, (size_t)INT_MAX + 1};
    const struct cg_span barely = {first, INT_MAX - CG_SEALED_OVERHEAD_BYTES + 1};
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = new_arena();
    struct cg_random random = cg_random_system();
    struct cg_span got = {0};
    assert_status(cg_sealed_close(key, context, barely, &random, arena, &got), CG_ERR_LIMIT);
    assert_status(cg_sealed_close(key, huge, context, &random, arena, &got), CG_ERR_LIMIT);
    assert_status(cg_sealed_open(key, context, huge, arena, &got), CG_ERR_LIMIT);
    assert_status(cg_sealed_open(key, huge, (struct cg_span){first, sizeof(first)}, arena, &got),
                  CG_ERR_LIMIT);
}

TEST(sealed_passes_on_that_the_arena_is_full)
{
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = new_arena();
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *small = NULL;
    assert_ok(cg_arena_new(64, &small));
    static const uint8_t plain[4096] = {0};
    struct cg_random random = cg_random_system();
    struct cg_span got = {0};
    assert_status(
        cg_sealed_close(key, context, (struct cg_span){plain, sizeof(plain)}, &random, small, &got),
        CG_ERR_LIMIT);
    struct cg_span sealed = seal(arena, (struct cg_span){plain, sizeof(plain)});
    assert_status(cg_sealed_open(key, context, sealed, small, &got), CG_ERR_LIMIT);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(sealed_matches_the_gcm_specification),
    cmocka_unit_test(sealed_opens_to_what_was_closed),
    cmocka_unit_test(sealed_twice_differs_because_nonces_are_random),
    cmocka_unit_test(sealed_refuses_a_change_of_any_byte),
    cmocka_unit_test(sealed_refuses_every_other_length),
    cmocka_unit_test(sealed_opens_under_its_own_context_and_key_only),
    cmocka_unit_test(sealed_refuses_other_versions),
    cmocka_unit_test(sealed_refuses_to_close_without_randomness),
    cmocka_unit_test(sealed_refuses_what_openssl_cannot_count),
    cmocka_unit_test(sealed_passes_on_that_the_arena_is_full),
};

TEST_MAIN(tests)
