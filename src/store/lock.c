/* SPDX-License-Identifier: Apache-2.0 */
#include "store/lock.h"

#include "base/limits.h"
#include "base/status.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static enum cg_status give_to_owner(const char *path, int lock)
{
    struct stat database;
    if (geteuid() != 0 || stat(path, &database) != 0) {
        return CG_OK;
    }
    return fchown(lock, database.st_uid, database.st_gid) == 0 ? CG_OK : CG_ERR_STORE;
}

enum cg_status cg_lock_open(const char *path, int *ret_lock)
{
    char name[CG_LIMIT_URI_BYTES + 32];
    int len = snprintf(name, sizeof(name), "%s.lock", path);
    if (len < 0 || (size_t)len >= sizeof(name)) {
        return CG_ERR_LIMIT;
    }
    int lock = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR);
    if (lock < 0) {
        return CG_ERR_STORE;
    }
    if (give_to_owner(path, lock) != CG_OK) {
        cg_lock_close(lock);
        return CG_ERR_STORE;
    }
    *ret_lock = lock;
    return CG_OK;
}

void cg_lock_close(int lock)
{
    if (lock != CG_LOCK_NONE) {
        (void)close(lock);
    }
}

enum cg_status cg_lock_take(int lock)
{
    if (lock == CG_LOCK_NONE) {
        return CG_OK;
    }
    int result = flock(lock, LOCK_EX);
    while (result != 0 && errno == EINTR) {
        result = flock(lock, LOCK_EX);
    }
    return result == 0 ? CG_OK : CG_ERR_STORE;
}

void cg_lock_give_back(int lock)
{
    if (lock != CG_LOCK_NONE) {
        (void)flock(lock, LOCK_UN);
    }
}
