/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Authorization header (RFC 9110 §11.6.2): Bearer (RFC 6750 §2.1) and Basic (RFC 7617, with the
 * form encoding of RFC 6749 §2.3.1). Any thread.
 */
#ifndef CG_CODEC_AUTHZ_HEADER_H
#define CG_CODEC_AUTHZ_HEADER_H

#include "base/arena.h"

#include <caregate/types.h>

enum cg_authz_scheme {
    CG_AUTHZ_NONE,
    CG_AUTHZ_BEARER,
    CG_AUTHZ_DPOP, /* RFC 9449 §7.1; its credentials are as those of Bearer */
    CG_AUTHZ_BASIC,
    CG_AUTHZ_OTHER
};

/*
 * Scheme (any case) and what follows after one or more spaces. CG_AUTHZ_NONE for an absent header.
 */
enum cg_authz_scheme cg_authz_scheme_of(struct cg_span header, struct cg_span *ret_credentials);

/* A b64token (RFC 6750 §2.1): CG_ERR_INPUT when it is empty or has other characters. Borrows. */
CG_MUST_USE enum cg_status cg_authz_bearer(struct cg_span credentials, struct cg_span *ret_token);

/*
 * User id and password, base64- and then form-decoded, in the arena. CG_ERR_INPUT when malformed.
 */
CG_MUST_USE enum cg_status cg_authz_basic(struct cg_span credentials, struct cg_arena *arena,
                                          struct cg_span *ret_id, struct cg_span *ret_secret);

#endif
