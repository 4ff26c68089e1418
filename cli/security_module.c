/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/security_module.h"

#include "base/span.h"
#include "cli/nginx.h"
#include "cli/nginx_parse.h"

#define LINE_MAX_BYTES (CG_PKCS11_PIN_MAX_BYTES + 1)

/* The file of a directive of the http block; relative ones are in the folder, as for nginx. */
static enum cg_status find_file(struct cg_context *context, const struct cg_directive *root,
                                const char *name, const char **ret_path)
{
    const struct cg_directive *http = cg_directive_in(root, "http", NULL);
    const struct cg_directive *found = http == NULL ? NULL : cg_directive_in(http, name, NULL);
    if (found == NULL) {
        return cg_complain(context, CG_ERR_NOT_FOUND,
                           "no security module is configured: put caregate_pkcs11_module and "
                           "caregate_pkcs11_pin into the http block of %s/nginx.conf",
                           context->dir);
    }
    struct cg_span word = cg_directive_word(found, 0);
    bool is_absolute = word.len > 0 && word.data[0] == '/';
    return cg_context_print(context, ret_path, "%s%s%.*s", is_absolute ? "" : context->dir,
                            is_absolute ? "" : "/", CG_SPAN_ARGS(word));
}

static enum cg_status read_pin(struct cg_context *context, const char *path,
                               struct cg_secret *ret_pin)
{
    struct cg_span line = {NULL, 0};
    CG_TRY(cg_context_read_secret_file(context, path, LINE_MAX_BYTES, &line));
    if (line.len > 0 && line.data[line.len - 1] == '\n') {
        line.len--;
    }
    if (line.len == 0 || line.len > CG_PKCS11_PIN_MAX_BYTES ||
        cg_span_find(line, '\n', 0) < line.len) {
        return cg_complain(context, CG_ERR_INPUT, "%s holds something other than one PIN", path);
    }
    return cg_secret_init(ret_pin, line);
}

enum cg_status cg_security_module_open(struct cg_context *context,
                                       struct cg_security_module *module)
{
    struct cg_span dump = {NULL, 0};
    struct cg_directive *root = NULL;
    const char *library = NULL;
    const char *pin = NULL;
    CG_TRY(cg_nginx_test(context, &dump));
    CG_TRY(cg_nginx_parse(dump, cg_span_of_string(context->dir), context->arena, &root));
    CG_TRY(find_file(context, root, "caregate_pkcs11_module", &library));
    CG_TRY(find_file(context, root, "caregate_pkcs11_pin", &pin));
    CG_TRY(read_pin(context, pin, &module->pin));
    return cg_pkcs11_new(library, cg_secret_span(&module->pin), &module->pkcs11);
}

void cg_security_module_release(struct cg_security_module *module)
{
    module->pkcs11 = cg_pkcs11_free(module->pkcs11);
    cg_secret_release(&module->pin);
}
