/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"
#include "base/limits.h"
#include "base/span.h"
#include "cli/registry_schema.h"

#include <stdarg.h>
#include <stdio.h>

#define MESSAGE_BYTES 2048
#define KEYS_BYTES_MAX 1024

enum cg_status cg_registry_file_complain(const struct cg_registry_file *file,
                                         const struct cg_yaml *place, enum cg_status status,
                                         const char *format, ...)
{
    char text[MESSAGE_BYTES];
    va_list values;
    va_start(values, format);
    (void)vsnprintf(text, sizeof(text), format, values);
    va_end(values);
    return cg_complain(file->context, status, "%s:%u: %s", file->name, (unsigned)place->line, text);
}

static const struct cg_schema_key *find_key(const struct cg_schema *schema, struct cg_span name)
{
    for (const struct cg_schema_key *key = schema->keys; key->name != NULL; key++) {
        if (cg_span_equal_string(name, key->name)) {
            return key;
        }
    }
    return NULL;
}

/* "name, audience, scopes" */
static enum cg_status list_keys(struct cg_context *context, const struct cg_schema *schema,
                                struct cg_span *ret_keys)
{
    struct cg_buf buf;
    cg_buf_init_arena(&buf, context->arena, KEYS_BYTES_MAX);
    for (const struct cg_schema_key *key = schema->keys; key->name != NULL; key++) {
        cg_buf_put_string(&buf, buf.len > 0 ? ", " : "");
        cg_buf_put_string(&buf, key->name);
    }
    return cg_buf_finish(&buf, ret_keys);
}

static enum cg_status refuse_key(const struct cg_registry_file *file, const struct cg_yaml *place,
                                 const struct cg_schema *schema)
{
    struct cg_span keys = {NULL, 0};
    struct cg_span shown = {NULL, 0};
    CG_TRY(list_keys(file->context, schema, &keys));
    CG_TRY(cg_output_printable(file->context->arena, cg_span_part(place->key, 0, 64), "", &shown));
    return cg_registry_file_complain(file, place, CG_ERR_INPUT,
                                     "there is no key \"%.*s\" here: %s has %.*s",
                                     CG_SPAN_ARGS(shown), schema->what, CG_SPAN_ARGS(keys));
}

static enum cg_status check_text(const struct cg_registry_file *file, const struct cg_yaml *value,
                                 const struct cg_schema_key *key)
{
    if (value->kind != CG_YAML_TEXT || value->text.len == 0) {
        return cg_registry_file_complain(file, value, CG_ERR_INPUT, "%s wants a value: %s (%s)",
                                         key->name, key->value, key->help);
    }
    return CG_OK;
}

static bool is_word(const struct cg_yaml *value)
{
    bool right = value->kind == CG_YAML_TEXT && value->text.len > 0;
    for (size_t i = 0; right && i < value->text.len; i++) {
        right = value->text.data[i] > ' ';
    }
    return right;
}

static enum cg_status check_words(const struct cg_registry_file *file, const struct cg_yaml *value,
                                  const struct cg_schema_key *key)
{
    bool right = value->kind == CG_YAML_LIST;
    const struct cg_yaml *place = value;
    for (const struct cg_yaml *at = value->first; right && at != NULL; at = at->next) {
        right = is_word(at);
        place = at;
    }
    if (!right) {
        return cg_registry_file_complain(file, place, CG_ERR_INPUT,
                                         "%s wants a list of words, [a, b]: %s", key->name,
                                         key->help);
    }
    return CG_OK;
}

static enum cg_status check_map(const struct cg_registry_file *file, const struct cg_yaml *map,
                                const struct cg_schema *schema);

static enum cg_status check_things(const struct cg_registry_file *file, const struct cg_yaml *value,
                                   const struct cg_schema_key *key)
{
    if (value->kind != CG_YAML_LIST) {
        return cg_registry_file_complain(file, value, CG_ERR_INPUT,
                                         "%s wants a list, a thing after each \"- \": %s",
                                         key->name, key->help);
    }
    for (const struct cg_yaml *at = value->first; at != NULL; at = at->next) {
        CG_TRY(check_map(file, at, key->each));
    }
    return CG_OK;
}

static enum cg_status check_member(const struct cg_registry_file *file, const struct cg_yaml *value,
                                   const struct cg_schema_key *key)
{
    switch (key->shape) {
    case CG_SCHEMA_TEXT: return check_text(file, value, key);
    case CG_SCHEMA_WORDS: return check_words(file, value, key);
    case CG_SCHEMA_THINGS: return check_things(file, value, key);
    }
    return CG_ERR_INTERNAL;
}

static enum cg_status check_map(const struct cg_registry_file *file, const struct cg_yaml *map,
                                const struct cg_schema *schema)
{
    struct cg_span keys = {NULL, 0};
    if (map->kind != CG_YAML_MAP) {
        CG_TRY(list_keys(file->context, schema, &keys));
        return cg_registry_file_complain(file, map, CG_ERR_INPUT, "here wants to be %s: %.*s",
                                         schema->what, CG_SPAN_ARGS(keys));
    }
    for (const struct cg_yaml *at = map->first; at != NULL; at = at->next) {
        const struct cg_schema_key *key = find_key(schema, at->key);
        CG_TRY(key != NULL ? check_member(file, at, key) : refuse_key(file, at, schema));
    }
    for (const struct cg_schema_key *key = schema->keys; key->name != NULL; key++) {
        if (key->required && cg_yaml_member(map, key->name) == NULL) {
            return cg_registry_file_complain(file, map, CG_ERR_INPUT, "%s wants %s: %s",
                                             schema->what, key->name, key->help);
        }
    }
    return CG_OK;
}

static enum cg_status check_format(const struct cg_registry_file *file)
{
    const struct cg_yaml *format = cg_yaml_member(file->root, "caregate");
    if (!cg_span_equal_string(format->text, CG_REGISTRY_FORMAT)) {
        return cg_registry_file_complain(file, format, CG_ERR_INPUT,
                                         "this version reads format %s alone", CG_REGISTRY_FORMAT);
    }
    return CG_OK;
}

static enum cg_status read_bytes(struct cg_context *context, struct cg_span path,
                                 struct cg_registry_file *file, struct cg_span *ret_text)
{
    const char *name = NULL;
    bool is_input = cg_span_equal_string(path, "-");
    CG_TRY(cg_context_string(context, is_input ? CG_SPAN_OF("/dev/stdin") : path, &name));
    file->name = is_input ? "standard input" : name;
    return cg_context_read_file(context, name, CG_LIMIT_YAML_BYTES, ret_text);
}

enum cg_status cg_registry_file_read(struct cg_context *context, struct cg_span path,
                                     struct cg_registry_file *ret_file)
{
    struct cg_registry_file file = {.context = context};
    struct cg_yaml_fault fault;
    struct cg_span text = {NULL, 0};
    CG_TRY(read_bytes(context, path, &file, &text));
    enum cg_status status = cg_yaml_parse(text, context->arena, &fault, &file.root);
    if (status == CG_ERR_INPUT && fault.line == 0) {
        return cg_complain(context, status, "%s: %s", file.name, fault.text);
    }
    if (status == CG_ERR_INPUT) {
        return cg_complain(context, status, "%s:%u: %s", file.name, (unsigned)fault.line,
                           fault.text);
    }
    CG_TRY(status);
    CG_TRY(check_map(&file, file.root, &cg_registry_schema));
    CG_TRY(check_format(&file));
    *ret_file = file;
    return CG_OK;
}
