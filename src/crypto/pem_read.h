/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside crypto/ only: reading PEM texts (RFC 7468).
 */
#ifndef CG_CRYPTO_PEM_READ_H
#define CG_CRYPTO_PEM_READ_H

#include "base/cleanup.h"

#include <caregate/types.h>
#include <limits.h>
#include <openssl/bio.h>

static inline void cg_bio_free_at(BIO **bio)
{
    (void)BIO_free(*bio);
}

/* A reader of a text, which it borrows; NULL when OpenSSL fails, or for a text without bytes. */
static inline BIO *cg_pem_open(struct cg_span pem)
{
    return pem.len > 0 && pem.len <= INT_MAX ? BIO_new_mem_buf(pem.data, (int)pem.len) : NULL;
}

/* OpenSSL's callback, which is not to ask at a terminal: no encrypted block is opened. */
static inline int cg_pem_no_password(char *room, int size, int writing, void *data)
{
    (void)writing;
    (void)data;
    if (size > 0) {
        room[0] = '\0';
    }
    return -1;
}

#endif
