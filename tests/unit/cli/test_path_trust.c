/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/path_trust.h"

#include "cli/owner.h"
#include "cli_test.h"

#include <unistd.h>

#define NOBODY 65534

/* Who is not root: this user, or for root somebody else. */
static uid_t somebody(void)
{
    return geteuid() != 0 ? geteuid() : NOBODY;
}

static const char *path_of(struct cli_test *test, const char *name)
{
    const char *path = NULL;
    assert_ok(cg_context_path(&test->context, name, &path));
    return path;
}

static void make_theirs(struct cli_test *test, const char *name, mode_t mode)
{
    const char *path = path_of(test, name);
    assert_int_equal(mkdir(path, 0700), 0);
    assert_int_equal(chown(path, somebody(), (gid_t)-1), 0);
    assert_int_equal(chmod(path, mode), 0);
}

static void link_theirs(struct cli_test *test, const char *target, const char *name)
{
    const char *path = path_of(test, name);
    assert_int_equal(symlink(target, path), 0);
    assert_int_equal(lchown(path, somebody(), (gid_t)-1), 0);
}

static void furnish(struct cli_test *test)
{
    cli_test_start(test, false);
    make_theirs(test, "theirs", 0755);
    make_theirs(test, "theirs/data", 0700);
    make_theirs(test, "open", 0777);
    make_theirs(test, "open/data", 0700);
    make_theirs(test, "group", 0770);
    make_theirs(test, "group/data", 0700);
    make_theirs(test, "sticky", 01777);
    make_theirs(test, "sticky/data", 0700);
    link_theirs(test, "/etc", "link");
    link_theirs(test, "theirs/../theirs/data", "short");
    link_theirs(test, "loop", "loop");
}

static void clear(struct cli_test *test)
{
    static const char *const names[] = {
        "loop",  "short",     "link", "sticky/data", "sticky", "group/data",
        "group", "open/data", "open", "theirs/data", "theirs",
    };
    for (size_t i = 0; i < TEST_COUNT(names); i++) {
        assert_int_equal(remove(path_of(test, names[i])), 0);
    }
    cli_test_end(test);
}

TEST(path_is_trusted_where_only_root_and_the_owner_can_bend_it)
{
    static const struct {
        const char *label;
        const char *path; /* from / when it begins so, else in the test's folder */
        bool roots;       /* the owner is root, not somebody */
        enum cg_status status;
        const char *same; /* what it leads to; absent: nothing */
    } rows[] = {
        {"root's", "/etc", true, CG_OK, "/etc"},
        {"root's, with dots", "/etc/../etc/.", true, CG_OK, "/etc"},
        {"theirs", "theirs/data", false, CG_OK, "theirs/data"},
        {"theirs by their link", "short", false, CG_OK, "theirs/data"},
        {"root's by their link", "link", true, CG_ERR_AUTHORISATION, NULL},
        {"root's below theirs", "theirs/../../../etc", true, CG_ERR_AUTHORISATION, NULL},
        {"theirs as if it were root's", "theirs/data", true, CG_ERR_AUTHORISATION, NULL},
        {"below what all may write", "open/data", false, CG_ERR_AUTHORISATION, NULL},
        {"below what a group may write", "group/data", false, CG_ERR_AUTHORISATION, NULL},
        {"below what is sticky", "sticky/data", false, CG_OK, "sticky/data"},
        {"its own mode", "open", false, CG_OK, "open"},
        {"missing", "theirs/none", false, CG_OK, NULL},
        {"missing on the way", "none/data", false, CG_ERR_NOT_FOUND, NULL},
        {"a link to itself", "loop", false, CG_ERR_NOT_FOUND, NULL},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        struct cli_test test;
        struct stat end = {.st_mode = 0};
        struct stat same = {.st_mode = 0};
        furnish(&test);
        const char *path = rows[i].path[0] == '/' ? rows[i].path : path_of(&test, rows[i].path);
        assert_status_row(rows[i].label,
                          cg_path_trust(&test.context, path, rows[i].roots ? 0 : somebody(), &end),
                          rows[i].status);
        assert_int_equal(strlen(cli_test_talk(&test)) > 0, rows[i].status != CG_OK);
        if (rows[i].same != NULL) {
            const char *leads =
                rows[i].same[0] == '/' ? rows[i].same : path_of(&test, rows[i].same);
            assert_int_equal(stat(leads, &same), 0);
        }
        assert_int_equal(end.st_mode, same.st_mode);
        assert_int_equal(end.st_ino, same.st_ino);
        clear(&test);
    }
}

TEST(owner_of_another_folder_than_at_first_is_not_acted_as)
{
    struct cli_test test;
    cli_test_start(&test, false);
    const char *aside = path_of(&test, "");
    assert_ok(cg_context_print(&test.context, &aside, "%s.aside", test.folder));
    assert_ok(cg_owner_act(&test.context));
    assert_ok(cg_owner_act(&test.context));
    assert_int_equal(rename(test.folder, aside), 0);
    assert_int_equal(mkdir(test.folder, 0700), 0);
    /* An ordinary user acts as nobody else, and looks at nothing. */
    assert_status(cg_owner_act(&test.context), geteuid() == 0 ? CG_ERR_AUTHORISATION : CG_OK);
    assert_int_equal(rmdir(aside), 0);
    cli_test_end(&test);
}

TEST(owner_of_a_folder_that_is_not_there_is_not_root)
{
    struct cli_test test;
    cli_test_start(&test, false);
    const char *dir = test.context.dir;
    test.context.dir = path_of(&test, "none");
    assert_status(cg_owner_act(&test.context), geteuid() == 0 ? CG_ERR_NOT_FOUND : CG_OK);
    assert_status(cg_owner_become(&test.context), geteuid() == 0 ? CG_ERR_NOT_FOUND : CG_OK);
    test.context.dir = dir;
    cli_test_end(&test);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(path_is_trusted_where_only_root_and_the_owner_can_bend_it),
    cmocka_unit_test(owner_of_another_folder_than_at_first_is_not_acted_as),
    cmocka_unit_test(owner_of_a_folder_that_is_not_there_is_not_root),
};
TEST_MAIN(tests)
