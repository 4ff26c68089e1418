/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every call of the store fails in turn. The linker (--wrap) puts these functions between the audit
 * and the store.
 */
#include "audit/export.h"

#include "test.h"

#include "base/span.h"
#include "base/status.h"
#include "ledger.h"

static struct {
    long left; /* calls until one fails; 0: none does */
    bool struck;
} now;

static bool strikes(void)
{
    if (now.left == 0) {
        return false;
    }
    now.left--;
    now.struck = now.struck || now.left == 0;
    return now.left == 0;
}

enum cg_status __real_cg_store_begin(struct cg_store *store);
enum cg_status __real_cg_store_begin_read(struct cg_store *store);
enum cg_status __real_cg_store_commit(struct cg_store *store);
enum cg_status __real_cg_store_start(struct cg_store *store, enum cg_sql sql,
                                     struct cg_statement **ret_statement);
enum cg_status __real_cg_store_step(struct cg_statement *statement, bool *ret_row);
enum cg_status __real_cg_store_run(struct cg_statement *statement, int64_t *ret_changed);
enum cg_status __wrap_cg_store_begin(struct cg_store *store);
enum cg_status __wrap_cg_store_begin_read(struct cg_store *store);
enum cg_status __wrap_cg_store_commit(struct cg_store *store);
enum cg_status __wrap_cg_store_start(struct cg_store *store, enum cg_sql sql,
                                     struct cg_statement **ret_statement);
enum cg_status __wrap_cg_store_step(struct cg_statement *statement, bool *ret_row);
enum cg_status __wrap_cg_store_run(struct cg_statement *statement, int64_t *ret_changed);

enum cg_status __wrap_cg_store_begin(struct cg_store *store)
{
    return strikes() ? CG_ERR_STORE : __real_cg_store_begin(store);
}

enum cg_status __wrap_cg_store_begin_read(struct cg_store *store)
{
    return strikes() ? CG_ERR_STORE : __real_cg_store_begin_read(store);
}

enum cg_status __wrap_cg_store_commit(struct cg_store *store)
{
    if (strikes()) {
        cg_store_rollback(store); /* as a commit that fails does */
        return CG_ERR_STORE;
    }
    return __real_cg_store_commit(store);
}

enum cg_status __wrap_cg_store_start(struct cg_store *store, enum cg_sql sql,
                                     struct cg_statement **ret_statement)
{
    return strikes() ? CG_ERR_STORE : __real_cg_store_start(store, sql, ret_statement);
}

enum cg_status __wrap_cg_store_step(struct cg_statement *statement, bool *ret_row)
{
    return strikes() ? CG_ERR_STORE : __real_cg_store_step(statement, ret_row);
}

enum cg_status __wrap_cg_store_run(struct cg_statement *statement, int64_t *ret_changed)
{
    return strikes() ? CG_ERR_STORE : __real_cg_store_run(statement, ret_changed);
}

static enum cg_status append(struct ledger *ledger)
{
    struct cg_audit_event event = {.kind = CG_AUDIT_TOKEN_ISSUED, .time_s = LEDGER_NOW_S};
    const struct cg_audit_event *events[] = {&event, &event};
    return cg_journal_append(ledger->journal, events, TEST_COUNT(events));
}

static enum cg_status checkpoint(struct ledger *ledger)
{
    return cg_audit_checkpoint(ledger->journal, ledger->signer, CG_SPAN_OF(LEDGER_KID),
                               LEDGER_NOW_S, 0, NULL);
}

static enum cg_status prune(struct ledger *ledger)
{
    struct cg_audit_event event = {.kind = CG_AUDIT_PRUNED, .time_s = LEDGER_NOW_S};
    int64_t removed = 0;
    return cg_audit_prune(ledger->journal, ledger->signer, CG_SPAN_OF(LEDGER_KID), &event,
                          INT64_MAX, &removed);
}

static enum cg_status ignore(void *context, struct cg_span record, int64_t time_s)
{
    (void)context;
    (void)record;
    (void)time_s;
    return CG_OK;
}

static enum cg_status list(struct ledger *ledger)
{
    struct cg_audit_filter filter = {.until_s = INT64_MAX, .newest = 3};
    return cg_audit_list(cg_journal_store(ledger->journal), &filter, ignore, NULL);
}

static enum cg_status ignore_line(void *context, struct cg_span line)
{
    (void)context;
    (void)line;
    return CG_OK;
}

static enum cg_status export(struct ledger *ledger) {
    struct cg_audit_export_count count;
    return cg_audit_export(cg_journal_store(ledger->journal), ignore_line, NULL, &count);
}

static enum cg_status give_nothing(void *context, struct cg_span *ret_line)
{
    (void)context;
    *ret_line = (struct cg_span){0};
    return CG_OK;
}

/* An empty export covers nothing of what there is. */
static enum cg_status cover(struct ledger *ledger)
{
    char missing[256];
    enum cg_status status = cg_audit_export_covers(cg_journal_store(ledger->journal), INT64_MAX,
                                                   give_nothing, NULL, missing);
    return status == CG_ERR_CONFLICT ? CG_OK : status;
}

static const struct {
    const char *label;
    enum cg_status (*act)(struct ledger *ledger);
} acts[] = {
    {"append", append},        {"checkpoint", checkpoint}, {"prune", prune}, {"list", list},
    {"verify", ledger_verify}, {"export", export},         {"cover", cover},
};

static void audit_verifies_after_any_store_call_failed(void **state)
{
    struct ledger *ledger = *state;
    assert_ok(append(ledger));
    assert_ok(checkpoint(ledger));
    for (size_t i = 0; i < TEST_COUNT(acts); i++) {
        assert_ok(append(ledger)); /* something to do */
        now.struck = true;
        for (long n = 1; now.struck; n++) {
            now.struck = false;
            now.left = n;
            enum cg_status status = acts[i].act(ledger);
            now.left = 0;
            assert_status_row(acts[i].label, status, now.struck ? CG_ERR_STORE : CG_OK);
            assert_status_row(acts[i].label, ledger_verify(ledger), CG_OK);
            assert_string_equal(ledger->verdict.first_bad, "");
        }
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(audit_verifies_after_any_store_call_failed, ledger_set_up,
                                    ledger_tear_down),
};
TEST_MAIN(tests)
