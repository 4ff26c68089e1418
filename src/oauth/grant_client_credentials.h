/* SPDX-License-Identifier: Apache-2.0 */
/*
 * grant_type=client_credentials (RFC 6749 §4.4): from a proven client to what it is granted at this
 * second.
 */
#ifndef CG_OAUTH_GRANT_CLIENT_CREDENTIALS_H
#define CG_OAUTH_GRANT_CLIENT_CREDENTIALS_H

#include "oauth/context.h"
#include "token/access_token.h"

/* Fills in the token's claims but iss, jti. Reasons: those of oauth/wish.h. */
CG_MUST_USE enum cg_status cg_grant_client_credentials(struct cg_oauth_context *context,
                                                       const struct cg_client_record *record,
                                                       struct cg_access_token *ret_token);

#endif
