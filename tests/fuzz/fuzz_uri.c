/* SPDX-License-Identifier: Apache-2.0 */
/*
 * URIs and realm paths. The parts of what is accepted, put together again as RFC 3986 §5.3 says,
 * are the text; and it can stand in a header.
 */
#include "base/buf.h"
#include "base/limits.h"
#include "base/span.h"
#include "codec/uri.h"
#include "fuzz.h"

static void put_authority(struct cg_buf *buf, const struct cg_uri *uri)
{
    bool is_ipv6 = cg_span_find(uri->host, ':', 0) < uri->host.len;
    cg_buf_put_string(buf, is_ipv6 ? "//[" : "//");
    cg_buf_put(buf, uri->host);
    cg_buf_put_string(buf, is_ipv6 ? "]" : "");
    cg_buf_put_string(buf, uri->port.data != NULL ? ":" : "");
    cg_buf_put(buf, uri->port);
}

/* Userinfo and fragment are only told of, so what has one cannot be put together. */
static void parts_make_the_text(struct cg_span text, const struct cg_uri *uri)
{
    struct cg_buf buf;
    struct cg_span whole = {NULL, 0};
    cg_buf_init(&buf, CG_LIMIT_URI_BYTES);
    cg_buf_put(&buf, uri->scheme);
    cg_buf_put_byte(&buf, ':');
    if (uri->host.data != NULL) {
        put_authority(&buf, uri);
    }
    cg_buf_put(&buf, uri->path);
    cg_buf_put_string(&buf, uri->query.data != NULL ? "?" : "");
    cg_buf_put(&buf, uri->query);
    REQUIRE(cg_buf_finish(&buf, &whole) == CG_OK);
    REQUIRE(cg_span_equal(whole, text));
    cg_buf_release(&buf);
}

static void check_uri(struct cg_span text, const struct cg_uri *uri)
{
    REQUIRE(text.len <= CG_LIMIT_URI_BYTES);
    for (size_t i = 0; i < text.len; i++) {
        REQUIRE(text.data[i] > 0x20 && text.data[i] < 0x7f);
        REQUIRE(text.data[i] != '"' && text.data[i] != '\\');
    }
    if (cg_uri_is_http(uri)) {
        REQUIRE(uri->host.len > 0 && cg_span_find(text, '#', 0) == text.len);
    }
    if (!uri->has_userinfo && !uri->has_fragment) {
        parts_make_the_text(text, uri);
    }
}

static void check_realm_path(struct cg_span path)
{
    struct cg_span rest = path;
    struct cg_span segment = {NULL, 0};
    REQUIRE(cg_span_split(&rest, '/', &segment) && segment.len == 0);
    while (cg_span_split(&rest, '/', &segment)) {
        REQUIRE(segment.len > 0);
        REQUIRE(!cg_span_equal_string(segment, ".") && !cg_span_equal_string(segment, ".."));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct cg_span input = {data, len};
    struct cg_uri uri;
    if (cg_uri_parse(input, &uri) == CG_OK) {
        check_uri(input, &uri);
    }
    if (cg_uri_is_realm_path(input)) {
        check_realm_path(input);
    }
    return 0;
}
