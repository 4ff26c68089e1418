/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One verifier, many threads that check tokens while its keys change under them: each token is
 * judged by a whole key set, the old or the new, and the issuer is asked by one thread at a time.
 */
#include "net/fetch.h"
#include "sample.h"

#include <caregate/verify.h>
#include <pthread.h>
#include <stdatomic.h>

#define THREADS 64
#define ROUNDS 20
#define TURN_S 100 /* so long a token is shown under one name of its key */

/* What the issuer answers: the keys by turns. */
static struct {
    struct cg_span jwks[2];
    atomic_int asked;
    atomic_int clock_s; /* a second for each check */
    atomic_int asking;
    atomic_int crowded; /* fetches that found another under way */
} issuer;

enum cg_status __wrap_cg_fetch(const struct cg_fetch_request *request, struct cg_arena *arena,
                               struct cg_fetch_response *ret_response);

enum cg_status __wrap_cg_fetch(const struct cg_fetch_request *request, struct cg_arena *arena,
                               struct cg_fetch_response *ret_response)
{
    (void)request;
    (void)arena;
    int turn = atomic_fetch_add(&issuer.asked, 1);
    if (atomic_fetch_add(&issuer.asking, 1) != 0) {
        (void)atomic_fetch_add(&issuer.crowded, 1);
    }
    *ret_response = (struct cg_fetch_response){.http_status = 200, .body = issuer.jwks[turn % 2]};
    (void)atomic_fetch_sub(&issuer.asking, 1);
    return CG_OK;
}

struct worker {
    struct cg_token_verifier *verifier;
    struct cg_span tokens[2]; /* under the names that the key has by turns */
    pthread_barrier_t *start;
    int good;
    int unknown;
    int other;
};

static void check(struct worker *worker)
{
    int clock_s = atomic_fetch_add(&issuer.clock_s, 1);
    const struct cg_token_call call = {.token = worker->tokens[clock_s / TURN_S % 2],
                                       .now_s = SAMPLE_NOW_S + clock_s};
    struct cg_token_claims *claims = NULL;
    enum cg_reason reason = cg_token_verifier_check_blocking(worker->verifier, &call, &claims);
    worker->good += reason == CG_REASON_NONE &&
                    cg_span_equal(cg_token_claims_client_id(claims), CG_SPAN_OF("ward-9"));
    worker->unknown += reason == CG_REASON_TOKEN_KEY_UNKNOWN;
    worker->other += reason != CG_REASON_NONE && reason != CG_REASON_TOKEN_KEY_UNKNOWN;
    (void)cg_token_claims_free(claims);
}

/* The first checks meet while there are no keys. */
static void *run(void *context)
{
    struct worker *worker = context;
    (void)pthread_barrier_wait(worker->start);
    for (int round = 0; round < ROUNDS; round++) {
        check(worker);
    }
    return NULL;
}

static struct cg_span token_of(const struct sample *sample, const char *kid)
{
    struct cg_access_token token = sample_claims();
    struct cg_buf payload;
    struct cg_span text;
    token.expires_s = SAMPLE_NOW_S + 1000000;
    cg_buf_init_arena(&payload, sample->arena, CG_LIMIT_TOKEN_BYTES);
    cg_access_token_write(&token, &payload);
    assert_ok(cg_buf_finish(&payload, &text));
    return sample_sign(
        sample, SAMPLE_LIVE,
        sample_text(sample, "{\"alg\":\"RS256\",\"typ\":\"JWT\",\"kid\":\"%s\"}", kid), text);
}

static struct cg_token_verifier *new_verifier(const struct sample *sample)
{
    const struct cg_token_verifier_config config = {.issuer = CG_SPAN(SAMPLE_ISSUER),
                                                    .audience = CG_SPAN(SAMPLE_DOCUMENTS)};
    struct cg_token_verifier *verifier = NULL;
    issuer.jwks[0] = sample_jwks(sample, SAMPLE_LIVE, "live");
    issuer.jwks[1] = sample_jwks(sample, SAMPLE_LIVE, "next");
    assert_ok(cg_token_verifier_new(&config, &verifier));
    return verifier;
}

static void run_all(struct worker *workers)
{
    pthread_t threads[THREADS];
    pthread_barrier_t start;
    assert_int_equal(pthread_barrier_init(&start, NULL, THREADS), 0);
    for (int i = 0; i < THREADS; i++) {
        workers[i].start = &start;
        assert_int_equal(pthread_create(&threads[i], NULL, run, &workers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    assert_int_equal(pthread_barrier_destroy(&start), 0);
}

static void verifier_is_shared_by_threads_while_its_keys_change(void **state)
{
    const struct sample *sample = *state;
    struct worker workers[THREADS];
    struct cg_token_verifier *verifier = new_verifier(sample);
    struct cg_span live = token_of(sample, "live");
    struct cg_span next = token_of(sample, "next");
    for (int i = 0; i < THREADS; i++) {
        workers[i] = (struct worker){.verifier = verifier, .tokens = {live, next}};
    }
    run_all(workers);
    int good = 0;
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(workers[i].other, 0);
        assert_int_equal(workers[i].good + workers[i].unknown, ROUNDS);
        good += workers[i].good;
    }
    assert_true(good > 0);
    assert_int_equal(atomic_load(&issuer.crowded), 0);
    assert_in_range(atomic_load(&issuer.asked), 2, THREADS * ROUNDS / 4);
    (void)cg_token_verifier_free(verifier);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(verifier_is_shared_by_threads_while_its_keys_change),
};
TEST_MAIN_WITH(tests, sample_setup, sample_teardown)
