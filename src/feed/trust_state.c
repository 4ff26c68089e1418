/* SPDX-License-Identifier: Apache-2.0 */
#include "feed/trust_state.h"

#include "base/buf.h"
#include "base/limits.h"
#include "base/span.h"
#include "base/status.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A line of one length, so that the time in it can be written anew in place. */
#define LINE_START "caregate gate bundle, current at "
#define LINE_DIGITS 12
#define LINE_BYTES (sizeof(LINE_START) - 1 + LINE_DIGITS + 1)

static void close_at(const int *descriptor)
{
    if (*descriptor >= 0) {
        (void)close(*descriptor);
    }
}

static void write_line(int64_t current_s, char ret_line[static LINE_BYTES + 1])
{
    int64_t most = INT64_C(999999999999);
    int64_t shown = current_s < 0 ? 0 : current_s > most ? most : current_s;
    (void)snprintf(ret_line, LINE_BYTES + 1, LINE_START "%0*" PRId64 "\n", LINE_DIGITS, shown);
}

static enum cg_status read_line(struct cg_span text, int64_t *ret_current_s)
{
    struct cg_span digits = cg_span_part(text, sizeof(LINE_START) - 1, LINE_DIGITS);
    int64_t current_s = 0;
    if (text.len < LINE_BYTES || text.data[LINE_BYTES - 1] != '\n' ||
        !cg_span_starts_with(text, CG_SPAN_OF(LINE_START))) {
        return CG_ERR_INPUT;
    }
    for (size_t i = 0; i < digits.len; i++) {
        if (digits.data[i] < '0' || digits.data[i] > '9') {
            return CG_ERR_INPUT;
        }
        current_s = current_s * 10 + (digits.data[i] - '0');
    }
    *ret_current_s = current_s;
    return CG_OK;
}

static enum cg_status read_all(int descriptor, struct cg_arena *arena, struct cg_span *ret_text)
{
    struct stat about;
    void *memory = NULL;
    if (fstat(descriptor, &about) != 0 || !S_ISREG(about.st_mode) || about.st_size < 0 ||
        (uint64_t)about.st_size > LINE_BYTES + CG_LIMIT_BUNDLE_BYTES) {
        return CG_ERR_INPUT;
    }
    size_t size = (size_t)about.st_size;
    size_t len = 0;
    CG_TRY(cg_arena_take(arena, size, &memory));
    while (len < size) {
        ssize_t got = read(descriptor, (uint8_t *)memory + len, size - len);
        if (got == 0 || (got < 0 && errno != EINTR)) {
            return CG_ERR_INPUT;
        }
        len += got > 0 ? (size_t)got : 0;
    }
    *ret_text = cg_span_of_bytes(memory, len);
    return CG_OK;
}

enum cg_status cg_trust_state_read(const char *path, struct cg_arena *arena,
                                   struct cg_span *ret_bundle, int64_t *ret_current_s)
{
    CG_CLEANUP(close_at) int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    struct cg_span text;
    if (descriptor < 0) {
        return errno == ENOENT ? CG_ERR_NOT_FOUND : CG_ERR_INPUT;
    }
    CG_TRY(read_all(descriptor, arena, &text));
    CG_TRY(read_line(text, ret_current_s));
    *ret_bundle = cg_span_part(text, LINE_BYTES, text.len);
    return CG_OK;
}

static enum cg_status write_all(int descriptor, struct cg_span bytes)
{
    while (bytes.len > 0) {
        ssize_t put = write(descriptor, bytes.data, bytes.len);
        if (put < 0 && errno != EINTR) {
            return CG_ERR_STORE;
        }
        bytes = cg_span_part(bytes, put > 0 ? (size_t)put : 0, bytes.len);
    }
    return CG_OK;
}

static enum cg_status write_new(const char *path, struct cg_span bundle, int64_t current_s)
{
    char line[LINE_BYTES + 1];
    CG_CLEANUP(close_at)
    int descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (descriptor < 0) {
        return CG_ERR_STORE;
    }
    write_line(current_s, line);
    CG_TRY(write_all(descriptor, cg_span_of_bytes(line, LINE_BYTES)));
    CG_TRY(write_all(descriptor, bundle));
    return fsync(descriptor) == 0 ? CG_OK : CG_ERR_STORE;
}

/* The name is on disk when its folder is. */
static enum cg_status sync_folder(const char *path)
{
    char folder[PATH_MAX];
    const char *slash = strrchr(path, '/');
    size_t len = slash == NULL ? 0 : (size_t)(slash - path) + 1;
    if (len >= sizeof(folder)) {
        return CG_ERR_STORE;
    }
    memcpy(folder, path, len);
    folder[len] = '\0';
    CG_CLEANUP(close_at)
    int descriptor = open(len == 0 ? "." : folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return descriptor >= 0 && fsync(descriptor) == 0 ? CG_OK : CG_ERR_STORE;
}

enum cg_status cg_trust_state_write(const char *path, struct cg_span bundle, int64_t current_s)
{
    char fresh[PATH_MAX];
    int len = snprintf(fresh, sizeof(fresh), "%s.new", path);
    if (len < 0 || (size_t)len >= sizeof(fresh)) {
        return CG_ERR_STORE;
    }
    CG_TRY(write_new(fresh, bundle, current_s));
    return rename(fresh, path) == 0 ? sync_folder(path) : CG_ERR_STORE;
}

/* Not synced: what a loss of power takes back makes the bundle look older, never newer. */
enum cg_status cg_trust_state_confirm(const char *path, int64_t current_s)
{
    char line[LINE_BYTES + 1];
    CG_CLEANUP(close_at) int descriptor = open(path, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
    write_line(current_s, line);
    return descriptor >= 0 && pwrite(descriptor, line, LINE_BYTES, 0) == (ssize_t)LINE_BYTES
               ? CG_OK
               : CG_ERR_STORE;
}
