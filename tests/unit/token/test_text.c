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

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(header_safe_text_is_visible_ascii_without_quotes_and_backslashes),
    cmocka_unit_test(header_safe_text_is_bounded),
    cmocka_unit_test(name_of_an_api_is_a_short_word),
};
TEST_MAIN(tests)
