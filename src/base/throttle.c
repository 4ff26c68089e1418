/* SPDX-License-Identifier: Apache-2.0 */
#include "base/throttle.h"

#include "base/siphash.h"
#include "base/span.h"
#include "base/status.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

_Static_assert(ATOMIC_LLONG_LOCK_FREE == 2, "processes share counters without a lock");
_Static_assert(sizeof(_Atomic uint64_t) == sizeof(uint64_t), "a counter is one word");

/* A word: tag, then a time in ticks since the table was made, whose low bits a delay uses as a
 * number beside whole seconds. */
#define TAG_BITS 20
#define TIME_BITS 44
#define NUMBER_BITS 14
#define TICKS_PER_S (INT64_C(1) << NUMBER_BITS)
#define TIME_MASK ((UINT64_C(1) << TIME_BITS) - 1)
#define NUMBER_MASK ((UINT64_C(1) << NUMBER_BITS) - 1)

#define WAYS 8
#define PART_BYTES_MAX 255
#define PARTS 3
#define SIBLING UINT64_C(0x9e3779b97f4a7c15)
#define MS_PER_S 1000

struct set {
    _Atomic uint64_t words[WAYS];
};

struct cg_throttle {
    int64_t made_s;
    uint64_t set_mask;
    uint8_t key[CG_THROTTLE_KEY_BYTES];
    uint8_t unused[32]; /* so that each set is a cache line */
    struct set sets[];
};

_Static_assert(sizeof(struct cg_throttle) == sizeof(struct set), "the head is a cache line, too");
_Static_assert(CG_THROTTLE_KEY_BYTES == CG_SIPHASH_KEY_BYTES, "the key is the hash's");
_Static_assert(TAG_BITS + TIME_BITS == 64, "a word has no bit to spare");

enum cg_status cg_throttle_place(void *memory, size_t bytes,
                                 const uint8_t key[static CG_THROTTLE_KEY_BYTES], int64_t made_s,
                                 struct cg_throttle **ret_throttle)
{
    if (bytes < CG_THROTTLE_BYTES_MIN || (uintptr_t)memory % sizeof(struct set) != 0) {
        return CG_ERR_INPUT;
    }
    uint64_t sets = 1;
    while (sizeof(struct cg_throttle) + sets * 2 * sizeof(struct set) <= bytes) {
        sets *= 2;
    }
    struct cg_throttle *throttle = memory;
    throttle->made_s = made_s;
    throttle->set_mask = sets - 1;
    memcpy(throttle->key, key, CG_THROTTLE_KEY_BYTES);
    *ret_throttle = throttle;
    return CG_OK;
}

uint64_t cg_throttle_key(const struct cg_throttle *throttle, enum cg_throttle_kind kind,
                         const struct cg_throttle_parts *parts)
{
    const struct cg_span all[PARTS] = {parts->first, parts->second, parts->third};
    uint8_t text[1 + PARTS * (1 + PART_BYTES_MAX)];
    size_t len = 0;
    text[len++] = (uint8_t)kind;
    for (size_t i = 0; i < PARTS; i++) {
        /* The length goes before, so that no two lists of parts are one text. */
        struct cg_span part = cg_span_part(all[i], 0, PART_BYTES_MAX);
        text[len++] = (uint8_t)part.len;
        if (part.len > 0) {
            memcpy(text + len, part.data, part.len);
            len += part.len;
        }
    }
    return cg_siphash(throttle->key, cg_span_of_bytes(text, len));
}

uint64_t cg_throttle_sibling(uint64_t key)
{
    return key ^ SIBLING;
}

/* Never 0, so that an empty word fits no key. */
static uint64_t tag_of(uint64_t key)
{
    uint64_t tag = key >> TIME_BITS;
    return tag == 0 ? 1 : tag;
}

static uint64_t make_word(uint64_t key, int64_t time)
{
    return tag_of(key) << TIME_BITS | ((uint64_t)time & TIME_MASK);
}

static int64_t time_of(uint64_t word)
{
    return (int64_t)(word & TIME_MASK);
}

/* Of a word that was found for a key: 0 unless it is the key's own. */
static int64_t time_for(uint64_t word, uint64_t key)
{
    return word >> TIME_BITS == tag_of(key) ? time_of(word) : 0;
}

static int64_t since_made(const struct cg_throttle *throttle, int64_t now_s)
{
    return now_s > throttle->made_s ? now_s - throttle->made_s : 0;
}

