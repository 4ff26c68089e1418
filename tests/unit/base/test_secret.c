/* SPDX-License-Identifier: Apache-2.0 */
#include "base/secret.h"
#include "base/span.h"
#include "test.h"

TEST(secret_holds_a_copy)
{
    char text[] = "abc";
    struct cg_secret secret;
    assert_ok(cg_secret_init(&secret, test_span(text)));
    text[0] = 'X';
    assert_span_text(cg_secret_span(&secret), "abc");
    cg_secret_release(&secret);
}

TEST(secret_may_be_empty)
{
    struct cg_secret secret;
    assert_ok(cg_secret_init(&secret, (struct cg_span){NULL, 0}));
    assert_int_equal(cg_secret_span(&secret).len, 0);
}

TEST(secret_is_bounded)
{
    static const uint8_t bytes[CG_SECRET_MAX_BYTES + 1];
    struct cg_secret secret;
    assert_ok(cg_secret_init(&secret, cg_span_of_bytes(bytes, CG_SECRET_MAX_BYTES)));
    assert_status(cg_secret_init(&secret, cg_span_of_bytes(bytes, sizeof(bytes))), CG_ERR_LIMIT);
    assert_int_equal(secret.len, CG_SECRET_MAX_BYTES);
}

TEST(secret_release_wipes_every_byte)
{
    struct cg_secret secret;
    assert_ok(cg_secret_init(&secret, test_span("0123456789")));
    cg_secret_release(&secret);
    static const struct cg_secret wiped;
    assert_memory_equal(&secret, &wiped, sizeof(wiped));
    cg_secret_release(NULL);
}

TEST(secret_equal_compares_every_byte)
{
    static const struct {
        const char *a;
        const char *b;
        bool equal;
    } rows[] = {
        {"", "", true},       {"abc", "abc", true}, {"abc", "abd", false}, {"abc", "Xbc", false},
        {"abc", "ab", false}, {"ab", "abc", false}, {"", "a", false},      {"abc", "aXc", false},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        assert_int_equal(cg_secret_equal(test_span(rows[i].a), test_span(rows[i].b)),
                         rows[i].equal);
    }
}

TEST(secret_equal_does_not_stop_at_a_zero_byte)
{
    static const uint8_t a[] = {1, 0, 2};
    static const uint8_t b[] = {1, 0, 3};
    assert_false(cg_secret_equal(cg_span_of_bytes(a, sizeof(a)), cg_span_of_bytes(b, sizeof(b))));
}

/* A difference of any one bit is seen, wherever it stands. */
TEST(secret_equal_sees_each_single_bit)
{
    uint8_t a[32] = {0};
    uint8_t b[32] = {0};
    for (size_t bit = 0; bit < 8 * sizeof(a); bit++) {
        a[bit / 8] = (uint8_t)(1U << bit % 8);
        assert_false(
            cg_secret_equal(cg_span_of_bytes(a, sizeof(a)), cg_span_of_bytes(b, sizeof(b))));
        a[bit / 8] = 0;
    }
    assert_true(cg_secret_equal(cg_span_of_bytes(a, sizeof(a)), cg_span_of_bytes(b, sizeof(b))));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(secret_holds_a_copy),
    cmocka_unit_test(secret_may_be_empty),
    cmocka_unit_test(secret_is_bounded),
    cmocka_unit_test(secret_release_wipes_every_byte),
    cmocka_unit_test(secret_equal_compares_every_byte),
    cmocka_unit_test(secret_equal_does_not_stop_at_a_zero_byte),
    cmocka_unit_test(secret_equal_sees_each_single_bit),
};
TEST_MAIN(tests)
