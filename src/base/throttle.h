/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table behind caregate/throttle.h. A counter is one 64-bit word: a tag of its key, a time, and
 * a small number; each change is one compare-and-swap, so that a process which dies at any point
 * leaves no lock and no half of a change. A key has one of eight neighbouring places or none: a
 * look costs one cache line. When all are taken, the one whose time is earliest is pushed out: what
 * has run out anyway, or would first. Two keys share a counter with a chance of less than 2^-29,
 * and nobody can try which, since the hash is keyed.
 *
 * Times that lie past what a counter can owe (the clock went back) count as the most that it can.
 * See the public header for threads.
 */
#ifndef CG_BASE_THROTTLE_H
#define CG_BASE_THROTTLE_H

#include <caregate/throttle.h>
#include <stdbool.h>

/*
 * The rate of so many in a window of a second, a minute or an hour; the burst becomes the count, at
 * most CG_RATE_BURST_MAX. CG_ERR_INPUT when the count is none, or more than CG_RATE_PER_S_MAX a
 * second.
 */
CG_MUST_USE enum cg_status cg_rate_make(int64_t count, int64_t window_s, struct cg_rate *ret_rate);

/* Whether a rate lets through no more than another one, at once and over time. */
bool cg_rate_is_within(const struct cg_rate *rate, const struct cg_rate *other);

#define CG_RATE_TEXT_BYTES 24 /* "3600000/h" and a zero byte */

/* The text that cg_rate_parse reads; empty for no limit. */
void cg_rate_format(const struct cg_rate *rate, char ret_text[static CG_RATE_TEXT_BYTES]);

/* What is counted; parts of another kind are another counter. */
enum cg_throttle_kind {
    CG_THROTTLE_PAIR,      /* failures of (realm, client, address) */
    CG_THROTTLE_ADDRESS,   /* failures of (address) */
    CG_THROTTLE_CLIENT,    /* failures of (realm, client), all addresses */
    CG_THROTTLE_TOKENS,    /* tokens of (realm, client) */
    CG_THROTTLE_AGREEMENT, /* requests under (realm, agreement) */
    CG_THROTTLE_REPORTS,   /* reports of (realm, gate) */
    CG_THROTTLE_LANE,      /* not counted: spreads callers over a queue's lanes */
};

struct cg_throttle_parts {
    struct cg_span first;
    struct cg_span second;
    struct cg_span third;
};

/* The key of a counter. Of each part the first 255 bytes count. */
uint64_t cg_throttle_key(const struct cg_throttle *throttle, enum cg_throttle_kind kind,
                         const struct cg_throttle_parts *parts);

/* Another key of the same parts, for what is noted beside the counter. */
uint64_t cg_throttle_sibling(uint64_t key);

/*
 * Takes one from a bucket that fills at the rate. Returns 0 when there was one, else the
 * milliseconds after which there will be; then nothing is taken.
 */
int64_t cg_throttle_take(struct cg_throttle *throttle, uint64_t key, const struct cg_rate *rate,
                         int64_t now_ms);

/* What cg_throttle_take would return, without taking. */
int64_t cg_throttle_look(struct cg_throttle *throttle, uint64_t key, const struct cg_rate *rate,
                         int64_t now_ms);

/* How failures slow down: after `free_count` the delay is 1 s and doubles up to longest_s. */
struct cg_throttle_delay {
    uint32_t free_count;
    uint32_t longest_s; /* 1 .. 86400 */
    uint32_t forget_s;  /* so long after the delay without a failure, all are forgotten */
};

/* Counts one more failure, from which a delay may begin. */
void cg_throttle_fail(struct cg_throttle *throttle, uint64_t key,
                      const struct cg_throttle_delay *delay, int64_t now_s);

/* The seconds that are left of the delay; 0 when there is none. */
int64_t cg_throttle_delay_left(struct cg_throttle *throttle, uint64_t key,
                               const struct cg_throttle_delay *delay, int64_t now_s);

/* Forgets what is counted under the key. */
void cg_throttle_clear(struct cg_throttle *throttle, uint64_t key);

/*
 * Notes something for life_s seconds; written anew only when an eighth of that has passed, so that
 * what is noted again and again costs a look.
 */
void cg_throttle_note(struct cg_throttle *throttle, uint64_t key, int64_t life_s, int64_t now_s);
bool cg_throttle_is_noted(struct cg_throttle *throttle, uint64_t key, int64_t now_s);

#endif
