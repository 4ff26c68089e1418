/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What SMART scopes say of a call at a location where they decide: the gate's own judgement, in
 * words. Pool thread or command line.
 */
#ifndef CG_FEED_EXPLAIN_SMART_H
#define CG_FEED_EXPLAIN_SMART_H

#include "base/arena.h"
#include "gate/route.h"
#include "token/access_token.h"
#include "token/snapshot.h"

/* The call that is asked about. */
struct cg_explain_smart {
    const struct cg_gate_route *route; /* with a base */
    const struct cg_snapshot_api *api;
    const struct cg_access_token *token;
    enum cg_method method;
    struct cg_span target; /* path and query, as nginx takes them; absent: none was named */
    struct cg_span body;   /* of a Bundle or a search by POST; absent: none was named */
};

/* *ret_detail, static or in the arena, says more, or is absent. CG_ERR_LIMIT for memory. */
CG_MUST_USE enum cg_status cg_explain_smart(const struct cg_explain_smart *call,
                                            struct cg_arena *arena, enum cg_reason *ret_reason,
                                            struct cg_span *ret_detail);

#endif
