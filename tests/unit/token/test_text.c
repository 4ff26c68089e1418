/* SPDX-License-Identifier: Apache-2.0 */
#include "base/limits.h"
#include "test.h"
#include "token/text.h"

TEST(header_safe_text_is_visible_ascii_without_quotes_and_backslashes)
{
    static const struct {
        const char *label;
        const char *text;
        bool safe;
    } rows[] = {
        {"word", "RX1", true},
        {"first and last visible", "!~", true},
        {"empty", "", false},
        {"space", "a b", false},
        {"carriage return", "a\rb", false},
        {"line feed", "a\nb", false},
        {"quote", "a\"b", false},
        {"backslash", "a\\b", false},
        {"delete", "a\x7f", false},
        {"beyond ASCII", "\xc3\xa9", false},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        print_message("# %s\n", rows[i].label);
        assert_int_equal(cg_text_is_header_safe(test_span(rows[i].text), 16), rows[i].safe);
    }
}

TEST(header_safe_text_is_bounded)
{
    assert_true(cg_text_is_header_safe(test_span("1234"), 4));
    assert_false(cg_text_is_header_safe(test_span("12345"), 4));
}

TEST(name_of_an_api_is_a_short_word)
{
    char longest[CG_LIMIT_NAME_BYTES + 2] = {0};
    memset(longest, 'a', CG_LIMIT_NAME_BYTES);
    assert_true(cg_text_is_name(test_span(longest)));
    longest[CG_LIMIT_NAME_BYTES] = 'a';
    assert_false(cg_text_is_name(test_span(longest)));
    assert_true(cg_text_is_name(test_span("azAZ09._-")));
    static const char *const bad[] = {"", "a b", "a/b", "a:b", "a@b", "a[b", "a`b", "a{b"};
    for (size_t i = 0; i < TEST_COUNT(bad); i++) {
        print_message("# \"%s\"\n", bad[i]);
        assert_false(cg_text_is_name(test_span(bad[i])));
    }
}

/* Types of the pointers of the National Record Locator, and the patient of SNOMED CT's guides. */
TEST(sctid_has_a_right_check_digit)
{
    static const char *const good[] = {
        "736253002",        "887701000000100", "861421000000109", "1382601000000107",
        "1363501000000100", "325691000000100", "736373009",       "16521000000101",
        "736366004",        "735324008",       "824321000000109", "116154003",
    };
    for (size_t i = 0; i < TEST_COUNT(good); i++) {
        print_message("# %s\n", good[i]);
        assert_true(cg_text_is_sctid(test_span(good[i])));
        char bad[32];
        (void)snprintf(bad, sizeof(bad), "%s", good[i]);
        char *digit = &bad[strlen(bad) - 1];
        *digit = *digit == '9' ? '0' : (char)(*digit + 1);
        assert_false(cg_text_is_sctid(test_span(bad)));
    }
    /* Two digits changed for each other. */
    assert_false(cg_text_is_sctid(test_span("763253002")));
}

TEST(sctid_has_6_to_18_digits_and_nothing_else)
{
    static const struct {
        const char *label;
        const char *text;
        bool is_one;
    } rows[] = {
        {"6 digits", "100005", true},          {"18 digits", "999999990989121104", true},
        {"5 digits", "10003", false},          {"19 digits", "1000000000000000007", false},
        {"leading zero", "0736253001", false}, {"empty", "", false},
        {"letter", "73625300a", false},        {"space", "736253002 ", false},
        {"sign", "+736253002", false},         {"other digits", "\xd9\xa3\xd9\xa3\xd9\xa3", false},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        print_message("# %s\n", rows[i].label);
        assert_int_equal(cg_text_is_sctid(test_span(rows[i].text)), rows[i].is_one);
    }
}

TEST(ods_code_is_3_to_10_capitals_and_digits)
{
    static const char *const good[] = {"X09", "RYG", "RX809", "B85036", "ABCDEFGH12"};
    static const char *const bad[] = {"",      "X0",    "ABCDEFGH123", "rx809",
                                      "RX 09", "RX-09", "R\xc3\x89"};
    for (size_t i = 0; i < TEST_COUNT(good); i++) {
        assert_true(cg_text_is_ods(test_span(good[i])));
    }
    for (size_t i = 0; i < TEST_COUNT(bad); i++) {
        assert_false(cg_text_is_ods(test_span(bad[i])));
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(header_safe_text_is_visible_ascii_without_quotes_and_backslashes),
    cmocka_unit_test(header_safe_text_is_bounded),
    cmocka_unit_test(name_of_an_api_is_a_short_word),
    cmocka_unit_test(sctid_has_a_right_check_digit),
    cmocka_unit_test(sctid_has_6_to_18_digits_and_nothing_else),
    cmocka_unit_test(ods_code_is_3_to_10_capitals_and_digits),
};
TEST_MAIN(tests)
