/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"

#include "base/alloc.h"
#include "base/poison.h"
#include "base/status.h"

#include <stdalign.h>
#include <string.h>

#define FIRST_BLOCK_BYTES ((size_t)4096)
#define ALIGNMENT (alignof(max_align_t))

/*
 * Bytes from `used` on are zero, always: they come so from the system and are wiped when given
 * back.
 */
struct block {
    struct block *next; /* the one made before it */
    size_t capacity;
    size_t used;
    alignas(max_align_t) uint8_t data[];
};

struct cg_arena {
    struct block *newest; /* the only one that still gives */
    size_t max_bytes;
    size_t taken_bytes; /* what was handed out, each piece rounded up */
};

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* What a piece takes from max_bytes. No caller gives a `len` near SIZE_MAX. */
static size_t rounded(size_t len)
{
    return (larger(len, 1) + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

static enum cg_status add_block(struct cg_arena *arena, size_t capacity)
{
    void *memory = NULL;
    CG_TRY(cg_alloc(1, sizeof(struct block) + capacity, &memory));
    struct block *block = memory;
    block->capacity = capacity;
    block->next = arena->newest;
    arena->newest = block;
    cg_poison(block->data, capacity);
    return CG_OK;
}

static void wipe_block(struct block *block)
{
    cg_unpoison(block->data, block->used);
    cg_wipe(block->data, block->used);
    block->used = 0;
}

static struct block *free_block(struct block *block)
{
    struct block *next = block->next;
    wipe_block(block);
    cg_unpoison(block->data, block->capacity);
    (void)cg_release(block);
    return next;
}

enum cg_status cg_arena_new(size_t max_bytes, struct cg_arena **ret_arena)
{
    void *memory = NULL;
    CG_TRY(cg_alloc(1, sizeof(struct cg_arena), &memory));
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = memory;
    arena->max_bytes = rounded(smaller(max_bytes, SIZE_MAX / 4));
    size_t useful = smaller(arena->max_bytes, FIRST_BLOCK_BYTES - CG_POISON_GAP_BYTES);
    CG_TRY(add_block(arena, useful + CG_POISON_GAP_BYTES));
    *ret_arena = CG_STEAL(arena);
    return CG_OK;
}

struct cg_arena *cg_arena_free(struct cg_arena *arena)
{
    if (arena == NULL) {
        return NULL;
    }
    while (arena->newest != NULL) {
        arena->newest = free_block(arena->newest);
    }
    (void)cg_release(arena);
    return NULL;
}

void cg_arena_clear(struct cg_arena *arena)
{
    if (arena == NULL) {
        return;
    }
    while (arena->newest->next != NULL) {
        arena->newest = free_block(arena->newest);
    }
    struct block *first = arena->newest;
    wipe_block(first);
    cg_poison(first->data, first->capacity);
    arena->taken_bytes = 0;
}

static size_t room_left(const struct block *block)
{
    return block->capacity - block->used;
}

enum cg_status cg_arena_take(struct cg_arena *arena, size_t len, void **ret_memory)
{
    size_t allowed = arena->max_bytes - arena->taken_bytes;
    if (len > allowed || rounded(len) > allowed) {
        return CG_ERR_LIMIT;
    }
    size_t needed = rounded(len) + CG_POISON_GAP_BYTES;
    if (needed > room_left(arena->newest)) {
        size_t doubled = smaller(arena->newest->capacity * 2, arena->max_bytes);
        CG_TRY(add_block(arena, larger(needed, doubled)));
    }
    struct block *block = arena->newest;
    uint8_t *memory = block->data + block->used;
    block->used += needed;
    arena->taken_bytes += rounded(len);
    cg_unpoison(memory, len);
    *ret_memory = memory;
    return CG_OK;
}

bool cg_arena_extend(struct cg_arena *arena, const void *memory, size_t len, size_t new_len)
{
    struct block *block = arena->newest;
    size_t taken = rounded(len) + CG_POISON_GAP_BYTES;
    bool is_last = block->used >= taken && memory == block->data + block->used - taken;
    if (!is_last || new_len < len || new_len > arena->max_bytes) {
        return false;
    }
    size_t more = rounded(new_len) - rounded(len);
    if (more > room_left(block) || more > arena->max_bytes - arena->taken_bytes) {
        return false;
    }
    block->used += more;
    arena->taken_bytes += more;
    cg_unpoison(memory, new_len);
    return true;
}

enum cg_status cg_arena_copy(struct cg_arena *arena, struct cg_span span, struct cg_span *ret_copy)
{
    if (span.data == NULL) {
        *ret_copy = (struct cg_span){NULL, 0};
        return CG_OK;
    }
    void *memory = NULL;
    CG_TRY(cg_arena_take(arena, span.len + 1, &memory));
    memcpy(memory, span.data, span.len);
    *ret_copy = (struct cg_span){memory, span.len};
    return CG_OK;
}

enum cg_status cg_arena_take_array(struct cg_arena *arena, size_t count, size_t size,
                                   void **ret_memory)
{
    size_t len = 0;
    if (__builtin_mul_overflow(count, size, &len)) {
        return CG_ERR_LIMIT;
    }
    return cg_arena_take(arena, len, ret_memory);
}
