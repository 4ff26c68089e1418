/* SPDX-License-Identifier: Apache-2.0 */
/* When a kept token is used, renewed, waited for or done without, over clocks of all kinds. */
#include "test.h"

#include <caregate/client.h>

#define NOW_S 1000000
#define LIFE_S 300
#define CLAIM_S 25
#define MOST 0xffffffffU

static struct cg_kept_news news(const char *token, int64_t asked_s, int64_t life_s, uint32_t random)
{
    return (struct cg_kept_news){.token = test_span(token),
                                 .type = CG_CLIENT_TOKEN_BEARER,
                                 .life_s = life_s,
                                 .asked_s = asked_s,
                                 .random = random};
}

/* One that was asked for at NOW_S, with the earliest time of renewal. */
static struct cg_kept_token *kept(int64_t life_s)
{
    static struct cg_kept_token record;
    const struct cg_kept_news first = news("first", NOW_S, life_s, 0);
    record = (struct cg_kept_token){.token_len = 0};
    assert_int_equal(cg_kept_token_look(&record, NOW_S, CLAIM_S), CG_KEPT_ASK);
    assert_ok(cg_kept_token_take(&record, record.claim, &first));
    return &record;
}

static void fail_at(struct cg_kept_token *record, int64_t now_s, unsigned retry_after_s,
                    uint32_t random)
{
    const struct cg_kept_failure failure = {.outcome = CG_CLIENT_UNREACHABLE,
                                            .retry_after_s = retry_after_s,
                                            .now_s = now_s,
                                            .random = random};
    cg_kept_token_fail(record, record->claim, &failure);
}

#define assert_advice(record, now_s, advice)                                                       \
    assert_int_equal(cg_kept_token_look((record), (now_s), CLAIM_S), (advice))

TEST(one_asks_and_the_others_wait)
{
    struct cg_kept_token record = {.token_len = 0};
    assert_advice(&record, NOW_S, CG_KEPT_ASK);
    assert_advice(&record, NOW_S, CG_KEPT_WAIT);
    assert_advice(&record, NOW_S + CLAIM_S - 1, CG_KEPT_WAIT);
}

TEST(a_token_is_used_until_its_renewal_and_by_all_but_one_beyond)
{
    struct cg_kept_token *record = kept(LIFE_S);
    assert_int_equal(record->renew_s, NOW_S + 261);
    assert_advice(record, NOW_S, CG_KEPT_USE);
    assert_advice(record, NOW_S + 260, CG_KEPT_USE);
    assert_advice(record, NOW_S + 261, CG_KEPT_USE_AND_ASK);
    assert_advice(record, NOW_S + 261, CG_KEPT_USE);
}

TEST(renewal_comes_at_a_random_point_that_is_late_but_not_too_late)
{
    struct cg_kept_token record = {.token_len = 0};
    const struct cg_kept_news last = news("t", NOW_S, LIFE_S, MOST);
    assert_ok(cg_kept_token_take(&record, 0, &last));
    assert_int_equal(record.renew_s, NOW_S + 279);
}

/* A million calls over an hour: what the issuer is asked, whatever is drawn. */
TEST(one_hour_of_tokens_of_five_minutes_takes_fourteen_questions_at_most)
{
    static const uint32_t draws[] = {0, MOST / 2, MOST};
    for (size_t i = 0; i < TEST_COUNT(draws); i++) {
        struct cg_kept_token record = {.token_len = 0};
        int questions = 0;
        for (int64_t now_s = NOW_S; now_s < NOW_S + 3600; now_s++) {
            enum cg_kept_advice advice = cg_kept_token_look(&record, now_s, CLAIM_S);
            assert_true(advice != CG_KEPT_WAIT && advice != CG_KEPT_REFUSE);
            if (advice != CG_KEPT_USE) {
                const struct cg_kept_news next = news("t", now_s, LIFE_S, draws[i]);
                assert_ok(cg_kept_token_take(&record, record.claim, &next));
                questions++;
            }
        }
        assert_in_range(questions, 12, 14);
    }
}

TEST(no_token_is_given_out_at_its_end)
{
    static const struct {
        int64_t life_s;
        int64_t good_s; /* from its beginning on */
    } rows[] = {{300, 295}, {86400, 86395}, {50, 45}, {40, 36}, {10, 9}, {9, 9}, {2, 2}, {1, 1}};
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        struct cg_kept_token *record = kept(rows[i].life_s);
        (void)!cg_kept_token_look(record, NOW_S + rows[i].good_s - 1, CLAIM_S);
        assert_advice(record, NOW_S + rows[i].good_s - 1, CG_KEPT_USE);
        cg_kept_token_give_back(record, record->claim);
        assert_advice(record, NOW_S + rows[i].good_s, CG_KEPT_ASK);
        assert_int_equal(record->token_len, 0);
        assert_int_equal(record->token[0], 0);
    }
}

