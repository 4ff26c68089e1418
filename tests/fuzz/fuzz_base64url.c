/* SPDX-License-Identifier: Apache-2.0 */
/*
 * base64url and base64. Any bytes survive a round trip; any text that decodes is the only text of
 * its bytes.
 */
#include "base/span.h"
#include "codec/base64url.h"
#include "fuzz.h"

#define BYTES_MAX ((size_t)1 << 21)

static struct cg_span encoded(struct cg_span bytes, struct cg_buf *buf)
{
    struct cg_span text = {NULL, 0};
    cg_base64url_encode(bytes, buf);
    REQUIRE(cg_buf_finish(buf, &text) == CG_OK);
    REQUIRE(text.len == CG_BASE64URL_CHARS(bytes.len));
    return text;
}

static void bytes_round_trip(struct cg_span bytes, struct cg_arena *arena)
{
    struct cg_buf buf;
    struct cg_span decoded = {NULL, 0};
    cg_buf_init(&buf, BYTES_MAX);
    REQUIRE(cg_base64url_decode_arena(encoded(bytes, &buf), arena, &decoded) == CG_OK);
    REQUIRE(cg_span_equal(decoded, bytes));
    cg_buf_release(&buf);
}

static void text_is_canonical(struct cg_span text, struct cg_arena *arena)
{
    struct cg_span bytes = {NULL, 0};
    if (cg_base64url_decode_arena(text, arena, &bytes) != CG_OK) {
        return;
    }
    struct cg_buf buf;
    cg_buf_init(&buf, BYTES_MAX);
    REQUIRE(cg_span_equal(encoded(bytes, &buf), text));
    cg_buf_release(&buf);
}

/* In the 62 characters that they share, and without padding, both alphabets say the same. */
static void alphabets_agree(struct cg_span text, struct cg_arena *arena)
{
    struct cg_span standard = {NULL, 0};
    struct cg_span url = {NULL, 0};
    bool has_own = false;
    for (size_t i = 0; i < text.len; i++) {
        has_own = has_own || cg_span_find(CG_SPAN_OF("+/-_="), text.data[i], 0) < 5;
    }
    enum cg_status status = cg_base64_decode_arena(text, arena, &standard);
    if (!has_own && text.len % 4 == 0) {
        REQUIRE(cg_base64url_decode_arena(text, arena, &url) == status);
        REQUIRE(cg_span_equal(standard, url));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct cg_span input = {data, len};
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = NULL;
    REQUIRE(cg_arena_new(4 * BYTES_MAX, &arena) == CG_OK);
    bytes_round_trip(input, arena);
    text_is_canonical(input, arena);
    alphabets_agree(input, arena);
    return 0;
}
