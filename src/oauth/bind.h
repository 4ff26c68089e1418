/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Binding a token to a key of the client (RFC 9449 §5), so that it is of no use to who steals it.
 */
#ifndef CG_OAUTH_BIND_H
#define CG_OAUTH_BIND_H

#include "oauth/context.h"
#include "token/access_token.h"

/*
 * Binds the token to the key of the request's proof, where there is one; and refuses a client that
 * has to bring one and did not. The proof is used up when the answer is committed. Reasons:
 * PROOF_*, INTERNAL.
 */
CG_MUST_USE enum cg_status cg_bind_token(struct cg_oauth_context *context,
                                         const struct cg_client_record *record,
                                         struct cg_access_token *token);

#endif
