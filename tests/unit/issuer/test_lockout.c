/* SPDX-License-Identifier: Apache-2.0 */
#include "house.h"

#include "base/span.h"
#include "issuer/slot.h"
#include "test.h"

#include <caregate/fair_queue.h>

#define TOKEN_PATH HOUSE_REALM "/oauth/token"
#define THROTTLE_BYTES ((size_t)65536)

static _Alignas(64) uint8_t memory[THROTTLE_BYTES];

static const struct cg_rate no_rate = {0, 0, 0};

/* A slot that throttles, for the same house; what was counted before is gone. */
static void throttle(struct house *house, const struct cg_rate *rate)
{
    static const uint8_t key[CG_THROTTLE_KEY_BYTES] = {9};
    struct cg_issuer_config config = {.store_uri = test_span(house->uri),
                                      .writer = CG_SPAN("test/worker0"),
                                      .master_key = house->master_key,
                                      .token_rate = *rate};
    memset(memory, 0, sizeof(memory));
    assert_ok(cg_throttle_place(memory, sizeof(memory), key, HOUSE_NOW_S, &config.throttle));
    house->slot = cg_issuer_slot_free(house->slot);
    assert_ok(cg_issuer_slot_new(&config, &house->slot));
    house->now_s = HOUSE_NOW_S;
}

static const struct cg_response *ask(struct house *house, const char *address, const char *client,
                                     const char *secret)
{
    static char body[512];
    (void)snprintf(body, sizeof(body),
                   "grant_type=client_credentials&client_id=%s&client_secret=%s", client, secret);
    struct cg_request request = {
        .method = CG_SPAN("POST"),
        .path = CG_SPAN(TOKEN_PATH),
        .request_id = CG_SPAN("req-1"),
        .address = test_span(address),
        .content_type = CG_SPAN("application/x-www-form-urlencoded"),
        .body = test_span(body),
    };
    return house_ask_with(house, &request);
}

static unsigned guess(struct house *house, const char *address, const char *client)
{
    return ask(house, address, client, "cgs_wrong")->http_status;
}

static unsigned prove(struct house *house, const char *address)
{
    return ask(house, address, house->client, house->secret)->http_status;
}

static void guess_often(struct house *house, const char *address, const char *client,
                        unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        (void)guess(house, address, client);
    }
}

/* From so many addresses at the house's client, one failure each. */
static void guess_from_everywhere(struct house *house, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        char address[32];
        (void)snprintf(address, sizeof(address), "203.0.%u.%u", i / 250, i % 250);
        (void)guess(house, address, house->client);
    }
}

static int64_t retry_after_s(const struct cg_response *response)
{
    int64_t seconds = 0;
    assert_ok(cg_span_to_number(house_header(response, "Retry-After"), 3600, &seconds));
    return seconds;
}

static void lockout_tells_a_guesser_to_slow_down(void **state)
{
    struct house *house = *state;
    throttle(house, &no_rate);
    for (unsigned i = 0; i <= CG_LIMIT_PAIR_FAILURES; i++) {
        assert_int_equal(guess(house, "192.0.2.1", house->client), 401);
    }
    const struct cg_response *response = ask(house, "192.0.2.1", house->client, "cgs_wrong");
    assert_int_equal(response->http_status, 429);
    assert_int_equal(response->reason, CG_REASON_TOO_MANY_FAILURES);
    assert_true(cg_span_starts_with(response->body, CG_SPAN_OF("{\"error\":\"slow_down\"")));
    assert_int_equal(retry_after_s(response), 1);
    assert_int_equal(house_header(response, "WWW-Authenticate").len, 0);
}

