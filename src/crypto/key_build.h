/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside crypto/ only: making a public EVP_PKEY of parameters, and reading a number back. What
 * kinds of keys have in common stands here, too.
 */
#ifndef CG_CRYPTO_KEY_BUILD_H
#define CG_CRYPTO_KEY_BUILD_H

#include "base/arena.h"

#include <openssl/evp.h>
#include <openssl/param_build.h>

/* A public key of OpenSSL's type `name` of what the builder was given; NULL when OpenSSL fails. */
EVP_PKEY *cg_key_build_public(const char *name, OSSL_PARAM_BLD *builder);

/* Hands over what OpenSSL made; `otherwise`, with its errors cleared, when it made nothing. */
CG_MUST_USE enum cg_status cg_key_hand_over(EVP_PKEY *made, enum cg_status otherwise,
                                            EVP_PKEY **ret_pkey);

/* The `has_size` of kinds whose algorithm says the size: none may be asked for. */
bool cg_key_has_one_size(unsigned bits);

/*
 * Copies a number of a key into the arena, big-endian: in `len` bytes, or in as few as it needs
 * when that is 0. CG_ERR_CRYPTO when OpenSSL fails, CG_ERR_LIMIT when the arena is full.
 */
CG_MUST_USE enum cg_status cg_key_copy_number(const EVP_PKEY *pkey, const char *name, size_t len,
                                              struct cg_arena *arena, struct cg_span *ret_number);

#endif
