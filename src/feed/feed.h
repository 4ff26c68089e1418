/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside of the feed (public part: caregate/feed.h): a snapshot from the registry. May block; one
 * thread at a time.
 *
 * What a snapshot leaves out: APIs that are retired, denials that have lapsed, realms without an
 * issuer (the base URL is not set yet). Its keys_generation is made from what is published, so that
 * it changes whenever that does, by a change or by time, and only then.
 */
#ifndef CG_FEED_FEED_H
#define CG_FEED_FEED_H

#include "registry/registry.h"
#include "token/snapshot.h"

#include <caregate/feed.h>

/*
 * Reads all realms' keys, rules and denials in one consistent view of its own; no transaction may
 * be open. *ret_changes_s: when the answer changes by time alone (INT64_MAX: never). Denials that
 * lapse are taken out together, at most one minute late: no token is left that they could deny.
 */
CG_MUST_USE enum cg_status cg_feed_snapshot(struct cg_store *store, int64_t now_s,
                                            struct cg_snapshot **ret_snapshot,
                                            int64_t *ret_changes_s);

/* The same inside the caller's transaction, which gives the view. */
CG_MUST_USE enum cg_status cg_feed_build(struct cg_store *store, int64_t now_s,
                                         struct cg_snapshot **ret_snapshot, int64_t *ret_changes_s);

/* And of one realm alone. */
CG_MUST_USE enum cg_status cg_feed_build_realm(struct cg_store *store, struct cg_span realm,
                                               int64_t now_s, struct cg_snapshot **ret_snapshot,
                                               int64_t *ret_changes_s);

#endif
