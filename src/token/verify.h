/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a compact JWS to a proven access token (RFC 9068 §4, RFC 8725). Order: form, algorithm,
 * type, key, signature, claims, issuer, times, audience of the realm. The denylist and the API are
 * not looked at here. The token's spans live in the arena. fault gets the reason: TOKEN_*.
 * CG_ERR_INPUT malformed; CG_ERR_AUTHENTICATION not proven; CG_ERR_LIMIT memory; CG_ERR_CRYPTO when
 * OpenSSL fails.
 */
#ifndef CG_TOKEN_VERIFY_H
#define CG_TOKEN_VERIFY_H

#include "base/arena.h"
#include "base/status.h"
#include "token/access_token.h"
#include "token/snapshot.h"

#include <caregate/types.h>

#define CG_TOKEN_ISSUED_SKEW_S 60 /* how far in the future iat may be; exp has no allowance */

/* What proves that a token is of a realm: the issuer that it must name, its type, the keys. */
struct cg_token_trust {
    struct cg_span issuer;
    struct cg_span typ;
    const struct cg_key_ring *keys;
};

/* Proves that the realm's issuer made the token, and that it holds as of now_s: all but its
 * audience. */
CG_MUST_USE enum cg_status cg_token_prove(const struct cg_token_trust *trust,
                                          struct cg_span compact, int64_t now_s,
                                          struct cg_arena *arena, struct cg_fault *fault,
                                          struct cg_access_token *ret_token);

/* The same by a snapshot's keys, and that it names an API of the realm. */
CG_MUST_USE enum cg_status cg_token_verify(const struct cg_snapshot_realm *realm,
                                           struct cg_span compact, int64_t now_s,
                                           struct cg_arena *arena, struct cg_fault *fault,
                                           struct cg_access_token *ret_token);

/* Why a token is refused, of a status of these functions and what came with it; NONE for CG_OK. */
enum cg_reason cg_token_reason(enum cg_status status, const struct cg_fault *fault);

/* The checks of time alone, for a token proven before. */
CG_MUST_USE enum cg_status cg_token_check_times(const struct cg_access_token *token, int64_t now_s,
                                                struct cg_fault *fault);

#endif