static int64_t ticks_of(const struct cg_throttle *throttle, int64_t now_ms)
{
    int64_t since_ms = now_ms - throttle->made_s * MS_PER_S;
    return since_ms > 0 ? since_ms * TICKS_PER_S / MS_PER_S : 0;
}

/* The key's own place, else the one to push out; and what stood there when it was looked at. */
static _Atomic uint64_t *find(struct cg_throttle *throttle, uint64_t key, uint64_t *ret_word)
{
    struct set *set = &throttle->sets[key & throttle->set_mask];
    _Atomic uint64_t *earliest = NULL;
    for (size_t i = 0; i < WAYS; i++) {
        uint64_t word = atomic_load_explicit(&set->words[i], memory_order_relaxed);
        if (word >> TIME_BITS == tag_of(key)) {
            *ret_word = word;
            return &set->words[i];
        }
        if (earliest == NULL || time_of(word) < time_of(*ret_word)) {
            earliest = &set->words[i];
            *ret_word = word;
        }
    }
    return earliest;
}

static bool swap(_Atomic uint64_t *place, uint64_t seen, uint64_t word)
{
    return atomic_compare_exchange_strong_explicit(place, &seen, word, memory_order_relaxed,
                                                   memory_order_relaxed);
}

/*
 * The virtual scheduling of ITU-T I.371 (GCRA): a bucket is the time at which it will be full
 * again. Each that is taken moves that time on by an interval, at most `burst` of them ahead.
 */
struct bucket {
    int64_t interval;
    int64_t ahead_max;
    int64_t now;
};

static struct bucket bucket_of(const struct cg_throttle *throttle, const struct cg_rate *rate,
                               int64_t now_ms)
{
    int64_t interval = (int64_t)rate->window_s * TICKS_PER_S / rate->count;
    return (struct bucket){interval, interval * rate->burst, ticks_of(throttle, now_ms)};
}

/* The time at which it is full, from now on, and at most as far ahead as it can be. */
static int64_t bounded(const struct bucket *bucket, int64_t full)
{
    int64_t from = full < bucket->now ? bucket->now : full;
    int64_t most = bucket->now + bucket->ahead_max;
    return from < most ? from : most;
}

static int64_t wait_ms(const struct bucket *bucket, int64_t next)
{
    int64_t over = next - bucket->now - bucket->ahead_max;
    return over > 0 ? (over * MS_PER_S + TICKS_PER_S - 1) / TICKS_PER_S : 0;
}

int64_t cg_throttle_look(struct cg_throttle *throttle, uint64_t key, const struct cg_rate *rate,
                         int64_t now_ms)
{
    struct bucket bucket = bucket_of(throttle, rate, now_ms);
    uint64_t seen = 0;
    (void)find(throttle, key, &seen);
    return wait_ms(&bucket, bounded(&bucket, time_for(seen, key)) + bucket.interval);
}

int64_t cg_throttle_take(struct cg_throttle *throttle, uint64_t key, const struct cg_rate *rate,
                         int64_t now_ms)
{
    struct bucket bucket = bucket_of(throttle, rate, now_ms);
    for (;;) {
        uint64_t seen = 0;
        _Atomic uint64_t *place = find(throttle, key, &seen);
        int64_t owed = time_for(seen, key);
        int64_t full = bounded(&bucket, owed);
        int64_t wait = wait_ms(&bucket, full + bucket.interval);
        if (wait > 0 && full >= owed) {
            return wait;
        }
        /* What lies further ahead (of a lower rate, of a clock that went back) is cut for good:
         * else it would be the most that there can be at each later look, too. */
        if (swap(place, seen, make_word(key, wait > 0 ? full : full + bucket.interval))) {
            return wait;
        }
    }
}

static int64_t delay_of(const struct cg_throttle_delay *delay, int64_t count)
{
    int64_t doublings = count - delay->free_count - 1;
    if (doublings < 0) {
        return 0;
    }
    int64_t delay_s = doublings < 17 ? INT64_C(1) << doublings : delay->longest_s;
    return delay_s < delay->longest_s ? delay_s : delay->longest_s;
}

/* Failures so far; 0 when they are forgotten. The word's seconds say when that is. */
static int64_t count_of(uint64_t word, uint64_t key, int64_t now)
{
    int64_t time = time_for(word, key);
    return time / TICKS_PER_S > now ? time & (int64_t)NUMBER_MASK : 0;
}

