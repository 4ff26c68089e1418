/* SPDX-License-Identifier: Apache-2.0 */
#include "base/span.h"
#include "codec/json.h"
#include "codec/utf8.h"

#include <string.h>

#define FIRST_PRINTABLE 0x20
#define WORD_BYTES sizeof(uint64_t)
#define EACH_BYTE(byte) (UINT64_C(0x0101010101010101) * (byte))

void cg_json_begin(struct cg_json_writer *writer, struct cg_buf *buf)
{
    *writer = (struct cg_json_writer){.buf = buf};
}

static void break_line(struct cg_json_writer *writer)
{
    if (!writer->pretty) {
        return;
    }
    cg_buf_put_byte(writer->buf, '\n');
    for (unsigned i = 0; i < writer->depth; i++) {
        cg_buf_put(writer->buf, CG_SPAN_OF("  "));
    }
}

/* What stands in front of a name, and of a value that has none. */
static void separate(struct cg_json_writer *writer)
{
    if (writer->need_comma) {
        cg_buf_put_byte(writer->buf, ',');
    }
    if (writer->depth > 0) {
        break_line(writer);
    }
}

static void begin_value(struct cg_json_writer *writer)
{
    if (!writer->after_name) {
        separate(writer);
    }
    writer->after_name = false;
    writer->need_comma = true;
}

static void open_container(struct cg_json_writer *writer, uint8_t bracket)
{
    begin_value(writer);
    cg_buf_put_byte(writer->buf, bracket);
    writer->depth++;
    writer->need_comma = false;
}

static void close_container(struct cg_json_writer *writer, uint8_t bracket)
{
    bool has_content = writer->need_comma;
    writer->depth--;
    if (has_content) {
        break_line(writer);
    }
    cg_buf_put_byte(writer->buf, bracket);
    writer->need_comma = true;
}

void cg_json_open_object(struct cg_json_writer *writer)
{
    open_container(writer, '{');
}

void cg_json_close_object(struct cg_json_writer *writer)
{
    close_container(writer, '}');
}

void cg_json_open_array(struct cg_json_writer *writer)
{
    open_container(writer, '[');
}

void cg_json_close_array(struct cg_json_writer *writer)
{
    close_container(writer, ']');
}

/* Most characters stand for themselves, and this is asked of each. */
static bool is_plain(uint8_t byte)
{
    return byte >= FIRST_PRINTABLE && byte < 0x80 && byte != '"' && byte != '\\';
}

/* Whether that holds for all eight bytes of a word: none has its high bit set, is below 0x20, a
 * quote or a backslash. The subtractions set the high bit of the first byte that is. */
static bool are_plain(const uint8_t bytes[static WORD_BYTES])
{
    uint64_t word = 0;
    memcpy(&word, bytes, sizeof(word));
    uint64_t quote = word ^ EACH_BYTE('"');
    uint64_t backslash = word ^ EACH_BYTE('\\');
    uint64_t special = word | ((word - EACH_BYTE(FIRST_PRINTABLE)) & ~word) |
                       ((quote - EACH_BYTE(1)) & ~quote) |
                       ((backslash - EACH_BYTE(1)) & ~backslash);
    return (special & EACH_BYTE(0x80)) == 0;
}

size_t cg_json_plain_run(struct cg_span text, size_t from)
{
    size_t at = from;
    while (text.len - at >= WORD_BYTES && are_plain(text.data + at)) {
        at += WORD_BYTES;
    }
    while (at < text.len && is_plain(text.data[at])) {
        at++;
    }
    return at - from;
}

/* RFC 8259 §7: what must be escaped; short forms where there are any. */
static void put_escape(struct cg_buf *buf, uint8_t byte)
{
    static const char short_forms[FIRST_PRINTABLE] = {
        ['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r',
    };
    static const char hex[] = "0123456789abcdef";
    cg_buf_put_byte(buf, '\\');
    if (byte >= FIRST_PRINTABLE) {
        cg_buf_put_byte(buf, byte);
        return;
    }
    if (short_forms[byte] != 0) {
        cg_buf_put_byte(buf, (uint8_t)short_forms[byte]);
        return;
    }
    cg_buf_put(buf, CG_SPAN_OF("u00"));
    cg_buf_put_byte(buf, (uint8_t)hex[byte >> 4]);
    cg_buf_put_byte(buf, (uint8_t)hex[byte & 0x0f]);
}

/* Writes the character at `at`, which is not plain. Returns how many bytes of the text it took. */
static size_t put_special(struct cg_buf *buf, struct cg_span text, size_t at)
{
    if (text.data[at] < 0x80) {
        put_escape(buf, text.data[at]);
        return 1;
    }
    size_t length = cg_utf8_length_at(text, at);
    if (length == 0) {
        cg_buf_put(buf, CG_SPAN_OF("\xef\xbf\xbd"));
        return 1;
    }
    cg_buf_put(buf, cg_span_part(text, at, length));
    return length;
}

static void put_quoted(struct cg_buf *buf, struct cg_span text)
{
    cg_buf_put_byte(buf, '"');
    size_t at = 0;
    while (at < text.len) {
        size_t run = cg_json_plain_run(text, at);
        cg_buf_put(buf, cg_span_part(text, at, run));
        at += run;
        at += at < text.len ? put_special(buf, text, at) : 0;
    }
    cg_buf_put_byte(buf, '"');
}

void cg_json_put_name(struct cg_json_writer *writer, const char *name)
{
    separate(writer);
    put_quoted(writer->buf, cg_span_of_string(name));
    cg_buf_put(writer->buf, writer->pretty ? CG_SPAN_OF(": ") : CG_SPAN_OF(":"));
    writer->after_name = true;
}

void cg_json_put_string(struct cg_json_writer *writer, struct cg_span string)
{
    begin_value(writer);
    put_quoted(writer->buf, string);
}

void cg_json_put_number(struct cg_json_writer *writer, int64_t number)
{
    begin_value(writer);
    cg_buf_put_number(writer->buf, number);
}

void cg_json_put_bool(struct cg_json_writer *writer, bool value)
{
    cg_json_put_raw(writer, value ? CG_SPAN_OF("true") : CG_SPAN_OF("false"));
}

void cg_json_put_null(struct cg_json_writer *writer)
{
    cg_json_put_raw(writer, CG_SPAN_OF("null"));
}

void cg_json_put_raw(struct cg_json_writer *writer, struct cg_span json)
{
    begin_value(writer);
    cg_buf_put(writer->buf, json);
}

void cg_json_member_put(struct cg_json_writer *writer, const char *name, struct cg_span string)
{
    if (string.data == NULL) {
        return;
    }
    cg_json_put_name(writer, name);
    cg_json_put_string(writer, string);
}

void cg_json_member_put_number(struct cg_json_writer *writer, const char *name, int64_t number)
{
    cg_json_put_name(writer, name);
    cg_json_put_number(writer, number);
}
