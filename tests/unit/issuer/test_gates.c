/* SPDX-License-Identifier: Apache-2.0 */
/* Gates elsewhere: who gets the realm's bundle, when, and what they may tell the audit. */
#include "assertion_kit.h"
#include "base/shared_text.h"
#include "base/span.h"
#include "codec/base64url.h"
#include "house.h"
#include "registry/client.h"
#include "registry/denial.h"
#include "test.h"
#include "token/gate_bundle.h"
#include "token/gate_report.h"

#define BUNDLE HOUSE_REALM "/oauth/gate-bundle"
#define REPORT HOUSE_REALM "/oauth/gate-report"

static void set_grants(struct house *house, const char *id, const char *grants)
{
    struct cg_client client;
    assert_ok(cg_store_begin(house->registry));
    assert_ok(cg_client_find(house->registry, test_span(HOUSE_REALM), test_span(id), house->arena,
                             &client));
    client.grants = test_span(grants);
    assert_ok(cg_client_set(house->registry, &client, house->arena, NULL));
    assert_ok(cg_store_commit(house->registry));
}

static struct house_client add_gate(struct house *house)
{
    struct house_client gate = house_add_client(house, "Gate");
    set_grants(house, gate.id, "gate");
    return gate;
}

static const char *form(const struct house_client *client, const char *more)
{
    static char text[9000];
    (void)snprintf(text, sizeof(text), "client_id=%s&client_secret=%s%s", client->id,
                   client->secret, more);
    return text;
}

static const struct cg_response *ask(struct house *house, const struct house_client *client,
                                     const char *more)
{
    return house_ask(house, "POST", BUNDLE, form(client, more));
}

/* The same of a server that can keep the request. */
static struct cg_exchange *ask_parking(struct house *house, const char *body)
{
    struct cg_request request = {
        .method = CG_SPAN("POST"),
        .path = CG_SPAN(BUNDLE),
        .content_type = CG_SPAN("application/x-www-form-urlencoded"),
        .body = test_span(body),
        .request_id = CG_SPAN("r-1"),
        .address = CG_SPAN("192.0.2.1"),
        .may_park = 1,
    };
    (void)house_ask_with(house, &request);
    return house->exchange;
}

static void ask_again(struct house *house)
{
    struct cg_exchange *const exchanges[] = {house->exchange};
    cg_issuer_answer(house->slot, exchanges, 1, house->now_s);
    cg_issuer_commit(house->slot, exchanges, 1);
}

static struct cg_snapshot *open_bundle(const struct cg_response *response)
{
    const struct cg_gate_bundle_trust trust = {CG_SPAN(HOUSE_ISSUER), NULL};
    struct cg_arena *arena = NULL;
    struct cg_snapshot *snapshot = NULL;
    assert_int_equal(response->http_status, 200);
    assert_ok(cg_arena_new(4 * (size_t)CG_LIMIT_BUNDLE_BYTES, &arena));
    assert_ok(cg_gate_bundle_open(&trust, response->body, arena, &snapshot));
    (void)cg_arena_free(arena);
    return snapshot;
}

/* "&have=TAG&wait=20" of what there is now. */
static const char *having(struct house *house, const struct house_client *gate)
{
    static char more[128];
    char tag[CG_GATE_BUNDLE_TAG_BYTES];
    struct cg_snapshot *snapshot = open_bundle(ask(house, gate, ""));
    cg_gate_bundle_tag(snapshot, tag);
    (void)snprintf(more, sizeof(more), "&have=%s&wait=20", tag);
    (void)cg_snapshot_free(snapshot);
    return more;
}

static void deny(struct house *house, const char *token_id)
{
    struct cg_snapshot_denial denial = {
        .kind = CG_DENIAL_TOKEN, .subject = test_span(token_id), .expires_s = HOUSE_NOW_S + 300};
    assert_ok(cg_store_begin(house->registry));
    assert_ok(cg_denial_add(house->registry, test_span(HOUSE_REALM), &denial, HOUSE_NOW_S));
    assert_ok(cg_store_commit(house->registry));
}

