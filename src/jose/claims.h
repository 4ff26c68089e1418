/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Registered claims of a JWT (RFC 7519 §4.1), read strictly. Missing times are -1, missing strings
 * absent.
 */
#ifndef CG_JOSE_CLAIMS_H
#define CG_JOSE_CLAIMS_H

#include "base/arena.h"
#include "base/limits.h"
#include "codec/json.h"

#include <caregate/types.h>

struct cg_claims {
    struct cg_span issuer;
    struct cg_span subject;
    struct cg_span token_id; /* jti */
    struct cg_span audience[CG_LIMIT_TOKEN_APIS];
    size_t audience_count;
    int64_t expires_s;
    int64_t issued_s;
    int64_t not_before_s;
};

/* From a payload's root object; spans borrow from the document. CG_ERR_INPUT for a claim of a wrong
 * type. */
CG_MUST_USE enum cg_status cg_claims_read(const struct cg_json_value *root,
                                          struct cg_claims *ret_claims);

/* The same in an arena, for who outlives the document. CG_ERR_LIMIT when it is full. */
CG_MUST_USE enum cg_status cg_claims_copy(const struct cg_claims *claims, struct cg_arena *arena,
                                          struct cg_claims *ret_copy);

#endif
