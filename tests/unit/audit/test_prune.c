/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include "base/span.h"
#include "ledger.h"

static const char count_records[] = "select count(*) from audit_record";
static const char count_checkpoints[] = "select count(*) from audit_checkpoint";

static enum cg_status prune(struct ledger *ledger, int64_t before_s, int64_t *ret_removed)
{
    struct cg_audit_event event = {.kind = CG_AUDIT_PRUNED,
                                   .time_s = LEDGER_NOW_S + 1000,
                                   .actor = CG_SPAN_OF("operator:alice")};
    return cg_audit_prune(ledger->journal, ledger->signer, CG_SPAN_OF(LEDGER_KID), &event, before_s,
                          ret_removed);
}

/* Three checkpoints, 100 s apart; two writers, the second of which comes after the first
 * checkpoint. */
static void fill(struct ledger *ledger)
{
    struct cg_journal *other = ledger_open(ledger, "node1/worker1");
    ledger_append(ledger->journal, 5);
    assert_true(ledger_checkpoint(ledger, LEDGER_NOW_S + 100));
    ledger_append(ledger->journal, 5);
    ledger_append(other, 5);
    assert_true(ledger_checkpoint(ledger, LEDGER_NOW_S + 200));
    ledger_append(ledger->journal, 5);
    assert_true(ledger_checkpoint(ledger, LEDGER_NOW_S + 300));
    ledger_append(ledger->journal, 2);
    (void)cg_journal_free(other);
}

static const struct {
    const char *label;
    int64_t before_s;
    int64_t removed;
    int64_t checkpoints; /* left, with the new one */
} ends[] = {
    {"at the first checkpoint", LEDGER_NOW_S + 100, 6, 4},
    {"between two", LEDGER_NOW_S + 199, 0, 5},
    {"at the second", LEDGER_NOW_S + 200, 11, 5},
    {"again at the second", LEDGER_NOW_S + 299, 0, 6},
    {"after the last", INT64_MAX, 19, 2},
};

static void prune_keeps_the_audit_verifying(void **state)
{
    struct ledger *ledger = *state;
    fill(ledger);
    for (size_t i = 0; i < TEST_COUNT(ends); i++) {
        int64_t before = ledger_number(ledger, count_records);
        int64_t removed = -1;
        assert_status_row(ends[i].label, prune(ledger, ends[i].before_s, &removed), CG_OK);
        assert_status_row(ends[i].label, ledger_verify(ledger), CG_OK);
        assert_string_equal(ledger->verdict.first_bad, "");
        assert_int_equal(removed, ends[i].removed);
        /* The event and the new checkpoint's own record were added. */
        assert_int_equal(ledger_number(ledger, count_records), before - removed + 2);
        assert_int_equal(ledger_number(ledger, count_checkpoints), ends[i].checkpoints);
        ledger_append(ledger->journal, 1);
        assert_status_row(ends[i].label, ledger_verify(ledger), CG_OK);
    }
}

static void prune_wants_a_checkpoint_to_end_at(void **state)
{
    struct ledger *ledger = *state;
    int64_t removed = -1;
    assert_status(prune(ledger, INT64_MAX, &removed), CG_ERR_NOT_FOUND);
    fill(ledger);
    assert_status(prune(ledger, LEDGER_NOW_S + 99, &removed), CG_ERR_NOT_FOUND);
    assert_int_equal(removed, -1);
    assert_ok(ledger_verify(ledger));
}

static const struct {
    const char *label;
    const char *script;
    const char *first_bad;
} tampers[] = {
    {"a pruned record comes back",
     "insert into audit_record values ('node1/worker0', 12, 1, '{}', zeroblob(32))",
     "node1/worker0 number 12: it is older than the first record kept"},
    {"the first record kept is removed",
     "delete from audit_record where writer = 'node1/worker0' and number = 13",
     "node1/worker0 number 13: the record is missing"},
    {"a wholly pruned writer comes back from its start",
     "insert into audit_record values ('node1/worker1', 1, 1, '{}', zeroblob(32))",
     "node1/worker1 number 1: it is older than the first record kept"},
    {"the oldest checkpoint kept is removed", "delete from audit_checkpoint where number = 2",
     "checkpoint 2: it is missing"},
    {"the prune's checkpoint is removed", "delete from audit_checkpoint where number = 4",
     "node1/worker0 number 1: the record is missing"},
};

