/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/distinguished_name.h"

#include "base/span.h"
#include "base/status.h"

#include <stdbool.h>
#include <string.h>

/* RFC 4514 §3, and what OpenSSL prints of subjects in use. */
static const struct {
    struct cg_span name;
    struct cg_span type;
} short_names[] = {
    {CG_SPAN("CN"), CG_SPAN("2.5.4.3")},
    {CG_SPAN("SN"), CG_SPAN("2.5.4.4")},
    {CG_SPAN("serialNumber"), CG_SPAN("2.5.4.5")},
    {CG_SPAN("C"), CG_SPAN("2.5.4.6")},
    {CG_SPAN("L"), CG_SPAN("2.5.4.7")},
    {CG_SPAN("ST"), CG_SPAN("2.5.4.8")},
    {CG_SPAN("STREET"), CG_SPAN("2.5.4.9")},
    {CG_SPAN("O"), CG_SPAN("2.5.4.10")},
    {CG_SPAN("OU"), CG_SPAN("2.5.4.11")},
    {CG_SPAN("title"), CG_SPAN("2.5.4.12")},
    {CG_SPAN("businessCategory"), CG_SPAN("2.5.4.15")},
    {CG_SPAN("postalCode"), CG_SPAN("2.5.4.17")},
    {CG_SPAN("GN"), CG_SPAN("2.5.4.42")},
    {CG_SPAN("organizationIdentifier"), CG_SPAN("2.5.4.97")},
    {CG_SPAN("UID"), CG_SPAN("0.9.2342.19200300.100.1.1")},
    {CG_SPAN("DC"), CG_SPAN("0.9.2342.19200300.100.1.25")},
    {CG_SPAN("emailAddress"), CG_SPAN("1.2.840.113549.1.9.1")},
};
#define SHORT_COUNT (sizeof(short_names) / sizeof(short_names[0]))

static const char escaped_bytes[] = "\"+,;<>\\";
static const char escaped_alone[] = "\"+,;<>"; /* what may not stand bare, less the escape */

/* Absent for a type that has none. */
static struct cg_span short_name_of(struct cg_span type)
{
    for (size_t i = 0; i < SHORT_COUNT; i++) {
        if (cg_span_equal(short_names[i].type, type)) {
            return short_names[i].name;
        }
    }
    return (struct cg_span){NULL, 0};
}

static bool is_one_of(uint8_t byte, const char *bytes)
{
    return byte != '\0' && strchr(bytes, byte) != NULL;
}

static void put_hex(struct cg_buf *buf, uint8_t byte, const char *digits)
{
    cg_buf_put_byte(buf, (uint8_t)digits[byte >> 4]);
    cg_buf_put_byte(buf, (uint8_t)digits[byte & 15]);
}

/* RFC 4514 §2.4: what must be escaped is; control characters, too, since the text is shown. */
static void put_text(struct cg_buf *buf, struct cg_span text)
{
    for (size_t i = 0; i < text.len; i++) {
        uint8_t byte = text.data[i];
        bool at_edge = (byte == ' ' && (i == 0 || i + 1 == text.len)) || (byte == '#' && i == 0);
        if (byte < 0x20 || byte == 0x7f) {
            cg_buf_put_byte(buf, '\\');
            put_hex(buf, byte, "0123456789ABCDEF");
            continue;
        }
        if (at_edge || is_one_of(byte, escaped_bytes)) {
            cg_buf_put_byte(buf, '\\');
        }
        cg_buf_put_byte(buf, byte);
    }
}

