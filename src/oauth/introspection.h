/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers of introspection: in JSON (RFC 7662 §2.2) or, to who would rather have that, as a JWT
 * signed by the realm's key (RFC 9701 §5).
 */
#ifndef CG_OAUTH_INTROSPECTION_H
#define CG_OAUTH_INTROSPECTION_H

#include "oauth/context.h"
#include "token/access_token.h"

#define CG_INTROSPECTION_TYP "token-introspection+jwt"

/*
 * Fills the response for a token of which only what may be told is left; NULL: inactive. Reasons:
 * SIGNING_KEY_UNAVAILABLE, INTERNAL.
 */
CG_MUST_USE enum cg_status cg_introspection_answer(struct cg_oauth_context *context,
                                                   const struct cg_access_token *token);

#endif
