/* SPDX-License-Identifier: Apache-2.0 */
#include "token/details.h"

#include "base/span.h"
#include "base/status.h"
#include "token/scope.h"
#include "token/text.h"

#include <stddef.h>
#include <string.h>

static bool is_location(struct cg_span value)
{
    return cg_text_is_header_safe(value, CG_LIMIT_URI_BYTES);
}

/* The lists of an object, in the order in which they are written. */
static const struct list {
    const char *name;
    size_t offset;
    size_t max;            /* values */
    struct cg_span system; /* what stands in front of each */
    bool (*is_valid)(struct cg_span value);
    const char *wrong;
} lists[] = {
    {"locations", offsetof(struct cg_details, locations), CG_LIMIT_DETAILS_VALUES, CG_SPAN(""),
     is_location, "send locations as an array of 1 to 32 audiences of APIs, each once"},
    {"actions", offsetof(struct cg_details, actions), CG_LIMIT_TOKEN_SCOPES, CG_SPAN(""),
     cg_scope_token_is_valid,
     "send actions as an array of 1 to 128 scopes, each once, or leave it out"},
    {"document_types", offsetof(struct cg_details, document_types), CG_LIMIT_DETAILS_VALUES,
     CG_SPAN("http://snomed.info/sct|"), cg_text_is_sctid,
     "send document_types as an array of 1 to 32 SNOMED CT codes such as "
     "http://snomed.info/sct|736253002, each once, or leave it out"},
    {"organisations", offsetof(struct cg_details, organisations), CG_LIMIT_DETAILS_VALUES,
     CG_SPAN("https://fhir.nhs.uk/Id/ods-organization-code|"), cg_text_is_ods,
     "send organisations as an array of 1 to 32 ODS codes such as "
     "https://fhir.nhs.uk/Id/ods-organization-code|RX809, each once, or leave it out"},
};

#define LIST_COUNT (sizeof(lists) / sizeof(lists[0]))

static const char wrong_text[] =
    "send authorization_details as one JSON array, no name in an object twice, at most 4096 bytes";
static const char wrong_array[] = "send authorization_details as a JSON array of 1 to 32 objects";
static const char wrong_type[] =
    "send objects of type " CG_DETAILS_TYPE " in authorization_details: it is the only one known";
static const char wrong_member[] =
    "leave out what an object of type " CG_DETAILS_TYPE " does not have: it has type, locations, "
    "actions, document_types and organisations";
static const char wrong_place[] =
    "send locations in each object of authorization_details: the audiences of the APIs meant";

static struct cg_span *list_of(struct cg_details *details, const struct list *list)
{
    return (struct cg_span *)(void *)((uint8_t *)details + list->offset);
}

static const struct list *find_list(struct cg_span name)
{
    for (size_t i = 0; i < LIST_COUNT; i++) {
        if (cg_span_equal_string(name, lists[i].name)) {
            return &lists[i];
        }
    }
    return NULL;
}

/* One value without its system. */
static enum cg_status read_value(const struct list *list, const struct cg_json_value *json,
                                 struct cg_span *ret_value)
{
    struct cg_span value;
    CG_TRY(cg_json_string(json, &value));
    if (!cg_span_starts_with(value, list->system)) {
        return CG_ERR_INPUT;
    }
    value = cg_span_part(value, list->system.len, value.len);
    if (!list->is_valid(value)) {
        return CG_ERR_INPUT;
    }
    *ret_value = value;
    return CG_OK;
}

/* Values one by one, so that the text takes no more of the arena than it is long. */
static enum cg_status measure_list(const struct list *list, const struct cg_json_value *array,
                                   size_t *ret_len)
{
    size_t count = cg_json_is_array(array) ? cg_json_count(array) : 0;
    if (count == 0 || count > list->max) {
        return CG_ERR_INPUT;
    }
    size_t len = count - 1;
    for (size_t i = 0; i < count; i++) {
        struct cg_span value;
        CG_TRY(read_value(list, cg_json_element(array, i), &value));
        len += value.len;
    }
    *ret_len = len;
    return CG_OK;
}

