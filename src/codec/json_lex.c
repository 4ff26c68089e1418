/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/json_lex.h"

#include "base/span.h"
#include "codec/json.h"
#include "codec/utf8.h"

#include <string.h>

#define FIRST_PRINTABLE 0x20
#define HEX_DIGITS ((size_t)4)
#define HEX_ESCAPE_BYTES ((size_t)6) /* "\u0041" */
#define NO_UNIT UINT32_MAX
/* RFC 3629 §3: where characters of two, three and four bytes begin, and what each byte carries. */
#define TWO_BYTES 0x80
#define THREE_BYTES 0x800
#define FOUR_BYTES 0x10000
#define TAIL_BITS 6
#define TAIL_MASK 0x3f
/* RFC 8259 §7: what is past the first plane is escaped as two surrogates of 10 bits each. */
#define SURROGATE_HIGH 0xd800
#define SURROGATE_LOW 0xdc00
#define SURROGATE_END 0xe000
#define SURROGATE_BITS 10

static const char short_letters[] = "\"\\/bfnrt";
static const char short_meanings[] = "\"\\/\b\f\n\r\t";

/* The byte there; 0 behind the end, which stands for none in JSON. */
static uint8_t byte_at(struct cg_span text, size_t at)
{
    return at < text.len ? text.data[at] : 0;
}

size_t cg_json_space_end(struct cg_span text, size_t at)
{
    uint8_t byte = byte_at(text, at);
    while (byte == ' ' || byte == '\n' || byte == '\r' || byte == '\t') {
        byte = byte_at(text, ++at);
    }
    return at;
}

/* The value of the four digits behind \u; NO_UNIT when they are none. */
static uint32_t unit_at(struct cg_span text, size_t at)
{
    uint32_t unit = 0;
    for (size_t i = at; i < at + HEX_DIGITS; i++) {
        uint8_t byte = byte_at(text, i);
        uint8_t letter = (uint8_t)(byte | 0x20);
        bool is_letter = letter >= 'a' && letter <= 'f';
        if (!is_letter && (byte < '0' || byte > '9')) {
            return NO_UNIT;
        }
        unit = unit << 4 | (uint32_t)(is_letter ? letter - 'a' + 10 : byte - '0');
    }
    return unit;
}

static bool is_between(uint32_t unit, uint32_t first, uint32_t end)
{
    return unit >= first && unit < end;
}

/* RFC 8259 §7: length of the escape whose backslash is at `at`, a pair of surrogates as one, and
 * the character that it stands for; 0 when it is none, or that character is a zero. */
static size_t escape_at(struct cg_span text, size_t at, uint32_t *ret_character)
{
    uint8_t letter = byte_at(text, at + 1);
    if (letter != 'u') {
        const char *found = letter == 0 ? NULL : strchr(short_letters, letter);
        *ret_character = found == NULL ? 0 : (uint8_t)short_meanings[found - short_letters];
        return found == NULL ? 0 : 2;
    }
    uint32_t high = unit_at(text, at + 2);
    if (high == 0 || high == NO_UNIT || is_between(high, SURROGATE_LOW, SURROGATE_END)) {
        return 0;
    }
    *ret_character = high;
    if (!is_between(high, SURROGATE_HIGH, SURROGATE_LOW)) {
        return HEX_ESCAPE_BYTES;
    }
    size_t second = at + HEX_ESCAPE_BYTES;
    uint32_t low = unit_at(text, second + 2);
    if (byte_at(text, second) != '\\' || byte_at(text, second + 1) != 'u' ||
        !is_between(low, SURROGATE_LOW, SURROGATE_END)) {
        return 0;
    }
    *ret_character =
        FOUR_BYTES + ((high - SURROGATE_HIGH) << SURROGATE_BITS | (low - SURROGATE_LOW));
    return 2 * HEX_ESCAPE_BYTES;
}

