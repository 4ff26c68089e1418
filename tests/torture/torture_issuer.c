/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Our own allocations fail in turn while a slot is made and a token is asked for. Whatever fails,
 * the answer is a token with its record, or a proper refusal to try again; never half of one.
 */
#include "assertion_kit.h"
#include "audit/single_use.h"
#include "base/span.h"
#include "base/status.h"
#include "house.h"
#include "test.h"
#include "torture.h"

#include <caregate/issuer.h>

static struct cg_request request_for(struct house *house, char body[static 512])
{
    (void)snprintf(body, 512, "grant_type=client_credentials&client_id=%s&client_secret=%s",
                   house->client, house->secret);
    return (struct cg_request){.method = CG_SPAN("POST"),
                               .path = CG_SPAN(HOUSE_REALM "/oauth/token"),
                               .content_type = CG_SPAN("application/x-www-form-urlencoded"),
                               .body = test_span(body),
                               .address = CG_SPAN("127.0.0.1")};
}

/* CG_OK for a token, CG_ERR_LIMIT for a proper "not now"; anything else fails the test. */
static enum cg_status judge(const struct cg_response *response)
{
    bool has_token = memmem(response->body.data, response->body.len, "access_token", 12) != NULL;
    assert_true(has_token == (response->http_status == 200));
    assert_true(has_token == (response->token_id.len > 0));
    if (response->http_status == 200) {
        return CG_OK;
    }
    /* A record that could not be loaded reads as a store that is away; a digest as our own fault.
     */
    assert_true(response->http_status == 503 || response->http_status == 500 ||
                response->http_status == 400);
    return CG_ERR_LIMIT;
}

static enum cg_status ask(struct house *house, struct cg_issuer_slot *slot)
{
    char body[512];
    struct cg_exchange *exchange = NULL;
    CG_TRY(cg_exchange_new(&exchange));
    exchange->request = request_for(house, body);
    struct cg_exchange *const exchanges[] = {exchange};
    cg_issuer_answer(slot, exchanges, 1, HOUSE_NOW_S);
    cg_issuer_commit(slot, exchanges, 1);
    enum cg_status status = judge(&exchange->response);
    (void)cg_exchange_free(exchange);
    return status;
}

static enum cg_status run_issuer(void *context)
{
    struct house *house = context;
    struct cg_issuer_config config = {.store_uri = test_span(house->uri),
                                      .writer = CG_SPAN("torture/worker0"),
                                      .master_key = house->master_key};
    struct cg_issuer_slot *slot = NULL;
    CG_TRY(cg_issuer_slot_new(&config, &slot));
    enum cg_status status = ask(house, slot);
    if (status == CG_OK) {
        status = cg_issuer_upkeep(slot, HOUSE_NOW_S);
    }
    (void)cg_issuer_slot_free(slot);
    return status;
}

static void issuer_gives_a_whole_token_or_none(void **state)
{
    struct torture_scenario scenario = {.name = "token request",
                                        .run = run_issuer,
                                        .context = *state,
                                        .accepted = TORTURE_ACCEPT(CG_OK) |
                                                    TORTURE_ACCEPT(CG_ERR_LIMIT) |
                                                    TORTURE_ACCEPT(CG_ERR_STORE)};
    torture(&scenario);
}

/* One form for all runs: what an earlier one spent is forgotten before each. */
struct asserting {
    struct house *house;
    struct cg_store *audit;
    const char *form;
};

static enum cg_status assert_and_ask(const struct asserting *asserting, struct cg_issuer_slot *slot)
{
    struct cg_exchange *exchange = NULL;
    CG_TRY(cg_exchange_new(&exchange));
    exchange->request =
        (struct cg_request){.method = CG_SPAN("POST"),
                            .path = CG_SPAN(HOUSE_REALM "/oauth/token"),
                            .content_type = CG_SPAN("application/x-www-form-urlencoded"),
                            .body = test_span(asserting->form),
                            .address = CG_SPAN("127.0.0.1")};
    struct cg_exchange *const exchanges[] = {exchange};
    cg_issuer_answer(slot, exchanges, 1, HOUSE_NOW_S);
    cg_issuer_commit(slot, exchanges, 1);
    enum cg_status status = judge(&exchange->response);
    (void)cg_exchange_free(exchange);
    return status;
}

static enum cg_status run_asserting(void *context)
{
    const struct asserting *asserting = context;
    struct cg_issuer_config config = {.store_uri = test_span(asserting->house->uri),
                                      .writer = CG_SPAN("torture/worker0"),
                                      .master_key = asserting->house->master_key};
    struct cg_issuer_slot *slot = NULL;
    CG_TRY(cg_single_use_forget(asserting->audit, INT64_MAX));
    CG_TRY(cg_issuer_slot_new(&config, &slot));
    enum cg_status status = assert_and_ask(asserting, slot);
    (void)cg_issuer_slot_free(slot);
    return status;
}

