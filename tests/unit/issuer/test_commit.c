/* SPDX-License-Identifier: Apache-2.0 */
/* What happens between an answer and its being final. */
#include "house.h"

#include "base/span.h"
#include "oauth/context.h"
#include "registry/registry.h"
#include "test.h"

#include <unistd.h>

#define TOKEN_PATH HOUSE_REALM "/oauth/token"
#define PAIR 2

static void ask_for_token(struct house *house, struct cg_exchange *exchange)
{
    static char body[512];
    (void)snprintf(body, sizeof(body),
                   "grant_type=client_credentials&client_id=%s&client_secret=%s", house->client,
                   house->secret);
    cg_exchange_clear(exchange);
    exchange->request =
        (struct cg_request){.method = CG_SPAN("POST"),
                            .path = CG_SPAN(TOKEN_PATH),
                            .content_type = CG_SPAN("application/x-www-form-urlencoded"),
                            .body = test_span(body),
                            .request_id = CG_SPAN("req-1"),
                            .address = CG_SPAN("127.0.0.1")};
    struct cg_exchange *const exchanges[] = {exchange};
    cg_issuer_answer(house->slot, exchanges, 1, house->now_s);
    assert_int_equal(exchange->response.http_status, 200);
}

static void use_up(struct cg_exchange *exchange, const char *id)
{
    struct cg_single_use use = {.kind = CG_SINGLE_USE_ASSERTION, .expires_s = HOUSE_NOW_S + 60};
    assert_ok(
        cg_single_use_name(CG_SPAN_OF(HOUSE_REALM), CG_SPAN_OF("client"), test_span(id), &use));
    assert_ok(cg_context_spend(exchange->pending, &use, CG_REASON_CLIENT_AUTHENTICATION_FAILED));
}

static void commit_one(struct house *house)
{
    struct cg_exchange *const exchanges[] = {house->exchange};
    cg_issuer_commit(house->slot, exchanges, 1);
}

static void one_of_a_batch_wins_what_both_use_up(void **state)
{
    struct house *house = *state;
    struct cg_exchange *exchanges[PAIR] = {NULL};
    for (size_t i = 0; i < PAIR; i++) {
        assert_ok(cg_exchange_new(&exchanges[i]));
        ask_for_token(house, exchanges[i]);
        use_up(exchanges[i], "jti-1");
    }
    cg_issuer_commit(house->slot, exchanges, PAIR);
    assert_int_equal(exchanges[0]->response.http_status, 200);
    assert_int_equal(exchanges[1]->response.http_status, 401);
    assert_null(strstr((const char *)exchanges[1]->response.body.data, "access_token"));
    assert_null(exchanges[1]->response.token_id.data);
    assert_int_equal(house_count_events(house, "token_issued"), 1);
    assert_int_equal(house_count_events(house, "token_refused"), 1);
    for (size_t i = 0; i < PAIR; i++) {
        (void)cg_exchange_free(exchanges[i]);
    }
}

static void what_was_used_up_stays_so_in_later_batches(void **state)
{
    struct house *house = *state;
    const unsigned expected[] = {200, 401, 401};
    for (size_t i = 0; i < TEST_COUNT(expected); i++) {
        ask_for_token(house, house->exchange);
        use_up(house->exchange, "jti-2");
        commit_one(house);
        assert_int_equal(house->exchange->response.http_status, expected[i]);
    }
}

static void nothing_is_used_up_when_the_audit_is_away(void **state)
{
    struct house *house = *state;
    char path[128];
    char aside[128];
    (void)snprintf(path, sizeof(path), "%s/audit.db", house->folder);
    (void)snprintf(aside, sizeof(aside), "%s/aside.db", house->folder);
    ask_for_token(house, house->exchange);
    use_up(house->exchange, "jti-3");
    assert_int_equal(rename(path, aside), 0);
    commit_one(house);
    assert_int_equal(house->exchange->response.http_status, 503);
    assert_int_equal(rename(aside, path), 0);
    ask_for_token(house, house->exchange);
    use_up(house->exchange, "jti-3");
    commit_one(house);
    assert_int_equal(house->exchange->response.http_status, 200);
}

