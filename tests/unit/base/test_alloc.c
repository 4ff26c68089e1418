/* SPDX-License-Identifier: Apache-2.0 */
#include "base/alloc.h"
#include "test.h"

/* Hidden from the compiler, which would warn of the size that the test is about. */
static size_t hidden(size_t size)
{
    volatile size_t kept = size;
    return kept;
}

TEST(alloc_gives_zeroed_memory)
{
    void *memory = NULL;
    assert_ok(cg_alloc(16, 4, &memory));
    static const uint8_t zeros[64];
    assert_memory_equal(memory, zeros, sizeof(zeros));
    assert_null(cg_release(memory));
}

TEST(alloc_of_nothing_gives_a_pointer_all_the_same)
{
    static const size_t sizes[][2] = {{0, 8}, {8, 0}, {0, 0}};
    for (size_t i = 0; i < TEST_COUNT(sizes); i++) {
        void *memory = NULL;
        assert_ok(cg_alloc(sizes[i][0], sizes[i][1], &memory));
        assert_non_null(memory);
        (void)cg_release(memory);
    }
}

TEST(alloc_refuses_a_product_that_overflows)
{
    void *memory = NULL;
    assert_status(cg_alloc(hidden(SIZE_MAX / 2), hidden(3), &memory), CG_ERR_LIMIT);
    assert_null(memory);
}

TEST(alloc_resize_keeps_the_contents)
{
    void *memory = NULL;
    assert_ok(cg_alloc_resize(&memory, 4));
    memcpy(memory, "abc", 4);
    assert_ok(cg_alloc_resize(&memory, 100000));
    assert_string_equal(memory, "abc");
    (void)cg_release(memory);
}

TEST(alloc_resize_to_nothing_gives_a_pointer)
{
    void *memory = NULL;
    assert_ok(cg_alloc(1, 4, &memory));
    assert_ok(cg_alloc_resize(&memory, 0));
    assert_non_null(memory);
    (void)cg_release(memory);
}

TEST(release_accepts_null)
{
    assert_null(cg_release(NULL));
}

TEST(wipe_overwrites_exactly_what_it_is_told)
{
    uint8_t bytes[4] = {1, 2, 3, 4};
    cg_wipe(bytes + 1, 2);
    static const uint8_t wiped[4] = {1, 0, 0, 4};
    assert_memory_equal(bytes, wiped, sizeof(wiped));
    cg_wipe(NULL, 0);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(alloc_gives_zeroed_memory),
    cmocka_unit_test(alloc_of_nothing_gives_a_pointer_all_the_same),
    cmocka_unit_test(alloc_refuses_a_product_that_overflows),
    cmocka_unit_test(alloc_resize_keeps_the_contents),
    cmocka_unit_test(alloc_resize_to_nothing_gives_a_pointer),
    cmocka_unit_test(release_accepts_null),
    cmocka_unit_test(wipe_overwrites_exactly_what_it_is_told),
};
TEST_MAIN(tests)
