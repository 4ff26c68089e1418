/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What slows down who asks too often or guesses: rates, and a table of counters in memory that the
 * processes of one machine share. Issuer and gate are given the table; without one they throttle
 * nobody. All functions may run on any thread of any process at once; none blocks.
 */
#ifndef CAREGATE_THROTTLE_H
#define CAREGATE_THROTTLE_H

#include <caregate/types.h>

struct cg_throttle;

#define CG_THROTTLE_KEY_BYTES 16
#define CG_THROTTLE_BYTES_MIN 4096

/*
 * Makes an empty table in memory that is all zero and aligned to 64 bytes, which it borrows; what
 * does not fill a power of two of counters is left unused. key: drawn at random for this table;
 * copied; who does not know it cannot aim at a counter. made_s: Unix seconds, no later than any
 * time that is passed in afterwards. CG_ERR_INPUT below CG_THROTTLE_BYTES_MIN or when the memory is
 * not aligned.
 */
CG_EXPORT CG_MUST_USE enum cg_status cg_throttle_place(
    void *memory, size_t bytes, const uint8_t key[static CG_THROTTLE_KEY_BYTES], int64_t made_s,
    struct cg_throttle **ret_throttle);

/* `count` in `window_s` seconds, `burst` of them at once after a rest. count 0: no limit. */
struct cg_rate {
    uint32_t count;
    uint32_t window_s;
    uint32_t burst;
};

#define CG_RATE_PER_S_MAX 1000
#define CG_RATE_BURST_MAX 100000

/*
 * Accepts "50/s", "600/min" and "1000/h": 1 to CG_RATE_PER_S_MAX a second, or as many in the longer
 * window; the burst becomes the count, at most CG_RATE_BURST_MAX. CG_ERR_INPUT otherwise.
 */
CG_EXPORT CG_MUST_USE enum cg_status cg_rate_parse(struct cg_span text, struct cg_rate *ret_rate);

#endif
