/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/json_scan.h"

#include "base/span.h"
#include "base/status.h"
#include "codec/utf8.h"

#include <string.h>

#define WORD_BYTES 8
#define ONES UINT64_C(0x0101010101010101)
#define HIGHS UINT64_C(0x8080808080808080)

void cg_json_scan_begin(struct cg_json_scan *scan, struct cg_span text)
{
    scan->text = text;
    scan->at = 0;
    scan->depth = 0;
    scan->has_value = false;
    scan->wants_value = false;
    scan->name_count = 0;
}

static bool is_space(uint8_t byte)
{
    return byte == ' ' || byte == '\n' || byte == '\r' || byte == '\t';
}

/* The byte after white space; 0 at the end, which is in no JSON text. */
static uint8_t look(struct cg_json_scan *scan)
{
    while (scan->at < scan->text.len && is_space(scan->text.data[scan->at])) {
        scan->at++;
    }
    return scan->at < scan->text.len ? scan->text.data[scan->at] : 0;
}

/* Whether one of eight bytes ends a run of plain characters: '"', '\', a control, or not ASCII. A
 * byte that is none may be taken for one beside it, and is then looked at alone. */
static bool has_end(uint64_t word)
{
    uint64_t quote = word ^ (ONES * '"');
    uint64_t slash = word ^ (ONES * '\\');
    uint64_t marks = (quote - ONES) & ~quote;
    marks |= (slash - ONES) & ~slash;
    marks |= (word - ONES * 0x20) | word;
    return (marks & HIGHS) != 0;
}

static size_t skip_plain(struct cg_span text, size_t at)
{
    uint64_t word = 0;
    while (text.len - at >= WORD_BYTES) {
        memcpy(&word, text.data + at, WORD_BYTES);
        if (has_end(word)) {
            break;
        }
        at += WORD_BYTES;
    }
    while (at < text.len && text.data[at] != '"' && text.data[at] != '\\' &&
           text.data[at] >= 0x20 && text.data[at] < 0x80) {
        at++;
    }
    return at;
}

/* The value of four hexadecimal digits; UINT_MAX when they are none. */
static unsigned hex4(struct cg_span text, size_t at)
{
    unsigned value = 0;
    if (text.len - at < 4) {
        return UINT32_MAX;
    }
    for (size_t i = at; i < at + 4; i++) {
        unsigned letter = text.data[i] | 0x20U;
        unsigned digit = text.data[i] - (unsigned)'0';
        if (letter >= 'a' && letter <= 'f') {
            digit = letter - 'a' + 10;
        } else if (digit > 9) {
            return UINT32_MAX;
        }
        value = value << 4 | digit;
    }
    return value;
}

#define HEX_BYTES 6 /* "\u0041" */

/* Length of the escape at text.data[at], a pair of surrogates as one; 0 when it is none. */
static size_t escape_len(struct cg_span text, size_t at)
{
    if (text.len - at < 2) {
        return 0;
    }
    if (text.data[at + 1] != 'u') {
        return strchr("\"\\/bfnrt", text.data[at + 1]) != NULL && text.data[at + 1] != '\0' ? 2 : 0;
    }
    unsigned unit = hex4(text, at + 2);
    if (unit == 0 || unit > 0xffff || (unit >= 0xdc00 && unit <= 0xdfff)) {
        return 0;
    }
    if (unit < 0xd800 || unit > 0xdbff) {
        return HEX_BYTES;
    }
    size_t second = at + HEX_BYTES;
    if (text.len - second < HEX_BYTES || text.data[second] != '\\' ||
        text.data[second + 1] != 'u') {
        return 0;
    }
    unsigned low = hex4(text, second + 2);
    return low >= 0xdc00 && low <= 0xdfff ? (size_t)2 * HEX_BYTES : 0;
}

