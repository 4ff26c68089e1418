/* SPDX-License-Identifier: Apache-2.0 */
/* One text of SQL serves every engine: what only one of them understands does not stand in any. */
#include "store/statements.h"

#include "test.h"

#include <ctype.h>
#include <stdbool.h>

static const char *const foreign_words[] = {
    /* SQLite alone */
    "rowid",
    "_rowid_",
    "oid",
    "ifnull",
    "strftime",
    "julianday",
    "datetime",
    "unixepoch",
    "glob",
    "pragma",
    "autoincrement",
    "group_concat",
    "total",
    "iif",
    "instr",
    "printf",
    "hex",
    "unhex",
    "zeroblob",
    "typeof",
    "changes",
    "last_insert_rowid",
    "sqlite_master",
    "indexed",
    "replace",
    "json_extract",
    "regexp",
    "match",
    "collate",
    /* PostgreSQL alone */
    "ilike",
    "serial",
    "now",
    "interval",
    "to_char",
    "to_timestamp",
    "string_agg",
    "array_agg",
    "greatest",
    "least",
    "similar",
    "lateral",
    "skip",
    "bool_or",
    "any",
};

static bool is_word_character(char character)
{
    return isalnum((unsigned char)character) || character == '_';
}

/* The next word at or after *at that is neither a parameter nor quoted; false at the end. */
static bool next_word(const char **at, char ret_word[static 64])
{
    bool quoted = false;
    for (const char *from = *at; *from != '\0'; from++) {
        quoted = *from == '\'' ? !quoted : quoted;
        bool begins = isalpha((unsigned char)*from) || *from == '_';
        if (quoted || !begins) {
            continue;
        }
        size_t len = 0;
        while (is_word_character(from[len])) {
            len++;
        }
        bool parameter = from > *at && from[-1] == '$';
        *at = from + len;
        from += len - 1;
        if (parameter) {
            continue;
        }
        assert_true(len < 64);
        for (size_t i = 0; i < len; i++) {
            ret_word[i] = (char)tolower((unsigned char)(*at - len)[i]);
        }
        ret_word[len] = '\0';
        return true;
    }
    return false;
}

static void check_words(const char *text)
{
    const char *at = text;
    char word[64];
    while (next_word(&at, word)) {
        for (size_t i = 0; i < TEST_COUNT(foreign_words); i++) {
            if (strcmp(word, foreign_words[i]) == 0) {
                fail_msg("%s in: %s", word, text);
            }
        }
    }
}

TEST(statements_use_no_word_of_one_engine_alone)
{
    for (size_t i = 0; i < CG_SQL_COUNT; i++) {
        check_words(cg_sql_texts[i].text);
    }
}

/* Texts that double-quote, number their parameters or bracket names mean other things elsewhere. */
TEST(statements_name_their_parameters_and_quote_as_the_standard_does)
{
    for (size_t i = 0; i < CG_SQL_COUNT; i++) {
        const char *text = cg_sql_texts[i].text;
        if (strpbrk(text, "?\"`[]:@;") != NULL) {
            fail_msg("%s", text);
        }
        for (const char *at = strchr(text, '$'); at != NULL; at = strchr(at + 1, '$')) {
            assert_true(islower((unsigned char)at[1]));
        }
    }
}

TEST(words_are_told_from_parameters_and_texts)
{
    const char *at = "select a from b where c = $now and d = 'glob' and E";
    static const char *const words[] = {"select", "a",   "from", "b",   "where",
                                        "c",      "and", "d",    "and", "e"};
    char word[64];
    for (size_t i = 0; i < TEST_COUNT(words); i++) {
        assert_true(next_word(&at, word));
        assert_string_equal(word, words[i]);
    }
    assert_false(next_word(&at, word));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(statements_use_no_word_of_one_engine_alone),
    cmocka_unit_test(statements_name_their_parameters_and_quote_as_the_standard_does),
    cmocka_unit_test(words_are_told_from_parameters_and_texts),
};
TEST_MAIN(tests)
