/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"
#include "base/span.h"
#include "test.h"

#include <stdalign.h>

static int setup(void **state)
{
    struct cg_arena *arena = NULL;
    if (cg_arena_new(100000, &arena) != CG_OK) {
        return 1;
    }
    *state = arena;
    return 0;
}

static int teardown(void **state)
{
    *state = cg_arena_free(*state);
    return 0;
}

static bool is_zero(const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (bytes[i] != 0) {
            return false;
        }
    }
    return true;
}

static void arena_gives_zeroed_aligned_pieces_of_any_length(void **state)
{
    static const size_t lengths[] = {1, 15, 16, 17, 4000, 4096, 5000, 40000};
    for (size_t i = 0; i < TEST_COUNT(lengths); i++) {
        void *memory = NULL;
        assert_ok(cg_arena_take(*state, lengths[i], &memory));
        assert_int_equal((uintptr_t)memory % alignof(max_align_t), 0);
        assert_true(is_zero(memory, lengths[i]));
        memset(memory, 0xaa, lengths[i]);
    }
}

static void arena_keeps_pieces_apart(void **state)
{
    uint8_t *pieces[64];
    for (size_t i = 0; i < TEST_COUNT(pieces); i++) {
        void *memory = NULL;
        assert_ok(cg_arena_take(*state, i * 7, &memory));
        pieces[i] = memory;
        memset(pieces[i], (int)i, i * 7);
    }
    for (size_t i = 0; i < TEST_COUNT(pieces); i++) {
        for (size_t at = 0; at < i * 7; at++) {
            assert_int_equal(pieces[i][at], i);
        }
    }
}

static void arena_gives_a_valid_pointer_for_no_bytes(void **state)
{
    void *memory = NULL;
    assert_ok(cg_arena_take(*state, 0, &memory));
    assert_non_null(memory);
}

TEST(arena_gives_all_of_its_maximum_and_no_more)
{
    static const size_t maxima[] = {1, 16, 100, 4096, 5000, 131072};
    for (size_t i = 0; i < TEST_COUNT(maxima); i++) {
        CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = NULL;
        assert_ok(cg_arena_new(maxima[i], &arena));
        void *memory = NULL;
        assert_ok(cg_arena_take(arena, maxima[i], &memory));
        assert_status(cg_arena_take(arena, 16, &memory), CG_ERR_LIMIT);
        assert_status(cg_arena_take(arena, SIZE_MAX, &memory), CG_ERR_LIMIT);
        cg_arena_clear(arena);
        assert_ok(cg_arena_take(arena, maxima[i], &memory));
    }
}

TEST(arena_counts_its_maximum_over_many_pieces)
{
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = NULL;
    assert_ok(cg_arena_new(16000, &arena));
    void *memory = NULL;
    for (size_t i = 0; i < 1000; i++) {
        assert_ok(cg_arena_take(arena, 10, &memory));
    }
    assert_status(cg_arena_take(arena, 1, &memory), CG_ERR_LIMIT);
}

static void arena_is_zero_again_after_it_was_cleared(void **state)
{
    void *first = NULL;
    void *large = NULL;
    assert_ok(cg_arena_take(*state, 300, &first));
    memset(first, 0x5a, 300);
    assert_ok(cg_arena_take(*state, 50000, &large));
    memset(large, 0x5a, 50000);
    cg_arena_clear(*state);
    void *again = NULL;
    assert_ok(cg_arena_take(*state, 300, &again));
    assert_ptr_equal(again, first);
    assert_true(is_zero(again, 300));
}

static void arena_copy_is_a_copy_with_a_zero_behind(void **state)
{
    char text[] = "secret";
    struct cg_span copy = {NULL, 0};
    assert_ok(cg_arena_copy(*state, test_span(text), &copy));
    text[0] = 'S';
    assert_span_text(copy, "secret");
    assert_int_equal(copy.data[copy.len], 0);
}

