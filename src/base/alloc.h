/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The only door to malloc, calloc, realloc and free. Any thread.
 */
#ifndef CG_BASE_ALLOC_H
#define CG_BASE_ALLOC_H

#include <caregate/types.h>

/*
 * Zeroed memory for `count` things of `size` bytes; overflow is checked. CG_ERR_LIMIT when short.
 */
CG_MUST_USE enum cg_status cg_alloc(size_t count, size_t size, void **ret_memory);

/* Grows or shrinks to `size` bytes; on failure *memory is untouched. CG_ERR_LIMIT when short. */
CG_MUST_USE enum cg_status cg_alloc_resize(void **memory, size_t size);

/* Frees. Accepts NULL. Returns NULL. The contents are not wiped: secrets use cg_wipe first. */
void *cg_release(void *memory);

/* Overwrites memory so that no compiler leaves it out. */
void cg_wipe(void *memory, size_t len);

#endif
