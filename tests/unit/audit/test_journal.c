/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include "base/limits.h"
#include "base/span.h"
#include "ledger.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static const char count_records[] = "select count(*) from audit_record";

static void journal_append_syncs_the_log_before_it_returns(void **state)
{
    struct ledger *ledger = *state;
    for (int i = 0; i < 20; i++) {
        disk_reset(&ledger->disk);
        ledger_append(ledger->journal, 1);
        assert_true(ledger->disk.entry_count >= 2);
        assert_true(disk_log_is_synced(&ledger->disk));
    }
}

static enum cg_status append_one(struct cg_journal *journal)
{
    struct cg_audit_event event = {.kind = CG_AUDIT_TOKEN_ISSUED, .time_s = LEDGER_NOW_S};
    const struct cg_audit_event *events[] = {&event};
    return cg_journal_append(journal, events, 1);
}

static void journal_append_fails_when_the_sync_fails(void **state)
{
    struct ledger *ledger = *state;
    ledger_append(ledger->journal, 3);
    ledger->disk.sync_fails = true;
    assert_status(append_one(ledger->journal), CG_ERR_STORE);
    ledger->disk.sync_fails = false;
    assert_int_equal(ledger_number(ledger, count_records), 3);
    ledger_append(ledger->journal, 1);
    assert_ok(ledger_verify(ledger));
    assert_int_equal(ledger->verdict.records, 4);
}

static void journal_append_fails_on_a_full_disk_and_works_again(void **state)
{
    struct ledger *ledger = *state;
    ledger->disk.full = true;
    assert_status(append_one(ledger->journal), CG_ERR_STORE);
    ledger->disk.full = false;
    assert_ok(append_one(ledger->journal));
    assert_ok(ledger_verify(ledger));
    assert_int_equal(ledger->verdict.records, 1);
}

static void journal_append_is_one_transaction(void **state)
{
    struct ledger *ledger = *state;
    struct cg_audit_event events[CG_LIMIT_BATCH_EXCHANGES];
    const struct cg_audit_event *pointers[CG_LIMIT_BATCH_EXCHANGES];
    for (size_t i = 0; i < CG_LIMIT_BATCH_EXCHANGES; i++) {
        events[i] = (struct cg_audit_event){.kind = CG_AUDIT_TOKEN_ISSUED, .time_s = LEDGER_NOW_S};
        pointers[i] = &events[i];
    }
    disk_reset(&ledger->disk);
    assert_ok(cg_journal_append(ledger->journal, pointers, CG_LIMIT_BATCH_EXCHANGES));
    size_t syncs = 0;
    for (size_t i = 0; i < ledger->disk.entry_count; i++) {
        syncs += ledger->disk.entries[i].act == DISK_SYNC ? 1 : 0;
    }
    assert_true(syncs <= 2); /* of the log's head, when the log is new, and of the commit */
    assert_ok(ledger_verify(ledger));
    assert_int_equal(ledger->verdict.records, CG_LIMIT_BATCH_EXCHANGES);
}

static void journal_append_of_nothing_writes_nothing(void **state)
{
    struct ledger *ledger = *state;
    disk_reset(&ledger->disk);
    assert_ok(cg_journal_append(ledger->journal, NULL, 0));
    assert_int_equal(ledger->disk.entry_count, 0);
}

static void journals_of_one_writer_share_its_chain(void **state)
{
    struct ledger *ledger = *state;
    struct cg_journal *second = ledger_open(ledger, LEDGER_WRITER);
    struct cg_journal *other = ledger_open(ledger, "node1/worker1");
    for (int i = 0; i < 5; i++) {
        ledger_append(ledger->journal, 1);
        ledger_append(second, 2);
        ledger_append(other, 1);
    }
    assert_ok(cg_journal_maintain(second));
    (void)cg_journal_free(second);
    (void)cg_journal_free(other);
    assert_ok(ledger_verify(ledger));
    assert_string_equal(ledger->verdict.first_bad, "");
    assert_int_equal(ledger->verdict.records, 20);
    assert_int_equal(ledger->verdict.writers, 2);
}

