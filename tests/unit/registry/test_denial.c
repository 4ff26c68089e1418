/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/denial.h"

#include "base/span.h"
#include "desk.h"

/* The denials of the desk's realm that have not lapsed by now_s; at most 8. */
static size_t read_all(struct desk *desk, int64_t now_s,
                       struct cg_snapshot_denial denials[static 8])
{
    struct cg_statement *statement = NULL;
    assert_ok(cg_store_start(desk->store, CG_SQL_FEED_DENIALS, &statement));
    cg_bind_text(statement, "realm", desk->realm);
    cg_bind_number(statement, "now", now_s);
    size_t count = 0;
    bool row = false;
    assert_ok(cg_store_step(statement, &row));
    while (row) {
        assert_true(count < 8);
        struct cg_snapshot_denial *denial = &denials[count++];
        assert_ok(cg_denial_kind_find(cg_column_text(statement, 0), &denial->kind));
        assert_ok(cg_column_copy(statement, 1, desk->arena, &denial->subject));
        denial->epoch = cg_column_number(statement, 2);
        denial->expires_s = cg_column_number(statement, 3);
        assert_ok(cg_store_step(statement, &row));
    }
    return count;
}

static enum cg_status add(struct desk *desk, enum cg_denial kind, const char *subject,
                          int64_t epoch, int64_t expires_s)
{
    struct cg_snapshot_denial denial = {kind, test_span(subject), epoch, expires_s};
    return cg_denial_add(desk->store, desk->realm, &denial, DESK_NOW_S);
}

static void denial_is_kept_until_it_lapses(void **state)
{
    struct desk *desk = *state;
    struct cg_registry_version before = desk_version(desk);
    assert_ok(add(desk, CG_DENIAL_TOKEN, "jti-1", 0, DESK_NOW_S + 300));
    assert_touched(desk, before, CG_TOUCH_DENYLIST_ALONE);
    struct cg_snapshot_denial found[8];
    assert_int_equal(read_all(desk, DESK_NOW_S + 299, found), 1);
    assert_int_equal(found[0].kind, CG_DENIAL_TOKEN);
    assert_span_text(found[0].subject, "jti-1");
    assert_int_equal(found[0].expires_s, DESK_NOW_S + 300);
    assert_int_equal(read_all(desk, DESK_NOW_S + 300, found), 0);
}

static void denial_of_the_same_is_only_ever_extended(void **state)
{
    static const struct {
        const char *label;
        int64_t epoch;
        int64_t expires_s;
        int64_t epoch_then;
        int64_t expires_then_s;
    } rows[] = {
        {"first", 2, 300, 2, 300},
        {"longer", 3, 400, 3, 400},
        {"shorter", 4, 100, 4, 400},
        {"an earlier epoch", 1, 500, 4, 500},
    };
    struct desk *desk = *state;
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        assert_ok(
            add(desk, CG_DENIAL_CLIENT, "ward", rows[i].epoch, DESK_NOW_S + rows[i].expires_s));
        struct cg_snapshot_denial found[8];
        assert_int_equal(read_all(desk, DESK_NOW_S, found), 1);
        assert_int_equal(found[0].epoch, rows[i].epoch_then);
        assert_int_equal(found[0].expires_s, DESK_NOW_S + rows[i].expires_then_s);
    }
}

static void one_subject_may_be_denied_as_each_kind(void **state)
{
    struct desk *desk = *state;
    assert_ok(add(desk, CG_DENIAL_TOKEN, "same", 0, DESK_NOW_S + 10));
    assert_ok(add(desk, CG_DENIAL_AGREEMENT, "same", 0, DESK_NOW_S + 10));
    assert_ok(add(desk, CG_DENIAL_CLIENT, "same", 1, DESK_NOW_S + 10));
    struct cg_snapshot_denial found[8];
    assert_int_equal(read_all(desk, DESK_NOW_S, found), 3);
}

/* A snapshot that no gate can read would take every gate's rules away. */
static void denial_that_no_snapshot_can_carry_is_refused(void **state)
{
    struct desk *desk = *state;
    assert_status(add(desk, CG_DENIAL_TOKEN, "", 0, DESK_NOW_S + 10), CG_ERR_INPUT);
    assert_status(add(desk, CG_DENIAL_TOKEN, "a b", 0, DESK_NOW_S + 10), CG_ERR_INPUT);
    assert_status(add(desk, CG_DENIAL_TOKEN, "a\"b", 0, DESK_NOW_S + 10), CG_ERR_INPUT);
    assert_status(add(desk, CG_DENIAL_TOKEN, "jti", 0, DESK_NOW_S), CG_ERR_INPUT);
    assert_status(add(desk, CG_DENIAL_CLIENT, "ward", -1, DESK_NOW_S + 10), CG_ERR_INPUT);
}

