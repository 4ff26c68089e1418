/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <caregate/gate.h>

TEST(method_has_a_bit_of_its_own)
{
    static const struct {
        const char *name;
        enum cg_method method;
    } rows[] = {
        {"GET", CG_METHOD_GET},         {"HEAD", CG_METHOD_HEAD},   {"POST", CG_METHOD_POST},
        {"PUT", CG_METHOD_PUT},         {"PATCH", CG_METHOD_PATCH}, {"DELETE", CG_METHOD_DELETE},
        {"OPTIONS", CG_METHOD_OPTIONS},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        assert_int_equal(cg_method_of(test_span(rows[i].name)), rows[i].method);
    }
}

/* RFC 9110 §9.1: the method token is case-sensitive. */
TEST(method_of_another_name_or_case_is_other)
{
    static const char *const names[] = {"get", "Get", "", "GETX", "GE", "TRACE", "MKCOL"};
    for (size_t i = 0; i < TEST_COUNT(names); i++) {
        assert_int_equal(cg_method_of(test_span(names[i])), CG_METHOD_OTHER);
    }
    assert_int_equal(cg_method_of((struct cg_span){NULL, 0}), CG_METHOD_OTHER);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(method_has_a_bit_of_its_own),
    cmocka_unit_test(method_of_another_name_or_case_is_other),
};
TEST_MAIN(tests)
