/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A list of scopes and, after a line's end, others: what it leaves of them is allowed by both and
 * stays as it is when it is limited again; what it allows whole stays.
 */
#include "base/buf.h"
#include "base/span.h"
#include "fuzz.h"
#include "token/scope_limit.h"

static struct cg_span written(const struct cg_scope *scope, struct cg_buf *buf)
{
    struct cg_span text = {NULL, 0};
    cg_scope_write(scope, buf);
    REQUIRE(cg_buf_finish(buf, &text) == CG_OK);
    return text;
}

static void require_limited(struct cg_span list, struct cg_span others, struct cg_scope *scope,
                            struct cg_arena *arena)
{
    const struct cg_scope asked = *scope;
    if (cg_scope_limit(list, arena, scope) != CG_OK) {
        return;
    }
    for (size_t i = 0; i < asked.count; i++) {
        REQUIRE(!cg_scope_is_allowed(list, asked.tokens[i]) ||
                cg_scope_has(scope, asked.tokens[i]));
    }
    struct cg_scope again = *scope;
    for (size_t i = 0; i < scope->count; i++) {
        REQUIRE(cg_scope_is_allowed(list, scope->tokens[i]));
        REQUIRE(cg_scope_is_allowed(others, scope->tokens[i]));
    }
    if (cg_scope_limit(list, arena, &again) == CG_OK) {
        CG_CLEANUP(cg_buf_release) struct cg_buf first;
        CG_CLEANUP(cg_buf_release) struct cg_buf second;
        cg_buf_init(&first, 65536);
        cg_buf_init(&second, 65536);
        REQUIRE(cg_span_equal(written(scope, &first), written(&again, &second)));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct cg_span text = cg_span_of_bytes(data, len);
    size_t at = cg_span_find(text, '\n', 0);
    struct cg_span list = cg_span_part(text, 0, at);
    struct cg_span others = cg_span_part(text, at + 1, len);
    struct cg_scope scope;
    if (cg_scope_parse(list, &scope) != CG_OK || cg_scope_parse(others, &scope) != CG_OK) {
        return 0;
    }
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = NULL;
    if (cg_arena_new(1 << 20, &arena) == CG_OK) {
        require_limited(list, others, &scope, arena);
    }
    return 0;
}