static void suspending_denies_for_as_long_as_a_token_may_live(void **state)
{
    struct desk *desk = *state;
    assert_ok(cg_client_suspend(desk->store, desk->realm, desk->client, DESK_NOW_S, NULL));
    struct cg_snapshot_denial found[8];
    assert_int_equal(read_all(desk, DESK_NOW_S, found), 1);
    assert_int_equal(found[0].kind, CG_DENIAL_CLIENT);
    assert_span_equal(found[0].subject, desk->client);
    assert_int_equal(found[0].epoch, 1);
    assert_int_equal(found[0].expires_s, DESK_NOW_S + DESK_KEPT_S + CG_DENIAL_MARGIN_S);
}

static void retiring_denies_like_suspending(void **state)
{
    struct desk *desk = *state;
    assert_ok(cg_client_suspend(desk->store, desk->realm, desk->client, DESK_NOW_S, NULL));
    assert_ok(cg_client_retire(desk->store, desk->realm, desk->client, DESK_NOW_S + 50, NULL));
    struct cg_snapshot_denial found[8];
    assert_int_equal(read_all(desk, DESK_NOW_S, found), 1);
    assert_int_equal(found[0].epoch, 2);
    assert_int_equal(found[0].expires_s, DESK_NOW_S + 50 + DESK_KEPT_S + CG_DENIAL_MARGIN_S);
}

static void withdrawing_denies_for_as_long_as_a_token_may_live(void **state)
{
    struct desk *desk = *state;
    struct cg_span id = desk_agree(desk, "documents", "documents.read");
    struct cg_decision decision = {.who = CG_SPAN("Ada"), .at_s = DESK_NOW_S + 7};
    assert_ok(cg_agreement_withdraw(desk->store, desk->realm, id, &decision, NULL));
    struct cg_snapshot_denial found[8];
    assert_int_equal(read_all(desk, DESK_NOW_S, found), 1);
    assert_int_equal(found[0].kind, CG_DENIAL_AGREEMENT);
    assert_span_equal(found[0].subject, id);
    assert_int_equal(found[0].expires_s, DESK_NOW_S + 7 + DESK_KEPT_S + CG_DENIAL_MARGIN_S);
}

static void sweeping_removes_what_lapsed_and_touches_nothing(void **state)
{
    struct desk *desk = *state;
    assert_ok(add(desk, CG_DENIAL_TOKEN, "early", 0, DESK_NOW_S + 10));
    assert_ok(add(desk, CG_DENIAL_TOKEN, "late", 0, DESK_NOW_S + 20));
    struct cg_registry_version before = desk_version(desk);
    assert_ok(cg_denial_sweep(desk->store, DESK_NOW_S + 11));
    struct cg_registry_version after = desk_version(desk);
    assert_memory_equal(&before, &after, sizeof(before));
    struct cg_snapshot_denial found[8];
    assert_int_equal(read_all(desk, DESK_NOW_S, found), 1);
    assert_span_text(found[0].subject, "late");
}

TEST(unknown_kind_of_denial_is_a_fault_of_the_store)
{
    enum cg_denial kind;
    assert_status(cg_denial_kind_find(CG_SPAN_OF("realm"), &kind), CG_ERR_STORE);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(denial_is_kept_until_it_lapses, desk_open, desk_close),
    cmocka_unit_test_setup_teardown(denial_of_the_same_is_only_ever_extended, desk_open,
                                    desk_close),
    cmocka_unit_test_setup_teardown(one_subject_may_be_denied_as_each_kind, desk_open, desk_close),
    cmocka_unit_test_setup_teardown(denial_that_no_snapshot_can_carry_is_refused, desk_open,
                                    desk_close),
    cmocka_unit_test_setup_teardown(suspending_denies_for_as_long_as_a_token_may_live, desk_open,
                                    desk_close),
    cmocka_unit_test_setup_teardown(retiring_denies_like_suspending, desk_open, desk_close),
    cmocka_unit_test_setup_teardown(withdrawing_denies_for_as_long_as_a_token_may_live, desk_open,
                                    desk_close),
    cmocka_unit_test_setup_teardown(sweeping_removes_what_lapsed_and_touches_nothing, desk_open,
                                    desk_close),
    cmocka_unit_test(unknown_kind_of_denial_is_a_fault_of_the_store),
};
TEST_MAIN(tests)
