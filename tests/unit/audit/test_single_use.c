/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/single_use.h"
#include "base/limits.h"
#include "base/span.h"
#include "ledger.h"
#include "test.h"

static struct cg_single_use named(const char *realm, const char *owner, struct cg_span id)
{
    struct cg_single_use use = {.kind = CG_SINGLE_USE_DPOP, .expires_s = LEDGER_NOW_S + 60};
    assert_ok(cg_single_use_name(test_span(realm), test_span(owner), id, &use));
    return use;
}

static bool spend(struct ledger *ledger, const struct cg_single_use *use)
{
    struct cg_store *store = cg_journal_store(ledger->journal);
    bool won = false;
    assert_ok(cg_store_begin(store));
    assert_ok(cg_single_use_spend(store, use, &won));
    assert_ok(cg_store_commit(store));
    return won;
}

static void single_use_is_spent_once(void **state)
{
    struct ledger *ledger = *state;
    struct cg_single_use use = named("/r", "client", CG_SPAN_OF("jti"));
    assert_true(spend(ledger, &use));
    assert_false(spend(ledger, &use));
}

static void single_use_can_be_looked_at_and_stays_as_it_is(void **state)
{
    struct ledger *ledger = *state;
    struct cg_store *store = cg_journal_store(ledger->journal);
    struct cg_single_use use = named("/r", "client", CG_SPAN_OF("jti"));
    struct cg_single_use other = named("/r", "client", CG_SPAN_OF("another"));
    bool spent = true;
    assert_ok(cg_single_use_look(store, &use, &spent));
    assert_false(spent);
    assert_true(spend(ledger, &use));
    assert_ok(cg_single_use_look(store, &use, &spent));
    assert_true(spent);
    assert_ok(cg_single_use_look(store, &other, &spent));
    assert_false(spent);
}

static void single_use_of_another_realm_owner_id_or_kind_is_another(void **state)
{
    struct ledger *ledger = *state;
    struct cg_single_use uses[] = {
        named("/r", "client", CG_SPAN_OF("jti")),   named("/s", "client", CG_SPAN_OF("jti")),
        named("/r", "clientj", CG_SPAN_OF("ti")),   named("/r", "clien", CG_SPAN_OF("tjti")),
        named("/r", "client", CG_SPAN_OF("\0jti")), named("/r", "client", CG_SPAN_OF("JTI")),
        named("/r", "client", CG_SPAN_OF("jti")),
    };
    uses[TEST_COUNT(uses) - 1].kind = CG_SINGLE_USE_ASSERTION;
    for (size_t i = 0; i < TEST_COUNT(uses); i++) {
        assert_true(spend(ledger, &uses[i]));
    }
}

static void single_use_is_forgotten_at_its_end_only(void **state)
{
    struct ledger *ledger = *state;
    struct cg_store *store = cg_journal_store(ledger->journal);
    struct cg_single_use use = named("/r", "client", CG_SPAN_OF("jti"));
    assert_true(spend(ledger, &use));
    assert_ok(cg_single_use_forget(store, use.expires_s - 1));
    assert_false(spend(ledger, &use));
    assert_ok(cg_single_use_forget(store, use.expires_s));
    assert_true(spend(ledger, &use));
}

static void single_use_of_more_than_the_bound_has_no_name(void **state)
{
    (void)state;
    static uint8_t id[CG_LIMIT_SINGLE_USE_BYTES];
    struct cg_single_use use = {.kind = CG_SINGLE_USE_DPOP};
    assert_status(cg_single_use_name(CG_SPAN_OF("/r"), CG_SPAN_OF("c"),
                                     cg_span_of_bytes(id, sizeof(id)), &use),
                  CG_ERR_LIMIT);
}

#define PREPARED(name) cmocka_unit_test_setup_teardown(name, ledger_set_up, ledger_tear_down)

static const struct CMUnitTest tests[] = {
    PREPARED(single_use_is_spent_once),
    PREPARED(single_use_can_be_looked_at_and_stays_as_it_is),
    PREPARED(single_use_of_another_realm_owner_id_or_kind_is_another),
    PREPARED(single_use_is_forgotten_at_its_end_only),
    PREPARED(single_use_of_more_than_the_bound_has_no_name),
};

TEST_MAIN(tests)
