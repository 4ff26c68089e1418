/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/names.h"

#include "base/span.h"
#include "base/status.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_CAPACITY 16

enum cg_status cg_names_add(struct cg_names *names, struct cg_arena *arena, struct cg_span text,
                            const struct cg_yaml *place)
{
    if (names->count == names->capacity) {
        size_t capacity = names->capacity > 0 ? 2 * names->capacity : FIRST_CAPACITY;
        void *items = NULL;
        CG_TRY(cg_arena_take_array(arena, capacity, sizeof(*names->items), &items));
        if (names->count > 0) {
            memcpy(items, names->items, names->count * sizeof(*names->items));
        }
        names->items = items;
        names->capacity = capacity;
    }
    names->items[names->count++] = (struct cg_name){text, place};
    return CG_OK;
}

static int compare_texts(const void *a, const void *b)
{
    const struct cg_name *left = a;
    const struct cg_name *right = b;
    return cg_span_compare(left->text, right->text);
}

static int compare(const void *a, const void *b)
{
    const struct cg_name *left = a;
    const struct cg_name *right = b;
    int order = compare_texts(a, b);
    if (order != 0 || left->place == NULL || right->place == NULL) {
        return order;
    }
    return left->place->line < right->place->line ? -1 : 1;
}

void cg_names_sort(struct cg_names *names)
{
    if (names->count > 0) {
        qsort(names->items, names->count, sizeof(*names->items), compare);
    }
}

const struct cg_name *cg_names_find(const struct cg_names *names, struct cg_span text)
{
    struct cg_name wanted = {text, NULL};
    return names->count > 0
               ? bsearch(&wanted, names->items, names->count, sizeof(*names->items), compare_texts)
               : NULL;
}

bool cg_names_has(const struct cg_names *names, struct cg_span text)
{
    return cg_names_find(names, text) != NULL;
}

const struct cg_name *cg_names_twice(const struct cg_names *names)
{
    for (size_t i = 1; i < names->count; i++) {
        if (cg_span_equal(names->items[i - 1].text, names->items[i].text)) {
            return &names->items[i];
        }
    }
    return NULL;
}
