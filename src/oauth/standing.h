/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What became, in the registry, of a token that was proven (oauth/presented_token.h): the gates
 * know it by the denylist, the issuer looks it up.
 */
#ifndef CG_OAUTH_STANDING_H
#define CG_OAUTH_STANDING_H

#include "oauth/context.h"
#include "token/access_token.h"

/*
 * The agreements that the token's APIs rest on, in their order; NULL for each that is no more in
 * force, or that the client's on whose behalf it is, beside it, is not; all NULL when the token is
 * over: it was revoked, or its client was suspended since or is gone, or the token that it was
 * exchanged for is over. They live as cg_context_find_client says. STORE_UNAVAILABLE.
 */
CG_MUST_USE enum cg_status cg_standing_of(
    struct cg_oauth_context *context, const struct cg_access_token *token,
    const struct cg_record_agreement *ret_agreements[static CG_LIMIT_TOKEN_APIS]);

/*
 * Takes away, of such agreements, all of an API of which one is not in force: the gate judges
 * alike.
 */
void cg_standing_drop_broken(
    const struct cg_access_token *token,
    const struct cg_record_agreement *agreements[static CG_LIMIT_TOKEN_APIS]);

/* Whether a client may introspect the tokens of one of the token's APIs. STORE_UNAVAILABLE. */
CG_MUST_USE enum cg_status cg_standing_may_know(struct cg_oauth_context *context,
                                                const struct cg_token_api *api, bool *ret_may);

#endif
