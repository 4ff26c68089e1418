/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Revocation (RFC 7009): a client has one of its own tokens refused before its end.
 */
#ifndef CG_OAUTH_REVOKE_H
#define CG_OAUTH_REVOKE_H

#include "oauth/context.h"

/*
 * Answers a client that is proven (context->event.client_id); the denial is written when the batch
 * is committed. A token that is worth nothing anyway needs none. Reasons: as cg_presented_token;
 * TOKEN_OF_ANOTHER_CLIENT, STORE_UNAVAILABLE; later, RATE_EXCEEDED for a client that has revoked
 * CG_LIMIT_CLIENT_REVOCATIONS tokens that live.
 */
CG_MUST_USE enum cg_status cg_revoke(struct cg_oauth_context *context);

#endif
