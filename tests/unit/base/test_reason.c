/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <caregate/reason.h>
#include <ctype.h>

TEST(reason_each_has_a_name_of_its_own_in_lower_case)
{
    for (int i = 0; i < CG_REASON_COUNT; i++) {
        const char *name = cg_reason_name((enum cg_reason)i);
        assert_non_null(name);
        assert_int_not_equal(strlen(name), 0);
        assert_int_equal(strspn(name, "abcdefghijklmnopqrstuvwxyz_"), strlen(name));
        for (int other = 0; other < i; other++) {
            assert_string_not_equal(name, cg_reason_name((enum cg_reason)other));
        }
    }
}

TEST(reason_each_has_one_plain_sentence)
{
    for (int i = 0; i < CG_REASON_COUNT; i++) {
        const char *text = cg_reason_text((enum cg_reason)i);
        assert_non_null(text);
        size_t len = strlen(text);
        assert_in_range(len, 10, 160);
        assert_true(isupper((unsigned char)text[0]));
        assert_int_equal(text[len - 1], '.');
        assert_null(strstr(text, ". "));
        for (size_t at = 0; at < len; at++) {
            assert_true(isprint((unsigned char)text[at]));
        }
    }
}

TEST(reason_names_are_those_that_the_outside_knows)
{
    static const struct {
        enum cg_reason reason;
        const char *name;
    } rows[] = {
        {CG_REASON_NONE, "none"},
        {CG_REASON_TOKEN_MISSING, "token_missing"},
        {CG_REASON_TOKEN_EXPIRED, "token_expired"},
        {CG_REASON_TOKEN_IN_QUERY, "token_in_query"},
        {CG_REASON_PATH_AMBIGUOUS, "path_ambiguous"},
        {CG_REASON_API_NOT_AGREED, "api_not_agreed"},
        {CG_REASON_AGREEMENT_WITHDRAWN, "agreement_withdrawn"},
        {CG_REASON_CLIENT_AUTHENTICATION_FAILED, "client_authentication_failed"},
        {CG_REASON_UPSTREAM_TIMEOUT, "upstream_timeout"},
        {CG_REASON_INTERNAL, "internal"},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        assert_string_equal(cg_reason_name(rows[i].reason), rows[i].name);
    }
}

TEST(reason_of_failed_authentication_does_not_tell_which_part_was_wrong)
{
    static const char *const telling[] = {"secret", "unknown", "exist", "password", "suspended"};
    const char *text = cg_reason_text(CG_REASON_CLIENT_AUTHENTICATION_FAILED);
    for (size_t i = 0; i < TEST_COUNT(telling); i++) {
        assert_null(strstr(text, telling[i]));
    }
}

TEST(reason_outside_the_table_is_unknown)
{
    assert_string_equal(cg_reason_name(CG_REASON_COUNT), "unknown");
    assert_string_equal(cg_reason_name((enum cg_reason) - 1), "unknown");
    assert_non_null(cg_reason_text(CG_REASON_COUNT));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(reason_each_has_a_name_of_its_own_in_lower_case),
    cmocka_unit_test(reason_each_has_one_plain_sentence),
    cmocka_unit_test(reason_names_are_those_that_the_outside_knows),
    cmocka_unit_test(reason_of_failed_authentication_does_not_tell_which_part_was_wrong),
    cmocka_unit_test(reason_outside_the_table_is_unknown),
};
TEST_MAIN(tests)
