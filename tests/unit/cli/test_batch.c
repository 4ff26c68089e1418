/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/batch_answer.h"
#include "cli/batch_journal.h"
#include "cli/batch_list.h"
#include "cli/batch_place.h"
#include "cli_test.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

struct seen {
    struct cg_batch_line lines[8];
    size_t count;
};

static void see(void *context, const struct cg_batch_line *line)
{
    struct seen *seen = context;
    assert_true(seen->count < TEST_COUNT(seen->lines));
    seen->lines[seen->count++] = *line;
}

TEST(journal_passes_over_what_it_does_not_know_and_a_torn_line)
{
    static const char text[] = "sent abc a.json\n"
                               "\n"
                               "lost abc a.json\n"
                               "sent abc\n"
                               "sent  a.json\n"
                               "taken abc a b.json\n"
                               "taken abc c.js";
    struct seen seen = {.count = 0};
    size_t whole = cg_batch_journal_read(test_span(text), see, &seen);
    assert_int_equal(whole, strlen(text) - strlen("taken abc c.js"));
    assert_int_equal(seen.count, 2);
    assert_int_equal(seen.lines[0].state, CG_BATCH_SENT);
    assert_int_equal(seen.lines[1].state, CG_BATCH_TAKEN);
    assert_true(cg_span_equal_string(seen.lines[1].file, "a b.json"));
    assert_true(cg_span_equal_string(seen.lines[1].request_id, "abc"));
    assert_int_equal(cg_batch_journal_read(CG_SPAN_OF(""), see, &seen), 0);
}

static void put_file(int folder, const char *name, const char *text)
{
    int descriptor = openat(folder, name, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(descriptor >= 0);
    assert_int_equal(write(descriptor, text, strlen(text)), strlen(text));
    assert_int_equal(close(descriptor), 0);
}

TEST(journal_goes_on_behind_a_torn_line_and_is_one_runs_only)
{
    struct cli_test test;
    struct cg_batch_journal journal;
    struct cg_batch_journal other;
    struct seen seen = {.count = 0};
    cli_test_start(&test, false);
    int folder = open(test.folder, O_RDONLY | O_DIRECTORY);
    put_file(folder, CG_BATCH_JOURNAL, "sent x b.json\ntaken x b.json.js");
    assert_ok(
        cg_batch_journal_open(&test.context, folder, test.context.arena, &journal, see, &seen));
    assert_int_equal(seen.count, 1);
    assert_int_equal(
        cg_batch_journal_open(&test.context, folder, test.context.arena, &other, see, &seen),
        CG_ERR_CONFLICT);
    cg_batch_journal_release(&other);
    cg_batch_journal_add(&journal, CG_BATCH_TAKEN, CG_SPAN_OF("y"), CG_SPAN_OF("c.json"));
    assert_ok(cg_batch_journal_sync(&journal));
    cg_batch_journal_release(&journal);
    seen.count = 0;
    assert_ok(
        cg_batch_journal_open(&test.context, folder, test.context.arena, &journal, see, &seen));
    assert_int_equal(seen.count, 2);
    assert_true(cg_span_equal_string(seen.lines[1].file, "c.json"));
    cg_batch_journal_release(&journal);
    assert_int_equal(unlinkat(folder, CG_BATCH_JOURNAL, 0), 0);
    assert_int_equal(close(folder), 0);
    cli_test_end(&test);
}

TEST(list_is_in_order_and_has_what_the_journal_says)
{
    static const char *const names[] = {"b.json", "a.json", "c.json", ".d.json", "e.txt"};
    static const char text[] = "sent 1 a.json\nsent 2 b.json\ntaken 1 a.json\n"
                               "sent 3 c.json\nrefused 3 c.json\nsent 4 gone.json\n";
    struct cli_test test;
    struct cg_batch_list list;
    cli_test_start(&test, false);
    int folder = open(test.folder, O_RDONLY | O_DIRECTORY);
    for (size_t i = 0; i < TEST_COUNT(names); i++) {
        put_file(folder, names[i], "{}");
    }
    assert_ok(cg_batch_list_read(folder, test.context.arena, &list));
    (void)cg_batch_journal_read(test_span(text), cg_batch_list_see, &list);
    assert_int_equal(list.count, 3);
    assert_string_equal(list.documents[0].file.data, "a.json");
    assert_int_equal(list.documents[0].state, CG_BATCH_TAKEN);
    assert_int_equal(list.documents[1].state, CG_BATCH_SENT);
    assert_true(cg_span_equal_string(list.documents[1].request_id, "2"));
    assert_int_equal(list.documents[2].state, CG_BATCH_NEW);
    assert_null(list.documents[2].request_id.data);
    put_file(folder, "f\n.json", "{}");
    assert_int_equal(cg_batch_list_read(folder, test.context.arena, &list), CG_ERR_INPUT);
    assert_int_equal(unlinkat(folder, "f\n.json", 0), 0);
    for (size_t i = 0; i < TEST_COUNT(names); i++) {
        assert_int_equal(unlinkat(folder, names[i], 0), 0);
    }
    assert_int_equal(close(folder), 0);
    cli_test_end(&test);
}

TEST(document_goes_where_its_type_says)
{
    static const struct {
        const char *body;
        const char *to;
        const char *url; /* NULL: refused */
        bool puts;
    } rows[] = {
        {"{\"resourceType\":\"Patient\"}", NULL, "http://h:1/r/Patient", false},
        {"{\"id\":\"a-1.b\",\"resourceType\":\"Patient\"}", NULL, "http://h:1/r/Patient/a-1.b",
         true},
        {"{\"contained\":[{\"resourceType\":\"X\",\"id\":\"y\"}],\"resourceType\":\"Patient\"}",
         NULL, "http://h:1/r/Patient", false},
        {"{\"resourceType\":\"Bundle\",\"type\":\"transaction\",\"id\":\"1\"}", NULL,
         "http://h:1/r/", false},
        {"{\"resourceType\":\"Bundle\",\"type\":\"document\"}", NULL, "http://h:1/r/Bundle", false},
        {"{\"resourceType\":\"Patient\",\"id\":\"1\"}", "/r/in?x=1", "http://h:1/r/in?x=1", false},
        {"{}", "/r/in", "http://h:1/r/in", false},
        {"{}", NULL, NULL, false},
        {"{\"resourceType\":\"a/b\"}", NULL, NULL, false},
        {"{\"resourceType\":\"Patient\",\"id\":\"..\"}", NULL, NULL, false},
        {"{\"resourceType\":\"Patient\",\"id\":\"\"}", NULL, NULL, false},
        {"{\"resourceType\":\"Patient\"", NULL, NULL, false},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        struct cli_test test;
        const char *reason = NULL;
        struct cg_batch_target target;
        const struct cg_batch_place place = {CG_SPAN_OF("h:1"), CG_SPAN_OF("/r/"),
                                             cg_span_of_string(rows[i].to)};
        cli_test_start(&test, false);
        enum cg_status status = cg_batch_place_target(&place, test_span(rows[i].body),
                                                      test.context.arena, &target, &reason);
        assert_int_equal(status, rows[i].url != NULL ? CG_OK : CG_ERR_INPUT);
        if (rows[i].url != NULL) {
            assert_string_equal(target.url, rows[i].url);
            assert_int_equal(target.puts, rows[i].puts);
        } else {
            assert_non_null(reason);
        }
        cli_test_end(&test);
    }
}

TEST(to_stays_in_the_profiles_location)
{
    const struct cg_batch_place place = {CG_SPAN_OF("h:1"), CG_SPAN_OF("/r/"), {NULL, 0}};
    assert_true(cg_batch_place_takes(&place, CG_SPAN_OF("/r/$process-message")));
    static const char *const refused[] = {"/other/", "r/",           "/r/../x",    "/r/%2e%2e/x",
                                          "/r/a b",  "/r/a\r\nX: y", "/r/\xC3\xA9"};
    for (size_t i = 0; i < TEST_COUNT(refused); i++) {
        assert_false(cg_batch_place_takes(&place, test_span(refused[i])));
    }
}

TEST(answer_tells_whether_to_try_again)
{
    static const struct {
        long status;
        enum cg_batch_state state;
    } rows[] = {{0, CG_BATCH_SENT},      {200, CG_BATCH_TAKEN},   {201, CG_BATCH_TAKEN},
                {302, CG_BATCH_REFUSED}, {401, CG_BATCH_REFUSED}, {422, CG_BATCH_REFUSED},
                {429, CG_BATCH_SENT},    {500, CG_BATCH_SENT},    {503, CG_BATCH_SENT}};
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        assert_int_equal(cg_batch_answer_state(rows[i].status), rows[i].state);
    }
    for (int tries = 1; tries < 40; tries++) {
        int64_t least = cg_batch_answer_delay_ms(tries, 0, 0);
        assert_in_range(least, 125, 15000);
        assert_in_range(cg_batch_answer_delay_ms(tries, 0, UINT32_MAX), least, 2 * least);
        assert_true(cg_batch_answer_delay_ms(tries, 2, 0) >= 2000);
    }
    assert_true(cg_batch_answer_delay_ms(1, 86400, 0) <= 301000);
}

