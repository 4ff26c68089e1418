/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The decision itself, a pure function: proven token × route × snapshot → reason.
 */
#ifndef CG_GATE_DECIDE_H
#define CG_GATE_DECIDE_H

#include "gate/route.h"
#include "token/access_token.h"
#include "token/snapshot.h"

#include <caregate/gate.h>

/* What the denylist says of a proven token, and of the one that it was exchanged for: NONE,
 * TOKEN_REVOKED or CLIENT_SUSPENDED. Agreements are looked at by cg_decide. */
enum cg_reason cg_decide_denylist(const struct cg_snapshot_realm *realm,
                                  const struct cg_access_token *token);

/* Which of the token's agreements are denied: bit i stands for agreement i, and for the one beside
 * it of the client on whose behalf it is. */
uint32_t cg_decide_withdrawn(const struct cg_snapshot_realm *realm,
                             const struct cg_access_token *token);

/*
 * Does this token open this route for this method? API_NOT_AGREED unless aud and apis both name the
 * API at the same place; AGREEMENT_WITHDRAWN when that agreement is denied; SCOPE_INSUFFICIENT;
 * GATE_MISCONFIGURED when the API is not in the realm. A scope counts only if it belongs to this
 * API, so that one of another API in the same token opens nothing here. A rule for GET holds for
 * HEAD too.
 */
enum cg_reason cg_decide(const struct cg_snapshot_realm *realm, const struct cg_gate_route *route,
                         const struct cg_access_token *token, enum cg_method method);

/* The same for who has found out before which agreements are denied. */
enum cg_reason cg_decide_known(const struct cg_snapshot_realm *realm,
                               const struct cg_gate_route *route,
                               const struct cg_access_token *token, uint32_t withdrawn,
                               enum cg_method method);

/* The methods for which these scopes miss what a rule of the route demands. */
unsigned cg_decide_barred(const struct cg_gate_route *route, const struct cg_snapshot_api *api,
                          struct cg_span scope);

/* The places at which the token names this API: bit i stands for agreement i. */
uint32_t cg_decide_places(const struct cg_snapshot_api *api, const struct cg_access_token *token);

/* Whether the token is for this API and no other. */
bool cg_decide_is_for_one(const struct cg_snapshot_api *api, const struct cg_access_token *token);

/* Writes the scopes that a refused caller would need, space-separated, for the challenge; nothing
 * for an unknown API. */
void cg_decide_needed_scope(const struct cg_snapshot_realm *realm,
                            const struct cg_gate_route *route, enum cg_method method,
                            struct cg_buf *buf);

#endif
