/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kinds of identity providers: what is known of the ID tokens of each, one row each. Static data,
 * any thread.
 */
#ifndef CG_REGISTRY_UPSTREAM_KIND_H
#define CG_REGISTRY_UPSTREAM_KIND_H

#include <caregate/types.h>
#include <stddef.h>

struct cg_upstream_kind {
    struct cg_span name;           /* "nhs-login" */
    struct cg_span algs;           /* that it may sign with, space-separated; empty: any we know */
    struct cg_span alg;            /* where the operator names none */
    struct cg_span level_claim;    /* which claim says how surely the person is known */
    uint8_t level_end;             /* the level in that claim ends before it; 0: all of it */
    struct cg_span levels;         /* that there are; empty: whatever the operator names */
    struct cg_span default_levels; /* where the operator names none; empty: not looked at */
    struct cg_span weak_levels;    /* that say next to nothing of who the person is */
    const char *alg_fault;         /* a sentence for an algorithm that it does not sign with */
    const char *level_fault;       /* and for a level that it does not have */
};

/* NULL for an unknown name. */
const struct cg_upstream_kind *cg_upstream_kind_find(struct cg_span name);

#endif
