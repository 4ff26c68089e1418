/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/uri_target.h"

#include "base/span.h"
#include "base/status.h"
#include "codec/percent.h"

static const struct {
    struct cg_span scheme;
    const char *default_port;
} schemes[] = {
    {CG_SPAN("http"), "80"},
    {CG_SPAN("https"), "443"},
};

static uint8_t lower(uint8_t byte)
{
    return byte >= 'A' && byte <= 'Z' ? (uint8_t)(byte | 0x20) : byte;
}

/* RFC 3986 §2.3 */
static bool is_unreserved(uint8_t byte)
{
    uint8_t letter = lower(byte);
    return (letter >= 'a' && letter <= 'z') || (byte >= '0' && byte <= '9') || byte == '-' ||
           byte == '.' || byte == '_' || byte == '~';
}

/* RFC 3986 §6.2.2.1, §6.2.2.2: what needs no escape has none, and the others are in capitals. */
static void put_escape(uint8_t byte, struct cg_buf *buf)
{
    static const char digits[] = "0123456789ABCDEF";
    if (is_unreserved(byte)) {
        cg_buf_put_byte(buf, byte);
        return;
    }
    cg_buf_put_byte(buf, '%');
    cg_buf_put_byte(buf, (uint8_t)digits[byte >> 4]);
    cg_buf_put_byte(buf, (uint8_t)digits[byte & 0x0fU]);
}

static void put_part(struct cg_span part, struct cg_buf *buf)
{
    for (size_t at = 0; at < part.len;) {
        uint8_t byte = part.data[at];
        if (byte == '%' && cg_percent_decode(part, at, &byte) == CG_OK) {
            put_escape(byte, buf);
            at += CG_PERCENT_CHARS;
            continue;
        }
        cg_buf_put_byte(buf, byte);
        at++;
    }
}

static void put_host(struct cg_span host, struct cg_buf *buf)
{
    bool is_literal = cg_span_find(host, ':', 0) < host.len;
    cg_buf_put_string(buf, is_literal ? "[" : "");
    for (size_t i = 0; i < host.len; i++) {
        cg_buf_put_byte(buf, lower(host.data[i]));
    }
    cg_buf_put_string(buf, is_literal ? "]" : "");
}

/* Where the last segment of what was written from `start` begins, its '/' included. */
static size_t last_segment(const struct cg_buf *buf, size_t start)
{
    size_t at = buf->len;
    while (at > start && buf->data[at - 1] != '/') {
        at--;
    }
    return at > start ? at - 1 : start;
}

/* RFC 3986 §5.2.4, after the escapes were undone: one segment more, or for ".." one less. */
static void put_segment(struct cg_span segment, bool is_last, size_t start, struct cg_buf *buf)
{
    size_t at = buf->len;
    cg_buf_put_byte(buf, '/');
    put_part(segment, buf);
    if (buf->failed) {
        return;
    }
    struct cg_span written = cg_span_of_bytes(buf->data + at + 1, buf->len - at - 1);
    bool is_up = cg_span_equal_string(written, "..");
    if (!is_up && !cg_span_equal_string(written, ".")) {
        return;
    }
    buf->len = at;
    if (is_up) {
        buf->len = last_segment(buf, start);
    }
    cg_buf_put_string(buf, is_last ? "/" : "");
}

static void put_path(struct cg_span path, struct cg_buf *buf)
{
    size_t start = buf->len;
    struct cg_span rest = cg_span_part(path, 1, path.len); /* of "/a", "a": a host has no other */
    struct cg_span segment = {NULL, 0};
    while (path.len > 0 && cg_span_split(&rest, '/', &segment)) {
        put_segment(segment, rest.data == NULL, start, buf);
    }
    if (buf->len == start) {
        cg_buf_put_byte(buf, '/');
    }
}

enum cg_status cg_uri_target_write(const struct cg_uri *uri, struct cg_buf *buf)
{
    size_t row = 0;
    while (row < sizeof(schemes) / sizeof(schemes[0]) &&
           !cg_span_equal_nocase(uri->scheme, schemes[row].scheme)) {
        row++;
    }
    if (row == sizeof(schemes) / sizeof(schemes[0]) || uri->host.len == 0 || uri->has_userinfo ||
        cg_span_find(uri->host, '%', 0) < uri->host.len) {
        return CG_ERR_INPUT;
    }
    cg_buf_put(buf, schemes[row].scheme);
    cg_buf_put_string(buf, "://");
    put_host(uri->host, buf);
    if (uri->port.len > 0 && !cg_span_equal_string(uri->port, schemes[row].default_port)) {
        cg_buf_put_byte(buf, ':');
        cg_buf_put(buf, uri->port);
    }
    put_path(uri->path, buf);
    struct cg_span written = {NULL, 0};
    return cg_buf_finish(buf, &written);
}