TEST(reason_has_codes_and_no_words_that_may_quote)
{
    static const struct {
        const char *body;
        const char *reason;
    } rows[] = {
        {"{\"issue\":[{\"code\":\"invalid\",\"diagnostics\":\"Jane\",\"expression\":"
         "[\"Patient.name[0]\"]}]}",
         "invalid at Patient.name[0]"},
        {"{\"issue\":[{\"code\":\"invalid\",\"expression\":[\"Patient.where(x='Jane')\"]}]}",
         "invalid at Patient.where"},
        {"{\"reason\":\"issuer_refused\",\"detail\":\"Jane\"}", "issuer_refused"},
        {"{\"title\":\"Jane\"}", NULL},
        {"Jane", NULL},
        {"", NULL},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        struct cli_test test;
        struct cg_span reason = {NULL, 0};
        cli_test_start(&test, false);
        assert_ok(cg_batch_answer_reason(test_span(rows[i].body), test.context.arena, &reason));
        assert_int_equal(reason.data != NULL, rows[i].reason != NULL);
        assert_true(rows[i].reason == NULL || cg_span_equal_string(reason, rows[i].reason));
        cli_test_end(&test);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(journal_passes_over_what_it_does_not_know_and_a_torn_line),
    cmocka_unit_test(journal_goes_on_behind_a_torn_line_and_is_one_runs_only),
    cmocka_unit_test(list_is_in_order_and_has_what_the_journal_says),
    cmocka_unit_test(document_goes_where_its_type_says),
    cmocka_unit_test(to_stays_in_the_profiles_location),
    cmocka_unit_test(answer_tells_whether_to_try_again),
    cmocka_unit_test(reason_has_codes_and_no_words_that_may_quote),
};
TEST_MAIN(tests)
