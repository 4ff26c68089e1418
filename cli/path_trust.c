/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/path_trust.h"

#include "cli/owner.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#define LINKS_MAX 40 /* as the kernel has it */

struct walk {
    struct cg_context *context;
    uid_t owner;
    const char *done; /* what was looked at, without links; "" is / */
    const char *rest;
    int link_count;
    struct stat here;
};

static const char *name_of(const struct walk *walk)
{
    return walk->done[0] != '\0' ? walk->done : "/";
}

static enum cg_status judge(const struct walk *walk)
{
    const struct stat *here = &walk->here;
    const char *user = NULL;
    if (here->st_uid != 0 && here->st_uid != walk->owner) {
        CG_TRY(cg_owner_name(walk->context, here->st_uid, &user));
        return cg_complain(
            walk->context, CG_ERR_AUTHORISATION,
            "root does nothing in %s: %s can change where that leads by %s; run this "
            "as the folder's owner, or choose a folder below those of root alone, "
            "such as one in /var/lib",
            walk->context->dir, user, name_of(walk));
    }
    bool is_way = S_ISDIR(here->st_mode) && walk->rest[0] != '\0';
    if (is_way && (here->st_mode & (S_IWGRP | S_IWOTH)) != 0 && (here->st_mode & S_ISVTX) == 0) {
        return cg_complain(walk->context, CG_ERR_AUTHORISATION,
                           "root does nothing in %s: others can change where that leads, as they "
                           "may write in %s; mend it with chmod go-w",
                           walk->context->dir, name_of(walk));
    }
    return CG_OK;
}

static enum cg_status go_up(struct walk *walk)
{
    const char *slash = strrchr(walk->done, '/');
    int len = slash != NULL ? (int)(slash - walk->done) : 0;
    return cg_context_print(walk->context, &walk->done, "%.*s", len, walk->done);
}

static enum cg_status complain_of(const struct walk *walk)
{
    return cg_complain(walk->context, CG_ERR_NOT_FOUND, "%s cannot be looked at: %s", name_of(walk),
                       strerrordesc_np(errno));
}

/* From here on, what the link says comes before the rest. */
static enum cg_status follow(struct walk *walk)
{
    char target[PATH_MAX];
    ssize_t len = readlink(walk->done, target, sizeof(target));
    if (len < 0 || len == (ssize_t)sizeof(target) || ++walk->link_count > LINKS_MAX) {
        errno = len < 0 ? errno : ELOOP;
        return complain_of(walk);
    }
    CG_TRY(cg_context_print(walk->context, &walk->rest, "%.*s/%s", (int)len, target, walk->rest));
    if (len > 0 && target[0] == '/') {
        walk->done = "";
        return CG_OK;
    }
    return go_up(walk);
}

static enum cg_status look(struct walk *walk)
{
    if (lstat(name_of(walk), &walk->here) != 0) {
        walk->here = (struct stat){.st_mode = 0};
        return errno == ENOENT && walk->rest[0] == '\0' ? CG_OK : complain_of(walk);
    }
    CG_TRY(judge(walk));
    if (!S_ISLNK(walk->here.st_mode)) {
        return CG_OK;
    }
    CG_TRY(follow(walk));
    return look(walk);
}

/* The next part of the path. */
static enum cg_status step(struct walk *walk)
{
    const char *part = walk->rest;
    size_t len = strcspn(part, "/");
    walk->rest = part + len + strspn(part + len, "/");
    if (len == 0 || (len == 1 && part[0] == '.')) {
        return CG_OK;
    }
    if (len == 2 && part[0] == '.' && part[1] == '.') {
        CG_TRY(go_up(walk));
        return look(walk);
    }
    CG_TRY(cg_context_print(walk->context, &walk->done, "%s/%.*s", walk->done, (int)len, part));
    return look(walk);
}

enum cg_status cg_path_trust(struct cg_context *context, const char *path, uid_t owner,
                             struct stat *ret_end)
{
    struct walk walk = {.context = context, .owner = owner, .done = "", .rest = path};
    CG_TRY(look(&walk));
    while (walk.rest[0] != '\0') {
        CG_TRY(step(&walk));
    }
    *ret_end = walk.here;
    return CG_OK;
}
