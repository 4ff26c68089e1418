/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/bench_times.h"

#include <time.h>

#define CLASS_BITS 6
#define CLASSES_PER_POWER (1 << CLASS_BITS)

static size_t class_of(int64_t us)
{
    if (us < CLASSES_PER_POWER) {
        return us < 0 ? 0 : (size_t)us;
    }
    int power = 63 - __builtin_clzll((unsigned long long)us);
    size_t part = (size_t)(us >> (power - CLASS_BITS)) & (CLASSES_PER_POWER - 1);
    size_t at = (size_t)(power - CLASS_BITS + 1) * CLASSES_PER_POWER + part;
    return at < CG_BENCH_TIMES_CLASSES ? at : CG_BENCH_TIMES_CLASSES - 1;
}

static int64_t start_of(size_t at)
{
    if (at < CLASSES_PER_POWER) {
        return (int64_t)at;
    }
    size_t shift = at / CLASSES_PER_POWER - 1;
    return (int64_t)(CLASSES_PER_POWER + at % CLASSES_PER_POWER) << shift;
}

void cg_bench_times_add(struct cg_bench_times *times, int64_t us)
{
    times->counts[class_of(us)]++;
    times->count++;
    times->max_us = us > times->max_us ? us : times->max_us;
}

int64_t cg_bench_times_at(const struct cg_bench_times *times, int permyriad)
{
    int64_t wanted = (times->count * permyriad + 9999) / 10000;
    int64_t seen = 0;
    for (size_t i = 0; i < CG_BENCH_TIMES_CLASSES; i++) {
        seen += times->counts[i];
        if (wanted > 0 && seen >= wanted) {
            return start_of(i);
        }
    }
    return 0;
}

int64_t cg_bench_now_us(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}
