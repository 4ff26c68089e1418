/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Introspection (RFC 7662): what a token is worth at this second, as far as the one who asks may
 * know.
 */
#ifndef CG_OAUTH_INTROSPECT_H
#define CG_OAUTH_INTROSPECT_H

#include "oauth/context.h"

/*
 * Answers a client that is proven (context->event.client_id). It is told of its own tokens, and of
 * those for an API that it may introspect that API's part. Everything else, whatever it is, is an
 * inactive token. Reasons: as cg_presented_token; STORE_UNAVAILABLE, SIGNING_KEY_UNAVAILABLE.
 */
CG_MUST_USE enum cg_status cg_introspect(struct cg_oauth_context *context);

#endif