static void lose_once(struct house *house)
{
    ask_for_token(house, house->exchange);
    use_up(house->exchange, "jti-6");
    commit_one(house);
}

static void flood_of_who_comes_too_late_becomes_a_summary_that_loses_none(void **state)
{
    struct house *house = *state;
    for (int i = 0; i < 30; i++) {
        lose_once(house);
    }
    int64_t told = house_count_events(house, "token_refused");
    assert_true(told < 29);
    house->now_s += CG_LIMIT_REFUSAL_WINDOW_S + 1;
    assert_int_equal(house_ask_token(house, "")->http_status, 200);
    assert_int_equal(house_count_events(house, "token_refused"), told + 1);
    lose_once(house);
    assert_int_equal(house_count_events(house, "token_refused"), told + 2);
}

static enum cg_status hang_a_sign(struct cg_oauth_context *context)
{
    return cg_setting_set(context->registry, "sign", CG_SPAN_OF("hung"));
}

static enum cg_status hang_a_sign_and_stumble(struct cg_oauth_context *context)
{
    CG_TRY(hang_a_sign(context));
    CG_FAIL(&context->fault, CG_ERR_CONFLICT, CG_REASON_GRANT_NOT_ALLOWED, NULL, NULL);
}

static bool sign_hangs(struct house *house)
{
    struct cg_span value = {NULL, 0};
    return cg_setting_get(house->registry, "sign", house->arena, &value) == CG_OK;
}

static void give_deed(struct cg_exchange *exchange, cg_deed deed)
{
    struct cg_oauth_context *context = exchange->pending;
    context->deed = deed;
}

static void deed_is_done_when_its_request_is_committed(void **state)
{
    struct house *house = *state;
    ask_for_token(house, house->exchange);
    give_deed(house->exchange, hang_a_sign);
    assert_false(sign_hangs(house));
    commit_one(house);
    assert_int_equal(house->exchange->response.http_status, 200);
    assert_true(sign_hangs(house));
}

static void deed_that_fails_is_undone_and_its_request_refused(void **state)
{
    struct house *house = *state;
    ask_for_token(house, house->exchange);
    give_deed(house->exchange, hang_a_sign_and_stumble);
    commit_one(house);
    assert_int_equal(house->exchange->response.http_status, 400);
    assert_int_equal(house->exchange->response.reason, CG_REASON_GRANT_NOT_ALLOWED);
    assert_false(sign_hangs(house));
    assert_int_equal(house_count_events(house, "token_issued"), 0);
    assert_int_equal(house_count_events(house, "token_refused"), 1);
}

static void deed_is_not_done_when_it_cannot_be_recorded(void **state)
{
    struct house *house = *state;
    ask_for_token(house, house->exchange);
    give_deed(house->exchange, hang_a_sign);
    char path[128];
    char aside[128];
    (void)snprintf(path, sizeof(path), "%s/audit.db", house->folder);
    (void)snprintf(aside, sizeof(aside), "%s/aside.db", house->folder);
    assert_int_equal(rename(path, aside), 0);
    commit_one(house);
    assert_int_equal(house->exchange->response.http_status, 503);
    assert_false(sign_hangs(house));
    assert_int_equal(rename(aside, path), 0);
}

static enum cg_status hang_a_sign_and_lose_the_store(struct cg_oauth_context *context)
{
    CG_TRY(hang_a_sign(context));
    cg_store_rollback(context->registry);
    return CG_OK;
}

static void deed_that_is_lost_after_its_record_is_told_so(void **state)
{
    struct house *house = *state;
    ask_for_token(house, house->exchange);
    give_deed(house->exchange, hang_a_sign_and_lose_the_store);
    commit_one(house);
    assert_int_equal(house->exchange->response.http_status, 503);
    assert_null(strstr((const char *)house->exchange->response.body.data, "access_token"));
    assert_int_equal(house_count_events(house, "token_issued"), 1);
    assert_int_equal(house_count_events(house, "change_failed"), 1);
}

