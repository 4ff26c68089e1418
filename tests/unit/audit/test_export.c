/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/export.h"

#include "test.h"

#include "base/span.h"
#include "codec/json.h"
#include "ledger.h"

#define LINES_MAX 64
#define LINE_BYTES 4096

/* An export, kept line by line; given again from `next`. */
struct lines {
    char text[LINES_MAX][LINE_BYTES];
    size_t count;
    size_t next;
    size_t stop_at; /* the line that is not taken; 0: none */
};

static enum cg_status take(void *context, struct cg_span line)
{
    struct lines *lines = context;
    if (lines->stop_at == lines->count + 1) {
        return CG_ERR_LIMIT;
    }
    assert_true(lines->count < LINES_MAX && line.len < LINE_BYTES);
    memcpy(lines->text[lines->count], line.data, line.len);
    lines->text[lines->count][line.len] = '\0';
    lines->count++;
    return CG_OK;
}

static enum cg_status give(void *context, struct cg_span *ret_line)
{
    struct lines *lines = context;
    bool more = lines->next < lines->count;
    *ret_line = more ? test_span(lines->text[lines->next]) : (struct cg_span){0};
    lines->next++;
    return CG_OK;
}

/* node1/worker0 has records 1..6, the 4th and the 6th announce checkpoints; node1/worker1 has 2. */
static void fill(struct ledger *ledger)
{
    struct cg_journal *other = ledger_open(ledger, "node1/worker1");
    ledger_append(ledger->journal, 3);
    assert_true(ledger_checkpoint(ledger, LEDGER_NOW_S + 100));
    ledger_append(ledger->journal, 1);
    ledger_append(other, 2);
    assert_true(ledger_checkpoint(ledger, LEDGER_NOW_S + 200));
    (void)cg_journal_free(other);
}

static struct lines *export(struct ledger *ledger)
{
    struct lines *lines = test_calloc(1, sizeof(*lines));
    struct cg_audit_export_count count;
    assert_ok(cg_audit_export(cg_journal_store(ledger->journal), take, lines, &count));
    assert_int_equal(lines->count, count.records + count.checkpoints +
                                       ledger_number(ledger, "select count(*) from audit_writer"));
    return lines;
}

static bool starts(const char *line, const char *start)
{
    return cg_span_starts_with(test_span(line), test_span(start));
}

static void export_holds_chains_records_and_checkpoints(void **state)
{
    static const char *const starts_of[] = {
        /* SHA-256 of the writer's name, by Python's hashlib */
        ("{\"chain\":{\"writer\":\"node1/worker0\",\"number\":0,"
         "\"hash\":\"MyOOG5dI3d8oEyn5AleriVcF2d-OISaiZo7TlkYiYng\"}}"),
        "{\"writer\":\"node1/worker0\",\"number\":1,",
        "{\"writer\":\"node1/worker0\",\"number\":2,",
        "{\"writer\":\"node1/worker0\",\"number\":3,",
        "{\"writer\":\"node1/worker0\",\"number\":4,",
        "{\"writer\":\"node1/worker0\",\"number\":5,",
        "{\"writer\":\"node1/worker0\",\"number\":6,",
        "{\"chain\":{\"writer\":\"node1/worker1\",\"number\":0,",
        "{\"writer\":\"node1/worker1\",\"number\":1,",
        "{\"writer\":\"node1/worker1\",\"number\":2,",
        "{\"checkpoint\":{\"number\":1,\"time\":1800000100,\"payload\":\"{\\\"number\\\":1,",
        "{\"checkpoint\":{\"number\":2,\"time\":1800000200,\"payload\":\"{\\\"number\\\":2,",
    };
    struct ledger *ledger = *state;
    fill(ledger);
    struct lines *lines = export(ledger);
    assert_int_equal(lines->count, TEST_COUNT(starts_of));
    for (size_t i = 0; i < lines->count; i++) {
        struct cg_json *json = NULL;
        assert_status_row(lines->text[i],
                          cg_json_parse(test_span(lines->text[i]), LINE_BYTES, &json), CG_OK);
        (void)cg_json_free(json);
        if (!starts(lines->text[i], starts_of[i])) {
            fail_msg("line %zu is %s", i, lines->text[i]);
        }
    }
    test_free(lines);
}

