/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory for what is secret and lives long: pages of their own that are left out of core dumps,
 * never swapped where the system allows, and wiped in the end. Taken piece by piece, given back all
 * at once. One thread at a time.
 */
#ifndef CG_BASE_LOCKED_H
#define CG_BASE_LOCKED_H

#include "base/cleanup.h"

#include <caregate/types.h>

struct cg_locked;

/* Bytes that a piece of `len` takes up. */
#define CG_LOCKED_PIECE(len) (((len) + 16) / 16 * 16)

/* Room for pieces of max_bytes in all. CG_ERR_LIMIT when memory is short; where it is only the lock
 * that is refused, it goes without. */
CG_MUST_USE enum cg_status cg_locked_new(size_t max_bytes, struct cg_locked **ret_locked);
/* Wipes. Accepts NULL. Returns NULL. */
struct cg_locked *cg_locked_free(struct cg_locked *locked);
CG_DEFINE_CLEANUP(cg_locked_free_at, struct cg_locked *, cg_locked_free)

/* Locks it again, in a process that was made by fork: a lock is not inherited. */
void cg_locked_renew(struct cg_locked *locked);

/* `len` zeroed bytes, aligned for any type. CG_ERR_LIMIT past the maximum. */
CG_MUST_USE enum cg_status cg_locked_take(struct cg_locked *locked, size_t len, void **ret_memory);

/* A copy of a span (absent of absent), with a zero byte after it. CG_ERR_LIMIT past the maximum. */
CG_MUST_USE enum cg_status cg_locked_copy(struct cg_locked *locked, struct cg_span span,
                                          struct cg_span *ret_copy);

#endif
