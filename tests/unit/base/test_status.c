/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "base/status.h"
#include "test.h"

static enum cg_status refuse(struct cg_fault *fault)
{
    CG_FAIL(fault, CG_ERR_INPUT, CG_REASON_SCOPE_MALFORMED, "Mend it.", "RFC 6749 §3.3");
}

static enum cg_status pass_on(enum cg_status status, int *ret_reached)
{
    CG_TRY(status);
    *ret_reached = 1;
    return CG_OK;
}

TEST(fail_records_why_and_returns_the_status)
{
    struct cg_fault fault = {0};
    assert_status(refuse(&fault), CG_ERR_INPUT);
    assert_int_equal(fault.reason, CG_REASON_SCOPE_MALFORMED);
    assert_string_equal(fault.text, "Mend it.");
    assert_string_equal(fault.spec, "RFC 6749 §3.3");
}

TEST(fail_works_where_nobody_asks_why)
{
    assert_status(refuse(NULL), CG_ERR_INPUT);
}

TEST(try_passes_a_failure_on_and_goes_on_after_success)
{
    int reached = 0;
    assert_status(pass_on(CG_ERR_STORE, &reached), CG_ERR_STORE);
    assert_int_equal(reached, 0);
    assert_status(pass_on(CG_OK, &reached), CG_OK);
    assert_int_equal(reached, 1);
}

TEST(status_each_has_a_word_of_its_own)
{
    for (int i = CG_OK; i <= CG_ERR_INTERNAL; i++) {
        const char *name = cg_status_name((enum cg_status)i);
        assert_non_null(name);
        for (int other = CG_OK; other < i; other++) {
            assert_string_not_equal(name, cg_status_name((enum cg_status)other));
        }
    }
    assert_string_equal(cg_status_name(CG_ERR_INPUT), "input");
    assert_string_equal(cg_status_name((enum cg_status)99), "unknown");
}

static int *note_release(int *value)
{
    *value += 1;
    return NULL;
}
CG_DEFINE_CLEANUP(note_release_at, int *, note_release)

TEST(cleanup_releases_once_at_the_end_of_the_scope)
{
    int released = 0;
    {
        CG_CLEANUP(note_release_at) int *held = &released;
        assert_int_equal(*held, 0);
    }
    assert_int_equal(released, 1);
}

TEST(steal_hands_on_and_leaves_nothing_to_release)
{
    int released = 0;
    int *kept = NULL;
    {
        CG_CLEANUP(note_release_at) int *held = &released;
        kept = CG_STEAL(held);
        assert_null(held);
    }
    assert_ptr_equal(kept, &released);
    assert_int_equal(released, 0);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(fail_records_why_and_returns_the_status),
    cmocka_unit_test(fail_works_where_nobody_asks_why),
    cmocka_unit_test(try_passes_a_failure_on_and_goes_on_after_success),
    cmocka_unit_test(status_each_has_a_word_of_its_own),
    cmocka_unit_test(cleanup_releases_once_at_the_end_of_the_scope),
    cmocka_unit_test(steal_hands_on_and_leaves_nothing_to_release),
};
TEST_MAIN(tests)