static void arena_copy_tells_absent_from_empty(void **state)
{
    struct cg_span copy = CG_SPAN("x");
    assert_ok(cg_arena_copy(*state, (struct cg_span){NULL, 0}, &copy));
    assert_null(copy.data);
    assert_ok(cg_arena_copy(*state, test_span(""), &copy));
    assert_non_null(copy.data);
    assert_int_equal(copy.len, 0);
}

TEST(arena_copy_leaves_its_result_when_it_fails)
{
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = NULL;
    assert_ok(cg_arena_new(16, &arena));
    struct cg_span copy = CG_SPAN("before");
    assert_status(cg_arena_copy(arena, test_span("0123456789abcdef"), &copy), CG_ERR_LIMIT);
    assert_span_text(copy, "before");
}

static void arena_array_checks_the_product(void **state)
{
    void *memory = NULL;
    assert_ok(cg_arena_take_array(*state, 10, sizeof(uint64_t), &memory));
    assert_non_null(memory);
    assert_status(cg_arena_take_array(*state, SIZE_MAX / 2, 4, &memory), CG_ERR_LIMIT);
}

static void arena_extends_the_last_piece_in_place(void **state)
{
    void *memory = NULL;
    assert_ok(cg_arena_take(*state, 20, &memory));
    memset(memory, 'x', 20);
    assert_true(cg_arena_extend(*state, memory, 20, 1000));
    assert_true(is_zero((uint8_t *)memory + 20, 980));
    memset(memory, 'x', 1000);
    void *next = NULL;
    assert_ok(cg_arena_take(*state, 1, &next));
    assert_true((uint8_t *)next >= (uint8_t *)memory + 1000);
}

static void arena_extends_no_other_piece(void **state)
{
    void *first = NULL;
    void *last = NULL;
    assert_ok(cg_arena_take(*state, 20, &first));
    assert_ok(cg_arena_take(*state, 20, &last));
    assert_false(cg_arena_extend(*state, first, 20, 40));
    assert_false(cg_arena_extend(*state, last, 20, 10));
    assert_false(cg_arena_extend(*state, last, 20, 90000));
    assert_false(cg_arena_extend(*state, last, 20, SIZE_MAX));
    assert_true(cg_arena_extend(*state, last, 20, 40));
}

TEST(arena_does_not_extend_past_its_maximum)
{
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = NULL;
    assert_ok(cg_arena_new(4000, &arena));
    void *memory = NULL;
    assert_ok(cg_arena_take(arena, 1000, &memory));
    assert_false(cg_arena_extend(arena, memory, 1000, 4001));
    assert_true(cg_arena_extend(arena, memory, 1000, 4000));
}

TEST(arena_accepts_null_where_there_is_nothing)
{
    assert_null(cg_arena_free(NULL));
    cg_arena_clear(NULL);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(arena_gives_zeroed_aligned_pieces_of_any_length, setup,
                                    teardown),
    cmocka_unit_test_setup_teardown(arena_keeps_pieces_apart, setup, teardown),
    cmocka_unit_test_setup_teardown(arena_gives_a_valid_pointer_for_no_bytes, setup, teardown),
    cmocka_unit_test(arena_gives_all_of_its_maximum_and_no_more),
    cmocka_unit_test(arena_counts_its_maximum_over_many_pieces),
    cmocka_unit_test_setup_teardown(arena_is_zero_again_after_it_was_cleared, setup, teardown),
    cmocka_unit_test_setup_teardown(arena_copy_is_a_copy_with_a_zero_behind, setup, teardown),
    cmocka_unit_test_setup_teardown(arena_copy_tells_absent_from_empty, setup, teardown),
    cmocka_unit_test(arena_copy_leaves_its_result_when_it_fails),
    cmocka_unit_test_setup_teardown(arena_array_checks_the_product, setup, teardown),
    cmocka_unit_test_setup_teardown(arena_extends_the_last_piece_in_place, setup, teardown),
    cmocka_unit_test_setup_teardown(arena_extends_no_other_piece, setup, teardown),
    cmocka_unit_test(arena_does_not_extend_past_its_maximum),
    cmocka_unit_test(arena_accepts_null_where_there_is_nothing),
};
TEST_MAIN(tests)
