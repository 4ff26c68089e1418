/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/nginx.h"

#include "base/span.h"
#include "cli/owner.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MODULE_NAME "ngx_http_caregate_module.so"

/* PATH of an ordinary user often lacks the sbin folders. */
#define USUAL_PLACES "/usr/sbin:/usr/local/sbin:/usr/local/nginx/sbin"

static enum cg_status find_in(struct cg_context *context, struct cg_span folders,
                              const char **ret_path)
{
    struct cg_span folder = {NULL, 0};
    while (cg_span_split(&folders, ':', &folder)) {
        const char *path = NULL;
        if (folder.len == 0 || folder.data[0] != '/') {
            continue;
        }
        CG_TRY(cg_context_print(context, &path, "%.*s/nginx", CG_SPAN_ARGS(folder)));
        if (access(path, X_OK) == 0) {
            *ret_path = path;
            return CG_OK;
        }
    }
    return CG_ERR_NOT_FOUND;
}

enum cg_status cg_nginx_program(struct cg_context *context, const char **ret_path)
{
    enum cg_status status = find_in(context, cg_span_of_string(getenv("PATH")), ret_path);
    if (status == CG_ERR_NOT_FOUND) {
        status = find_in(context, CG_SPAN_OF(USUAL_PLACES), ret_path);
    }
    if (status == CG_ERR_NOT_FOUND) {
        return cg_complain(context, status,
                           "there is no nginx on this machine; Debian's package is called nginx");
    }
    return status;
}

enum cg_status cg_nginx_module(struct cg_context *context, const char **ret_path, bool *ret_found)
{
    static const char *const places[] = {"lib/caregate", "nginx"};
    char program[PATH_MAX];
    ssize_t len = readlink("/proc/self/exe", program, sizeof(program) - 1);
    if (len <= 0) {
        return cg_complain(context, CG_ERR_NOT_FOUND, "where this program lies cannot be told");
    }
    program[len] = '\0';
    for (int up = 0; up < 2; up++) {
        char *slash = strrchr(program, '/');
        if (slash == NULL) {
            return CG_ERR_INTERNAL;
        }
        *slash = '\0';
    }
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        CG_TRY(cg_context_print(context, ret_path, "%s/%s/" MODULE_NAME, program, places[i]));
        if (access(*ret_path, R_OK) == 0) {
            *ret_found = true;
            return CG_OK;
        }
    }
    *ret_found = false;
    return cg_context_print(context, ret_path, "%s/%s/" MODULE_NAME, program, places[0]);
}

/* "nginx version: nginx/1.22.1" */
static int64_t read_version(struct cg_span text)
{
    static const int64_t weights[] = {1000000, 1000, 1};
    int64_t version = 0;
    size_t slash = cg_span_find(text, '/', 0);
    struct cg_span rest = cg_span_part(text, slash + 1, text.len);
    rest = cg_span_part(rest, 0, cg_span_find(rest, '\n', 0));
    rest = cg_span_part(rest, 0, cg_span_find(rest, ' ', 0));
    for (size_t i = 0; i < 3; i++) {
        struct cg_span part = {NULL, 0};
        int64_t number = 0;
        if (!cg_span_split(&rest, '.', &part) || cg_span_to_number(part, 999, &number) != CG_OK) {
            return 0;
        }
        version += number * weights[i];
    }
    return version;
}

enum cg_status cg_nginx_version(struct cg_context *context, const char *program,
                                int64_t *ret_version)
{
    const char *const argv[] = {program, "-v", NULL};
    struct cg_process_result result;
    CG_TRY(cg_process_run(context, argv, &result));
    *ret_version = read_version(result.errors);
    return CG_OK;
}

