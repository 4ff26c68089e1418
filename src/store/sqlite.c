/* SPDX-License-Identifier: Apache-2.0 */
#include "store/sqlite.h"

#include "base/alloc.h"
#include "base/span.h"
#include "base/status.h"
#include "store/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Nobody waits here as long as all writers take the writers' lock; a foreign tool may not. */
#define BUSY_TIMEOUT_MS 5000
/* A log of this many frames (4 KiB each) is worth making writers wait a moment to start it anew. */
#define LOG_FRAMES_LARGE 4096

static const char settings[] = "pragma foreign_keys = on;"
                               "pragma trusted_schema = off;"
                               "pragma cell_size_check = on;"
                               "pragma temp_store = memory;"
                               "pragma synchronous = full;"
                               "pragma wal_autocheckpoint = 0;"
                               /* 64 MiB stay when a log that grew beside a long reader ends. */
                               "pragma journal_size_limit = 67108864;";

static bool in_memory(const struct cg_sqlite *sqlite)
{
    return sqlite->place.path[0] == '\0';
}

static enum cg_status fail_with(struct cg_sqlite *sqlite, const char *message)
{
    sqlite->message = message;
    return CG_ERR_STORE;
}

static void close_sqlite(struct cg_connection *connection)
{
    struct cg_sqlite *sqlite = cg_sqlite_of(connection);
    (void)sqlite3_finalize(sqlite->begin);
    (void)sqlite3_finalize(sqlite->begin_read);
    (void)sqlite3_finalize(sqlite->commit);
    (void)sqlite3_finalize(sqlite->rollback);
    (void)sqlite3_close_v2(sqlite->db);
    cg_lock_close(sqlite->lock);
    (void)cg_release(sqlite);
}

static void close_at(struct cg_sqlite **sqlite)
{
    if (*sqlite != NULL) {
        close_sqlite((struct cg_connection *)*sqlite);
    }
}

/*
 * mknod(2) makes a file without a descriptor. Closing one would drop the locks that this process
 * holds on the file through SQLite (POSIX locks belong to process and file).
 */
static enum cg_status make_file(const char *path)
{
    if (mknod(path, S_IFREG | S_IRUSR | S_IWUSR, 0) == 0 || errno == EEXIST) {
        return CG_OK;
    }
    return CG_ERR_STORE;
}

static enum cg_status find_file(const char *path, unsigned flags)
{
    struct stat file;
    if (stat(path, &file) == 0) {
        return CG_OK;
    }
    if (errno != ENOENT && errno != ENOTDIR) {
        return CG_ERR_STORE;
    }
    return (flags & CG_STORE_CREATE) != 0 ? make_file(path) : CG_ERR_NOT_FOUND;
}

