/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/client_record.h"

#include "base/span.h"
#include "crypto/digest.h"
#include "desk.h"
#include "folder.h"
#include "registry/api.h"

#include <sqlite3.h>
#include <stdio.h>

/*
 * Every statement that the registry runs is counted: the linker puts this in front of the store's
 * own function. The counter is this program's, as a test's state must outlive the call.
 */
static size_t statements_started;

enum cg_status __real_cg_store_start(struct cg_store *store, enum cg_sql sql,
                                     struct cg_statement **ret_statement);
enum cg_status __wrap_cg_store_start(struct cg_store *store, enum cg_sql sql,
                                     struct cg_statement **ret_statement);
enum cg_status __wrap_cg_store_start(struct cg_store *store, enum cg_sql sql,
                                     struct cg_statement **ret_statement)
{
    statements_started++;
    return __real_cg_store_start(store, sql, ret_statement);
}

struct finding {
    struct cg_client_cache *cache;
    int64_t version;
    int64_t now_s;
    size_t statements; /* that the last find ran */
};

static enum cg_status find_in(struct desk *desk, struct finding *finding, struct cg_span realm,
                              struct cg_span id, const struct cg_client_record **ret_record)
{
    struct cg_client_query query = {
        .version = finding->version, .realm = realm, .id = id, .now_s = finding->now_s};
    statements_started = 0;
    enum cg_status status = cg_client_cache_find(finding->cache, desk->store, &query, ret_record);
    finding->statements = statements_started;
    return status;
}

static const struct cg_client_record *find(struct desk *desk, struct finding *finding,
                                           struct cg_span id)
{
    const struct cg_client_record *record = NULL;
    assert_ok(find_in(desk, finding, desk->realm, id, &record));
    return record;
}

static struct finding begin(size_t places)
{
    struct finding finding = {.version = 1, .now_s = DESK_NOW_S};
    assert_ok(cg_client_cache_new(places, &finding.cache));
    return finding;
}

static void record_tells_all_that_issuing_needs(void **state)
{
    struct desk *desk = *state;
    struct cg_span secret = desk_add_secret(desk, DESK_NOW_S, DESK_NOW_S + 100);
    struct cg_span agreement = desk_agree(desk, "documents", "documents.write documents.read");
    struct finding finding = begin(4);
    const struct cg_client_record *record = find(desk, &finding, desk->client);
    assert_span_equal(record->client.id, desk->client);
    assert_span_equal(record->client.realm, desk->realm);
    assert_span_text(record->client.organisation, "RYG");
    assert_span_text(record->client.name, "Ward system");
    assert_span_text(record->client.grants, "client_credentials");
    assert_int_equal(record->client.state, CG_CLIENT_ACTIVE);
    assert_int_equal(record->secret_count, 1);
    assert_span_equal(record->secrets[0].id, secret);
    assert_int_equal(record->secrets[0].expires_s, DESK_NOW_S + 100);
    assert_int_equal(record->agreement_count, 1);
    assert_span_equal(record->agreements[0].id, agreement);
    assert_span_text(record->agreements[0].api, "documents");
    assert_span_text(record->agreements[0].audience, "https://api.example/documents");
    assert_span_text(record->agreements[0].scope, "documents.write documents.read");
    assert_int_equal(record->agreements[0].document_types.len, 0);
    assert_int_equal(record->agreements[0].organisations.len, 0);
    assert_false(record->is_narrowed);
    assert_int_equal(record->agreements[0].from_s, DESK_NOW_S);
    assert_int_equal(record->agreements[0].until_s, 0);
    assert_int_equal(record->agreements[0].api_token_life_s, 0);
    (void)cg_client_cache_free(finding.cache);
}

