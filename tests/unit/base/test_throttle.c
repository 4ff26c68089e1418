/* SPDX-License-Identifier: Apache-2.0 */
#include "base/span.h"
#include "base/throttle.h"
#include "test.h"

#define START_S INT64_C(1700000000)
#define START_MS (START_S * 1000)
#define SMALL_BYTES ((size_t)CG_THROTTLE_BYTES_MIN)

static const struct cg_throttle_delay delay = {3, 60, 900};

static _Alignas(64) uint8_t memory[SMALL_BYTES];

static int setup(void **state)
{
    static const uint8_t key[CG_THROTTLE_KEY_BYTES] = {1, 2, 3};
    struct cg_throttle *throttle = NULL;
    memset(memory, 0, sizeof(memory));
    if (cg_throttle_place(memory, sizeof(memory), key, START_S, &throttle) != CG_OK) {
        return 1;
    }
    *state = throttle;
    return 0;
}

static uint64_t key_of(const struct cg_throttle *throttle, const char *name)
{
    struct cg_throttle_parts parts = {.first = test_span("/realm"), .second = test_span(name)};
    return cg_throttle_key(throttle, CG_THROTTLE_PAIR, &parts);
}

static uint64_t numbered(const struct cg_throttle *throttle, unsigned number)
{
    char name[16];
    (void)snprintf(name, sizeof(name), "%u", number);
    return key_of(throttle, name);
}

/* How many of so many are let through at once. */
static unsigned taken(struct cg_throttle *throttle, uint64_t key, const struct cg_rate *rate,
                      unsigned count, int64_t now_ms)
{
    unsigned through = 0;
    for (unsigned i = 0; i < count; i++) {
        through += cg_throttle_take(throttle, key, rate, now_ms) == 0;
    }
    return through;
}

TEST(throttle_wants_enough_memory_that_is_aligned)
{
    static const uint8_t key[CG_THROTTLE_KEY_BYTES] = {0};
    struct cg_throttle *throttle = NULL;
    assert_status(cg_throttle_place(memory, SMALL_BYTES - 1, key, START_S, &throttle),
                  CG_ERR_INPUT);
    assert_status(cg_throttle_place(memory + 8, SMALL_BYTES, key, START_S, &throttle),
                  CG_ERR_INPUT);
    assert_null(throttle);
}

static void throttle_lets_a_burst_through_and_then_the_rate(void **state)
{
    const struct cg_rate rate = {10, 1, 20};
    uint64_t key = key_of(*state, "a");
    assert_int_equal(taken(*state, key, &rate, 100, START_MS), 20);
    assert_int_equal(taken(*state, key, &rate, 100, START_MS + 500), 5);
    assert_int_equal(taken(*state, key, &rate, 100, START_MS + 500), 0);
    /* A long rest fills the bucket, and no more. */
    assert_int_equal(taken(*state, key, &rate, 100, START_MS + 3600000), 20);
}

static void throttle_tells_how_long_to_wait(void **state)
{
    const struct cg_rate rate = {6, 60, 2};
    uint64_t key = key_of(*state, "a");
    assert_int_equal(taken(*state, key, &rate, 2, START_MS), 2);
    int64_t wait_ms = cg_throttle_take(*state, key, &rate, START_MS);
    assert_in_range(wait_ms, 9990, 10000);
    assert_int_equal(cg_throttle_look(*state, key, &rate, START_MS), wait_ms);
    assert_true(cg_throttle_take(*state, key, &rate, START_MS + wait_ms - 1) > 0);
    assert_int_equal(cg_throttle_take(*state, key, &rate, START_MS + wait_ms), 0);
}

static void throttle_looks_without_taking(void **state)
{
    const struct cg_rate rate = {1, 60, 1};
    uint64_t key = key_of(*state, "a");
    for (int i = 0; i < 3; i++) {
        assert_int_equal(cg_throttle_look(*state, key, &rate, START_MS), 0);
    }
    assert_int_equal(cg_throttle_take(*state, key, &rate, START_MS), 0);
    assert_true(cg_throttle_look(*state, key, &rate, START_MS) > 0);
}

TEST(rate_is_within_another_when_it_lets_through_no_more_at_once_and_over_time)
{
    static const struct {
        const char *rate;
        const char *other;
        bool within;
    } rows[] = {
        {"5/s", "20/s", true},      {"20/s", "20/s", true},     {"21/s", "20/s", false},
        {"20/min", "20/s", true},   {"600/min", "20/s", false}, /* 600 at once */
        {"20/s", "600/min", false}, {"10/s", "600/min", true},  {"600/h", "600/min", true},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        struct cg_rate rate;
        struct cg_rate other;
        assert_ok(cg_rate_parse(test_span(rows[i].rate), &rate));
        assert_ok(cg_rate_parse(test_span(rows[i].other), &other));
        if (cg_rate_is_within(&rate, &other) != rows[i].within) {
            fail_msg("%s in %s", rows[i].rate, rows[i].other);
        }
    }
}

