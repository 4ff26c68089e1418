/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sealing under the master key: AES-256-GCM (NIST SP 800-38D), 96-bit random nonce, context as
 * associated data, so that what was sealed for one place opens nowhere else. Form: version byte 1,
 * nonce 12, ciphertext, tag 16. Any thread.
 */
#ifndef CG_CRYPTO_SEALED_H
#define CG_CRYPTO_SEALED_H

#include "base/arena.h"
#include "crypto/random.h"

#include <caregate/types.h>

#define CG_SEALED_KEY_BYTES 32
#define CG_SEALED_OVERHEAD_BYTES 29

CG_MUST_USE enum cg_status cg_sealed_close(const uint8_t key[static CG_SEALED_KEY_BYTES],
                                           struct cg_span context, struct cg_span plain,
                                           const struct cg_random *random, struct cg_arena *arena,
                                           struct cg_span *ret_sealed);

/* CG_ERR_AUTHENTICATION when it was not sealed under this key and context. Plain bytes are in the
 * arena. */
CG_MUST_USE enum cg_status cg_sealed_open(const uint8_t key[static CG_SEALED_KEY_BYTES],
                                          struct cg_span context, struct cg_span sealed,
                                          struct cg_arena *arena, struct cg_span *ret_plain);

#endif
