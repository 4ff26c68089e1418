/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/owner.h"

#include "cli/path_trust.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/close_range.h>
#include <linux/keyctl.h>
#include <pwd.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define ACCOUNT_MAX 4096

struct owner {
    uid_t uid;
    gid_t gid;
    const char *name; /* NULL: a number that no account has */
};

static bool is_same(const struct stat *one, const struct stat *other)
{
    return one->st_dev == other->st_dev && one->st_ino == other->st_ino &&
           one->st_uid == other->st_uid && one->st_gid == other->st_gid;
}

static enum cg_status complain_of_missing(struct cg_context *context)
{
    if (errno == ENOENT || errno == ENOTDIR) {
        return cg_complain(context, CG_ERR_NOT_FOUND,
                           "there is no data folder %s; `caregate init` makes one, --dir names "
                           "another",
                           context->dir);
    }
    return cg_complain(context, CG_ERR_AUTHORISATION, "%s cannot be looked at: %s", context->dir,
                       strerrordesc_np(errno));
}

/*
 * The folder, which nobody but root and its owner can have put there, and which is the one that
 * this run found before.
 */
static enum cg_status see_folder(struct cg_context *context, struct stat *ret_folder)
{
    const char *named = context->named != NULL ? context->named : context->dir;
    struct stat first;
    struct stat by_name;
    struct stat folder;
    if (stat(context->dir, &first) != 0) {
        return complain_of_missing(context);
    }
    CG_TRY(cg_path_trust(context, named, first.st_uid, &by_name));
    CG_TRY(cg_path_trust(context, context->dir, first.st_uid, &folder));
    context->seen = context->seen.st_mode != 0 ? context->seen : folder;
    if (!is_same(&folder, &first) || !is_same(&folder, &by_name) ||
        !is_same(&folder, &context->seen)) {
        return cg_complain(context, CG_ERR_AUTHORISATION,
                           "%s is not what it was a moment ago; root does nothing there",
                           context->dir);
    }
    if (folder.st_uid == 0 && (folder.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
        return cg_complain(context, CG_ERR_AUTHORISATION,
                           "%s is root's and others may write in it, so root does nothing there; "
                           "mend it with chmod 700, and look at what is in it",
                           context->dir);
    }
    *ret_folder = folder;
    return CG_OK;
}

static enum cg_status find_owner(struct cg_context *context, struct owner *ret_owner)
{
    char buffer[ACCOUNT_MAX];
    struct passwd entry;
    struct passwd *found = NULL;
    struct stat folder = {.st_mode = 0};
    *ret_owner = (struct owner){.uid = 0};
    CG_TRY(see_folder(context, &folder));
    if (folder.st_uid == 0) {
        return CG_OK;
    }
    if (getpwuid_r(folder.st_uid, &entry, buffer, sizeof(buffer), &found) == 0 && found != NULL) {
        *ret_owner = (struct owner){.uid = found->pw_uid, .gid = found->pw_gid};
        return cg_context_print(context, &ret_owner->name, "%s", found->pw_name);
    }
    if (folder.st_gid == 0) {
        return cg_complain(context, CG_ERR_AUTHORISATION,
                           "the owner of %s has no account here (uid %u), and its group is root's; "
                           "give it to a user with chown -hR",
                           context->dir, (unsigned)folder.st_uid);
    }
    *ret_owner = (struct owner){.uid = folder.st_uid, .gid = folder.st_gid};
    return CG_OK;
}

/* All groups of the owner, and none of root's. */
static int take_groups(const struct owner *owner)
{
    return owner->name != NULL ? initgroups(owner->name, owner->gid) : setgroups(0, NULL);
}

static enum cg_status complain_of(struct cg_context *context, const struct owner *owner)
{
    const char *why = strerrordesc_np(errno);
    const char *name = NULL;
    CG_TRY(cg_owner_name(context, owner->uid, &name));
    return cg_complain(context, CG_ERR_AUTHORISATION,
                       "root may not become %s, the owner of %s, here (%s), and does nothing there "
                       "as root; run this as %s",
                       name, context->dir, why, name);
}

enum cg_status cg_owner_act(struct cg_context *context)
{
    struct owner owner;
    if (geteuid() != 0) {
        return CG_OK;
    }
    CG_TRY(find_owner(context, &owner));
    if (owner.uid == 0) {
        return CG_OK;
    }
    if (take_groups(&owner) != 0 || setegid(owner.gid) != 0 || seteuid(owner.uid) != 0) {
        return complain_of(context, &owner);
    }
    return CG_OK;
}

/* Root's other groups do not come back: what root may do does not rest on them. */
enum cg_status cg_owner_rest(void)
{
    if (getuid() != 0 || geteuid() == 0) {
        return CG_OK;
    }
    return seteuid(0) == 0 && setegid(0) == 0 ? CG_OK : CG_ERR_AUTHORISATION;
}

/*
 * A second lock: no_new_privs already keeps programs from giving out what is in this set. A
 * container's root may not be allowed to change it.
 */
static void empty_bounding_set(void)
{
    for (unsigned long i = 0; prctl(PR_CAPBSET_READ, i, 0, 0, 0) >= 0; i++) {
        if (i != CAP_NET_BIND_SERVICE) {
            (void)prctl(PR_CAPBSET_DROP, i, 0, 0, 0);
        }
    }
}

/* For port 443. Ambient, so that nginx has it after execve. A root without it keeps nothing. */
static int keep_one_capability(void)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3] = {{.effective = 0}};
    if (syscall(SYS_capget, &header, sets) != 0) {
        return -1;
    }
    uint32_t kept = sets[0].permitted & CAP_TO_MASK(CAP_NET_BIND_SERVICE);
    sets[0] = (struct __user_cap_data_struct){kept, kept, kept};
    sets[1] = (struct __user_cap_data_struct){0, 0, 0};
    if (syscall(SYS_capset, &header, sets) != 0) {
        return -1;
    }
    return kept == 0 ? 0 : prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_NET_BIND_SERVICE, 0, 0);
}

