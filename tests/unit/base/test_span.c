/* SPDX-License-Identifier: Apache-2.0 */
#include "base/span.h"
#include "test.h"

static const struct cg_span absent = {NULL, 0};

TEST(span_of_a_literal_has_no_terminating_zero)
{
    static const struct cg_span literal = CG_SPAN("abc");
    assert_span_text(literal, "abc");
    assert_int_equal(CG_SPAN_OF("").len, 0);
    char text[8];
    assert_int_equal(snprintf(text, sizeof(text), "%.*s", CG_SPAN_ARGS(literal)), 3);
    assert_string_equal(text, "abc");
}

TEST(span_of_a_missing_string_is_absent)
{
    assert_null(cg_span_of_string(NULL).data);
    assert_span_text(cg_span_of_string("abc"), "abc");
    assert_span_text(cg_span_of_bytes("abcdef", 3), "abc");
}

TEST(span_equal_compares_length_and_bytes)
{
    static const struct {
        const char *a;
        const char *b;
        bool equal;
        bool equal_nocase;
    } rows[] = {
        {"", "", true, true},
        {"abc", "abc", true, true},
        {"abc", "aBC", false, true},
        {"abc", "ab", false, false},
        {"abc", "abd", false, false},
        {"[", "{", false, false},
        {"@", "`", false, false},
        {"AZaz09", "azAZ09", false, true},
        {"\xc3\x89", "\xc3\xa9", false, false},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        struct cg_span a = test_span(rows[i].a);
        struct cg_span b = test_span(rows[i].b);
        assert_int_equal(cg_span_equal(a, b), rows[i].equal);
        assert_int_equal(cg_span_equal_string(a, rows[i].b), rows[i].equal);
        assert_int_equal(cg_span_equal_nocase(a, b), rows[i].equal_nocase);
    }
}

TEST(span_equal_takes_absent_for_empty)
{
    assert_true(cg_span_equal(absent, test_span("")));
    assert_true(cg_span_equal_nocase(absent, absent));
    assert_true(cg_span_equal_string(absent, ""));
    assert_true(cg_span_equal_string(absent, NULL));
    assert_false(cg_span_equal(absent, test_span("a")));
}

TEST(span_starts_with_its_prefixes)
{
    assert_true(cg_span_starts_with(test_span("abc"), test_span("ab")));
    assert_true(cg_span_starts_with(test_span("abc"), test_span("abc")));
    assert_true(cg_span_starts_with(test_span("abc"), test_span("")));
    assert_true(cg_span_starts_with(absent, absent));
    assert_false(cg_span_starts_with(test_span("abc"), test_span("abcd")));
    assert_false(cg_span_starts_with(test_span("abc"), test_span("b")));
}

TEST(span_compare_orders_by_bytes_then_length)
{
    static const char *const ordered[] = {"", "A", "a", "aa", "ab", "b", "\xff"};
    for (size_t i = 0; i < TEST_COUNT(ordered); i++) {
        for (size_t j = 0; j < TEST_COUNT(ordered); j++) {
            int order = cg_span_compare(test_span(ordered[i]), test_span(ordered[j]));
            assert_int_equal((order > 0) - (order < 0), (i > j) - (i < j));
        }
    }
    assert_int_equal(cg_span_compare(absent, test_span("")), 0);
    assert_true(cg_span_compare(absent, test_span("a")) < 0);
}

TEST(span_part_cuts_off_what_lies_outside)
{
    static const struct {
        size_t from;
        size_t len;
        const char *part;
    } rows[] = {
        {0, 6, "abcdef"},
        {0, 3, "abc"},
        {2, 2, "cd"},
        {4, 9, "ef"},
        {6, 1, ""},
        {9, 1, ""},
        {0, 0, ""},
        {1, SIZE_MAX, "bcdef"},
        {SIZE_MAX, SIZE_MAX, ""},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        struct cg_span part = cg_span_part(test_span("abcdef"), rows[i].from, rows[i].len);
        assert_span_text_row(rows[i].part, part, rows[i].part);
        assert_non_null(part.data);
    }
    assert_null(cg_span_part(absent, 1, 2).data);
}

TEST(span_find_gives_the_index_or_the_length)
{
    struct cg_span text = test_span("a.b.c");
    assert_int_equal(cg_span_find(text, '.', 0), 1);
    assert_int_equal(cg_span_find(text, '.', 1), 1);
    assert_int_equal(cg_span_find(text, '.', 2), 3);
    assert_int_equal(cg_span_find(text, '.', 4), 5);
    assert_int_equal(cg_span_find(text, '.', 99), 5);
    assert_int_equal(cg_span_find(text, 'x', 0), 5);
    assert_int_equal(cg_span_find(absent, '.', 0), 0);
}

