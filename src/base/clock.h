/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The clock, for faces (the command line, the module's tasks). Everything below takes `now_s`
 * instead.
 */
#ifndef CG_BASE_CLOCK_H
#define CG_BASE_CLOCK_H

#include <caregate/types.h>

/* Unix time in seconds. */
int64_t cg_clock_now_s(void);
/* Monotonic time in milliseconds, for intervals. */
int64_t cg_clock_monotonic_ms(void);

#define CG_TIME_TEXT_BYTES 21 /* "2026-01-31T12:00:00Z" and a zero byte */

/* RFC 3339 §5.6 in UTC. Times outside years 1970..9999 are clamped. */
void cg_time_format(int64_t time_s, char ret_text[static CG_TIME_TEXT_BYTES]);

/*
 * Accepts "2026-01-31" (midnight UTC) and "2026-01-31T12:00:00Z", 1970..9999. CG_ERR_INPUT
 * otherwise.
 */
CG_MUST_USE enum cg_status cg_time_parse(struct cg_span text, int64_t *ret_time_s);

/*
 * Accepts "300", "300s", "5m", "12h", "365d": seconds, at most CG_LIMIT_DURATION_S. CG_ERR_INPUT
 * otherwise.
 */
CG_MUST_USE enum cg_status cg_duration_parse(struct cg_span text, int64_t *ret_duration_s);

#endif
