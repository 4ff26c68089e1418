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

/*
 * Signature algorithms known to the house; JWS names are in jose/alg.h, what they are made of in
 * crypto/key_scheme.c. The salt of RSASSA-PSS is as long as its digest, and MGF1 uses that digest.
 */
enum cg_key_algorithm {
    CG_KEY_RSA_SHA256 = 1, /* RSASSA-PKCS1-v1_5 with SHA-256, RFC 8017 §8.2 */
    CG_KEY_RSA_SHA384,
    CG_KEY_RSA_SHA512,
    CG_KEY_PSS_SHA256, /* RSASSA-PSS with SHA-256, RFC 8017 §8.1 */
    CG_KEY_PSS_SHA384,
    CG_KEY_PSS_SHA512,
    CG_KEY_ECDSA_P256, /* ECDSA with SHA-256 on P-256, FIPS 186-4 §6 */
    CG_KEY_ECDSA_P384, /* with SHA-384 */
    CG_KEY_ECDSA_P521, /* with SHA-512 */
    CG_KEY_ED25519,    /* RFC 8032 §5.1 */
};

struct cg_key;

/*
 * The numbers of a public key, as a JWK has them (RFC 7518 §6, RFC 8037 §2); they borrow.
 *
 *   RSA      modulus n and exponent e, big-endian without leading zeros
 *   EC       coordinates x and y, big-endian, each as long as the curve's field
 *   Ed25519  x, the 32 bytes of RFC 8032 §5.1.5; the second is absent
 */
struct cg_key_public {
    struct cg_span first;
    struct cg_span second;
};

/* Makes a new private key; RSA has `bits`, the others 0. CG_ERR_INPUT for sizes outside
 * base/limits.h. */
CG_MUST_USE enum cg_status cg_key_generate(enum cg_key_algorithm algorithm, unsigned bits,
                                           struct cg_key **ret_key);

/* A public key from its numbers. CG_ERR_INPUT for a modulus out of bounds, a bad exponent, a
 * coordinate of another length, a point that is not on the curve or of small order. */
CG_MUST_USE enum cg_status cg_key_from_public(enum cg_key_algorithm algorithm,
                                              const struct cg_key_public *numbers,
                                              struct cg_key **ret_key);

/*
 * The same public key bound to another algorithm of its kind and curve: for a key that names no
 * algorithm itself. CG_ERR_INPUT when the algorithm does not fit, or the key is private.
 */
CG_MUST_USE enum cg_status cg_key_public_under(const struct cg_key *key,
                                               enum cg_key_algorithm algorithm,
                                               struct cg_key **ret_key);

/* PKCS #8 DER, private, unencrypted; to be sealed at once. The bytes are in the arena, which wipes.
 * CG_ERR_INPUT for a key whose kind, curve or size does not fit the algorithm. */
CG_MUST_USE enum cg_status cg_key_to_pkcs8(const struct cg_key *key, struct cg_arena *arena,
                                           struct cg_span *ret_der);
CG_MUST_USE enum cg_status cg_key_from_pkcs8(enum cg_key_algorithm algorithm, struct cg_span der,
                                             struct cg_key **ret_key);

/*
 * The first private key of a PEM text (RFC 7468), unencrypted, in whichever of the usual forms:
 * "PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY". CG_ERR_INPUT for none, and for a key whose
 * kind, curve or size does not fit the algorithm.
 */
CG_MUST_USE enum cg_status cg_key_from_pem(enum cg_key_algorithm algorithm, struct cg_span pem,
                                           struct cg_key **ret_key);

/* The public numbers, copied into the arena. */
CG_MUST_USE enum cg_status cg_key_public_numbers(const struct cg_key *key, struct cg_arena *arena,
                                                 struct cg_key_public *ret_numbers);

enum cg_key_algorithm cg_key_algorithm_of(const struct cg_key *key);
bool cg_key_is_private(const struct cg_key *key);

struct cg_key *cg_key_free(struct cg_key *key);
CG_DEFINE_CLEANUP(cg_key_free_at, struct cg_key *, cg_key_free)

#endif
