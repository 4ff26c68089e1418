/* SPDX-License-Identifier: Apache-2.0 */
#include "base/alloc.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/span.h"
#include "base/status.h"
#include "base/tally.h"
#include "test.h"
#include "torture.h"

#include <caregate/exchange.h>

static enum cg_status resize(void *context __attribute__((unused)))
{
    void *memory = NULL;
    CG_TRY(cg_alloc(1, 8, &memory));
    memcpy(memory, "kept", 5);
    enum cg_status status = cg_alloc_resize(&memory, 4096);
    bool is_kept = memcmp(memory, "kept", 5) == 0;
    (void)cg_release(memory);
    return is_kept ? status : CG_ERR_INTERNAL;
}

/* Several blocks, and again after it was cleared. */
static enum cg_status fill_arena(void *context __attribute__((unused)))
{
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = NULL;
    CG_TRY(cg_arena_new(100000, &arena));
    for (int round = 0; round < 2; round++) {
        struct cg_span copy = {NULL, 0};
        void *memory = NULL;
        CG_TRY(cg_arena_take(arena, 3000, &memory));
        CG_TRY(cg_arena_take(arena, 3000, &memory));
        CG_TRY(cg_arena_take_array(arena, 100, 300, &memory));
        CG_TRY(cg_arena_copy(arena, test_span("copied"), &copy));
        cg_arena_clear(arena);
    }
    return CG_OK;
}

/* What was refused once must not keep the arena from giving later. */
static enum cg_status go_on_with_arena(void *context __attribute__((unused)))
{
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = NULL;
    CG_TRY(cg_arena_new(100000, &arena));
    void *large = NULL;
    void *small = NULL;
    if (cg_arena_take(arena, 50000, &large) == CG_OK) {
        return CG_OK;
    }
    return cg_arena_take(arena, 16, &small) == CG_OK ? CG_ERR_LIMIT : CG_ERR_INTERNAL;
}

static void write_much(struct cg_buf *buf)
{
    for (int i = 0; i < 2000; i++) {
        cg_buf_put_string(buf, "0123456789");
        cg_buf_put_number(buf, i);
    }
}

static enum cg_status fill_heap_buffer(void *context __attribute__((unused)))
{
    struct cg_buf buf;
    struct cg_span text = {NULL, 0};
    cg_buf_init(&buf, 100000);
    write_much(&buf);
    enum cg_status status = cg_buf_finish(&buf, &text);
    cg_buf_release(&buf);
    return status;
}

static enum cg_status fill_arena_buffer(void *context __attribute__((unused)))
{
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = NULL;
    struct cg_buf buf;
    struct cg_span text = {NULL, 0};
    CG_TRY(cg_arena_new(200000, &arena));
    cg_buf_init_arena(&buf, arena, 100000);
    write_much(&buf);
    return cg_buf_finish(&buf, &text);
}

static enum cg_status exchange(void *context __attribute__((unused)))
{
    struct cg_exchange *made = NULL;
    void *memory = NULL;
    CG_TRY(cg_exchange_new(&made));
    enum cg_status status = cg_arena_take(made->arena, 20000, &memory);
    cg_exchange_clear(made);
    (void)cg_exchange_free(made);
    return status;
}

static enum cg_status tally(void *context __attribute__((unused)))
{
    struct cg_tally *made = NULL;
    CG_TRY(cg_tally_new(1024, &made));
    (void)cg_tally_admit(made, test_span("192.0.2.1"), CG_REASON_TOKEN_MISSING, 0);
    (void)cg_tally_free(made);
    return CG_OK;
}

TEST(base_survives_every_failing_allocation)
{
    static const struct torture_scenario scenarios[] = {
        {.name = "resize", .run = resize},
        {.name = "fill an arena", .run = fill_arena},
        {.name = "go on with an arena", .run = go_on_with_arena},
        {.name = "fill a buffer on the heap", .run = fill_heap_buffer},
        {.name = "fill a buffer in an arena", .run = fill_arena_buffer},
        {.name = "exchange", .run = exchange},
        {.name = "tally", .run = tally},
    };
    for (size_t i = 0; i < TEST_COUNT(scenarios); i++) {
        torture(&scenarios[i]);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(base_survives_every_failing_allocation),
};
TEST_MAIN(tests)
