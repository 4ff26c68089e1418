/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside of the feed (public part: caregate/feed.h): a snapshot from the registry.
 */
#ifndef CG_FEED_FEED_H
#define CG_FEED_FEED_H

#include "registry/registry.h"
#include "token/snapshot.h"

#include <caregate/feed.h>

/*
 * Reads all realms' keys, rules and denials in one consistent view. *ret_changes_s: when the answer changes by time alone.
 */
CG_MUST_USE enum cg_status cg_feed_snapshot(struct cg_store *store, int64_t now_s,
                                            struct cg_snapshot **ret_snapshot,
                                            int64_t *ret_changes_s);

#endif