static void record_tells_what_an_agreement_narrows(void **state)
{
    struct desk *desk = *state;
    (void)desk_agree(desk, "documents", "documents.write");
    (void)desk_agree_narrowed(desk, "documents", "documents.read", "736253002", "RX809 Y51");
    struct finding finding = begin(4);
    for (int round = 0; round < 2; round++) {
        const struct cg_client_record *record = find(desk, &finding, desk->client);
        assert_true(record->is_narrowed);
        assert_int_equal(record->agreement_count, 2);
        size_t narrowed = record->agreements[0].document_types.len > 0 ? 0 : 1;
        assert_span_text(record->agreements[narrowed].document_types, "736253002");
        assert_span_text(record->agreements[narrowed].organisations, "RX809 Y51");
        assert_int_equal(record->agreements[1 - narrowed].organisations.len, 0);
    }
    (void)cg_client_cache_free(finding.cache);
}

static void record_has_the_digest_of_the_whole_secret(void **state)
{
    struct desk *desk = *state;
    struct cg_secret_order order = {
        .realm = desk->realm, .client = desk->client, .now_s = DESK_NOW_S, .random = &desk->random};
    struct cg_secret secret;
    struct cg_span id;
    assert_ok(cg_secret_issue(desk->store, &order, desk->arena, NULL, &secret, &id));
    uint8_t digest[CG_SHA256_BYTES];
    assert_ok(cg_sha256(cg_secret_span(&secret), digest));
    struct finding finding = begin(4);
    const struct cg_client_record *record = find(desk, &finding, desk->client);
    assert_memory_equal(record->secrets[0].digest, digest, sizeof(digest));
    cg_secret_release(&secret);
    (void)cg_client_cache_free(finding.cache);
}

static void record_leaves_out_secrets_that_are_not_valid(void **state)
{
    struct desk *desk = *state;
    struct cg_span kept = desk_add_secret(desk, DESK_NOW_S, 0);
    (void)desk_add_secret(desk, DESK_NOW_S, DESK_NOW_S + 10);
    struct cg_secret_revocation revocation = {.realm = desk->realm,
                                              .id = desk_add_secret(desk, DESK_NOW_S, 0),
                                              .now_s = DESK_NOW_S,
                                              .force = true};
    struct cg_credential credential;
    assert_ok(cg_secret_revoke(desk->store, &revocation, desk->arena, NULL, &credential));
    struct finding finding = begin(4);
    finding.now_s = DESK_NOW_S + 10;
    const struct cg_client_record *record = find(desk, &finding, desk->client);
    assert_int_equal(record->secret_count, 1);
    assert_span_equal(record->secrets[0].id, kept);
    (void)cg_client_cache_free(finding.cache);
}

enum fate { STANDS, REQUESTED, REFUSED, WITHDRAWN, OVER, NOT_YET, API_RETIRED };

static void meet_fate(struct desk *desk, enum fate fate)
{
    struct cg_agreement agreement = {.realm = desk->realm,
                                     .client = desk->client,
                                     .api = CG_SPAN("documents"),
                                     .scope = CG_SPAN("documents.read"),
                                     .purpose = CG_SPAN("direct_care"),
                                     .from_s = fate == NOT_YET ? DESK_NOW_S + 50 : 0,
                                     .until_s = fate == OVER ? DESK_NOW_S + 5 : 0,
                                     .requested_s = DESK_NOW_S};
    struct cg_decision decision = {.who = CG_SPAN("Ada"), .at_s = DESK_NOW_S};
    enum cg_agreement_state reached;
    struct cg_span id;
    assert_ok(cg_agreement_request(desk->store, &agreement, &desk->random, desk->arena, NULL, &id));
    if (fate == REFUSED) {
        assert_ok(cg_agreement_refuse(desk->store, desk->realm, id, &decision, NULL));
    } else if (fate != REQUESTED) {
        assert_ok(cg_agreement_approve(desk->store, desk->realm, id, &decision, NULL, &reached));
    }
    if (fate == WITHDRAWN) {
        assert_ok(cg_agreement_withdraw(desk->store, desk->realm, id, &decision, NULL));
    }
    if (fate == API_RETIRED) {
        assert_ok(cg_api_retire(desk->store, desk->realm, agreement.api, DESK_NOW_S, NULL));
    }
}

