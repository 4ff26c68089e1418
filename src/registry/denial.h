/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The denylist: tokens by jti, agreements, clients by epoch. An entry lapses when no token it
 * denies can be alive. See registry/registry.h.
 */
#ifndef CG_REGISTRY_DENIAL_H
#define CG_REGISTRY_DENIAL_H

#include "registry/registry.h"
#include "token/snapshot.h"

/*
 * Tokens are issued while the one who denies waits for the writers' lock, after the time that it
 * took for now: they must not outlive the denial.
 */
#define CG_DENIAL_MARGIN_S 60

/* Adds or, for the same subject, extends. Raises the denylist's version. CG_ERR_INPUT when it would
 * have lapsed by now_s. */
CG_MUST_USE enum cg_status cg_denial_add(struct cg_store *store, struct cg_span realm,
                                         const struct cg_snapshot_denial *denial, int64_t now_s);

/* The kind of a word of the store: "token", "agreement", "client". CG_ERR_STORE for another. */
CG_MUST_USE enum cg_status cg_denial_kind_find(struct cg_span name, enum cg_denial *ret_kind);

/* Removes what lapsed before now_s. Does not touch the version. */
CG_MUST_USE enum cg_status cg_denial_sweep(struct cg_store *store, int64_t now_s);

#endif
