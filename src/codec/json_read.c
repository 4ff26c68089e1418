/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From text to values, in one pass and without recursion. A zero stands behind the text, and JSON
 * has no place for one, so that no look at the next byte needs a bound.
 */
#include "base/alloc.h"
#include "base/limits.h"
#include "base/span.h"
#include "base/status.h"
#include "codec/json_lex.h"
#include "codec/json_value.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Up to so many names, each is compared with each; more are sorted first. */
#define FEW_NAMES 32

/*
 * Values wait in a stack, the children of an open container above it, and move to where they stay
 * once it is closed. There is room for all of them in either place.
 */
struct reading {
    struct cg_span text; /* the document's own copy, which strings are decoded in */
    uint8_t *bytes;      /* the same, to write to */
    size_t at;
    struct cg_json_value *placed; /* where the next that stays goes */
    struct cg_json_value *stack;
    size_t waiting;                   /* in the stack */
    size_t open[CG_LIMIT_JSON_DEPTH]; /* where in the stack the open containers are */
    size_t depth;
};

static void skip_space(struct reading *reading)
{
    reading->at = cg_json_space_end(reading->text, reading->at);
}

static bool take(struct reading *reading, uint8_t byte)
{
    if (reading->bytes[reading->at] != byte) {
        return false;
    }
    reading->at++;
    return true;
}

/* RFC 8259 §7: string, decoded where it stands: that never makes it longer. */
static enum cg_status read_string(struct reading *reading, struct cg_span *ret_string)
{
    bool is_escaped = false;
    size_t start = reading->at + 1;
    size_t end = cg_json_string_end(reading->text, reading->at, &is_escaped);
    if (end == 0) {
        return CG_ERR_INPUT;
    }
    struct cg_span string = cg_span_part(reading->text, start, end - 1 - start);
    if (is_escaped) {
        string.len = cg_json_unescape(string, reading->bytes + start);
    }
    reading->bytes[start + string.len] = 0;
    reading->at = end;
    *ret_string = string;
    return CG_OK;
}

/* RFC 8259 §6 lets us limit the range: 64 bits, and what a double holds. Behind the number stands
 * what ends it for strtoll and strtod, too. */
static enum cg_status read_number(struct reading *reading, struct cg_json_value *value)
{
    bool is_integer = false;
    size_t start = reading->at;
    size_t end = cg_json_number_end(reading->text, start, &is_integer);
    const char *text = (const char *)reading->bytes + start;
    if (end == 0) {
        return CG_ERR_INPUT;
    }
    reading->at = end;
    if (is_integer) {
        errno = 0;
        value->kind = CG_JSON_INTEGER;
        value->number = strtoll(text, NULL, 10);
        return errno == 0 ? CG_OK : CG_ERR_INPUT;
    }
    value->kind = CG_JSON_REAL;
    value->text = cg_span_part(reading->text, start, end - start);
    return isfinite(strtod(text, NULL)) ? CG_OK : CG_ERR_INPUT;
}

static enum cg_status read_word(struct reading *reading, struct cg_json_value *value)
{
    static const enum cg_json_kind kinds[] = {
        [CG_JSON_WORD_NULL] = CG_JSON_NULL,
        [CG_JSON_WORD_FALSE] = CG_JSON_FALSE,
        [CG_JSON_WORD_TRUE] = CG_JSON_TRUE,
    };
    enum cg_json_word word = CG_JSON_WORD_NULL;
    size_t end = cg_json_word_end(reading->text, reading->at, &word);
    if (end == 0) {
        return CG_ERR_INPUT;
    }
    value->kind = kinds[word];
    reading->at = end;
    return CG_OK;
}

static enum cg_status open_container(struct reading *reading, enum cg_json_kind kind)
{
    if (reading->depth == CG_LIMIT_JSON_DEPTH) {
        return CG_ERR_INPUT;
    }
    reading->at++;
    reading->stack[reading->waiting - 1].kind = kind;
    reading->open[reading->depth++] = reading->waiting - 1;
    return CG_OK;
}

/* RFC 8259 §3: the value that was put on the stack last. A container is opened only. */
static enum cg_status read_value(struct reading *reading)
{
    struct cg_json_value *value = &reading->stack[reading->waiting - 1];
    switch (reading->bytes[reading->at]) {
    case '{': return open_container(reading, CG_JSON_OBJECT);
    case '[': return open_container(reading, CG_JSON_ARRAY);
    case '"': value->kind = CG_JSON_STRING; return read_string(reading, &value->text);
    case 'n':
    case 'f':
    case 't': return read_word(reading, value);
    default: return read_number(reading, value);
    }
}

static int compare_names(const void *a, const void *b)
{
    const struct cg_json_value *const *first = a;
    const struct cg_json_value *const *second = b;
    return cg_span_compare((*first)->name, (*second)->name);
}

CG_DEFINE_CLEANUP(memory_release_at, void *, cg_release)

