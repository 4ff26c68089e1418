/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside crypto/ only: what a key is made of.
 */
#ifndef CG_CRYPTO_KEY_PRIVATE_H
#define CG_CRYPTO_KEY_PRIVATE_H

#include "crypto/key.h"
#include "crypto/key_scheme.h"

#include <openssl/evp.h>

struct cg_key {
    EVP_PKEY *pkey;
    const struct cg_key_scheme *scheme;
    bool is_private;
};

#endif