TEST(a_claim_lapses_and_another_asks)
{
    struct cg_kept_token record = {.token_len = 0};
    assert_advice(&record, NOW_S, CG_KEPT_ASK);
    uint64_t dead = record.claim;
    assert_advice(&record, NOW_S + CLAIM_S, CG_KEPT_ASK);
    assert_true(record.claim != dead);
    /* Who comes too late with a failure takes nobody's claim away, ... */
    const struct cg_kept_failure failure = {.outcome = CG_CLIENT_UNREACHABLE, .now_s = NOW_S};
    cg_kept_token_fail(&record, dead, &failure);
    assert_int_equal(record.failures, 0);
    assert_int_equal(record.retry_s, 0);
    assert_advice(&record, NOW_S + CLAIM_S, CG_KEPT_WAIT);
    /* ... but a token is a token. */
    const struct cg_kept_news late = news("late", NOW_S, LIFE_S, 0);
    assert_ok(cg_kept_token_take(&record, dead, &late));
    assert_advice(&record, NOW_S + CLAIM_S, CG_KEPT_USE);
}

TEST(a_claim_that_is_given_back_is_free)
{
    struct cg_kept_token record = {.token_len = 0};
    assert_advice(&record, NOW_S, CG_KEPT_ASK);
    cg_kept_token_give_back(&record, record.claim);
    assert_advice(&record, NOW_S, CG_KEPT_ASK);
}

TEST(an_older_token_replaces_no_younger_one)
{
    struct cg_kept_token *record = kept(LIFE_S);
    const struct cg_kept_news older = news("older", NOW_S - 10, LIFE_S, 0);
    const struct cg_kept_news younger = news("younger", NOW_S + 10, LIFE_S, 0);
    uint64_t version = record->version;
    assert_ok(cg_kept_token_take(record, record->claim, &older));
    assert_memory_equal(record->token, "first", 5);
    assert_int_equal(record->version, version);
    assert_ok(cg_kept_token_take(record, record->claim, &younger));
    assert_memory_equal(record->token, "younger", 7);
    assert_int_equal(record->version, version + 1);
}

/* How often a server is asked over these seconds that gives what `next` makes. */
static int count_questions(struct cg_kept_token *record, int64_t from_s, int64_t until_s,
                           struct cg_kept_news (*next)(int64_t now_s))
{
    int questions = 0;
    for (int64_t now_s = from_s; now_s < until_s; now_s++) {
        for (int calls = 0; calls < 10; calls++) {
            enum cg_kept_advice advice = cg_kept_token_look(record, now_s, CLAIM_S);
            assert_true(advice != CG_KEPT_WAIT && advice != CG_KEPT_REFUSE);
            if (advice != CG_KEPT_USE) {
                const struct cg_kept_news come = next(now_s);
                assert_ok(cg_kept_token_take(record, record->claim, &come));
                questions++;
            }
        }
    }
    return questions;
}

/* And counts its seconds in whole ones. */
static struct cg_kept_news same_again(int64_t now_s)
{
    return news("first", now_s, NOW_S + LIFE_S - 1 - now_s, 0);
}

TEST(a_server_that_gives_the_same_again_is_not_asked_at_each_call)
{
    struct cg_kept_token *record = kept(LIFE_S);
    assert_in_range(count_questions(record, NOW_S, NOW_S + 295, same_again), 1, 3);
}

static struct cg_kept_news of_one_second(int64_t now_s)
{
    return news("t", now_s, 1, 0);
}

TEST(a_token_of_one_second_is_asked_for_once_a_second)
{
    struct cg_kept_token record = {.token_len = 0};
    assert_int_equal(count_questions(&record, NOW_S, NOW_S + 60, of_one_second), 60);
}

TEST(news_out_of_bounds_change_nothing)
{
    struct cg_kept_token *record = kept(LIFE_S);
    static char endless[CG_CLIENT_TOKEN_MAX + 2];
    memset(endless, 'a', sizeof(endless) - 1);
    const struct cg_kept_news rows[] = {
        news("", NOW_S + 1, LIFE_S, 0),     news(endless, NOW_S + 1, LIFE_S, 0),
        news("t", NOW_S + 1, 0, 0),         news("t", NOW_S + 1, -300, 0),
        news("t", NOW_S + 1, INT64_MAX, 0),
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        assert_status(cg_kept_token_take(record, record->claim, &rows[i]), CG_ERR_INPUT);
        assert_memory_equal(record->token, "first", 5);
    }
}

