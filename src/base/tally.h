/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A tally lets the first few of equal refusals through and counts the rest, so that an anonymous
 * flood cannot fill the audit. Equal means: same address and same reason. The table is bounded;
 * when it is full, what is new is counted under its reason alone, for all addresses together. Sums
 * are drained about once a second; one that is due and not drained yet goes on counting. One thread
 * at a time; no clock of its own.
 */
#ifndef CG_BASE_TALLY_H
#define CG_BASE_TALLY_H

#include "base/limits.h"

#include <caregate/reason.h>
#include <caregate/types.h>
#include <stdbool.h>

struct cg_tally;

struct cg_tally_sum {
    enum cg_reason reason;
    uint32_t count;         /* how many were not let through */
    int64_t since_s;        /* start of the window */
    struct cg_span address; /* absent: many addresses; borrows until the next drain */
};

/*
 * `places`: distinct (address, reason) pairs counted at once, at most CG_LIMIT_TALLY_PLACES;
 * rounded up to a power of two. CG_ERR_LIMIT when it is more, or memory is short.
 */
CG_MUST_USE enum cg_status cg_tally_new(size_t places, struct cg_tally **ret_tally);
struct cg_tally *cg_tally_free(struct cg_tally *tally);

/*
 * True: record it by itself. False: it has been counted. Windows are CG_LIMIT_REFUSAL_WINDOW_S
 * long.
 */
bool cg_tally_admit(struct cg_tally *tally, struct cg_span address, enum cg_reason reason,
                    int64_t now_s);

/*
 * Moves out one sum whose window is over (any, when now_s is INT64_MAX). False when there is none.
 */
bool cg_tally_drain(struct cg_tally *tally, int64_t now_s, struct cg_tally_sum *ret_sum);

#endif
