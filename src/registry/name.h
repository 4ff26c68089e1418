/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside of the registry: texts that people give, and names that we make. Any thread.
 */
#ifndef CG_REGISTRY_NAME_H
#define CG_REGISTRY_NAME_H

#include "base/buf.h"
#include "crypto/random.h"
#include "registry/registry.h"

/*
 * Text that a person may read on a terminal or page: 1 .. max bytes of valid UTF-8 (RFC 3629 §4)
 * without control characters, no space at either end.
 */
bool cg_name_is_text(struct cg_span text, size_t max);

/* An ISO 8601 day as seconds is at most this: the end of the year 9999. */
#define CG_TIME_MAX_S INT64_C(253402300799)
bool cg_name_is_time(int64_t time_s);

/*
 * Writes `chars` random characters of a-z and 2-9 without l and o, which people misread: five bits
 * each. CG_ERR_CRYPTO when the source fails.
 */
CG_MUST_USE enum cg_status cg_name_put_random(const struct cg_random *random, size_t chars,
                                              struct cg_buf *buf);

/* Makes "<prefix><12 random characters>" in the arena. */
CG_MUST_USE enum cg_status cg_name_make_id(const char *prefix, const struct cg_random *random,
                                           struct cg_arena *arena, struct cg_span *ret_id);

#endif
