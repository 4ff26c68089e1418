/* SPDX-License-Identifier: Apache-2.0 */
/* What somebody who can write the database may try, and what verifying says to it. */
#include "test.h"

#include "base/span.h"
#include "ledger.h"

/*
 * Two writers, three checkpoints: node1/worker0 has records 1..13 (4, 9 and 13 announce
 * checkpoints), node1/worker1 has 1..5, and two records of worker0 stand after the last checkpoint.
 */
static void fill(struct ledger *ledger)
{
    struct cg_journal *other = ledger_open(ledger, "node1/worker1");
    ledger_append(ledger->journal, 3);
    assert_true(ledger_checkpoint(ledger, LEDGER_NOW_S + 60));
    ledger_append(ledger->journal, 4);
    ledger_append(other, 5);
    assert_true(ledger_checkpoint(ledger, LEDGER_NOW_S + 120));
    ledger_append(ledger->journal, 3);
    assert_true(ledger_checkpoint(ledger, LEDGER_NOW_S + 180));
    ledger_append(ledger->journal, 2);
    (void)cg_journal_free(other);
}

static void verify_passes_an_audit_that_nobody_touched(void **state)
{
    struct ledger *ledger = *state;
    assert_ok(ledger_verify(ledger));
    assert_int_equal(ledger->verdict.records, 0);
    fill(ledger);
    assert_ok(ledger_verify(ledger));
    assert_string_equal(ledger->verdict.first_bad, "");
    assert_int_equal(ledger->verdict.records, 20);
    assert_int_equal(ledger->verdict.writers, 2);
    assert_int_equal(ledger->verdict.checkpoints, 3);
}

#define OF_0 " where writer = 'node1/worker0' and number "
#define OF_1 " where writer = 'node1/worker1' and number "