enum cg_status cg_dn_add(struct cg_dn_rdn *rdn, struct cg_span type, struct cg_span text,
                         struct cg_span der, struct cg_arena *arena)
{
    if (rdn->count == CG_LIMIT_NAME_PARTS) {
        return CG_ERR_INPUT;
    }
    struct cg_span name = short_name_of(type);
    struct cg_buf buf;
    cg_buf_init_arena(&buf, arena, CG_LIMIT_TEXT_BYTES);
    cg_buf_put(&buf, name.data != NULL ? name : type);
    cg_buf_put_byte(&buf, '=');
    if (name.data != NULL) {
        put_text(&buf, text);
    } else {
        cg_buf_put_byte(&buf, '#');
        for (size_t i = 0; i < der.len; i++) {
            put_hex(&buf, der.data[i], "0123456789abcdef");
        }
    }
    CG_TRY(cg_buf_finish_input(&buf, &rdn->parts[rdn->count]));
    rdn->count++;
    return CG_OK;
}

static void sort(struct cg_dn_rdn *rdn)
{
    for (size_t i = 1; i < rdn->count; i++) {
        struct cg_span part = rdn->parts[i];
        size_t at = i;
        while (at > 0 && cg_span_compare(rdn->parts[at - 1], part) > 0) {
            rdn->parts[at] = rdn->parts[at - 1];
            at--;
        }
        rdn->parts[at] = part;
    }
}

void cg_dn_put(struct cg_dn_rdn *rdn, struct cg_buf *buf)
{
    sort(rdn);
    for (size_t i = 0; i < rdn->count; i++) {
        if (i > 0) {
            cg_buf_put_byte(buf, '+');
        } else if (buf->len > 0) {
            cg_buf_put_byte(buf, ',');
        }
        cg_buf_put(buf, rdn->parts[i]);
    }
}

/* A text being read, from its front. */
struct reading {
    struct cg_span rest;
    struct cg_arena *arena;
};

static bool is_dotted(struct cg_span type)
{
    struct cg_span rest = type;
    struct cg_span arc;
    size_t count = 0;
    while (cg_span_split(&rest, '.', &arc)) {
        int64_t number;
        if (cg_span_to_number(arc, INT64_MAX, &number) != CG_OK) {
            return false;
        }
        count++;
    }
    return count > 1;
}

/* `descr` of RFC 4512 §1.4 when it is known, or a dotted number; with the '=' behind it. */
static enum cg_status read_type(struct reading *reading, struct cg_span *ret_type)
{
    size_t end = cg_span_find(reading->rest, '=', 0);
    if (end == reading->rest.len) {
        return CG_ERR_INPUT;
    }
    struct cg_span word = cg_span_part(reading->rest, 0, end);
    reading->rest = cg_span_part(reading->rest, end + 1, reading->rest.len);
    for (size_t i = 0; i < SHORT_COUNT; i++) {
        if (cg_span_equal_nocase(short_names[i].name, word)) {
            *ret_type = short_names[i].type;
            return CG_OK;
        }
    }
    *ret_type = word;
    return is_dotted(word) ? CG_OK : CG_ERR_INPUT;
}

