/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many threads ask for documents of a port where nobody listens: each fetch fails, each address is
 * tried by one fetch at a time, and freeing ends what is under way.
 */
#include "test.h"

#include "net/remote.h"

#include <pthread.h>
#include <unistd.h>

#define THREADS 8
#define ROUNDS 200
#define WAITS 500
#define WAIT_US 10000

/* No fetch may be repeated meanwhile. */
static int64_t standing_still(void)
{
    return 1000;
}

static bool accepts(struct cg_span body)
{
    (void)body;
    return true;
}

struct asker {
    struct cg_remote *remote;
    int coming;
    int away;
    int other;
};

static void *run(void *context)
{
    struct asker *asker = context;
    struct cg_arena *arena = NULL;
    if (cg_arena_new(65536, &arena) != CG_OK) {
        return NULL;
    }
    for (int i = 0; i < ROUNDS; i++) {
        struct cg_remote_question question = {.url = i % 2 == 0
                                                         ? test_span("https://127.0.0.1:1/a")
                                                         : test_span("https://localhost:1/b")};
        struct cg_remote_answer answer = {.state = CG_REMOTE_THERE};
        (void)!cg_remote_ask(asker->remote, &question, arena, &answer);
        asker->coming += answer.state == CG_REMOTE_COMING;
        asker->away += answer.state == CG_REMOTE_AWAY;
        asker->other += answer.state != CG_REMOTE_COMING && answer.state != CG_REMOTE_AWAY;
    }
    (void)cg_arena_free(arena);
    return NULL;
}

static struct cg_remote *make_remote(void)
{
    const struct cg_span hosts[] = {test_span("127.0.0.1:1"), test_span("localhost:1")};
    struct cg_remote_config config = {
        .hosts = hosts, .host_count = 2, .accepts = accepts, .now_s = standing_still};
    struct cg_remote *remote = NULL;
    assert_ok(cg_remote_new(&config, &remote));
    return remote;
}

static void ask_by_all(struct cg_remote *remote, struct asker askers[static THREADS])
{
    pthread_t threads[THREADS];
    for (size_t i = 0; i < THREADS; i++) {
        askers[i] = (struct asker){.remote = remote};
        assert_int_equal(pthread_create(&threads[i], NULL, run, &askers[i]), 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
}

TEST(each_address_is_fetched_once_whoever_asks)
{
    struct cg_remote *remote = make_remote();
    struct asker askers[THREADS];
    ask_by_all(remote, askers);
    for (int i = 0; i < WAITS && cg_remote_turns(remote) < 2; i++) {
        (void)usleep(WAIT_US);
    }
    assert_int_equal(cg_remote_turns(remote), 2);
    ask_by_all(remote, askers);
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(askers[i].away, ROUNDS);
    }
    assert_int_equal(cg_remote_turns(remote), 2);
    assert_null(cg_remote_free(remote));
}

TEST(freeing_ends_what_is_under_way)
{
    for (int i = 0; i < 20; i++) {
        struct cg_remote *remote = make_remote();
        struct asker asker = {.remote = remote};
        (void)run(&asker);
        assert_int_equal(asker.other, 0);
        assert_null(cg_remote_free(remote));
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(each_address_is_fetched_once_whoever_asks),
    cmocka_unit_test(freeing_ends_what_is_under_way),
};

TEST_MAIN(tests)
