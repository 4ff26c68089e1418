/* SPDX-License-Identifier: Apache-2.0 */
#include "base/span.h"
#include "gate/refusals.h"
#include "test.h"

#define NOW_S INT64_C(1000)
#define LATER_S (NOW_S + CG_LIMIT_REFUSAL_WINDOW_S)

static struct cg_refusals *new_refusals(void)
{
    struct cg_refusals *refusals = NULL;
    assert_ok(cg_refusals_new(&refusals));
    return refusals;
}

static struct cg_refusal refusal_of(const char *address, enum cg_reason reason)
{
    return (struct cg_refusal){
        .time_s = NOW_S,
        .reason = reason,
        .count = 1,
        .realm = CG_SPAN("/vlive/hpca"),
        .api = CG_SPAN("documents"),
        .client_id = CG_SPAN("ward-9"),
        .organisation = CG_SPAN("RX1"),
        .token_id = CG_SPAN("jti-1"),
        .request_id = CG_SPAN("req-1"),
        .address = test_span(address),
    };
}

TEST(refusals_keep_a_copy_of_each)
{
    struct cg_refusals *refusals = new_refusals();
    char address[] = "192.0.2.1";
    struct cg_refusal refusal = refusal_of(address, CG_REASON_TOKEN_EXPIRED);
    refusal.count = 0;
    cg_refusals_note(refusals, &refusal);
    memset(address, 'x', sizeof(address) - 1);
    struct cg_refusal taken[4];
    assert_int_equal(cg_refusals_take(refusals, NOW_S, taken, TEST_COUNT(taken)), 1);
    assert_int_equal(taken[0].time_s, NOW_S);
    assert_int_equal(taken[0].reason, CG_REASON_TOKEN_EXPIRED);
    assert_int_equal(taken[0].count, 1);
    assert_span_text(taken[0].realm, "/vlive/hpca");
    assert_span_text(taken[0].api, "documents");
    assert_span_text(taken[0].client_id, "ward-9");
    assert_span_text(taken[0].organisation, "RX1");
    assert_span_text(taken[0].token_id, "jti-1");
    assert_span_text(taken[0].request_id, "req-1");
    assert_span_text(taken[0].address, "192.0.2.1");
    assert_int_equal(cg_refusals_take(refusals, NOW_S, taken, TEST_COUNT(taken)), 0);
    assert_null(cg_refusals_free(refusals));
    assert_null(cg_refusals_free(NULL));
}

TEST(refusals_keep_absent_values_absent_and_cut_long_ones)
{
    struct cg_refusals *refusals = new_refusals();
    char text[CG_LIMIT_AUDIT_DETAIL_BYTES + 50] = {0};
    memset(text, 'a', sizeof(text) - 1);
    const struct cg_refusal refusal = {
        .time_s = NOW_S, .reason = CG_REASON_TOKEN_MISSING, .request_id = test_span(text)};
    cg_refusals_note(refusals, &refusal);
    struct cg_refusal taken[1];
    assert_int_equal(cg_refusals_take(refusals, NOW_S, taken, 1), 1);
    assert_null(taken[0].client_id.data);
    assert_null(taken[0].address.data);
    assert_int_equal(taken[0].request_id.len, CG_LIMIT_AUDIT_DETAIL_BYTES);
    (void)cg_refusals_free(refusals);
}

TEST(refusals_come_in_order_and_in_portions)
{
    struct cg_refusals *refusals = new_refusals();
    static const enum cg_reason reasons[] = {CG_REASON_TOKEN_MISSING, CG_REASON_TOKEN_EXPIRED,
                                             CG_REASON_TOKEN_REVOKED, CG_REASON_API_NOT_AGREED,
                                             CG_REASON_SCOPE_INSUFFICIENT};
    for (size_t i = 0; i < TEST_COUNT(reasons); i++) {
        const struct cg_refusal refusal = refusal_of("192.0.2.1", reasons[i]);
        cg_refusals_note(refusals, &refusal);
    }
    struct cg_refusal taken[2];
    assert_int_equal(cg_refusals_take(refusals, NOW_S, taken, 0), 0);
    for (size_t at = 0; at < TEST_COUNT(reasons); at += 2) {
        size_t want = TEST_COUNT(reasons) - at < 2 ? 1 : 2;
        assert_int_equal(cg_refusals_take(refusals, NOW_S, taken, 2), want);
        assert_int_equal(taken[0].reason, reasons[at]);
        assert_int_equal(taken[want - 1].reason, reasons[at + want - 1]);
    }
    assert_int_equal(cg_refusals_take(refusals, NOW_S, taken, 2), 0);
    (void)cg_refusals_free(refusals);
}

