/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two scopes, parted by a space: what is taken is written as it was; what two have in common is
 * covered by both, whichever comes first.
 */
#include "base/arena.h"
#include "base/buf.h"
#include "base/limits.h"
#include "base/span.h"
#include "fuzz.h"
#include "token/smart.h"

static void require_round_trip(struct cg_span text, const struct cg_smart_scope *scope)
{
    struct cg_buf buf;
    struct cg_span written;
    cg_buf_init(&buf, text.len);
    cg_smart_write(scope, &buf);
    REQUIRE(cg_buf_finish(&buf, &written) == CG_OK);
    REQUIRE(cg_span_equal(written, text));
    REQUIRE(cg_smart_looks(text));
    REQUIRE(cg_smart_covers(scope, scope));
    cg_buf_release(&buf);
}

static void require_meeting(const struct cg_smart_scope *a, const struct cg_smart_scope *b,
                            struct cg_arena *arena)
{
    struct cg_smart_scope both;
    struct cg_smart_scope same;
    bool any = false;
    bool again = false;
    if (cg_smart_meet(a, b, arena, &both, &any) != CG_OK ||
        cg_smart_meet(b, a, arena, &same, &again) != CG_OK) {
        return;
    }
    REQUIRE(any == again);
    if (any) {
        REQUIRE(cg_smart_covers(a, &both) && cg_smart_covers(b, &both));
        REQUIRE(cg_smart_covers(&both, &same) && cg_smart_covers(&same, &both));
    }
    REQUIRE(!cg_smart_covers(a, b) || (any && cg_smart_covers(&both, b)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct cg_span text = cg_span_of_bytes(data, len);
    size_t at = cg_span_find(text, ' ', 0);
    struct cg_span texts[] = {cg_span_part(text, 0, at), cg_span_part(text, at + 1, len)};
    struct cg_smart_scope scopes[2];
    for (size_t i = 0; i < 2; i++) {
        if (cg_smart_parse(texts[i], &scopes[i]) != CG_OK) {
            return 0;
        }
        require_round_trip(texts[i], &scopes[i]);
    }
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = NULL;
    if (cg_arena_new(65536, &arena) == CG_OK) {
        require_meeting(&scopes[0], &scopes[1], arena);
    }
    return 0;
}