/*
 * Root's keys in the kernel stay root's. Nothing is made of a failure: a sandbox that forbids the
 * call forbids it to nginx, too, and a kernel without it has no such keys.
 */
static void leave_keyring(void)
{
    (void)syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL);
}

static enum cg_status want_way_in(struct cg_context *context)
{
    const char *inside = NULL;
    const char *name = NULL;
    const char *barrier = NULL;
    CG_TRY(cg_context_path(context, "", &inside));
    CG_TRY(cg_owner_barrier(context, inside, &barrier));
    if (barrier == NULL) {
        return CG_OK;
    }
    CG_TRY(cg_owner_name(context, geteuid(), &name));
    return cg_complain(context, CG_ERR_AUTHORISATION,
                       "%s, the owner of %s, cannot get there: let %s pass through %s (chmod o+x), "
                       "or move the folder",
                       name, context->dir, name, barrier);
}

enum cg_status cg_owner_become(struct cg_context *context)
{
    struct owner owner;
    /* By the real user: a root that only acts as the owner could be root again. */
    if (getuid() != 0 && geteuid() != 0) {
        return CG_OK;
    }
    if (cg_owner_rest() != CG_OK) {
        return cg_complain(context, CG_ERR_AUTHORISATION,
                           "root cannot be root again after acting as the owner of %s",
                           context->dir);
    }
    CG_TRY(find_owner(context, &owner));
    if (owner.uid == 0) {
        return CG_OK;
    }
    empty_bounding_set();
    /* What root had open, or was handed open, is not for what is run from here on. */
    if (close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC) != 0) {
        return complain_of(context, &owner);
    }
    /* Keeping capabilities lasts until execve; what is kept is chosen below. */
    if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) != 0 || take_groups(&owner) != 0 ||
        setresgid(owner.gid, owner.gid, owner.gid) != 0 ||
        setresuid(owner.uid, owner.uid, owner.uid) != 0 || keep_one_capability() != 0 ||
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
        return complain_of(context, &owner);
    }
    leave_keyring();
    return want_way_in(context);
}

enum cg_status cg_owner_name(struct cg_context *context, uid_t user, const char **ret_name)
{
    char buffer[ACCOUNT_MAX];
    struct passwd entry;
    struct passwd *found = NULL;
    if (getpwuid_r(user, &entry, buffer, sizeof(buffer), &found) == 0 && found != NULL) {
        return cg_context_print(context, ret_name, "%s", found->pw_name);
    }
    return cg_context_print(context, ret_name, "uid %u", (unsigned)user);
}

enum cg_status cg_owner_barrier(struct cg_context *context, const char *path,
                                const char **ret_folder)
{
    const char *folder = NULL;
    for (const char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        CG_TRY(cg_context_print(context, &folder, "%.*s", (int)(slash - path), path));
        if (eaccess(folder, X_OK) != 0 && errno == EACCES) {
            *ret_folder = folder;
            return CG_OK;
        }
    }
    *ret_folder = NULL;
    return CG_OK;
}
