/* SPDX-License-Identifier: Apache-2.0 */
/* What is SQLite's alone: files, schema versions, the log, what a disk does to it. */
#include "test.h"

#include "base/span.h"
#include "disk.h"
#include "folder.h"
#include "store/store.h"

#include <signal.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

struct context {
    struct folder folder;
    char path[160];
    char disk_uri[160];
    struct disk *disk;
    struct cg_store *store;
};

static int set_up(void **state)
{
    struct context *context = test_calloc(1, sizeof(*context));
    folder_make(&context->folder);
    folder_file(&context->folder, "registry.db", context->path);
    (void)snprintf(context->disk_uri, sizeof(context->disk_uri), "%s?vfs=disk",
                   context->folder.uri);
    context->disk = test_calloc(1, sizeof(*context->disk));
    disk_register(context->disk);
    *state = context;
    return 0;
}

static int tear_down(void **state)
{
    struct context *context = *state;
    disk_reset(context->disk);
    (void)cg_store_free(context->store);
    disk_unregister();
    folder_remove(&context->folder);
    test_free(context->disk);
    test_free(context);
    return 0;
}

static enum cg_status open_with(struct context *context, const char *uri, unsigned flags)
{
    context->store = cg_store_free(context->store);
    return cg_store_open(test_span(uri), CG_STORE_REGISTRY, flags, &context->store);
}

static enum cg_status open_plain(struct context *context, unsigned flags)
{
    return open_with(context, context->folder.uri, flags);
}

static enum cg_status set(struct cg_store *store, const char *name, struct cg_span value)
{
    struct cg_statement *statement = NULL;
    enum cg_status status = cg_store_begin(store);
    if (status != CG_OK) {
        return status;
    }
    status = cg_store_start(store, CG_SQL_SETTING_SET, &statement);
    if (status == CG_OK) {
        cg_bind_text(statement, "name", test_span(name));
        cg_bind_text(statement, "value", value);
        status = cg_store_run(statement, NULL);
    }
    if (status != CG_OK) {
        cg_store_rollback(store);
        return status;
    }
    return cg_store_commit(store);
}

static bool is_set(struct cg_store *store, const char *name)
{
    struct cg_statement *statement = NULL;
    bool row = false;
    assert_ok(cg_store_start(store, CG_SQL_SETTING_GET, &statement));
    cg_bind_text(statement, "name", test_span(name));
    assert_ok(cg_store_step(statement, &row));
    cg_store_reset(statement);
    return row;
}