static void export_stops_when_a_line_is_not_taken(void **state)
{
    struct ledger *ledger = *state;
    struct cg_audit_export_count count = {.records = -1};
    fill(ledger);
    for (size_t stop_at = 1; stop_at <= 12; stop_at++) {
        struct lines *lines = test_calloc(1, sizeof(*lines));
        lines->stop_at = stop_at;
        assert_status(cg_audit_export(cg_journal_store(ledger->journal), take, lines, &count),
                      CG_ERR_LIMIT);
        assert_int_equal(lines->count, stop_at - 1);
        assert_int_equal(count.records, -1);
        test_free(lines);
    }
    ledger_append(ledger->journal, 1); /* no transaction was left open */
}

static enum cg_status covers(struct ledger *ledger, struct lines *lines, int64_t before_s,
                             char missing[static 256])
{
    lines->next = 0;
    missing[0] = '\0';
    return cg_audit_export_covers(cg_journal_store(ledger->journal), before_s, give, lines,
                                  missing);
}

static void prune(struct ledger *ledger, int64_t before_s)
{
    struct cg_audit_event event = {.kind = CG_AUDIT_PRUNED, .time_s = LEDGER_NOW_S + 1000};
    int64_t removed = 0;
    assert_ok(cg_audit_prune(ledger->journal, ledger->signer, CG_SPAN_OF(LEDGER_KID), &event,
                             before_s, &removed));
}

static void export_covers_what_a_prune_would_remove(void **state)
{
    struct ledger *ledger = *state;
    char missing[256];
    fill(ledger);
    struct lines *lines = export(ledger);
    assert_ok(covers(ledger, lines, INT64_MAX, missing));
    assert_status(covers(ledger, lines, LEDGER_NOW_S, missing), CG_ERR_NOT_FOUND);
    ledger_append(ledger->journal, 2);
    assert_ok(covers(ledger, lines, INT64_MAX, missing)); /* not covered by a checkpoint yet */
    assert_true(ledger_checkpoint(ledger, LEDGER_NOW_S + 300));
    assert_status(covers(ledger, lines, INT64_MAX, missing), CG_ERR_CONFLICT);
    assert_string_equal(missing,
                        "the records of node1/worker0 from number 1 to 9 are not all in it "
                        "as they are in the audit");
    assert_ok(covers(ledger, lines, LEDGER_NOW_S + 299, missing));
    test_free(lines);
}

static void export_made_after_a_prune_covers_the_next_one(void **state)
{
    struct ledger *ledger = *state;
    char missing[256];
    fill(ledger);
    struct lines *before = export(ledger);
    prune(ledger, LEDGER_NOW_S + 100);
    struct lines *after = export(ledger);
    assert_true(starts(after->text[0], "{\"chain\":{\"writer\":\"node1/worker0\",\"number\":4,"));
    assert_ok(covers(ledger, after, LEDGER_NOW_S + 200, missing));
    assert_ok(covers(ledger, before, LEDGER_NOW_S + 200, missing)); /* it holds more */
    prune(ledger, LEDGER_NOW_S + 200);
    assert_ok(covers(ledger, after, LEDGER_NOW_S + 200, missing)); /* nothing is left to remove */
    test_free(before);
    test_free(after);
}

