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

/* Fills. CG_ERR_CRYPTO when the source fails: nothing may go on then. */
CG_MUST_USE enum cg_status cg_random_fill(const struct cg_random *random, uint8_t *bytes,
                                          size_t len);

/* Writes `bytes` random bytes as base64url. */
CG_MUST_USE enum cg_status cg_random_text(const struct cg_random *random, size_t bytes,
                                          struct cg_buf *buf);

#endif
