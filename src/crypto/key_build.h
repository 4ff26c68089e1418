/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside crypto/ only: making a public EVP_PKEY of parameters, and reading a number back.
 */
#ifndef CG_CRYPTO_KEY_BUILD_H
#define CG_CRYPTO_KEY_BUILD_H

#include "base/arena.h"

#include <openssl/evp.h>
#include <openssl/param_build.h>

/* A public key of OpenSSL's type `name` of what the builder was given; NULL when OpenSSL fails. */
EVP_PKEY *cg_key_build_public(const char *name, OSSL_PARAM_BLD *builder);

/*
 * Copies a number of a key into the arena, big-endian: in `len` bytes, or in as few as it needs
 * when that is 0. CG_ERR_CRYPTO when OpenSSL fails, CG_ERR_LIMIT when the arena is full.
 */
CG_MUST_USE enum cg_status cg_key_copy_number(const EVP_PKEY *pkey, const char *name, size_t len,
                                              struct cg_arena *arena, struct cg_span *ret_number);

#endif