static void lockout_grows_with_each_failure_after_its_delay(void **state)
{
    struct house *house = *state;
    throttle(house, &no_rate);
    guess_often(house, "192.0.2.1", house->client, CG_LIMIT_PAIR_FAILURES + 1);
    for (int64_t expected_s = 1; expected_s < CG_LIMIT_PAIR_DELAY_S; expected_s *= 2) {
        const struct cg_response *response = ask(house, "192.0.2.1", house->client, "cgs_wrong");
        assert_int_equal(response->http_status, 429);
        assert_int_equal(retry_after_s(response), expected_s);
        house->now_s += expected_s;
        assert_int_equal(guess(house, "192.0.2.1", house->client), 401);
    }
    assert_int_equal(retry_after_s(ask(house, "192.0.2.1", house->client, "cgs_wrong")),
                     CG_LIMIT_PAIR_DELAY_S);
}

/* Nor does the answer tell the two apart, or what is asked of the store. */
static void lockout_is_the_same_for_a_client_that_does_not_exist(void **state)
{
    struct house *house = *state;
    struct cg_span known = {NULL, 0};
    throttle(house, &no_rate);
    guess_often(house, "192.0.2.1", house->client, CG_LIMIT_PAIR_FAILURES + 1);
    guess_often(house, "192.0.2.1", "nobody", CG_LIMIT_PAIR_FAILURES);
    assert_int_equal(guess(house, "192.0.2.1", "nobody"), 401);
    assert_int_equal(prove(house, "192.0.2.2"), 200);
    assert_int_equal(prove(house, "192.0.2.2"), 200);
    const struct cg_client_cache *clients = house->slot->clients;
    assert_ok(cg_arena_copy(house->arena,
                            ask(house, "192.0.2.1", house->client, house->secret)->body, &known));
    const struct cg_response *unknown = ask(house, "192.0.2.1", "nobody", "cgs_wrong");
    assert_int_equal(unknown->http_status, 429);
    assert_span_equal(unknown->body, known);
    /* What the last proof left: nobody has looked for a client since. */
    assert_true(cg_client_cache_was_remembered(clients));
}

static void lockout_never_keeps_the_right_secret_out_of_an_address_it_knows(void **state)
{
    struct house *house = *state;
    throttle(house, &no_rate);
    assert_int_equal(prove(house, "192.0.2.1"), 200);
    guess_often(house, "192.0.2.1", house->client, 2 * CG_LIMIT_PAIR_FAILURES);
    assert_int_equal(guess(house, "192.0.2.1", house->client), 429);
    assert_int_equal(prove(house, "192.0.2.1"), 200);
    /* And its failures are forgotten. */
    assert_int_equal(guess(house, "192.0.2.1", house->client), 401);
}

static void lockout_of_a_guesser_does_not_reach_other_addresses(void **state)
{
    struct house *house = *state;
    throttle(house, &no_rate);
    guess_often(house, "192.0.2.1", house->client, 3 * CG_LIMIT_PAIR_FAILURES);
    assert_int_equal(prove(house, "192.0.2.1"), 429);
    assert_int_equal(prove(house, "192.0.2.2"), 200);
}

static void lockout_slows_down_guessing_from_everywhere_but_not_where_it_is_known(void **state)
{
    struct house *house = *state;
    throttle(house, &no_rate);
    assert_int_equal(prove(house, "192.0.2.1"), 200);
    guess_from_everywhere(house, CG_LIMIT_CLIENT_FAILURES);
    assert_int_equal(guess(house, "198.51.100.1", house->client), 429);
    assert_int_equal(prove(house, "192.0.2.1"), 200);
    assert_int_equal(guess(house, "198.51.100.1", "another"), 401);
    house->now_s += 60 / CG_LIMIT_CLIENT_PER_MIN;
    assert_int_equal(prove(house, "198.51.100.1"), 200);
}

static void lockout_slows_down_guessing_of_many_clients_from_one_address(void **state)
{
    struct house *house = *state;
    throttle(house, &no_rate);
    assert_int_equal(prove(house, "192.0.2.1"), 200);
    for (unsigned i = 0; i < CG_LIMIT_ADDRESS_FAILURES; i++) {
        char client[32];
        (void)snprintf(client, sizeof(client), "guess-%u", i);
        assert_int_equal(guess(house, "192.0.2.1", client), 401);
    }
    assert_int_equal(guess(house, "192.0.2.1", "one-more"), 429);
    assert_int_equal(guess(house, "192.0.2.2", "one-more"), 401);
    /* Who is known there does not pay for its neighbours. */
    assert_int_equal(prove(house, "192.0.2.1"), 200);
}

