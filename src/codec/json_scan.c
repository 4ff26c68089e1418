/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/json_scan.h"

#include "base/span.h"
#include "base/status.h"
#include "codec/json_lex.h"

#include <string.h>

#define WORD_BYTES sizeof(uint64_t)

void cg_json_scan_begin(struct cg_json_scan *scan, struct cg_span text)
{
    scan->text = text;
    scan->at = 0;
    scan->depth = 0;
    scan->has_value = false;
    scan->wants_value = false;
    scan->name_count = 0;
}

/* The byte after white space; 0 at the end, which is in no JSON text. */
static uint8_t look(struct cg_json_scan *scan)
{
    scan->at = cg_json_space_end(scan->text, scan->at);
    return scan->at < scan->text.len ? scan->text.data[scan->at] : 0;
}

static enum cg_status take_string(struct cg_json_scan *scan, struct cg_span *ret_text,
                                  bool *ret_is_escaped)
{
    size_t start = scan->at + 1;
    size_t end = cg_json_string_end(scan->text, scan->at, ret_is_escaped);
    if (end == 0) {
        return CG_ERR_INPUT;
    }
    *ret_text = cg_span_part(scan->text, start, end - 1 - start);
    scan->at = end;
    return CG_OK;
}

/* The first eight bytes, the last eight, and the length. */
static uint64_t print_of(struct cg_span name)
{
    uint64_t head = 0;
    uint64_t tail = 0;
    size_t len = name.len < WORD_BYTES ? name.len : WORD_BYTES;
    memcpy(&head, name.data, len);
    memcpy(&tail, name.data + name.len - len, len);
    return head ^ (tail << 1 | tail >> 63) ^ ((uint64_t)name.len << 56);
}

static enum cg_status add_name(struct cg_json_scan *scan, struct cg_span name)
{
    const struct cg_json_scan_name added = {
        .print = print_of(name),
        .at = (uint32_t)(name.data - scan->text.data),
        .len = (uint32_t)name.len,
    };
    size_t first = scan->open[scan->depth - 1].first_name;
    if (scan->name_count == CG_LIMIT_JSON_SCAN_NAMES ||
        scan->name_count - first == CG_LIMIT_JSON_SCAN_OBJECT_NAMES) {
        return CG_ERR_LIMIT;
    }
    for (size_t i = first; i < scan->name_count; i++) {
        const struct cg_json_scan_name *there = &scan->names[i];
        if (there->print == added.print && there->len == added.len &&
            cg_span_equal(cg_span_part(scan->text, there->at, there->len), name)) {
            return CG_ERR_INPUT;
        }
    }
    scan->names[scan->name_count++] = added;
    return CG_OK;
}

static enum cg_status take_name(struct cg_json_scan *scan, struct cg_span *ret_text)
{
    bool is_escaped = false;
    CG_TRY(take_string(scan, ret_text, &is_escaped));
    if (is_escaped || ret_text->len == 0) {
        return CG_ERR_INPUT;
    }
    CG_TRY(add_name(scan, *ret_text));
    if (look(scan) != ':') {
        return CG_ERR_INPUT;
    }
    scan->at++;
    scan->wants_value = true;
    return CG_OK;
}

static enum cg_status take_other(struct cg_json_scan *scan)
{
    bool is_integer = false;
    enum cg_json_word word = CG_JSON_WORD_NULL;
    size_t end = cg_json_word_end(scan->text, scan->at, &word);
    if (end == 0) {
        end = cg_json_number_end(scan->text, scan->at, &is_integer);
    }
    if (end == 0) {
        return CG_ERR_INPUT;
    }
    scan->at = end;
    return CG_OK;
}

static enum cg_status open_container(struct cg_json_scan *scan, bool is_object)
{
    if (scan->depth == CG_LIMIT_JSON_SCAN_DEPTH) {
        return CG_ERR_LIMIT;
    }
    scan->open[scan->depth].is_object = is_object;
    scan->open[scan->depth].first_name = (uint32_t)scan->name_count;
    scan->depth++;
    scan->at++;
    scan->has_value = false;
    scan->wants_value = false;
    return CG_OK;
}

static enum cg_json_token close_container(struct cg_json_scan *scan)
{
    scan->depth--;
    scan->at++;
    scan->name_count = scan->open[scan->depth].first_name;
    scan->has_value = true;
    return scan->open[scan->depth].is_object ? CG_JSON_OBJECT_END : CG_JSON_ARRAY_END;
}

static enum cg_status take_value(struct cg_json_scan *scan, uint8_t first,
                                 enum cg_json_token *ret_token, struct cg_span *ret_text)
{
    bool is_escaped = false;
    if (first == '{' || first == '[') {
        *ret_token = first == '{' ? CG_JSON_OBJECT : CG_JSON_ARRAY;
        return open_container(scan, first == '{');
    }
    scan->has_value = true;
    scan->wants_value = false;
    if (first == '"') {
        *ret_token = CG_JSON_STRING;
        return take_string(scan, ret_text, &is_escaped);
    }
    *ret_token = CG_JSON_OTHER;
    return take_other(scan);
}

/* Another value of the innermost container, the name of one, or its end. */
static enum cg_status next_inside(struct cg_json_scan *scan, uint8_t first,
                                  enum cg_json_token *ret_token, struct cg_span *ret_text)
{
    bool is_object = scan->open[scan->depth - 1].is_object;
    if (first == (is_object ? '}' : ']')) {
        *ret_token = close_container(scan);
        return CG_OK;
    }
    if (scan->has_value) {
        if (first != ',') {
            return CG_ERR_INPUT;
        }
        scan->at++;
        first = look(scan);
    }
    if (!is_object) {
        return take_value(scan, first, ret_token, ret_text);
    }
    *ret_token = CG_JSON_NAME;
    return first == '"' ? take_name(scan, ret_text) : CG_ERR_INPUT;
}

enum cg_status cg_json_scan_next(struct cg_json_scan *scan, enum cg_json_token *ret_token,
                                 struct cg_span *ret_text)
{
    uint8_t first = look(scan);
    if (scan->wants_value) {
        return take_value(scan, first, ret_token, ret_text);
    }
    if (scan->depth > 0) {
        return next_inside(scan, first, ret_token, ret_text);
    }
    if (scan->has_value) {
        *ret_token = CG_JSON_DONE;
        return scan->at == scan->text.len ? CG_OK : CG_ERR_INPUT;
    }
    return scan->text.len > UINT32_MAX ? CG_ERR_LIMIT
                                       : take_value(scan, first, ret_token, ret_text);
}

static size_t count_wide(struct cg_span text)
{
    size_t count = 0;
    for (size_t i = 0; i < text.len; i++) {
        count += text.data[i] >= 0x80;
    }
    return count;
}

enum cg_status cg_json_scan_text(struct cg_span raw, uint8_t *room, size_t size,
                                 struct cg_span *ret_text)
{
    if (raw.len > size) {
        return CG_ERR_INPUT;
    }
    struct cg_span text = {room, cg_json_unescape(raw, room)};
    if (text.len == SIZE_MAX || count_wide(text) != count_wide(raw)) {
        return CG_ERR_INPUT;
    }
    *ret_text = text;
    return CG_OK;
}
