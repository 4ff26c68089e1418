/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON Web Keys (RFC 7517, RFC 7518 §6.2 and §6.3, RFC 8037 §2), public ones; and their thumbprint
 * (RFC 7638).
 */
#ifndef CG_JOSE_JWK_H
#define CG_JOSE_JWK_H

#include "base/buf.h"
#include "base/limits.h"
#include "codec/json.h"
#include "crypto/key.h"
#include "jose/alg.h"

#include <caregate/types.h>
#include <stdbool.h>

struct cg_jwk {
    char kid[CG_LIMIT_KID_BYTES];
    size_t kid_len;
    const struct cg_alg *alg; /* NULL when it names none: then cg_jwk_key_under tells the key */
    struct cg_key *key;       /* owned, public; bound to alg, where there is one */
};

/* Whether a JWK must name its algorithm. Our own do; clients' keys often do not, and are then good
 * for each algorithm of their type and curve. */
enum cg_jwk_rule { CG_JWK_NAMES_ALG, CG_JWK_MAY_NAME_ALG };

/*
 * Reads a public key. `alg` must be known and fit `kty` and `crv`; `use`, if present, must be
 * "sig", and `key_ops` must hold "verify". `kid` is 1 to CG_LIMIT_KID_BYTES bytes, or missing
 * (kid_len 0). Private members make it CG_ERR_INPUT, so that nobody publishes one by mistake.
 * CG_ERR_INPUT for what is unknown or malformed.
 */
CG_MUST_USE enum cg_status cg_jwk_parse(const struct cg_json_value *object, enum cg_jwk_rule rule,
                                        struct cg_jwk *ret_jwk);
void cg_jwk_release(struct cg_jwk *jwk);

/* True when the JWK may verify under an algorithm: it names that one, or names none and fits. */
bool cg_jwk_fits(const struct cg_jwk *jwk, const struct cg_alg *alg);

/*
 * The verifying key of a JWK under an algorithm, which the caller has found allowed; the caller
 * frees it, and it may outlive the JWK. Costs no arithmetic. CG_ERR_INPUT when the JWK does not fit
 * the algorithm.
 */
CG_MUST_USE enum cg_status cg_jwk_key_under(const struct cg_jwk *jwk, const struct cg_alg *alg,
                                            struct cg_key **ret_key);

/* True when an object has a member that only the key's owner may hold ("d", "k", ...). */
bool cg_jwk_has_private_members(const struct cg_json_value *object);

/* Writes {"kty","use":"sig","alg","kid",...} of a key's public half: "n" and "e", or "crv", "x"
 * and, for EC, "y". An absent kid is left out. */
CG_MUST_USE enum cg_status cg_jwk_write(const struct cg_key *key, struct cg_span kid,
                                        struct cg_json_writer *writer);

#define CG_THUMBPRINT_CHARS 43
/* base64url of the SHA-256 thumbprint (RFC 7638 §3, RFC 8037 §2). */
CG_MUST_USE enum cg_status cg_jwk_thumbprint(const struct cg_key *key,
                                             char ret_text[static CG_THUMBPRINT_CHARS + 1]);

#endif
