/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <caregate/fair_queue.h>

void cg_fair_queue_init(struct cg_fair_queue *queue, size_t max)
{
    *queue = (struct cg_fair_queue){.max = max};
}

static void append_lane(struct cg_fair_queue *queue, struct cg_fair_lane *lane)
{
    lane->next = NULL;
    *(queue->last == NULL ? &queue->first : &queue->last->next) = lane;
    queue->last = lane;
}

static struct cg_fair_lane *take_lane(struct cg_fair_queue *queue)
{
    struct cg_fair_lane *lane = queue->first;
    queue->first = lane->next;
    if (queue->first == NULL) {
        queue->last = NULL;
    }
    return lane;
}

enum cg_status cg_fair_queue_push(struct cg_fair_queue *queue, unsigned lane,
                                  struct cg_fair_item *item)
{
    assert(lane < CG_FAIR_LANES);
    struct cg_fair_lane *own = &queue->lanes[lane];
    if (own->count >= queue->max - queue->count) {
        return CG_ERR_LIMIT;
    }
    item->next = NULL;
    if (own->count == 0) {
        own->first = item;
        append_lane(queue, own);
    } else {
        own->last->next = item;
    }
    own->last = item;
    own->count++;
    queue->count++;
    return CG_OK;
}

struct cg_fair_item *cg_fair_queue_take(struct cg_fair_queue *queue)
{
    if (queue->first == NULL) {
        return NULL;
    }
    struct cg_fair_lane *lane = take_lane(queue);
    struct cg_fair_item *item = lane->first;
    lane->first = item->next;
    lane->count--;
    queue->count--;
    if (lane->count > 0) {
        append_lane(queue, lane);
    }
    return item;
}
