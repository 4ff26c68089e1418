/* SPDX-License-Identifier: Apache-2.0 */
#include "base/span.h"
#include "base/tally.h"
#include "test.h"

#define START_S 1000
#define END_S (START_S + CG_LIMIT_REFUSAL_WINDOW_S)
#define PLACES 64

static const struct cg_span address = CG_SPAN("192.0.2.1");

static int setup(void **state)
{
    struct cg_tally *tally = NULL;
    if (cg_tally_new(PLACES, &tally) != CG_OK) {
        return 1;
    }
    *state = tally;
    return 0;
}

static int teardown(void **state)
{
    *state = cg_tally_free(*state);
    return 0;
}

/* How many of `count` equal refusals are let through. */
static unsigned admitted(struct cg_tally *tally, struct cg_span from, enum cg_reason reason,
                         unsigned count, int64_t now_s)
{
    unsigned through = 0;
    for (unsigned i = 0; i < count; i++) {
        through += cg_tally_admit(tally, from, reason, now_s);
    }
    return through;
}

static void tally_lets_the_first_few_through_and_counts_the_rest(void **state)
{
    assert_int_equal(admitted(*state, address, CG_REASON_TOKEN_EXPIRED, 100, START_S),
                     CG_LIMIT_REFUSALS_PER_WINDOW);
    struct cg_tally_sum sum;
    assert_true(cg_tally_drain(*state, END_S, &sum));
    assert_int_equal(sum.reason, CG_REASON_TOKEN_EXPIRED);
    assert_int_equal(sum.count, 100 - CG_LIMIT_REFUSALS_PER_WINDOW);
    assert_int_equal(sum.since_s, START_S);
    assert_span_equal(sum.address, address);
    assert_false(cg_tally_drain(*state, END_S, &sum));
}

static void tally_keeps_a_sum_until_its_window_is_over(void **state)
{
    (void)admitted(*state, address, CG_REASON_TOKEN_EXPIRED, 11, START_S);
    struct cg_tally_sum sum;
    assert_false(cg_tally_drain(*state, END_S - 1, &sum));
    assert_true(cg_tally_drain(*state, INT64_MAX, &sum));
    assert_int_equal(sum.count, 1);
}

static void tally_has_no_sum_when_all_were_let_through(void **state)
{
    (void)admitted(*state, address, CG_REASON_TOKEN_EXPIRED, CG_LIMIT_REFUSALS_PER_WINDOW, START_S);
    struct cg_tally_sum sum;
    assert_false(cg_tally_drain(*state, INT64_MAX, &sum));
}

static void tally_tells_addresses_and_reasons_apart(void **state)
{
    static const struct {
        const char *from;
        enum cg_reason reason;
    } rows[] = {
        {"192.0.2.1", CG_REASON_TOKEN_EXPIRED},
        {"192.0.2.1", CG_REASON_TOKEN_MISSING},
        {"192.0.2.2", CG_REASON_TOKEN_EXPIRED},
        {"2001:db8::1", CG_REASON_TOKEN_EXPIRED},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        assert_int_equal(admitted(*state, test_span(rows[i].from), rows[i].reason, 20, START_S),
                         CG_LIMIT_REFUSALS_PER_WINDOW);
    }
    size_t sums = 0;
    struct cg_tally_sum sum;
    while (cg_tally_drain(*state, END_S, &sum)) {
        assert_int_equal(sum.count, 20 - CG_LIMIT_REFUSALS_PER_WINDOW);
        sums++;
    }
    assert_int_equal(sums, TEST_COUNT(rows));
}

static void tally_starts_anew_after_a_window_without_sum(void **state)
{
    assert_int_equal(admitted(*state, address, CG_REASON_TOKEN_EXPIRED, 10, START_S), 10);
    assert_int_equal(admitted(*state, address, CG_REASON_TOKEN_EXPIRED, 10, END_S), 10);
}

static void tally_loses_no_count_when_it_is_drained_late(void **state)
{
    assert_int_equal(admitted(*state, address, CG_REASON_TOKEN_EXPIRED, 15, START_S), 10);
    assert_int_equal(admitted(*state, address, CG_REASON_TOKEN_EXPIRED, 15, END_S + 5), 0);
    struct cg_tally_sum sum;
    assert_true(cg_tally_drain(*state, END_S + 6, &sum));
    assert_int_equal(sum.count, 20);
    assert_int_equal(admitted(*state, address, CG_REASON_TOKEN_EXPIRED, 15, END_S + 7), 10);
}

static void tally_ends_a_window_when_the_clock_goes_back(void **state)
{
    (void)admitted(*state, address, CG_REASON_TOKEN_EXPIRED, 15, START_S);
    struct cg_tally_sum sum;
    assert_true(cg_tally_drain(*state, START_S - 100, &sum));
    assert_int_equal(sum.count, 5);
    assert_int_equal(admitted(*state, address, CG_REASON_TOKEN_EXPIRED, 15, START_S - 100), 10);
}

static void tally_cuts_off_a_long_address(void **state)
{
    static const char prefix[] = "0000:0000:0000:0000:0000:ffff:255.255.255.255";
    char longer[128];
    assert_true(snprintf(longer, sizeof(longer), "%s%%interface", prefix) > 45);
    (void)admitted(*state, test_span(longer), CG_REASON_TOKEN_EXPIRED, 11, START_S);
    struct cg_tally_sum sum;
    assert_true(cg_tally_drain(*state, INT64_MAX, &sum));
    assert_span_text(sum.address, prefix);
}

