/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How long a gate elsewhere goes on with a report that its issuer answers and does not take: what
 * is refused for good must not keep back what comes after it. Any thread.
 */
#ifndef CG_FEED_REPORT_PATIENCE_H
#define CG_FEED_REPORT_PATIENCE_H

#include <stdbool.h>
#include <stdint.h>

/* *since_s is when the issuer began to refuse, 0 at first. True once it has done nothing else for
 * CG_LIMIT_REPORT_REFUSED_S; then it begins anew, with the next report. */
bool cg_report_patience_ends(int64_t *since_s, bool is_refused, int64_t now_s);

#endif
