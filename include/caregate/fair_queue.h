/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A bounded queue that is fair among those who fill it. Each item has a lane; items leave by turns
 * over the lanes that have some, so that one who floods waits behind itself alone. A lane may hold
 * no more items than the queue has places left: a lone one half of them, two a third each, and
 * there is always room for who comes anew (Choudhury and Hahne, "Dynamic queue length thresholds
 * for shared-memory packet switches", 1998).
 *
 * Items are linked in place and owned by the caller. One thread at a time; everything takes
 * constant time.
 */
#ifndef CAREGATE_FAIR_QUEUE_H
#define CAREGATE_FAIR_QUEUE_H

#include <caregate/types.h>

#define CG_FAIR_LANES 256

struct cg_fair_item {
    struct cg_fair_item *next;
};

/* Inside of the queue. */
struct cg_fair_lane {
    struct cg_fair_item *first;
    struct cg_fair_item *last;
    size_t count;
    struct cg_fair_lane *next; /* whose turn it is afterwards */
};

struct cg_fair_queue {
    struct cg_fair_lane lanes[CG_FAIR_LANES];
    struct cg_fair_lane *first; /* whose turn it is; NULL: all are empty */
    struct cg_fair_lane *last;
    size_t count;
    size_t max;
};

/* Makes an empty queue for at most max items. */
CG_EXPORT void cg_fair_queue_init(struct cg_fair_queue *queue, size_t max);

/* Appends to a lane, 0 .. CG_FAIR_LANES - 1. CG_ERR_LIMIT when the lane has its share. */
CG_EXPORT CG_MUST_USE enum cg_status cg_fair_queue_push(struct cg_fair_queue *queue, unsigned lane,
                                                        struct cg_fair_item *item);

/* Takes the next item out. NULL when there is none. */
CG_EXPORT struct cg_fair_item *cg_fair_queue_take(struct cg_fair_queue *queue);

#endif
