/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The token that a request asks or tells something about: RFC 7662 §2.1, RFC 7009 §2.1, RFC 8693
 * §2.1. A
 * token_type_hint is only a hint, and there is one type: it is not looked at.
 */
#ifndef CG_OAUTH_PRESENTED_TOKEN_H
#define CG_OAUTH_PRESENTED_TOKEN_H

#include "oauth/context.h"
#include "token/access_token.h"

/*
 * Proves a token by the keys that the realm publishes, as of now; whether it was denied is not
 * looked at. CG_ERR_NOT_FOUND, without a fault, when it is no token of this realm that lives.
 * INTERNAL.
 */
CG_MUST_USE enum cg_status cg_presented_token_prove(struct cg_oauth_context *context,
                                                    struct cg_span compact,
                                                    struct cg_access_token *ret_token);

/* The same of the parameter `token`. TOKEN_NOT_PRESENTED, INTERNAL. */
CG_MUST_USE enum cg_status cg_presented_token(struct cg_oauth_context *context,
                                              struct cg_access_token *ret_token);

#endif
