/* SPDX-License-Identifier: Apache-2.0 */
/* Clients whose key sets are fetched, when they cannot be had: nobody's failure. */
#include "house.h"

#include "assertion_kit.h"
#include "base/span.h"
#include "issuer/key_fetcher.h"
#include "registry/client_key.h"
#include "test.h"

#define THROTTLE_BYTES ((size_t)65536)
#define TURNS 41

/* What is known of each address: the linker leads the library's questions here. */
static enum cg_remote_state *host(void)
{
    static enum cg_remote_state state;
    return &state;
}

enum cg_status __wrap_cg_remote_ask(struct cg_remote *remote,
                                    const struct cg_remote_question *question,
                                    struct cg_arena *arena, struct cg_remote_answer *ret_answer);
uint64_t __wrap_cg_remote_turns(struct cg_remote *remote);

enum cg_status __wrap_cg_remote_ask(struct cg_remote *remote,
                                    const struct cg_remote_question *question,
                                    struct cg_arena *arena, struct cg_remote_answer *ret_answer)
{
    (void)remote;
    bool gives = *host() == CG_REMOTE_THERE && question->known != 1;
    *ret_answer = (struct cg_remote_answer){.state = *host(), .version = 1};
    return gives ? cg_arena_copy(arena, test_span(kit_jwks()), &ret_answer->body) : CG_OK;
}

uint64_t __wrap_cg_remote_turns(struct cg_remote *remote)
{
    (void)remote;
    return TURNS;
}

/* A slot that fetches and throttles. */
static void fetch_and_throttle(struct house *house)
{
    static _Alignas(64) uint8_t memory[THROTTLE_BYTES];
    static const uint8_t key[CG_THROTTLE_KEY_BYTES] = {9};
    static char nobody;
    static struct cg_key_fetcher fetcher;
    fetcher.remote = (struct cg_remote *)&nobody;
    struct cg_issuer_config config = {.store_uri = test_span(house->uri),
                                      .writer = CG_SPAN("test/worker0"),
                                      .master_key = house->master_key,
                                      .fetcher = &fetcher};
    memset(memory, 0, sizeof(memory));
    assert_ok(cg_throttle_place(memory, sizeof(memory), key, HOUSE_NOW_S, &config.throttle));
    house->slot = cg_issuer_slot_free(house->slot);
    assert_ok(cg_issuer_slot_new(&config, &house->slot));
}

static void publish(struct house *house)
{
    struct cg_client_key key = {.realm = test_span(HOUSE_REALM),
                                .client = test_span(house->client),
                                .kind = CG_CLIENT_KEY_JWKS_URI,
                                .value = CG_SPAN("https://keys.example/jwks"),
                                .created_s = HOUSE_NOW_S};
    struct cg_span id;
    assert_ok(cg_store_begin(house->registry));
    assert_ok(cg_client_key_add(house->registry, &key, &house->random, house->arena, NULL, &id));
    assert_ok(cg_store_commit(house->registry));
}

static int build(void **state)
{
    (void)house_build(state);
    struct house *house = *state;
    kit_set_client(house, "documented", CG_CLIENT_AUTH_PRIVATE_KEY_JWT);
    publish(house);
    fetch_and_throttle(house);
    return 0;
}

/* All from one address. */
static const struct cg_response *ask(struct house *house, const struct kit_assertion *assertion,
                                     unsigned may_wait)
{
    struct cg_request request = {.method = CG_SPAN("POST"),
                                 .path = CG_SPAN(HOUSE_REALM "/oauth/token"),
                                 .content_type = CG_SPAN("application/x-www-form-urlencoded"),
                                 .body = test_span(kit_form(house, assertion)),
                                 .request_id = CG_SPAN("req-1"),
                                 .address = CG_SPAN("192.0.2.1"),
                                 .may_wait = may_wait};
    return house_ask_with(house, &request);
}

static void assert_told_to_come_back(const struct cg_response *response)
{
    assert_int_equal(response->http_status, 503);
    assert_int_equal(response->reason, CG_REASON_CLIENT_KEYS_UNAVAILABLE);
    assert_true(
        cg_span_starts_with(response->body, CG_SPAN_OF("{\"error\":\"temporarily_unavailable\"")));
    assert_span_text(house_header(response, "Retry-After"), "10");
    assert_int_equal(house_header(response, "WWW-Authenticate").len, 0);
}

static void a_host_that_is_away_makes_nobody_fail(void **state)
{
    struct house *house = *state;
    const struct kit_assertion good = {.jti = NULL};
    const struct kit_assertion forged = {.is_forged = true};
    *host() = CG_REMOTE_AWAY;
    assert_told_to_come_back(ask(house, &good, 0));
    assert_string_equal(kit_last_detail(house),
                        "the client's keys cannot be fetched from their address");
    for (unsigned i = 0; i < CG_LIMIT_ADDRESS_FAILURES + 10; i++) {
        assert_told_to_come_back(ask(house, &forged, 0));
    }
    *host() = CG_REMOTE_THERE;
    assert_int_equal(ask(house, &good, 0)->http_status, 200);
}

/* The same where more wait already than may, or for too long: then may_wait is 0. */
static void keys_on_their_way_are_waited_for_or_unavailable(void **state)
{
    struct house *house = *state;
    const struct kit_assertion good = {.jti = NULL};
    *host() = CG_REMOTE_COMING;
    assert_told_to_come_back(ask(house, &good, 0));
    (void)ask(house, &good, 1);
    assert_int_equal(house->exchange->waits, TURNS + 1);
}

static void a_set_at_hand_decides_alone_about_the_kids_in_it_and_nothing_else(void **state)
{
    struct house *house = *state;
    static const struct {
        const char *label;
        const char *header;
        bool is_forged;
        unsigned http_status;
    } rows[] = {
        {"its kid", NULL, false, 200},
        {"its kid, forged", NULL, true, 401},
        {"another kid", "{\"alg\":\"ES256\",\"kid\":\"k9\"}", false, 503},
        {"no kid, its key", "{\"alg\":\"ES256\"}", false, 200},
        {"no kid, another key", "{\"alg\":\"ES256\"}", true, 503},
    };
    kit_add_keys(house);
    *host() = CG_REMOTE_AWAY;
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        struct kit_assertion assertion = {.header = rows[i].header, .is_forged = rows[i].is_forged};
        unsigned status = ask(house, &assertion, 0)->http_status;
        if (status != rows[i].http_status) {
            print_error("%s: %u\n", rows[i].label, status);
        }
        assert_int_equal(status, rows[i].http_status);
    }
}

/* Nobody comes back to better keys there. */
static void a_host_that_is_not_listed_proves_nobody(void **state)
{
    struct house *house = *state;
    const struct kit_assertion good = {.jti = NULL};
    *host() = CG_REMOTE_UNLISTED;
    assert_int_equal(ask(house, &good, 0)->http_status, 401);
    assert_string_equal(kit_last_detail(house),
                        "the host of the client's keys is not in caregate_fetch_hosts");
}

#define IN_HOUSE(test) cmocka_unit_test_setup_teardown(test, build, house_pull_down)

static const struct CMUnitTest tests[] = {
    IN_HOUSE(a_host_that_is_away_makes_nobody_fail),
    IN_HOUSE(keys_on_their_way_are_waited_for_or_unavailable),
    IN_HOUSE(a_set_at_hand_decides_alone_about_the_kids_in_it_and_nothing_else),
    IN_HOUSE(a_host_that_is_not_listed_proves_nobody),
};

TEST_MAIN_WITH(tests, kit_prepare, kit_put_away)
