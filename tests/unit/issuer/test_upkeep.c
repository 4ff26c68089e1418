/* SPDX-License-Identifier: Apache-2.0 */
#include "house.h"

#include "audit/report.h"
#include "base/span.h"
#include "codec/json.h"
#include "registry/credential.h"
#include "registry/signing_key.h"
#include "test.h"

#include <unistd.h>

#define TOKEN_PATH HOUSE_REALM "/oauth/token"

static void each_token_has_its_record_before_it_leaves(void **state)
{
    struct house *house = *state;
    for (int i = 1; i <= 3; i++) {
        assert_int_equal(house_ask_token(house, "")->http_status, 200);
        assert_int_equal(house_count_events(house, "token_issued"), i);
    }
}

static void token_is_withheld_when_it_cannot_be_recorded(void **state)
{
    struct house *house = *state;
    assert_int_equal(house_ask_token(house, "")->http_status, 200);
    char path[128];
    char aside[128];
    (void)snprintf(path, sizeof(path), "%s/audit.db", house->folder);
    (void)snprintf(aside, sizeof(aside), "%s/aside.db", house->folder);
    assert_int_equal(rename(path, aside), 0);
    house->now_s += 5;
    const struct cg_response *response = house_ask_token(house, "");
    assert_int_equal(response->http_status, 503);
    assert_int_equal(response->reason, CG_REASON_AUDIT_UNAVAILABLE);
    assert_true(house_header(response, "Retry-After").len > 0);
    assert_null(strstr((const char *)response->body.data, "access_token"));
    /* What needs no record is served all the same. */
    assert_int_equal(house_ask(house, "GET", HOUSE_REALM "/oauth/jwks", NULL)->http_status, 200);
    assert_int_equal(rename(aside, path), 0);
    house->now_s += 5;
    assert_int_equal(house_ask_token(house, "")->http_status, 200);
}

static enum cg_status sum_counts(void *context, struct cg_span record, int64_t time_s)
{
    (void)time_s;
    struct cg_json *json = NULL;
    assert_ok(cg_json_parse(record, 8192, &json));
    int64_t count = 1;
    (void)!cg_json_member_number(cg_json_root(json), "count", &count);
    *(int64_t *)context += count;
    (void)cg_json_free(json);
    return CG_OK;
}

static int64_t refusals_told(struct house *house)
{
    struct cg_store *audit = NULL;
    assert_ok(cg_store_open(test_span(house->uri), CG_STORE_AUDIT, CG_STORE_READ_ONLY, &audit));
    struct cg_audit_filter filter = {.until_s = INT64_MAX, .kind = CG_SPAN("token_refused")};
    int64_t sum = 0;
    assert_ok(cg_audit_list(audit, &filter, sum_counts, &sum));
    (void)cg_store_free(audit);
    return sum;
}

static void flood_of_refusals_becomes_a_summary_that_loses_none(void **state)
{
    struct house *house = *state;
    for (int i = 0; i < 100; i++) {
        (void)house_ask(house, "POST", TOKEN_PATH,
                        "grant_type=client_credentials&client_id=nobody&client_secret=x");
    }
    assert_int_equal(house_count_events(house, "token_refused"), CG_LIMIT_REFUSALS_PER_WINDOW);
    house->now_s += CG_LIMIT_REFUSAL_WINDOW_S + 1;
    assert_ok(cg_issuer_upkeep(house->slot, house->now_s));
    assert_int_equal(house_count_events(house, "token_refused"), CG_LIMIT_REFUSALS_PER_WINDOW + 1);
    assert_int_equal(refusals_told(house), 100);
}

static enum cg_status take_last_used(void *context, const void *row)
{
    *(int64_t *)context = ((const struct cg_credential *)row)->last_used_s;
    return CG_OK;
}

static int64_t last_used_s(struct house *house)
{
    int64_t used_s = -1;
    assert_ok(cg_secret_list(house->registry, test_span(HOUSE_REALM), test_span(house->client),
                             house->arena, take_last_used, &used_s));
    return used_s;
}

