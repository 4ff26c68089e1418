/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An assertion by which a client proves itself (RFC 7521 §4.2, RFC 7523 §2.2 and §3): taken apart,
 * and judged by the rules of a profile. Nothing here knows a key, the clock or the store; each
 * refusal is a static text for the audit. Any thread.
 */
#ifndef CG_OAUTH_ASSERTION_H
#define CG_OAUTH_ASSERTION_H

#include "jose/claims.h"
#include "jose/jws.h"
#include "registry/profile.h"

#include <stdbool.h>

struct cg_assertion {
    struct cg_jws jws;
    struct cg_claims claims; /* texts in the arena */
    bool audience_is_array;
    struct cg_span jku; /* absent when there is none */
};

/*
 * Takes a compact JWT apart. Proves nothing: the subject tells only whose keys to try. CG_OK with
 * *ret_refusal saying what is malformed, or NULL. CG_ERR_LIMIT when the arena is full.
 */
CG_MUST_USE enum cg_status cg_assertion_read(struct cg_span compact, struct cg_arena *arena,
                                             struct cg_assertion *ret_assertion,
                                             const char **ret_refusal);

/* What an assertion is judged by. */
struct cg_assertion_case {
    const struct cg_assertion *assertion;
    const struct cg_assertion_rules *rules;
    struct cg_span issuer;         /* of the realm */
    struct cg_span token_url;      /* where it was sent to, as discovery names it */
    struct cg_span mtls_token_url; /* the same among mtls_endpoint_aliases; absent: none */
    int64_t now_s;
};

/* Why the header is refused, which says how to look for a key; NULL when it is not. */
const char *cg_assertion_object_header(const struct cg_assertion_case *judged);

/* Why the claims are refused; NULL when they are not. To be asked when the signature holds. */
const char *cg_assertion_object_claims(const struct cg_assertion_case *judged);

#endif
