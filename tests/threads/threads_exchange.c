/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many have one ID token exchanged at once, each by a slot of its own, as the workers of several
 * nodes do. Counts only in threads: cmocka's assertions belong to the main thread.
 */
#include "person_kit.h"

#include "base/span.h"

#include <pthread.h>

#define THREADS 64
#define TOKENS 4

struct racer {
    const struct cg_span *forms; /* TOKENS */
    pthread_barrier_t *start;
    struct cg_issuer_slot *slot;
    struct cg_exchange *exchange;
    unsigned statuses[TOKENS];
    enum cg_reason reasons[TOKENS];
};

static void ask(struct racer *racer, struct cg_span form)
{
    struct cg_exchange *const exchanges[] = {racer->exchange};
    cg_exchange_clear(racer->exchange);
    racer->exchange->request =
        (struct cg_request){.method = CG_SPAN("POST"),
                            .path = CG_SPAN(HOUSE_REALM "/oauth/token"),
                            .content_type = CG_SPAN("application/x-www-form-urlencoded"),
                            .body = form,
                            .request_id = CG_SPAN("req-1"),
                            .address = CG_SPAN("127.0.0.1")};
    cg_issuer_answer(racer->slot, exchanges, 1, HOUSE_NOW_S);
    cg_issuer_commit(racer->slot, exchanges, 1);
}

static void *run(void *context)
{
    struct racer *racer = context;
    for (int i = 0; i < TOKENS; i++) {
        (void)pthread_barrier_wait(racer->start);
        ask(racer, racer->forms[i]);
        racer->statuses[i] = racer->exchange->response.http_status;
        racer->reasons[i] = racer->exchange->response.reason;
    }
    return NULL;
}

static void set_up(struct racer *racer, const struct house *house, int number)
{
    char writer[32];
    (void)snprintf(writer, sizeof(writer), "test/racer%d", number);
    const struct cg_issuer_config config = {.store_uri = test_span(house->uri),
                                            .writer = test_span(writer),
                                            .master_key = house->master_key};
    assert_ok(cg_issuer_slot_new(&config, &racer->slot));
    assert_ok(cg_exchange_new(&racer->exchange));
}

static void race(const struct house *house, const struct cg_span forms[TOKENS],
                 struct racer racers[THREADS])
{
    pthread_t threads[THREADS];
    pthread_barrier_t start;
    assert_int_equal(pthread_barrier_init(&start, NULL, THREADS), 0);
    for (int i = 0; i < THREADS; i++) {
        racers[i] = (struct racer){.forms = forms, .start = &start};
        set_up(&racers[i], house, i);
    }
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, run, &racers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        (void)cg_exchange_free(racers[i].exchange);
        (void)cg_issuer_slot_free(racers[i].slot);
    }
    assert_int_equal(pthread_barrier_destroy(&start), 0);
}

static void exchange_has_one_winner_of_64_threads_for_each_id_token(void **state)
{
    static struct racer racers[THREADS];
    const struct person_kit *kit = *state;
    struct cg_span forms[TOKENS];
    for (int i = 0; i < TOKENS; i++) {
        forms[i] = person_form(kit, person_token(kit), "&scope=documents.read");
    }
    race(kit->house, forms, racers);
    for (int i = 0; i < TOKENS; i++) {
        int won = 0;
        int late = 0;
        for (int thread = 0; thread < THREADS; thread++) {
            won += racers[thread].statuses[i] == 200;
            late += racers[thread].reasons[i] == CG_REASON_SUBJECT_TOKEN_SPENT;
        }
        assert_int_equal(won, 1);
        assert_int_equal(late, THREADS - 1);
    }
    assert_int_equal(house_count_events(kit->house, "token_issued"), TOKENS);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(exchange_has_one_winner_of_64_threads_for_each_id_token,
                                    person_kit_build, person_kit_pull_down),
};
TEST_MAIN(tests)
