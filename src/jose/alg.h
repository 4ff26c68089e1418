/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JWS algorithms (RFC 7518 §3.1, RFC 8037 §3.1): a table of those that we accept. HS* and none are
 * not in it and never will be.
 */
#ifndef CG_JOSE_ALG_H
#define CG_JOSE_ALG_H

#include "crypto/key.h"

#include <caregate/types.h>
#include <stdbool.h>

struct cg_alg {
    struct cg_span name; /* "RS256" */
    struct cg_span kty;  /* "RSA" */
    struct cg_span crv;  /* "P-256"; absent for RSA */
    enum cg_key_algorithm key_algorithm;
    unsigned default_bits; /* of a new key; 0 where the algorithm says the size */
    bool signs_tokens;     /* a realm may sign with it; else it is for clients' signatures alone */
    const char *help;
};

/* The row of a name (exact case) or of a key's algorithm; NULL when it is not in the table. EdDSA
 * has a second name, Ed25519 (RFC 9864 §2.2), for what others sign: the row says the first. */
const struct cg_alg *cg_alg_find(struct cg_span name);
const struct cg_alg *cg_alg_of(enum cg_key_algorithm algorithm);

/* The row of a name with which a realm may sign; NULL for any other. */
const struct cg_alg *cg_alg_for_tokens(struct cg_span name);

/* The rows in their order; NULL past the last. */
const struct cg_alg *cg_alg_at(size_t index);

#endif