static void gate_is_given_its_realm_signed(void **state)
{
    struct house *house = *state;
    struct house_client gate = add_gate(house);
    const struct cg_response *response = ask(house, &gate, "");
    assert_span_text(house_header(response, "Content-Type"), "application/jose");
    assert_span_text(house_header(response, "Cache-Control"), "no-store");
    assert_span_text(response->client_id, gate.id);
    struct cg_snapshot *snapshot = open_bundle(response);
    const struct cg_snapshot_realm *realm = cg_snapshot_only_realm(snapshot);
    assert_span_text(cg_snapshot_realm_path(realm), HOUSE_REALM);
    assert_non_null(cg_snapshot_find_api(realm, CG_SPAN_OF("documents")));
    (void)cg_snapshot_free(snapshot);
    assert_int_equal(house_count_events(house, "token_refused"), 0);
}

static void bundle_is_made_once_for_each_change(void **state)
{
    struct house *house = *state;
    struct house_client gate = add_gate(house);
    struct house_client other = add_gate(house);
    struct cg_shared_text *first = NULL;
    (void)ask(house, &gate, "");
    first = cg_shared_text_hold(house->exchange->shared);
    (void)ask(house, &other, "");
    assert_ptr_equal(house->exchange->shared, first);
    deny(house, "jti-of-somebody");
    (void)ask(house, &other, "");
    assert_ptr_not_equal(house->exchange->shared, first);
    first = cg_shared_text_drop(first);
    struct cg_snapshot *snapshot = open_bundle(&house->exchange->response);
    assert_true(
        cg_snapshot_denies_token(cg_snapshot_only_realm(snapshot), CG_SPAN_OF("jti-of-somebody")));
    (void)cg_snapshot_free(snapshot);
}

static void gate_that_has_it_all_is_told_so(void **state)
{
    struct house *house = *state;
    struct house_client gate = add_gate(house);
    const char *more = having(house, &gate);
    const struct cg_response *response = ask(house, &gate, more);
    assert_int_equal(response->http_status, 204);
    assert_int_equal(response->body.len, 0);
    assert_int_equal(house->exchange->parks_s, 0);
    house->now_s += 1000;
    assert_int_equal(ask(house, &gate, more)->http_status, 204);
    deny(house, "jti-of-somebody");
    assert_int_equal(ask(house, &gate, more)->http_status, 200);
}

static void gate_with_other_rules_is_given_these_even_if_its_own_are_newer(void **state)
{
    struct house *house = *state;
    struct house_client gate = add_gate(house);
    assert_int_equal(ask(house, &gate, "&have=999999-1&wait=20")->http_status, 200);
}

static void gate_waits_parked_until_something_changes(void **state)
{
    struct house *house = *state;
    struct house_client gate = add_gate(house);
    const struct cg_exchange *exchange = ask_parking(house, form(&gate, having(house, &gate)));
    assert_int_equal(exchange->parks_s, 20);
    ask_again(house);
    assert_int_equal(exchange->parks_s, 20);
    deny(house, "jti-of-somebody");
    ask_again(house);
    assert_int_equal(exchange->parks_s, 0);
    (void)cg_snapshot_free(open_bundle(&exchange->response));
}

static void gate_whose_time_is_over_is_told_that_nothing_changed(void **state)
{
    struct house *house = *state;
    struct house_client gate = add_gate(house);
    struct cg_exchange *exchange = ask_parking(house, form(&gate, having(house, &gate)));
    exchange->request.may_park = 0;
    ask_again(house);
    assert_int_equal(exchange->parks_s, 0);
    assert_int_equal(exchange->response.http_status, 204);
}

