/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/token_file.h"

#include "base/limits.h"
#include "base/span.h"
#include "codec/json.h"

#include <caregate/client.h>

#define FILE_BYTES_MAX 65536

/* Not by /dev/stdin, which another user's pipe cannot be opened by. */
static enum cg_status read_standard_input(struct cg_context *context, struct cg_span *ret_bytes)
{
    void *memory = NULL;
    CG_TRY(cg_arena_take(context->arena, FILE_BYTES_MAX + 1, &memory));
    size_t len = fread(memory, 1, FILE_BYTES_MAX + 1, stdin);
    if (ferror(stdin) != 0) {
        return cg_complain(context, CG_ERR_INPUT, "standard input cannot be read");
    }
    if (len > FILE_BYTES_MAX) {
        return cg_complain(context, CG_ERR_LIMIT, "standard input is longer than %d bytes",
                           FILE_BYTES_MAX);
    }
    *ret_bytes = (struct cg_span){memory, len};
    return CG_OK;
}

typedef enum cg_status (*reader)(struct cg_context *context, const char *path, size_t max,
                                 struct cg_span *ret_bytes);

static enum cg_status read_all(struct cg_context *context, struct cg_span path, reader read,
                               struct cg_span *ret_bytes)
{
    const char *name = NULL;
    if (path.data == NULL || cg_span_equal_string(path, "-")) {
        return read_standard_input(context, ret_bytes);
    }
    CG_TRY(cg_context_string(context, path, &name));
    return read(context, name, FILE_BYTES_MAX, ret_bytes);
}

static bool is_space(uint8_t byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
}

static struct cg_span trim(struct cg_span text)
{
    size_t from = 0;
    size_t end = text.len;
    while (from < end && is_space(text.data[from])) {
        from++;
    }
    while (end > from && is_space(text.data[end - 1])) {
        end--;
    }
    return cg_span_part(text, from, end - from);
}

static enum cg_status take_from_response(struct cg_context *context, struct cg_span text,
                                         struct cg_span *ret_token)
{
    CG_CLEANUP(cg_json_free_at) struct cg_json *json = NULL;
    struct cg_span token = {NULL, 0};
    if (cg_json_parse(text, FILE_BYTES_MAX, &json) != CG_OK ||
        cg_json_member_string(cg_json_root(json), "access_token", &token) != CG_OK) {
        return cg_complain(context, CG_ERR_INPUT,
                           "that is neither a token nor a token response with an access_token");
    }
    return cg_arena_copy(context->arena, token, ret_token);
}

enum cg_status cg_token_file_read(struct cg_context *context, struct cg_span path,
                                  struct cg_span *ret_token)
{
    struct cg_span bytes = {NULL, 0};
    CG_TRY(read_all(context, path, cg_context_read_file, &bytes));
    bytes = trim(bytes);
    if (bytes.len == 0) {
        return cg_complain(context, CG_ERR_INPUT, "there is no token: nothing was read");
    }
    if (bytes.data[0] == '{') {
        return take_from_response(context, bytes, ret_token);
    }
    *ret_token = bytes;
    return CG_OK;
}

enum cg_status cg_token_file_read_place(struct cg_context *context, const char *path, size_t max,
                                        struct cg_span *ret_bytes)
{
    const char *trouble = NULL;
    void *room = NULL;
    if (!cg_span_starts_with(cg_span_of_string(path), CG_SPAN_OF("credential:")) &&
        !cg_span_starts_with(cg_span_of_string(path), CG_SPAN_OF("keyring:"))) {
        return cg_context_read_secret_file(context, path, max, ret_bytes);
    }
    CG_TRY(cg_arena_take(context->arena, max, &room));
    enum cg_status status = cg_client_read_secret(path, room, max, &trouble, ret_bytes);
    return status == CG_OK ? CG_OK : cg_complain(context, status, "%s: %s", path, trouble);
}

enum cg_status cg_token_file_read_secret(struct cg_context *context, struct cg_span path,
                                         struct cg_span *ret_secret)
{
    struct cg_span bytes = {NULL, 0};
    CG_TRY(read_all(context, path, cg_token_file_read_place, &bytes));
    struct cg_span secret = trim(cg_span_part(bytes, 0, cg_span_find(bytes, '\n', 0)));
    if (secret.len == 0 || secret.len > CG_LIMIT_SECRET_BYTES) {
        return cg_complain(context, CG_ERR_INPUT,
                           "the first line is no client secret: it has %zu characters, 1 to %d are "
                           "possible",
                           secret.len, CG_LIMIT_SECRET_BYTES);
    }
    *ret_secret = secret;
    return CG_OK;
}
