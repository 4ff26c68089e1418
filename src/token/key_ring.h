/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keys that a realm publishes, each with a prepared verifier. One thread at a time, because of
 * the verifiers.
 */
#ifndef CG_TOKEN_KEY_RING_H
#define CG_TOKEN_KEY_RING_H

#include "crypto/sign.h"
#include "jose/jwks.h"

#include <caregate/types.h>

struct cg_key_ring;

/* From a JWKS, as cg_jwks_parse takes it and with its statuses. */
CG_MUST_USE enum cg_status cg_key_ring_new(const struct cg_json_value *jwks,
                                           struct cg_key_ring **ret_ring);
struct cg_key_ring *cg_key_ring_free(struct cg_key_ring *ring);
CG_DEFINE_CLEANUP(cg_key_ring_free_at, struct cg_key_ring *, cg_key_ring_free)

size_t cg_key_ring_count(const struct cg_key_ring *ring);

/* A key with its verifier; NULL when the kid is unknown. */
const struct cg_jwk *cg_key_ring_find(const struct cg_key_ring *ring, struct cg_span kid,
                                      struct cg_verifier **ret_verifier);

#endif