/* A system with an old secret that tries again and again is one guesser, not a whole address. */
static void lockout_of_one_client_leaves_its_neighbours_alone(void **state)
{
    struct house *house = *state;
    throttle(house, &no_rate);
    for (unsigned i = 0; i < 4000; i++) {
        (void)guess(house, "192.0.2.1", "broken");
        house->now_s += i % 2;
    }
    assert_int_equal(prove(house, "192.0.2.1"), 200);
}

static void lockout_takes_one_ipv6_network_for_one_address(void **state)
{
    struct house *house = *state;
    throttle(house, &no_rate);
    for (unsigned i = 0; i <= CG_LIMIT_PAIR_FAILURES; i++) {
        char address[64];
        (void)snprintf(address, sizeof(address), "2001:db8:0:1::%x", i);
        (void)guess(house, address, house->client);
    }
    assert_int_equal(guess(house, "2001:db8:0:1:ffff::1", house->client), 429);
    assert_int_equal(guess(house, "2001:db8:0:2::1", house->client), 401);
    guess_often(house, "192.0.2.1", "mapped", CG_LIMIT_PAIR_FAILURES + 1);
    assert_int_equal(guess(house, "::ffff:192.0.2.1", "mapped"), 429);
    assert_int_equal(guess(house, "::ffff:192.0.2.2", "mapped"), 401);
}

static void lockout_counts_nothing_but_failed_proofs(void **state)
{
    struct house *house = *state;
    throttle(house, &no_rate);
    for (unsigned i = 0; i < 3 * CG_LIMIT_PAIR_FAILURES; i++) {
        (void)house_ask_token(house, "&scope=unknown");
        (void)house_ask(house, "POST", TOKEN_PATH, "grant_type=client_credentials&client_id=x");
    }
    assert_int_equal(guess(house, "127.0.0.1", "x"), 401);
    assert_int_equal(house_ask_token(house, "")->http_status, 200);
}

static void lockout_is_told_to_the_audit_in_summary(void **state)
{
    struct house *house = *state;
    throttle(house, &no_rate);
    int64_t before = house_count_events(house, "token_refused");
    guess_often(house, "192.0.2.77", "nobody", 20 * CG_LIMIT_PAIR_FAILURES);
    int64_t after = house_count_events(house, "token_refused");
    assert_int_equal(after - before, 2 * CG_LIMIT_REFUSALS_PER_WINDOW);
}

static void rate_of_a_client_lets_so_many_tokens_through(void **state)
{
    struct house *house = *state;
    const struct cg_rate rate = {1, 1, 3};
    throttle(house, &rate);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(prove(house, "192.0.2.1"), 200);
    }
    const struct cg_response *response = ask(house, "192.0.2.9", house->client, house->secret);
    assert_int_equal(response->http_status, 429);
    assert_int_equal(response->reason, CG_REASON_RATE_EXCEEDED);
    assert_int_equal(retry_after_s(response), 1);
    assert_true(response->client_id.len > 0);
    house->now_s += 1;
    assert_int_equal(prove(house, "192.0.2.1"), 200);
    assert_int_equal(prove(house, "192.0.2.1"), 429);
}

/* One that waits for keys is answered anew from the start. */
static void rate_is_asked_once_of_a_request_that_waited(void **state)
{
    struct house *house = *state;
    const struct cg_rate rate = {1, 3600, 1};
    struct cg_exchange *const exchanges[] = {house->exchange};
    throttle(house, &rate);
    assert_int_equal(prove(house, "192.0.2.1"), 200);
    house->exchange->waits = 1;
    cg_issuer_answer(house->slot, exchanges, 1, house->now_s);
    cg_issuer_commit(house->slot, exchanges, 1);
    assert_int_equal(house->exchange->response.http_status, 200);
    assert_int_equal(prove(house, "192.0.2.1"), 429);
}

