/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/uri.h"

#include "base/limits.h"
#include "base/span.h"
#include "base/status.h"
#include "codec/percent.h"

#include <arpa/inet.h>
#include <string.h>

#define PORT_MAX 65535

/* RFC 3986 appendix A: the marks that each part has beside letters, digits and escapes. */
#define UNRESERVED "-._~"
#define SUB_DELIMS "!$&'()*+,;="
static const char scheme_marks[] = "+-.";
static const char userinfo_marks[] = UNRESERVED SUB_DELIMS ":";
static const char host_marks[] = UNRESERVED SUB_DELIMS;
static const char path_marks[] = UNRESERVED SUB_DELIMS ":@/";
static const char query_marks[] = UNRESERVED SUB_DELIMS ":@/?";

static bool is_letter(uint8_t byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
}

static bool is_digit(uint8_t byte)
{
    return byte >= '0' && byte <= '9';
}

static bool is_mark(uint8_t byte, const char *marks)
{
    return byte != 0 && strchr(marks, byte) != NULL;
}

/* Whether a part consists of letters, digits, its marks and whole percent escapes. */
static bool is_made_of(struct cg_span part, const char *marks)
{
    size_t at = 0;
    while (at < part.len) {
        uint8_t byte = part.data[at];
        uint8_t escaped = 0;
        if (is_letter(byte) || is_digit(byte) || is_mark(byte, marks)) {
            at++;
        } else if (cg_percent_decode(part, at, &escaped) == CG_OK) {
            at += CG_PERCENT_CHARS;
        } else {
            return false;
        }
    }
    return true;
}

/* The part of *rest in front of `separator` or all of it; *rest moves past both. */
static struct cg_span cut(struct cg_span *rest, uint8_t separator, bool *ret_found)
{
    size_t at = cg_span_find(*rest, separator, 0);
    struct cg_span part = cg_span_part(*rest, 0, at);
    *ret_found = at < rest->len;
    *rest = cg_span_part(*rest, at + 1, rest->len);
    return part;
}

/* RFC 3986 §3.1: scheme = ALPHA *( ALPHA / DIGIT / "+" / "-" / "." ) */
static bool is_scheme(struct cg_span text)
{
    return text.len > 0 && is_letter(text.data[0]) && cg_span_find(text, '%', 0) == text.len &&
           is_made_of(text, scheme_marks);
}

static bool is_ipv6(struct cg_span text)
{
    char copy[INET6_ADDRSTRLEN];
    struct in6_addr address;
    if (text.len == 0 || text.len >= sizeof(copy)) {
        return false;
    }
    memcpy(copy, text.data, text.len);
    copy[text.len] = '\0';
    return strlen(copy) == text.len && inet_pton(AF_INET6, copy, &address) == 1;
}

/* What follows a host: nothing, or ':' and a port. */
static enum cg_status parse_port(struct cg_span text, struct cg_span *ret_port)
{
    if (text.len == 0) {
        return CG_OK;
    }
    struct cg_span digits = cg_span_part(text, 1, text.len);
    int64_t port = 0;
    if (text.data[0] != ':') {
        return CG_ERR_INPUT;
    }
    CG_TRY(cg_span_to_number(digits, PORT_MAX, &port));
    *ret_port = digits;
    return CG_OK;
}

/* RFC 3986 §3.2.2: IP-literal = "[" IPv6address "]"; its future forms are of no use here. */
static enum cg_status parse_ip_literal(struct cg_span text, struct cg_uri *uri)
{
    size_t end = cg_span_find(text, ']', 0);
    uri->host = cg_span_part(text, 1, end - 1);
    if (end == text.len || !is_ipv6(uri->host)) {
        return CG_ERR_INPUT;
    }
    return parse_port(cg_span_part(text, end + 1, text.len), &uri->port);
}

/* RFC 3986 §3.2: authority = [ userinfo "@" ] host [ ":" port ] */
static enum cg_status parse_authority(struct cg_span authority, struct cg_uri *uri)
{
    struct cg_span rest = authority;
    struct cg_span userinfo = cut(&rest, '@', &uri->has_userinfo);
    if (!uri->has_userinfo) {
        rest = authority;
    } else if (!is_made_of(userinfo, userinfo_marks)) {
        return CG_ERR_INPUT;
    }
    if (rest.len > 0 && rest.data[0] == '[') {
        return parse_ip_literal(rest, uri);
    }
    size_t colon = cg_span_find(rest, ':', 0);
    uri->host = cg_span_part(rest, 0, colon);
    if (!is_made_of(uri->host, host_marks)) {
        return CG_ERR_INPUT;
    }
    return parse_port(cg_span_part(rest, colon, rest.len), &uri->port);
}