static void last_use_is_written_at_most_once_a_minute(void **state)
{
    struct house *house = *state;
    (void)house_ask_token(house, "");
    assert_ok(cg_issuer_upkeep(house->slot, house->now_s));
    assert_int_equal(last_used_s(house), HOUSE_NOW_S);
    house->now_s += 30;
    (void)house_ask_token(house, "");
    assert_ok(cg_issuer_upkeep(house->slot, house->now_s));
    assert_int_equal(last_used_s(house), HOUSE_NOW_S);
    house->now_s += 30;
    assert_ok(cg_issuer_upkeep(house->slot, house->now_s));
    assert_int_equal(last_used_s(house), HOUSE_NOW_S + 30);
}

/* All else goes on, and it says that all is well: tokens are issued. */
static void upkeep_leaves_the_registry_to_who_keeps_it(void **state)
{
    struct house *house = *state;
    (void)house_ask_token(house, "");
    assert_ok(cg_store_begin(house->registry));
    assert_ok(cg_issuer_upkeep(house->slot, house->now_s));
    cg_store_rollback(house->registry);
    assert_int_equal(last_used_s(house), 0);
    assert_ok(cg_issuer_upkeep(house->slot, house->now_s + 1));
    assert_int_equal(last_used_s(house), HOUSE_NOW_S);
}

static void last_use_does_not_change_the_registrys_version(void **state)
{
    struct house *house = *state;
    struct cg_registry_version before;
    struct cg_registry_version after;
    assert_ok(cg_registry_version_read(house->registry, &before));
    (void)house_ask_token(house, "");
    assert_ok(cg_issuer_upkeep(house->slot, house->now_s));
    assert_ok(cg_registry_version_read(house->registry, &after));
    assert_int_equal(after.registry, before.registry);
}

struct audit_key {
    struct cg_verifier *verifier;
    struct cg_span kid;
};

static enum cg_status find_audit_key(void *context, struct cg_span kid,
                                     struct cg_verifier **ret_verifier)
{
    const struct audit_key *key = context;
    if (!cg_span_equal(kid, key->kid)) {
        return CG_ERR_NOT_FOUND;
    }
    *ret_verifier = key->verifier;
    return CG_OK;
}

static void upkeep_signs_a_checkpoint_that_verifies(void **state)
{
    struct house *house = *state;
    (void)house_ask_token(house, "");
    assert_ok(cg_issuer_upkeep(house->slot, house->now_s));
    struct cg_signing_key stored;
    int64_t until_s = 0;
    assert_ok(cg_signing_key_current(house->registry, CG_SPAN_OF(CG_AUDIT_KEY_REALM), house->now_s,
                                     house->arena, &stored, &until_s));
    struct cg_key *key = NULL;
    assert_ok(cg_signing_key_unseal(&stored, house->master_key, &key));
    struct audit_key audit_key = {.kid = stored.kid};
    assert_ok(cg_verifier_new(key, &audit_key.verifier));
    struct cg_store *audit = NULL;
    assert_ok(cg_store_open(test_span(house->uri), CG_STORE_AUDIT, CG_STORE_READ_ONLY, &audit));
    struct cg_audit_verdict verdict;
    assert_ok(cg_audit_verify(audit, find_audit_key, &audit_key, &verdict));
    assert_int_equal(verdict.checkpoints, 1);
    (void)cg_store_free(audit);
    (void)cg_verifier_free(audit_key.verifier);
    (void)cg_key_free(key);
}

static void gate_refusals_are_recorded_with_their_count(void **state)
{
    struct house *house = *state;
    struct cg_refusal refusals[40];
    for (size_t i = 0; i < TEST_COUNT(refusals); i++) {
        refusals[i] = (struct cg_refusal){.time_s = house->now_s,
                                          .reason = CG_REASON_TOKEN_EXPIRED,
                                          .count = 1,
                                          .realm = CG_SPAN(HOUSE_REALM),
                                          .address = CG_SPAN("127.0.0.1")};
    }
    assert_ok(cg_issuer_report_refusals(house->slot, refusals, TEST_COUNT(refusals)));
    assert_int_equal(house_count_events(house, "access_refused"), TEST_COUNT(refusals));
}