/* Takes a string whose opening quote comes next. */
static enum cg_status take_string(struct cg_json_scan *scan, struct cg_span *ret_text,
                                  bool *ret_is_escaped)
{
    size_t start = scan->at + 1;
    size_t at = start;
    bool is_escaped = false;
    for (;;) {
        at = skip_plain(scan->text, at);
        if (at == scan->text.len || scan->text.data[at] < 0x20) {
            return CG_ERR_INPUT;
        }
        if (scan->text.data[at] == '"') {
            break;
        }
        is_escaped |= scan->text.data[at] == '\\';
        size_t len = scan->text.data[at] == '\\' ? escape_len(scan->text, at)
                                                 : cg_utf8_length_at(scan->text, at);
        if (len == 0) {
            return CG_ERR_INPUT;
        }
        at += len;
    }
    *ret_text = (struct cg_span){scan->text.data + start, at - start};
    *ret_is_escaped = is_escaped;
    scan->at = at + 1;
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

static size_t take_digits(struct cg_json_scan *scan)
{
    size_t start = scan->at;
    while (scan->at < scan->text.len && scan->text.data[scan->at] >= '0' &&
           scan->text.data[scan->at] <= '9') {
        scan->at++;
    }
    return scan->at - start;
}

static bool take_byte(struct cg_json_scan *scan, const char *bytes)
{
    if (scan->at == scan->text.len || scan->text.data[scan->at] == '\0' ||
        strchr(bytes, scan->text.data[scan->at]) == NULL) {
        return false;
    }
    scan->at++;
    return true;
}

/* RFC 8259 §6 */
static enum cg_status take_number(struct cg_json_scan *scan)
{
    (void)take_byte(scan, "-");
    if (!take_byte(scan, "0") && take_digits(scan) == 0) {
        return CG_ERR_INPUT;
    }
    if (take_byte(scan, ".") && take_digits(scan) == 0) {
        return CG_ERR_INPUT;
    }
    if (take_byte(scan, "eE")) {
        (void)take_byte(scan, "+-");
        return take_digits(scan) > 0 ? CG_OK : CG_ERR_INPUT;
    }
    return CG_OK;
}

static enum cg_status take_other(struct cg_json_scan *scan, uint8_t first)
{
    static const struct cg_span words[] = {CG_SPAN("true"), CG_SPAN("false"), CG_SPAN("null")};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (first == words[i].data[0] &&
            cg_span_equal(cg_span_part(scan->text, scan->at, words[i].len), words[i])) {
            scan->at += words[i].len;
            return CG_OK;
        }
    }
    return take_number(scan);
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
    return take_other(scan, first);
}

enum cg_status cg_json_scan_next(struct cg_json_scan *scan, enum cg_json_token *ret_token,
                                 struct cg_span *ret_text)
{
    uint8_t first = look(scan);
    if (scan->wants_value) {
        return take_value(scan, first, ret_token, ret_text);
    }
    if (scan->depth == 0) {
        if (scan->has_value) {
            *ret_token = CG_JSON_DONE;
            return scan->at == scan->text.len ? CG_OK : CG_ERR_INPUT;
        }
        return scan->text.len > UINT32_MAX ? CG_ERR_LIMIT
                                           : take_value(scan, first, ret_token, ret_text);
    }
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

/* The character that the escape at text.data[at] stands for; 0 when it is not one of ASCII. */
static uint8_t escaped(struct cg_span text, size_t at)
{
    static const char letters[] = "\"\\/bfnrt";
    static const char meant[] = "\"\\/\b\f\n\r\t";
    if (text.data[at + 1] == 'u') {
        unsigned unit = hex4(text, at + 2);
        return unit < 0x80 ? (uint8_t)unit : 0;
    }
    const char *found = strchr(letters, text.data[at + 1]);
    return found != NULL && *found != '\0' ? (uint8_t)meant[found - letters] : 0;
}

enum cg_status cg_json_scan_text(struct cg_span raw, uint8_t *room, size_t size,
                                 struct cg_span *ret_text)
{
    size_t len = 0;
    for (size_t at = 0; at < raw.len;) {
        uint8_t byte = raw.data[at];
        size_t step = 1;
        if (byte == '\\') {
            step = escape_len(raw, at);
            byte = step > 0 ? escaped(raw, at) : 0;
        }
        if (byte == 0 || len == size) {
            return CG_ERR_INPUT;
        }
        room[len++] = byte;
        at += step;
    }
    *ret_text = (struct cg_span){room, len};
    return CG_OK;
}
