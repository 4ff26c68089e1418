/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Forms. What is read has no control characters and is UTF-8; written again, with every byte
 * escaped, it is read as the same.
 */
#include "base/buf.h"
#include "base/span.h"
#include "codec/form.h"
#include "codec/utf8.h"
#include "fuzz.h"

#define ARENA_BYTES ((size_t)1 << 23)

static void require_clean(struct cg_span text)
{
    REQUIRE(cg_utf8_is_valid(text));
    for (size_t i = 0; i < text.len; i++) {
        REQUIRE(text.data[i] >= 0x20 && text.data[i] != 0x7f);
    }
}

static void put_escaped(struct cg_buf *buf, struct cg_span text)
{
    static const char hex[] = "0123456789ABCDEF";
    for (size_t i = 0; i < text.len; i++) {
        cg_buf_put_byte(buf, '%');
        cg_buf_put_byte(buf, (uint8_t)hex[text.data[i] >> 4]);
        cg_buf_put_byte(buf, (uint8_t)hex[text.data[i] & 0x0f]);
    }
}

static struct cg_span written(const struct cg_params *params, struct cg_buf *buf)
{
    struct cg_span body = {NULL, 0};
    for (size_t i = 0; i < params->count; i++) {
        cg_buf_put(buf, i > 0 ? CG_SPAN_OF("&") : CG_SPAN_OF(""));
        put_escaped(buf, params->items[i].name);
        cg_buf_put_byte(buf, '=');
        put_escaped(buf, params->items[i].value);
    }
    REQUIRE(cg_buf_finish(buf, &body) == CG_OK);
    return body;
}

static void round_trips(struct cg_span body, const struct cg_params *params, struct cg_arena *arena)
{
    struct cg_buf buf;
    struct cg_params again = {.count = 0};
    cg_buf_init_arena(&buf, arena, ARENA_BYTES);
    REQUIRE(cg_form_parse(written(params, &buf), arena, &again) == CG_OK);
    REQUIRE(again.count == params->count);
    for (size_t i = 0; i < again.count; i++) {
        REQUIRE(cg_span_equal(again.items[i].name, params->items[i].name));
        REQUIRE(cg_span_equal(again.items[i].value, params->items[i].value));
        /* A copy in the arena has a zero behind it. */
        struct cg_span name = {NULL, 0};
        REQUIRE(cg_arena_copy(arena, again.items[i].name, &name) == CG_OK);
        REQUIRE(cg_form_query_has(body, (const char *)name.data));
        REQUIRE(cg_params_count(params, (const char *)name.data) > 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct cg_span input = {data, len};
    struct cg_params params = {.count = 0};
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = NULL;
    REQUIRE(cg_arena_new(ARENA_BYTES, &arena) == CG_OK);
    (void)cg_form_is_content_type(input);
    bool has_token = cg_form_query_has(input, "access_token");
    if (cg_form_parse(input, arena, &params) != CG_OK) {
        return 0;
    }
    REQUIRE(has_token == (cg_params_count(&params, "access_token") > 0));
    for (size_t i = 0; i < params.count; i++) {
        require_clean(params.items[i].name);
        require_clean(params.items[i].value);
    }
    round_trips(input, &params, arena);
    return 0;
}
