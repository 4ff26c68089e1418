/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/yaml_tree.h"

#include "base/cleanup.h"
#include "base/limits.h"
#include "base/span.h"
#include "base/status.h"

#include <string.h>
#include <yaml.h>

/* A list or map that is open, and where its next member goes. */
struct level {
    struct cg_yaml *node;
    struct cg_yaml *last;
    size_t count;
    struct cg_span key; /* of the member to come; absent: the key itself is to come */
    uint32_t key_line;
};

struct reading {
    yaml_parser_t parser;
    struct cg_span text;
    struct cg_arena *arena;
    struct cg_yaml_fault *fault;
    struct level levels[CG_LIMIT_YAML_DEPTH];
    size_t depth;
    size_t values;
    size_t documents;
    struct cg_yaml *root;
};

static void release_parser(struct reading *reading)
{
    yaml_parser_delete(&reading->parser);
}

static enum cg_status refuse(const struct reading *reading, size_t line, const char *text)
{
    *reading->fault = (struct cg_yaml_fault){(uint32_t)line + 1, text};
    return CG_ERR_INPUT;
}

static enum cg_status refuse_event(const struct reading *reading, const yaml_event_t *event,
                                   const char *text)
{
    return refuse(reading, event->start_mark.line, text);
}

/* libyaml's reader reads ahead of its parser, and tells of a byte where it is, not in which line.
 */
static size_t line_at(struct cg_span text, size_t offset)
{
    size_t line = 0;
    for (size_t i = 0; i < offset && i < text.len; i++) {
        line += text.data[i] == '\n' ? 1 : 0;
    }
    return line;
}

/* libyaml's words are static. */
static enum cg_status refuse_syntax(const struct reading *reading)
{
    const yaml_parser_t *parser = &reading->parser;
    if (parser->error == YAML_MEMORY_ERROR) {
        return CG_ERR_LIMIT;
    }
    size_t line = parser->error == YAML_READER_ERROR
                      ? line_at(reading->text, parser->problem_offset)
                      : parser->problem_mark.line;
    return refuse(reading, line, parser->problem != NULL ? parser->problem : "it is not YAML");
}

static struct level *top(struct reading *reading)
{
    return reading->depth > 0 ? &reading->levels[reading->depth - 1] : NULL;
}

static bool awaits_key(const struct level *level)
{
    return level != NULL && level->node->kind == CG_YAML_MAP && level->key.data == NULL;
}

static enum cg_status take_key(struct reading *reading, const yaml_event_t *event)
{
    struct level *level = top(reading);
    struct cg_span key = {event->data.scalar.value, event->data.scalar.length};
    if (level->count == CG_LIMIT_YAML_KEYS) {
        return refuse_event(reading, event, "there are more keys here than any map has");
    }
    for (const struct cg_yaml *at = level->node->first; at != NULL; at = at->next) {
        if (cg_span_equal(at->key, key)) {
            return refuse_event(reading, event, "this key stands here twice");
        }
    }
    level->key_line = (uint32_t)event->start_mark.line + 1;
    return cg_arena_copy(reading->arena, key, &level->key);
}

/* Puts a value where it belongs. */
static enum cg_status add(struct reading *reading, const yaml_event_t *event,
                          enum cg_yaml_kind kind, struct cg_yaml **ret_node)
{
    struct level *level = top(reading);
    struct cg_yaml *node = NULL;
    if (++reading->values > CG_LIMIT_YAML_VALUES) {
        return refuse_event(reading, event, "the file holds too many values");
    }
    CG_TRY(cg_arena_take(reading->arena, sizeof(*node), (void **)&node));
    node->kind = kind;
    node->line = (uint32_t)event->start_mark.line + 1;
    *ret_node = node;
    if (level == NULL) {
        reading->root = node;
        return CG_OK;
    }
    if (level->key.data != NULL) {
        node->key = level->key;
        node->line = level->key_line;
        level->key = (struct cg_span){NULL, 0};
    }
    if (level->last != NULL) {
        level->last->next = node;
    } else {
        level->node->first = node;
    }
    level->last = node;
    level->count++;
    return CG_OK;
}

