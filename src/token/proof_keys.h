/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys of proofs that were found good, by the keyed hash of the header that brought them: a client
 * sends the same one with each proof, and need not have its key read again. Bounded; of a few that
 * fall together, the one that was longest out of use goes. One thread.
 */
#ifndef CG_TOKEN_PROOF_KEYS_H
#define CG_TOKEN_PROOF_KEYS_H

#include "base/cleanup.h"
#include "crypto/keyed_hash.h"
#include "token/dpop.h"

#include <caregate/types.h>

struct cg_proof_keys;

/* CG_ERR_CRYPTO, or CG_ERR_LIMIT when memory is short. */
CG_MUST_USE enum cg_status cg_proof_keys_new(const struct cg_random *random,
                                             struct cg_proof_keys **ret_keys);
struct cg_proof_keys *cg_proof_keys_free(struct cg_proof_keys *keys);

/*
 * As cg_dpop_check. The key is looked for here first, and kept once it has proven something, so
 * that strangers push none out.
 */
CG_MUST_USE enum cg_status cg_proof_keys_check(struct cg_proof_keys *keys, struct cg_span compact,
                                               const struct cg_dpop_demand *demand,
                                               struct cg_arena *arena, struct cg_fault *fault,
                                               struct cg_dpop_proof *ret_proof);

/* NULL when it is not there. Valid until the next keep. */
const struct cg_dpop_key *cg_proof_keys_find(struct cg_proof_keys *keys,
                                             const uint8_t digest[static CG_KEYED_HASH_BYTES]);

/* Takes the key over, which the caller then has no more. */
void cg_proof_keys_keep(struct cg_proof_keys *keys,
                        const uint8_t digest[static CG_KEYED_HASH_BYTES], struct cg_dpop_key *key);

CG_DEFINE_CLEANUP(cg_proof_keys_free_at, struct cg_proof_keys *, cg_proof_keys_free)

#endif