enum cg_status cg_nginx_ask(struct cg_context *context, struct cg_process_result *ret_result)
{
    const char *program = NULL;
    const char *prefix = NULL;
    const char *file = NULL;
    /* Its load_module runs code, and it opens logs, so it is read as whoever may change it. */
    CG_TRY(cg_owner_become(context));
    CG_TRY(cg_nginx_program(context, &program));
    CG_TRY(cg_context_path(context, "", &prefix));
    CG_TRY(cg_context_path(context, "nginx.conf", &file));
    const char *const argv[] = {program, "-T", "-p", prefix, "-c", file, "-e", "stderr", NULL};
    CG_TRY(cg_process_run(context, argv, ret_result));
    /* It quotes the configuration, which may be somebody else's than whose terminal shows this. */
    return cg_output_printable(context->arena, ret_result->errors, "\n\t", &ret_result->errors);
}

enum cg_status cg_nginx_test(struct cg_context *context, struct cg_span *ret_dump)
{
    struct cg_process_result result;
    const char *file = NULL;
    const char *why = NULL;
    CG_TRY(cg_context_path(context, "nginx.conf", &file));
    if (access(file, R_OK) != 0 && errno == EACCES) {
        CG_TRY(cg_nginx_explain_denied(context, file, &why));
        return cg_complain(context, CG_ERR_AUTHORISATION, "%s", why);
    }
    if (access(file, R_OK) != 0) {
        return cg_complain(context, CG_ERR_NOT_FOUND,
                           "%s cannot be read; `caregate init` makes a data folder, --dir names "
                           "another",
                           file);
    }
    CG_TRY(cg_nginx_ask(context, &result));
    if (result.exit_code != 0) {
        CG_TRY(cg_nginx_explain(context, result.errors, &why));
        return cg_complain(context, CG_ERR_INPUT, "nginx refuses its configuration%s%s\n%.*s",
                           why != NULL ? ": " : "", why != NULL ? why : "",
                           CG_SPAN_ARGS(result.errors));
    }
    *ret_dump = result.output;
    return CG_OK;
}

/* The number in a pid file, 0 when there is none. One of a master that is root may be closed. */
static enum cg_status read_pid(struct cg_context *context, const char *path, int64_t *ret_pid)
{
    char text[32];
    const char *why = NULL;
    FILE *file = fopen(path, "re");
    *ret_pid = 0;
    if (file == NULL && errno == EACCES) {
        CG_TRY(cg_nginx_explain_denied(context, path, &why));
        return cg_complain(context, CG_ERR_AUTHORISATION, "%s", why);
    }
    if (file == NULL) {
        return CG_OK;
    }
    size_t len = fread(text, 1, sizeof(text), file);
    (void)fclose(file);
    if (len > 0 && text[len - 1] == '\n') {
        len--;
    }
    (void)!cg_span_to_number(cg_span_of_bytes(text, len), INT_MAX, ret_pid);
    return CG_OK;
}

enum cg_status cg_nginx_running(struct cg_context *context, pid_t *ret_pid)
{
    const char *path = NULL;
    const char *prefix = NULL;
    struct cg_span title = {NULL, 0};
    int64_t number = 0;
    *ret_pid = 0;
    CG_TRY(cg_context_path(context, "run/nginx.pid", &path));
    CG_TRY(cg_context_print(context, &prefix, "%s/nginx.conf", context->dir));
    CG_TRY(read_pid(context, path, &number));
    pid_t pid = (pid_t)number;
    if (!cg_process_is_alive(pid)) {
        return CG_OK;
    }
    CG_TRY(cg_process_title(context, pid, &title));
    if (title.len > 0 && memmem(title.data, title.len, "nginx", 5) != NULL &&
        memmem(title.data, title.len, prefix, strlen(prefix)) != NULL) {
        *ret_pid = pid;
    }
    return CG_OK;
}

enum cg_status cg_nginx_workers(struct cg_context *context, pid_t master,
                                struct cg_process_children *ret_workers)
{
    struct cg_process_children children;
    struct cg_process_children workers = {.count = 0};
    cg_process_children(master, &children);
    for (size_t i = 0; i < children.count; i++) {
        struct cg_span title = {NULL, 0};
        CG_TRY(cg_process_title(context, children.pids[i], &title));
        if (cg_span_equal_string(title, "nginx: worker process")) {
            workers.pids[workers.count++] = children.pids[i];
        }
    }
    *ret_workers = workers;
    return CG_OK;
}
