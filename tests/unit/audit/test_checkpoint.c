/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include "base/span.h"
#include "ledger.h"

#include "audit/payload.h"

static const char count_checkpoints[] = "select count(*) from audit_checkpoint";
static const char count_records[] = "select count(*) from audit_record";

static void checkpoint_is_made_when_something_was_written(void **state)
{
    struct ledger *ledger = *state;
    assert_false(ledger_checkpoint(ledger, LEDGER_NOW_S));
    ledger_append(ledger->journal, 1);
    assert_true(ledger_checkpoint(ledger, LEDGER_NOW_S));
    assert_false(ledger_checkpoint(ledger, LEDGER_NOW_S + 1000));
    ledger_append(ledger->journal, 1);
    assert_true(ledger_checkpoint(ledger, LEDGER_NOW_S + 1001));
    assert_int_equal(ledger_number(ledger, count_checkpoints), 2);
    assert_ok(ledger_verify(ledger));
    assert_int_equal(ledger->verdict.checkpoints, 2);
}

static const struct {
    const char *label;
    int64_t later_s;
    bool made;
} ages[] = {
    {"same second", 0, false},
    {"just too young", 59, false},
    {"old enough", 60, true},
    {"the clock was set back", -1, true},
};

static void checkpoint_waits_for_the_last_one_to_age(void **state)
{
    struct ledger *ledger = *state;
    int64_t now_s = LEDGER_NOW_S;
    for (size_t i = 0; i < TEST_COUNT(ages); i++) {
        bool made = false;
        ledger_append(ledger->journal, 1);
        (void)ledger_checkpoint(ledger, now_s);
        ledger_append(ledger->journal, 1);
        assert_ok(cg_audit_checkpoint(ledger->journal, ledger->signer, CG_SPAN_OF(LEDGER_KID),
                                      now_s + ages[i].later_s, 60, &made));
        if (made != ages[i].made) {
            fail_msg("%s", ages[i].label);
        }
    }
}

static void checkpoint_syncs_before_it_returns_and_fails_whole(void **state)
{
    struct ledger *ledger = *state;
    ledger_append(ledger->journal, 1);
    ledger->disk.sync_fails = true;
    assert_status(cg_audit_checkpoint(ledger->journal, ledger->signer, CG_SPAN_OF(LEDGER_KID),
                                      LEDGER_NOW_S, 0, NULL),
                  CG_ERR_STORE);
    disk_reset(&ledger->disk);
    assert_int_equal(ledger_number(ledger, count_checkpoints), 0);
    assert_int_equal(ledger_number(ledger, count_records), 1);
    assert_ok(cg_audit_checkpoint(ledger->journal, ledger->signer, CG_SPAN_OF(LEDGER_KID),
                                  LEDGER_NOW_S, 0, NULL));
    assert_true(disk_log_is_synced(&ledger->disk));
    assert_int_equal(ledger_number(ledger, count_checkpoints), 1);
}

static void checkpoint_refuses_to_follow_what_is_no_checkpoint(void **state)
{
    struct ledger *ledger = *state;
    ledger_append(ledger->journal, 1);
    assert_true(ledger_checkpoint(ledger, LEDGER_NOW_S));
    ledger_tamper(ledger, "update audit_checkpoint set payload = '{}'");
    assert_status(cg_audit_checkpoint(ledger->journal, ledger->signer, CG_SPAN_OF(LEDGER_KID),
                                      LEDGER_NOW_S + 100, 0, NULL),
                  CG_ERR_STORE);
}

static void checkpoint_refuses_more_writers_than_its_limit(void **state)
{
    struct ledger *ledger = *state;
    ledger_tamper(ledger, "with recursive n (i) as (select 1 union all select i + 1 from n "
                          "where i < 1025) insert into audit_writer "
                          "select 'w' || i, 1, zeroblob(32) from n");
    assert_status(cg_audit_checkpoint(ledger->journal, ledger->signer, CG_SPAN_OF(LEDGER_KID),
                                      LEDGER_NOW_S, 0, NULL),
                  CG_ERR_LIMIT);
    ledger_tamper(ledger, "delete from audit_writer where rowid > 1023");
    ledger_append(ledger->journal, 1);
    assert_true(ledger_checkpoint(ledger, LEDGER_NOW_S));
}

TEST(payload_is_these_bytes_and_reads_back)
{
    static const char golden[] =
        "{\"number\":7,\"time\":1767225600,\"oldest\":2,\"previous\":\"abc\","
        "\"heads\":[{\"writer\":\"a\",\"number\":17,"
        "\"hash\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"},"
        "{\"writer\":\"b\",\"number\":1,"
        "\"hash\":\"AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}],"
        "\"first\":[{\"writer\":\"a\",\"number\":5,"
        "\"hash\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}]}";
    struct cg_audit_mark heads[] = {{CG_SPAN("a"), {.number = 17}},
                                    {CG_SPAN("b"), {.number = 1, .hash = {1}}}};
    struct cg_audit_mark first[] = {{CG_SPAN("a"), {.number = 5}}};
    struct cg_audit_payload payload = {.number = 7,
                                       .time_s = 1767225600,
                                       .oldest = 2,
                                       .previous = CG_SPAN("abc"),
                                       .heads = {heads, 2},
                                       .first = {first, 1}};
    struct cg_audit_payload back;
    struct cg_arena *arena = NULL;
    struct cg_buf buf;
    struct cg_span text;
    cg_buf_init(&buf, 4096);
    cg_audit_payload_write(&payload, &buf);
    assert_ok(cg_buf_finish(&buf, &text));
    assert_span_text(text, golden);
    assert_ok(cg_arena_new(65536, &arena));
    assert_ok(cg_audit_payload_read(text, arena, &back));
    assert_int_equal(back.oldest, 2);
    assert_true(cg_audit_marks_equal(&back.heads, &payload.heads));
    assert_false(cg_audit_marks_equal(&back.heads, &payload.first));
    assert_true(cg_audit_marks_equal(&back.first, &payload.first));
    heads[1].head.hash[31] = 1;
    assert_false(cg_audit_marks_equal(&back.heads, &payload.heads));
    assert_null(cg_audit_marks_find(&back.heads, CG_SPAN_OF("c")));
    (void)cg_arena_free(arena);
    cg_buf_release(&buf);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(checkpoint_is_made_when_something_was_written, ledger_set_up,
                                    ledger_tear_down),
    cmocka_unit_test_setup_teardown(checkpoint_waits_for_the_last_one_to_age, ledger_set_up,
                                    ledger_tear_down),
    cmocka_unit_test_setup_teardown(checkpoint_syncs_before_it_returns_and_fails_whole,
                                    ledger_set_up, ledger_tear_down),
    cmocka_unit_test_setup_teardown(checkpoint_refuses_to_follow_what_is_no_checkpoint,
                                    ledger_set_up, ledger_tear_down),
    cmocka_unit_test_setup_teardown(checkpoint_refuses_more_writers_than_its_limit, ledger_set_up,
                                    ledger_tear_down),
    cmocka_unit_test(payload_is_these_bytes_and_reads_back),
};
TEST_MAIN(tests)