size_t cg_json_string_end(struct cg_span text, size_t at, bool *ret_is_escaped)
{
    bool is_escaped = false;
    uint32_t character;
    if (byte_at(text, at) != '"') {
        return 0;
    }
    at++;
    for (;;) {
        at += cg_json_plain_run(text, at);
        uint8_t byte = byte_at(text, at);
        if (byte == '"') {
            *ret_is_escaped = is_escaped;
            return at + 1;
        }
        if (byte < FIRST_PRINTABLE) {
            return 0;
        }
        is_escaped = is_escaped || byte == '\\';
        size_t len = byte == '\\' ? escape_at(text, at, &character) : cg_utf8_length_at(text, at);
        if (len == 0) {
            return 0;
        }
        at += len;
    }
}

static size_t digits_end(struct cg_span text, size_t at)
{
    while (is_between(byte_at(text, at), '0', '9' + 1)) {
        at++;
    }
    return at;
}

/* Past digits, of which there must be one; 0 without. */
static size_t some_digits_end(struct cg_span text, size_t at)
{
    size_t end = digits_end(text, at);
    return end > at ? end : 0;
}

/* RFC 8259 §6: number */
size_t cg_json_number_end(struct cg_span text, size_t at, bool *ret_is_integer)
{
    at += byte_at(text, at) == '-';
    at = byte_at(text, at) == '0' ? at + 1 : some_digits_end(text, at);
    bool has_fraction = at != 0 && byte_at(text, at) == '.';
    if (has_fraction) {
        at = some_digits_end(text, at + 1);
    }
    bool has_exponent = at != 0 && (byte_at(text, at) | 0x20) == 'e';
    if (has_exponent) {
        at++;
        at += byte_at(text, at) == '+' || byte_at(text, at) == '-';
        at = some_digits_end(text, at);
    }
    *ret_is_integer = !has_fraction && !has_exponent;
    return at;
}

/* RFC 8259 §3: false, null or true. */
size_t cg_json_word_end(struct cg_span text, size_t at, enum cg_json_word *ret_word)
{
    static const struct cg_span words[] = {
        [CG_JSON_WORD_NULL] = CG_SPAN("null"),
        [CG_JSON_WORD_FALSE] = CG_SPAN("false"),
        [CG_JSON_WORD_TRUE] = CG_SPAN("true"),
    };
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (cg_span_equal(cg_span_part(text, at, words[i].len), words[i])) {
            *ret_word = (enum cg_json_word)i;
            return at + words[i].len;
        }
    }
    return 0;
}

static uint8_t tail_of(uint32_t character, unsigned place)
{
    return (uint8_t)(0x80 | (character >> (place * TAIL_BITS) & TAIL_MASK));
}

/* Returns how many bytes it took: fewer than the escape had. */
static size_t put_character(uint8_t *bytes, uint32_t character)
{
    size_t len = 0;
    if (character < TWO_BYTES) {
        bytes[len++] = (uint8_t)character;
        return len;
    }
    if (character < THREE_BYTES) {
        bytes[len++] = (uint8_t)(0xc0 | character >> TAIL_BITS);
    } else if (character < FOUR_BYTES) {
        bytes[len++] = (uint8_t)(0xe0 | character >> (2 * TAIL_BITS));
        bytes[len++] = tail_of(character, 1);
    } else {
        bytes[len++] = (uint8_t)(0xf0 | character >> (3 * TAIL_BITS));
        bytes[len++] = tail_of(character, 2);
        bytes[len++] = tail_of(character, 1);
    }
    bytes[len++] = tail_of(character, 0);
    return len;
}

size_t cg_json_unescape(struct cg_span raw, uint8_t *room)
{
    size_t len = 0;
    size_t at = 0;
    while (at < raw.len) {
        size_t slash = cg_span_find(raw, '\\', at);
        memmove(room + len, raw.data + at, slash - at);
        len += slash - at;
        at = slash;
        uint32_t character = 0;
        size_t escape = slash < raw.len ? escape_at(raw, slash, &character) : 0;
        if (slash < raw.len && escape == 0) {
            return SIZE_MAX;
        }
        len += escape > 0 ? put_character(room + len, character) : 0;
        at += escape;
    }
    return len;
}