static enum cg_status take_scalar(struct reading *reading, const yaml_event_t *event)
{
    struct cg_yaml *node = NULL;
    struct cg_span text = {event->data.scalar.value, event->data.scalar.length};
    if (event->data.scalar.anchor != NULL || event->data.scalar.tag != NULL) {
        return refuse_event(reading, event, "anchors (&) and tags (!) are not allowed");
    }
    if (cg_span_find(text, '\0', 0) != text.len) {
        return refuse_event(reading, event, "a zero byte is not allowed");
    }
    if (awaits_key(top(reading))) {
        return take_key(reading, event);
    }
    CG_TRY(add(reading, event, CG_YAML_TEXT, &node));
    return cg_arena_copy(reading->arena, text, &node->text);
}

static enum cg_status open_level(struct reading *reading, const yaml_event_t *event,
                                 enum cg_yaml_kind kind)
{
    struct cg_yaml *node = NULL;
    if (awaits_key(top(reading))) {
        return refuse_event(reading, event, "a key is a text, neither a list nor a map");
    }
    if (reading->depth == CG_LIMIT_YAML_DEPTH) {
        return refuse_event(reading, event, "it nests too deep");
    }
    CG_TRY(add(reading, event, kind, &node));
    reading->levels[reading->depth++] = (struct level){.node = node};
    return CG_OK;
}

static enum cg_status take_collection(struct reading *reading, const yaml_event_t *event)
{
    bool is_list = event->type == YAML_SEQUENCE_START_EVENT;
    const yaml_char_t *anchor =
        is_list ? event->data.sequence_start.anchor : event->data.mapping_start.anchor;
    const yaml_char_t *tag =
        is_list ? event->data.sequence_start.tag : event->data.mapping_start.tag;
    if (anchor != NULL || tag != NULL) {
        return refuse_event(reading, event, "anchors (&) and tags (!) are not allowed");
    }
    return open_level(reading, event, is_list ? CG_YAML_LIST : CG_YAML_MAP);
}

static enum cg_status take(struct reading *reading, const yaml_event_t *event)
{
    switch ((int)event->type) {
    case YAML_DOCUMENT_START_EVENT:
        return ++reading->documents == 1
                   ? CG_OK
                   : refuse_event(reading, event, "a second document begins here: a file is one");
    case YAML_ALIAS_EVENT: return refuse_event(reading, event, "aliases (*) are not allowed");
    case YAML_SCALAR_EVENT: return take_scalar(reading, event);
    case YAML_SEQUENCE_START_EVENT:
    case YAML_MAPPING_START_EVENT: return take_collection(reading, event);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT: reading->depth--; return CG_OK;
    default: return CG_OK;
    }
}

static enum cg_status take_all(struct reading *reading)
{
    bool ended = false;
    while (!ended) {
        yaml_event_t event;
        if (yaml_parser_parse(&reading->parser, &event) == 0) {
            return refuse_syntax(reading);
        }
        ended = event.type == YAML_STREAM_END_EVENT;
        enum cg_status status = take(reading, &event);
        yaml_event_delete(&event);
        CG_TRY(status);
    }
    return CG_OK;
}

enum cg_status cg_yaml_parse(struct cg_span text, struct cg_arena *arena,
                             struct cg_yaml_fault *fault, const struct cg_yaml **ret_root)
{
    *fault = (struct cg_yaml_fault){0, NULL};
    if (text.len > CG_LIMIT_YAML_BYTES) {
        fault->text = "the file is too long";
        return CG_ERR_INPUT;
    }
    CG_CLEANUP(release_parser)
    struct reading reading = {.text = text, .arena = arena, .fault = fault};
    if (yaml_parser_initialize(&reading.parser) == 0) {
        return CG_ERR_LIMIT;
    }
    yaml_parser_set_encoding(&reading.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&reading.parser,
                                 text.data != NULL ? text.data : (const yaml_char_t *)"", text.len);
    CG_TRY(take_all(&reading));
    if (reading.root == NULL) {
        fault->text = "the file is empty";
        return CG_ERR_INPUT;
    }
    *ret_root = reading.root;
    return CG_OK;
}

const struct cg_yaml *cg_yaml_member(const struct cg_yaml *map, const char *key)
{
    for (const struct cg_yaml *at = map->first; at != NULL; at = at->next) {
        if (cg_span_equal_string(at->key, key)) {
            return at;
        }
    }
    return NULL;
}
