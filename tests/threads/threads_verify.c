/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One key, many threads: each has its own signer and verifier, the key itself is only read.
 */
#include "test.h"

#include "base/span.h"
#include "crypto/sign.h"
#include "jose/jwk.h"

#include <pthread.h>

#define THREADS 4
#define ROUNDS 50

static const struct cg_span message = CG_SPAN("header.payload");

struct worker {
    const struct cg_key *key;
    pthread_barrier_t *start;
    struct cg_span signature; /* of the message, made beforehand */
    int accepted;
    int refused;
    int reproduced;
    int thumbprints;
};

/* Counts only: cmocka's assertions belong to the main thread. */
static void round_of(struct worker *worker, struct cg_signer *signer, struct cg_verifier *verifier)
{
    uint8_t room[CG_LIMIT_SIGNATURE_BYTES];
    char thumbprint[CG_THUMBPRINT_CHARS + 1];
    size_t len = 0;
    worker->accepted += cg_verify(verifier, message, worker->signature) == CG_OK;
    worker->refused +=
        cg_verify(verifier, CG_SPAN_OF("header.other"), worker->signature) == CG_ERR_AUTHENTICATION;
    worker->reproduced += cg_sign(signer, message, room, &len) == CG_OK &&
                          cg_span_equal(cg_span_of_bytes(room, len), worker->signature);
    worker->thumbprints += cg_jwk_thumbprint(worker->key, thumbprint) == CG_OK;
}

static void *run(void *context)
{
    struct worker *worker = context;
    CG_CLEANUP(cg_signer_free_at) struct cg_signer *signer = NULL;
    CG_CLEANUP(cg_verifier_free_at) struct cg_verifier *verifier = NULL;
    (void)pthread_barrier_wait(worker->start);
    if (cg_signer_new(worker->key, &signer) != CG_OK ||
        cg_verifier_new(worker->key, &verifier) != CG_OK) {
        return NULL;
    }
    for (int i = 0; i < ROUNDS; i++) {
        round_of(worker, signer, verifier);
    }
    return NULL;
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

TEST(key_is_shared_by_threads_with_signers_and_verifiers_of_their_own)
{
    CG_CLEANUP(cg_key_free_at) struct cg_key *key = NULL;
    CG_CLEANUP(cg_signer_free_at) struct cg_signer *signer = NULL;
    uint8_t room[CG_LIMIT_SIGNATURE_BYTES];
    size_t len = 0;
    assert_ok(cg_key_generate(CG_KEY_RSA_SHA256, 2048, &key));
    assert_ok(cg_signer_new(key, &signer));
    assert_ok(cg_sign(signer, message, room, &len));
    struct worker workers[THREADS] = {0};
    for (int i = 0; i < THREADS; i++) {
        workers[i] = (struct worker){.key = key, .signature = cg_span_of_bytes(room, len)};
    }
    run_all(workers);
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(workers[i].accepted, ROUNDS);
        assert_int_equal(workers[i].refused, ROUNDS);
        assert_int_equal(workers[i].reproduced, ROUNDS);
        assert_int_equal(workers[i].thumbprints, ROUNDS);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(key_is_shared_by_threads_with_signers_and_verifiers_of_their_own),
};

TEST_MAIN(tests)