static void issuer_calls_no_assertion_bad_for_want_of_memory(void **state)
{
    static const struct kit_assertion right = {.jti = "once-and-again"};
    struct asserting asserting = {.house = *state, .form = kit_form(*state, &right)};
    struct torture_scenario scenario = {.name = "assertion",
                                        .run = run_asserting,
                                        .context = &asserting,
                                        .accepted = TORTURE_ACCEPT(CG_OK) |
                                                    TORTURE_ACCEPT(CG_ERR_LIMIT) |
                                                    TORTURE_ACCEPT(CG_ERR_STORE)};
    assert_ok(cg_store_open(test_span(asserting.house->uri), CG_STORE_AUDIT, CG_STORE_OPEN,
                            &asserting.audit));
    torture(&scenario);
    (void)cg_store_free(asserting.audit);
}

/* What is presented, and where. */
struct presenting {
    struct house *house;
    const char *path;
    const char *done; /* what a whole answer holds */
    struct cg_span token;
};

static enum cg_status present(const struct presenting *presenting, struct cg_issuer_slot *slot)
{
    char body[4096];
    struct cg_exchange *exchange = NULL;
    CG_TRY(cg_exchange_new(&exchange));
    exchange->request = request_for(presenting->house, body);
    (void)snprintf(body, sizeof(body), "client_id=%s&client_secret=%s&token=%.*s",
                   presenting->house->client, presenting->house->secret,
                   CG_SPAN_ARGS(presenting->token));
    exchange->request.path = test_span(presenting->path);
    exchange->request.body = test_span(body);
    struct cg_exchange *const exchanges[] = {exchange};
    cg_issuer_answer(slot, exchanges, 1, HOUSE_NOW_S);
    cg_issuer_commit(slot, exchanges, 1);
    const struct cg_response *response = &exchange->response;
    bool is_done = response->http_status == 200;
    /* Nothing else passes for the answer: no live token for an inactive one. */
    assert_true(!is_done || memmem(response->body.data, response->body.len, presenting->done,
                                   strlen(presenting->done)) != NULL);
    assert_true(is_done || response->http_status == 503 || response->http_status == 500 ||
                response->http_status == 400);
    (void)cg_exchange_free(exchange);
    return is_done ? CG_OK : CG_ERR_LIMIT;
}

static enum cg_status run_presenting(void *context)
{
    const struct presenting *presenting = context;
    struct cg_issuer_config config = {.store_uri = test_span(presenting->house->uri),
                                      .writer = CG_SPAN("torture/worker0"),
                                      .master_key = presenting->house->master_key};
    struct cg_issuer_slot *slot = NULL;
    CG_TRY(cg_issuer_slot_new(&config, &slot));
    enum cg_status status = present(presenting, slot);
    (void)cg_issuer_slot_free(slot);
    return status;
}

static void torture_presenting(struct house *house, const char *path, const char *done)
{
    struct presenting presenting = {house, path, done, house_token(house, "")};
    struct torture_scenario scenario = {.name = path,
                                        .run = run_presenting,
                                        .context = &presenting,
                                        .accepted = TORTURE_ACCEPT(CG_OK) |
                                                    TORTURE_ACCEPT(CG_ERR_LIMIT) |
                                                    TORTURE_ACCEPT(CG_ERR_STORE)};
    torture(&scenario);
}

static void issuer_never_calls_a_live_token_inactive(void **state)
{
    torture_presenting(*state, HOUSE_REALM "/oauth/introspect", "\"active\":true");
}

static void issuer_says_done_of_a_revocation_when_it_is(void **state)
{
    struct house *house = *state;
    torture_presenting(house, HOUSE_REALM "/oauth/revoke", "{}");
    assert_true(house_count_events(house, "token_revoked") > 0);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(issuer_gives_a_whole_token_or_none, house_build,
                                    house_pull_down),
    cmocka_unit_test_setup_teardown(issuer_calls_no_assertion_bad_for_want_of_memory, kit_build,
                                    house_pull_down),
    cmocka_unit_test_setup_teardown(issuer_never_calls_a_live_token_inactive, house_build,
                                    house_pull_down),
    cmocka_unit_test_setup_teardown(issuer_says_done_of_a_revocation_when_it_is, house_build,
                                    house_pull_down),
};

TEST_MAIN_WITH(tests, kit_prepare, kit_put_away)
