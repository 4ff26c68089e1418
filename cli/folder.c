/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/folder.h"

#include "base/span.h"
#include "cli/nginx_conf.h"
#include "cli/owner.h"
#include "cli/path_trust.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Whose the folder is when root made it: the first of these that the machine has. */
static const char *const worker_users[] = {"caregate", "www-data", "nginx", "nobody"};

struct user {
    const char *name;
    uid_t uid;
    gid_t gid;
};

static enum cg_status find_user(struct cg_context *context, struct user *ret_user)
{
    char buffer[4096];
    struct passwd entry;
    struct passwd *found = NULL;
    for (size_t i = 0; i < sizeof(worker_users) / sizeof(worker_users[0]); i++) {
        if (getpwnam_r(worker_users[i], &entry, buffer, sizeof(buffer), &found) == 0 &&
            found != NULL) {
            *ret_user = (struct user){worker_users[i], found->pw_uid, found->pw_gid};
            return CG_OK;
        }
    }
    return cg_complain(context, CG_ERR_NOT_FOUND,
                       "there is no unprivileged user for nginx; make one called caregate");
}

static enum cg_status want_plain(struct cg_context *context)
{
    if (!cg_nginx_is_plain(cg_span_of_string(context->dir))) {
        return cg_complain(context, CG_ERR_INPUT,
                           "%s cannot stand in nginx's configuration; choose a path of plain ASCII "
                           "without $ \" ' \\ * ? [",
                           context->dir);
    }
    return CG_OK;
}

static void close_folder(DIR **folder)
{
    if (*folder != NULL) {
        (void)closedir(*folder);
    }
}

static void close_at(const int *descriptor)
{
    if (*descriptor >= 0) {
        (void)close(*descriptor);
    }
}

static bool is_empty(int descriptor)
{
    int again = openat(descriptor, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    CG_CLEANUP(close_folder) DIR *folder = again < 0 ? NULL : fdopendir(again);
    const struct dirent *entry = NULL;
    if (folder == NULL) {
        close_at(&again);
        return false;
    }
    while ((entry = readdir(folder)) != NULL) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
            return false;
        }
    }
    return true;
}

static enum cg_status complain_of(struct cg_context *context, const char *what)
{
    return cg_complain(context, CG_ERR_INPUT, "%s %s: %s", context->dir, what,
                       strerrordesc_np(errno));
}

/* It is made, or empty, and the owner's; then nobody else may enter it. */
static enum cg_status claim(struct cg_context *context, uid_t owner, int descriptor)
{
    struct stat folder;
    if (descriptor < 0 || !is_empty(descriptor)) {
        return cg_complain(context, CG_ERR_CONFLICT,
                           "%s is there already and nothing in it was changed; name another "
                           "folder with --dir",
                           context->dir);
    }
    if (fstat(descriptor, &folder) != 0 || folder.st_uid != owner) {
        return cg_complain(context, CG_ERR_INPUT, "%s is not yours", context->dir);
    }
    if (fchmod(descriptor, 0700) != 0) {
        return complain_of(context, "is not yours");
    }
    return CG_OK;
}

