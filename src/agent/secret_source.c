/* SPDX-License-Identifier: Apache-2.0 */
/* Where calling systems keep their secrets: a table of places, known by how their names begin. */
#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/span.h"
#include "base/status.h"

#include <caregate/client.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/keyctl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* What is to be read, and what came of it. */
struct reading {
    const char *name; /* without what it begins with */
    uint8_t *room;
    size_t size;
    size_t len;
    const char *trouble;
};

static enum cg_status fail(struct reading *reading, enum cg_status status, const char *trouble)
{
    reading->trouble = trouble;
    return status;
}

static void close_at(const int *descriptor)
{
    if (*descriptor >= 0) {
        (void)close(*descriptor);
    }
}

static ssize_t read_some(int descriptor, uint8_t *room, size_t size)
{
    ssize_t got = -1;
    do {
        got = read(descriptor, room, size);
    } while (got < 0 && errno == EINTR);
    return got;
}

static enum cg_status read_bytes(struct reading *reading, int descriptor)
{
    uint8_t spare = 0;
    ssize_t got = 1;
    while (got > 0 && reading->len < reading->size) {
        got = read_some(descriptor, reading->room + reading->len, reading->size - reading->len);
        reading->len += got > 0 ? (size_t)got : 0;
    }
    if (got > 0) {
        got = read_some(descriptor, &spare, sizeof(spare));
    }
    if (got < 0) {
        return fail(reading, CG_ERR_INPUT, "it cannot be read");
    }
    return got == 0 ? CG_OK : fail(reading, CG_ERR_INPUT, "it is too long for what it should be");
}

/* `forbidden`: bits of the mode that would let somebody else in. */
static enum cg_status read_file(struct reading *reading, const char *path, mode_t forbidden)
{
    CG_CLEANUP(close_at) int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    struct stat file;
    if (descriptor < 0) {
        return errno == ENOENT ? fail(reading, CG_ERR_NOT_FOUND, "there is no such file")
                               : fail(reading, CG_ERR_AUTHORISATION, "it cannot be opened");
    }
    if (fstat(descriptor, &file) != 0 || !S_ISREG(file.st_mode)) {
        return fail(reading, CG_ERR_INPUT, "it is not a file");
    }
    if (file.st_uid != 0 && file.st_uid != geteuid()) {
        return fail(reading, CG_ERR_AUTHORISATION, "it is neither ours nor root's");
    }
    if ((file.st_mode & forbidden) != 0) {
        return fail(reading, CG_ERR_AUTHORISATION,
                    "others may read or write it; mend it with chmod 600");
    }
    return read_bytes(reading, descriptor);
}

static enum cg_status read_path(struct reading *reading)
{
    return read_file(reading, reading->name, S_IRWXG | S_IRWXO);
}

/* systemd.exec(5): the folder is the service's alone; an access list shows as a group's right. */
static enum cg_status read_credential(struct reading *reading)
{
    char path[PATH_MAX];
    const char *folder = secure_getenv("CREDENTIALS_DIRECTORY");
    if (folder == NULL || reading->name[0] == '\0' || reading->name[0] == '.' ||
        strchr(reading->name, '/') != NULL) {
        return fail(reading, CG_ERR_NOT_FOUND,
                    "there is no such credential; LoadCredential= names them, and systemd sets "
                    "$CREDENTIALS_DIRECTORY");
    }
    int len = snprintf(path, sizeof(path), "%s/%s", folder, reading->name);
    if (len < 0 || (size_t)len >= sizeof(path)) {
        return fail(reading, CG_ERR_INPUT, "its name is too long");
    }
    return read_file(reading, path, S_IRWXO);
}

/* keyrings(7). Nobody is asked to make a key that is not there. */
static enum cg_status read_keyring(struct reading *reading)
{
    long key = syscall(SYS_request_key, "user", reading->name, NULL, 0);
    if (key < 0) {
        return fail(reading, CG_ERR_NOT_FOUND,
                    "there is no key of this name and the type \"user\" in our keyrings");
    }
    long len = syscall(SYS_keyctl, KEYCTL_READ, key, reading->room, reading->size, 0);
    if (len < 0) {
        return fail(reading, CG_ERR_AUTHORISATION, "the key may not be read");
    }
    if ((size_t)len > reading->size) {
        return fail(reading, CG_ERR_INPUT, "it is too long for what it should be");
    }
    reading->len = (size_t)len;
    return CG_OK;
}

static const struct {
    const char *start;
    enum cg_status (*read)(struct reading *reading);
} places[] = {
    {"credential:", read_credential},
    {"keyring:", read_keyring},
    {"", read_path},
};

static enum cg_status read_place(struct reading *reading, const char *source)
{
    size_t i = 0;
    while (strncmp(source, places[i].start, strlen(places[i].start)) != 0) {
        i++; /* the last one fits everything */
    }
    reading->name = source + strlen(places[i].start);
    CG_TRY(places[i].read(reading));
    while (reading->len > 0 &&
           (reading->room[reading->len - 1] == '\n' || reading->room[reading->len - 1] == '\r')) {
        reading->len--;
    }
    return reading->len > 0 ? CG_OK : fail(reading, CG_ERR_INPUT, "it is empty");
}

enum cg_status cg_client_read_secret(const char *source, uint8_t *room, size_t size,
                                     const char **ret_trouble, struct cg_span *ret_secret)
{
    struct reading reading = {.room = room, .size = size};
    enum cg_status status = read_place(&reading, source);
    if (status != CG_OK) {
        cg_wipe(room, size);
        *ret_trouble = reading.trouble;
        return status;
    }
    *ret_secret = (struct cg_span){room, reading.len};
    return CG_OK;
}