static const struct {
    const char *label;
    const char *script;
    const char *first_bad;
} tampers[] = {
    {"record changed",
     "update audit_record set record = replace(record, 'ward', 'hard')" OF_0 "= 6",
     "node1/worker0 number 6: the hash does not match"},
    {"hash changed", "update audit_record set hash = zeroblob(32)" OF_0 "= 6",
     "node1/worker0 number 6: the hash does not match"},
    {"hash cut", "update audit_record set hash = x'00'" OF_1 "= 5",
     "node1/worker1 number 5: the hash does not match"},
    {"time changed beside the record", "update audit_record set time_s = 1" OF_0 "= 6",
     "node1/worker0 number 6: the record does not name this writer, number and time"},
    {"record removed in the middle", "delete from audit_record" OF_0 "= 6",
     "node1/worker0 number 6: the record is missing"},
    {"record removed and the rest moved up",
     "delete from audit_record" OF_0 "= 6;"
     "update audit_record set number = -number" OF_0 "> 6;"
     "update audit_record set number = -number - 1" OF_0 "< 0",
     "node1/worker0 number 6: the hash does not match"},
    {"first record removed", "delete from audit_record" OF_1 "= 1",
     "node1/worker1 number 1: the record is missing"},
    {"records exchanged",
     "update audit_record set number = 99" OF_0 "= 6;"
     "update audit_record set number = 6" OF_0 "= 7;"
     "update audit_record set number = 7" OF_0 "= 99",
     "node1/worker0 number 6: the hash does not match"},
    {"record before the first",
     "insert into audit_record values "
     "('node1/worker0', 0, 1, '{}', zeroblob(32))",
     "node1/worker0 number 0: it is older than the first record kept"},
    {"record after the head",
     "insert into audit_record values "
     "('node1/worker1', 6, 1, '{}', zeroblob(32))",
     "node1/worker1 number 6: the hash does not match"},
    {"tail cut", "delete from audit_record" OF_1 "> 3",
     "node1/worker1 number 4: the record is missing"},
    {"tail cut and the head set back",
     "delete from audit_record" OF_1 "> 3;"
     "update audit_writer set number = 3, hash = (select hash from audit_record" OF_1 "= 3) "
     "where writer = 'node1/worker1'",
     "node1/worker1 number 5: the record that a checkpoint signs is missing or another"},
    {"head changed", "update audit_writer set hash = zeroblob(32) where writer = 'node1/worker1'",
     "node1/worker1 number 5: the writer's head is not the last record"},
    {"head set back", "update audit_writer set number = 4 where writer = 'node1/worker1'",
     "node1/worker1 number 4: the writer's head is not the last record"},
    {"writer's head removed", "delete from audit_writer where writer = 'node1/worker1'",
     "node1/worker1 number 1: the writer is missing"},
    {"writer removed",
     "delete from audit_writer where writer = 'node1/worker1';"
     "delete from audit_record where writer = 'node1/worker1'",
     "node1/worker1 number 5: the record that a checkpoint signs is missing or another"},
    {"writer renamed",
     "update audit_writer set writer = 'node2' where writer = 'node1/worker1';"
     "update audit_record set writer = 'node2' where writer = 'node1/worker1'",
     "node2 number 1: the hash does not match"},
    {"first checkpoint removed", "delete from audit_checkpoint where number = 1",
     "checkpoint 1: it is missing"},
    {"middle checkpoint removed", "delete from audit_checkpoint where number = 2",
     "checkpoint 2: it is missing"},
    {"last checkpoint removed", "delete from audit_checkpoint where number = 3",
     "checkpoint 3: it is missing"},
    {"all checkpoints removed", "delete from audit_checkpoint", "checkpoint 1: it is missing"},
    {"checkpoints exchanged",
     "update audit_checkpoint set number = 9 where number = 1;"
     "update audit_checkpoint set number = 1 where number = 2;"
     "update audit_checkpoint set number = 2 where number = 9",
     "checkpoint 1: it does not name this number and time"},
    {"checkpoint changed",
     "update audit_checkpoint set payload = replace(payload, '\"number\":2', '\"number\":3') "
     "where number = 2",
     "checkpoint 2: the signature does not match"},
    {"checkpoint's time changed beside it",
     "update audit_checkpoint set time_s = time_s + 1 where number = 2",
     "checkpoint 2: it does not name this number and time"},
    {"newest checkpoint changed",
     "update audit_checkpoint set payload = replace(payload, '\"oldest\":1', '\"oldest\":2') "
     "where number = 3",
     "checkpoint 3: the signature does not match"},
    {"signature cut", "update audit_checkpoint set signature = x'00' where number = 1",
     "checkpoint 1: the signature does not match"},
    {"checkpoint of an unknown key", "update audit_checkpoint set kid = 'other' where number = 3",
     "checkpoint 3: its key is not known"},
    {"checkpoint from before number 1",
     "insert into audit_checkpoint select 0, time_s, payload, kid, signature "
     "from audit_checkpoint where number = 1",
     "checkpoint 0: it is older than the oldest kept"},
};

static void verify_names_what_was_tampered_with(void **state)
{
    struct ledger *ledger = *state;
    fill(ledger);
    ledger_tamper(ledger, "create table kept_record as select * from audit_record;"
                          "create table kept_writer as select * from audit_writer;"
                          "create table kept_checkpoint as select * from audit_checkpoint");
    for (size_t i = 0; i < TEST_COUNT(tampers); i++) {
        ledger_tamper(ledger, tampers[i].script);
        assert_status_row(tampers[i].label, ledger_verify(ledger), CG_ERR_AUTHENTICATION);
        assert_span_text_row(tampers[i].label, test_span(ledger->verdict.first_bad),
                             tampers[i].first_bad);
        ledger_tamper(ledger, "delete from audit_record; delete from audit_writer;"
                              "delete from audit_checkpoint;"
                              "insert into audit_record select * from kept_record;"
                              "insert into audit_writer select * from kept_writer;"
                              "insert into audit_checkpoint select * from kept_checkpoint");
        assert_status_row(tampers[i].label, ledger_verify(ledger), CG_OK);
    }
}

