/* SPDX-License-Identifier: Apache-2.0 */
/* Where secrets may lie, and where they may not. */
#include "folder.h"
#include "test.h"

#include <caregate/client.h>
#include <linux/keyctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define ROOM 32

static int set_up(void **state)
{
    struct folder *folder = calloc(1, sizeof(*folder));
    assert_non_null(folder);
    folder_make(folder);
    *state = folder;
    return 0;
}

static int tear_down(void **state)
{
    folder_remove(*state);
    free(*state);
    return 0;
}

static const char *write_file(const struct folder *folder, const char *text, mode_t mode)
{
    static char path[160];
    folder_file(folder, "secret", path);
    (void)unlink(path);
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fchmod(fileno(file), mode), 0);
    assert_int_equal(fclose(file), 0);
    return path;
}

/* What is read, or "" with what is wrong in *ret_trouble. */
static const char *read_from(const char *source, enum cg_status status, const char **ret_trouble)
{
    static uint8_t room[ROOM + 1];
    struct cg_span secret = {NULL, 0};
    memset(room, 'x', sizeof(room));
    *ret_trouble = "";
    assert_status_row(source, cg_client_read_secret(source, room, ROOM, ret_trouble, &secret),
                      status);
    assert_int_equal(room[ROOM], 'x');
    if (status != CG_OK) {
        assert_null(secret.data);
        assert_string_not_equal(*ret_trouble, "");
        return "";
    }
    assert_ptr_equal(secret.data, room);
    room[secret.len] = '\0';
    return (const char *)room;
}

static void a_file_of_ours_alone_is_read_without_the_end_of_its_line(void **state)
{
    static const struct {
        const char *text;
        const char *secret;
    } rows[] = {
        {"s3cret", "s3cret"},
        {"s3cret\n", "s3cret"},
        {"s3cret\r\n", "s3cret"},
        {"a\nb\n\n", "a\nb"},
        {" a ", " a "},
        {"32 bytes and no more than these.", "32 bytes and no more than these."},
    };
    const char *trouble;
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        assert_string_equal(read_from(write_file(*state, rows[i].text, 0600), CG_OK, &trouble),
                            rows[i].secret);
    }
}

static void a_file_that_others_may_touch_is_refused(void **state)
{
    static const mode_t modes[] = {0640, 0604, 0620, 0602, 0610, 0666};
    const char *trouble;
    for (size_t i = 0; i < TEST_COUNT(modes); i++) {
        (void)read_from(write_file(*state, "s", modes[i]), CG_ERR_AUTHORISATION, &trouble);
        assert_non_null(strstr(trouble, "chmod 600"));
    }
}

static void what_is_empty_too_long_or_no_file_is_refused(void **state)
{
    const char *trouble;
    (void)read_from(write_file(*state, "", 0600), CG_ERR_INPUT, &trouble);
    (void)read_from(write_file(*state, "\n\n", 0600), CG_ERR_INPUT, &trouble);
    (void)read_from(write_file(*state, "32 bytes and no more than these.\n", 0600), CG_ERR_INPUT,
                    &trouble);
    assert_non_null(strstr(trouble, "too long"));
    (void)read_from("/dev/zero", CG_ERR_INPUT, &trouble);
    (void)read_from("/tmp", CG_ERR_INPUT, &trouble);
    (void)read_from("/nowhere/secret", CG_ERR_NOT_FOUND, &trouble);
    (void)read_from("", CG_ERR_NOT_FOUND, &trouble);
}

static void a_credential_is_one_of_systemds_and_nothing_beside(void **state)
{
    const struct folder *folder = *state;
    static const char *const rows[] = {"credential:",        "credential:.",
                                       "credential:..",      "credential:../secret",
                                       "credential:/secret", "credential:other"};
    const char *trouble;
    (void)write_file(folder, "s3cret\n", 0440);
    assert_int_equal(unsetenv("CREDENTIALS_DIRECTORY"), 0);
    (void)read_from("credential:secret", CG_ERR_NOT_FOUND, &trouble);
    assert_non_null(strstr(trouble, "systemd"));
    assert_int_equal(setenv("CREDENTIALS_DIRECTORY", folder->path, 1), 0);
    assert_string_equal(read_from("credential:secret", CG_OK, &trouble), "s3cret");
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        (void)read_from(rows[i], CG_ERR_NOT_FOUND, &trouble);
    }
    (void)write_file(folder, "s3cret\n", 0444);
    (void)read_from("credential:secret", CG_ERR_AUTHORISATION, &trouble);
}

TEST(a_key_of_the_kernels_is_read_by_its_name)
{
    const char *trouble;
    long key = syscall(SYS_add_key, "user", "caregate-test", "s3cret", 6, KEY_SPEC_PROCESS_KEYRING);
    if (key < 0) {
        skip(); /* containers often forbid it */
    }
    assert_string_equal(read_from("keyring:caregate-test", CG_OK, &trouble), "s3cret");
    (void)read_from("keyring:caregate-other", CG_ERR_NOT_FOUND, &trouble);
    (void)read_from("keyring:", CG_ERR_NOT_FOUND, &trouble);
    key = syscall(SYS_add_key, "user", "caregate-test", "32 bytes and no more than these.\n", 33,
                  KEY_SPEC_PROCESS_KEYRING);
    assert_true(key >= 0);
    (void)read_from("keyring:caregate-test", CG_ERR_INPUT, &trouble);
}

#define FOLDER_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

static const struct CMUnitTest tests[] = {
    FOLDER_TEST(a_file_of_ours_alone_is_read_without_the_end_of_its_line),
    FOLDER_TEST(a_file_that_others_may_touch_is_refused),
    FOLDER_TEST(what_is_empty_too_long_or_no_file_is_refused),
    FOLDER_TEST(a_credential_is_one_of_systemds_and_nothing_beside),
    cmocka_unit_test(a_key_of_the_kernels_is_read_by_its_name),
};

TEST_MAIN(tests)