TEST(span_split_gives_every_piece_and_empty_ones_too)
{
    static const struct {
        const char *text;
        const char *pieces[5];
    } rows[] = {
        {"a b c", {"a", "b", "c"}},
        {"a  b", {"a", "", "b"}},
        {" a", {"", "a"}},
        {"a ", {"a", ""}},
        {"abc", {"abc"}},
        {"", {""}},
        {" ", {"", ""}},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        struct cg_span rest = test_span(rows[i].text);
        struct cg_span piece = absent;
        size_t count = 0;
        while (cg_span_split(&rest, ' ', &piece)) {
            assert_non_null(rows[i].pieces[count]);
            assert_span_text_row(rows[i].text, piece, rows[i].pieces[count]);
            count++;
        }
        assert_null(rows[i].pieces[count]);
    }
}

TEST(span_split_of_an_absent_span_has_no_piece)
{
    struct cg_span rest = absent;
    struct cg_span piece = CG_SPAN("before");
    assert_false(cg_span_split(&rest, ' ', &piece));
    assert_span_text(piece, "before");
}

TEST(span_to_number_reads_plain_decimals_up_to_the_maximum)
{
    static const struct {
        const char *text;
        int64_t max;
        int64_t number;
    } rows[] = {
        {"0", 0, 0},
        {"0", 9, 0},
        {"7", 9, 7},
        {"65535", 65535, 65535},
        {"9223372036854775807", INT64_MAX, INT64_MAX},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        int64_t number = -1;
        assert_status_row(rows[i].text,
                          cg_span_to_number(test_span(rows[i].text), rows[i].max, &number), CG_OK);
        assert_int_equal(number, rows[i].number);
    }
}

TEST(span_to_number_refuses_all_else)
{
    static const struct {
        const char *text;
        int64_t max;
    } rows[] = {
        {"", 9},
        {"-1", 9},
        {"+1", 9},
        {" 1", 9},
        {"1 ", 9},
        {"01", 99},
        {"00", 9},
        {"1a", 99},
        {"10", 9},
        {"8", 7},
        {"65536", 65535},
        {"1:", 99},
        {"1/", 99},
        {"5", 0},
        {"1", -1},
        {"9223372036854775808", INT64_MAX},
        {"99999999999999999999999", INT64_MAX},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        int64_t number = -7;
        assert_status_row(rows[i].text,
                          cg_span_to_number(test_span(rows[i].text), rows[i].max, &number),
                          CG_ERR_INPUT);
        assert_int_equal(number, -7);
    }
    int64_t number = -7;
    assert_status(cg_span_to_number(absent, 9, &number), CG_ERR_INPUT);
}

TEST(span_has_word_knows_whole_words_alone)
{
    struct cg_span words = CG_SPAN("P5 P9");
    assert_true(cg_span_has_word(words, CG_SPAN_OF("P5")));
    assert_true(cg_span_has_word(words, CG_SPAN_OF("P9")));
    assert_false(cg_span_has_word(words, CG_SPAN_OF("P")));
    assert_false(cg_span_has_word(words, CG_SPAN_OF("P5 P9")));
    assert_false(cg_span_has_word((struct cg_span){NULL, 0}, CG_SPAN_OF("P5")));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(span_of_a_literal_has_no_terminating_zero),
    cmocka_unit_test(span_of_a_missing_string_is_absent),
    cmocka_unit_test(span_equal_compares_length_and_bytes),
    cmocka_unit_test(span_equal_takes_absent_for_empty),
    cmocka_unit_test(span_starts_with_its_prefixes),
    cmocka_unit_test(span_compare_orders_by_bytes_then_length),
    cmocka_unit_test(span_part_cuts_off_what_lies_outside),
    cmocka_unit_test(span_find_gives_the_index_or_the_length),
    cmocka_unit_test(span_split_gives_every_piece_and_empty_ones_too),
    cmocka_unit_test(span_has_word_knows_whole_words_alone),
    cmocka_unit_test(span_split_of_an_absent_span_has_no_piece),
    cmocka_unit_test(span_to_number_reads_plain_decimals_up_to_the_maximum),
    cmocka_unit_test(span_to_number_refuses_all_else),
};
TEST_MAIN(tests)
