/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include "base/limits.h"
#include "feed/report_patience.h"

#define START INT64_C(1767225600)

TEST(report_that_is_refused_for_long_is_given_up)
{
    int64_t since_s = 0;
    assert_false(cg_report_patience_ends(&since_s, true, START));
    assert_false(cg_report_patience_ends(&since_s, true, START + CG_LIMIT_REPORT_REFUSED_S - 1));
    assert_true(cg_report_patience_ends(&since_s, true, START + CG_LIMIT_REPORT_REFUSED_S));
    /* The next one has as long. */
    assert_false(cg_report_patience_ends(&since_s, true, START + CG_LIMIT_REPORT_REFUSED_S + 1));
}

TEST(report_waits_for_an_issuer_that_is_away)
{
    int64_t since_s = 0;
    assert_false(cg_report_patience_ends(&since_s, true, START));
    assert_false(cg_report_patience_ends(&since_s, false, START + 1));
    assert_false(cg_report_patience_ends(&since_s, true, START + CG_LIMIT_REPORT_REFUSED_S));
    assert_true(cg_report_patience_ends(&since_s, true, START + 2 * CG_LIMIT_REPORT_REFUSED_S));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(report_that_is_refused_for_long_is_given_up),
    cmocka_unit_test(report_waits_for_an_issuer_that_is_away),
};
TEST_MAIN(tests)
