/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside of the feed: a list that grows in an arena, for rows whose number is not known before.
 */
#ifndef CG_FEED_LIST_H
#define CG_FEED_LIST_H

#include "base/arena.h"

#include <caregate/types.h>

struct cg_feed_list {
    struct cg_arena *arena;
    size_t item_bytes;
    void *items; /* `count` of them in a row */
    size_t count;
    size_t capacity;
};

/* Appends a copy of *item. CG_ERR_LIMIT when the arena is full. */
CG_MUST_USE enum cg_status cg_feed_list_add(struct cg_feed_list *list, const void *item);

#endif
