/* SPDX-License-Identifier: Apache-2.0 */
#include "feed/list.h"

#include "base/status.h"

#include <string.h>

#define FIRST_ITEMS 16

static enum cg_status grow(struct cg_feed_list *list)
{
    size_t capacity = list->capacity == 0 ? FIRST_ITEMS : list->capacity * 2;
    void *items = NULL;
    CG_TRY(cg_arena_take_array(list->arena, capacity, list->item_bytes, &items));
    if (list->count > 0) {
        memcpy(items, list->items, list->count * list->item_bytes);
    }
    list->items = items;
    list->capacity = capacity;
    return CG_OK;
}

enum cg_status cg_feed_list_add(struct cg_feed_list *list, const void *item)
{
    if (list->count == list->capacity) {
        CG_TRY(grow(list));
    }
    memcpy((uint8_t *)list->items + list->count * list->item_bytes, item, list->item_bytes);
    list->count++;
    return CG_OK;
}
