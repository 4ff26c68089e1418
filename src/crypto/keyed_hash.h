/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SipHash-2-4 with 128 bits of output (Aumasson and Bernstein, "SipHash: a fast short-input PRF"):
 * the place of a text in a table that whoever sends the texts cannot aim at, for a third of what
 * SHA-256 costs. The key is drawn anew for each object and never leaves it.
 */
#ifndef CG_CRYPTO_KEYED_HASH_H
#define CG_CRYPTO_KEYED_HASH_H

#include "crypto/random.h"

#include <caregate/types.h>

#define CG_KEYED_HASH_BYTES 16
#define CG_KEYED_HASH_KEY_BYTES 16

/* One thread at a time. */
struct cg_keyed_hash;

/* CG_ERR_CRYPTO when OpenSSL or the random source fails, CG_ERR_LIMIT when memory is short. */
CG_MUST_USE enum cg_status cg_keyed_hash_new(const struct cg_random *random,
                                             struct cg_keyed_hash **ret_hash);
/* Wipes the key. Accepts NULL. Returns NULL. */
struct cg_keyed_hash *cg_keyed_hash_free(struct cg_keyed_hash *hash);

/* CG_ERR_CRYPTO when OpenSSL fails. */
CG_MUST_USE enum cg_status cg_keyed_hash_of(struct cg_keyed_hash *hash, struct cg_span text,
                                            uint8_t ret_digest[static CG_KEYED_HASH_BYTES]);

#endif