static void record_holds_agreements_that_stand_now_or_later(void **state)
{
    static const struct {
        const char *label;
        enum fate fate;
        size_t count;
    } rows[] = {
        {"requested", REQUESTED, 0},     {"refused", REFUSED, 0},
        {"withdrawn", WITHDRAWN, 0},     {"over", OVER, 0},
        {"not yet", NOT_YET, 1},         {"stands", STANDS, 1},
        {"API retired", API_RETIRED, 0},
    };
    struct desk *desk = *state;
    struct finding finding = begin(16);
    finding.now_s = DESK_NOW_S + 5;
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        desk->client = desk_add_client(desk, rows[i].label);
        meet_fate(desk, rows[i].fate);
        const struct cg_client_record *record = find(desk, &finding, desk->client);
        if (record->agreement_count != rows[i].count) {
            fail_msg("%s", rows[i].label);
        }
    }
    (void)cg_client_cache_free(finding.cache);
}

static void record_keeps_scopes_in_the_order_agreed(void **state)
{
    struct desk *desk = *state;
    (void)desk_agree(desk, "documents", "documents.delete documents.write documents.read");
    (void)desk_agree(desk, "medicines", "medicines.read");
    struct finding finding = begin(4);
    const struct cg_client_record *record = find(desk, &finding, desk->client);
    assert_int_equal(record->agreement_count, 2);
    for (size_t i = 0; i < record->agreement_count; i++) {
        bool documents = cg_span_equal_string(record->agreements[i].api, "documents");
        assert_span_text(record->agreements[i].scope,
                         documents ? "documents.delete documents.write documents.read"
                                   : "medicines.read");
    }
    (void)cg_client_cache_free(finding.cache);
}

