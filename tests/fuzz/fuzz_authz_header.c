/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Authorization header. An accepted Bearer token can stand in a header line; accepted Basic
 * credentials, written again, are read as the same.
 */
#include "base/buf.h"
#include "base/span.h"
#include "codec/authz_header.h"
#include "codec/utf8.h"
#include "fuzz.h"

#define ARENA_BYTES ((size_t)1 << 23)

static void check_bearer(struct cg_span credentials)
{
    struct cg_span token = {NULL, 0};
    if (cg_authz_bearer(credentials, &token) != CG_OK) {
        return;
    }
    REQUIRE(token.len > 0 && cg_span_equal(token, credentials));
    for (size_t i = 0; i < token.len; i++) {
        REQUIRE(token.data[i] > 0x20 && token.data[i] < 0x7f);
        REQUIRE(token.data[i] != ',' && token.data[i] != '"');
    }
}

static void put_escaped(struct cg_buf *buf, struct cg_span text)
{
    static const char hex[] = "0123456789abcdef";
    for (size_t i = 0; i < text.len; i++) {
        cg_buf_put_byte(buf, '%');
        cg_buf_put_byte(buf, (uint8_t)hex[text.data[i] >> 4]);
        cg_buf_put_byte(buf, (uint8_t)hex[text.data[i] & 0x0f]);
    }
}

/* base64 of RFC 4648 §4, one character at a time: independent of what is tested. */
static void put_base64(struct cg_buf *buf, struct cg_span bytes)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t bit = 0; bit < 8 * bytes.len; bit += 6) {
        unsigned high = bytes.data[bit / 8];
        unsigned low = bit / 8 + 1 < bytes.len ? bytes.data[bit / 8 + 1] : 0;
        unsigned six = ((high << 8 | low) >> (10 - bit % 8)) & 0x3f;
        cg_buf_put_byte(buf, (uint8_t)alphabet[six]);
    }
    for (size_t i = bytes.len; i % 3 != 0; i++) {
        cg_buf_put_byte(buf, '=');
    }
}

static struct cg_span written(struct cg_span id, struct cg_span secret, struct cg_arena *arena)
{
    struct cg_buf pair;
    struct cg_buf text;
    struct cg_span bytes = {NULL, 0};
    cg_buf_init_arena(&pair, arena, ARENA_BYTES);
    cg_buf_init_arena(&text, arena, ARENA_BYTES);
    put_escaped(&pair, id);
    cg_buf_put_byte(&pair, ':');
    put_escaped(&pair, secret);
    REQUIRE(cg_buf_finish(&pair, &bytes) == CG_OK);
    put_base64(&text, bytes);
    REQUIRE(cg_buf_finish(&text, &bytes) == CG_OK);
    return bytes;
}

static void check_basic(struct cg_span credentials, struct cg_arena *arena)
{
    struct cg_span id[2] = {{NULL, 0}, {NULL, 0}};
    struct cg_span secret[2] = {{NULL, 0}, {NULL, 0}};
    if (cg_authz_basic(credentials, arena, &id[0], &secret[0]) != CG_OK) {
        return;
    }
    REQUIRE(cg_utf8_is_valid(id[0]) && cg_utf8_is_valid(secret[0]));
    struct cg_span again = written(id[0], secret[0], arena);
    REQUIRE(cg_authz_basic(again, arena, &id[1], &secret[1]) == CG_OK);
    REQUIRE(cg_span_equal(id[0], id[1]) && cg_span_equal(secret[0], secret[1]));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct cg_span credentials = {NULL, 0};
    enum cg_authz_scheme scheme = cg_authz_scheme_of((struct cg_span){data, len}, &credentials);
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = NULL;
    REQUIRE(cg_arena_new(ARENA_BYTES, &arena) == CG_OK);
    REQUIRE((scheme == CG_AUTHZ_NONE) == (len == 0));
    REQUIRE(credentials.len < len || len == 0);
    check_bearer(credentials);
    check_basic(credentials, arena);
    return 0;
}
