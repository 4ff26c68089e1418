/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The feed brings the gate's snapshot: keys, rules and denylist as one immutable, versioned value.
 * Feed functions may block and run on pool threads; snapshot functions run anywhere.
 */
#ifndef CAREGATE_FEED_H
#define CAREGATE_FEED_H

#include <caregate/types.h>

struct cg_feed;
struct cg_snapshot;

/* Makes a feed from a store URI ("sqlite:/path/registry.db"), copied. Opens at the first poll. */
CG_EXPORT CG_MUST_USE enum cg_status cg_feed_new(struct cg_span store_uri,
                                                 struct cg_feed **ret_feed);
CG_EXPORT struct cg_feed *cg_feed_free(struct cg_feed *feed);

/*
 * Asks the source whether anything changed since the last snapshot that this feed made (or ever,
 * the first time). *ret_snapshot is a new snapshot owned by the caller, or NULL when nothing
 * changed. Either way the feed's word is "current as of now_s". CG_ERR_STORE when the source is
 * away. Time-driven changes (a key begins to be published, a denial lapses) count as changes.
 */
CG_EXPORT CG_MUST_USE enum cg_status cg_feed_poll(struct cg_feed *feed, int64_t now_s,
                                                  struct cg_snapshot **ret_snapshot);

/* Rebuilds a snapshot from its serialised form. CG_ERR_INPUT when it is not one. */
CG_EXPORT CG_MUST_USE enum cg_status cg_snapshot_parse(struct cg_span text,
                                                       struct cg_snapshot **ret_snapshot);

/* The serialised form, owned by the snapshot, valid while it lives. */
CG_EXPORT struct cg_span cg_snapshot_text(const struct cg_snapshot *snapshot);

/* The registry's version that it shows; larger is newer. */
CG_EXPORT int64_t cg_snapshot_version(const struct cg_snapshot *snapshot);

CG_EXPORT struct cg_snapshot *cg_snapshot_free(struct cg_snapshot *snapshot);

#endif