/* Within three in a hundred, whatever the rate. */
static void throttle_holds_each_rate_that_can_be_written(void **state)
{
    static const struct cg_rate rates[] = {{1000, 1, 10},    {999, 1, 10},          {7, 1, 1},
                                           {60000, 60, 100}, {3600000, 3600, 1000}, {1, 3600, 1}};
    for (unsigned i = 0; i < TEST_COUNT(rates); i++) {
        struct cg_rate rate = rates[i];
        int64_t window_ms = (int64_t)rate.window_s * 1000;
        unsigned got = 0;
        for (int64_t at_ms = 0; at_ms < window_ms; at_ms += window_ms / 4000 + 1) {
            got += taken(*state, numbered(*state, i), &rate, 2000, START_MS + at_ms);
        }
        unsigned most = rate.count + rate.burst;
        assert_in_range(got, rate.count - rate.count / 33, most + most / 33);
    }
}

static void throttle_counts_each_key_by_itself(void **state)
{
    const struct cg_rate rate = {1, 60, 1};
    assert_int_equal(cg_throttle_take(*state, key_of(*state, "a"), &rate, START_MS), 0);
    assert_int_equal(cg_throttle_take(*state, key_of(*state, "b"), &rate, START_MS), 0);
    assert_int_equal(
        cg_throttle_take(*state, cg_throttle_sibling(key_of(*state, "a")), &rate, START_MS), 0);
    assert_true(cg_throttle_take(*state, key_of(*state, "a"), &rate, START_MS) > 0);
}

static void throttle_keys_differ_by_kind_and_by_where_parts_end(void **state)
{
    const struct cg_throttle_parts first = {test_span("ab"), test_span("c"), {NULL, 0}};
    const struct cg_throttle_parts second = {test_span("a"), test_span("bc"), {NULL, 0}};
    uint64_t key = cg_throttle_key(*state, CG_THROTTLE_PAIR, &first);
    assert_true(key != cg_throttle_key(*state, CG_THROTTLE_PAIR, &second));
    assert_true(key != cg_throttle_key(*state, CG_THROTTLE_CLIENT, &first));
    assert_true(key == cg_throttle_key(*state, CG_THROTTLE_PAIR, &first));
}

static void throttle_delays_after_free_failures_and_doubles(void **state)
{
    static const int64_t expected[] = {0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60};
    uint64_t key = key_of(*state, "a");
    int64_t now_s = START_S;
    for (size_t i = 0; i < TEST_COUNT(expected); i++) {
        cg_throttle_fail(*state, key, &delay, now_s);
        int64_t left_s = cg_throttle_delay_left(*state, key, &delay, now_s);
        assert_int_equal(left_s, expected[i]);
        if (left_s > 0) {
            assert_int_equal(cg_throttle_delay_left(*state, key, &delay, now_s + left_s - 1), 1);
        }
        now_s += left_s;
        assert_int_equal(cg_throttle_delay_left(*state, key, &delay, now_s), 0);
    }
}

static void throttle_forgets_failures_after_a_while(void **state)
{
    uint64_t key = key_of(*state, "a");
    for (int i = 0; i < 4; i++) {
        cg_throttle_fail(*state, key, &delay, START_S);
    }
    /* A second of delay, then the time in which nothing may fail. */
    cg_throttle_fail(*state, key, &delay, START_S + 900);
    assert_int_equal(cg_throttle_delay_left(*state, key, &delay, START_S + 900), 2);
    cg_throttle_fail(*state, key, &delay, START_S + 900 + 902);
    assert_int_equal(cg_throttle_delay_left(*state, key, &delay, START_S + 900 + 902), 0);
}

static void throttle_clear_forgets_at_once(void **state)
{
    uint64_t key = key_of(*state, "a");
    for (int i = 0; i < 9; i++) {
        cg_throttle_fail(*state, key, &delay, START_S);
        cg_throttle_fail(*state, key_of(*state, "b"), &delay, START_S);
    }
    cg_throttle_clear(*state, key);
    assert_int_equal(cg_throttle_delay_left(*state, key, &delay, START_S), 0);
    assert_true(cg_throttle_delay_left(*state, key_of(*state, "b"), &delay, START_S) > 0);
    cg_throttle_fail(*state, key, &delay, START_S);
    assert_int_equal(cg_throttle_delay_left(*state, key, &delay, START_S), 0);
}

static void throttle_note_lasts_its_life(void **state)
{
    uint64_t key = key_of(*state, "a");
    assert_false(cg_throttle_is_noted(*state, key, START_S));
    cg_throttle_note(*state, key, 800, START_S);
    assert_true(cg_throttle_is_noted(*state, key, START_S + 799));
    assert_false(cg_throttle_is_noted(*state, key, START_S + 800));
    /* Less than an eighth later it is not written anew; more than that, it is. */
    cg_throttle_note(*state, key, 800, START_S + 90);
    assert_false(cg_throttle_is_noted(*state, key, START_S + 800));
    cg_throttle_note(*state, key, 800, START_S + 110);
    assert_true(cg_throttle_is_noted(*state, key, START_S + 800));
}