static void note_many(struct cg_refusals *refusals, const char *address, size_t count)
{
    const struct cg_refusal refusal = refusal_of(address, CG_REASON_TOKEN_MISSING);
    for (size_t i = 0; i < count; i++) {
        cg_refusals_note(refusals, &refusal);
    }
}

TEST(refusals_past_the_rate_come_as_one_sum_when_the_window_is_over)
{
    struct cg_refusals *refusals = new_refusals();
    note_many(refusals, "192.0.2.1", CG_LIMIT_REFUSALS_PER_WINDOW + 5000);
    struct cg_refusal taken[64];
    assert_int_equal(cg_refusals_take(refusals, NOW_S, taken, TEST_COUNT(taken)),
                     CG_LIMIT_REFUSALS_PER_WINDOW);
    assert_int_equal(cg_refusals_take(refusals, LATER_S - 1, taken, TEST_COUNT(taken)), 0);
    assert_int_equal(cg_refusals_take(refusals, LATER_S, taken, TEST_COUNT(taken)), 1);
    assert_int_equal(taken[0].count, 5000);
    assert_int_equal(taken[0].reason, CG_REASON_TOKEN_MISSING);
    assert_int_equal(taken[0].time_s, NOW_S);
    assert_span_text(taken[0].address, "192.0.2.1");
    assert_null(taken[0].client_id.data);
    (void)cg_refusals_free(refusals);
}

TEST(refusals_of_open_windows_come_at_the_end_of_time)
{
    struct cg_refusals *refusals = new_refusals();
    note_many(refusals, "192.0.2.1", CG_LIMIT_REFUSALS_PER_WINDOW + 3);
    note_many(refusals, "192.0.2.2", CG_LIMIT_REFUSALS_PER_WINDOW + 4);
    struct cg_refusal taken[64];
    size_t count = cg_refusals_take(refusals, INT64_MAX, taken, TEST_COUNT(taken));
    assert_int_equal(count, 2 * CG_LIMIT_REFUSALS_PER_WINDOW + 2);
    uint32_t total = 0;
    for (size_t i = 0; i < count; i++) {
        total += taken[i].count;
    }
    assert_int_equal(total, 2 * CG_LIMIT_REFUSALS_PER_WINDOW + 7);
    assert_int_equal(cg_refusals_take(refusals, INT64_MAX, taken, TEST_COUNT(taken)), 0);
    (void)cg_refusals_free(refusals);
}

/* However many there are, each is counted once, and the queue keeps its bound. */
TEST(refusals_that_find_the_queue_full_are_counted_by_reason)
{
    struct cg_refusals *refusals = new_refusals();
    enum { NOTED = 3 * CG_LIMIT_REFUSALS_KEPT };
    for (unsigned i = 0; i < NOTED; i++) {
        char address[32];
        (void)snprintf(address, sizeof(address), "192.0.%u.%u", i / 250, i % 250);
        note_many(refusals, address, 1);
    }
    static struct cg_refusal taken[2 * CG_LIMIT_REFUSALS_KEPT];
    uint64_t total = 0;
    uint64_t largest = 0;
    size_t count;
    size_t rounds = 0;
    while ((count = cg_refusals_take(refusals, INT64_MAX, taken, TEST_COUNT(taken))) > 0) {
        assert_in_range(count, 1, CG_LIMIT_REFUSALS_KEPT);
        for (size_t i = 0; i < count; i++) {
            total += taken[i].count;
            largest = taken[i].count > largest ? taken[i].count : largest;
        }
        assert_true(++rounds < 10);
    }
    assert_int_equal(total, NOTED);
    assert_true(largest > 1);
    (void)cg_refusals_free(refusals);
}

TEST(refusals_pass_over_a_reason_that_is_none)
{
    struct cg_refusals *refusals = new_refusals();
    const struct cg_refusal refusal = refusal_of("192.0.2.1", CG_REASON_COUNT);
    cg_refusals_note(refusals, &refusal);
    struct cg_refusal taken[1];
    assert_int_equal(cg_refusals_take(refusals, INT64_MAX, taken, 1), 0);
    (void)cg_refusals_free(refusals);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(refusals_keep_a_copy_of_each),
    cmocka_unit_test(refusals_keep_absent_values_absent_and_cut_long_ones),
    cmocka_unit_test(refusals_come_in_order_and_in_portions),
    cmocka_unit_test(refusals_past_the_rate_come_as_one_sum_when_the_window_is_over),
    cmocka_unit_test(refusals_of_open_windows_come_at_the_end_of_time),
    cmocka_unit_test(refusals_that_find_the_queue_full_are_counted_by_reason),
    cmocka_unit_test(refusals_pass_over_a_reason_that_is_none),
};
TEST_MAIN(tests)
