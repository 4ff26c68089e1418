/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a parsed document says, and the same written out again.
 */
#include "codec/json.h"

#include "base/limits.h"
#include "base/span.h"
#include "codec/json_value.h"

static bool is_a(const struct cg_json_value *value, enum cg_json_kind kind)
{
    return value != NULL && value->kind == kind;
}

const struct cg_json_value *cg_json_root(const struct cg_json *json)
{
    return &json->root;
}

const struct cg_json_value *cg_json_member(const struct cg_json_value *object, const char *name)
{
    if (!cg_json_is_object(object)) {
        return NULL;
    }
    for (size_t i = 0; i < object->children.count; i++) {
        if (cg_span_equal_string(object->children.first[i].name, name)) {
            return &object->children.first[i];
        }
    }
    return NULL;
}

const struct cg_json_value *cg_json_element(const struct cg_json_value *array, size_t index)
{
    return cg_json_is_array(array) && index < array->children.count ? &array->children.first[index]
                                                                    : NULL;
}

size_t cg_json_count(const struct cg_json_value *container)
{
    return cg_json_is_array(container) || cg_json_is_object(container) ? container->children.count
                                                                       : 0;
}

bool cg_json_is_object(const struct cg_json_value *value)
{
    return is_a(value, CG_JSON_OBJECT);
}

bool cg_json_is_array(const struct cg_json_value *value)
{
    return is_a(value, CG_JSON_ARRAY);
}

bool cg_json_next(const struct cg_json_value *object, size_t *position, struct cg_span *ret_name,
                  const struct cg_json_value **ret_value)
{
    if (!cg_json_is_object(object) || *position >= object->children.count) {
        return false;
    }
    const struct cg_json_value *member = &object->children.first[(*position)++];
    *ret_name = member->name;
    *ret_value = member;
    return true;
}

enum cg_status cg_json_string(const struct cg_json_value *value, struct cg_span *ret)
{
    if (!is_a(value, CG_JSON_STRING)) {
        return CG_ERR_INPUT;
    }
    *ret = value->text;
    return CG_OK;
}

enum cg_status cg_json_number(const struct cg_json_value *value, int64_t *ret)
{
    if (!is_a(value, CG_JSON_INTEGER)) {
        return CG_ERR_INPUT;
    }
    *ret = value->number;
    return CG_OK;
}

enum cg_status cg_json_bool(const struct cg_json_value *value, bool *ret)
{
    if (!is_a(value, CG_JSON_TRUE) && !is_a(value, CG_JSON_FALSE)) {
        return CG_ERR_INPUT;
    }
    *ret = value->kind == CG_JSON_TRUE;
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

/* A value without children. */
static void put_scalar(struct cg_json_writer *writer, const struct cg_json_value *value)
{
    switch (value->kind) {
    case CG_JSON_FALSE:
    case CG_JSON_TRUE: cg_json_put_bool(writer, value->kind == CG_JSON_TRUE); break;
    case CG_JSON_INTEGER: cg_json_put_number(writer, value->number); break;
    case CG_JSON_REAL: cg_json_put_raw(writer, value->text); break;
    case CG_JSON_STRING: cg_json_put_string(writer, value->text); break;
    case CG_JSON_NULL:
    case CG_JSON_ARRAY:
    case CG_JSON_OBJECT: cg_json_put_null(writer); break;
    }
}

/* One container under way, and how many of its children are written. */
struct level {
    const struct cg_json_value *container;
    size_t written;
};

static void open_level(struct cg_json_writer *writer, const struct cg_json_value *container,
                       struct level *ret_level)
{
    *ret_level = (struct level){.container = container};
    if (cg_json_is_object(container)) {
        cg_json_open_object(writer);
    } else {
        cg_json_open_array(writer);
    }
}

static void close_level(struct cg_json_writer *writer, const struct level *level)
{
    if (cg_json_is_object(level->container)) {
        cg_json_close_object(writer);
    } else {
        cg_json_close_array(writer);
    }
}

/* The next child of the level, its name in front; a container among them is returned instead. */
static const struct cg_json_value *put_child(struct cg_json_writer *writer, struct level *level)
{
    const struct cg_json_value *child = &level->container->children.first[level->written++];
    if (cg_json_is_object(level->container)) {
        cg_json_put_name(writer, (const char *)child->name.data);
    }
    if (cg_json_is_object(child) || cg_json_is_array(child)) {
        return child;
    }
    put_scalar(writer, child);
    return NULL;
}

static void put_container(struct cg_json_writer *writer, const struct cg_json_value *container)
{
    struct level levels[CG_LIMIT_JSON_DEPTH];
    size_t depth = 0;
    open_level(writer, container, &levels[depth++]);
    while (depth > 0) {
        struct level *level = &levels[depth - 1];
        if (level->written == level->container->children.count) {
            close_level(writer, level);
            depth--;
            continue;
        }
        const struct cg_json_value *child = put_child(writer, level);
        if (child != NULL) {
            open_level(writer, child, &levels[depth++]);
        }
    }
}

void cg_json_put_value(struct cg_json_writer *writer, const struct cg_json_value *value)
{
    struct cg_json_writer compact;
    if (value == NULL) {
        writer->buf->failed = true;
        return;
    }
    /* The comma and the indent alone. */
    cg_json_put_raw(writer, CG_SPAN_OF(""));
    cg_json_begin(&compact, writer->buf);
    if (cg_json_is_object(value) || cg_json_is_array(value)) {
        put_container(&compact, value);
    } else {
        put_scalar(&compact, value);
    }
}