static void rate_of_a_client_cannot_be_used_up_by_others(void **state)
{
    struct house *house = *state;
    const struct cg_rate rate = {1, 60, 1};
    throttle(house, &rate);
    guess_often(house, "192.0.2.1", house->client, 5);
    assert_int_equal(prove(house, "192.0.2.2"), 200);
}

static void rate_is_counted_by_when_requests_came(void **state)
{
    struct house *house = *state;
    const struct cg_rate rate = {10, 1, 1};
    throttle(house, &rate);
    char body[256];
    (void)snprintf(body, sizeof(body),
                   "grant_type=client_credentials&client_id=%s&client_secret=%s", house->client,
                   house->secret);
    struct cg_request request = {
        .method = CG_SPAN("POST"),
        .path = CG_SPAN(TOKEN_PATH),
        .address = CG_SPAN("192.0.2.1"),
        .content_type = CG_SPAN("application/x-www-form-urlencoded"),
        .body = test_span(body),
    };
    for (int64_t i = 0; i < 5; i++) {
        request.received_ms = INT64_C(1000) * HOUSE_NOW_S + 101 * i;
        assert_int_equal(house_ask_with(house, &request)->http_status, 200);
    }
    request.received_ms += 50;
    assert_int_equal(house_ask_with(house, &request)->http_status, 429);
}

static unsigned lane_of(const struct house *house, const char *address, const char *authorization,
                        const char *body)
{
    struct cg_request request = {.address = test_span(address),
                                 .authorization = cg_span_of_string(authorization),
                                 .body = cg_span_of_string(body)};
    return cg_issuer_lane(house->slot->throttle, &request);
}

static void lane_is_one_for_each_caller(void **state)
{
    struct house *house = *state;
    throttle(house, &no_rate);
    unsigned lane = lane_of(house, "192.0.2.1", NULL, "scope=a&client_id=one&client_secret=x");
    assert_true(lane < CG_FAIR_LANES);
    assert_int_equal(lane, lane_of(house, "192.0.2.1", NULL, "client_id=one&client_secret=y"));
    unsigned lanes[] = {
        lane,
        lane_of(house, "192.0.2.1", NULL, "client_id=two"),
        lane_of(house, "192.0.2.2", NULL, "client_id=one"),
        lane_of(house, "192.0.2.1", "Basic b25lOng=", NULL),
        lane_of(house, "192.0.2.1", NULL, NULL),
    };
    for (size_t i = 1; i < TEST_COUNT(lanes); i++) {
        assert_int_not_equal(lanes[i], lanes[i - 1]);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(lockout_tells_a_guesser_to_slow_down),
    cmocka_unit_test(lockout_grows_with_each_failure_after_its_delay),
    cmocka_unit_test(lockout_is_the_same_for_a_client_that_does_not_exist),
    cmocka_unit_test(lockout_never_keeps_the_right_secret_out_of_an_address_it_knows),
    cmocka_unit_test(lockout_of_a_guesser_does_not_reach_other_addresses),
    cmocka_unit_test(lockout_slows_down_guessing_from_everywhere_but_not_where_it_is_known),
    cmocka_unit_test(lockout_slows_down_guessing_of_many_clients_from_one_address),
    cmocka_unit_test(lockout_of_one_client_leaves_its_neighbours_alone),
    cmocka_unit_test(lockout_takes_one_ipv6_network_for_one_address),
    cmocka_unit_test(lockout_counts_nothing_but_failed_proofs),
    cmocka_unit_test(lockout_is_told_to_the_audit_in_summary),
    cmocka_unit_test(rate_of_a_client_lets_so_many_tokens_through),
    cmocka_unit_test(rate_is_asked_once_of_a_request_that_waited),
    cmocka_unit_test(rate_of_a_client_cannot_be_used_up_by_others),
    cmocka_unit_test(rate_is_counted_by_when_requests_came),
    cmocka_unit_test(lane_is_one_for_each_caller),
};
TEST_MAIN_WITH(tests, house_build, house_pull_down)
