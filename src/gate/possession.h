/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether who sends a token is who it was issued to. A token that is bound to a certificate (cnf,
 * RFC 8705 §3) comes over a connection with that certificate. A token that is bound to a key (cnf,
 * RFC 9449 §6) comes by the scheme DPoP with a fresh proof by that key, made for this request, this
 * token and this gate; one that is not bound comes as a plain bearer token. One thread.
 */
#ifndef CG_GATE_POSSESSION_H
#define CG_GATE_POSSESSION_H

#include "codec/authz_header.h"
#include "gate/shared.h"
#include "token/access_token.h"
#include "token/dpop.h"

#include <caregate/gate.h>
#include <stdbool.h>

struct cg_possession;

/* Borrows `shared`. CG_ERR_CRYPTO, or CG_ERR_LIMIT when memory is short. */
CG_MUST_USE enum cg_status cg_possession_new(struct cg_gate_shared *shared,
                                             struct cg_possession **ret_possession);
struct cg_possession *cg_possession_free(struct cg_possession *possession);

/* What the proofs that come with a token have as ath: made for the first of them. */
struct cg_token_hash {
    bool is_known;
    uint8_t text[CG_DPOP_HASH_CHARS];
};

/* A token as it came along, and what it says. */
struct cg_presented_token {
    enum cg_authz_scheme scheme; /* CG_AUTHZ_BEARER or CG_AUTHZ_DPOP */
    struct cg_span compact;
    const struct cg_access_token *token; /* proven */
    struct cg_token_hash *hash;          /* of `compact`; remembered by the caller */
};

/*
 * Both return NONE, or why the token may not be used by who sent it, and fill in the verdict what
 * concerns DPoP: uses_dpop, is_proven, and the nonce to offer, which borrows until the next call.
 * For a bearer token that is not bound each costs a comparison.
 */

/* Whether the token came by the scheme that it must come by. Uses up nothing. */
enum cg_reason cg_possession_check_scheme(struct cg_possession *possession,
                                          const struct cg_gate_request *request,
                                          const struct cg_presented_token *presented,
                                          struct cg_gate_verdict *verdict);

/* Whether the proof is good, of a token that came by its scheme. A good one is used up. */
enum cg_reason cg_possession_spend_proof(struct cg_possession *possession,
                                         const struct cg_gate_request *request,
                                         const struct cg_presented_token *presented,
                                         struct cg_gate_verdict *verdict);

#endif
