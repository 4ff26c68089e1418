/* SPDX-License-Identifier: Apache-2.0 */
/* Many use one proof at once: one is the first. */
#include "test.h"

#include "base/span.h"
#include "gate/replay.h"

#include <pthread.h>
#include <stdbool.h>

#define THREADS 64
#define PROOFS 200
#define NOW_S INT64_C(1700000000)

static const uint8_t key[CG_REPLAY_KEY_BYTES] = {9};

struct racer {
    struct cg_replay *replay;
    pthread_barrier_t *start;
    int64_t step_s; /* its proofs are so far from each other */
    bool won[PROOFS];
    int others; /* neither the first nor too late */
};

/* Counts only: cmocka's assertions belong to the main thread. */
static void *run(void *context)
{
    struct racer *racer = context;
    (void)pthread_barrier_wait(racer->start);
    for (int i = 0; i < PROOFS; i++) {
        char id[16];
        (void)snprintf(id, sizeof(id), "%d", i);
        enum cg_reason reason = cg_replay_spend(
            racer->replay, CG_SPAN_OF("0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"), test_span(id),
            NOW_S + i * racer->step_s);
        racer->won[i] = reason == CG_REASON_NONE;
        racer->others += reason != CG_REASON_NONE && reason != CG_REASON_PROOF_REPLAYED;
    }
    return NULL;
}

static void race(struct cg_replay *replay, int64_t step_s, struct racer *racers)
{
    pthread_t threads[THREADS];
    pthread_barrier_t start;
    assert_int_equal(pthread_barrier_init(&start, NULL, THREADS), 0);
    for (int i = 0; i < THREADS; i++) {
        racers[i] = (struct racer){.replay = replay, .start = &start, .step_s = step_s};
        assert_int_equal(pthread_create(&threads[i], NULL, run, &racers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    assert_int_equal(pthread_barrier_destroy(&start), 0);
}

static void assert_one_winner_each(const struct racer *racers)
{
    for (int proof = 0; proof < PROOFS; proof++) {
        int winners = 0;
        for (int i = 0; i < THREADS; i++) {
            winners += racers[i].won[proof];
        }
        assert_int_equal(winners, 1);
    }
}

TEST(replay_has_one_winner_of_64_threads_for_each_proof)
{
    static _Alignas(8) uint8_t memory[262144];
    static struct racer racers[THREADS];
    static const int64_t steps_s[] = {0, 1};
    for (size_t i = 0; i < TEST_COUNT(steps_s); i++) {
        struct cg_replay *replay = NULL;
        memset(memory, 0, sizeof(memory));
        assert_ok(cg_replay_init(memory, sizeof(memory), key, &replay));
        race(replay, steps_s[i], racers);
        for (size_t racer = 0; racer < THREADS && steps_s[i] == 0; racer++) {
            assert_int_equal(racers[racer].others, 0);
        }
        /* Who is a whole turn of generations behind another finds its places in later use. */
        assert_one_winner_each(racers);
    }
}

/* Where places run out, nobody wins twice either. */
TEST(replay_has_no_second_winner_where_it_is_full)
{
    static _Alignas(8) uint8_t memory[CG_REPLAY_BYTES_MIN];
    static struct racer racers[THREADS];
    struct cg_replay *replay = NULL;
    assert_ok(cg_replay_init(memory, sizeof(memory), key, &replay));
    race(replay, 0, racers);
    int winners = 0;
    for (int proof = 0; proof < PROOFS; proof++) {
        int of_this = 0;
        for (int i = 0; i < THREADS; i++) {
            of_this += racers[i].won[proof];
        }
        assert_in_range(of_this, 0, 1);
        winners += of_this;
    }
    assert_int_equal(winners, 64);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(replay_has_one_winner_of_64_threads_for_each_proof),
    cmocka_unit_test(replay_has_no_second_winner_where_it_is_full),
};

TEST_MAIN(tests)
