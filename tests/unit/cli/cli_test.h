/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A context of the command line for tests: its talk and results go to memory, its folder is a new
 * temporary one.
 */
#ifndef CAREGATE_CLI_TEST_H
#define CAREGATE_CLI_TEST_H

#include "base/span.h"
#include "cli/context.h"
#include "test.h"

struct cli_test {
    struct cg_context context;
    char folder[64];
    char *talk;
    size_t talk_len;
    char *results;
    size_t results_len;
    FILE *results_file;
};

static inline void cli_test_start(struct cli_test *test, bool json)
{
    *test = (struct cli_test){.folder = "/tmp/caregate-cli-XXXXXX"};
    assert_non_null(mkdtemp(test->folder));
    assert_ok(cg_arena_new(64UL * 1024 * 1024, &test->context.arena));
    test->context.command = "test";
    test->context.program = "caregate";
    test->context.dir = test->folder;
    test->context.json = json;
    test->context.now_s = 1800000000;
    test->context.random = cg_random_system();
    test->context.exit_code = CG_EXIT_FAILED;
    test->context.talk = open_memstream(&test->talk, &test->talk_len);
    test->results_file = open_memstream(&test->results, &test->results_len);
    assert_ok(cg_output_init(&test->context.output, test->results_file, json));
}

static inline const char *cli_test_talk(struct cli_test *test)
{
    fflush(test->context.talk);
    return test->talk;
}

static inline const char *cli_test_results(struct cli_test *test)
{
    assert_ok(cg_output_finish(&test->context.output));
    return test->results;
}

static inline void cli_test_end(struct cli_test *test)
{
    char command[128];
    static const char *const names[] = {
        "registry.db",  "registry.db-wal", "registry.db-shm", "registry.db.lock", "audit.db",
        "audit.db-wal", "audit.db-shm",    "audit.db.lock",   "master.key",       "file"};
    for (size_t i = 0; i < TEST_COUNT(names); i++) {
        (void)snprintf(command, sizeof(command), "%s/%s", test->folder, names[i]);
        (void)remove(command);
    }
    (void)remove(test->folder);
    cg_output_release(&test->context.output);
    test->context.arena = cg_arena_free(test->context.arena);
    fclose(test->context.talk);
    fclose(test->results_file);
    free(test->talk);
    free(test->results);
}

#endif