static void start_of_a_process_is_recorded(void **state)
{
    struct house *house = *state;
    assert_ok(cg_issuer_report_start(house->slot, house->now_s));
    assert_int_equal(house_count_events(house, "process_started"), 1);
}

static void batch_is_answered_in_one_go(void **state)
{
    struct house *house = *state;
    struct cg_exchange *exchanges[CG_LIMIT_BATCH_EXCHANGES];
    char body[512];
    (void)snprintf(body, sizeof(body),
                   "grant_type=client_credentials&client_id=%s&client_secret=%s", house->client,
                   house->secret);
    for (size_t i = 0; i < TEST_COUNT(exchanges); i++) {
        assert_ok(cg_exchange_new(&exchanges[i]));
        exchanges[i]->request =
            (struct cg_request){.method = CG_SPAN("POST"),
                                .path = CG_SPAN(TOKEN_PATH),
                                .content_type = CG_SPAN("application/x-www-form-urlencoded"),
                                .body = test_span(body),
                                .address = CG_SPAN("127.0.0.1")};
    }
    cg_issuer_answer(house->slot, exchanges, TEST_COUNT(exchanges), house->now_s);
    cg_issuer_commit(house->slot, exchanges, TEST_COUNT(exchanges));
    for (size_t i = 0; i < TEST_COUNT(exchanges); i++) {
        assert_int_equal(exchanges[i]->response.http_status, 200);
        (void)cg_exchange_free(exchanges[i]);
    }
    assert_int_equal(house_count_events(house, "token_issued"), CG_LIMIT_BATCH_EXCHANGES);
}

static void wrong_master_key_gives_no_token_and_says_so(void **state)
{
    struct house *house = *state;
    static const uint8_t other[CG_MASTER_KEY_BYTES] = {1};
    struct cg_issuer_config config = {
        .store_uri = test_span(house->uri), .writer = CG_SPAN("test/worker1"), .master_key = other};
    house->slot = cg_issuer_slot_free(house->slot);
    assert_ok(cg_issuer_slot_new(&config, &house->slot));
    const struct cg_response *response = house_ask_token(house, "");
    assert_int_equal(response->http_status, 503);
    assert_int_equal(response->reason, CG_REASON_SIGNING_KEY_UNAVAILABLE);
}

static void configuration_without_a_key_or_writer_is_refused(void **state)
{
    struct house *house = *state;
    struct cg_issuer_slot *slot = NULL;
    struct cg_issuer_config config = {
        .store_uri = test_span(house->uri), .writer = CG_SPAN("w"), .master_key = NULL};
    assert_status(cg_issuer_slot_new(&config, &slot), CG_ERR_INPUT);
    config.master_key = house->master_key;
    config.writer = (struct cg_span){NULL, 0};
    assert_status(cg_issuer_slot_new(&config, &slot), CG_ERR_INPUT);
    assert_null(slot);
}

#define HOUSED(name) cmocka_unit_test_setup_teardown(name, house_build, house_pull_down)

static const struct CMUnitTest tests[] = {
    HOUSED(each_token_has_its_record_before_it_leaves),
    HOUSED(token_is_withheld_when_it_cannot_be_recorded),
    HOUSED(flood_of_refusals_becomes_a_summary_that_loses_none),
    HOUSED(last_use_is_written_at_most_once_a_minute),
    HOUSED(last_use_does_not_change_the_registrys_version),
    HOUSED(upkeep_leaves_the_registry_to_who_keeps_it),
    HOUSED(upkeep_signs_a_checkpoint_that_verifies),
    HOUSED(gate_refusals_are_recorded_with_their_count),
    HOUSED(start_of_a_process_is_recorded),
    HOUSED(batch_is_answered_in_one_go),
    HOUSED(wrong_master_key_gives_no_token_and_says_so),
    HOUSED(configuration_without_a_key_or_writer_is_refused),
};

TEST_MAIN(tests)