static void journal_refuses_a_malformed_writer(void **state)
{
    static const char *const names[] = {
        "",
        "a b",
        "a\nb",
        "naïve",
        "a\"b",
        "a'b",
        "wwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwww",
    };
    (void)state;
    for (size_t i = 0; i < TEST_COUNT(names); i++) {
        struct cg_store *store = NULL;
        struct cg_journal *journal = NULL;
        assert_ok(
            cg_store_open(CG_SPAN_OF("sqlite::memory:"), CG_STORE_AUDIT, CG_STORE_CREATE, &store));
        assert_status_row(names[i], cg_journal_new(store, test_span(names[i]), &journal),
                          CG_ERR_INPUT);
        assert_null(journal);
    }
    assert_null(cg_journal_free(NULL));
}

static void journal_append_refuses_a_damaged_head(void **state)
{
    static const char *const scripts[] = {
        "update audit_writer set hash = x'00'",
        "update audit_writer set hash = zeroblob(32), number = 1",
    };
    struct ledger *ledger = *state;
    ledger_append(ledger->journal, 3);
    for (size_t i = 0; i < TEST_COUNT(scripts); i++) {
        ledger_tamper(ledger, scripts[i]);
        assert_status_row(scripts[i], append_one(ledger->journal), CG_ERR_STORE);
    }
    assert_int_equal(ledger_number(ledger, count_records), 3);
}

/* Tells the number of each record that is durable, until it is killed. */
static void append_until_killed(struct ledger *ledger, int told)
{
    struct cg_journal *journal = ledger_open(ledger, "child");
    for (uint32_t number = 1;; number++) {
        if (append_one(journal) != CG_OK || write(told, &number, sizeof(number)) < 0) {
            _exit(1);
        }
    }
}

static uint32_t kill_while_appending(struct ledger *ledger, int rounds)
{
    int told[2];
    uint32_t number = 0;
    uint32_t last = 0;
    assert_int_equal(pipe(told), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        (void)close(told[0]);
        append_until_killed(ledger, told[1]);
    }
    (void)close(told[1]);
    for (int i = 0; i < rounds; i++) {
        assert_int_equal(read(told[0], &number, sizeof(number)), sizeof(number));
    }
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, NULL, 0), child);
    while (read(told[0], &number, sizeof(number)) == sizeof(number)) {
        last = number;
    }
    (void)close(told[0]);
    return last > number ? last : number;
}

static void journal_of_a_killed_process_has_every_record_that_it_told(void **state)
{
    struct ledger *ledger = *state;
    int64_t wanted = 0;
    /* SQLite's descriptors must not cross a fork. */
    ledger->journal = cg_journal_free(ledger->journal);
    for (int round = 1; round <= 8; round++) {
        wanted += kill_while_appending(ledger, 5 * round);
        ledger->journal = ledger_open(ledger, LEDGER_WRITER);
        assert_ok(ledger_verify(ledger));
        assert_true(ledger->verdict.records >= wanted);
        assert_true(ledger->verdict.records <= wanted + round);
        assert_ok(cg_store_check(cg_journal_store(ledger->journal)));
        ledger->journal = cg_journal_free(ledger->journal);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(journal_append_syncs_the_log_before_it_returns, ledger_set_up,
                                    ledger_tear_down),
    cmocka_unit_test_setup_teardown(journal_append_fails_when_the_sync_fails, ledger_set_up,
                                    ledger_tear_down),
    cmocka_unit_test_setup_teardown(journal_append_fails_on_a_full_disk_and_works_again,
                                    ledger_set_up, ledger_tear_down),
    cmocka_unit_test_setup_teardown(journal_append_is_one_transaction, ledger_set_up,
                                    ledger_tear_down),
    cmocka_unit_test_setup_teardown(journal_append_of_nothing_writes_nothing, ledger_set_up,
                                    ledger_tear_down),
    cmocka_unit_test_setup_teardown(journals_of_one_writer_share_its_chain, ledger_set_up,
                                    ledger_tear_down),
    cmocka_unit_test_setup_teardown(journal_refuses_a_malformed_writer, ledger_set_up,
                                    ledger_tear_down),
    cmocka_unit_test_setup_teardown(journal_append_refuses_a_damaged_head, ledger_set_up,
                                    ledger_tear_down),
    cmocka_unit_test_setup_teardown(journal_of_a_killed_process_has_every_record_that_it_told,
                                    ledger_set_up, ledger_tear_down),
};
TEST_MAIN(tests)
