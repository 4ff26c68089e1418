/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/context.h"

#include "base/buf.h"
#include "base/limits.h"
#include "base/span.h"
#include "cli/owner.h"
#include "codec/base64url.h"
#include "registry/realm.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#define TEXT_MAX 65536

/* What is quoted of a file or an answer may be meant for the terminal: it gets no control
 * characters but ends of lines. */
__attribute__((format(printf, 2, 0))) static void talk(FILE *stream, const char *format,
                                                       va_list values)
{
    char text[TEXT_MAX];
    (void)vsnprintf(text, sizeof(text), format, values);
    for (char *at = text; *at != '\0'; at++) {
        bool is_control = ((unsigned char)*at < ' ' && *at != '\n' && *at != '\t') || *at == 0x7f;
        *at = is_control ? '?' : *at;
    }
    fputs(text, stream);
    fputc('\n', stream);
}

void cg_say(struct cg_context *context, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    talk(context->talk, format, values);
    va_end(values);
}

__attribute__((format(printf, 2, 0))) static void complain(struct cg_context *context,
                                                           const char *format, va_list values)
{
    fprintf(context->talk, "caregate %s: ", context->command);
    talk(context->talk, format, values);
    context->complained = true;
}

enum cg_status cg_complain(struct cg_context *context, enum cg_status status, const char *format,
                           ...)
{
    va_list values;
    va_start(values, format);
    complain(context, format, values);
    va_end(values);
    return status;
}

enum cg_status cg_complain_usage(struct cg_context *context, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    complain(context, format, values);
    va_end(values);
    context->exit_code = CG_EXIT_USAGE;
    return CG_ERR_INPUT;
}

/* For a status that came without a fault. */
static const char *status_sentence(enum cg_status status)
{
    switch (status) {
    case CG_OK: return "done";
    case CG_ERR_INPUT: return "a value is malformed or out of range";
    case CG_ERR_AUTHENTICATION: return "a signature, a secret or the master key does not fit";
    case CG_ERR_AUTHORISATION: return "that is not allowed";
    case CG_ERR_CONFLICT: return "it is there already, or its state does not allow this";
    case CG_ERR_NOT_FOUND: return "there is no such thing";
    case CG_ERR_STORE: return "the store failed; `caregate check` may tell why";
    case CG_ERR_CRYPTO: return "the cryptographic library refused";
    case CG_ERR_LIMIT: return "a limit, or the memory, is used up";
    case CG_ERR_INTERNAL: return "the program does not agree with itself, or output failed";
    default: return "it failed";
    }
}

enum cg_status cg_complain_status(struct cg_context *context, enum cg_status status)
{
    const struct cg_fault *fault = &context->fault;
    if (context->complained) {
        return status;
    }
    if (fault->text != NULL) {
        return cg_complain(context, status, "%s", fault->text);
    }
    if (fault->reason != CG_REASON_NONE) {
        return cg_complain(context, status, "%s", cg_reason_text(fault->reason));
    }
    return cg_complain(context, status, "%s", status_sentence(status));
}

enum cg_status cg_context_print(struct cg_context *context, const char **ret_text,
                                const char *format, ...)
{
    va_list values;
    void *memory = NULL;
    va_start(values, format);
    int len = vsnprintf(NULL, 0, format, values);
    va_end(values);
    if (len < 0 || len >= TEXT_MAX) {
        return CG_ERR_LIMIT;
    }
    CG_TRY(cg_arena_take(context->arena, (size_t)len + 1, &memory));
    va_start(values, format);
    (void)vsnprintf(memory, (size_t)len + 1, format, values);
    va_end(values);
    *ret_text = memory;
    return CG_OK;
}

enum cg_status cg_context_path(struct cg_context *context, const char *name, const char **ret_path)
{
    return cg_context_print(context, ret_path, "%s/%s", context->dir, name);
}

enum cg_status cg_context_string(struct cg_context *context, struct cg_span span,
                                 const char **ret_string)
{
    if (span.len > 0 && strnlen((const char *)span.data, span.len) != span.len) {
        return CG_ERR_INPUT;
    }
    return cg_context_print(context, ret_string, "%.*s", CG_SPAN_ARGS(span));
}

