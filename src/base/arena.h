/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An arena: memory that is taken piece by piece and given back all at once.
 *
 * It grows in blocks up to the maximum told at birth, and wipes every byte handed out when it is
 * cleared or freed, since requests carry secrets. One thread at a time.
 */
#ifndef CG_BASE_ARENA_H
#define CG_BASE_ARENA_H

#include "base/cleanup.h"

#include <caregate/types.h>
#include <stdbool.h>

struct cg_arena;

/*
 * Makes an arena that hands out at most max_bytes; each piece, and the maximum, count rounded up to
 * the alignment of any type. CG_ERR_LIMIT when memory is short.
 */
CG_MUST_USE enum cg_status cg_arena_new(size_t max_bytes, struct cg_arena **ret_arena);

/* Wipes and frees. Accepts NULL. Returns NULL. */
struct cg_arena *cg_arena_free(struct cg_arena *arena);

/* Wipes; keeps the first block for reuse. Accepts NULL. */
void cg_arena_clear(struct cg_arena *arena);

/*
 * `len` zeroed bytes aligned for any type (len 0 gives a valid pointer). CG_ERR_LIMIT past the
 * maximum.
 */
CG_MUST_USE enum cg_status cg_arena_take(struct cg_arena *arena, size_t len, void **ret_memory);

/*
 * Lengthens the piece handed out last from `len` to `new_len` bytes where it stands. False, and
 * nothing has changed, when it was not the last or there is no room behind it.
 */
bool cg_arena_extend(struct cg_arena *arena, const void *memory, size_t len, size_t new_len);

/*
 * A copy of a span (absent of absent), in the arena, with a zero byte after it for debuggers'
 * comfort. CG_ERR_LIMIT past the maximum.
 */
CG_MUST_USE enum cg_status cg_arena_copy(struct cg_arena *arena, struct cg_span span,
                                         struct cg_span *ret_copy);

CG_DEFINE_CLEANUP(cg_arena_free_at, struct cg_arena *, cg_arena_free)

/* Takes an array of `count` things of the pointer's type. count * size is checked. */
CG_MUST_USE enum cg_status cg_arena_take_array(struct cg_arena *arena, size_t count, size_t size,
                                               void **ret_memory);

#endif
