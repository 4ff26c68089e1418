/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many threads, one table of counters: nothing is lost, and what is pushed out harms no other.
 * Counts only in threads: cmocka's assertions belong to the main thread.
 */
#include "test.h"

#include "base/throttle.h"

#include <pthread.h>

#define THREADS 4
#define ROUNDS 2000
#define THROTTLE_BYTES ((size_t)CG_THROTTLE_BYTES_MIN)
#define NOW_S INT64_C(1700000000)
#define NOW_MS (NOW_S * 1000)

static const struct cg_rate rate = {1, 3600, ROUNDS};
static const struct cg_throttle_delay delay = {THREADS * ROUNDS, 60, 900};

struct worker {
    struct cg_throttle *throttle;
    pthread_barrier_t *start;
    unsigned number;
    unsigned count;
};

static uint64_t key_of(const struct cg_throttle *throttle, const char *name)
{
    struct cg_throttle_parts parts = {.first = test_span(name)};
    return cg_throttle_key(throttle, CG_THROTTLE_PAIR, &parts);
}

typedef void *(*worker_main)(void *worker);

/* What the threads counted together. */
static unsigned run_all(struct cg_throttle *throttle, worker_main run)
{
    struct worker workers[THREADS];
    pthread_t threads[THREADS];
    pthread_barrier_t start;
    unsigned sum = 0;
    assert_int_equal(pthread_barrier_init(&start, NULL, THREADS), 0);
    for (unsigned i = 0; i < THREADS; i++) {
        workers[i] = (struct worker){.throttle = throttle, .start = &start, .number = i};
        assert_int_equal(pthread_create(&threads[i], NULL, run, &workers[i]), 0);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        sum += workers[i].count;
    }
    (void)pthread_barrier_destroy(&start);
    return sum;
}

static _Alignas(64) uint8_t memory[THROTTLE_BYTES];

static int setup(void **state)
{
    static const uint8_t key[CG_THROTTLE_KEY_BYTES] = {3};
    struct cg_throttle *throttle = NULL;
    memset(memory, 0, sizeof(memory));
    assert_ok(cg_throttle_place(memory, sizeof(memory), key, NOW_S, &throttle));
    *state = throttle;
    return 0;
}

static void *take(void *context)
{
    struct worker *worker = context;
    uint64_t key = key_of(worker->throttle, "bucket");
    (void)pthread_barrier_wait(worker->start);
    for (int i = 0; i < ROUNDS; i++) {
        worker->count += cg_throttle_take(worker->throttle, key, &rate, NOW_MS) == 0;
    }
    return NULL;
}

static void throttle_gives_threads_together_what_a_bucket_holds(void **state)
{
    assert_int_equal(run_all(*state, take), ROUNDS);
}

static void *fail_often(void *context)
{
    struct worker *worker = context;
    uint64_t key = key_of(worker->throttle, "failures");
    (void)pthread_barrier_wait(worker->start);
    for (int i = 0; i < ROUNDS; i++) {
        cg_throttle_fail(worker->throttle, key, &delay, NOW_S);
    }
    return NULL;
}

static void throttle_counts_each_failure_of_each_thread(void **state)
{
    uint64_t key = key_of(*state, "failures");
    (void)run_all(*state, fail_often);
    assert_int_equal(cg_throttle_delay_left(*state, key, &delay, NOW_S), 0);
    cg_throttle_fail(*state, key, &delay, NOW_S);
    assert_int_equal(cg_throttle_delay_left(*state, key, &delay, NOW_S), 1);
}

/* All that the table can do, by keys that push each other out, beside one that stays. */
static void *do_everything(void *context)
{
    struct worker *worker = context;
    uint64_t kept = key_of(worker->throttle, "kept");
    (void)pthread_barrier_wait(worker->start);
    for (unsigned i = 0; i < ROUNDS; i++) {
        char name[32];
        (void)snprintf(name, sizeof(name), "%u", (i * THREADS + worker->number) % 997);
        uint64_t key = key_of(worker->throttle, name);
        cg_throttle_fail(worker->throttle, key, &delay, NOW_S);
        (void)cg_throttle_take(worker->throttle, cg_throttle_sibling(key), &rate, NOW_MS);
        (void)cg_throttle_delay_left(worker->throttle, key, &delay, NOW_S);
        cg_throttle_clear(worker->throttle, key);
        cg_throttle_note(worker->throttle, kept, INT64_C(31536000), NOW_S);
        worker->count += cg_throttle_is_noted(worker->throttle, kept, NOW_S);
    }
    return NULL;
}

static void throttle_keeps_what_lasts_longest_while_threads_push_out_the_rest(void **state)
{
    cg_throttle_note(*state, key_of(*state, "kept"), INT64_C(31536000), NOW_S);
    assert_int_equal(run_all(*state, do_everything), THREADS * ROUNDS);
}

#define CASE(test) cmocka_unit_test_setup(test, setup)

static const struct CMUnitTest tests[] = {
    CASE(throttle_gives_threads_together_what_a_bucket_holds),
    CASE(throttle_counts_each_failure_of_each_thread),
    CASE(throttle_keeps_what_lasts_longest_while_threads_push_out_the_rest),
};
TEST_MAIN(tests)
