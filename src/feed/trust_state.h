/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside of the feed: the file in which a gate keeps its last bundle, so that it starts without its
 * issuer and knows what is older. Its first line tells when the bundle was last current; the rest
 * is the bundle. A new one takes the old one's place whole.
 */
#ifndef CG_FEED_TRUST_STATE_H
#define CG_FEED_TRUST_STATE_H

#include "base/arena.h"

#include <caregate/types.h>

/* CG_ERR_NOT_FOUND when there is no file; CG_ERR_INPUT when it is none of these, or cannot be read;
 * CG_ERR_LIMIT when memory is short. The bundle is in the arena. */
CG_MUST_USE enum cg_status cg_trust_state_read(const char *path, struct cg_arena *arena,
                                               struct cg_span *ret_bundle, int64_t *ret_current_s);

/* On disk on return. CG_ERR_STORE when it cannot be written. */
CG_MUST_USE enum cg_status cg_trust_state_write(const char *path, struct cg_span bundle,
                                                int64_t current_s);

/* Notes that the file's bundle is current still. */
CG_MUST_USE enum cg_status cg_trust_state_confirm(const char *path, int64_t current_s);

#endif