TEST(delays_double_up_to_a_minute_and_are_drawn_in_full)
{
    static const int64_t most_s[] = {1, 2, 4, 8, 16, 32, 60, 60, 60};
    for (int draws = 0; draws < 2; draws++) {
        struct cg_kept_token record = {.token_len = 0};
        int64_t now_s = NOW_S;
        for (size_t i = 0; i < TEST_COUNT(most_s); i++) {
            assert_advice(&record, now_s, CG_KEPT_ASK);
            fail_at(&record, now_s, 0, draws == 0 ? 0 : MOST);
            int64_t delay_s = draws == 0 ? 1 : most_s[i];
            assert_int_equal(record.retry_s, now_s + delay_s);
            assert_advice(&record, now_s + delay_s - 1, CG_KEPT_REFUSE);
            now_s += delay_s;
        }
    }
}

TEST(retry_after_is_kept_to_within_bounds)
{
    static const struct {
        unsigned said_s;
        int64_t kept_s;
    } rows[] = {{0, 1}, {30, 30}, {600, 600}, {601, 600}, {MOST, 600}};
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        struct cg_kept_token record = {.token_len = 0};
        assert_advice(&record, NOW_S, CG_KEPT_ASK);
        fail_at(&record, NOW_S, rows[i].said_s, 0);
        assert_int_equal(record.retry_s, NOW_S + rows[i].kept_s);
    }
}

TEST(a_failed_renewal_disturbs_nobody_while_the_old_token_is_good)
{
    struct cg_kept_token *record = kept(LIFE_S);
    assert_advice(record, NOW_S + 261, CG_KEPT_USE_AND_ASK);
    fail_at(record, NOW_S + 261, 10, 0);
    assert_advice(record, NOW_S + 270, CG_KEPT_USE);
    assert_advice(record, NOW_S + 271, CG_KEPT_USE_AND_ASK);
    fail_at(record, NOW_S + 271, 60, 0);
    assert_advice(record, NOW_S + 294, CG_KEPT_USE);
    assert_advice(record, NOW_S + 295, CG_KEPT_REFUSE);
    assert_int_equal(record->failure, CG_CLIENT_UNREACHABLE);
    assert_advice(record, NOW_S + 331, CG_KEPT_ASK);
    const struct cg_kept_news next = news("next", NOW_S + 331, LIFE_S, 0);
    assert_ok(cg_kept_token_take(record, record->claim, &next));
    assert_int_equal(record->failures, 0);
    assert_int_equal(record->failure, 0);
}

TEST(a_rejected_token_is_dropped_once_in_a_while)
{
    struct cg_kept_token *record = kept(LIFE_S);
    assert_true(cg_kept_token_reject(record, test_span("first"), NOW_S + 10));
    assert_advice(record, NOW_S + 10, CG_KEPT_ASK);
    const struct cg_kept_news second = news("second", NOW_S + 10, LIFE_S, 0);
    assert_ok(cg_kept_token_take(record, record->claim, &second));
    /* Another call was under way with the first. */
    assert_true(cg_kept_token_reject(record, test_span("first"), NOW_S + 11));
    assert_advice(record, NOW_S + 11, CG_KEPT_USE);
    /* It is not for the token: no storm of questions. */
    assert_false(cg_kept_token_reject(record, test_span("second"), NOW_S + 11));
    assert_advice(record, NOW_S + 11, CG_KEPT_USE);
    assert_false(cg_kept_token_reject(record, test_span("second"), NOW_S + 39));
    assert_true(cg_kept_token_reject(record, test_span("second"), NOW_S + 40));
    assert_advice(record, NOW_S + 40, CG_KEPT_ASK);
}

TEST(a_clock_that_is_set_back_makes_nothing_last_longer)
{
    struct cg_kept_token *record = kept(LIFE_S);
    assert_advice(record, NOW_S + 290, CG_KEPT_USE_AND_ASK);
    cg_kept_token_give_back(record, record->claim);
    /* 290 s are over: how many more, an hour back, nobody knows. */
    assert_advice(record, NOW_S - 3600, CG_KEPT_ASK);
    /* The claim of then, too, and a delay. */
    assert_advice(record, NOW_S - 90000, CG_KEPT_ASK);
    fail_at(record, NOW_S - 90000, 600, 0);
    assert_advice(record, NOW_S - 89000, CG_KEPT_ASK);
    fail_at(record, NOW_S - 89000, 600, 0);
    assert_advice(record, NOW_S - 900000, CG_KEPT_ASK);
}

TEST(a_step_back_within_the_life_is_noticed)
{
    struct cg_kept_token *record = kept(LIFE_S);
    assert_advice(record, NOW_S + 200, CG_KEPT_USE);
    assert_advice(record, NOW_S + 100, CG_KEPT_ASK);
}

