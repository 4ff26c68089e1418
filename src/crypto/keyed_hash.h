/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The place of a text in a table that whoever sends the texts cannot aim at: Poly1305 (RFC 8439
 * §2.5) for a fourth of what SHA-256 costs. Under a key that nobody knows, two texts of 8 kB have
 * the same digest with a probability of at most 2^-94 (Bernstein, "The Poly1305-AES
 * message-authentication code", theorem 3.3). The key is drawn anew for each object and never
 * leaves it. It serves for many texts, which is safe only because no digest is ever shown: these
 * are no authentication codes, and must not be stored, sent or logged.
 */
#ifndef CG_CRYPTO_KEYED_HASH_H
#define CG_CRYPTO_KEYED_HASH_H

#include "crypto/random.h"

#include <caregate/types.h>

#define CG_KEYED_HASH_BYTES 16
#define CG_KEYED_HASH_KEY_BYTES 32

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
