/* SPDX-License-Identifier: Apache-2.0 */
#include "base/span.h"
#include "cli/nginx.h"
#include "cli/owner.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DENIED "Permission denied"

static bool holds(struct cg_span text, const char *words)
{
    return memmem(text.data, text.len, words, strlen(words)) != NULL;
}

static const char *explain_module(struct cg_span errors)
{
    if (holds(errors, "instead of") && holds(errors, " version ")) {
        return "the module was built for another version of nginx: build it anew, with the "
               "nginx-dev of the nginx that is installed";
    }
    if (holds(errors, "not binary compatible")) {
        return "the module was built for an nginx with other options: build it anew, with the "
               "nginx-dev of the nginx that is installed";
    }
    return NULL;
}

/* nginx quotes the path: open() "/srv/caregate/logs/access.log" failed (13: Permission denied). */
static struct cg_span path_of(struct cg_span line)
{
    size_t quote = cg_span_find(line, '"', 0);
    if (quote + 1 >= line.len || line.data[quote + 1] != '/') {
        return (struct cg_span){NULL, 0};
    }
    size_t end = cg_span_find(line, '"', quote + 1);
    return cg_span_part(line, quote + 1, end - quote - 1);
}

static bool is_inside(const struct cg_context *context, const char *path)
{
    size_t len = strlen(context->dir);
    return strncmp(path, context->dir, len) == 0 && path[len] == '/';
}

/* The first symbolic link on the way from the data folder, which has none above, to a file. */
static enum cg_status find_link(struct cg_context *context, const char *path, const char **ret_link)
{
    const char *part = NULL;
    struct stat status;
    for (size_t at = strlen(context->dir); path[at] == '/';) {
        at += 1 + strcspn(path + at + 1, "/");
        CG_TRY(cg_context_print(context, &part, "%.*s", (int)at, path));
        if (lstat(part, &status) == 0 && S_ISLNK(status.st_mode)) {
            *ret_link = part;
            return CG_OK;
        }
    }
    *ret_link = NULL;
    return CG_OK;
}

/*
 * A file of the folder that is not its owner's: root made it, or a link leads to one of root's. A
 * chown that follows links would give that one away, so no sentence of ours leads to it.
 */
static enum cg_status explain_inside(struct cg_context *context, const char *user, const char *path,
                                     const char **ret_text)
{
    const char *link = NULL;
    const char *owner = NULL;
    struct stat status;
    if (stat(context->dir, &status) == 0 && status.st_uid != geteuid()) {
        CG_TRY(cg_owner_name(context, status.st_uid, &owner));
        return cg_context_print(context, ret_text, "%s may not open %s; run this as %s, the owner",
                                user, path, owner);
    }
    CG_TRY(find_link(context, path, &link));
    if (link != NULL) {
        return cg_context_print(context, ret_text,
                                "%s is a symbolic link to what %s, who runs nginx, may not open; "
                                "remove it if it is not yours, else see docs/OPERATOR.md",
                                link, user);
    }
    if (lstat(path, &status) == 0 && status.st_uid == geteuid()) {
        return cg_context_print(context, ret_text,
                                "%s, who runs nginx, may not open %s; chmod u+rw", user, path);
    }
    return cg_context_print(context, ret_text,
                            "%s, who runs nginx, may not open %s; this gives the folder back: "
                            "chown -hR %s: %s",
                            user, path, user, context->dir);
}

static enum cg_status explain_outside(struct cg_context *context, const char *user,
                                      const char *path, bool is_module, const char **ret_text)
{
    const char *barrier = NULL;
    CG_TRY(cg_owner_barrier(context, path, &barrier));
    return cg_context_print(
        context, ret_text, "%s, who runs nginx, may not open %s%s%s; %s", user, path,
        barrier != NULL ? " nor pass through " : "", barrier != NULL ? barrier : "",
        is_module ? "install it where everybody may (`make install`) and change load_module"
                  : "let them by a group, an ACL or a copy, as docs/OPERATOR.md says");
}

enum cg_status cg_nginx_explain_denied(struct cg_context *context, const char *path,
                                       const char **ret_text)
{
    const char *user = NULL;
    CG_TRY(cg_owner_name(context, geteuid(), &user));
    if (is_inside(context, path)) {
        return explain_inside(context, user, path, ret_text);
    }
    size_t len = strlen(path);
    bool is_module = len > 3 && strcmp(path + len - 3, ".so") == 0;
    return explain_outside(context, user, path, is_module, ret_text);
}

static enum cg_status explain_line(struct cg_context *context, struct cg_span line,
                                   const char **ret_text)
{
    const char *path = NULL;
    if (holds(line, "bind() to")) {
        *ret_text = "a port below 1024 wants root, or the capability CAP_NET_BIND_SERVICE, as the "
                    "unit in docs/OPERATOR.md has it";
        return CG_OK;
    }
    struct cg_span quoted = path_of(line);
    if (quoted.data == NULL) {
        return CG_OK;
    }
    CG_TRY(cg_context_string(context, quoted, &path));
    return cg_nginx_explain_denied(context, path, ret_text);
}

enum cg_status cg_nginx_explain(struct cg_context *context, struct cg_span errors,
                                const char **ret_text)
{
    struct cg_span line = {NULL, 0};
    *ret_text = explain_module(errors);
    while (*ret_text == NULL && cg_span_split(&errors, '\n', &line)) {
        if (holds(line, DENIED)) {
            CG_TRY(explain_line(context, line, ret_text));
        }
    }
    return CG_OK;
}
