/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside crypto/ only: two tables. A scheme is a signature algorithm; a kind is a type of key with
 * the functions in which the types differ.
 */
#ifndef CG_CRYPTO_KEY_SCHEME_H
#define CG_CRYPTO_KEY_SCHEME_H

#include "crypto/key.h"

#include <openssl/evp.h>

struct cg_key_scheme;

struct cg_key_kind {
    const char *name; /* OpenSSL's name of the key type */

    /* A new private key; NULL when OpenSSL fails. */
    EVP_PKEY *(*generate)(const struct cg_key_scheme *scheme, unsigned bits);

    /* `bits` may be asked of generate. */
    bool (*has_size)(unsigned bits);

    /* CG_ERR_INPUT for numbers that make no public key of the scheme. */
    enum cg_status (*make_public)(const struct cg_key_scheme *scheme,
                                  const struct cg_key_public *numbers, EVP_PKEY **ret_pkey);

    /* The numbers of the public half, in the arena. */
    enum cg_status (*read_public)(const struct cg_key_scheme *scheme, const EVP_PKEY *pkey,
                                  struct cg_arena *arena, struct cg_key_public *ret_numbers);

    /* CG_ERR_INPUT for a key of this kind whose curve or size is not the scheme's. */
    enum cg_status (*check)(const struct cg_key_scheme *scheme, const EVP_PKEY *pkey);
};

struct cg_key_scheme {
    const struct cg_key_kind *kind;
    const char *group;       /* of an elliptic curve, as OpenSSL names it; else NULL */
    const char *digest;      /* NULL: the algorithm does its own hashing */
    size_t coordinate_bytes; /* of a point; 0 for RSA */
    size_t signature_bytes;  /* 0: as many as the modulus, and OpenSSL checks it */
    enum cg_key_algorithm algorithm;
    bool is_pss;
    bool is_ecdsa; /* OpenSSL's signatures are DER, JWS's r and s side by side */
};

extern const struct cg_key_kind cg_key_kind_rsa;
extern const struct cg_key_kind cg_key_kind_ec;
extern const struct cg_key_kind cg_key_kind_ed25519;

/* NULL for an algorithm that is not in the table. */
const struct cg_key_scheme *cg_key_scheme_of(enum cg_key_algorithm algorithm);

#endif
