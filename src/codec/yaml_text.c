/* SPDX-License-Identifier: Apache-2.0 */
/* How a text is written in YAML. */
#include "base/span.h"
#include "codec/utf8.h"
#include "codec/yaml_tree.h"

#include <stdio.h>
#include <string.h>

/* What other readers of YAML take for something else than a text. */
static const char *const words[] = {"true", "false", "yes", "no", "on", "off", "null", "y", "n"};

static bool is_letter(uint8_t byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
}

static bool is_plain_byte(uint8_t byte)
{
    return is_letter(byte) || (byte >= '0' && byte <= '9') ||
           (byte != '\0' && strchr("._/-:", byte) != NULL);
}

static bool is_plain(struct cg_span text)
{
    bool plain = text.len > 0 && (is_letter(text.data[0]) || text.data[0] == '/') &&
                 text.data[text.len - 1] != ':';
    for (size_t i = 0; plain && i < text.len; i++) {
        plain = is_plain_byte(text.data[i]);
    }
    for (size_t i = 0; plain && i < sizeof(words) / sizeof(words[0]); i++) {
        plain = !cg_span_equal_nocase(text, cg_span_of_string(words[i]));
    }
    return plain;
}

static bool is_ascii_line_byte(uint8_t byte)
{
    return byte >= 0x20 && byte < 0x7F;
}

/* Printable ASCII in lines, none of which begins or ends with a space or is empty, and a single
 * newline at the end: what a block keeps byte for byte. */
static bool fits_block(struct cg_span text)
{
    bool fits = text.len > 1 && text.data[text.len - 1] == '\n';
    for (size_t i = 0; fits && i < text.len; i++) {
        bool begins = i == 0 || text.data[i - 1] == '\n';
        bool ends = i + 1 < text.len && text.data[i + 1] == '\n';
        if (text.data[i] == '\n') {
            fits = !begins;
        } else {
            fits = is_ascii_line_byte(text.data[i]) && (text.data[i] != ' ' || (!begins && !ends));
        }
    }
    return fits;
}

static void put_block(struct cg_buf *buf, struct cg_span text, size_t indent)
{
    struct cg_span rest = cg_span_part(text, 0, text.len - 1);
    struct cg_span line;
    cg_buf_put_byte(buf, '|');
    while (cg_span_split(&rest, '\n', &line)) {
        cg_buf_put_byte(buf, '\n');
        for (size_t i = 0; i < indent; i++) {
            cg_buf_put_byte(buf, ' ');
        }
        cg_buf_put(buf, line);
    }
}

/* A JSON text, say: nothing in it wants an escape. */
static bool fits_single_quotes(struct cg_span text)
{
    bool fits = cg_span_find(text, '"', 0) < text.len;
    for (size_t i = 0; fits && i < text.len; i++) {
        fits = is_ascii_line_byte(text.data[i]) && text.data[i] != '\'';
    }
    return fits;
}

/* The well-formed character of `len` bytes in front. */
static uint32_t code_of(struct cg_span rest, size_t len)
{
    uint32_t code = len == 1 ? rest.data[0] : rest.data[0] & (0xFFU >> (len + 1));
    for (size_t i = 1; i < len; i++) {
        code = (code << 6) | (rest.data[i] & 0x3FU);
    }
    return code;
}

/* What a reader of YAML refuses, or takes for the end of a line, stands as its number. */
static bool wants_escape(uint32_t code)
{
    bool control = code < 0x20 || (code >= 0x7F && code < 0xA0);
    bool separator = code == 0x2028 || code == 0x2029;
    return control || separator || code == 0xFEFF || code == 0xFFFE || code == 0xFFFF;
}

static void put_character(struct cg_buf *buf, struct cg_span character)
{
    char escape[16];
    uint32_t code = code_of(character, character.len);
    if (code == '\n') {
        cg_buf_put_string(buf, "\\n");
    } else if (wants_escape(code)) {
        (void)snprintf(escape, sizeof(escape), "\\u%04X", (unsigned)code);
        cg_buf_put_string(buf, escape);
    } else {
        cg_buf_put_string(buf, code == '"' || code == '\\' ? "\\" : "");
        cg_buf_put(buf, character);
    }
}

static void put_quoted(struct cg_buf *buf, struct cg_span text)
{
    size_t at = 0;
    cg_buf_put_byte(buf, '"');
    while (at < text.len) {
        size_t len = cg_utf8_length_at(text, at);
        if (len > 0) {
            put_character(buf, cg_span_part(text, at, len));
        } else {
            cg_buf_put_string(buf, "\\uFFFD");
        }
        at += len > 0 ? len : 1;
    }
    cg_buf_put_byte(buf, '"');
}

void cg_yaml_put_word(struct cg_buf *buf, struct cg_span text)
{
    if (is_plain(text)) {
        cg_buf_put(buf, text);
    } else if (fits_single_quotes(text)) {
        cg_buf_put_byte(buf, '\'');
        cg_buf_put(buf, text);
        cg_buf_put_byte(buf, '\'');
    } else {
        put_quoted(buf, text);
    }
}

void cg_yaml_put_text(struct cg_buf *buf, struct cg_span text, size_t indent)
{
    if (fits_block(text)) {
        put_block(buf, text, indent);
        return;
    }
    cg_yaml_put_word(buf, text);
}