static void run_by_hand(struct desk *desk, const char *sql)
{
    sqlite3 *database = NULL;
    struct cg_span path = cg_store_path(desk->store);
    char name[160];
    (void)snprintf(name, sizeof(name), "%.*s", CG_SPAN_ARGS(path));
    assert_ok(cg_store_commit(desk->store));
    assert_int_equal(sqlite3_open(name, &database), SQLITE_OK);
    assert_int_equal(sqlite3_exec(database, sql, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(database), SQLITE_OK);
    assert_ok(cg_store_begin(desk->store));
}

/* No command takes a scope from an API; where a hand does, old agreements must not give it on. */
TEST(record_gives_only_scopes_that_the_api_declares)
{
    struct folder folder;
    folder_make(&folder);
    struct desk *desk = desk_new(folder.uri);
    desk_furnish(desk);
    (void)desk_agree(desk, "documents", "documents.delete documents.write documents.read");
    (void)desk_agree(desk, "medicines", "medicines.read");
    run_by_hand(desk, "delete from api_scope where scope in ('documents.write', 'medicines.read')");
    struct finding finding = begin(4);
    const struct cg_client_record *record = find(desk, &finding, desk->client);
    assert_int_equal(record->agreement_count, 2);
    for (size_t i = 0; i < record->agreement_count; i++) {
        bool documents = cg_span_equal_string(record->agreements[i].api, "documents");
        assert_span_text(record->agreements[i].scope,
                         documents ? "documents.delete documents.read" : "");
    }
    (void)cg_client_cache_free(finding.cache);
    desk_free(desk);
    folder_remove(&folder);
}

TEST(record_gives_of_smart_scopes_what_those_of_the_api_open)
{
    struct folder folder;
    folder_make(&folder);
    struct desk *desk = desk_new(folder.uri);
    desk_furnish(desk);
    desk_add_api(desk, "fhir", "system/*.cruds", 1);
    (void)desk_agree(desk, "fhir", "system/Patient.cruds system/Task.c system/*.read");
    run_by_hand(desk, "update api_scope set scope = 'system/*.rus' where scope = 'system/*.cruds'");
    struct finding finding = begin(4);
    const struct cg_client_record *record = find(desk, &finding, desk->client);
    assert_int_equal(record->agreement_count, 1);
    assert_span_text(record->agreements[0].scope, "system/*.read system/Patient.rus");
    (void)cg_client_cache_free(finding.cache);
    desk_free(desk);
    folder_remove(&folder);
}

/* A digest of another length could never be matched, and must not be read past its end. */
TEST(damaged_digest_is_a_fault_of_the_store)
{
    struct folder folder;
    folder_make(&folder);
    struct desk *desk = desk_new(folder.uri);
    desk_furnish(desk);
    (void)desk_add_secret(desk, DESK_NOW_S, 0);
    run_by_hand(desk, "update credential set digest = x'00'");
    struct finding finding = begin(4);
    const struct cg_client_record *record = NULL;
    assert_status(find_in(desk, &finding, desk->realm, desk->client, &record), CG_ERR_STORE);
    (void)cg_client_cache_free(finding.cache);
    desk_free(desk);
    folder_remove(&folder);
}

static void remembered_record_costs_no_statement(void **state)
{
    struct desk *desk = *state;
    struct finding finding = begin(4);
    (void)find(desk, &finding, desk->client);
    assert_false(cg_client_cache_was_remembered(finding.cache));
    assert_true(finding.statements > 0);
    (void)find(desk, &finding, desk->client);
    assert_true(cg_client_cache_was_remembered(finding.cache));
    assert_int_equal(finding.statements, 0);
    (void)cg_client_cache_free(finding.cache);
}

static void forgotten_record_is_read_again(void **state)
{
    struct desk *desk = *state;
    struct finding finding = begin(4);
    (void)find(desk, &finding, desk->client);
    cg_client_cache_forget(finding.cache);
    (void)find(desk, &finding, desk->client);
    assert_false(cg_client_cache_was_remembered(finding.cache));
    (void)cg_client_cache_free(finding.cache);
}

/* What an attacker could otherwise tell by time. */
static void unknown_client_costs_the_statements_of_a_known_one(void **state)
{
    static const char *const unknown[] = {"nobody-7f3k9q2x", "-",     "",
                                          "No Such Form",    "a\xff", "ward-system"};
    struct desk *desk = *state;
    (void)desk_add_secret(desk, DESK_NOW_S, 0);
    (void)desk_agree(desk, "documents", "documents.read");
    struct finding finding = begin(4);
    (void)find(desk, &finding, desk->client);
    size_t known = finding.statements;
    for (size_t i = 0; i < TEST_COUNT(unknown); i++) {
        for (int time = 0; time < 2; time++) {
            const struct cg_client_record *record = NULL;
            assert_status_row(unknown[i],
                              find_in(desk, &finding, desk->realm, test_span(unknown[i]), &record),
                              CG_ERR_NOT_FOUND);
            assert_null(record);
            assert_int_equal(finding.statements, known);
            assert_false(cg_client_cache_was_remembered(finding.cache));
        }
    }
    (void)cg_client_cache_free(finding.cache);
}

static void guessing_does_not_push_out_real_clients(void **state)
{
    struct desk *desk = *state;
    struct finding finding = begin(2);
    (void)find(desk, &finding, desk->client);
    const char *const guesses[] = {"nobody", "no-one", "none"};
    for (size_t i = 0; i < TEST_COUNT(guesses); i++) {
        const struct cg_client_record *record = NULL;
        assert_status(find_in(desk, &finding, desk->realm, test_span(guesses[i]), &record),
                      CG_ERR_NOT_FOUND);
    }
    (void)find(desk, &finding, desk->client);
    assert_int_equal(finding.statements, 0);
    (void)cg_client_cache_free(finding.cache);
}

static void record_outlives_the_next_find(void **state)
{
    struct desk *desk = *state;
    struct finding finding = begin(2);
    (void)find(desk, &finding, desk_add_client(desk, "First"));
    const struct cg_client_record *record = find(desk, &finding, desk->client);
    (void)find(desk, &finding, desk_add_client(desk, "Second"));
    assert_true(cg_span_equal(record->client.id, desk->client));
    assert_ptr_equal(find(desk, &finding, desk->client), record);
    (void)cg_client_cache_free(finding.cache);
}

static void change_of_version_forgets_all(void **state)
{
    struct desk *desk = *state;
    struct finding finding = begin(4);
    assert_int_equal(find(desk, &finding, desk->client)->client.state, CG_CLIENT_ACTIVE);
    assert_ok(cg_client_suspend(desk->store, desk->realm, desk->client, DESK_NOW_S, NULL));
    assert_int_equal(find(desk, &finding, desk->client)->client.state, CG_CLIENT_ACTIVE);
    finding.version++;
    const struct cg_client_record *record = find(desk, &finding, desk->client);
    assert_int_equal(record->client.state, CG_CLIENT_SUSPENDED);
    assert_int_equal(record->client.epoch, 1);
    assert_true(finding.statements > 0);
    (void)cg_client_cache_free(finding.cache);
}

static void client_of_another_realm_is_not_mistaken(void **state)
{
    struct desk *desk = *state;
    struct finding finding = begin(4);
    (void)find(desk, &finding, desk->client);
    const struct cg_client_record *record = NULL;
    assert_status(find_in(desk, &finding, CG_SPAN_OF("/vtest/hpca"), desk->client, &record),
                  CG_ERR_NOT_FOUND);
    (void)cg_client_cache_free(finding.cache);
}

static bool is_remembered(struct desk *desk, struct finding *finding, struct cg_span id)
{
    (void)find(desk, finding, id);
    return finding->statements == 0;
}

static void least_recently_used_record_goes_first(void **state)
{
    struct desk *desk = *state;
    struct cg_span ids[4];
    struct finding finding = begin(3);
    for (size_t i = 0; i < 3; i++) {
        ids[i] = desk_add_client(desk, "Client");
        (void)find(desk, &finding, ids[i]);
    }
    ids[3] = desk_add_client(desk, "Client");
    assert_true(is_remembered(desk, &finding, ids[0]));
    assert_true(is_remembered(desk, &finding, ids[0]));
    assert_false(is_remembered(desk, &finding, ids[3]));
    assert_true(is_remembered(desk, &finding, ids[2]));
    assert_true(is_remembered(desk, &finding, ids[0]));
    assert_false(is_remembered(desk, &finding, ids[1]));
    assert_false(is_remembered(desk, &finding, ids[3]));
    (void)cg_client_cache_free(finding.cache);
}

/* An API whose 32 scopes have 120 characters each. */
static struct cg_span add_wordy_api(struct desk *desk)
{
    struct cg_buf buf;
    cg_buf_init_arena(&buf, desk->arena, 4096);
    for (int i = 0; i < 32; i++) {
        cg_buf_put_string(&buf, i == 0 ? "" : " ");
        for (int at = 0; at < 118; at++) {
            cg_buf_put_byte(&buf, 's');
        }
        cg_buf_put_number(&buf, 10 + i);
    }
    cg_buf_put_byte(&buf, 0);
    desk_add_api(desk, "wordy", (const char *)buf.data, 1);
    return (struct cg_span){buf.data, buf.len - 1};
}

/* A record of twelve such agreements weighs some 50 kB: 340 of them more than the cache may hold.
 */
static void cache_holds_to_its_weight(void **state)
{
    struct desk *desk = *state;
    struct cg_span scope = add_wordy_api(desk);
    struct finding finding = begin(CG_LIMIT_CLIENT_CACHE);
    struct cg_span first = {NULL, 0};
    for (int i = 0; i < 360; i++) {
        desk->client = desk_add_client(desk, "Wordy");
        first = i == 0 ? desk->client : first;
        for (int agreement = 0; agreement < 12; agreement++) {
            (void)desk_agree(desk, "wordy", (const char *)scope.data);
        }
        assert_int_equal(find(desk, &finding, desk->client)->agreement_count, 12);
    }
    assert_true(is_remembered(desk, &finding, desk->client));
    assert_false(is_remembered(desk, &finding, first));
    (void)cg_client_cache_free(finding.cache);
}

static void client_past_the_limits_is_told_from_an_unknown_one(void **state)
{
    struct desk *desk = *state;
    struct cg_span scope = add_wordy_api(desk);
    for (int agreement = 0; agreement < CG_LIMIT_CLIENT_AGREEMENTS; agreement++) {
        (void)desk_agree(desk, "wordy", (const char *)scope.data);
    }
    struct finding finding = begin(4);
    const struct cg_client_record *record = NULL;
    assert_status(find_in(desk, &finding, desk->realm, desk->client, &record), CG_ERR_LIMIT);
    (void)cg_client_cache_free(finding.cache);
}

TEST(cache_has_a_sensible_number_of_places)
{
    struct cg_client_cache *cache = NULL;
    assert_status(cg_client_cache_new(1, &cache), CG_ERR_INPUT);
    assert_status(cg_client_cache_new(CG_LIMIT_CLIENT_CACHE + 1, &cache), CG_ERR_INPUT);
    assert_null(cg_client_cache_free(NULL));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(record_tells_all_that_issuing_needs, desk_open, desk_close),
    cmocka_unit_test_setup_teardown(record_tells_what_an_agreement_narrows, desk_open, desk_close),
    cmocka_unit_test_setup_teardown(record_has_the_digest_of_the_whole_secret, desk_open,
                                    desk_close),
    cmocka_unit_test_setup_teardown(record_leaves_out_secrets_that_are_not_valid, desk_open,
                                    desk_close),
    cmocka_unit_test_setup_teardown(record_holds_agreements_that_stand_now_or_later, desk_open,
                                    desk_close),
    cmocka_unit_test_setup_teardown(record_keeps_scopes_in_the_order_agreed, desk_open, desk_close),
    cmocka_unit_test(record_gives_only_scopes_that_the_api_declares),
    cmocka_unit_test(record_gives_of_smart_scopes_what_those_of_the_api_open),
    cmocka_unit_test(damaged_digest_is_a_fault_of_the_store),
    cmocka_unit_test_setup_teardown(remembered_record_costs_no_statement, desk_open, desk_close),
    cmocka_unit_test_setup_teardown(forgotten_record_is_read_again, desk_open, desk_close),
    cmocka_unit_test_setup_teardown(unknown_client_costs_the_statements_of_a_known_one, desk_open,
                                    desk_close),
    cmocka_unit_test_setup_teardown(guessing_does_not_push_out_real_clients, desk_open, desk_close),
    cmocka_unit_test_setup_teardown(record_outlives_the_next_find, desk_open, desk_close),
    cmocka_unit_test_setup_teardown(change_of_version_forgets_all, desk_open, desk_close),
    cmocka_unit_test_setup_teardown(client_of_another_realm_is_not_mistaken, desk_open, desk_close),
    cmocka_unit_test_setup_teardown(least_recently_used_record_goes_first, desk_open, desk_close),
    cmocka_unit_test_setup_teardown(cache_holds_to_its_weight, desk_open, desk_close),
    cmocka_unit_test_setup_teardown(client_past_the_limits_is_told_from_an_unknown_one, desk_open,
                                    desk_close),
    cmocka_unit_test(cache_has_a_sensible_number_of_places),
};
TEST_MAIN(tests)
