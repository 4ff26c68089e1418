/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the documents of a batch go: to an agent's location, by what they are.
 */
#ifndef CG_CLI_BATCH_PLACE_H
#define CG_CLI_BATCH_PLACE_H

#include "cli/context.h"
#include "cli/nginx_parse.h"

#include <caregate/types.h>
#include <stdbool.h>

struct cg_batch_place {
    struct cg_span address; /* "127.0.0.1:8700" */
    struct cg_span base;    /* "/record/", the location of the profile */
    struct cg_span to;      /* --to, or absent */
};

/* The first location, of a server that plain http reaches, that attaches the profile's tokens.
 * CG_ERR_NOT_FOUND when there is none. Borrows from the tree and the arena. */
CG_MUST_USE enum cg_status cg_batch_place_find(struct cg_context *context,
                                               const struct cg_directive *root,
                                               struct cg_span profile,
                                               struct cg_batch_place *ret_place);

/* Whether --to is a path in the profile's location. */
bool cg_batch_place_takes(const struct cg_batch_place *place, struct cg_span to);

struct cg_batch_target {
    const char *url;
    bool puts; /* PUT, else POST */
};

/*
 * Where one document goes: to --to by POST; else by its resourceType, a Bundle of type batch or
 * transaction to the base, one with an id by PUT. CG_ERR_INPUT with *ret_reason set when it cannot
 * be told.
 */
CG_MUST_USE enum cg_status cg_batch_place_target(const struct cg_batch_place *place,
                                                 struct cg_span body, struct cg_arena *arena,
                                                 struct cg_batch_target *ret_target,
                                                 const char **ret_reason);

#endif
