/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Randomness, injected: who needs it takes a struct cg_random, so that tests can make it fail or
 * repeat.
 */
#ifndef CG_CRYPTO_RANDOM_H
#define CG_CRYPTO_RANDOM_H

#include "base/buf.h"

#include <caregate/types.h>

struct cg_random {
    enum cg_status (*fill)(void *context, uint8_t *bytes, size_t len);
    void *context;
};

/* The system's cryptographic generator (OpenSSL's DRBG). Any thread. */
struct cg_random cg_random_system(void);

/*
 * A generator that draws from another in stock: OpenSSL's takes 1 µs for 16 bytes, most of it for
 * being called. Bytes are wiped as they are given out. Not for keys and secrets, which are to
 * exist nowhere else, nor across a fork. One thread at a time.
 */
#define CG_RANDOM_STOCK_BYTES 512
struct cg_random_stock {
    struct cg_random source;
    uint8_t bytes[CG_RANDOM_STOCK_BYTES];
    size_t left; /* the first so many are not given out yet */
};

void cg_random_stock_init(struct cg_random_stock *stock, struct cg_random source);
/* Borrows the stock. */
struct cg_random cg_random_from_stock(struct cg_random_stock *stock);

/* Fills. CG_ERR_CRYPTO when the source fails: nothing may go on then. */
CG_MUST_USE enum cg_status cg_random_fill(const struct cg_random *random, uint8_t *bytes,
                                          size_t len);

/* Writes `bytes` random bytes as base64url. */
CG_MUST_USE enum cg_status cg_random_text(const struct cg_random *random, size_t bytes,
                                          struct cg_buf *buf);

#endif
