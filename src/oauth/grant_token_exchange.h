/* SPDX-License-Identifier: Apache-2.0 */
/*
 * grant_type=urn:ietf:params:oauth:grant-type:token-exchange (RFC 8693 §2.1): a token for another
 * one.
 */
#ifndef CG_OAUTH_GRANT_TOKEN_EXCHANGE_H
#define CG_OAUTH_GRANT_TOKEN_EXCHANGE_H

#include "oauth/context.h"
#include "token/access_token.h"

/* Fills in the token's claims but iss, jti, and context->issued_token_type. Reasons:
 * EXCHANGE_MALFORMED, and those of oauth/token_exchange.h. */
CG_MUST_USE enum cg_status cg_grant_token_exchange(struct cg_oauth_context *context,
                                                   const struct cg_client_record *record,
                                                   struct cg_access_token *ret_token);

#endif
