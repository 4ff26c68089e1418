/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/args.h"
#include "cli_test.h"

static const struct cg_option options[] = {
    {"name", "NAME", CG_OPTION_REQUIRED, "its name"},
    {"scope", "SCOPE", CG_OPTION_REPEATABLE, "what it may do"},
    {"token-life", "SECONDS", CG_OPTION_PLAIN, "how long"},
    {"until", "DATE", CG_OPTION_PLAIN, "until when"},
    {"count", "N", CG_OPTION_PLAIN, "how many"},
    {"by", "WHO", CG_OPTION_PLAIN, "who"},
    {"fhir", NULL, CG_OPTION_PLAIN, "a flag"},
    {NULL, NULL, CG_OPTION_PLAIN, NULL},
};
static const struct cg_verb verb = {.name = "add", .arguments = "ID [MORE]", .options = options};

#define WORDS_MAX 12

static enum cg_status parse(struct cli_test *test, const char *const words[], struct cg_args *args)
{
    char *argv[WORDS_MAX + 1] = {(char *)(uintptr_t) "add"};
    int argc = 1;
    for (size_t i = 0; words[i] != NULL; i++) {
        argv[argc++] = (char *)(uintptr_t)words[i];
    }
    return cg_args_parse(&test->context, &verb, argc, argv, args);
}

TEST(args_sort_words_wherever_they_stand)
{
    struct cli_test test;
    struct cg_args args;
    struct cg_span joined;
    const char *const words[] = {"--scope=a", "one",     "--name", "n",      "--fhir",
                                 "two",       "--scope", "b",      "--json", NULL};
    cli_test_start(&test, false);
    assert_ok(parse(&test, words, &args));
    assert_span_text(cg_args_argument(&args, 0), "one");
    assert_span_text(cg_args_argument(&args, 1), "two");
    assert_null(cg_args_argument(&args, 2).data);
    assert_span_text(cg_args_value(&args, "name"), "n");
    assert_true(cg_args_has(&args, "fhir"));
    assert_false(cg_args_has(&args, "token-life"));
    assert_int_equal(cg_args_count(&args, "scope"), 2);
    assert_span_text(cg_args_value_at(&args, "scope", 1), "b");
    assert_ok(cg_args_join(&test.context, &args, "scope", &joined));
    assert_span_text(joined, "a b");
    assert_true(test.context.json);
    cli_test_end(&test);
}

TEST(args_refuse_wrong_usage_with_exit_code_2)
{
    static const struct {
        const char *label;
        const char *words[WORDS_MAX];
        const char *says;
    } rows[] = {
        {"unknown option", {"x", "--name", "n", "--colour", NULL}, "no option --colour"},
        {"value missing", {"x", "--name", NULL}, "value is missing after --name"},
        {"value to a flag",
         {"x", "--name", "n", "--fhir=yes", NULL},
         "no option --fhir that takes a value"},
        {"half a name", {"x", "--na", "n", NULL}, "no option --na\n"},
        {"half a name with a value", {"x", "--na=n", NULL}, "no option --na that"},
        {"required missing", {"x", NULL}, "wants --name NAME: its name"},
        {"argument missing", {"--name", "n", NULL}, "wants ID [MORE]"},
        {"argument too many", {"--name", "n", "a", "b", "c", NULL}, "\"c\" is one word too many"},
        {"repeated", {"x", "--name", "n", "--name", "m", NULL}, "--name may stand only once"},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        struct cli_test test;
        struct cg_args args = {.option_count = 99};
        cli_test_start(&test, false);
        assert_status_row(rows[i].label, parse(&test, rows[i].words, &args), CG_ERR_INPUT);
        assert_int_equal(test.context.exit_code, CG_EXIT_USAGE);
        assert_non_null(strstr(cli_test_talk(&test), rows[i].says));
        assert_int_equal(args.option_count, 99);
        cli_test_end(&test);
    }
}

TEST(args_name_who_does_it)
{
    struct cli_test test;
    struct cg_args args;
    const char *const words[] = {"x", "--name", "n", "--by", "Dr A", "--realm", "/v/h", NULL};
    cli_test_start(&test, false);
    assert_ok(parse(&test, words, &args));
    assert_span_text(test.context.by, "Dr A");
    assert_span_text(test.context.realm, "/v/h");
    cli_test_end(&test);
}

TEST(args_typed_values_are_strict)
{
    static const struct {
        const char *option;
        const char *value;
        enum cg_status status;
        int64_t number;
    } rows[] = {
        {"--token-life", "300", CG_OK, 300},         {"--token-life", "5m", CG_OK, 300},
        {"--token-life", "86400", CG_OK, 86400},     {"--token-life", "86401", CG_ERR_INPUT, -1},
        {"--token-life", "0", CG_ERR_INPUT, -1},     {"--token-life", "-1", CG_ERR_INPUT, -1},
        {"--token-life", "soon", CG_ERR_INPUT, -1},  {"--until", "2026-01-31", CG_OK, 1769817600},
        {"--until", "31/01/2026", CG_ERR_INPUT, -1}, {"--count", "9", CG_OK, 9},
        {"--count", "10", CG_ERR_INPUT, -1},         {"--count", "1x", CG_ERR_INPUT, -1},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        struct cli_test test;
        struct cg_args args;
        int64_t number = -1;
        const char *const words[] = {"x", "--name", "n", rows[i].option, rows[i].value, NULL};
        cli_test_start(&test, false);
        assert_ok(parse(&test, words, &args));
        enum cg_status status = cg_args_token_life_s(&test.context, &args, &number);
        if (status == CG_OK) {
            status = cg_args_time_s(&test.context, &args, "until", &number);
        }
        if (status == CG_OK) {
            status = cg_args_number(&test.context, &args, "count", 9, &number);
        }
        assert_status_row(rows[i].value, status, rows[i].status);
        assert_int_equal(number, rows[i].number);
        cli_test_end(&test);
    }
}

TEST(args_warn_of_long_token_lives)
{
    struct cli_test test;
    struct cg_args args;
    int64_t life_s = 0;
    const char *const words[] = {"x", "--name", "n", "--token-life", "3601", NULL};
    cli_test_start(&test, false);
    assert_ok(parse(&test, words, &args));
    assert_ok(cg_args_token_life_s(&test.context, &args, &life_s));
    assert_non_null(strstr(cli_test_talk(&test), "warning"));
    cli_test_end(&test);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(args_sort_words_wherever_they_stand),
    cmocka_unit_test(args_refuse_wrong_usage_with_exit_code_2),
    cmocka_unit_test(args_name_who_does_it),
    cmocka_unit_test(args_typed_values_are_strict),
    cmocka_unit_test(args_warn_of_long_token_lives),
};
TEST_MAIN(tests)
