/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/json.h"

#include "base/limits.h"
#include "base/span.h"
#include "base/status.h"

#include <jansson.h>

/* A document and each of its values are jansson's own objects; these are the only casts. */
static const json_t *inner(const struct cg_json_value *value)
{
    return (const json_t *)(const void *)value;
}

static const struct cg_json_value *outer(const json_t *value)
{
    return (const struct cg_json_value *)(const void *)value;
}

/* Where a string that opens at `at` has its closing quote, or the end when it has none. */
static size_t string_end(struct cg_span text, size_t at)
{
    size_t i = at + 1;
    while (i < text.len && text.data[i] != '"') {
        i += text.data[i] == '\\' ? 2 : 1;
    }
    return i;
}

/* jansson recurses as deep as the text nests, so this comes first and needs no stack. */
static bool is_too_deep(struct cg_span text)
{
    size_t depth = 0;
    for (size_t i = 0; i < text.len; i++) {
        uint8_t byte = text.data[i];
        if (byte == '"') {
            i = string_end(text, i);
        } else if (byte == '{' || byte == '[') {
            depth++;
        } else if ((byte == '}' || byte == ']') && depth > 0) {
            depth--;
        }
        if (depth > CG_LIMIT_JSON_DEPTH) {
            return true;
        }
    }
    return false;
}

/* jansson names each mistake in a text, but gives no code for most of its failed allocations. */
static bool is_out_of_memory(const json_error_t *error)
{
    enum json_error_code code = json_error_code(error);
    return code == json_error_out_of_memory || code == json_error_unknown;
}

enum cg_status cg_json_parse(struct cg_span text, size_t max_bytes, struct cg_json **ret_json)
{
    if (text.len > max_bytes || text.len > CG_LIMIT_JSON_BYTES) {
        return CG_ERR_LIMIT;
    }
    if (text.len == 0 || is_too_deep(text)) {
        return CG_ERR_INPUT;
    }
    json_error_t error = {0};
    json_t *root = json_loadb((const char *)text.data, text.len, JSON_REJECT_DUPLICATES, &error);
    if (root == NULL) {
        return is_out_of_memory(&error) ? CG_ERR_LIMIT : CG_ERR_INPUT;
    }
    *ret_json = (struct cg_json *)(void *)root;
    return CG_OK;
}

struct cg_json *cg_json_free(struct cg_json *json)
{
    json_decref((json_t *)(void *)json);
    return NULL;
}

const struct cg_json_value *cg_json_root(const struct cg_json *json)
{
    return outer((const json_t *)(const void *)json);
}

const struct cg_json_value *cg_json_member(const struct cg_json_value *object, const char *name)
{
    return outer(json_object_get(inner(object), name));
}

const struct cg_json_value *cg_json_element(const struct cg_json_value *array, size_t index)
{
    return outer(json_array_get(inner(array), index));
}

size_t cg_json_count(const struct cg_json_value *container)
{
    const json_t *value = inner(container);
    return json_is_array(value) ? json_array_size(value) : json_object_size(value);
}

bool cg_json_is_object(const struct cg_json_value *value)
{
    return json_is_object(inner(value));
}

bool cg_json_is_array(const struct cg_json_value *value)
{
    return json_is_array(inner(value));
}

bool cg_json_next(const struct cg_json_value *object, size_t *position, struct cg_span *ret_name,
                  const struct cg_json_value **ret_value)
{
    /* jansson's iterator is a pointer, and the position carries it; its functions take no const. */
    json_t *value = (json_t *)(uintptr_t)object;
    void *last = (void *)(uintptr_t)*position;
    void *here = last == NULL ? json_object_iter(value) : json_object_iter_next(value, last);
    if (here == NULL) {
        return false;
    }
    *position = (size_t)(uintptr_t)here;
    *ret_name = cg_span_of_bytes(json_object_iter_key(here), json_object_iter_key_len(here));
    *ret_value = outer(json_object_iter_value(here));
    return true;
}

enum cg_status cg_json_string(const struct cg_json_value *value, struct cg_span *ret)
{
    if (!json_is_string(inner(value))) {
        return CG_ERR_INPUT;
    }
    *ret = cg_span_of_bytes(json_string_value(inner(value)), json_string_length(inner(value)));
    return CG_OK;
}

enum cg_status cg_json_number(const struct cg_json_value *value, int64_t *ret)
{
    if (!json_is_integer(inner(value))) {
        return CG_ERR_INPUT;
    }
    *ret = json_integer_value(inner(value));
    return CG_OK;
}

enum cg_status cg_json_bool(const struct cg_json_value *value, bool *ret)
{
    if (!json_is_boolean(inner(value))) {
        return CG_ERR_INPUT;
    }
    *ret = json_is_true(inner(value));
    return CG_OK;
}

enum cg_status cg_json_member_string(const struct cg_json_value *object, const char *name,
                                     struct cg_span *ret)
{
    return cg_json_string(cg_json_member(object, name), ret);
}

enum cg_status cg_json_member_number(const struct cg_json_value *object, const char *name,
                                     int64_t *ret)
{
    return cg_json_number(cg_json_member(object, name), ret);
}

void cg_json_put_value(struct cg_json_writer *writer, const struct cg_json_value *value)
{
    const size_t flags = JSON_COMPACT | JSON_ENCODE_ANY;
    size_t len = json_dumpb(inner(value), NULL, 0, flags);
    /* jansson answers 0 when it fails, and no value has an empty text. */
    if (len == 0) {
        writer->buf->failed = true;
        return;
    }
    /* The comma and the indent alone. */
    cg_json_put_raw(writer, CG_SPAN_OF(""));
    uint8_t *room = cg_buf_reserve(writer->buf, len);
    if (room != NULL && json_dumpb(inner(value), (char *)room, len, flags) != len) {
        writer->buf->failed = true;
    }
}
