/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"
#include "base/span.h"
#include "test.h"

#define MAX_BYTES 10000

/* Each test runs on a heap buffer and on one in an arena. */
struct fixture {
    struct cg_buf buf;
    struct cg_arena *arena;
};

static int setup_heap(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    if (fixture == NULL) {
        return 1;
    }
    cg_buf_init(&fixture->buf, MAX_BYTES);
    *state = fixture;
    return 0;
}

static int setup_arena(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    if (fixture == NULL || cg_arena_new(8 * MAX_BYTES, &fixture->arena) != CG_OK) {
        free(fixture);
        return 1;
    }
    cg_buf_init_arena(&fixture->buf, fixture->arena, MAX_BYTES);
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    cg_buf_release(&fixture->buf);
    (void)cg_arena_free(fixture->arena);
    free(fixture);
    return 0;
}

static void buf_holds_what_was_written_in_order(void **state)
{
    struct cg_buf *buf = &((struct fixture *)*state)->buf;
    cg_buf_put(buf, test_span("a"));
    cg_buf_put_string(buf, "bc");
    cg_buf_put_byte(buf, 'd');
    cg_buf_put_number(buf, -12);
    cg_buf_put(buf, test_span(""));
    struct cg_span text = {NULL, 0};
    assert_ok(cg_buf_finish(buf, &text));
    assert_span_text(text, "abcd-12");
}

static void buf_without_a_write_is_empty_and_not_absent(void **state)
{
    struct cg_buf *buf = &((struct fixture *)*state)->buf;
    struct cg_span text = {NULL, 0};
    assert_ok(cg_buf_finish(buf, &text));
    assert_non_null(text.data);
    assert_int_equal(text.len, 0);
}

static void buf_grows_to_its_maximum_and_fails_past_it(void **state)
{
    struct cg_buf *buf = &((struct fixture *)*state)->buf;
    for (size_t i = 0; i < MAX_BYTES; i++) {
        cg_buf_put_byte(buf, (uint8_t)i);
    }
    struct cg_span bytes = {NULL, 0};
    assert_ok(cg_buf_finish(buf, &bytes));
    assert_int_equal(bytes.len, MAX_BYTES);
    for (size_t i = 0; i < MAX_BYTES; i++) {
        assert_int_equal(bytes.data[i], (uint8_t)i);
    }
    cg_buf_put_byte(buf, 'x');
    assert_status(cg_buf_finish(buf, &bytes), CG_ERR_LIMIT);
}

static void buf_stays_failed_until_it_is_cleared(void **state)
{
    struct cg_buf *buf = &((struct fixture *)*state)->buf;
    cg_buf_put_string(buf, "kept");
    assert_null(cg_buf_reserve(buf, MAX_BYTES));
    cg_buf_put_string(buf, "ignored");
    struct cg_span text = CG_SPAN("before");
    assert_status(cg_buf_finish(buf, &text), CG_ERR_LIMIT);
    assert_span_text(text, "before");
    cg_buf_clear(buf);
    cg_buf_put_string(buf, "anew");
    assert_ok(cg_buf_finish(buf, &text));
    assert_span_text(text, "anew");
}

static void buf_reserve_counts_as_written(void **state)
{
    struct cg_buf *buf = &((struct fixture *)*state)->buf;
    cg_buf_put_byte(buf, '<');
    uint8_t *room = cg_buf_reserve(buf, 600);
    assert_non_null(room);
    memset(room, '=', 600);
    cg_buf_put_byte(buf, '>');
    struct cg_span text = {NULL, 0};
    assert_ok(cg_buf_finish(buf, &text));
    assert_int_equal(text.len, 602);
    assert_int_equal(text.data[601], '>');
    assert_non_null(cg_buf_reserve(buf, 0));
}

static void buf_refuses_a_length_that_would_wrap(void **state)
{
    struct cg_buf *buf = &((struct fixture *)*state)->buf;
    cg_buf_put_byte(buf, 'a');
    assert_null(cg_buf_reserve(buf, SIZE_MAX));
}

static void buf_is_usable_after_release(void **state)
{
    struct cg_buf *buf = &((struct fixture *)*state)->buf;
    cg_buf_put_string(buf, "old");
    cg_buf_release(buf);
    cg_buf_put_string(buf, "new");
    struct cg_span text = {NULL, 0};
    assert_ok(cg_buf_finish(buf, &text));
    assert_span_text(text, "new");
    cg_buf_release(NULL);
}