static void deed_is_not_done_for_who_comes_too_late(void **state)
{
    struct house *house = *state;
    ask_for_token(house, house->exchange);
    use_up(house->exchange, "jti-4");
    commit_one(house);
    ask_for_token(house, house->exchange);
    use_up(house->exchange, "jti-4");
    give_deed(house->exchange, hang_a_sign);
    commit_one(house);
    assert_int_equal(house->exchange->response.http_status, 401);
    assert_false(sign_hangs(house));
}

/* As by a command that is stopped in the middle of a change. */
static void deeds_wait_for_another_writer_for_a_time_and_tokens_do_not_wait_for_ever(void **state)
{
    struct house *house = *state;
    struct cg_exchange *exchanges[PAIR + 1] = {NULL};
    for (size_t i = 0; i <= PAIR; i++) {
        assert_ok(cg_exchange_new(&exchanges[i]));
        ask_for_token(house, exchanges[i]);
        use_up(exchanges[i], i == 0 ? "jti-6" : i == 1 ? "jti-7" : "jti-8");
    }
    give_deed(exchanges[0], hang_a_sign);
    give_deed(exchanges[1], hang_a_sign);
    assert_ok(cg_store_begin(house->registry));
    cg_issuer_commit(house->slot, exchanges, PAIR + 1);
    for (size_t i = 0; i < PAIR; i++) {
        assert_int_equal(exchanges[i]->response.http_status, 503);
        assert_int_equal(exchanges[i]->response.reason, CG_REASON_STORE_UNAVAILABLE);
    }
    assert_int_equal(exchanges[PAIR]->response.http_status, 200);
    cg_store_rollback(house->registry);
    assert_false(sign_hangs(house));
    for (size_t i = 0; i <= PAIR; i++) {
        (void)cg_exchange_free(exchanges[i]);
    }
    ask_for_token(house, house->exchange);
    use_up(house->exchange, "jti-6");
    give_deed(house->exchange, hang_a_sign);
    commit_one(house);
    assert_int_equal(house->exchange->response.http_status, 200);
    assert_true(sign_hangs(house));
}

static void what_nothing_accepts_any_more_is_forgotten(void **state)
{
    struct house *house = *state;
    ask_for_token(house, house->exchange);
    use_up(house->exchange, "jti-5");
    commit_one(house);
    const struct {
        int64_t now_s;
        unsigned http_status;
    } rows[] = {{HOUSE_NOW_S + 59, 401}, {HOUSE_NOW_S + 121, 200}};
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        assert_ok(cg_issuer_upkeep(house->slot, rows[i].now_s));
        ask_for_token(house, house->exchange);
        use_up(house->exchange, "jti-5");
        commit_one(house);
        assert_int_equal(house->exchange->response.http_status, rows[i].http_status);
    }
}

#define PREPARED(name) cmocka_unit_test_setup_teardown(name, house_build, house_pull_down)

static const struct CMUnitTest tests[] = {
    PREPARED(one_of_a_batch_wins_what_both_use_up),
    PREPARED(what_was_used_up_stays_so_in_later_batches),
    PREPARED(nothing_is_used_up_when_the_audit_is_away),
    PREPARED(deed_is_done_when_its_request_is_committed),
    PREPARED(deed_that_fails_is_undone_and_its_request_refused),
    PREPARED(deed_is_not_done_when_it_cannot_be_recorded),
    PREPARED(deed_that_is_lost_after_its_record_is_told_so),
    PREPARED(deed_is_not_done_for_who_comes_too_late),
    PREPARED(deeds_wait_for_another_writer_for_a_time_and_tokens_do_not_wait_for_ever),
    PREPARED(flood_of_who_comes_too_late_becomes_a_summary_that_loses_none),
    PREPARED(what_nothing_accepts_any_more_is_forgotten),
};

TEST_MAIN(tests)