static void gate_that_loses_its_standing_while_parked_gets_nothing(void **state)
{
    struct house *house = *state;
    struct house_client gate = add_gate(house);
    const struct cg_exchange *exchange = ask_parking(house, form(&gate, having(house, &gate)));
    set_grants(house, gate.id, "client_credentials");
    ask_again(house);
    assert_int_equal(exchange->parks_s, 0);
    assert_int_equal(exchange->response.http_status, 400);
    set_grants(house, gate.id, "gate");
    exchange = ask_parking(house, form(&gate, having(house, &gate)));
    assert_int_equal(exchange->parks_s, 20);
    assert_ok(cg_store_begin(house->registry));
    assert_ok(cg_client_suspend(house->registry, test_span(HOUSE_REALM), test_span(gate.id),
                                HOUSE_NOW_S, NULL));
    assert_ok(cg_store_commit(house->registry));
    ask_again(house);
    assert_int_equal(exchange->parks_s, 0);
    assert_int_equal(exchange->response.http_status, 401);
}

static void strangers_and_clients_that_are_no_gates_are_refused(void **state)
{
    struct house *house = *state;
    struct house_client own = house_own_client(house);
    struct house_client gate = add_gate(house);
    const struct cg_response *response = ask(house, &own, "");
    assert_int_equal(response->http_status, 400);
    assert_int_equal(response->reason, CG_REASON_GRANT_NOT_ALLOWED);
    assert_int_equal(house_ask(house, "POST", REPORT, form(&own, "&report=W10"))->reason,
                     CG_REASON_GRANT_NOT_ALLOWED);
    (void)snprintf(gate.secret, sizeof(gate.secret), "guessed");
    assert_int_equal(ask(house, &gate, "")->http_status, 401);
    assert_int_equal(ask_parking(house, form(&gate, "&have=1-1&wait=20"))->response.http_status,
                     401);
    assert_int_equal(house->exchange->parks_s, 0);
    assert_int_equal(house_ask(house, "GET", BUNDLE, NULL)->http_status, 405);
    assert_true(house_count_events_with(house, "token_refused", "gate") > 0);
}

static void gate_gets_no_token_by_being_a_gate(void **state)
{
    struct house *house = *state;
    struct house_client gate = add_gate(house);
    char body[512];
    static const struct {
        const char *grant;
        enum cg_reason want;
    } rows[] = {{"gate", CG_REASON_GRANT_TYPE_UNSUPPORTED},
                {"client_credentials", CG_REASON_GRANT_NOT_ALLOWED}};
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        (void)snprintf(body, sizeof(body), "grant_type=%s&client_id=%s&client_secret=%s",
                       rows[i].grant, gate.id, gate.secret);
        assert_int_equal(house_ask(house, "POST", HOUSE_REALM "/oauth/token", body)->reason,
                         rows[i].want);
    }
}

static void wait_is_a_number_within_bounds(void **state)
{
    struct house *house = *state;
    struct house_client gate = add_gate(house);
    static const char *const bad[] = {"&wait=61", "&wait=-1", "&wait=x", "&wait=1&wait=2"};
    for (size_t i = 0; i < TEST_COUNT(bad); i++) {
        assert_int_equal(ask(house, &gate, bad[i])->http_status, 400);
    }
    assert_int_equal(ask(house, &gate, "&wait=60")->http_status, 200);
}

/* RFC 7523 §3: the assertion is used up when the gate is parked, and is not wanted after it. */
static void gate_is_parked_by_an_assertion_that_is_good_once(void **state)
{
    struct house *house = *state;
    char body[4096];
    struct house_client gate = house_own_client(house);
    set_grants(house, gate.id, "gate");
    const struct kit_assertion fetching = {.jti = "fetch"};
    const struct kit_assertion waiting = {.jti = "wait"};
    char tag[CG_GATE_BUNDLE_TAG_BYTES];
    struct cg_snapshot *snapshot =
        open_bundle(house_ask(house, "POST", BUNDLE, kit_form(house, &fetching)));
    cg_gate_bundle_tag(snapshot, tag);
    (void)cg_snapshot_free(snapshot);
    (void)snprintf(body, sizeof(body), "%s&have=%s&wait=20", kit_form(house, &waiting), tag);
    const struct cg_exchange *exchange = ask_parking(house, body);
    assert_int_equal(exchange->parks_s, 20);
    house->now_s += 30;
    ask_again(house);
    assert_int_equal(exchange->parks_s, 20);
    deny(house, "jti-of-somebody");
    ask_again(house);
    assert_int_equal(exchange->response.http_status, 200);
    exchange = ask_parking(house, body);
    assert_int_equal(exchange->parks_s, 0);
    assert_int_equal(exchange->response.http_status, 401);
}

