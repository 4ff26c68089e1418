/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"
#include "cli/context.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* strerror is not safe in threads; this one says the same from a static table. */
static const char *why(int error)
{
    return strerrordesc_np(error);
}

static void close_at(const int *descriptor)
{
    if (*descriptor >= 0) {
        (void)close(*descriptor);
    }
}

static enum cg_status open_file(struct cg_context *context, const char *path, int *ret_descriptor)
{
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) {
        return cg_complain(context, CG_ERR_NOT_FOUND, "%s cannot be read: %s", path, why(errno));
    }
    *ret_descriptor = descriptor;
    return CG_OK;
}

static enum cg_status read_all(struct cg_context *context, int descriptor, const char *path,
                               size_t max, struct cg_span *ret_bytes)
{
    void *memory = NULL;
    size_t len = 0;
    CG_TRY(cg_arena_take(context->arena, max + 1, &memory));
    while (len <= max) {
        ssize_t got = read(descriptor, (uint8_t *)memory + len, max + 1 - len);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return cg_complain(context, CG_ERR_INPUT, "%s cannot be read: %s", path, why(errno));
        }
        if (got == 0) {
            *ret_bytes = (struct cg_span){memory, len};
            return CG_OK;
        }
        len += (size_t)got;
    }
    return cg_complain(context, CG_ERR_LIMIT, "%s is longer than %zu bytes", path, max);
}

enum cg_status cg_context_read_file(struct cg_context *context, const char *path, size_t max,
                                    struct cg_span *ret_bytes)
{
    CG_CLEANUP(close_at) int descriptor = -1;
    CG_TRY(open_file(context, path, &descriptor));
    return read_all(context, descriptor, path, max, ret_bytes);
}

enum cg_status cg_context_read_secret_file(struct cg_context *context, const char *path, size_t max,
                                           struct cg_span *ret_bytes)
{
    CG_CLEANUP(close_at) int descriptor = -1;
    struct stat file;
    CG_TRY(open_file(context, path, &descriptor));
    if (fstat(descriptor, &file) == 0 && (file.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
        return cg_complain(context, CG_ERR_AUTHORISATION,
                           "others may read or write %s; mend it with chmod 600", path);
    }
    return read_all(context, descriptor, path, max, ret_bytes);
}

static bool write_all(int descriptor, struct cg_span bytes)
{
    for (size_t done = 0; done < bytes.len;) {
        ssize_t put = write(descriptor, bytes.data + done, bytes.len - done);
        if (put < 0 && errno != EINTR) {
            return false;
        }
        done += put > 0 ? (size_t)put : 0;
    }
    return fsync(descriptor) == 0;
}

enum cg_status cg_context_write_file(struct cg_context *context, const char *path,
                                     struct cg_span bytes, unsigned mode)
{
    const char *beside = NULL;
    CG_TRY(cg_context_print(context, &beside, "%s.new", path));
    (void)unlink(beside); /* what an interrupted run left */
    CG_CLEANUP(close_at)
    int descriptor = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
    if (descriptor < 0) {
        return cg_complain(context, CG_ERR_INPUT, "%s cannot be written: %s", path, why(errno));
    }
    if (!write_all(descriptor, bytes) || rename(beside, path) != 0) {
        int error = errno;
        (void)unlink(beside);
        return cg_complain(context, CG_ERR_INPUT, "%s cannot be written: %s", path, why(error));
    }
    return CG_OK;
}