static void verify_names_tampering_after_a_prune(void **state)
{
    struct ledger *ledger = *state;
    int64_t removed = 0;
    fill(ledger);
    assert_ok(prune(ledger, LEDGER_NOW_S + 200, &removed));
    assert_int_equal(removed, 17);
    ledger_tamper(ledger, "create table kept_record as select * from audit_record;"
                          "create table kept_checkpoint as select * from audit_checkpoint");
    for (size_t i = 0; i < TEST_COUNT(tampers); i++) {
        ledger_tamper(ledger, tampers[i].script);
        assert_status_row(tampers[i].label, ledger_verify(ledger), CG_ERR_AUTHENTICATION);
        assert_span_text_row(tampers[i].label, test_span(ledger->verdict.first_bad),
                             tampers[i].first_bad);
        ledger_tamper(ledger, "delete from audit_record; delete from audit_checkpoint;"
                              "insert into audit_record select * from kept_record;"
                              "insert into audit_checkpoint select * from kept_checkpoint");
        assert_status_row(tampers[i].label, ledger_verify(ledger), CG_OK);
    }
}

static void append_many(struct ledger *ledger, size_t count)
{
    struct cg_audit_event event = {.kind = CG_AUDIT_TOKEN_ISSUED, .time_s = LEDGER_NOW_S};
    const struct cg_audit_event *events[500];
    for (size_t i = 0; i < TEST_COUNT(events); i++) {
        events[i] = &event;
    }
    for (size_t done = 0; done < count; done += TEST_COUNT(events)) {
        assert_ok(cg_journal_append(ledger->journal, events, TEST_COUNT(events)));
    }
}

/* More than one step of 10,000 records. */
static void prune_in_steps_leaves_a_verifying_audit_at_each(void **state)
{
    struct ledger *ledger = *state;
    int64_t removed = -1;
    struct cg_journal *other = ledger_open(ledger, "node1/worker1");
    ledger_append(other, 3);
    (void)cg_journal_free(other);
    append_many(ledger, 24000);
    assert_true(ledger_checkpoint(ledger, LEDGER_NOW_S + 100));
    assert_ok(prune(ledger, INT64_MAX, &removed));
    assert_int_equal(removed, 24004);
    assert_ok(ledger_verify(ledger));
    assert_int_equal(ledger->verdict.checkpoints, 4); /* three steps and the one to end at */
}

static void prune_that_was_interrupted_goes_on(void **state)
{
    struct ledger *ledger = *state;
    int64_t removed = -1;
    append_many(ledger, 5000);
    assert_true(ledger_checkpoint(ledger, LEDGER_NOW_S + 100));
    append_many(ledger, 7000);
    assert_true(ledger_checkpoint(ledger, LEDGER_NOW_S + 200));
    enum cg_status status = CG_ERR_STORE;
    bool half_done = false;
    for (long n = 1; status != CG_OK; n++) {
        disk_reset(&ledger->disk);
        ledger->disk.fail_from = 150 * n;
        ledger->disk.fail_count = 1;
        status = prune(ledger, INT64_MAX, &removed);
        disk_reset(&ledger->disk);
        assert_ok(ledger_verify(ledger));
        half_done = half_done || (status != CG_OK && ledger_number(ledger, count_records) < 12001);
    }
    assert_true(half_done);
    assert_true(ledger_number(ledger, count_records) < 10);
}

static void prune_refuses_records_that_are_missing(void **state)
{
    struct ledger *ledger = *state;
    int64_t removed = -1;
    fill(ledger);
    ledger_tamper(ledger, "delete from audit_record where number = 3");
    assert_status(prune(ledger, LEDGER_NOW_S + 100, &removed), CG_ERR_CONFLICT);
    assert_int_equal(removed, -1);
    assert_int_equal(ledger_number(ledger, "select min(number) from audit_record"), 1);
}

static void prune_refuses_to_end_at_what_is_no_checkpoint(void **state)
{
    struct ledger *ledger = *state;
    int64_t removed = -1;
    fill(ledger);
    ledger_tamper(ledger, "update audit_checkpoint set payload = '[]'");
    assert_status(prune(ledger, INT64_MAX, &removed), CG_ERR_STORE);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(prune_keeps_the_audit_verifying, ledger_set_up,
                                    ledger_tear_down),
    cmocka_unit_test_setup_teardown(prune_wants_a_checkpoint_to_end_at, ledger_set_up,
                                    ledger_tear_down),
    cmocka_unit_test_setup_teardown(verify_names_tampering_after_a_prune, ledger_set_up,
                                    ledger_tear_down),
    cmocka_unit_test_setup_teardown(prune_in_steps_leaves_a_verifying_audit_at_each, ledger_set_up,
                                    ledger_tear_down),
    cmocka_unit_test_setup_teardown(prune_that_was_interrupted_goes_on, ledger_set_up,
                                    ledger_tear_down),
    cmocka_unit_test_setup_teardown(prune_refuses_records_that_are_missing, ledger_set_up,
                                    ledger_tear_down),
    cmocka_unit_test_setup_teardown(prune_refuses_to_end_at_what_is_no_checkpoint, ledger_set_up,
                                    ledger_tear_down),
};
TEST_MAIN(tests)
