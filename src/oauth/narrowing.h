/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What of an API's documents a token opens (RFC 9396): what a client asks for by
 * authorization_details, held against what its agreements narrow it to. Nothing here is called for
 * a client that neither asks nor has an agreement that narrows.
 */
#ifndef CG_OAUTH_NARROWING_H
#define CG_OAUTH_NARROWING_H

#include "oauth/context.h"
#include "token/access_token.h"
#include "token/details.h"
#include "token/scope.h"

/* Agreements that a request may draw on: in force, and of an API that is asked for. */
struct cg_offers {
    const struct cg_record_agreement *items[CG_LIMIT_CLIENT_AGREEMENTS];
    size_t count;
};

/* Reads the parameter, into the arena; NULL when it is left out. DETAILS_MALFORMED. */
CG_MUST_USE enum cg_status cg_narrowing_read(struct cg_oauth_context *context,
                                             const struct cg_details_list **ret_asked);

/* Each object must lie, at each of its locations, within one of the offers. DETAILS_NOT_AGREED. */
CG_MUST_USE enum cg_status cg_narrowing_check(struct cg_oauth_context *context,
                                              const struct cg_details_list *asked,
                                              const struct cg_offers *offers);

/* Whether an object lies, at the agreement's API, within the agreement. */
bool cg_narrowing_allows(const struct cg_record_agreement *agreement,
                         const struct cg_details *asked);

/* Whether an agreement names document types or organisations. */
bool cg_narrowing_is(const struct cg_record_agreement *agreement);

/* Leaves of an agreement's scopes what an object within it asks for (token/scope_limit.h).
 * CG_ERR_LIMIT. */
CG_MUST_USE enum cg_status cg_narrowing_limit(const struct cg_details_list *asked,
                                              const struct cg_record_agreement *agreement,
                                              struct cg_arena *arena, struct cg_scope *scope);

/*
 * Writes into the token's places what they are narrowed to: the objects asked for, or, where
 * nothing was asked (NULL), what the agreements say. An API that one agreement narrows has an
 * object for each of its agreements in the token, so that its objects together tell all that is
 * allowed. `granted` are the token's scopes. TOKEN_TOO_LARGE.
 */
CG_MUST_USE enum cg_status cg_narrowing_apply(struct cg_oauth_context *context,
                                              const struct cg_client_record *record,
                                              const struct cg_details_list *asked,
                                              const struct cg_scope *granted,
                                              struct cg_access_token *token);

#endif