static const struct {
    const char *label;
    size_t line;      /* that is replaced */
    const char *text; /* NULL: the line is left out */
    enum cg_status status;
} changes[] = {
    {"a line of another kind", 10, "{\"something\":\"else\"}", CG_OK},
    {"a checkpoint left out", 11, NULL, CG_OK},
    {"a record left out", 2, NULL, CG_ERR_INPUT},
    {"the last record left out", 9, NULL, CG_ERR_CONFLICT},
    {"a record changed", 2, "{\"writer\":\"node1/worker0\",\"number\":2}", CG_ERR_CONFLICT},
    {"a record of another writer", 2, "{\"writer\":\"node1/worker1\",\"number\":2}", CG_ERR_INPUT},
    {"a record without a number", 2, "{\"writer\":\"node1/worker0\"}", CG_ERR_INPUT},
    {"a chain that starts later", 0,
     "{\"chain\":{\"writer\":\"node1/worker0\",\"number\":1,"
     "\"hash\":\"MyOOG5dI3d8oEyn5AleriVcF2d-OISaiZo7TlkYiYng\"}}",
     CG_ERR_INPUT},
    {"a chain from another hash", 0,
     "{\"chain\":{\"writer\":\"node1/worker0\",\"number\":0,"
     "\"hash\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}}",
     CG_ERR_CONFLICT},
    {"a hash that is too short", 0,
     "{\"chain\":{\"writer\":\"node1/worker0\",\"number\":0,\"hash\":\"AAAA\"}}", CG_ERR_INPUT},
    {"a chain without a writer", 0, "{\"chain\":{}}", CG_ERR_INPUT},
    {"a chain left out", 0, NULL, CG_ERR_INPUT},
    {"no JSON", 5, "{", CG_ERR_INPUT},
};

static void export_that_was_changed_does_not_cover(void **state)
{
    struct ledger *ledger = *state;
    char missing[256];
    fill(ledger);
    for (size_t i = 0; i < TEST_COUNT(changes); i++) {
        struct lines *lines = export(ledger);
        size_t line = changes[i].line;
        if (changes[i].text != NULL) {
            (void)snprintf(lines->text[line], LINE_BYTES, "%s", changes[i].text);
        } else {
            lines->count--;
            memmove(lines->text[line], lines->text[line + 1], (lines->count - line) * LINE_BYTES);
        }
        assert_status_row(changes[i].label, covers(ledger, lines, INT64_MAX, missing),
                          changes[i].status);
        test_free(lines);
    }
}

/* The records stand there, but begin behind one that the store still has. */
static void export_that_begins_too_late_does_not_cover(void **state)
{
    struct ledger *ledger = *state;
    char missing[256];
    fill(ledger);
    ledger_tamper(ledger, "create table kept_record as select * from audit_record;"
                          "create table kept_checkpoint as select * from audit_checkpoint");
    prune(ledger, LEDGER_NOW_S + 100);
    struct lines *lines = export(ledger);
    ledger_tamper(ledger, "delete from audit_record; delete from audit_checkpoint;"
                          "insert into audit_record select * from kept_record;"
                          "insert into audit_checkpoint select * from kept_checkpoint");
    assert_status(covers(ledger, lines, LEDGER_NOW_S + 200, missing), CG_ERR_CONFLICT);
    assert_string_not_equal(missing, "");
    test_free(lines);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(export_holds_chains_records_and_checkpoints, ledger_set_up,
                                    ledger_tear_down),
    cmocka_unit_test_setup_teardown(export_stops_when_a_line_is_not_taken, ledger_set_up,
                                    ledger_tear_down),
    cmocka_unit_test_setup_teardown(export_covers_what_a_prune_would_remove, ledger_set_up,
                                    ledger_tear_down),
    cmocka_unit_test_setup_teardown(export_made_after_a_prune_covers_the_next_one, ledger_set_up,
                                    ledger_tear_down),
    cmocka_unit_test_setup_teardown(export_that_was_changed_does_not_cover, ledger_set_up,
                                    ledger_tear_down),
    cmocka_unit_test_setup_teardown(export_that_begins_too_late_does_not_cover, ledger_set_up,
                                    ledger_tear_down),
};
TEST_MAIN(tests)