/* The folder, held by its descriptor: another that came by its name since is not given away. */
static enum cg_status open_empty(struct cg_context *context, uid_t owner, int *ret_folder)
{
    if (owner == geteuid() && mkdir(context->dir, 0700) != 0 && errno != EEXIST) {
        return complain_of(context, "cannot be made");
    }
    int descriptor = open(context->dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    enum cg_status status = claim(context, owner, descriptor);
    if (status != CG_OK) {
        close_at(&descriptor);
        return status;
    }
    *ret_folder = descriptor;
    return CG_OK;
}

/*
 * Whose the folder must be found to be: root's, who makes it, unless somebody made it for the user
 * that gets it. Nobody else may be able to lead root to another folder.
 */
static enum cg_status want_way(struct cg_context *context, const struct user *user,
                               uid_t *ret_owner)
{
    struct stat folder;
    uid_t owner = lstat(context->dir, &folder) == 0 && folder.st_uid == user->uid ? user->uid : 0;
    CG_TRY(cg_path_trust(context, context->named, owner, &folder));
    CG_TRY(cg_path_trust(context, context->dir, owner, &folder));
    *ret_owner = owner;
    return CG_OK;
}

/* Whether a user gets to the folder through those above it. Root only. */
static bool can_reach(const char *path, const struct user *user)
{
    if (initgroups(user->name, user->gid) != 0 || setegid(user->gid) != 0 ||
        seteuid(user->uid) != 0) {
        return false;
    }
    bool reaches = eaccess(path, R_OK | W_OK | X_OK) == 0;
    return seteuid(0) == 0 && setegid(0) == 0 && reaches;
}

/*
 * No `user` for nginx.conf where the folder is given away: who reads it as root could be led by its
 * owner, so `caregate serve` and the unit in docs/OPERATOR.md start nginx as the owner, and nginx
 * warns of the line then. A root that starts nginx there itself gets workers that are nobody, who
 * open nothing.
 */
static void give_away(struct cg_context *context, const struct user *user, int folder,
                      struct cg_span *ret_user)
{
    if (fchown(folder, user->uid, user->gid) == 0 && can_reach(context->dir, user)) {
        return;
    }
    (void)!fchown(folder, 0, 0);
    cg_say(context,
           "warning: the user %s cannot get to %s, so nginx will run as root; a folder that "
           "everybody may pass through, such as one in /var/lib or /srv, is safer",
           user->name, context->dir);
    *ret_user = CG_SPAN_OF("root");
}

enum cg_status cg_folder_create(struct cg_context *context, struct cg_span *ret_user)
{
    CG_CLEANUP(close_at) int folder = -1;
    struct user user;
    uid_t owner = geteuid();
    *ret_user = (struct cg_span){NULL, 0};
    CG_TRY(want_plain(context));
    if (owner != 0) {
        return open_empty(context, owner, &folder);
    }
    CG_TRY(find_user(context, &user));
    CG_TRY(want_way(context, &user, &owner));
    CG_TRY(open_empty(context, owner, &folder));
    give_away(context, &user, folder, ret_user);
    return cg_owner_act(context);
}

enum cg_status cg_folder_make(struct cg_context *context, const char *name)
{
    const char *path = NULL;
    CG_TRY(cg_context_path(context, name, &path));
    if (mkdir(path, 0700) != 0 && errno != EEXIST) {
        return cg_complain(context, CG_ERR_INPUT, "%s cannot be made: %s", path,
                           strerrordesc_np(errno));
    }
    return CG_OK;
}

enum cg_status cg_folder_write(struct cg_context *context, const char *name,
                               const struct cg_buf *buf, unsigned mode)
{
    const char *path = NULL;
    struct cg_span bytes = {NULL, 0};
    CG_TRY(cg_context_path(context, name, &path));
    CG_TRY(cg_buf_finish(buf, &bytes));
    return cg_context_write_file(context, path, bytes, mode);
}

bool cg_folder_has(struct cg_context *context, const char *name)
{
    const char *path = NULL;
    return cg_context_path(context, name, &path) == CG_OK && access(path, F_OK) == 0;
}

enum cg_status cg_folder_realm_name(struct cg_context *context, struct cg_span realm,
                                    const char **ret_name)
{
    struct cg_buf buf;
    struct cg_span name = {NULL, 0};
    cg_buf_init_arena(&buf, context->arena, CG_LIMIT_REALM_PATH_BYTES);
    cg_nginx_put_realm_name(&buf, realm);
    CG_TRY(cg_buf_finish(&buf, &name));
    return cg_context_string(context, name, ret_name);
}

enum cg_status cg_folder_write_realm(struct cg_context *context, struct cg_span realm)
{
    const char *name = NULL;
    const char *file = NULL;
    struct cg_buf buf;
    CG_TRY(cg_folder_realm_name(context, realm, &name));
    CG_TRY(cg_context_print(context, &file, "realms/%s.conf", name));
    if (name[0] == '.') {
        return cg_complain(context, CG_ERR_INPUT,
                           "a realm's path that starts with a dot would be a hidden file to nginx");
    }
    if (cg_folder_has(context, file)) {
        return cg_complain(context, CG_ERR_CONFLICT,
                           "%s/%s is there already; is it of a realm whose path differs in / and _ "
                           "only? Remove it, or choose another path",
                           context->dir, file);
    }
    cg_buf_init_arena(&buf, context->arena, CG_FOLDER_FILE_MAX_BYTES);
    cg_nginx_realm_write(realm, &buf);
    CG_TRY(cg_folder_make(context, "realms"));
    return cg_folder_write(context, file, &buf, 0600);
}
