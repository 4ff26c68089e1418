/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a verifier's keys come from: a text that was given once and for all, or the issuer, asked
 * now and then. Says whether they are recent enough to be believed. Any thread.
 */
#ifndef CG_VERIFY_KEY_SOURCE_H
#define CG_VERIFY_KEY_SOURCE_H

#include "verify/key_shelf.h"

#include <caregate/reason.h>

struct cg_key_source;

struct cg_key_source_config {
    struct cg_span jwks; /* given as text, or absent */
    const char *url;     /* else where from; borrowed */
    const char *ca_file; /* or NULL: the system's; borrowed */
    int64_t max_age_s;
};

/* CG_ERR_INPUT for a text without keys; CG_ERR_LIMIT when memory is short. */
CG_MUST_USE enum cg_status cg_key_source_new(const struct cg_key_source_config *config,
                                             struct cg_key_source **ret_source);
struct cg_key_source *cg_key_source_free(struct cg_key_source *source);

/* NONE, with a ring that is given back; or why there is none: SNAPSHOT_MISSING, SNAPSHOT_TOO_OLD,
 * INTERNAL. */
enum cg_reason cg_key_source_take(struct cg_key_source *source, int64_t now_s,
                                  struct cg_shelf_ring **ret_ring);
void cg_key_source_give(struct cg_key_source *source, struct cg_shelf_ring *ring);

/* A token named a key that is not there. */
void cg_key_source_note_unknown(struct cg_key_source *source);

/* As their namesakes of caregate/verify.h say. */
bool cg_key_source_wants(struct cg_key_source *source, int64_t now_s);
CG_MUST_USE enum cg_status cg_key_source_fetch(struct cg_key_source *source, int64_t now_s);
void cg_key_source_trouble(struct cg_key_source *source, char *text, size_t size);

#endif
