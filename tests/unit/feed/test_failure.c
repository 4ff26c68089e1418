/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A snapshot is made and a question explained again and again, and each time the next call of the
 * store fails. A failure is told, never taken for an empty answer: a snapshot that lacks a denial
 * would open the gate.
 */
#include "feed/explain.h"
#include "feed/feed.h"
#include "feed_test.h"
#include "registry/denial.h"

#include <stdbool.h>

/* Which call fails, from 1; 0: none. The linker puts these in front of the store's functions. */
static long calls_left;
static bool has_failed;

static bool fails_now(void)
{
    if (calls_left == 0 || --calls_left > 0) {
        return false;
    }
    has_failed = true;
    return true;
}

enum cg_status __real_cg_store_start(struct cg_store *store, enum cg_sql sql,
                                     struct cg_statement **ret_statement);
enum cg_status __wrap_cg_store_start(struct cg_store *store, enum cg_sql sql,
                                     struct cg_statement **ret_statement);
enum cg_status __wrap_cg_store_start(struct cg_store *store, enum cg_sql sql,
                                     struct cg_statement **ret_statement)
{
    return fails_now() ? CG_ERR_STORE : __real_cg_store_start(store, sql, ret_statement);
}

enum cg_status __real_cg_store_step(struct cg_statement *statement, bool *ret_row);
enum cg_status __wrap_cg_store_step(struct cg_statement *statement, bool *ret_row);
enum cg_status __wrap_cg_store_step(struct cg_statement *statement, bool *ret_row)
{
    return fails_now() ? CG_ERR_STORE : __real_cg_store_step(statement, ret_row);
}

enum cg_status __real_cg_store_begin_read(struct cg_store *store);
enum cg_status __wrap_cg_store_begin_read(struct cg_store *store);
enum cg_status __wrap_cg_store_begin_read(struct cg_store *store)
{
    return fails_now() ? CG_ERR_STORE : __real_cg_store_begin_read(store);
}

static enum cg_status make_snapshot(struct desk *desk)
{
    struct cg_snapshot *snapshot = NULL;
    int64_t changes_s;
    enum cg_status status = cg_feed_snapshot(desk->store, DESK_NOW_S, &snapshot, &changes_s);
    assert_true((snapshot != NULL) == (status == CG_OK));
    (void)cg_snapshot_free(snapshot);
    return status;
}

static enum cg_status ask(struct desk *desk, const char *api)
{
    struct cg_explain_question question = {.realm = desk->realm,
                                           .client_id = desk->client,
                                           .api = test_span(api),
                                           .now_s = DESK_NOW_S};
    struct cg_explanation explanation = {.reason = CG_REASON_COUNT};
    enum cg_status status = cg_explain(desk->store, &question, desk->arena, NULL, &explanation);
    assert_true((explanation.reason != CG_REASON_COUNT) == (status == CG_OK));
    return status;
}

static enum cg_status ask_of_the_agreed(struct desk *desk)
{
    return ask(desk, "documents");
}

static enum cg_status ask_of_the_withdrawn(struct desk *desk)
{
    return ask(desk, "medicines");
}

static void furnish(struct desk *desk)
{
    feed_test_set_base_url(desk);
    (void)feed_test_add_key(desk, CG_KEY_START_FIRST, DESK_NOW_S);
    (void)desk_add_secret(desk, DESK_NOW_S, 0);
    (void)desk_agree(desk, "documents", "documents.read");
    struct cg_span id = desk_agree(desk, "medicines", "medicines.read");
    struct cg_decision decision = {.who = CG_SPAN("Ada"), .at_s = DESK_NOW_S};
    assert_ok(cg_agreement_withdraw(desk->store, desk->realm, id, &decision, NULL));
    assert_ok(cg_store_commit(desk->store));
}

static void every_failure_of_the_store_is_told(void **state)
{
    static enum cg_status (*const runs[])(struct desk * desk) = {make_snapshot, ask_of_the_agreed,
                                                                 ask_of_the_withdrawn};
    struct desk *desk = *state;
    furnish(desk);
    for (size_t i = 0; i < TEST_COUNT(runs); i++) {
        long call = 0;
        do {
            has_failed = false;
            calls_left = ++call;
            enum cg_status status = runs[i](desk);
            calls_left = 0;
            assert_true(has_failed == (status != CG_OK));
        } while (has_failed);
        assert_true(call > 10);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(every_failure_of_the_store_is_told, desk_open, desk_close),
};
TEST_MAIN(tests)