static int hex_digit(uint8_t byte)
{
    if (byte >= '0' && byte <= '9') {
        return byte - '0';
    }
    uint8_t lower = byte | 0x20;
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/* -1 when the first two characters are no hex pair. */
static int hex_pair(struct cg_span text)
{
    int high = text.len < 2 ? -1 : hex_digit(text.data[0]);
    int low = text.len < 2 ? -1 : hex_digit(text.data[1]);
    return high < 0 || low < 0 ? -1 : high * 16 + low;
}

static void skip(struct reading *reading, size_t count)
{
    reading->rest = cg_span_part(reading->rest, count, reading->rest.len);
}

static bool at_end(const struct reading *reading)
{
    return reading->rest.len == 0 || is_one_of(reading->rest.data[0], ",+");
}

/* RFC 4514 §3: pair = ESC ( ESC / special / hexpair ) */
static enum cg_status read_escape(struct reading *reading, struct cg_buf *buf)
{
    int pair = hex_pair(reading->rest);
    if (pair >= 0) {
        cg_buf_put_byte(buf, (uint8_t)pair);
        skip(reading, 2);
        return CG_OK;
    }
    if (reading->rest.len == 0 || (!is_one_of(reading->rest.data[0], escaped_bytes) &&
                                   !is_one_of(reading->rest.data[0], " #="))) {
        return CG_ERR_INPUT;
    }
    cg_buf_put_byte(buf, reading->rest.data[0]);
    skip(reading, 1);
    return CG_OK;
}

static enum cg_status read_text(struct reading *reading, struct cg_span *ret_text)
{
    struct cg_buf buf;
    bool was_bare_space = !at_end(reading) && reading->rest.data[0] == ' ';
    if (was_bare_space) {
        return CG_ERR_INPUT;
    }
    cg_buf_init_arena(&buf, reading->arena, CG_LIMIT_TEXT_BYTES);
    while (!at_end(reading)) {
        uint8_t byte = reading->rest.data[0];
        skip(reading, 1);
        was_bare_space = byte == ' ';
        if (byte == '\0' || is_one_of(byte, escaped_alone)) {
            return CG_ERR_INPUT;
        }
        if (byte == '\\') {
            CG_TRY(read_escape(reading, &buf));
        } else {
            cg_buf_put_byte(&buf, byte);
        }
    }
    return was_bare_space ? CG_ERR_INPUT : cg_buf_finish_input(&buf, ret_text);
}

/* hexstring, behind its '#' */
static enum cg_status read_hex(struct reading *reading, struct cg_span *ret_der)
{
    struct cg_buf buf;
    cg_buf_init_arena(&buf, reading->arena, CG_LIMIT_TEXT_BYTES);
    for (int pair = 0; !at_end(reading); skip(reading, 2)) {
        pair = hex_pair(reading->rest);
        if (pair < 0) {
            return CG_ERR_INPUT;
        }
        cg_buf_put_byte(&buf, (uint8_t)pair);
    }
    CG_TRY(cg_buf_finish_input(&buf, ret_der));
    return ret_der->len > 0 ? CG_OK : CG_ERR_INPUT;
}

/* RFC 4514 §2.4: a value in hex goes with a dotted type, and we want it there. */
static enum cg_status read_part(struct reading *reading, struct cg_dn_rdn *rdn)
{
    struct cg_span type = {NULL, 0};
    struct cg_span text = {NULL, 0};
    struct cg_span der = {NULL, 0};
    CG_TRY(read_type(reading, &type));
    bool is_hex = reading->rest.len > 0 && reading->rest.data[0] == '#';
    if (is_hex != (short_name_of(type).data == NULL)) {
        return CG_ERR_INPUT;
    }
    if (is_hex) {
        skip(reading, 1);
        CG_TRY(read_hex(reading, &der));
    } else {
        CG_TRY(read_text(reading, &text));
    }
    return cg_dn_add(rdn, type, text, der, reading->arena);
}

static enum cg_status read_rdn(struct reading *reading, struct cg_buf *buf)
{
    struct cg_dn_rdn rdn = {.count = 0};
    CG_TRY(read_part(reading, &rdn));
    while (reading->rest.len > 0 && reading->rest.data[0] == '+') {
        skip(reading, 1);
        CG_TRY(read_part(reading, &rdn));
    }
    cg_dn_put(&rdn, buf);
    return CG_OK;
}

enum cg_status cg_dn_parse(struct cg_span text, struct cg_arena *arena, struct cg_span *ret_name)
{
    struct reading reading = {text, arena};
    struct cg_buf buf;
    cg_buf_init_arena(&buf, arena, CG_LIMIT_TEXT_BYTES);
    CG_TRY(read_rdn(&reading, &buf));
    while (reading.rest.len > 0) {
        skip(&reading, 1); /* the comma: nothing else ends a relative name */
        CG_TRY(read_rdn(&reading, &buf));
    }
    return cg_buf_finish_input(&buf, ret_name);
}
