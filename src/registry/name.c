/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/name.h"

#include "base/limits.h"
#include "base/span.h"
#include "token/text.h"

#define ID_CHARS 12
#define RANDOM_CHARS_MAX 32

static bool is_lower(uint8_t byte)
{
    return byte >= 'a' && byte <= 'z';
}

static bool is_digit(uint8_t byte)
{
    return byte >= '0' && byte <= '9';
}

bool cg_registry_is_api_name(struct cg_span name)
{
    return cg_text_is_name(name);
}

bool cg_registry_is_ods(struct cg_span ods)
{
    return cg_text_is_ods(ods);
}

bool cg_registry_is_client_id(struct cg_span id)
{
    bool word_begins = true;
    for (size_t i = 0; i < id.len; i++) {
        uint8_t byte = id.data[i];
        bool hyphen = byte == '-' && !word_begins;
        if (!is_lower(byte) && !is_digit(byte) && !hyphen) {
            return false;
        }
        word_begins = hyphen;
    }
    return id.len >= 1 && id.len <= CG_LIMIT_CLIENT_ID_BYTES && is_lower(id.data[0]) &&
           !word_begins;
}

/* One row of the table in RFC 3629 §4: how long, and which second bytes are well-formed. */
struct utf8_form {
    uint8_t first_low;
    uint8_t first_high;
    uint8_t second_low;
    uint8_t second_high;
    uint8_t len;
};

static const struct utf8_form utf8_forms[] = {
    {0x20, 0x7e, 0, 0, 1},       {0xc2, 0xc2, 0xa0, 0xbf, 2}, /* from U+00A0: no C1 controls */
    {0xc3, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3}, {0xe1, 0xec, 0x80, 0xbf, 3},
    {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3}, {0xf0, 0xf0, 0x90, 0xbf, 4},
    {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
};

static bool fits_form(const struct utf8_form *form, struct cg_span rest)
{
    if (rest.data[0] < form->first_low || rest.data[0] > form->first_high || rest.len < form->len) {
        return false;
    }
    for (size_t i = 1; i < form->len; i++) {
        uint8_t low = i == 1 ? form->second_low : 0x80;
        uint8_t high = i == 1 ? form->second_high : 0xbf;
        if (rest.data[i] < low || rest.data[i] > high) {
            return false;
        }
    }
    return true;
}

/* Length of the printable character in front, 0 when there is none. */
static size_t printable_len(struct cg_span rest)
{
    for (size_t i = 0; i < sizeof(utf8_forms) / sizeof(utf8_forms[0]); i++) {
        if (fits_form(&utf8_forms[i], rest)) {
            return utf8_forms[i].len;
        }
    }
    return 0;
}

bool cg_name_is_text(struct cg_span text, size_t max)
{
    if (text.len == 0 || text.len > max || text.data[0] == ' ' || text.data[text.len - 1] == ' ') {
        return false;
    }
    size_t at = 0;
    while (at < text.len) {
        size_t len = printable_len(cg_span_part(text, at, text.len));
        if (len == 0) {
            return false;
        }
        at += len;
    }
    return true;
}

bool cg_name_is_time(int64_t time_s)
{
    return time_s > 0 && time_s <= CG_TIME_MAX_S;
}

enum cg_status cg_name_put_random(const struct cg_random *random, size_t chars, struct cg_buf *buf)
{
    static const char alphabet[33] = "abcdefghijkmnpqrstuvwxyz23456789";
    uint8_t bytes[RANDOM_CHARS_MAX];
    if (chars > sizeof(bytes)) {
        return CG_ERR_INTERNAL;
    }
    CG_TRY(cg_random_fill(random, bytes, chars));
    for (size_t i = 0; i < chars; i++) {
        cg_buf_put_byte(buf, (uint8_t)alphabet[bytes[i] & 31]);
    }
    return CG_OK;
}

enum cg_status cg_name_make_id(const char *prefix, const struct cg_random *random,
                               struct cg_arena *arena, struct cg_span *ret_id)
{
    struct cg_buf buf;
    cg_buf_init_arena(&buf, arena, CG_LIMIT_NAME_BYTES);
    cg_buf_put_string(&buf, prefix);
    CG_TRY(cg_name_put_random(random, ID_CHARS, &buf));
    return cg_buf_finish(&buf, ret_id);
}
