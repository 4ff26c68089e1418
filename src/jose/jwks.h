/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Key sets (RFC 7517 §5), immutable once parsed. Keys that cg_jwk_parse refuses (unknown type or
 * algorithm, out of range, for encryption) are passed over, as §5 recommends. Any thread may read.
 */
#ifndef CG_JOSE_JWKS_H
#define CG_JOSE_JWKS_H

#include "jose/jwk.h"

#include <caregate/types.h>

struct cg_jwks;

/*
 * From {"keys":[...]}. CG_ERR_INPUT when it is no such object, and when an element is not an object
 * or holds private members. CG_ERR_LIMIT past CG_LIMIT_JWKS_KEYS elements, or out of memory. When
 * the rule is CG_JWK_NAMES_ALG, keys without `alg` are passed over, and two keys of one kid are
 * CG_ERR_INPUT; sets of others may have them.
 */
CG_MUST_USE enum cg_status cg_jwks_parse(const struct cg_json_value *object, enum cg_jwk_rule rule,
                                         struct cg_jwks **ret_jwks);
struct cg_jwks *cg_jwks_free(struct cg_jwks *jwks);
CG_DEFINE_CLEANUP(cg_jwks_free_at, struct cg_jwks *, cg_jwks_free)

size_t cg_jwks_count(const struct cg_jwks *jwks);
/* NULL past the last. */
const struct cg_jwk *cg_jwks_at(const struct cg_jwks *jwks, size_t index);

/* The key of a kid, the first where there are several; NULL when there is none. The kid is only
 * ever compared. */
const struct cg_jwk *cg_jwks_find(const struct cg_jwks *jwks, struct cg_span kid);

/* Whether two keys have one kid and fit one algorithm: then nothing tells which of them is meant.
 */
bool cg_jwks_has_twins(const struct cg_jwks *jwks);

#endif