static enum cg_status open_database(struct cg_sqlite *sqlite, unsigned flags)
{
    const char *path = in_memory(sqlite) ? ":memory:" : sqlite->place.path;
    const char *vfs = sqlite->place.vfs[0] != '\0' ? sqlite->place.vfs : NULL;
    if (!in_memory(sqlite)) {
        CG_TRY(find_file(path, flags));
    }
    sqlite->read_only = (flags & CG_STORE_READ_ONLY) != 0;
    if (!in_memory(sqlite) && !sqlite->read_only) {
        CG_TRY(cg_lock_open(path, &sqlite->lock));
    }
    int mode = sqlite->read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
    mode |= SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    CG_TRY(cg_sqlite_status(sqlite3_open_v2(path, &sqlite->db, mode, vfs)));
    (void)sqlite3_busy_timeout(sqlite->db, BUSY_TIMEOUT_MS);
    (void)sqlite3_db_config(sqlite->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    return cg_sqlite_status(sqlite3_exec(sqlite->db, settings, NULL, NULL, NULL));
}

/* Runs a statement that gives one row of one text, and tells whether it is `wanted`. */
static enum cg_status says(struct cg_sqlite *sqlite, const char *text, const char *wanted,
                           bool *ret_says)
{
    sqlite3_stmt *statement = NULL;
    CG_TRY(cg_sqlite_compile(sqlite, text, &statement));
    enum cg_status status = cg_sqlite_status(sqlite3_step(statement));
    if (status == CG_OK) {
        const char *answer = (const char *)sqlite3_column_text(statement, 0);
        *ret_says = answer != NULL && strcmp(answer, wanted) == 0;
    }
    (void)sqlite3_finalize(statement);
    return status;
}

/* The journal mode is kept in the file; only a new or a restored one needs the change. */
static enum cg_status use_log(struct cg_sqlite *sqlite)
{
    bool uses = false;
    CG_TRY(says(sqlite, "pragma journal_mode", "wal", &uses));
    if (uses || in_memory(sqlite) || sqlite->read_only) {
        return CG_OK;
    }
    CG_TRY(cg_lock_take(sqlite->lock, sqlite->patience_ms));
    enum cg_status status = says(sqlite, "pragma journal_mode = wal", "wal", &uses);
    cg_lock_give_back(sqlite->lock);
    CG_TRY(status);
    return uses ? CG_OK : CG_ERR_STORE;
}

static enum cg_status open_sqlite(struct cg_span place, enum cg_store_kind kind, unsigned flags,
                                  struct cg_connection **ret_connection)
{
    void *memory = NULL;
    CG_TRY(cg_alloc(1, sizeof(struct cg_sqlite), &memory));
    CG_CLEANUP(close_at) struct cg_sqlite *sqlite = memory;
    sqlite->lock = CG_LOCK_NONE;
    sqlite->patience_ms = CG_STORE_WAIT_FOR_EVER;
    CG_TRY(cg_place_parse(place, kind, &sqlite->place));
    if (in_memory(sqlite) && (flags & CG_STORE_CREATE) == 0) {
        return CG_ERR_NOT_FOUND;
    }
    CG_TRY(open_database(sqlite, flags));
    CG_TRY(use_log(sqlite));
    CG_TRY(cg_sqlite_compile(sqlite, "begin immediate", &sqlite->begin));
    CG_TRY(cg_sqlite_compile(sqlite, "begin", &sqlite->begin_read));
    CG_TRY(cg_sqlite_compile(sqlite, "commit", &sqlite->commit));
    CG_TRY(cg_sqlite_compile(sqlite, "rollback", &sqlite->rollback));
    *ret_connection = (struct cg_connection *)CG_STEAL(sqlite);
    return CG_OK;
}

static const char *message_of(const struct cg_connection *connection)
{
    const struct cg_sqlite *sqlite = cg_sqlite_of_const(connection);
    return sqlite->message != NULL ? sqlite->message : sqlite3_errmsg(sqlite->db);
}

static const char *path_of(const struct cg_connection *connection)
{
    const struct cg_sqlite *sqlite = cg_sqlite_of_const(connection);
    return in_memory(sqlite) ? NULL : sqlite->place.path;
}

static bool is_current(const struct cg_connection *connection)
{
    const struct cg_sqlite *sqlite = cg_sqlite_of_const(connection);
    if (in_memory(sqlite)) {
        return true;
    }
    int moved = 1;
    int code = sqlite3_file_control(sqlite->db, "main", SQLITE_FCNTL_HAS_MOVED, &moved);
    return code == SQLITE_OK && moved == 0;
}

static enum cg_status step_once(struct cg_sqlite *sqlite, sqlite3_stmt *statement)
{
    sqlite->message = NULL;
    enum cg_status status = cg_sqlite_status(sqlite3_step(statement));
    (void)sqlite3_reset(statement);
    return status;
}

static void set_patience(struct cg_connection *connection, int patience_ms)
{
    cg_sqlite_of(connection)->patience_ms = patience_ms;
}

static enum cg_status begin(struct cg_connection *connection)
{
    struct cg_sqlite *sqlite = cg_sqlite_of(connection);
    enum cg_status status = cg_lock_take(sqlite->lock, sqlite->patience_ms);
    if (status != CG_OK) {
        sqlite->message = status == CG_ERR_LIMIT ? "another writer keeps the writers' lock"
                                                 : "the writers' lock cannot be taken";
        return status;
    }
    status = step_once(sqlite, sqlite->begin);
    if (status != CG_OK) {
        cg_lock_give_back(sqlite->lock);
    }
    return status;
}

static enum cg_status begin_read(struct cg_connection *connection)
{
    struct cg_sqlite *sqlite = cg_sqlite_of(connection);
    return step_once(sqlite, sqlite->begin_read);
}

static enum cg_status commit(struct cg_connection *connection)
{
    struct cg_sqlite *sqlite = cg_sqlite_of(connection);
    CG_TRY(step_once(sqlite, sqlite->commit));
    cg_lock_give_back(sqlite->lock);
    return CG_OK;
}

static bool in_transaction(const struct cg_connection *connection)
{
    return sqlite3_get_autocommit(cg_sqlite_of_const(connection)->db) == 0;
}

static void rollback(struct cg_connection *connection)
{
    struct cg_sqlite *sqlite = cg_sqlite_of(connection);
    if (in_transaction(connection)) {
        /* A failed rollback leaves nothing behind either: SQLite undoes what was not committed. */
        (void)step_once(sqlite, sqlite->rollback);
    }
    cg_lock_give_back(sqlite->lock);
}

static enum cg_status execute(struct cg_connection *connection, const char *script)
{
    struct cg_sqlite *sqlite = cg_sqlite_of(connection);
    sqlite->message = NULL;
    return cg_sqlite_status(sqlite3_exec(sqlite->db, script, NULL, NULL, NULL));
}

static enum cg_status read_number(struct cg_connection *connection, const char *text,
                                  int64_t *ret_number)
{
    struct cg_sqlite *sqlite = cg_sqlite_of(connection);
    sqlite3_stmt *statement = NULL;
    CG_TRY(cg_sqlite_compile(sqlite, text, &statement));
    int code = sqlite3_step(statement);
    if (code == SQLITE_ROW) {
        *ret_number = sqlite3_column_int64(statement, 0);
    }
    (void)sqlite3_finalize(statement);
    return code == SQLITE_DONE ? CG_ERR_NOT_FOUND : cg_sqlite_status(code);
}

static enum cg_status has_table(struct cg_connection *connection, const char *name, bool *ret_has)
{
    struct cg_sqlite *sqlite = cg_sqlite_of(connection);
    sqlite3_stmt *statement = NULL;
    CG_TRY(cg_sqlite_compile(
        sqlite, "select 1 from sqlite_schema where type = 'table' and name = $name", &statement));
    int code = sqlite3_bind_text(statement, 1, name, -1, SQLITE_STATIC);
    if (code == SQLITE_OK) {
        code = sqlite3_step(statement);
    }
    (void)sqlite3_finalize(statement);
    CG_TRY(cg_sqlite_status(code));
    *ret_has = code == SQLITE_ROW;
    return CG_OK;
}

static int64_t changed(const struct cg_connection *connection)
{
    return sqlite3_changes64(cg_sqlite_of_const(connection)->db);
}

/* The first row of a check says what is wrong; `sound` is the row of a sound database, or NULL. */
static enum cg_status check_by(struct cg_sqlite *sqlite, const char *text, const char *sound)
{
    sqlite3_stmt *statement = NULL;
    CG_TRY(cg_sqlite_compile(sqlite, text, &statement));
    int code = sqlite3_step(statement);
    const char *found = code == SQLITE_ROW ? (const char *)sqlite3_column_text(statement, 0) : NULL;
    bool damaged =
        code == SQLITE_ROW && (found == NULL || sound == NULL || strcmp(found, sound) != 0);
    if (damaged) {
        (void)snprintf(sqlite->damage, sizeof(sqlite->damage), "%s: %s", text + sizeof("pragma"),
                       found != NULL ? found : "unknown");
        sqlite->message = sqlite->damage;
    }
    (void)sqlite3_finalize(statement);
    CG_TRY(cg_sqlite_status(code));
    return damaged ? CG_ERR_STORE : CG_OK;
}

static enum cg_status check(struct cg_connection *connection)
{
    struct cg_sqlite *sqlite = cg_sqlite_of(connection);
    CG_TRY(check_by(sqlite, "pragma integrity_check", "ok"));
    return check_by(sqlite, "pragma foreign_key_check", NULL);
}

/*
 * Copies the log's last frames into the database, so that the next writer starts at its beginning.
 * Most were copied before by the passive checkpoint, so writers wait a moment only; readers are not
 * waited for. The file keeps its length: a log that grows again makes each sync write the file
 * system's journal as well, which costs writers several milliseconds instead of a half.
 */
static void start_log_anew(struct cg_sqlite *sqlite, int frames)
{
    if (cg_lock_take(sqlite->lock, sqlite->patience_ms) != CG_OK) {
        return;
    }
    (void)sqlite3_busy_timeout(sqlite->db, 0);
    int code = sqlite3_wal_checkpoint_v2(sqlite->db, NULL, SQLITE_CHECKPOINT_RESTART, NULL, NULL);
    if (code == SQLITE_OK) {
        sqlite->frames_done = frames;
    }
    (void)sqlite3_busy_timeout(sqlite->db, BUSY_TIMEOUT_MS);
    cg_lock_give_back(sqlite->lock);
}

static enum cg_status maintain(struct cg_connection *connection)
{
    struct cg_sqlite *sqlite = cg_sqlite_of(connection);
    if (in_memory(sqlite) || sqlite->read_only || in_transaction(connection)) {
        return CG_OK;
    }
    sqlite->message = NULL;
    int frames = 0;
    int code =
        sqlite3_wal_checkpoint_v2(sqlite->db, NULL, SQLITE_CHECKPOINT_PASSIVE, &frames, NULL);
    if ((code & 0xff) == SQLITE_BUSY) {
        return CG_OK; /* another connection is at it */
    }
    CG_TRY(cg_sqlite_status(code));
    if (frames >= LOG_FRAMES_LARGE && frames != sqlite->frames_done) {
        start_log_anew(sqlite, frames);
    }
    return CG_OK;
}

static enum cg_status copy_into(struct cg_sqlite *sqlite, const char *path)
{
    sqlite3_stmt *statement = NULL;
    CG_TRY(cg_sqlite_compile(sqlite, "vacuum into $path", &statement));
    int code = sqlite3_bind_text(statement, 1, path, -1, SQLITE_STATIC);
    if (code == SQLITE_OK) {
        code = sqlite3_step(statement);
    }
    (void)sqlite3_finalize(statement);
    return cg_sqlite_status(code);
}

/* SQLite does not sync the file that it vacuums into. */
static enum cg_status sync_file(struct cg_sqlite *sqlite, const char *path)
{
    int file = open(path, O_RDONLY | O_CLOEXEC);
    int result = file >= 0 ? fsync(file) : -1;
    if (file >= 0) {
        (void)close(file);
    }
    return result == 0 ? CG_OK : fail_with(sqlite, "the copy cannot be synced to disk");
}

static enum cg_status copy_to(struct cg_connection *connection, const char *path)
{
    struct cg_sqlite *sqlite = cg_sqlite_of(connection);
    if (mknod(path, S_IFREG | S_IRUSR | S_IWUSR, 0) != 0) {
        (void)fail_with(sqlite, "the copy's file cannot be made");
        return errno == EEXIST ? CG_ERR_CONFLICT : CG_ERR_STORE;
    }
    enum cg_status status = copy_into(sqlite, path);
    if (status == CG_OK) {
        status = sync_file(sqlite, path);
    }
    if (status != CG_OK) {
        (void)unlink(path);
    }
    return status;
}

const struct cg_engine cg_engine_sqlite = {
    .scheme = CG_SPAN("sqlite:"),
    .open = open_sqlite,
    .close = close_sqlite,
    .message = message_of,
    .path = path_of,
    .is_current = is_current,
    .set_patience = set_patience,
    .begin = begin,
    .begin_read = begin_read,
    .commit = commit,
    .rollback = rollback,
    .in_transaction = in_transaction,
    .execute = execute,
    .read_number = read_number,
    .has_table = has_table,
    .prepare = cg_sqlite_prepare,
    .discard = cg_sqlite_discard,
    .writes = cg_sqlite_writes,
    .parameter_count = cg_sqlite_parameter_count,
    .parameter_is = cg_sqlite_parameter_is,
    .bind_text = cg_sqlite_bind_text,
    .bind_blob = cg_sqlite_bind_blob,
    .bind_number = cg_sqlite_bind_number,
    .bind_null = cg_sqlite_bind_null,
    .step = cg_sqlite_step,
    .reset = cg_sqlite_reset,
    .changed = changed,
    .column_bytes = cg_sqlite_column_bytes,
    .column_number = cg_sqlite_column_number,
    .column_is_null = cg_sqlite_column_is_null,
    .check = check,
    .maintain = maintain,
    .copy_to = copy_to,
};