static enum cg_status refuse_repeats_among_many(const struct cg_json_value *members, size_t count)
{
    CG_CLEANUP(memory_release_at) void *memory = NULL;
    CG_TRY(cg_alloc(count, sizeof(struct cg_json_value *), &memory));
    const struct cg_json_value **sorted = memory;
    for (size_t i = 0; i < count; i++) {
        sorted[i] = &members[i];
    }
    qsort(sorted, count, sizeof(struct cg_json_value *), compare_names);
    for (size_t i = 1; i < count; i++) {
        if (cg_span_equal(sorted[i - 1]->name, sorted[i]->name)) {
            return CG_ERR_INPUT;
        }
    }
    return CG_OK;
}

/* RFC 8259 §4 leaves it to us what repeated names are: of two readers each might see another. */
static enum cg_status refuse_repeats(const struct cg_json_value *members, size_t count)
{
    if (count > FEW_NAMES) {
        return refuse_repeats_among_many(members, count);
    }
    for (size_t i = 1; i < count; i++) {
        for (size_t j = 0; j < i; j++) {
            if (cg_span_equal(members[i].name, members[j].name)) {
                return CG_ERR_INPUT;
            }
        }
    }
    return CG_OK;
}

static enum cg_status close_container(struct reading *reading)
{
    size_t place = reading->open[--reading->depth];
    struct cg_json_value *container = &reading->stack[place];
    size_t count = reading->waiting - place - 1;
    memcpy(reading->placed, container + 1, count * sizeof(*container));
    container->children.first = reading->placed;
    container->children.count = count;
    reading->placed += count;
    reading->waiting = place + 1;
    reading->at++;
    return container->kind == CG_JSON_OBJECT ? refuse_repeats(container->children.first, count)
                                             : CG_OK;
}

/* RFC 8259 §4, §5: what comes next in the innermost container: another of its values, or its end.
 */
static enum cg_status read_next(struct reading *reading)
{
    size_t place = reading->open[reading->depth - 1];
    bool is_object = reading->stack[place].kind == CG_JSON_OBJECT;
    skip_space(reading);
    if (reading->bytes[reading->at] == (is_object ? '}' : ']')) {
        return close_container(reading);
    }
    if (reading->waiting > place + 1) {
        if (!take(reading, ',')) {
            return CG_ERR_INPUT;
        }
        skip_space(reading);
    }
    struct cg_json_value *value = &reading->stack[reading->waiting++];
    *value = (struct cg_json_value){.kind = CG_JSON_NULL};
    if (is_object) {
        CG_TRY(read_string(reading, &value->name));
        skip_space(reading);
        if (!take(reading, ':')) {
            return CG_ERR_INPUT;
        }
        skip_space(reading);
    }
    return read_value(reading);
}

/* RFC 8259 §2: JSON-text; of objects and arrays only, as jose and OAuth have no others. */
static enum cg_status read_document(struct reading *reading)
{
    reading->waiting = 1;
    skip_space(reading);
    if (reading->bytes[reading->at] != '{' && reading->bytes[reading->at] != '[') {
        return CG_ERR_INPUT;
    }
    CG_TRY(read_value(reading));
    while (reading->depth > 0) {
        CG_TRY(read_next(reading));
    }
    skip_space(reading);
    return reading->at == reading->text.len ? CG_OK : CG_ERR_INPUT;
}

/* Not fewer than there are: each but the root follows a comma or opens its container. */
static size_t count_values(struct cg_span text)
{
    size_t count = 1;
    for (size_t i = 0; i < text.len; i++) {
        uint8_t byte = text.data[i];
        count += byte == ',' || byte == '[' || byte == '{';
    }
    return count;
}

enum cg_status cg_json_parse(struct cg_span text, size_t max_bytes, struct cg_json **ret_json)
{
    if (text.len > max_bytes || text.len > CG_LIMIT_JSON_BYTES) {
        return CG_ERR_LIMIT;
    }
    if (text.len == 0) {
        return CG_ERR_INPUT;
    }
    void *memory;
    size_t count = count_values(text);
    CG_TRY(cg_alloc(1, sizeof(struct cg_json), &memory));
    CG_CLEANUP(cg_json_free_at) struct cg_json *json = memory;
    CG_TRY(cg_alloc(count, 2 * sizeof(struct cg_json_value), &memory));
    json->values = memory;
    CG_TRY(cg_alloc(text.len + 1, 1, &memory));
    json->text = memory;
    memcpy(json->text, text.data, text.len);
    struct reading reading = {
        .text = {json->text, text.len},
        .bytes = json->text,
        .placed = json->values,
        .stack = json->values + count,
    };
    CG_TRY(read_document(&reading));
    json->root = reading.stack[0];
    *ret_json = CG_STEAL(json);
    return CG_OK;
}

struct cg_json *cg_json_free(struct cg_json *json)
{
    if (json != NULL) {
        (void)cg_release(json->values);
        (void)cg_release(json->text);
    }
    return cg_release(json);
}
