/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <caregate/fair_queue.h>

#define MAX ((size_t)64)
#define BATCH ((size_t)8)

struct request {
    struct cg_fair_item item;
    unsigned lane;
};

struct fixture {
    struct cg_fair_queue queue;
    struct request requests[MAX + 1]; /* one more than ever finds a place */
    size_t made;
};

static enum cg_status push(struct fixture *fixture, unsigned lane)
{
    struct request *request = &fixture->requests[fixture->made];
    request->lane = lane;
    enum cg_status status = cg_fair_queue_push(&fixture->queue, lane, &request->item);
    fixture->made += status == CG_OK;
    return status;
}

static size_t fill(struct fixture *fixture, unsigned lane)
{
    size_t count = 0;
    while (push(fixture, lane) == CG_OK) {
        count++;
    }
    return count;
}

static const struct request *take(struct fixture *fixture)
{
    return (const struct request *)(const void *)cg_fair_queue_take(&fixture->queue);
}

/* In which batch, from 1 on, the lane's first request leaves. */
static size_t batch_of(struct fixture *fixture, unsigned lane)
{
    for (size_t taken = 0;; taken++) {
        const struct request *request = take(fixture);
        assert_non_null(request);
        if (request->lane == lane) {
            return taken / BATCH + 1;
        }
    }
}

static int setup(void **state)
{
    static struct fixture fixture;
    fixture.made = 0;
    cg_fair_queue_init(&fixture.queue, MAX);
    *state = &fixture;
    return 0;
}

static void fair_queue_of_one_lane_is_first_come_first_served(void **state)
{
    struct fixture *fixture = *state;
    for (int i = 0; i < 3; i++) {
        assert_ok(push(fixture, 7));
    }
    for (size_t i = 0; i < 3; i++) {
        assert_ptr_equal(take(fixture), &fixture->requests[i]);
    }
    assert_null(take(fixture));
    assert_int_equal(fixture->queue.count, 0);
}

static void fair_queue_lets_nobody_wait_behind_a_flood(void **state)
{
    struct fixture *fixture = *state;
    (void)fill(fixture, 1);
    assert_ok(push(fixture, 2));
    assert_int_equal(batch_of(fixture, 2), 1);
}

static void fair_queue_lets_one_wait_behind_one_request_of_each_other_lane(void **state)
{
    struct fixture *fixture = *state;
    for (unsigned lane = 0; lane < 20; lane++) {
        assert_ok(push(fixture, lane));
        assert_ok(push(fixture, lane));
    }
    assert_ok(push(fixture, 99));
    assert_int_equal(batch_of(fixture, 99), 20 / BATCH + 1);
}

static void fair_queue_gives_turns_to_lanes_that_flood(void **state)
{
    struct fixture *fixture = *state;
    size_t taken[3] = {0};
    for (unsigned lane = 0; lane < 3; lane++) {
        (void)fill(fixture, lane);
    }
    for (size_t i = 0; i < 12; i++) {
        taken[take(fixture)->lane]++;
    }
    for (unsigned lane = 0; lane < 3; lane++) {
        assert_int_equal(taken[lane], 4);
    }
}

static void fair_queue_keeps_room_for_who_comes_anew(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(fill(fixture, 1), MAX / 2);
    assert_int_equal(fill(fixture, 2), MAX / 4);
    for (unsigned lane = 3; lane < 6; lane++) {
        assert_ok(push(fixture, lane));
    }
    /* The flood gets no further place for it. */
    assert_status(push(fixture, 1), CG_ERR_LIMIT);
}

static void fair_queue_never_holds_more_than_its_maximum(void **state)
{
    struct fixture *fixture = *state;
    for (unsigned lane = 0; lane < CG_FAIR_LANES; lane++) {
        (void)fill(fixture, lane);
    }
    assert_int_equal(fixture->queue.count, MAX);
    assert_status(push(fixture, 200), CG_ERR_LIMIT);
    while (take(fixture) != NULL) {}
    assert_int_equal(fixture->queue.count, 0);
    fixture->made = 0;
    assert_ok(push(fixture, 200));
}

#define CASE(test) cmocka_unit_test_setup(test, setup)

static const struct CMUnitTest tests[] = {
    CASE(fair_queue_of_one_lane_is_first_come_first_served),
    CASE(fair_queue_lets_nobody_wait_behind_a_flood),
    CASE(fair_queue_lets_one_wait_behind_one_request_of_each_other_lane),
    CASE(fair_queue_gives_turns_to_lanes_that_flood),
    CASE(fair_queue_keeps_room_for_who_comes_anew),
    CASE(fair_queue_never_holds_more_than_its_maximum),
};
TEST_MAIN(tests)
