/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The gate bundle: the snapshot of one realm, signed, for gates on other machines. A compact JWS
 * (RFC 7515) of the type caregate-gate-bundle, by the key that signs the realm's tokens; its
 * payload is the snapshot's text. Neither can be taken for the other: the types differ (RFC 8725
 * §3.11).
 *
 * Bundles of a realm are in an order: by sequence, which each change of the registry raises, then
 * by when they were made. A gate never goes back in it. Any thread.
 */
#ifndef CG_TOKEN_GATE_BUNDLE_H
#define CG_TOKEN_GATE_BUNDLE_H

#include "base/arena.h"
#include "base/status.h"
#include "token/snapshot.h"

#include <stdbool.h>

#define CG_GATE_BUNDLE_TYP "caregate-gate-bundle"

/* The registry's versions, added up: larger is newer. */
int64_t cg_gate_bundle_sequence(const struct cg_snapshot *snapshot);

/* Whether `a` stands before `b` in the order. */
bool cg_gate_bundle_is_older(const struct cg_snapshot *a, const struct cg_snapshot *b);

/*
 * What a bundle says, in a word: equal tags, equal rules, whenever and by whichever server it was
 * made. Zero-terminated: "SEQUENCE-KEYS".
 */
#define CG_GATE_BUNDLE_TAG_BYTES 48
void cg_gate_bundle_tag(const struct cg_snapshot *snapshot,
                        char ret_tag[static CG_GATE_BUNDLE_TAG_BYTES]);

struct cg_gate_bundle_trust {
    struct cg_span issuer;          /* the only one whose rules are taken */
    const struct cg_key_ring *keys; /* NULL: those in the bundle itself, which shows that it is
                                       whole, and nothing else */
};

/*
 * Opens a compact bundle of at most CG_LIMIT_BUNDLE_BYTES. CG_ERR_NOT_FOUND when its key is not
 * among the keys: the caller may know where to find newer ones; CG_ERR_AUTHENTICATION for a wrong
 * type, algorithm or signature; CG_ERR_INPUT when it is malformed, of another issuer, or of several
 * realms; CG_ERR_LIMIT when memory is short. The arena needs twice the bundle's length at most.
 */
CG_MUST_USE enum cg_status cg_gate_bundle_open(const struct cg_gate_bundle_trust *trust,
                                               struct cg_span compact, struct cg_arena *arena,
                                               struct cg_snapshot **ret_snapshot);

#endif