void cg_throttle_fail(struct cg_throttle *throttle, uint64_t key,
                      const struct cg_throttle_delay *delay, int64_t now_s)
{
    int64_t now = since_made(throttle, now_s);
    for (;;) {
        uint64_t seen = 0;
        _Atomic uint64_t *place = find(throttle, key, &seen);
        int64_t count = count_of(seen, key, now);
        count += count < (int64_t)NUMBER_MASK;
        int64_t forgotten = now + delay_of(delay, count) + delay->forget_s;
        if (swap(place, seen, make_word(key, forgotten * TICKS_PER_S + count))) {
            return;
        }
    }
}

int64_t cg_throttle_delay_left(struct cg_throttle *throttle, uint64_t key,
                               const struct cg_throttle_delay *delay, int64_t now_s)
{
    int64_t now = since_made(throttle, now_s);
    uint64_t seen = 0;
    (void)find(throttle, key, &seen);
    int64_t most = delay_of(delay, count_of(seen, key, now));
    int64_t left = time_for(seen, key) / TICKS_PER_S - delay->forget_s - now;
    if (left <= 0) {
        return 0;
    }
    return left < most ? left : most;
}

void cg_throttle_clear(struct cg_throttle *throttle, uint64_t key)
{
    uint64_t seen = 0;
    _Atomic uint64_t *place = find(throttle, key, &seen);
    if (time_for(seen, key) != 0) {
        /* Who fails at this very moment may stay counted. */
        (void)swap(place, seen, 0);
    }
}

void cg_throttle_note(struct cg_throttle *throttle, uint64_t key, int64_t life_s, int64_t now_s)
{
    int64_t until = since_made(throttle, now_s) + life_s;
    uint64_t seen = 0;
    _Atomic uint64_t *place = find(throttle, key, &seen);
    if (time_for(seen, key) / TICKS_PER_S < until - life_s / 8) {
        /* Who loses a race notes it the next time. */
        (void)swap(place, seen, make_word(key, until * TICKS_PER_S));
    }
}

bool cg_throttle_is_noted(struct cg_throttle *throttle, uint64_t key, int64_t now_s)
{
    uint64_t seen = 0;
    (void)find(throttle, key, &seen);
    return time_for(seen, key) / TICKS_PER_S > since_made(throttle, now_s);
}

static const struct {
    const char *unit;
    uint32_t window_s;
} windows[] = {
    {"s", 1},
    {"min", 60},
    {"h", 3600},
};

#define WINDOWS (sizeof(windows) / sizeof(windows[0]))

enum cg_status cg_rate_make(int64_t count, int64_t window_s, struct cg_rate *ret_rate)
{
    for (size_t i = 0; i < WINDOWS; i++) {
        int64_t most = (int64_t)CG_RATE_PER_S_MAX * windows[i].window_s;
        if (window_s == windows[i].window_s && count >= 1 && count <= most) {
            int64_t burst = count < CG_RATE_BURST_MAX ? count : CG_RATE_BURST_MAX;
            *ret_rate = (struct cg_rate){(uint32_t)count, windows[i].window_s, (uint32_t)burst};
            return CG_OK;
        }
    }
    return CG_ERR_INPUT;
}

bool cg_rate_is_within(const struct cg_rate *rate, const struct cg_rate *other)
{
    return rate->burst <= other->burst &&
           (uint64_t)rate->count * other->window_s <= (uint64_t)other->count * rate->window_s;
}

enum cg_status cg_rate_parse(struct cg_span text, struct cg_rate *ret_rate)
{
    size_t slash = cg_span_find(text, '/', 0);
    struct cg_span unit = cg_span_part(text, slash + 1, text.len);
    int64_t count = 0;
    CG_TRY(cg_span_to_number(cg_span_part(text, 0, slash), INT32_MAX, &count));
    for (size_t i = 0; i < WINDOWS; i++) {
        if (cg_span_equal_string(unit, windows[i].unit)) {
            return cg_rate_make(count, windows[i].window_s, ret_rate);
        }
    }
    return CG_ERR_INPUT;
}

void cg_rate_format(const struct cg_rate *rate, char ret_text[static CG_RATE_TEXT_BYTES])
{
    ret_text[0] = '\0';
    for (size_t i = 0; i < WINDOWS; i++) {
        if (rate->count > 0 && rate->window_s == windows[i].window_s) {
            (void)snprintf(ret_text, CG_RATE_TEXT_BYTES, "%" PRIu32 "/%s", rate->count,
                           windows[i].unit);
        }
    }
}
