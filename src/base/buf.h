/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A bounded writer. The maximum is told at birth; writing past it, or running out of memory, sets
 * a flag that sticks, so a chain of writes is checked once, by cg_buf_finish.
 *
 * A buffer either owns heap memory (cg_buf_init, cg_buf_release wipes it), or writes into an arena
 * (cg_buf_init_arena, nothing to release). One thread at a time.
 */
#ifndef CG_BASE_BUF_H
#define CG_BASE_BUF_H

#include "base/arena.h"

#include <caregate/types.h>
#include <stdbool.h>

struct cg_buf {
    uint8_t *data;
    size_t len;
    size_t capacity;
    size_t max;
    struct cg_arena *arena; /* NULL: heap */
    bool failed;
    bool is_too_long; /* and that is why: it would have passed the maximum */
};

/* Growing, on the heap, at most `max` bytes. */
void cg_buf_init(struct cg_buf *buf, size_t max);
/* Growing inside an arena. */
void cg_buf_init_arena(struct cg_buf *buf, struct cg_arena *arena, size_t max);
/* Wipes and frees what the buffer owns; it is empty, of the same kind, afterwards. Accepts NULL. */
void cg_buf_release(struct cg_buf *buf);
/* Empty again, memory kept, failure forgotten. */
void cg_buf_clear(struct cg_buf *buf);

void cg_buf_put(struct cg_buf *buf, struct cg_span bytes);
void cg_buf_put_string(struct cg_buf *buf, const char *string);
void cg_buf_put_byte(struct cg_buf *buf, uint8_t byte);
void cg_buf_put_number(struct cg_buf *buf, int64_t number); /* decimal */

/*
 * Room for `len` bytes at the end, which count as written; NULL (and the flag) when there is none.
 */
uint8_t *cg_buf_reserve(struct cg_buf *buf, size_t len);

/* CG_ERR_LIMIT if any write failed; else the bytes written, which the buffer still owns. */
CG_MUST_USE enum cg_status cg_buf_finish(const struct cg_buf *buf, struct cg_span *ret_span);

/* The same for what somebody else sent: CG_ERR_INPUT when that was too long, so that CG_ERR_LIMIT
 * means that memory is short. */
CG_MUST_USE enum cg_status cg_buf_finish_input(const struct cg_buf *buf, struct cg_span *ret_span);

#endif