TEST(readers_whose_clocks_differ_by_a_moment_disturb_nobody)
{
    struct cg_kept_token *record = kept(LIFE_S);
    assert_advice(record, NOW_S + 200, CG_KEPT_USE);
    assert_advice(record, NOW_S + 195, CG_KEPT_USE);
    assert_advice(record, NOW_S + 200, CG_KEPT_USE);
    assert_advice(record, NOW_S + 194, CG_KEPT_ASK);
}

TEST(a_clock_that_leaps_ahead_and_back_ends_the_token_only)
{
    struct cg_kept_token *record = kept(LIFE_S);
    assert_advice(record, NOW_S + 1000000, CG_KEPT_ASK);
    assert_advice(record, NOW_S + 10, CG_KEPT_ASK);
    const struct cg_kept_news next = news("next", NOW_S + 10, LIFE_S, 0);
    assert_ok(cg_kept_token_take(record, record->claim, &next));
    assert_advice(record, NOW_S + 11, CG_KEPT_USE);
}

/* Whatever the clock does, what is given out was got less than its life ago, as far as the clock
 * ever told. */
TEST(no_walk_of_the_clock_gets_an_expired_token_out)
{
    struct cg_kept_token record = {.token_len = 0};
    uint32_t random = 12345;
    int64_t now_s = NOW_S;
    int64_t true_s = 0;
    int64_t got_s = 0;
    for (int i = 0; i < 200000; i++) {
        random = random * 1664525U + 1013904223U;
        int64_t step_s = (random >> 8) % 20;
        bool leaps = (random >> 28) == 0;
        true_s += step_s;
        now_s += step_s + (leaps ? (int64_t)(random % 2000) - 1000 : 0);
        enum cg_kept_advice advice = cg_kept_token_look(&record, now_s, CLAIM_S);
        if (advice == CG_KEPT_USE || advice == CG_KEPT_USE_AND_ASK) {
            /* Leaps ahead count as time, leaps back beyond the slack end the token; those within,
             * hidden by steps, add up to less than the walk's own steps. */
            assert_true(true_s - got_s < LIFE_S + 20);
        }
        if (advice == CG_KEPT_ASK || advice == CG_KEPT_USE_AND_ASK) {
            const struct cg_kept_news next = news("t", now_s, LIFE_S, random);
            uint64_t version = record.version;
            assert_ok(cg_kept_token_take(&record, record.claim, &next));
            got_s = record.version != version ? true_s : got_s;
        }
    }
}

TEST(the_clock_that_nobody_sets_counts_on)
{
    int64_t before_s = cg_kept_token_now_s();
    assert_true(before_s > 0);
    assert_true(cg_kept_token_now_s() >= before_s);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(one_asks_and_the_others_wait),
    cmocka_unit_test(a_token_is_used_until_its_renewal_and_by_all_but_one_beyond),
    cmocka_unit_test(renewal_comes_at_a_random_point_that_is_late_but_not_too_late),
    cmocka_unit_test(one_hour_of_tokens_of_five_minutes_takes_fourteen_questions_at_most),
    cmocka_unit_test(no_token_is_given_out_at_its_end),
    cmocka_unit_test(a_claim_lapses_and_another_asks),
    cmocka_unit_test(a_claim_that_is_given_back_is_free),
    cmocka_unit_test(an_older_token_replaces_no_younger_one),
    cmocka_unit_test(a_server_that_gives_the_same_again_is_not_asked_at_each_call),
    cmocka_unit_test(a_token_of_one_second_is_asked_for_once_a_second),
    cmocka_unit_test(news_out_of_bounds_change_nothing),
    cmocka_unit_test(delays_double_up_to_a_minute_and_are_drawn_in_full),
    cmocka_unit_test(retry_after_is_kept_to_within_bounds),
    cmocka_unit_test(a_failed_renewal_disturbs_nobody_while_the_old_token_is_good),
    cmocka_unit_test(a_rejected_token_is_dropped_once_in_a_while),
    cmocka_unit_test(a_clock_that_is_set_back_makes_nothing_last_longer),
    cmocka_unit_test(a_step_back_within_the_life_is_noticed),
    cmocka_unit_test(readers_whose_clocks_differ_by_a_moment_disturb_nobody),
    cmocka_unit_test(a_clock_that_leaps_ahead_and_back_ends_the_token_only),
    cmocka_unit_test(no_walk_of_the_clock_gets_an_expired_token_out),
    cmocka_unit_test(the_clock_that_nobody_sets_counts_on),
};

TEST_MAIN(tests)
