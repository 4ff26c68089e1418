/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asymmetric keys, each bound to one signature algorithm for life: the cure for algorithm
 * confusion. The only door to OpenSSL is this folder. A key is immutable once made and may be
 * shared by threads.
 */
#ifndef CG_CRYPTO_KEY_H
#define CG_CRYPTO_KEY_H

#include "base/arena.h"

#include <caregate/types.h>
#include <stdbool.h>

/* Signature algorithms known to the house; JWS names are in jose/alg.h. */
enum cg_key_algorithm {
    CG_KEY_RSA_SHA256 = 1, /* RSASSA-PKCS1-v1_5 with SHA-256, RFC 8017 §8.2 */
};

struct cg_key;

/* RSA public numbers, big-endian without leading zeros; they borrow. */
struct cg_rsa_public {
    struct cg_span modulus;
    struct cg_span exponent;
};

/* Makes a new private key; RSA has `bits`. CG_ERR_INPUT for sizes outside base/limits.h. */
CG_MUST_USE enum cg_status cg_key_generate(enum cg_key_algorithm algorithm, unsigned bits,
                                           struct cg_key **ret_key);

/* A public key from its numbers. CG_ERR_INPUT for a modulus out of bounds or a bad exponent. */
CG_MUST_USE enum cg_status cg_key_from_rsa_public(enum cg_key_algorithm algorithm,
                                                  const struct cg_rsa_public *numbers,
                                                  struct cg_key **ret_key);

/* PKCS #8 DER, private, unencrypted; to be sealed at once. The bytes are in the arena, which wipes.
 */
CG_MUST_USE enum cg_status cg_key_to_pkcs8(const struct cg_key *key, struct cg_arena *arena,
                                           struct cg_span *ret_der);
CG_MUST_USE enum cg_status cg_key_from_pkcs8(enum cg_key_algorithm algorithm, struct cg_span der,
                                             struct cg_key **ret_key);

/* The public numbers, copied into the arena. */
CG_MUST_USE enum cg_status cg_key_rsa_public(const struct cg_key *key, struct cg_arena *arena,
                                             struct cg_rsa_public *ret_numbers);

enum cg_key_algorithm cg_key_algorithm_of(const struct cg_key *key);
bool cg_key_is_private(const struct cg_key *key);

struct cg_key *cg_key_free(struct cg_key *key);
CG_DEFINE_CLEANUP(cg_key_free_at, struct cg_key *, cg_key_free)

#endif
