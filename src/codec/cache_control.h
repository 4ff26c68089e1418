/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cache-Control of an answer (RFC 9111 §5.2). Any thread.
 */
#ifndef CG_CODEC_CACHE_CONTROL_H
#define CG_CODEC_CACHE_CONTROL_H

#include <caregate/types.h>

/*
 * How long the answer may be kept, by one header line: seconds of max-age; 0 for no-store, no-cache
 * and a max-age that is malformed; -1 when it says nothing of it.
 */
int64_t cg_cache_control_max_age_s(struct cg_span value);

#endif
