/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a token request asks for, by scope, resource (RFC 8707) and authorization_details (RFC
 * 9396), and what of it is agreed at this second: the same for each grant.
 */
#ifndef CG_OAUTH_WISH_H
#define CG_OAUTH_WISH_H

#include "oauth/context.h"
#include "token/access_token.h"
#include "token/details.h"
#include "token/scope.h"
#include "token/scope_holder.h"

/* Another client's token in whose place one is asked for: nothing is granted that is not in it. */
struct cg_wish_subject {
    const struct cg_access_token *token;
    /* Which of its client's agreements each of its APIs rests on; NULL: none in force. */
    const struct cg_record_agreement *agreements[CG_LIMIT_TOKEN_APIS];
};

/* Scopes (none: all that is agreed), resources (none: any) and details (NULL: as agreed). All must
 * hold. */
struct cg_wish {
    struct cg_scope scope;
    struct cg_span resources[CG_LIMIT_RESOURCES];
    size_t resource_count;
    const struct cg_details_list *details;
    const struct cg_wish_subject *subject; /* NULL: the client asks for itself */
    const struct cg_scope_holder *holder;  /* who is to hold them: where there is no subject */
};

/* Reads it from the request, but `subject`; the holder is a system. Reasons: SCOPE_MALFORMED,
 * RESOURCE_UNKNOWN, DETAILS_MALFORMED. */
CG_MUST_USE enum cg_status cg_wish_read(struct cg_oauth_context *context, struct cg_wish *ret_wish);

/* RFC 8693 §2.1: audience names an API, too; may be given several times. RESOURCE_UNKNOWN. */
CG_MUST_USE enum cg_status cg_wish_read_audiences(struct cg_oauth_context *context,
                                                  struct cg_wish *wish);

/*
 * Intersects the wish with the agreements in force of a client and fills in the token's claims but
 * iss, jti; sub is the client. Reasons: NOTHING_AGREED, SCOPE_NOT_AGREED, RESOURCE_UNKNOWN,
 * RESOURCE_AMBIGUOUS, DETAILS_NOT_AGREED, TOKEN_TOO_LARGE.
 */
CG_MUST_USE enum cg_status cg_wish_grant(struct cg_oauth_context *context,
                                         const struct cg_client_record *record,
                                         const struct cg_wish *wish,
                                         struct cg_access_token *ret_token);

#endif
