/* SPDX-License-Identifier: Apache-2.0 */
#include "cli_test.h"

#include <sys/stat.h>

static const char key_line[] = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\n";

static const char *path_of(struct cli_test *test, const char *name)
{
    const char *path = NULL;
    assert_ok(cg_context_path(&test->context, name, &path));
    return path;
}

TEST(context_writes_files_whole_and_private)
{
    struct cli_test test;
    struct stat file;
    struct cg_span read = {NULL, 0};
    cli_test_start(&test, false);
    const char *path = path_of(&test, "file");
    assert_ok(cg_context_write_file(&test.context, path, CG_SPAN_OF("one"), 0600));
    assert_ok(cg_context_write_file(&test.context, path, CG_SPAN_OF("two"), 0600));
    assert_ok(cg_context_read_file(&test.context, path, 3, &read));
    assert_span_text(read, "two");
    assert_int_equal(stat(path, &file), 0);
    assert_int_equal(file.st_mode & 0777U, 0600);
    assert_status(cg_context_read_file(&test.context, path, 2, &read), CG_ERR_LIMIT);
    assert_non_null(strstr(cli_test_talk(&test), "longer than 2 bytes"));
    cli_test_end(&test);
}

TEST(context_master_key_is_read_by_its_owner_only)
{
    static const struct {
        const char *label;
        const char *line;
        mode_t mode;
        enum cg_status status;
    } rows[] = {
        {"right", key_line, 0600, CG_OK},
        {"open to the group", key_line, 0640, CG_ERR_AUTHORISATION},
        {"open to all", key_line, 0604, CG_ERR_AUTHORISATION},
        {"short", "AAECAw\n", 0600, CG_ERR_INPUT},
        {"two lines", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\n\n", 0600, CG_ERR_INPUT},
        {"not base64url", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh+\n", 0600, CG_ERR_INPUT},
        {"empty", "", 0600, CG_ERR_INPUT},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        struct cli_test test;
        struct cg_secret key = {.len = 0};
        cli_test_start(&test, false);
        const char *path = path_of(&test, "master.key");
        assert_ok(cg_context_write_file(&test.context, path, test_span(rows[i].line), 0600));
        assert_int_equal(chmod(path, rows[i].mode), 0);
        assert_status_row(rows[i].label, cg_context_master_key(&test.context, &key),
                          rows[i].status);
        assert_int_equal(key.len, rows[i].status == CG_OK ? CG_SEALED_KEY_BYTES : 0);
        assert_int_equal(strlen(cli_test_talk(&test)) > 0, rows[i].status != CG_OK);
        assert_null(strstr(cli_test_talk(&test), "AAECAw"));
        cg_secret_release(&key);
        cli_test_end(&test);
    }
}

TEST(context_says_where_a_store_comes_from)
{
    struct cli_test test;
    struct cg_store *store = NULL;
    cli_test_start(&test, false);
    assert_status(cg_context_open_store(&test.context, CG_STORE_REGISTRY, CG_STORE_OPEN, &store),
                  CG_ERR_NOT_FOUND);
    assert_non_null(strstr(cli_test_talk(&test), "caregate init"));
    cli_test_end(&test);
}

TEST(context_fault_becomes_a_sentence)
{
    struct cli_test test;
    cli_test_start(&test, false);
    test.context.fault.text = "name the thing";
    assert_status(cg_complain_status(&test.context, CG_ERR_CONFLICT), CG_ERR_CONFLICT);
    assert_string_equal(cli_test_talk(&test), "caregate test: name the thing\n");
    assert_int_equal(test.context.exit_code, CG_EXIT_FAILED);
    /* A second word on the same failure would only confuse. */
    assert_status(cg_complain_status(&test.context, CG_ERR_STORE), CG_ERR_STORE);
    assert_string_equal(cli_test_talk(&test), "caregate test: name the thing\n");
    cli_test_end(&test);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(context_writes_files_whole_and_private),
    cmocka_unit_test(context_master_key_is_read_by_its_owner_only),
    cmocka_unit_test(context_says_where_a_store_comes_from),
    cmocka_unit_test(context_fault_becomes_a_sentence),
};
TEST_MAIN(tests)