static const struct cg_response *report(struct house *house, const struct house_client *gate,
                                        const char *json)
{
    char more[8000];
    struct cg_buf buf;
    struct cg_span text;
    cg_buf_init_arena(&buf, house->arena, sizeof(more));
    cg_base64url_encode(test_span(json), &buf);
    assert_ok(cg_buf_finish(&buf, &text));
    (void)snprintf(more, sizeof(more), "&report=%.*s", CG_SPAN_ARGS(text));
    return house_ask(house, "POST", REPORT, form(gate, more));
}

static void report_goes_to_the_audit_under_the_gates_name(void **state)
{
    struct house *house = *state;
    struct house_client gate = add_gate(house);
    char actor[128];
    assert_int_equal(report(house, &gate,
                            "[{\"time\":1799999990,\"reason\":\"token_expired\",\"count\":1,"
                            "\"api\":\"documents\",\"client_id\":\"ward-9\"},"
                            "{\"time\":1799999991,\"reason\":\"token_missing\",\"count\":40,"
                            "\"address\":\"192.0.2.7\"}]")
                         ->http_status,
                     204);
    (void)snprintf(actor, sizeof(actor), "\"actor\":\"%s\",\"realm\":\"" HOUSE_REALM "\"", gate.id);
    assert_int_equal(house_count_events_with(house, "access_refused", actor), 2);
    assert_int_equal(house_count_events_with(house, "access_refused", "\"time\":1799999990,"), 1);
    assert_int_equal(house_count_events_with(house, "access_refused", "\"count\":40,"), 1);
}

static void times_of_a_report_are_held_within_a_day(void **state)
{
    struct house *house = *state;
    struct house_client gate = add_gate(house);
    assert_int_equal(report(house, &gate,
                            "[{\"time\":1,\"reason\":\"token_expired\",\"count\":1},"
                            "{\"time\":4000000000,\"reason\":\"token_missing\",\"count\":1}]")
                         ->http_status,
                     204);
    assert_int_equal(house_count_events_with(house, "access_refused", "\"time\":1799913600,"), 1);
    assert_int_equal(house_count_events_with(house, "access_refused", "\"time\":1800000000,"), 1);
}

static void report_can_tell_nothing_else_than_refusals(void **state)
{
    struct house *house = *state;
    struct house_client gate = add_gate(house);
    static const char *const bad[] = {
        "[]",
        "{}",
        "[1]",
        "[{\"time\":1,\"reason\":\"token_expired\"}]",
        "[{\"time\":1,\"reason\":\"made_up\",\"count\":1}]",
        "[{\"time\":1,\"reason\":\"scope_not_agreed\",\"count\":1}]",
        "[{\"time\":1,\"reason\":\"token_expired\",\"count\":0}]",
        "[{\"time\":1,\"reason\":\"token_expired\",\"count\":4294967296}]",
        "[{\"time\":-1,\"reason\":\"token_expired\",\"count\":1}]",
        "[{\"time\":1,\"reason\":\"token_expired\",\"count\":1,\"kind\":\"token_issued\"}]",
        "[{\"time\":1,\"reason\":\"token_expired\",\"count\":1,\"realm\":\"/vtest/hpca\"}]",
        "[{\"time\":1,\"reason\":\"token_expired\",\"count\":1,\"actor\":\"operator:alice\"}]",
        "[{\"time\":1,\"reason\":\"token_expired\",\"count\":1,\"api\":\"a b\"}]",
        "[{\"time\":1,\"reason\":\"token_expired\",\"count\":1,\"api\":7}]",
    };
    for (size_t i = 0; i < TEST_COUNT(bad); i++) {
        const struct cg_response *response = report(house, &gate, bad[i]);
        assert_int_equal(response->reason, CG_REASON_REQUEST_MALFORMED);
    }
    assert_int_equal(house_ask(house, "POST", REPORT, form(&gate, ""))->http_status, 400);
    assert_int_equal(house_count_events(house, "access_refused"), 0);
}

