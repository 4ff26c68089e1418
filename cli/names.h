/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many names, to be looked up: those that a file has of a kind, each with its place. They live in
 * the arena given; the texts stay whose they are. One thread.
 */
#ifndef CG_CLI_NAMES_H
#define CG_CLI_NAMES_H

#include "base/arena.h"
#include "codec/yaml_tree.h"

#include <caregate/types.h>
#include <stdbool.h>

struct cg_name {
    struct cg_span text;
    const struct cg_yaml *place;
};

struct cg_names {
    struct cg_name *items;
    size_t count;
    size_t capacity;
};

/* CG_ERR_LIMIT when memory is short. */
CG_MUST_USE enum cg_status cg_names_add(struct cg_names *names, struct cg_arena *arena,
                                        struct cg_span text, const struct cg_yaml *place);

/* Brings them in order, before the first of these two. Equal ones keep theirs. */
void cg_names_sort(struct cg_names *names);
/* NULL when there is none. */
const struct cg_name *cg_names_find(const struct cg_names *names, struct cg_span text);
bool cg_names_has(const struct cg_names *names, struct cg_span text);
/* The second of two that are equal, and the first before it; NULL when there are none. */
const struct cg_name *cg_names_twice(const struct cg_names *names);

#endif