static void throttle_pushes_out_what_ends_first(void **state)
{
    uint64_t kept = key_of(*state, "kept");
    cg_throttle_note(*state, kept, 604800, START_S);
    for (unsigned i = 0; i < 100000; i++) {
        cg_throttle_fail(*state, numbered(*state, i), &delay, START_S);
    }
    assert_true(cg_throttle_is_noted(*state, kept, START_S));
}

static void throttle_counts_on_in_a_table_that_is_full(void **state)
{
    uint64_t key = key_of(*state, "a");
    for (unsigned i = 0; i < 100000; i++) {
        cg_throttle_note(*state, numbered(*state, i), 604800, START_S);
    }
    for (int i = 0; i < 5; i++) {
        cg_throttle_fail(*state, key, &delay, START_S);
    }
    assert_int_equal(cg_throttle_delay_left(*state, key, &delay, START_S), 2);
}

static void throttle_goes_by_a_new_rate_at_once(void **state)
{
    const struct cg_rate high = {600, 1, 600};
    const struct cg_rate low = {2, 3600, 2};
    const uint64_t key = key_of(*state, "changed");
    assert_int_equal(taken(*state, key, &high, 20, START_MS), 20);
    assert_int_equal(taken(*state, key, &low, 20, START_MS), 1);
    assert_true(cg_throttle_take(*state, key, &high, START_MS + 1000) <= 2);
    assert_int_equal(taken(*state, key, &high, 20, START_MS + 1100), 20);
}

static void throttle_holds_nobody_longer_when_the_clock_goes_back(void **state)
{
    const struct cg_rate rate = {1, 60, 2};
    uint64_t bucket = key_of(*state, "bucket");
    uint64_t failures = key_of(*state, "failures");
    int64_t later_s = START_S + 86400;
    assert_int_equal(taken(*state, bucket, &rate, 3, later_s * 1000), 2);
    for (int i = 0; i < 5; i++) {
        cg_throttle_fail(*state, failures, &delay, later_s);
    }
    assert_in_range(cg_throttle_take(*state, bucket, &rate, START_MS - 5000), 1, 60000);
    assert_int_equal(cg_throttle_take(*state, bucket, &rate, START_MS + 60000), 0);
    assert_in_range(cg_throttle_delay_left(*state, failures, &delay, START_S - 5), 1, 2);
}

TEST(rate_parse_reads_rates)
{
    static const struct {
        const char *text;
        struct cg_rate rate;
    } rows[] = {
        {"1/s", {1, 1, 1}},
        {"1000/s", {1000, 1, 1000}},
        {"30/min", {30, 60, 30}},
        {"60000/min", {60000, 60, 60000}},
        {"3600000/h", {3600000, 3600, CG_RATE_BURST_MAX}},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        struct cg_rate rate = {0, 0, 0};
        assert_ok(cg_rate_parse(test_span(rows[i].text), &rate));
        assert_memory_equal(&rate, &rows[i].rate, sizeof(rate));
    }
}

TEST(rate_parse_refuses_all_else)
{
    static const char *const texts[] = {
        "",     "5",      "/s",        "0/s",       "1001/s", "-1/s",
        " 5/s", "5/s ",   "5 /s",      "05/s",      "5/S",    "5/",
        "5/d",  "5/min/", "60001/min", "3600001/h", "1.5/s",  "99999999999999999999/s"};
    for (size_t i = 0; i < TEST_COUNT(texts); i++) {
        struct cg_rate rate = {7, 7, 7};
        assert_status_row(texts[i], cg_rate_parse(test_span(texts[i]), &rate), CG_ERR_INPUT);
        assert_int_equal(rate.count, 7);
    }
    struct cg_rate rate;
    assert_status(cg_rate_parse((struct cg_span){NULL, 0}, &rate), CG_ERR_INPUT);
}

#define CASE(test) cmocka_unit_test_setup(test, setup)

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(rate_is_within_another_when_it_lets_through_no_more_at_once_and_over_time),
    cmocka_unit_test(throttle_wants_enough_memory_that_is_aligned),
    CASE(throttle_lets_a_burst_through_and_then_the_rate),
    CASE(throttle_tells_how_long_to_wait),
    CASE(throttle_looks_without_taking),
    CASE(throttle_holds_each_rate_that_can_be_written),
    CASE(throttle_counts_each_key_by_itself),
    CASE(throttle_keys_differ_by_kind_and_by_where_parts_end),
    CASE(throttle_delays_after_free_failures_and_doubles),
    CASE(throttle_forgets_failures_after_a_while),
    CASE(throttle_clear_forgets_at_once),
    CASE(throttle_note_lasts_its_life),
    CASE(throttle_pushes_out_what_ends_first),
    CASE(throttle_counts_on_in_a_table_that_is_full),
    CASE(throttle_goes_by_a_new_rate_at_once),
    CASE(throttle_holds_nobody_longer_when_the_clock_goes_back),
    cmocka_unit_test(rate_parse_reads_rates),
    cmocka_unit_test(rate_parse_refuses_all_else),
};
TEST_MAIN(tests)
