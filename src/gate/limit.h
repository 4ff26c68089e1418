/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How often an agreement may be used: limits of the snapshot, counted in the throttle that the
 * workers of this machine share. A request under an agreement counts once it would be let through;
 * who is over the limit is told when to come again.
 */
#ifndef CG_GATE_LIMIT_H
#define CG_GATE_LIMIT_H

#include "base/throttle.h"
#include "gate/route.h"
#include "token/access_token.h"
#include "token/snapshot.h"

/* Which of the token's agreements have a limit: bit i stands for agreement i, and for the one
 * beside it of the client on whose behalf the token is. */
uint32_t cg_limit_find(const struct cg_snapshot_realm *realm, const struct cg_access_token *token);

/* Those of `limited` under which the token names the route's API, which is one. */
uint32_t cg_limit_here(const struct cg_snapshot_realm *realm, const struct cg_gate_route *route,
                       const struct cg_access_token *token, uint32_t limited);

struct cg_limit {
    struct cg_throttle *throttle;
    const struct cg_snapshot_realm *realm;
    const struct cg_access_token *token;
    uint32_t agreements; /* of the token: those to count under */
    int64_t now_ms;
};

/* Takes one request of each agreement, and of those beside them. Returns 0, or the seconds until
 * there is room again. */
int64_t cg_limit_take(const struct cg_limit *limit);

/* What cg_limit_take would return, without taking. */
int64_t cg_limit_look(const struct cg_limit *limit);

#endif
