/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How long many things took: counts by duration, 64 classes to each power of two, so that a
 * percentile is right to 2 %. One thread.
 */
#ifndef CG_CLI_BENCH_TIMES_H
#define CG_CLI_BENCH_TIMES_H

#include <caregate/types.h>

#define CG_BENCH_TIMES_CLASSES 2048 /* up to 2^36 µs; what is longer counts as that */

struct cg_bench_times {
    int64_t counts[CG_BENCH_TIMES_CLASSES];
    int64_t count;
    int64_t max_us;
};

void cg_bench_times_add(struct cg_bench_times *times, int64_t us);

/* The duration that `permyriad` of 10,000 did not pass: 5000 for the median, 9990 for p99.9. 0 when
 * there are none. */
int64_t cg_bench_times_at(const struct cg_bench_times *times, int permyriad);

/* Monotonic time in microseconds. */
int64_t cg_bench_now_us(void);

#endif