/* Signs anything with the right key: what is signed must still fit the records. */
static void forge(struct ledger *ledger, const char *payload)
{
    uint8_t signature[CG_LIMIT_SIGNATURE_BYTES];
    char hex[2 * CG_LIMIT_SIGNATURE_BYTES + 1];
    char script[4096];
    size_t len = 0;
    assert_ok(cg_sign(ledger->signer, test_span(payload), signature, &len));
    for (size_t i = 0; i < len; i++) {
        (void)snprintf(hex + 2 * i, 3, "%02x", signature[i]);
    }
    (void)snprintf(script, sizeof(script),
                   "delete from audit_checkpoint;"
                   "insert into audit_checkpoint values (1, 5, '%s', '" LEDGER_KID "', x'%s')",
                   payload, hex);
    ledger_tamper(ledger, script);
}

static void verify_refuses_signed_payloads_that_do_not_fit(void **state)
{
    static const struct {
        const char *payload;
        const char *first_bad;
    } rows[] = {
        {"{}", "checkpoint 1: it is no checkpoint"},
        {"[1]", "checkpoint 1: it is no checkpoint"},
        {"{\"number\":1,\"time\":5,\"oldest\":1,\"previous\":\"\",\"heads\":[],\"first\":{}}",
         "checkpoint 1: it is no checkpoint"},
        {"{\"number\":1,\"time\":5,\"oldest\":1,\"previous\":\"\",\"heads\":[{\"writer\":\"w\","
         "\"number\":1,\"hash\":\"AAAA\"}],\"first\":[]}",
         "checkpoint 1: it is no checkpoint"},
        {"{\"number\":1,\"time\":5,\"oldest\":1,\"previous\":\"\",\"heads\":[{\"writer\":\"w\","
         "\"number\":0,\"hash\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}],\"first\":[]}",
         "checkpoint 1: it is no checkpoint"},
        {"{\"number\":2,\"time\":5,\"oldest\":1,\"previous\":\"\",\"heads\":[],\"first\":[]}",
         "checkpoint 1: it does not name this number and time"},
        {"{\"number\":1,\"time\":5,\"oldest\":1,\"previous\":\"x\",\"heads\":[],\"first\":[]}",
         "checkpoint 1: it does not follow the one before"},
        {"{\"number\":1,\"time\":5,\"oldest\":1,\"previous\":\"\",\"heads\":[{\"writer\":\"w\","
         "\"number\":7,\"hash\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}],\"first\":[]}",
         "w number 7: the record that a checkpoint signs is missing or another"},
    };
    struct ledger *ledger = *state;
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        forge(ledger, rows[i].payload);
        assert_status_row(rows[i].payload, ledger_verify(ledger), CG_ERR_AUTHENTICATION);
        assert_span_text_row(rows[i].payload, test_span(ledger->verdict.first_bad),
                             rows[i].first_bad);
    }
}

static void verify_tells_a_store_that_fails_from_a_tampered_audit(void **state)
{
    struct ledger *ledger = *state;
    fill(ledger);
    ledger_tamper(ledger, "update audit_writer set hash = x'00'");
    assert_status(ledger_verify(ledger), CG_ERR_STORE);
    ledger_tamper(ledger, "drop table audit_writer");
    assert_status(ledger_verify(ledger), CG_ERR_STORE);
}

static enum cg_status failing_finder(void *context, struct cg_span kid,
                                     struct cg_verifier **ret_verifier)
{
    (void)context;
    (void)kid;
    (void)ret_verifier;
    return CG_ERR_STORE;
}

static void verify_passes_on_what_the_finder_says(void **state)
{
    struct ledger *ledger = *state;
    fill(ledger);
    assert_status(
        cg_audit_verify(cg_journal_store(ledger->journal), failing_finder, NULL, &ledger->verdict),
        CG_ERR_STORE);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(verify_passes_an_audit_that_nobody_touched, ledger_set_up,
                                    ledger_tear_down),
    cmocka_unit_test_setup_teardown(verify_names_what_was_tampered_with, ledger_set_up,
                                    ledger_tear_down),
    cmocka_unit_test_setup_teardown(verify_refuses_signed_payloads_that_do_not_fit, ledger_set_up,
                                    ledger_tear_down),
    cmocka_unit_test_setup_teardown(verify_tells_a_store_that_fails_from_a_tampered_audit,
                                    ledger_set_up, ledger_tear_down),
    cmocka_unit_test_setup_teardown(verify_passes_on_what_the_finder_says, ledger_set_up,
                                    ledger_tear_down),
};
TEST_MAIN(tests)
