/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JWS compact serialisation (RFC 7515 §7.1): taking apart, verifying, making.
 */
#ifndef CG_JOSE_JWS_H
#define CG_JOSE_JWS_H

#include "base/buf.h"
#include "base/status.h"
#include "codec/json.h"
#include "crypto/sign.h"
#include "jose/alg.h"

#include <caregate/types.h>
#include <stdbool.h>

/* A compact serialisation cut at its dots; borrows. */
struct cg_jws_segments {
    struct cg_span header;
    struct cg_span payload;
    struct cg_span signature;
    struct cg_span signing_input; /* header.payload */
};

/*
 * CG_ERR_INPUT unless there are exactly three segments (five would be a JWE, which nobody here
 * decrypts), or past CG_LIMIT_TOKEN_BYTES. They may be empty.
 */
CG_MUST_USE enum cg_status cg_jws_cut(struct cg_span compact, struct cg_jws_segments *ret_segments);

/*
 * RFC 7515 §4.1.11: whether a header names an extension (crit, b64, zip, enc). Who does not
 * understand it refuses, and we understand none; these would change what the other segments mean.
 */
bool cg_jws_has_extension(const struct cg_json_value *header);

struct cg_jws {
    struct cg_span signing_input; /* header.payload as received; borrows */
    struct cg_span header;        /* the JSON text, in the arena */
    struct cg_span payload;       /* decoded, in the arena */
    struct cg_span signature;     /* decoded, in the arena */
    struct cg_span kid;           /* absent when there is none; in the arena */
    struct cg_span typ;           /* absent when there is none; in the arena */
    const struct cg_alg *alg;
};

/*
 * Takes a compact JWS of at most CG_LIMIT_TOKEN_BYTES apart: exactly three non-empty segments,
 * strict base64url, header a JSON object with a known `alg` in exact case. Refuses crit, b64, zip,
 * enc (RFC 7515 §4.1.11: an extension that is not understood); ignores jwk, jku, x5u, x5c: the
 * verifier chooses the key. Verifies nothing. CG_ERR_AUTHENTICATION with TOKEN_ALGORITHM_REFUSED
 * for an `alg` that is unknown or missing (also when the signature is empty, as in an unsecured
 * JWS); CG_ERR_INPUT, or CG_ERR_LIMIT for a bound or memory, with TOKEN_MALFORMED.
 */
CG_MUST_USE enum cg_status cg_jws_split(struct cg_span compact, struct cg_arena *arena,
                                        struct cg_fault *fault, struct cg_jws *ret_jws);

/* The same of one that is no token, with a bound of its own. */
CG_MUST_USE enum cg_status cg_jws_split_long(struct cg_span compact, size_t max_bytes,
                                             struct cg_arena *arena, struct cg_fault *fault,
                                             struct cg_jws *ret_jws);

/*
 * Verifies with a key of the caller's choice. The algorithm is the key's, and the header's must be
 * the same. CG_ERR_AUTHENTICATION with TOKEN_ALGORITHM_REFUSED or TOKEN_SIGNATURE_INVALID;
 * CG_ERR_CRYPTO when OpenSSL fails.
 */
CG_MUST_USE enum cg_status cg_jws_verify(const struct cg_jws *jws, struct cg_verifier *verifier,
                                         struct cg_fault *fault);

/* The protected header {"alg":…,"typ":…,"kid":…} (in this order) as base64url, for reuse by
 * cg_jws_make. */
CG_MUST_USE enum cg_status cg_jws_header(const struct cg_alg *alg, struct cg_span typ,
                                         struct cg_span kid, struct cg_buf *buf);

/* Appends header.payload.signature to buf. `header` is already base64url. After a failure buf holds
 * a part. */
CG_MUST_USE enum cg_status cg_jws_make(struct cg_span header, struct cg_span payload,
                                       struct cg_signer *signer, struct cg_buf *buf);

#endif
