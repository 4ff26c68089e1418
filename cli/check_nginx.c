/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"
#include "base/span.h"
#include "cli/check.h"
#include "cli/nginx.h"
#include "cli/nginx_parse.h"
#include "cli/nginx_risks.h"

#include <glob.h>
#include <string.h>

/* A file on the disk that nginx does not read is a protection or a realm that does not exist. */
static enum cg_status look_at_includes(struct cg_check *check, struct cg_span dump,
                                       const char *pattern)
{
    const char *path = NULL;
    const char *line = NULL;
    glob_t files = {.gl_pathc = 0};
    enum cg_status status = CG_OK;
    CG_TRY(cg_context_path(check->context, pattern, &path));
    if (glob(path, 0, NULL, &files) != 0) {
        return CG_OK;
    }
    for (size_t i = 0; i < files.gl_pathc && status == CG_OK; i++) {
        status = cg_context_print(check->context, &line, "# configuration file %s:\n",
                                  files.gl_pathv[i]);
        if (status == CG_OK && memmem(dump.data, dump.len, line, strlen(line)) == NULL) {
            cg_findings_add(&check->findings, CG_FINDING_ERROR,
                            cg_span_of_string(files.gl_pathv[i]),
                            "include it in nginx.conf, as `caregate init` writes it, or remove it",
                            "nginx.conf does not include this file");
        }
    }
    globfree(&files);
    return status;
}

static enum cg_status look_at_conf(struct cg_check *check, struct cg_span dump)
{
    static const char *const patterns[] = {"realms/*.conf", "apis/*/*.conf", "upstreams/*/*.conf"};
    struct cg_directive *root = NULL;
    for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
        CG_TRY(look_at_includes(check, dump, patterns[i]));
    }
    if (cg_nginx_parse(dump, cg_span_of_string(check->context->dir), check->context->arena,
                       &root) != CG_OK) {
        cg_findings_add(&check->findings, CG_FINDING_WARNING, CG_SPAN_OF("nginx.conf"),
                        "look for proxy_cache, satisfy, access_log and error_log yourself",
                        "nginx accepts it, but this check does not understand it");
        return CG_OK;
    }
    check->conf = root;
    cg_nginx_risks_find(root, &check->findings);
    return CG_OK;
}

/* Where nginx says why it refuses; warnings may stand before it. */
static size_t start_of(struct cg_span errors)
{
    static const char word[] = "[emerg]";
    const uint8_t *at = memmem(errors.data, errors.len, word, sizeof(word) - 1);
    return at != NULL ? (size_t)(at - errors.data) : cg_span_find(errors, '[', 0);
}

/* nginx's words on one line: "[emerg] …", without time and process. */
static enum cg_status one_line(struct cg_check *check, struct cg_span errors, const char **ret_line)
{
    struct cg_buf buf;
    struct cg_span text = {NULL, 0};
    size_t start = start_of(errors);
    cg_buf_init_arena(&buf, check->context->arena, errors.len + 1);
    errors = start < errors.len ? cg_span_part(errors, start, errors.len) : errors;
    for (size_t i = 0; i < errors.len; i++) {
        cg_buf_put_byte(&buf, errors.data[i] == '\n' ? ' ' : errors.data[i]);
    }
    CG_TRY(cg_buf_finish(&buf, &text));
    return cg_context_string(check->context, text, ret_line);
}

enum cg_status cg_check_nginx(struct cg_check *check)
{
    struct cg_process_result result;
    const char *program = NULL;
    int64_t version = 0;
    CG_TRY(cg_nginx_program(check->context, &program));
    CG_TRY(cg_nginx_version(check->context, program, &version));
    CG_TRY(cg_nginx_ask(check->context, &result));
    if (result.exit_code != 0) {
        const char *explanation = NULL;
        const char *line = NULL;
        CG_TRY(cg_nginx_explain(check->context, result.errors, &explanation));
        CG_TRY(one_line(check, result.errors, &line));
        cg_findings_add(&check->findings, CG_FINDING_ERROR, CG_SPAN_OF("nginx.conf"),
                        explanation != NULL ? explanation : "change the line that nginx names",
                        "nginx refuses it: %s", line);
        return CG_OK;
    }
    cg_findings_add(&check->findings, CG_FINDING_OK, CG_SPAN_OF("nginx"), NULL,
                    "version %lld.%lld.%lld loads the module and accepts nginx.conf",
                    (long long)(version / 1000000), (long long)(version / 1000 % 1000),
                    (long long)(version % 1000));
    return look_at_conf(check, result.output);
}