TEST(buf_writes_numbers_in_decimal)
{
    static const struct {
        int64_t number;
        const char *text;
    } rows[] = {
        {0, "0"},
        {7, "7"},
        {-1, "-1"},
        {1700000000, "1700000000"},
        {INT64_MAX, "9223372036854775807"},
        {INT64_MIN, "-9223372036854775808"},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        struct cg_buf buf;
        cg_buf_init(&buf, 32);
        cg_buf_put_number(&buf, rows[i].number);
        struct cg_span text = {NULL, 0};
        assert_ok(cg_buf_finish(&buf, &text));
        assert_span_text_row(rows[i].text, text, rows[i].text);
        cg_buf_release(&buf);
    }
}

TEST(buf_with_a_small_maximum_takes_no_more_memory_than_that)
{
    struct cg_buf buf;
    cg_buf_init(&buf, 5);
    cg_buf_put_string(&buf, "12345");
    assert_int_equal(buf.capacity, 5);
    cg_buf_put_byte(&buf, '6');
    assert_true(buf.failed);
    cg_buf_release(&buf);
}

TEST(buf_tells_too_long_an_input_from_want_of_memory)
{
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = NULL;
    static uint8_t bytes[MAX_BYTES];
    struct cg_span text = {NULL, 0};
    struct cg_buf buf;
    assert_ok(cg_arena_new(64, &arena));
    cg_buf_init_arena(&buf, arena, 16);
    cg_buf_put(&buf, cg_span_of_bytes(bytes, 17));
    assert_status(cg_buf_finish_input(&buf, &text), CG_ERR_INPUT);
    cg_buf_clear(&buf);
    cg_buf_put(&buf, cg_span_of_bytes(bytes, 16));
    assert_ok(cg_buf_finish_input(&buf, &text));
    cg_buf_init_arena(&buf, arena, MAX_BYTES);
    cg_buf_put(&buf, cg_span_of_bytes(bytes, MAX_BYTES));
    assert_status(cg_buf_finish_input(&buf, &text), CG_ERR_LIMIT);
}

TEST(buf_fails_when_its_arena_is_used_up)
{
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = NULL;
    assert_ok(cg_arena_new(400, &arena));
    struct cg_buf buf;
    cg_buf_init_arena(&buf, arena, MAX_BYTES);
    for (size_t i = 0; i < 100; i++) {
        cg_buf_put_string(&buf, "0123456789");
    }
    struct cg_span text = {NULL, 0};
    assert_status(cg_buf_finish(&buf, &text), CG_ERR_LIMIT);
}

TEST(buf_moves_when_another_piece_stands_behind_it)
{
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = NULL;
    assert_ok(cg_arena_new(40000, &arena));
    struct cg_buf buf;
    cg_buf_init_arena(&buf, arena, MAX_BYTES);
    cg_buf_put_string(&buf, "first");
    struct cg_span other = {NULL, 0};
    assert_ok(cg_arena_copy(arena, test_span("other"), &other));
    for (size_t i = 0; i < 100; i++) {
        cg_buf_put_string(&buf, "0123456789");
    }
    struct cg_span text = {NULL, 0};
    assert_ok(cg_buf_finish(&buf, &text));
    assert_int_equal(text.len, 1005);
    assert_span_text(cg_span_part(text, 0, 7), "first01");
    assert_span_text(other, "other");
}

#define cmocka_unit_test_on_both(test)                                                             \
    cmocka_unit_test_setup_teardown(test, setup_heap, teardown),                                   \
        cmocka_unit_test_setup_teardown(test, setup_arena, teardown)

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_on_both(buf_holds_what_was_written_in_order),
    cmocka_unit_test_on_both(buf_without_a_write_is_empty_and_not_absent),
    cmocka_unit_test_on_both(buf_grows_to_its_maximum_and_fails_past_it),
    cmocka_unit_test_on_both(buf_stays_failed_until_it_is_cleared),
    cmocka_unit_test_on_both(buf_reserve_counts_as_written),
    cmocka_unit_test_on_both(buf_refuses_a_length_that_would_wrap),
    cmocka_unit_test_on_both(buf_is_usable_after_release),
    cmocka_unit_test(buf_writes_numbers_in_decimal),
    cmocka_unit_test(buf_with_a_small_maximum_takes_no_more_memory_than_that),
    cmocka_unit_test(buf_tells_too_long_an_input_from_want_of_memory),
    cmocka_unit_test(buf_fails_when_its_arena_is_used_up),
    cmocka_unit_test(buf_moves_when_another_piece_stands_behind_it),
};
TEST_MAIN(tests)
