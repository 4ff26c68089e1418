/* SPDX-License-Identifier: Apache-2.0 */
#include "base/tally.h"

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/span.h"
#include "base/status.h"

#include <assert.h>
#include <string.h>

#define ADDRESS_CHARS 45 /* the longest IPv6 address in text, RFC 4291 §2.2 with an IPv4 tail */
/*
 * A pair stands in one of this many places or nowhere: who chooses addresses cannot make us search.
 */
#define PROBES 8

struct place {
    int64_t since_s;
    enum cg_reason reason;
    uint32_t admitted;   /* 0: the place is free */
    uint32_t suppressed; /* counted and not yet drained */
    uint8_t address_len;
    uint8_t address[ADDRESS_CHARS];
};

struct cg_tally {
    size_t place_count; /* a power of two */
    size_t drain_at;    /* where the next drain looks first */
    uint8_t drained_address[ADDRESS_CHARS];
    /* What found no place, by reason; these have no address. */
    struct place crowd[CG_REASON_COUNT];
    struct place places[];
};

enum cg_status cg_tally_new(size_t places, struct cg_tally **ret_tally)
{
    if (places > CG_LIMIT_TALLY_PLACES) {
        return CG_ERR_LIMIT;
    }
    size_t count = PROBES;
    while (count < places) {
        count *= 2;
    }
    void *memory = NULL;
    CG_TRY(cg_alloc(1, sizeof(struct cg_tally) + count * sizeof(struct place), &memory));
    struct cg_tally *tally = memory;
    tally->place_count = count;
    *ret_tally = tally;
    return CG_OK;
}

struct cg_tally *cg_tally_free(struct cg_tally *tally)
{
    return cg_release(tally);
}

/* A clock that went back ends the window too: it must not last until the clock has caught up. */
static bool is_over(const struct place *place, int64_t now_s)
{
    return now_s < place->since_s || now_s - CG_LIMIT_REFUSAL_WINDOW_S >= place->since_s;
}

static bool is_free(const struct place *place, int64_t now_s)
{
    return place->admitted == 0 || (place->suppressed == 0 && is_over(place, now_s));
}

/* FNV-1a. It only spreads: what a chosen collision can cost is bounded by PROBES. */
static size_t spread(struct cg_span address, enum cg_reason reason)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325) ^ (uint64_t)reason;
    for (size_t i = 0; i < address.len; i++) {
        hash = (hash ^ address.data[i]) * UINT64_C(0x100000001b3);
    }
    return (size_t)(hash ^ (hash >> 32));
}

static bool is_of(const struct place *place, struct cg_span address, enum cg_reason reason)
{
    struct cg_span kept = cg_span_of_bytes(place->address, place->address_len);
    return place->admitted > 0 && place->reason == reason && cg_span_equal(kept, address);
}

/* The pair's own place, a free one made its own, or the crowd's. */
static struct place *place_of(struct cg_tally *tally, struct cg_span address, enum cg_reason reason,
                              int64_t now_s)
{
    size_t start = spread(address, reason);
    struct place *open = NULL;
    for (size_t i = 0; i < PROBES; i++) {
        struct place *place = &tally->places[(start + i) & (tally->place_count - 1)];
        if (is_of(place, address, reason)) {
            return place;
        }
        if (open == NULL && is_free(place, now_s)) {
            open = place;
        }
    }
    if (open == NULL) {
        tally->crowd[reason].reason = reason;
        return &tally->crowd[reason];
    }
    *open = (struct place){.reason = reason, .address_len = (uint8_t)address.len};
    if (address.len > 0) {
        memcpy(open->address, address.data, address.len);
    }
    return open;
}

bool cg_tally_admit(struct cg_tally *tally, struct cg_span address, enum cg_reason reason,
                    int64_t now_s)
{
    assert(reason < CG_REASON_COUNT);
    struct cg_span kept = cg_span_part(address, 0, ADDRESS_CHARS);
    struct place *place = place_of(tally, kept, reason, now_s);
    if (is_free(place, now_s)) {
        place->since_s = now_s;
        place->admitted = 0;
    }
    /* A window that is over and not yet drained still counts, so that its sum is not lost. */
    if (place->admitted < CG_LIMIT_REFUSALS_PER_WINDOW && !is_over(place, now_s)) {
        place->admitted++;
        return true;
    }
    place->suppressed += place->suppressed < UINT32_MAX;
    return false;
}

static bool is_due(const struct place *place, int64_t now_s)
{
    return place->suppressed > 0 && (now_s == INT64_MAX || is_over(place, now_s));
}

static struct place *place_at(struct cg_tally *tally, size_t index)
{
    return index < tally->place_count ? &tally->places[index]
                                      : &tally->crowd[index - tally->place_count];
}

static void move_out(struct cg_tally *tally, struct place *place, struct cg_tally_sum *ret_sum)
{
    memcpy(tally->drained_address, place->address, place->address_len);
    const uint8_t *address = place->address_len > 0 ? tally->drained_address : NULL;
    *ret_sum = (struct cg_tally_sum){
        .reason = place->reason,
        .count = place->suppressed,
        .since_s = place->since_s,
        .address = cg_span_of_bytes(address, place->address_len),
    };
    *place = (struct place){0};
}

bool cg_tally_drain(struct cg_tally *tally, int64_t now_s, struct cg_tally_sum *ret_sum)
{
    size_t total = tally->place_count + CG_REASON_COUNT;
    for (size_t i = 0; i < total; i++) {
        size_t index = (tally->drain_at + i) % total;
        struct place *place = place_at(tally, index);
        if (is_due(place, now_s)) {
            tally->drain_at = index;
            move_out(tally, place, ret_sum);
            return true;
        }
    }
    return false;
}
