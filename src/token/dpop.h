/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proofs of possession (RFC 9449 §4): whoever sends a token shows that they hold the key to which
 * it is bound. Pure: no clock, no store. That a proof is used once, and with which nonce, is the
 * caller's part. One thread at a time for each key.
 */
#ifndef CG_TOKEN_DPOP_H
#define CG_TOKEN_DPOP_H

#include "base/arena.h"
#include "base/status.h"
#include "crypto/sign.h"
#include "jose/jwk.h"
#include "jose/jws.h"

#include <caregate/types.h>

/* What proofs may be signed by, for metadata and challenges: those that FAPI 2.0 allows, too. */
#define CG_DPOP_ALGORITHMS "ES256 PS256 EdDSA Ed25519"

/* The key that a proof brings in its header, ready to verify with. */
struct cg_dpop_key {
    struct cg_verifier *verifier; /* owned */
    char thumbprint[CG_THUMBPRINT_CHARS + 1];
};

void cg_dpop_key_release(struct cg_dpop_key *key);

/*
 * Reads the first segment of a proof: typ, alg, jwk. All that it says is in the key, so that the
 * same text need not be read twice. Reasons: PROOF_MALFORMED, PROOF_TYPE_REFUSED,
 * PROOF_ALGORITHM_REFUSED, PROOF_KEY_REFUSED, PROOF_KEY_PRIVATE, INTERNAL.
 */
CG_MUST_USE enum cg_status cg_dpop_key_read(struct cg_span header, struct cg_arena *arena,
                                            struct cg_fault *fault, struct cg_dpop_key *ret_key);

#define CG_DPOP_HASH_CHARS 43

/* The request that a proof must have been made for. */
struct cg_dpop_demand {
    struct cg_span method; /* as received */
    struct cg_span target; /* absolute URI, however it is spelt; its query does not count */
    struct cg_span
        token_hash; /* what ath must be: cg_dpop_hash_token; absent: no token comes along */
    struct cg_span key_thumbprint; /* of the key that it must be by; absent: any */
    int64_t now_s;
};

/* What a proof says that its caller has to look at. Spans live in the arena. */
struct cg_dpop_proof {
    struct cg_span id;    /* jti */
    struct cg_span nonce; /* absent when there is none */
    int64_t issued_s;     /* at most CG_LIMIT_PROOF_FUTURE_S ahead, CG_LIMIT_PROOF_AGE_S back */
    char thumbprint[CG_THUMBPRINT_CHARS + 1]; /* of the key that it is by */
};

/*
 * Verifies a proof by its own key against the demand. Reasons: PROOF_* and INTERNAL.
 * CG_ERR_AUTHENTICATION when it does not fit, CG_ERR_INPUT malformed, CG_ERR_LIMIT memory.
 */
CG_MUST_USE enum cg_status cg_dpop_verify(const struct cg_jws_segments *segments,
                                          const struct cg_dpop_key *key,
                                          const struct cg_dpop_demand *demand,
                                          struct cg_arena *arena, struct cg_fault *fault,
                                          struct cg_dpop_proof *ret_proof);

/* Cuts, reads and verifies in one go. Who is sent many proofs: token/proof_keys.h. */
CG_MUST_USE enum cg_status cg_dpop_check(struct cg_span compact,
                                         const struct cg_dpop_demand *demand,
                                         struct cg_arena *arena, struct cg_fault *fault,
                                         struct cg_dpop_proof *ret_proof);

/* ath of an access token (RFC 9449 §4.2). CG_ERR_CRYPTO when OpenSSL fails. */
CG_MUST_USE enum cg_status cg_dpop_hash_token(struct cg_span token,
                                              uint8_t ret_text[static CG_DPOP_HASH_CHARS]);

/* From when on nothing accepts a proof that was made at issued_s: Unix seconds. */
int64_t cg_dpop_expiry(int64_t issued_s);

#endif
