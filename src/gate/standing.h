/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What one snapshot says of a proven token, found at the token's first use under it: most requests
 * bring a token that came before, and look at nothing of the snapshot but its number. One thread.
 */
#ifndef CG_GATE_STANDING_H
#define CG_GATE_STANDING_H

#include "gate/route.h"
#include "gate/smart_grants.h"
#include "token/access_token.h"
#include "token/snapshot.h"

#include <caregate/reason.h>
#include <stdbool.h>

struct cg_standing {
    uint64_t snapshot;                 /* the gate's number of it; 0: none has been asked yet */
    enum cg_reason denied;             /* what the denylist says of the token and its client */
    uint32_t withdrawn;                /* and of its agreements: cg_decide_withdrawn */
    uint32_t limited;                  /* which of its agreements have a limit: cg_limit_find */
    size_t grant_count;                /* its SMART scopes that its API still has */
    const struct cg_gate_route *route; /* whose rules it met last; NULL: none */
    unsigned methods;                  /* and with which methods */
};

/*
 * Asks the snapshot that `realm` is of, and gives it `snapshot` for its number. SMART scopes are
 * the same words at every API, so that those of a token for several count nowhere; `grants` has
 * room for all that the token has (cg_smart_grants_room).
 */
void cg_standing_find(const struct cg_snapshot_realm *realm, const struct cg_access_token *token,
                      uint64_t snapshot, struct cg_smart_grant *grants,
                      struct cg_standing *ret_standing);

/* Whether the token lets requests of this method in at the route, as far as agreements, scopes and
 * rules go: NONE, or why not. */
enum cg_reason cg_standing_at(struct cg_standing *standing, const struct cg_snapshot_realm *realm,
                              const struct cg_gate_route *route,
                              const struct cg_access_token *token, enum cg_method method);

#endif
