/* SPDX-License-Identifier: Apache-2.0 */
#include "store/lock.h"

#include "base/limits.h"
#include "base/status.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_MS 1000000L
#define PAUSE_MAX_MS 16

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

/* CG_ERR_LIMIT when another has it and LOCK_NB was among the flags. */
static enum cg_status take(int lock, int flags)
{
    int result = flock(lock, LOCK_EX | flags);
    while (result != 0 && errno == EINTR) {
        result = flock(lock, LOCK_EX | flags);
    }
    if (result != 0) {
        return errno == EWOULDBLOCK ? CG_ERR_LIMIT : CG_ERR_STORE;
    }
    return CG_OK;
}

/* flock(2) knows no time limit: it is asked again and again, at ever longer intervals. */
static enum cg_status take_in_time(int lock, int patience_ms)
{
    enum cg_status status = take(lock, LOCK_NB);
    int pause_ms = 1;
    while (status == CG_ERR_LIMIT && patience_ms > 0) {
        struct timespec pause = {.tv_nsec = pause_ms * NS_PER_MS};
        (void)nanosleep(&pause, NULL);
        patience_ms -= pause_ms;
        pause_ms = pause_ms < PAUSE_MAX_MS ? 2 * pause_ms : PAUSE_MAX_MS;
        status = take(lock, LOCK_NB);
    }
    return status;
}

enum cg_status cg_lock_take(int lock, int patience_ms)
{
    if (lock == CG_LOCK_NONE) {
        return CG_OK;
    }
    return patience_ms < 0 ? take(lock, 0) : take_in_time(lock, patience_ms);
}

void cg_lock_give_back(int lock)
{
    if (lock != CG_LOCK_NONE) {
        (void)flock(lock, LOCK_UN);
    }
}
