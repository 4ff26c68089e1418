/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a calling system signs: an assertion by which it proves itself (RFC 7523 §3), and a proof
 * that it holds the key to which a token is bound (RFC 9449 §4.2). The algorithm is the key's. Each
 * is good once, by a random jti. *ret_jwt is a compact JWS in the arena. CG_ERR_INPUT when the key
 * is not private, CG_ERR_CRYPTO when OpenSSL or randomness fails, CG_ERR_LIMIT when something is
 * too long or memory is short.
 */
#ifndef CG_TOKEN_CLIENT_JWT_H
#define CG_TOKEN_CLIENT_JWT_H

#include "base/arena.h"
#include "crypto/key.h"
#include "crypto/random.h"
#include "crypto/sign.h"

#include <caregate/types.h>

/*
 * The private key of a PEM text, bound to the first of these algorithms that fits it: names with
 * spaces between them, or absent: all of ours. CG_ERR_NOT_FOUND when none fits; CG_ERR_LIMIT.
 */
CG_MUST_USE enum cg_status cg_client_jwt_key(struct cg_span pem, struct cg_span algs,
                                             struct cg_key **ret_key);

struct cg_assertion_order {
    struct cg_span client;   /* its id */
    struct cg_span audience; /* the token URL, or the issuer */
    struct cg_span kid;      /* of the key in the client's set; absent: none is named */
    int64_t now_s;           /* Unix seconds */
    int64_t life_s;
};

CG_MUST_USE enum cg_status cg_client_jwt_assertion(const struct cg_assertion_order *order,
                                                   const struct cg_key *key,
                                                   const struct cg_random *random,
                                                   struct cg_arena *arena, struct cg_span *ret_jwt);

/* What signs, where it is no key at hand: one that stays in a security module. */
struct cg_assertion_by {
    enum cg_key_algorithm algorithm;
    struct cg_signer *signer;
};

/* The same by a signer, which one thread uses at a time. */
CG_MUST_USE enum cg_status cg_client_jwt_assertion_by(const struct cg_assertion_order *order,
                                                      const struct cg_assertion_by *by,
                                                      const struct cg_random *random,
                                                      struct cg_arena *arena,
                                                      struct cg_span *ret_jwt);

struct cg_proof_order {
    struct cg_span method; /* "POST" */
    struct cg_span target; /* absolute URI; what follows "?" or "#" is left out */
    struct cg_span token;  /* that goes along with it; absent: none */
    struct cg_span nonce;  /* the server's last; absent: none */
    int64_t now_s;         /* Unix seconds */
};

CG_MUST_USE enum cg_status cg_client_jwt_proof(const struct cg_proof_order *order,
                                               const struct cg_key *key,
                                               const struct cg_random *random,
                                               struct cg_arena *arena, struct cg_span *ret_jwt);

#endif
