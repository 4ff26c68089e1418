/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many threads want a token at once: one asks for all, at first, at a renewal, when the token is
 * rejected, and when the server fails.
 */
#include "base/span.h"
#include "scripted_server.h"
#include "test.h"

#include <caregate/client.h>
#include <pthread.h>
#include <stdatomic.h>

#define THREADS 64
#define NOW_S INT64_C(1800000000)
#define TOKEN(name)                                                                                \
    {                                                                                              \
        .status = 200, .delay_ms = 100,                                                            \
        .body = "{\"access_token\":\"" name "\",\"token_type\":\"Bearer\",\"expires_in\":300}"     \
    }

static _Atomic int64_t now;

static int64_t tell_now(void)
{
    return atomic_load(&now);
}

struct caller {
    struct cg_client *client;
    pthread_barrier_t *barrier;
    const char *rejects; /* a token that an API refused, or NULL */
    char token[16];
    enum cg_status status;
};

static void *run(void *context)
{
    struct caller *caller = context;
    struct cg_client_answer answer;
    (void)pthread_barrier_wait(caller->barrier);
    if (caller->rejects != NULL) {
        (void)!cg_client_reject(caller->client, test_span(caller->rejects));
    }
    caller->status = cg_client_token(caller->client, &answer);
    (void)snprintf(caller->token, sizeof(caller->token), "%.15s", answer.token);
    return NULL;
}

/* All call at one time after the beginning. Tells how many got this token. */
static size_t call_by_all(struct cg_client *client, int64_t after_s, const char *rejects,
                          const char *token)
{
    static struct caller callers[THREADS];
    pthread_t threads[THREADS];
    pthread_barrier_t barrier;
    size_t count = 0;
    atomic_store(&now, NOW_S + after_s);
    assert_int_equal(pthread_barrier_init(&barrier, NULL, THREADS), 0);
    for (size_t i = 0; i < THREADS; i++) {
        callers[i] = (struct caller){.client = client, .barrier = &barrier, .rejects = rejects};
        assert_int_equal(pthread_create(&threads[i], NULL, run, &callers[i]), 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        count += strcmp(callers[i].token, token) == 0;
        assert_true((callers[i].status == CG_OK) == (callers[i].token[0] != '\0'));
    }
    (void)pthread_barrier_destroy(&barrier);
    return count;
}

static struct cg_client *client_for(const struct scripted_server *server)
{
    const struct cg_client_config config = {
        .token_url = test_span(scripted_server_url(server)),
        .client_id = CG_SPAN("c"),
        .method = CG_CLIENT_SECRET_POST,
        .secret = CG_SPAN("s"),
        .timeout_ms = 20000,
        .now_s = tell_now,
    };
    struct cg_client *client = NULL;
    const char *trouble = NULL;
    assert_ok(cg_client_new(&config, &trouble, &client));
    return client;
}

TEST(one_of_sixty_four_threads_asks)
{
    static const struct scripted_answer answers[] = {TOKEN("one"), TOKEN("two"), TOKEN("three")};
    struct scripted_server *server = scripted_server_start(answers, 3);
    struct cg_client *client = client_for(server);
    assert_int_equal(call_by_all(client, 0, NULL, "one"), THREADS);
    assert_int_equal(scripted_server_count(server), 1);
    /* At the renewal the one who asks has the new token, the others either. */
    size_t old = call_by_all(client, 280, NULL, "one");
    assert_in_range(old, 0, THREADS - 1);
    assert_int_equal(call_by_all(client, 280, NULL, "two"), THREADS);
    assert_int_equal(scripted_server_count(server), 2);
    assert_int_equal(call_by_all(client, 281, "two", "three"), THREADS);
    assert_int_equal(scripted_server_count(server), 3);
    assert_null(cg_client_free(client));
    scripted_server_stop(server);
}

TEST(a_failure_is_told_to_all_and_asked_for_once)
{
    static const struct scripted_answer answers[] = {
        {.status = 503, .headers = "Retry-After: 60\r\n", .body = "", .delay_ms = 100}};
    struct scripted_server *server = scripted_server_start(answers, 1);
    struct cg_client *client = client_for(server);
    assert_int_equal(call_by_all(client, 0, NULL, ""), THREADS);
    assert_int_equal(call_by_all(client, 59, NULL, ""), THREADS);
    assert_int_equal(scripted_server_count(server), 1);
    assert_null(cg_client_free(client));
    scripted_server_stop(server);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(one_of_sixty_four_threads_asks),
    cmocka_unit_test(a_failure_is_told_to_all_and_asked_for_once),
};

TEST_MAIN(tests)