static void tally_counts_an_absent_address_as_one(void **state)
{
    struct cg_span absent = {NULL, 0};
    assert_int_equal(admitted(*state, absent, CG_REASON_TOKEN_MISSING, 12, START_S), 10);
    struct cg_tally_sum sum;
    assert_true(cg_tally_drain(*state, INT64_MAX, &sum));
    assert_null(sum.address.data);
    assert_int_equal(sum.count, 2);
}

/* The flood that it is for: every refusal comes from an address of its own. */
static void tally_bounds_what_many_addresses_can_write(void **state)
{
    const unsigned flood = 100000;
    unsigned through = 0;
    for (unsigned i = 0; i < flood; i++) {
        char from[32];
        assert_true(snprintf(from, sizeof(from), "2001:db8::%x:%x", i >> 16, i & 0xffff) > 0);
        through += admitted(*state, test_span(from), CG_REASON_TOKEN_MALFORMED, 1, START_S);
    }
    assert_in_range(through, PLACES / 2, PLACES + CG_LIMIT_REFUSALS_PER_WINDOW);
    uint64_t counted = 0;
    struct cg_tally_sum sum;
    while (cg_tally_drain(*state, END_S, &sum)) {
        assert_int_equal(sum.reason, CG_REASON_TOKEN_MALFORMED);
        assert_null(sum.address.data);
        counted += sum.count;
    }
    assert_int_equal(through + counted, flood);
}

static void tally_uses_a_place_again_when_its_window_is_over(void **state)
{
    for (int64_t round = 0; round < 3; round++) {
        for (unsigned i = 0; i < 10 * PLACES; i++) {
            char from[32];
            assert_true(snprintf(from, sizeof(from), "10.%d.%u", (int)round, i) > 0);
            (void)cg_tally_admit(*state, test_span(from), CG_REASON_TOKEN_MISSING,
                                 START_S + round * CG_LIMIT_REFUSAL_WINDOW_S);
        }
        struct cg_tally_sum sum;
        size_t sums = 0;
        while (cg_tally_drain(*state, END_S + round * CG_LIMIT_REFUSAL_WINDOW_S, &sum)) {
            sums++;
        }
        assert_int_equal(sums, 1);
    }
    /* Nobody else asks now, so the newcomer has a place of its own. */
    int64_t late_s = END_S + 10 * CG_LIMIT_REFUSAL_WINDOW_S;
    (void)admitted(*state, address, CG_REASON_TOKEN_MISSING, 11, late_s);
    struct cg_tally_sum sum;
    assert_true(cg_tally_drain(*state, INT64_MAX, &sum));
    assert_span_equal(sum.address, address);
}

static void tally_sum_outlives_what_comes_after_the_drain(void **state)
{
    (void)admitted(*state, address, CG_REASON_TOKEN_EXPIRED, 11, START_S);
    struct cg_tally_sum sum;
    assert_true(cg_tally_drain(*state, END_S, &sum));
    for (unsigned i = 0; i < 10 * PLACES; i++) {
        char from[32];
        assert_true(snprintf(from, sizeof(from), "10.0.%u", i) > 0);
        (void)cg_tally_admit(*state, test_span(from), CG_REASON_TOKEN_MISSING, END_S);
    }
    assert_span_equal(sum.address, address);
}

TEST(tally_of_any_size_works_within_its_limit)
{
    static const size_t sizes[] = {0, 1, 8, 9, CG_LIMIT_TALLY_PLACES};
    for (size_t i = 0; i < TEST_COUNT(sizes); i++) {
        struct cg_tally *tally = NULL;
        assert_ok(cg_tally_new(sizes[i], &tally));
        assert_true(cg_tally_admit(tally, address, CG_REASON_INTERNAL, START_S));
        assert_null(cg_tally_free(tally));
    }
    struct cg_tally *tally = NULL;
    assert_status(cg_tally_new(CG_LIMIT_TALLY_PLACES + 1, &tally), CG_ERR_LIMIT);
    assert_null(tally);
    assert_null(cg_tally_free(NULL));
}

#define cmocka_unit_test_on_tally(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_on_tally(tally_lets_the_first_few_through_and_counts_the_rest),
    cmocka_unit_test_on_tally(tally_keeps_a_sum_until_its_window_is_over),
    cmocka_unit_test_on_tally(tally_has_no_sum_when_all_were_let_through),
    cmocka_unit_test_on_tally(tally_tells_addresses_and_reasons_apart),
    cmocka_unit_test_on_tally(tally_starts_anew_after_a_window_without_sum),
    cmocka_unit_test_on_tally(tally_loses_no_count_when_it_is_drained_late),
    cmocka_unit_test_on_tally(tally_ends_a_window_when_the_clock_goes_back),
    cmocka_unit_test_on_tally(tally_cuts_off_a_long_address),
    cmocka_unit_test_on_tally(tally_counts_an_absent_address_as_one),
    cmocka_unit_test_on_tally(tally_bounds_what_many_addresses_can_write),
    cmocka_unit_test_on_tally(tally_uses_a_place_again_when_its_window_is_over),
    cmocka_unit_test_on_tally(tally_sum_outlives_what_comes_after_the_drain),
    cmocka_unit_test(tally_of_any_size_works_within_its_limit),
};
TEST_MAIN(tests)
