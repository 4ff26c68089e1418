/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What of an API's documents a token opens that a client uses on behalf of another: what lies
 * within the agreement of the one and the token of the other, as objects of token/details.h.
 */
#ifndef CG_OAUTH_MEETING_H
#define CG_OAUTH_MEETING_H

#include "registry/client_record.h"
#include "token/access_token.h"
#include "token/details.h"
#include "token/scope.h"

/* At one API, of one agreement of the client that asks. */
struct cg_meeting {
    const struct cg_record_agreement *agreement;
    const struct cg_details_list *asked; /* NULL: the client asks for all */
    struct cg_details_list held;         /* what the other's token is narrowed to there; none: to
                                          * nothing */
    bool is_narrow;                      /* something narrows the API: its places need objects */
};

/* Fills in the last two. CG_ERR_LIMIT for memory. */
CG_MUST_USE enum cg_status cg_meeting_begin(struct cg_meeting *meeting,
                                            const struct cg_client_record *record,
                                            const struct cg_access_token *held,
                                            struct cg_arena *arena);

/*
 * Leaves of the scopes those that an object gives, and writes these objects, with commas between,
 * and counts them; does nothing where nothing narrows. CG_ERR_LIMIT for memory.
 */
CG_MUST_USE enum cg_status cg_meeting_limit(const struct cg_meeting *meeting,
                                            struct cg_arena *arena, struct cg_scope *scope,
                                            struct cg_span *ret_objects, size_t *count);

#endif
