/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON Web Keys (RFC 7517, RFC 7518 §6.3), public ones; and their thumbprint (RFC 7638).
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
    const struct cg_alg *alg;
    struct cg_key *key; /* owned, public */
};

/*
 * Reads a public key. `alg` must be present and fit `kty`; `use`, if present, must be "sig", and
 * `key_ops` must hold "verify". `kid` is 1 to CG_LIMIT_KID_BYTES bytes, or missing (kid_len 0).
 * Private members make it CG_ERR_INPUT, so that nobody publishes one by mistake. CG_ERR_INPUT for
 * what is unknown or malformed.
 */
CG_MUST_USE enum cg_status cg_jwk_parse(const struct cg_json_value *object, struct cg_jwk *ret_jwk);
void cg_jwk_release(struct cg_jwk *jwk);

/* True when an object has a member that only the key's owner may hold ("d", "k", ...). */
bool cg_jwk_has_private_members(const struct cg_json_value *object);

/* Writes {"kty","use":"sig","alg","kid","n","e"} of a key's public half; an absent kid is left out.
 */
CG_MUST_USE enum cg_status cg_jwk_write(const struct cg_key *key, struct cg_span kid,
                                        struct cg_json_writer *writer);

#define CG_THUMBPRINT_CHARS 43
/* base64url of the SHA-256 thumbprint (RFC 7638 §3). */
CG_MUST_USE enum cg_status cg_jwk_thumbprint(const struct cg_key *key,
                                             char ret_text[static CG_THUMBPRINT_CHARS + 1]);

#endif
