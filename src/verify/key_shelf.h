/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An issuer's published keys, for any number of threads. A ring's verifiers are of one thread, so
 * each check takes a ring off the shelf, or has one made, and puts it back; those of an older key
 * set are let go. Any thread.
 */
#ifndef CG_VERIFY_KEY_SHELF_H
#define CG_VERIFY_KEY_SHELF_H

#include "base/cleanup.h"
#include "token/key_ring.h"

#include <caregate/types.h>

struct cg_key_shelf;

/* A ring on loan. */
struct cg_shelf_ring {
    struct cg_key_ring *keys;
    uint64_t set; /* which key set it was made of */
    struct cg_shelf_ring *next;
};

/* An empty one. CG_ERR_LIMIT when memory is short. */
CG_MUST_USE enum cg_status cg_key_shelf_new(struct cg_key_shelf **ret_shelf);
struct cg_key_shelf *cg_key_shelf_free(struct cg_key_shelf *shelf);
CG_DEFINE_CLEANUP(cg_key_shelf_free_at, struct cg_key_shelf *, cg_key_shelf_free)

/* Puts a key set there, the text of a JWKS, in the place of the one before. CG_ERR_INPUT, and the
 * one before stays, when it is none or has no key that is of use. */
CG_MUST_USE enum cg_status cg_key_shelf_put(struct cg_key_shelf *shelf, struct cg_span jwks);

/* CG_ERR_NOT_FOUND when there is no key set yet; CG_ERR_LIMIT when memory is short. */
CG_MUST_USE enum cg_status cg_key_shelf_take(struct cg_key_shelf *shelf,
                                             struct cg_shelf_ring **ret_ring);
void cg_key_shelf_give(struct cg_key_shelf *shelf, struct cg_shelf_ring *ring);

#endif
