/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include "base/span.h"
#include "codec/json.h"
#include "ledger.h"

/* The details of the records visited, one letter each. */
struct visited {
    char letters[64];
    size_t count;
    size_t stop_after; /* 0: never */
    int64_t last_s;
};

static enum cg_status visit(void *context, struct cg_span record, int64_t time_s)
{
    struct visited *visited = context;
    struct cg_json *json = NULL;
    struct cg_span detail = CG_SPAN("?");
    assert_ok(cg_json_parse(record, record.len, &json));
    assert_ok(cg_json_member_string(cg_json_root(json), "detail", &detail));
    visited->letters[visited->count] = (char)detail.data[0];
    visited->count++;
    assert_true(time_s >= visited->last_s);
    visited->last_s = time_s;
    (void)cg_json_free(json);
    return visited->count == visited->stop_after ? CG_ERR_LIMIT : CG_OK;
}

static void add(struct cg_journal *journal, int64_t time_s, enum cg_audit_kind kind,
                struct cg_span client_id, const char *detail)
{
    struct cg_audit_event event = {
        .kind = kind, .time_s = time_s, .client_id = client_id, .detail = test_span(detail)};
    const struct cg_audit_event *events[] = {&event};
    assert_ok(cg_journal_append(journal, events, 1));
}

static void fill(struct ledger *ledger)
{
    static const struct cg_span ward = CG_SPAN("ward-system");
    static const struct cg_span lab = CG_SPAN("lab");
    struct cg_journal *other = ledger_open(ledger, "node1/worker1");
    add(ledger->journal, 100, CG_AUDIT_TOKEN_ISSUED, ward, "a");
    add(other, 150, CG_AUDIT_TOKEN_REFUSED, lab, "c");
    add(ledger->journal, 125, CG_AUDIT_TOKEN_ISSUED, lab, "b");
    add(other, 200, CG_AUDIT_TOKEN_ISSUED, ward, "e");
    add(ledger->journal, 200, CG_AUDIT_TOKEN_REFUSED, ward, "d");
    add(other, 200, CG_AUDIT_TOKEN_ISSUED, lab, "f");
    add(ledger->journal, 300, CG_AUDIT_CLIENT_ADDED,
        CG_SPAN_OF("\",\"client_id\":\"lab\",\"kind\":\"token_issued"), "g");
    (void)cg_journal_free(other);
}

static const struct {
    const char *label;
    struct cg_audit_filter filter;
    const char *letters;
} rows[] = {
    {"all, by time, writer and number", {.until_s = INT64_MAX}, "abcdefg"},
    {"since is inclusive", {.since_s = 150, .until_s = INT64_MAX}, "cdefg"},
    {"until is exclusive", {.until_s = 200}, "abc"},
    {"empty interval", {.since_s = 200, .until_s = 200}, ""},
    {"one client", {.until_s = INT64_MAX, .client_id = CG_SPAN("lab")}, "bcf"},
    {"no client of that name", {.until_s = INT64_MAX, .client_id = CG_SPAN("la")}, ""},
    {"one kind", {.until_s = INT64_MAX, .kind = CG_SPAN("token_issued")}, "abef"},
    {"client and kind",
     {.until_s = INT64_MAX, .client_id = CG_SPAN("lab"), .kind = CG_SPAN("token_issued")},
     "bf"},
    {"newest one", {.until_s = INT64_MAX, .newest = 1}, "g"},
    {"newest, from the midst of one second", {.until_s = INT64_MAX, .newest = 3}, "efg"},
    {"newest before an end", {.until_s = 200, .newest = 2}, "bc"},
    {"newest of one client",
     {.until_s = INT64_MAX, .newest = 2, .client_id = CG_SPAN("ward-system")},
     "de"},
    {"more than there are", {.until_s = INT64_MAX, .newest = 99}, "abcdefg"},
    {"newest of nothing", {.until_s = 0, .newest = 5}, ""},
};

static void list_visits_what_the_filter_wants_oldest_first(void **state)
{
    struct ledger *ledger = *state;
    fill(ledger);
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        struct visited visited = {0};
        assert_status_row(
            rows[i].label,
            cg_audit_list(cg_journal_store(ledger->journal), &rows[i].filter, visit, &visited),
            CG_OK);
        assert_span_text_row(rows[i].label, test_span(visited.letters), rows[i].letters);
    }
}

static void list_stops_when_the_visitor_says_so(void **state)
{
    struct ledger *ledger = *state;
    struct visited visited = {.stop_after = 2};
    struct cg_audit_filter filter = {.until_s = INT64_MAX};
    fill(ledger);
    assert_status(cg_audit_list(cg_journal_store(ledger->journal), &filter, visit, &visited),
                  CG_ERR_LIMIT);
    assert_string_equal(visited.letters, "ab");
    ledger_append(ledger->journal, 1); /* no transaction was left open */
}

static void list_refuses_a_client_id_past_all_limits(void **state)
{
    struct ledger *ledger = *state;
    static uint8_t name[1000];
    memset(name, 'x', sizeof(name));
    struct visited visited = {0};
    struct cg_audit_filter filter = {.until_s = INT64_MAX,
                                     .client_id = cg_span_of_bytes(name, sizeof(name))};
    assert_status(cg_audit_list(cg_journal_store(ledger->journal), &filter, visit, &visited),
                  CG_ERR_LIMIT);
}

static void list_refuses_a_writer_that_is_too_long(void **state)
{
    struct ledger *ledger = *state;
    struct visited visited = {0};
    struct cg_audit_filter filter = {.until_s = INT64_MAX, .newest = 1};
    ledger_tamper(ledger, "insert into audit_record values (hex(zeroblob(40)), 1, 1, '{}', x'00')");
    assert_status(cg_audit_list(cg_journal_store(ledger->journal), &filter, visit, &visited),
                  CG_ERR_STORE);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(list_visits_what_the_filter_wants_oldest_first, ledger_set_up,
                                    ledger_tear_down),
    cmocka_unit_test_setup_teardown(list_stops_when_the_visitor_says_so, ledger_set_up,
                                    ledger_tear_down),
    cmocka_unit_test_setup_teardown(list_refuses_a_client_id_past_all_limits, ledger_set_up,
                                    ledger_tear_down),
    cmocka_unit_test_setup_teardown(list_refuses_a_writer_that_is_too_long, ledger_set_up,
                                    ledger_tear_down),
};
TEST_MAIN(tests)