/* RFC 3986 §3: hier-part = "//" authority path-abempty / path-absolute / path-rootless / empty */
static enum cg_status parse_hier_part(struct cg_span text, struct cg_uri *uri)
{
    uri->path = text;
    if (cg_span_starts_with(text, CG_SPAN_OF("//"))) {
        size_t end = cg_span_find(text, '/', 2);
        CG_TRY(parse_authority(cg_span_part(text, 2, end - 2), uri));
        uri->path = cg_span_part(text, end, text.len);
    }
    return is_made_of(uri->path, path_marks) ? CG_OK : CG_ERR_INPUT;
}

enum cg_status cg_uri_parse(struct cg_span text, struct cg_uri *ret_uri)
{
    if (text.len > CG_LIMIT_URI_BYTES) {
        return CG_ERR_INPUT;
    }
    struct cg_uri uri = {.has_fragment = false};
    struct cg_span fragment = text;
    struct cg_span query = cut(&fragment, '#', &uri.has_fragment);
    bool has_query = false;
    struct cg_span hier_part = cut(&query, '?', &has_query);
    bool has_scheme = false;
    uri.scheme = cut(&hier_part, ':', &has_scheme);
    if (!has_scheme || !is_scheme(uri.scheme) || !is_made_of(query, query_marks) ||
        !is_made_of(fragment, query_marks)) {
        return CG_ERR_INPUT;
    }
    uri.query = has_query ? query : uri.query;
    CG_TRY(parse_hier_part(hier_part, &uri));
    *ret_uri = uri;
    return CG_OK;
}

bool cg_uri_is_http(const struct cg_uri *uri)
{
    bool is_scheme_http = cg_span_equal_nocase(uri->scheme, CG_SPAN_OF("http")) ||
                          cg_span_equal_nocase(uri->scheme, CG_SPAN_OF("https"));
    return is_scheme_http && uri->host.len > 0 && !uri->has_userinfo && !uri->has_fragment;
}

static bool is_realm_segment(struct cg_span segment)
{
    for (size_t i = 0; i < segment.len; i++) {
        uint8_t byte = segment.data[i];
        if (!(byte >= 'a' && byte <= 'z') && !is_digit(byte) && !is_mark(byte, "._-")) {
            return false;
        }
    }
    return segment.len > 0 && !cg_span_equal_string(segment, ".") &&
           !cg_span_equal_string(segment, "..");
}

bool cg_uri_is_realm_path(struct cg_span path)
{
    if (path.len < 2 || path.len > CG_LIMIT_REALM_PATH_BYTES || path.data[0] != '/') {
        return false;
    }
    struct cg_span rest = cg_span_part(path, 1, path.len);
    struct cg_span segment = {NULL, 0};
    while (cg_span_split(&rest, '/', &segment)) {
        if (!is_realm_segment(segment)) {
            return false;
        }
    }
    return true;
}

/* The byte at *at, which moves on; an escape is decoded once, and one that is not whole stands. */
static uint8_t next_path_byte(struct cg_span path, size_t *at)
{
    uint8_t byte = path.data[*at];
    if (byte == '%' && cg_percent_decode(path, *at, &byte) == CG_OK) {
        *at += CG_PERCENT_CHARS;
        return byte;
    }
    *at += 1;
    return byte;
}

/* Whether a path has what it takes to climb: a dot, or an escape that may be one. */
static bool may_climb(struct cg_span path)
{
    return path.len > 0 &&
           (memchr(path.data, '.', path.len) != NULL || memchr(path.data, '%', path.len) != NULL);
}

static bool climbs(struct cg_span path)
{
    size_t dots = 0;
    bool is_dots = true;
    bool is_parameter = false;
    for (size_t at = 0; at < path.len;) {
        uint8_t byte = next_path_byte(path, &at);
        if (byte == '/' || byte == '\\') {
            if (is_dots && dots == 2) {
                return true;
            }
            dots = 0;
            is_dots = true;
            is_parameter = false;
            continue;
        }
        is_parameter = is_parameter || byte == ';';
        is_dots = is_dots && (is_parameter || byte == '.');
        dots += !is_parameter && byte == '.' ? 1 : 0;
    }
    return is_dots && dots == 2;
}

bool cg_uri_path_climbs(struct cg_span path)
{
    return may_climb(path) && climbs(path);
}