static enum cg_status read_list(const struct list *list, const struct cg_json_value *array,
                                struct cg_arena *arena, struct cg_span *ret_text)
{
    size_t len;
    void *memory;
    CG_TRY(measure_list(list, array, &len));
    CG_TRY(cg_arena_take(arena, len, &memory));
    uint8_t *text = memory;
    size_t used = 0;
    for (size_t i = 0; i < cg_json_count(array); i++) {
        struct cg_span value;
        CG_TRY(read_value(list, cg_json_element(array, i), &value));
        if (cg_scope_text_has(cg_span_of_bytes(text, used), value)) {
            return CG_ERR_INPUT;
        }
        if (used > 0) {
            text[used++] = ' ';
        }
        memcpy(text + used, value.data, value.len);
        used += value.len;
    }
    *ret_text = cg_span_of_bytes(text, used);
    return CG_OK;
}

/* RFC 9396 §2.1: the type determines what the object may hold, so that it is looked at first. */
static enum cg_status check_type(const struct cg_json_value *object, const char **ret_wrong)
{
    struct cg_span type;
    if (cg_json_member_string(object, "type", &type) != CG_OK ||
        !cg_span_equal_string(type, CG_DETAILS_TYPE)) {
        *ret_wrong = wrong_type;
        return CG_ERR_INPUT;
    }
    return CG_OK;
}

/*
 * RFC 9396 §5: an unknown type, unknown fields, fields of the wrong type or with invalid values,
 * and required ones that are missing are refused.
 */
static enum cg_status read_object(const struct cg_json_value *object, struct cg_arena *arena,
                                  const char **ret_wrong, struct cg_details *ret_details)
{
    CG_TRY(check_type(object, ret_wrong));
    struct cg_details details = {.locations = {NULL, 0}};
    size_t position = 0;
    struct cg_span name;
    const struct cg_json_value *value;
    while (cg_json_next(object, &position, &name, &value)) {
        if (cg_span_equal_string(name, "type")) {
            continue;
        }
        const struct list *list = find_list(name);
        *ret_wrong = list == NULL ? wrong_member : list->wrong;
        if (list == NULL) {
            return CG_ERR_INPUT;
        }
        CG_TRY(read_list(list, value, arena, list_of(&details, list)));
    }
    *ret_wrong = wrong_place;
    if (details.locations.len == 0) {
        return CG_ERR_INPUT;
    }
    *ret_details = details;
    return CG_OK;
}

enum cg_status cg_details_read(const struct cg_json_value *array, struct cg_arena *arena,
                               const char **ret_wrong, struct cg_details_list *ret_list)
{
    size_t count = cg_json_is_array(array) ? cg_json_count(array) : 0;
    if (count == 0 || count > CG_LIMIT_DETAILS) {
        *ret_wrong = wrong_array;
        return CG_ERR_INPUT;
    }
    for (size_t i = 0; i < count; i++) {
        CG_TRY(read_object(cg_json_element(array, i), arena, ret_wrong, &ret_list->items[i]));
    }
    ret_list->count = count;
    return CG_OK;
}

enum cg_status cg_details_parse(struct cg_span text, struct cg_arena *arena, const char **ret_wrong,
                                struct cg_details_list *ret_list)
{
    *ret_wrong = wrong_text;
    if (text.len > CG_LIMIT_DETAILS_BYTES) {
        return CG_ERR_INPUT;
    }
    CG_CLEANUP(cg_json_free_at) struct cg_json *json = NULL;
    CG_TRY(cg_json_parse(text, CG_LIMIT_DETAILS_BYTES, &json));
    return cg_details_read(cg_json_root(json), arena, ret_wrong, ret_list);
}

static void write_list(const struct list *list, struct cg_span text, struct cg_json_writer *writer)
{
    if (text.len == 0) {
        return;
    }
    cg_json_put_name(writer, list->name);
    cg_json_open_array(writer);
    struct cg_span value;
    while (cg_span_split(&text, ' ', &value)) {
        /* Its characters stand for themselves: what was let in has neither quote nor backslash. */
        cg_json_put_raw(writer, CG_SPAN_OF("\""));
        cg_buf_put(writer->buf, list->system);
        cg_buf_put(writer->buf, value);
        cg_buf_put_byte(writer->buf, '"');
    }
    cg_json_close_array(writer);
}

void cg_details_write(const struct cg_details *details, struct cg_json_writer *writer)
{
    cg_json_open_object(writer);
    cg_json_member_put(writer, "type", CG_SPAN_OF(CG_DETAILS_TYPE));
    for (size_t i = 0; i < LIST_COUNT; i++) {
        struct cg_details copy = *details;
        write_list(&lists[i], *list_of(&copy, &lists[i]), writer);
    }
    cg_json_close_object(writer);
}