static void written_report_is_read_as_it_was_and_cut_where_it_is_full(void **state)
{
    struct house *house = *state;
    struct cg_refusal given[40];
    struct cg_refusal read[CG_LIMIT_REPORT_REFUSALS];
    struct cg_buf buf;
    struct cg_span text;
    size_t written = 0;
    size_t count = 0;
    for (size_t i = 0; i < TEST_COUNT(given); i++) {
        given[i] = (struct cg_refusal){.time_s = (int64_t)i,
                                       .reason = CG_REASON_TOKEN_EXPIRED,
                                       .count = (uint32_t)i + 1,
                                       .api = CG_SPAN("documents"),
                                       .request_id = CG_SPAN("not \"safe\"")};
    }
    cg_buf_init_arena(&buf, house->arena, CG_LIMIT_REPORT_BYTES);
    assert_ok(cg_gate_report_write(given, TEST_COUNT(given), &buf, &written));
    assert_true(written > 1 && written <= CG_LIMIT_REPORT_REFUSALS);
    assert_ok(cg_buf_finish(&buf, &text));
    assert_ok(cg_gate_report_read(text, house->arena, read, &count));
    assert_int_equal(count, written);
    assert_int_equal(read[count - 1].count, count);
    assert_span_text(read[0].api, "documents");
    assert_int_equal(read[0].request_id.len, 0);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(gate_is_given_its_realm_signed, house_build, house_pull_down),
    cmocka_unit_test_setup_teardown(bundle_is_made_once_for_each_change, house_build,
                                    house_pull_down),
    cmocka_unit_test_setup_teardown(gate_that_has_it_all_is_told_so, house_build, house_pull_down),
    cmocka_unit_test_setup_teardown(gate_with_other_rules_is_given_these_even_if_its_own_are_newer,
                                    house_build, house_pull_down),
    cmocka_unit_test_setup_teardown(gate_waits_parked_until_something_changes, house_build,
                                    house_pull_down),
    cmocka_unit_test_setup_teardown(gate_whose_time_is_over_is_told_that_nothing_changed,
                                    house_build, house_pull_down),
    cmocka_unit_test_setup_teardown(gate_that_loses_its_standing_while_parked_gets_nothing,
                                    house_build, house_pull_down),
    cmocka_unit_test_setup_teardown(strangers_and_clients_that_are_no_gates_are_refused,
                                    house_build, house_pull_down),
    cmocka_unit_test_setup_teardown(gate_gets_no_token_by_being_a_gate, house_build,
                                    house_pull_down),
    cmocka_unit_test_setup_teardown(wait_is_a_number_within_bounds, house_build, house_pull_down),
    cmocka_unit_test_setup_teardown(gate_is_parked_by_an_assertion_that_is_good_once, kit_build,
                                    house_pull_down),
    cmocka_unit_test_setup_teardown(report_goes_to_the_audit_under_the_gates_name, house_build,
                                    house_pull_down),
    cmocka_unit_test_setup_teardown(times_of_a_report_are_held_within_a_day, house_build,
                                    house_pull_down),
    cmocka_unit_test_setup_teardown(report_can_tell_nothing_else_than_refusals, house_build,
                                    house_pull_down),
    cmocka_unit_test_setup_teardown(written_report_is_read_as_it_was_and_cut_where_it_is_full,
                                    house_build, house_pull_down),
};

TEST_MAIN_WITH(tests, kit_prepare, kit_put_away)