enum cg_status cg_complain_of_store(struct cg_context *context, enum cg_status status,
                                    const char *uri)
{
    const char *path = uri + sizeof("sqlite:") - 1;
    switch ((int)status) {
    case CG_ERR_NOT_FOUND:
        return cg_complain(
            context, status,
            "there is no store in %s; `caregate init` makes one, --dir names another",
            context->dir);
    case CG_ERR_CONFLICT:
        return cg_complain(
            context, status,
            "the store %s was made by another version of caregate: `caregate upgrade` "
            "brings an older one up to this; a newer one wants the program that "
            "made it",
            path);
    default:
        return cg_complain(context, status,
                           "the store %s cannot be opened; is it yours to read and write?", path);
    }
}

enum cg_status cg_context_open_store(struct cg_context *context, enum cg_store_kind kind,
                                     unsigned flags, struct cg_store **ret_store)
{
    const char *uri = NULL;
    CG_TRY(cg_owner_act(context));
    CG_TRY(cg_context_print(context, &uri, "sqlite:%s/registry.db", context->dir));
    enum cg_status status = cg_store_open(cg_span_of_string(uri), kind, flags, ret_store);
    return status == CG_OK ? CG_OK : cg_complain_of_store(context, status, uri);
}

/* Realms on the way to a choice. */
struct realm_choice {
    struct cg_buf names;
    struct cg_span only;
    size_t count;
};

static enum cg_status see_realm(void *context, const void *row)
{
    struct realm_choice *choice = context;
    const struct cg_realm *realm = row;
    if (choice->count++ > 0) {
        cg_buf_put_string(&choice->names, ", ");
    }
    cg_buf_put(&choice->names, realm->path);
    choice->only = realm->path;
    return CG_OK;
}

enum cg_status cg_context_realm(struct cg_context *context, struct cg_store *registry,
                                struct cg_span *ret_realm)
{
    struct realm_choice choice = {.count = 0};
    struct cg_realm realm;
    struct cg_span names = {NULL, 0};
    cg_buf_init_arena(&choice.names, context->arena, TEXT_MAX);
    CG_TRY(cg_realm_list(registry, context->arena, see_realm, &choice));
    CG_TRY(cg_buf_finish(&choice.names, &names));
    if (context->realm.data == NULL && choice.count == 1) {
        *ret_realm = choice.only;
        return CG_OK;
    }
    if (choice.count == 0) {
        return cg_complain(context, CG_ERR_NOT_FOUND,
                           "there is no realm yet; `caregate realm add PATH` adds one");
    }
    if (context->realm.data == NULL) {
        return cg_complain_usage(context, "which realm? Name it with --realm: %.*s",
                                 CG_SPAN_ARGS(names));
    }
    enum cg_status status = cg_realm_find(registry, context->realm, context->arena, &realm);
    if (status == CG_ERR_NOT_FOUND) {
        return cg_complain(context, status, "there is no realm %.*s; there is %.*s",
                           CG_SPAN_ARGS(context->realm), CG_SPAN_ARGS(names));
    }
    CG_TRY(status);
    *ret_realm = realm.path;
    return CG_OK;
}

enum cg_status cg_context_master_key(struct cg_context *context, struct cg_secret *ret_key)
{
    return cg_context_master_key_of(context, CG_CONTEXT_MASTER_KEY, ret_key);
}

enum cg_status cg_context_master_key_of(struct cg_context *context, const char *name,
                                        struct cg_secret *ret_key)
{
    const char *path = NULL;
    struct cg_span line = {NULL, 0};
    uint8_t bytes[CG_SEALED_KEY_BYTES];
    size_t len = 0;
    CG_TRY(cg_context_path(context, name, &path));
    CG_TRY(cg_context_read_secret_file(context, path, TEXT_MAX, &line));
    if (line.len > 0 && line.data[line.len - 1] == '\n') {
        line.len--;
    }
    if (cg_base64url_decode(line, bytes, sizeof(bytes), &len) != CG_OK || len != sizeof(bytes)) {
        return cg_complain(context, CG_ERR_INPUT,
                           "%s is not a master key: one line, %d characters of base64url", path,
                           (int)CG_BASE64URL_CHARS(CG_SEALED_KEY_BYTES));
    }
    enum cg_status status = cg_secret_init(ret_key, (struct cg_span){bytes, CG_SEALED_KEY_BYTES});
    explicit_bzero(bytes, sizeof(bytes));
    return status;
}
