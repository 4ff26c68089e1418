/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many threads, one database: each has a connection of its own. Counts only in threads: cmocka's
 * assertions belong to the main thread.
 */
#include "test.h"

#include "audit/report.h"
#include "base/span.h"
#include "base/status.h"
#include "folder.h"
#include "store/store.h"

#include <pthread.h>

#define THREADS 4
#define ROUNDS 40

struct worker {
    const struct folder *folder;
    pthread_barrier_t *start;
    int number;
    int won;
    int lost;
    int failed;
};

typedef void *(*worker_main)(void *worker);

static void run_all(const struct folder *folder, worker_main run, struct worker *workers)
{
    pthread_t threads[THREADS];
    pthread_barrier_t start;
    assert_int_equal(pthread_barrier_init(&start, NULL, THREADS), 0);
    for (int i = 0; i < THREADS; i++) {
        workers[i] = (struct worker){.folder = folder, .start = &start, .number = i};
        assert_int_equal(pthread_create(&threads[i], NULL, run, &workers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(workers[i].failed, 0);
    }
    (void)pthread_barrier_destroy(&start);
}

/* All threads create the store at once. */
static struct cg_store *open_at_start(struct worker *worker, enum cg_store_kind kind)
{
    struct cg_store *store = NULL;
    (void)pthread_barrier_wait(worker->start);
    worker->failed +=
        cg_store_open(test_span(worker->folder->uri), kind, CG_STORE_CREATE, &store) != CG_OK;
    return store;
}

static enum cg_status insert(struct cg_store *store, int64_t number)
{
    struct cg_statement *statement = NULL;
    CG_TRY(cg_store_begin(store));
    CG_TRY(cg_store_start(store, CG_SQL_AUDIT_RECORD_ADD, &statement));
    cg_bind_text(statement, "writer", CG_SPAN_OF("w"));
    cg_bind_number(statement, "number", number);
    cg_bind_number(statement, "time_s", 1);
    cg_bind_text(statement, "record", CG_SPAN_OF("{}"));
    cg_bind_blob(statement, "hash", CG_SPAN_OF("h"));
    enum cg_status status = cg_store_run(statement, NULL);
    if (status != CG_OK) {
        cg_store_rollback(store);
        return status;
    }
    return cg_store_commit(store);
}

static void *race_to_insert(void *context)
{
    struct worker *worker = context;
    struct cg_store *store = open_at_start(worker, CG_STORE_AUDIT);
    for (int64_t number = 1; store != NULL && number <= ROUNDS; number++) {
        enum cg_status status = insert(store, number);
        worker->won += status == CG_OK;
        worker->lost += status == CG_ERR_CONFLICT;
        worker->failed += status != CG_OK && status != CG_ERR_CONFLICT;
    }
    (void)cg_store_free(store);
    return NULL;
}

TEST(store_insert_raced_for_by_threads_has_exactly_one_winner)
{
    struct folder folder;
    struct worker workers[THREADS];
    int won = 0;
    int lost = 0;
    folder_make(&folder);
    run_all(&folder, race_to_insert, workers);
    for (int i = 0; i < THREADS; i++) {
        won += workers[i].won;
        lost += workers[i].lost;
    }
    assert_int_equal(won, ROUNDS);
    assert_int_equal(lost, (THREADS - 1) * ROUNDS);
    folder_remove(&folder);
}

static enum cg_status raise(struct cg_store *store)
{
    struct cg_statement *statement = NULL;
    CG_TRY(cg_store_begin(store));
    CG_TRY(cg_store_start(store, CG_SQL_VERSION_RAISE, &statement));
    cg_bind_number(statement, "registry", 1);
    cg_bind_number(statement, "keys", 1);
    cg_bind_number(statement, "denylist", 0);
    CG_TRY(cg_store_run(statement, NULL));
    return cg_store_commit(store);
}

static void *raise_versions(void *context)
{
    struct worker *worker = context;
    struct cg_store *store = open_at_start(worker, CG_STORE_REGISTRY);
    for (int i = 0; store != NULL && i < ROUNDS; i++) {
        worker->failed += raise(store) != CG_OK;
        worker->failed += worker->number == 0 && cg_store_maintain(store) != CG_OK;
    }
    (void)cg_store_free(store);
    return NULL;
}

TEST(store_increments_of_threads_are_all_kept)
{
    struct folder folder;
    struct worker workers[THREADS];
    struct cg_store *store = NULL;
    struct cg_statement *statement = NULL;
    bool row = false;
    folder_make(&folder);
    run_all(&folder, raise_versions, workers);
    assert_ok(cg_store_open(test_span(folder.uri), CG_STORE_REGISTRY, CG_STORE_OPEN, &store));
    assert_ok(cg_store_start(store, CG_SQL_VERSION_READ, &statement));
    assert_ok(cg_store_step(statement, &row));
    assert_int_equal(cg_column_number(statement, 0), 1 + THREADS * ROUNDS);
    assert_int_equal(cg_column_number(statement, 1), 1 + THREADS * ROUNDS);
    (void)cg_store_free(store);
    folder_remove(&folder);
}

/* Threads 0 and 1 share a writer, 2 and 3 another. */
static void *append(void *context)
{
    struct worker *worker = context;
    struct cg_store *store = open_at_start(worker, CG_STORE_AUDIT);
    struct cg_journal *journal = NULL;
    struct cg_audit_event event = {.kind = CG_AUDIT_TOKEN_ISSUED, .time_s = 1};
    const struct cg_audit_event *events[] = {&event, &event};
    worker->failed +=
        cg_journal_new(store, test_span(worker->number < 2 ? "w0" : "w1"), &journal) != CG_OK;
    for (int i = 0; journal != NULL && i < ROUNDS; i++) {
        worker->failed += cg_journal_append(journal, events, TEST_COUNT(events)) != CG_OK;
    }
    (void)cg_journal_free(journal);
    return NULL;
}

static enum cg_status find_none(void *context, struct cg_span kid,
                                struct cg_verifier **ret_verifier)
{
    (void)context;
    (void)kid;
    (void)ret_verifier;
    return CG_ERR_NOT_FOUND;
}

TEST(journals_of_threads_make_chains_that_verify)
{
    struct folder folder;
    struct worker workers[THREADS];
    struct cg_store *store = NULL;
    struct cg_audit_verdict verdict;
    folder_make(&folder);
    run_all(&folder, append, workers);
    assert_ok(cg_store_open(test_span(folder.uri), CG_STORE_AUDIT, CG_STORE_OPEN, &store));
    assert_ok(cg_audit_verify(store, find_none, NULL, &verdict));
    assert_int_equal(verdict.records, 2 * THREADS * ROUNDS);
    assert_int_equal(verdict.writers, 2);
    (void)cg_store_free(store);
    folder_remove(&folder);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(store_insert_raced_for_by_threads_has_exactly_one_winner),
    cmocka_unit_test(store_increments_of_threads_are_all_kept),
    cmocka_unit_test(journals_of_threads_make_chains_that_verify),
};
TEST_MAIN(tests)