/* Changes the database behind the store's back, as another program would. */
static void tamper(struct context *context, const char *script)
{
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(context->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, script, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static off_t file_size(const struct folder *folder, const char *name)
{
    char path[160];
    struct stat file;
    folder_file(folder, name, path);
    return stat(path, &file) == 0 ? file.st_size : -1;
}

static void sqlite_makes_files_that_only_the_owner_can_read(void **state)
{
    struct context *context = *state;
    static const char *const names[] = {"registry.db", "registry.db-wal", "registry.db-shm",
                                        "registry.db.lock"};
    assert_ok(open_plain(context, CG_STORE_CREATE));
    for (size_t i = 0; i < TEST_COUNT(names); i++) {
        char path[160];
        struct stat file;
        folder_file(&context->folder, names[i], path);
        assert_int_equal(stat(path, &file), 0);
        assert_int_equal(file.st_mode & 0777, 0600);
    }
}

static void sqlite_keeps_the_audit_in_a_file_beside(void **state)
{
    struct context *context = *state;
    char path[160];
    folder_file(&context->folder, "audit.db", path);
    assert_ok(cg_store_open(test_span(context->folder.uri), CG_STORE_AUDIT, CG_STORE_CREATE,
                            &context->store));
    assert_span_text(cg_store_path(context->store), path);
    assert_int_equal(access(context->path, F_OK), -1);
}

static void sqlite_open_refuses_what_is_missing_or_malformed(void **state)
{
    struct context *context = *state;
    char other[160];
    (void)snprintf(other, sizeof(other), "sqlite:%s/no/registry.db", context->folder.path);
    const struct {
        const char *uri;
        unsigned flags;
        enum cg_status status;
    } rows[] = {
        {context->folder.uri, CG_STORE_OPEN, CG_ERR_NOT_FOUND},
        {context->folder.uri, CG_STORE_READ_ONLY, CG_ERR_NOT_FOUND},
        {other, CG_STORE_OPEN, CG_ERR_NOT_FOUND},
        {other, CG_STORE_CREATE, CG_ERR_STORE},
        {"sqlite::memory:", CG_STORE_OPEN, CG_ERR_NOT_FOUND},
        {"sqlite::memory:", CG_STORE_CREATE | CG_STORE_READ_ONLY, CG_ERR_INPUT},
        {"sqlite:", CG_STORE_CREATE, CG_ERR_INPUT},
        {"mysql://somewhere", CG_STORE_CREATE, CG_ERR_INPUT},
        {"", CG_STORE_CREATE, CG_ERR_INPUT},
        {"sqlite::memory:?vfs=none", CG_STORE_CREATE, CG_ERR_STORE},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        assert_status_row(rows[i].uri, open_with(context, rows[i].uri, rows[i].flags),
                          rows[i].status);
        assert_null(context->store);
    }
}

static void sqlite_open_refuses_a_file_that_is_no_database(void **state)
{
    struct context *context = *state;
    FILE *file = fopen(context->path, "w");
    assert_non_null(file);
    for (int i = 0; i < 1000; i++) {
        (void)fputs("this is not a database\n", file);
    }
    (void)fclose(file);
    assert_status(open_plain(context, CG_STORE_OPEN), CG_ERR_STORE);
    assert_status(open_plain(context, CG_STORE_CREATE), CG_ERR_STORE);
}

static void sqlite_keeps_values_over_reopening(void **state)
{
    struct context *context = *state;
    assert_ok(open_plain(context, CG_STORE_CREATE));
    assert_ok(set(context->store, "a", CG_SPAN_OF("1")));
    assert_ok(open_plain(context, CG_STORE_OPEN));
    assert_true(is_set(context->store, "a"));
    assert_ok(open_plain(context, CG_STORE_CREATE));
    assert_true(is_set(context->store, "a"));
}

static void store_refuses_another_schema_version(void **state)
{
    struct context *context = *state;
    assert_ok(open_plain(context, CG_STORE_CREATE));
    context->store = cg_store_free(context->store);
    tamper(context, "update schema_version set version = version + 1");
    assert_status(open_plain(context, CG_STORE_OPEN), CG_ERR_CONFLICT);
    assert_status(open_plain(context, CG_STORE_CREATE), CG_ERR_CONFLICT);
    tamper(context, "delete from schema_version");
    assert_status(open_plain(context, CG_STORE_OPEN), CG_ERR_NOT_FOUND);
}

static void store_brings_an_empty_database_up_only_when_told(void **state)
{
    struct context *context = *state;
    tamper(context, "create table something (n integer)");
    assert_status(open_plain(context, CG_STORE_OPEN), CG_ERR_CONFLICT);
    assert_ok(open_plain(context, CG_STORE_CREATE));
    assert_ok(open_plain(context, CG_STORE_OPEN));
}

static void store_leaves_nothing_of_a_schema_that_cannot_be_made(void **state)
{
    struct context *context = *state;
    tamper(context, "create table denial (n integer)"); /* in the way of one of our tables */
    assert_status(open_plain(context, CG_STORE_CREATE), CG_ERR_STORE);
    tamper(context, "drop table denial");
    assert_ok(open_plain(context, CG_STORE_CREATE));
}

static void sqlite_read_only_reads_and_does_not_write(void **state)
{
    struct context *context = *state;
    assert_ok(open_plain(context, CG_STORE_CREATE));
    assert_ok(set(context->store, "a", CG_SPAN_OF("1")));
    assert_ok(open_plain(context, CG_STORE_READ_ONLY));
    assert_true(is_set(context->store, "a"));
    assert_int_not_equal(set(context->store, "b", CG_SPAN_OF("1")), CG_OK);
    assert_string_not_equal(cg_store_message(context->store), "");
    assert_false(is_set(context->store, "b"));
    assert_ok(cg_store_maintain(context->store));
}

static void sqlite_notices_a_file_that_was_replaced_or_removed(void **state)
{
    struct context *context = *state;
    char away[160];
    folder_file(&context->folder, "away.db", away);
    assert_ok(open_plain(context, CG_STORE_CREATE));
    assert_true(cg_store_is_current(context->store));
    assert_int_equal(rename(context->path, away), 0);
    assert_false(cg_store_is_current(context->store));
    FILE *file = fopen(context->path, "w");
    assert_non_null(file);
    (void)fclose(file);
    assert_false(cg_store_is_current(context->store));
    assert_int_equal(rename(away, context->path), 0);
    assert_true(cg_store_is_current(context->store));
}

static void sqlite_copy_is_whole_private_and_never_overwrites(void **state)
{
    struct context *context = *state;
    char copy[160];
    struct stat file;
    folder_file(&context->folder, "copy.db", copy);
    assert_ok(open_plain(context, CG_STORE_CREATE));
    assert_ok(set(context->store, "a", CG_SPAN_OF("1")));
    assert_ok(cg_store_copy_to(context->store, copy));
    assert_status(cg_store_copy_to(context->store, copy), CG_ERR_CONFLICT);
    assert_int_equal(stat(copy, &file), 0);
    assert_int_equal(file.st_mode & 0777, 0600);
    assert_status(cg_store_copy_to(context->store, "/proc/none/copy.db"), CG_ERR_STORE);
    assert_int_equal(rename(copy, context->path), 0);
    assert_ok(open_plain(context, CG_STORE_OPEN));
    assert_true(is_set(context->store, "a"));
    assert_ok(cg_store_check(context->store));
}

static void sqlite_copy_that_fails_leaves_no_file(void **state)
{
    struct context *context = *state;
    char copy[160];
    folder_file(&context->folder, "copy.db", copy);
    assert_ok(open_with(context, context->disk_uri, CG_STORE_CREATE));
    context->disk->full = true;
    assert_status(cg_store_copy_to(context->store, copy), CG_ERR_STORE);
    assert_int_equal(access(copy, F_OK), -1);
    context->disk->full = false;
    assert_ok(cg_store_copy_to(context->store, copy));
}

static void sqlite_check_finds_damage(void **state)
{
    struct context *context = *state;
    assert_ok(open_plain(context, CG_STORE_CREATE));
    tamper(context, "pragma foreign_keys = off;"
                    "insert into organisation (realm, ods, name, created_at_s) "
                    "values ('/none', 'A1', 'No realm', 0)");
    assert_status(cg_store_check(context->store), CG_ERR_STORE);
    assert_non_null(strstr(cg_store_message(context->store), "organisation"));
    tamper(context, "pragma foreign_keys = off; delete from organisation");
    assert_ok(cg_store_check(context->store));
    tamper(context, "pragma ignore_check_constraints = on; update version set id = 2");
    assert_status(cg_store_check(context->store), CG_ERR_STORE);
    assert_non_null(strstr(cg_store_message(context->store), "integrity_check"));
}

static void store_commit_syncs_the_log_before_it_returns(void **state)
{
    struct context *context = *state;
    assert_ok(open_with(context, context->disk_uri, CG_STORE_CREATE));
    for (int i = 0; i < 20; i++) {
        char value[8];
        (void)snprintf(value, sizeof(value), "%d", i);
        disk_reset(context->disk);
        assert_ok(set(context->store, "a", test_span(value)));
        assert_true(context->disk->entry_count >= 2);
        assert_true(disk_log_is_synced(context->disk));
    }
}

static void store_is_usable_again_after_the_disk_failed(void **state)
{
    struct context *context = *state;
    static uint8_t large[100000];
    memset(large, 'x', sizeof(large));
    assert_ok(open_with(context, context->disk_uri, CG_STORE_CREATE));
    context->disk->full = true;
    assert_status(set(context->store, "a", cg_span_of_bytes(large, sizeof(large))), CG_ERR_STORE);
    context->disk->full = false;
    assert_false(is_set(context->store, "a"));
    context->disk->sync_fails = true;
    assert_status(set(context->store, "b", CG_SPAN_OF("1")), CG_ERR_STORE);
    context->disk->sync_fails = false;
    assert_false(is_set(context->store, "b"));
    assert_ok(set(context->store, "c", CG_SPAN_OF("1")));
    assert_ok(open_plain(context, CG_STORE_OPEN));
    assert_true(is_set(context->store, "c"));
    assert_false(is_set(context->store, "b"));
    assert_ok(cg_store_check(context->store));
}

static void store_refuses_to_go_on_in_a_transaction_that_the_disk_undid(void **state)
{
    struct context *context = *state;
    static uint8_t
        huge[8000000]; /* more than the cache holds, so it is written before the commit */
    struct cg_statement *statement = NULL;
    assert_ok(open_with(context, context->disk_uri, CG_STORE_CREATE));
    assert_ok(cg_store_begin(context->store));
    context->disk->full = true;
    assert_ok(cg_store_start(context->store, CG_SQL_SETTING_SET, &statement));
    cg_bind_text(statement, "name", CG_SPAN_OF("a"));
    cg_bind_blob(statement, "value", cg_span_of_bytes(huge, sizeof(huge)));
    assert_status(cg_store_run(statement, NULL), CG_ERR_STORE);
    context->disk->full = false;
    assert_ok(cg_store_start(context->store, CG_SQL_SETTING_SET, &statement));
    cg_bind_text(statement, "name", CG_SPAN_OF("b"));
    cg_bind_text(statement, "value", CG_SPAN_OF("1"));
    assert_status(cg_store_run(statement, NULL), CG_ERR_STORE);
    assert_string_equal(cg_store_message(context->store),
                        "the transaction was undone by a failure");
    assert_status(cg_store_commit(context->store), CG_ERR_STORE);
    assert_false(is_set(context->store, "b"));
    assert_ok(set(context->store, "c", CG_SPAN_OF("1")));
}

/* One scenario, each of whose file operations fails in turn. */
static enum cg_status scenario(struct context *context)
{
    enum cg_status status = open_with(context, context->disk_uri, CG_STORE_CREATE);
    for (int i = 0; i < 3 && status == CG_OK; i++) {
        status = set(context->store, "a", CG_SPAN_OF("1"));
    }
    if (status == CG_OK) {
        status = cg_store_maintain(context->store);
    }
    return status;
}

static void store_survives_any_file_operation_that_fails(void **state)
{
    struct context *context = *state;
    long failed = 0;
    bool over = false;
    for (long n = 1; !over; n++) {
        disk_reset(context->disk);
        context->disk->fail_from = n;
        context->disk->fail_count = 1;
        enum cg_status status = scenario(context);
        over = context->disk->calls < n;
        assert_true(status == CG_OK || status == CG_ERR_STORE || status == CG_ERR_LIMIT);
        failed += status != CG_OK ? 1 : 0;
        disk_reset(context->disk);
        assert_ok(open_plain(context, CG_STORE_CREATE));
        assert_ok(set(context->store, "after", CG_SPAN_OF("1")));
        assert_ok(cg_store_check(context->store));
        context->store = cg_store_free(context->store);
        assert_int_equal(unlink(context->path), 0);
    }
    assert_true(failed > 20);
}

#define LOG "registry.db-wal"
#define MANY_BYTES 9000000

/* Writes MANY_BYTES so many times; each time others, since SQLite leaves out what stays the same.
 */
static void write_many(struct context *context, int count)
{
    static uint8_t bytes[MANY_BYTES];
    static uint8_t fill;
    for (int i = 0; i < count; i++) {
        fill++;
        memset(bytes, fill, sizeof(bytes));
        assert_ok(set(context->store, "many", cg_span_of_bytes(bytes, sizeof(bytes))));
    }
}

static void sqlite_upkeep_starts_a_large_log_anew(void **state)
{
    struct context *context = *state;
    assert_ok(open_plain(context, CG_STORE_CREATE));
    write_many(context, 2);
    off_t size = file_size(&context->folder, LOG);
    assert_true(size > 16 * 1024 * 1024);
    assert_ok(cg_store_maintain(context->store));
    write_many(context, 1);
    assert_int_equal(file_size(&context->folder, LOG), size);
    write_many(context, 2);
    assert_true(file_size(&context->folder, LOG) > size); /* nobody started it anew */
    assert_true(is_set(context->store, "many"));
}

/* Nobody wrote since: the writers' lock, which another holds, is not asked for again. */
static void sqlite_upkeep_leaves_a_log_alone_that_was_started_anew(void **state)
{
    struct context *context = *state;
    struct cg_store *writer = NULL;
    assert_ok(open_plain(context, CG_STORE_CREATE));
    write_many(context, 2);
    assert_ok(cg_store_maintain(context->store));
    assert_ok(
        cg_store_open(test_span(context->folder.uri), CG_STORE_REGISTRY, CG_STORE_OPEN, &writer));
    assert_ok(cg_store_begin(writer));
    (void)alarm(10); /* waiting for the lock would have no end */
    assert_ok(cg_store_maintain(context->store));
    (void)alarm(0);
    cg_store_rollback(writer);
    (void)cg_store_free(writer);
}

static void sqlite_log_is_cut_when_it_has_grown_past_64_mib(void **state)
{
    struct context *context = *state;
    assert_ok(open_plain(context, CG_STORE_CREATE));
    write_many(context, 9);
    assert_true(file_size(&context->folder, LOG) > 80 * 1000 * 1000);
    assert_ok(cg_store_maintain(context->store));
    assert_ok(set(context->store, "small", CG_SPAN_OF("1")));
    assert_int_equal(file_size(&context->folder, LOG), 64 * 1024 * 1024);
}

static void sqlite_upkeep_does_not_wait_for_readers(void **state)
{
    struct context *context = *state;
    struct cg_store *reader = NULL;
    assert_ok(open_plain(context, CG_STORE_CREATE));
    assert_ok(
        cg_store_open(test_span(context->folder.uri), CG_STORE_REGISTRY, CG_STORE_OPEN, &reader));
    assert_ok(cg_store_begin_read(reader));
    assert_false(is_set(reader, "many"));
    write_many(context, 2);
    assert_ok(cg_store_maintain(context->store));
    assert_false(is_set(reader, "many")); /* one view to its end */
    off_t size = file_size(&context->folder, LOG);
    write_many(context, 1);
    assert_true(file_size(&context->folder, LOG) > size); /* the reader still needs its start */
    cg_store_rollback(reader);
    size = file_size(&context->folder, LOG);
    assert_ok(cg_store_maintain(context->store));
    write_many(context, 1);
    assert_int_equal(file_size(&context->folder, LOG), size);
    (void)cg_store_free(reader);
}

static void hold_a_transaction_until_killed(struct context *context, int ready)
{
    struct cg_store *store = NULL;
    bool held = cg_store_open(test_span(context->folder.uri), CG_STORE_REGISTRY, CG_STORE_OPEN,
                              &store) == CG_OK &&
                cg_store_begin(store) == CG_OK;
    (void)!write(ready, held ? "y" : "n", 1);
    (void)pause();
    _exit(0);
}

static void writers_lock_of_a_killed_process_is_given_back(void **state)
{
    struct context *context = *state;
    int ready[2];
    char answer = 0;
    assert_ok(open_plain(context, CG_STORE_CREATE));
    context->store = cg_store_free(context->store);
    assert_int_equal(pipe(ready), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        hold_a_transaction_until_killed(context, ready[1]);
    }
    assert_int_equal(read(ready[0], &answer, 1), 1);
    assert_int_equal(answer, 'y');
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_ok(open_plain(context, CG_STORE_OPEN));
    assert_ok(set(context->store, "a", CG_SPAN_OF("1")));
    (void)close(ready[0]);
    (void)close(ready[1]);
}

static void a_wait_for_another_writer_ends_with_ones_patience(void **state)
{
    struct context *context = *state;
    struct cg_store *other = NULL;
    assert_ok(open_plain(context, CG_STORE_CREATE));
    assert_ok(
        cg_store_open(test_span(context->folder.uri), CG_STORE_REGISTRY, CG_STORE_OPEN, &other));
    assert_ok(cg_store_begin(context->store));
    cg_store_set_patience(other, 0);
    assert_status(cg_store_begin(other), CG_ERR_LIMIT);
    assert_string_equal(cg_store_message(other), "another writer keeps the writers' lock");
    cg_store_set_patience(other, 20);
    assert_status(cg_store_begin(other), CG_ERR_LIMIT);
    assert_ok(cg_store_commit(context->store));
    assert_ok(set(other, "a", CG_SPAN_OF("1")));
    (void)cg_store_free(other);
}

static void sqlite_open_wants_its_lock_file(void **state)
{
    struct context *context = *state;
    char path[160];
    folder_file(&context->folder, "registry.db.lock", path);
    assert_int_equal(symlink("elsewhere", path), 0);
    assert_status(open_plain(context, CG_STORE_CREATE), CG_ERR_STORE);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(sqlite_makes_files_that_only_the_owner_can_read, set_up,
                                    tear_down),
    cmocka_unit_test_setup_teardown(sqlite_keeps_the_audit_in_a_file_beside, set_up, tear_down),
    cmocka_unit_test_setup_teardown(sqlite_open_refuses_what_is_missing_or_malformed, set_up,
                                    tear_down),
    cmocka_unit_test_setup_teardown(sqlite_open_refuses_a_file_that_is_no_database, set_up,
                                    tear_down),
    cmocka_unit_test_setup_teardown(sqlite_keeps_values_over_reopening, set_up, tear_down),
    cmocka_unit_test_setup_teardown(store_refuses_another_schema_version, set_up, tear_down),
    cmocka_unit_test_setup_teardown(store_brings_an_empty_database_up_only_when_told, set_up,
                                    tear_down),
    cmocka_unit_test_setup_teardown(store_leaves_nothing_of_a_schema_that_cannot_be_made, set_up,
                                    tear_down),
    cmocka_unit_test_setup_teardown(sqlite_read_only_reads_and_does_not_write, set_up, tear_down),
    cmocka_unit_test_setup_teardown(sqlite_notices_a_file_that_was_replaced_or_removed, set_up,
                                    tear_down),
    cmocka_unit_test_setup_teardown(sqlite_copy_is_whole_private_and_never_overwrites, set_up,
                                    tear_down),
    cmocka_unit_test_setup_teardown(sqlite_copy_that_fails_leaves_no_file, set_up, tear_down),
    cmocka_unit_test_setup_teardown(sqlite_check_finds_damage, set_up, tear_down),
    cmocka_unit_test_setup_teardown(store_commit_syncs_the_log_before_it_returns, set_up,
                                    tear_down),
    cmocka_unit_test_setup_teardown(store_is_usable_again_after_the_disk_failed, set_up, tear_down),
    cmocka_unit_test_setup_teardown(store_refuses_to_go_on_in_a_transaction_that_the_disk_undid,
                                    set_up, tear_down),
    cmocka_unit_test_setup_teardown(store_survives_any_file_operation_that_fails, set_up,
                                    tear_down),
    cmocka_unit_test_setup_teardown(sqlite_upkeep_starts_a_large_log_anew, set_up, tear_down),
    cmocka_unit_test_setup_teardown(sqlite_upkeep_leaves_a_log_alone_that_was_started_anew, set_up,
                                    tear_down),
    cmocka_unit_test_setup_teardown(sqlite_log_is_cut_when_it_has_grown_past_64_mib, set_up,
                                    tear_down),
    cmocka_unit_test_setup_teardown(sqlite_upkeep_does_not_wait_for_readers, set_up, tear_down),
    cmocka_unit_test_setup_teardown(writers_lock_of_a_killed_process_is_given_back, set_up,
                                    tear_down),
    cmocka_unit_test_setup_teardown(a_wait_for_another_writer_ends_with_ones_patience, set_up,
                                    tear_down),
    cmocka_unit_test_setup_teardown(sqlite_open_wants_its_lock_file, set_up, tear_down),
};
TEST_MAIN(tests)
