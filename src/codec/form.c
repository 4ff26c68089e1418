/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/form.h"

#include "base/span.h"
#include "base/status.h"
#include "codec/percent.h"
#include "codec/utf8.h"

/* Takes one decoded byte off `text` at *at, which moves on. */
static enum cg_status next_byte(struct cg_span text, size_t *at, uint8_t *ret_byte)
{
    if (text.data[*at] == '%') {
        CG_TRY(cg_percent_decode(text, *at, ret_byte));
        *at += CG_PERCENT_CHARS;
        return CG_OK;
    }
    *ret_byte = text.data[*at] == '+' ? ' ' : text.data[*at];
    *at += 1;
    return CG_OK;
}

static bool is_control(uint8_t byte)
{
    return byte < 0x20 || byte == 0x7f;
}

enum cg_status cg_form_decode_into(struct cg_span text, uint8_t *room, size_t size,
                                   struct cg_span *ret_decoded)
{
    size_t len = 0;
    size_t at = 0;
    while (at < text.len) {
        if (len == size) {
            return CG_ERR_LIMIT;
        }
        CG_TRY(next_byte(text, &at, &room[len]));
        if (is_control(room[len])) {
            return CG_ERR_INPUT;
        }
        len++;
    }
    struct cg_span decoded = cg_span_of_bytes(room, len);
    if (!cg_utf8_is_valid(decoded)) {
        return CG_ERR_INPUT;
    }
    *ret_decoded = decoded;
    return CG_OK;
}

enum cg_status cg_form_decode(struct cg_span text, struct cg_arena *arena,
                              struct cg_span *ret_decoded)
{
    void *memory = NULL;
    CG_TRY(cg_arena_take(arena, text.len, &memory));
    return cg_form_decode_into(text, memory, text.len, ret_decoded);
}

/* Splits "name=value" at the first '='; without one the value is empty. */
static void split_pair(struct cg_span pair, struct cg_span *ret_name, struct cg_span *ret_value)
{
    size_t equals = cg_span_find(pair, '=', 0);
    *ret_name = cg_span_part(pair, 0, equals);
    *ret_value = cg_span_part(pair, equals + 1, pair.len);
}

enum cg_status cg_form_parse(struct cg_span body, struct cg_arena *arena,
                             struct cg_params *ret_params)
{
    struct cg_params params = {.count = 0};
    struct cg_span pair = {NULL, 0};
    while (cg_span_split(&body, '&', &pair)) {
        if (pair.len == 0) {
            continue;
        }
        struct cg_span name = {NULL, 0};
        struct cg_span value = {NULL, 0};
        split_pair(pair, &name, &value);
        CG_TRY(cg_form_decode(name, arena, &name));
        CG_TRY(cg_form_decode(value, arena, &value));
        CG_TRY(cg_params_add(&params, name, value));
    }
    *ret_params = params;
    return CG_OK;
}

/* RFC 9110 §5.6.3: optional white space is spaces and tabs. */
static struct cg_span trimmed(struct cg_span text)
{
    size_t start = 0;
    size_t end = text.len;
    while (start < end && (text.data[start] == ' ' || text.data[start] == '\t')) {
        start++;
    }
    while (end > start && (text.data[end - 1] == ' ' || text.data[end - 1] == '\t')) {
        end--;
    }
    return cg_span_part(text, start, end - start);
}

static bool is_charset_utf8(struct cg_span parameter)
{
    return cg_span_equal_nocase(parameter, CG_SPAN_OF("charset=utf-8")) ||
           cg_span_equal_nocase(parameter, CG_SPAN_OF("charset=\"utf-8\""));
}

static bool is_media_type(struct cg_span content_type, struct cg_span media_type,
                          struct cg_span other)
{
    struct cg_span rest = content_type;
    struct cg_span piece = {NULL, 0};
    if (!cg_span_split(&rest, ';', &piece) || !cg_span_equal_nocase(trimmed(piece), media_type)) {
        return false;
    }
    while (cg_span_split(&rest, ';', &piece)) {
        struct cg_span parameter = trimmed(piece);
        if (parameter.len > 0 && !is_charset_utf8(parameter) && !cg_span_equal(parameter, other)) {
            return false;
        }
    }
    return true;
}

bool cg_form_is_content_type(struct cg_span content_type)
{
    return is_media_type(content_type, CG_SPAN_OF("application/x-www-form-urlencoded"),
                         (struct cg_span){NULL, 0});
}

bool cg_form_media_type_is(struct cg_span content_type, struct cg_span media_type)
{
    return is_media_type(content_type, media_type, CG_SPAN_OF("fhirVersion=4.0"));
}

bool cg_form_decodes_to(struct cg_span text, struct cg_span plain)
{
    size_t at = 0;
    for (size_t i = 0; i < plain.len; i++) {
        uint8_t byte = 0;
        if (at >= text.len || next_byte(text, &at, &byte) != CG_OK || byte != plain.data[i]) {
            return false;
        }
    }
    return at == text.len;
}

bool cg_form_query_has(struct cg_span query, const char *name)
{
    struct cg_span pair = {NULL, 0};
    while (cg_span_split(&query, '&', &pair)) {
        struct cg_span raw_name = cg_span_part(pair, 0, cg_span_find(pair, '=', 0));
        if (pair.len > 0 && cg_form_decodes_to(raw_name, cg_span_of_string(name))) {
            return true;
        }
    }
    return false;
}

static bool is_plain(uint8_t byte)
{
    bool letter = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
    bool digit = byte >= '0' && byte <= '9';
    return letter || digit || byte == '-' || byte == '.' || byte == '_' || byte == '*';
}

/* RFC 6749 appendix B. A space becomes %20, which every reader of forms takes. */
void cg_form_encode(struct cg_span value, struct cg_buf *buf)
{
    static const char digits[] = "0123456789ABCDEF";
    for (size_t i = 0; i < value.len; i++) {
        uint8_t byte = value.data[i];
        if (is_plain(byte)) {
            cg_buf_put_byte(buf, byte);
            continue;
        }
        cg_buf_put_byte(buf, '%');
        cg_buf_put_byte(buf, (uint8_t)digits[byte >> 4]);
        cg_buf_put_byte(buf, (uint8_t)digits[byte & 15]);
    }
}

void cg_form_put(struct cg_buf *buf, const char *name, struct cg_span value)
{
    if (value.len == 0) {
        return;
    }
    if (buf->len > 0) {
        cg_buf_put_byte(buf, '&');
    }
    cg_buf_put_string(buf, name);
    cg_buf_put_byte(buf, '=');
    cg_form_encode(value, buf);
}
