/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/output.h"
#include "cli_test.h"

static void put_two(struct cg_output *output)
{
    static const char *const names[] = {"one", "a longer name"};
    for (size_t i = 0; i < 2; i++) {
        cg_output_open_record(output);
        cg_output_string(output, "client_id", names[i]);
        cg_output_duration(output, "token_life_s", (int64_t)i * 300, "the realm's");
        cg_output_words(output, "scope", CG_SPAN_OF("a b"));
        cg_output_time(output, "expires_at", (int64_t)i * 1769817600, "never");
        cg_output_flag(output, "valid", i == 1);
        cg_output_text(output, "note", (struct cg_span){NULL, 0});
        cg_output_number(output, "count", -1);
        cg_output_close_record(output);
    }
}

TEST(output_list_is_one_json_array)
{
    struct cli_test test;
    cli_test_start(&test, true);
    cg_output_open_list(&test.context.output, CG_LIST_TABLE, "none");
    put_two(&test.context.output);
    cg_output_close_list(&test.context.output);
    assert_string_equal(
        cli_test_results(&test),
        "[{\"client_id\":\"one\",\"token_life_s\":null,\"scope\":[\"a\",\"b\"],\"expires_at\":null,"
        "\"valid\":false,\"note\":null,\"count\":-1},"
        "{\"client_id\":\"a longer name\",\"token_life_s\":300,\"scope\":[\"a\",\"b\"],"
        "\"expires_at\":1769817600,\"valid\":true,\"note\":null,\"count\":-1}]\n");
    cli_test_end(&test);
}

TEST(output_list_is_an_aligned_table_for_people)
{
    struct cli_test test;
    cli_test_start(&test, false);
    cg_output_open_list(&test.context.output, CG_LIST_TABLE, "none");
    put_two(&test.context.output);
    cg_output_close_list(&test.context.output);
    assert_string_equal(
        cli_test_results(&test),
        "client id      token life   scope  expires at            valid  note  count\n"
        "one            the realm's  a b    never                 no     -     -1\n"
        "a longer name  300 s        a b    2026-01-31T00:00:00Z  yes    -     -1\n");
    cli_test_end(&test);
}

TEST(output_empty_list_says_so)
{
    for (int json = 0; json < 2; json++) {
        struct cli_test test;
        cli_test_start(&test, json == 1);
        cg_output_open_list(&test.context.output, CG_LIST_TABLE, "no clients yet");
        cg_output_close_list(&test.context.output);
        assert_string_equal(cli_test_results(&test), json == 1 ? "[]\n" : "no clients yet\n");
        cli_test_end(&test);
    }
}

TEST(output_record_has_a_line_a_field)
{
    struct cli_test test;
    cli_test_start(&test, false);
    cg_output_open_record(&test.context.output);
    cg_output_string(&test.context.output, "id", "x");
    cg_output_string(&test.context.output, "created_at", "y");
    cg_output_close_record(&test.context.output);
    assert_string_equal(cli_test_results(&test), "id          x\ncreated at  y\n");
    cli_test_end(&test);
}

TEST(output_keeps_control_characters_from_the_terminal)
{
    struct cli_test test;
    cli_test_start(&test, false);
    cg_output_open_record(&test.context.output);
    cg_output_string(&test.context.output, "name", "a\033[2Jb\nc\x7f");
    cg_output_close_record(&test.context.output);
    assert_string_equal(cli_test_results(&test), "name  a?[2Jb?c?\n");
    cli_test_end(&test);
}

TEST(output_streams_long_lists)
{
    struct cli_test test;
    size_t lines = 0;
    cli_test_start(&test, false);
    cg_output_open_list(&test.context.output, CG_LIST_TABLE, "none");
    for (int64_t i = 0; i < 20000; i++) {
        cg_output_open_record(&test.context.output);
        cg_output_number(&test.context.output, "number", i);
        cg_output_close_record(&test.context.output);
    }
    cg_output_close_list(&test.context.output);
    for (const char *at = cli_test_results(&test); *at != '\0'; at++) {
        lines += *at == '\n' ? 1 : 0;
    }
    assert_int_equal(lines, 20001);
    cli_test_end(&test);
}

TEST(output_tells_a_full_disk)
{
    struct cg_output output;
    FILE *full = fopen("/dev/full", "we");
    assert_non_null(full);
    assert_ok(cg_output_init(&output, full, true));
    cg_output_document(&output, CG_SPAN_OF("{}"));
    assert_status(cg_output_finish(&output), CG_ERR_INTERNAL);
    cg_output_release(&output);
    fclose(full);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(output_list_is_one_json_array),
    cmocka_unit_test(output_list_is_an_aligned_table_for_people),
    cmocka_unit_test(output_empty_list_says_so),
    cmocka_unit_test(output_record_has_a_line_a_field),
    cmocka_unit_test(output_keeps_control_characters_from_the_terminal),
    cmocka_unit_test(output_streams_long_lists),
    cmocka_unit_test(output_tells_a_full_disk),
};
TEST_MAIN(tests)
