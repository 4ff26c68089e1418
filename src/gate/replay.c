/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/replay.h"

#include "base/limits.h"
#include "base/span.h"
#include "base/status.h"
#include "jose/jwk.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>

/*
 * GENERATION_S * GENERATIONS is longer than a proof is accepted by more than any two workers'
 * clocks differ: 96 s against 60 s back and 15 s ahead.
 */
#define GENERATION_S 4
#define GENERATIONS 24
/* Places that one proof may have. Where 85 of 100 are taken, one proof in 30,000 finds none free.
 */
#define PROBES 64
#define PLACES_MIN 64

/* A place: the generation that took it in the upper bits, a part of the proof's hash in the lower
 * ones; 0 when none ever did. Generations come round again after 34 years. */
#define MARK_BITS 36
#define MARK_MASK ((UINT64_C(1) << MARK_BITS) - 1)
#define TAG_MASK ((UINT64_C(1) << (64 - MARK_BITS)) - 1)

_Static_assert(GENERATION_S *(GENERATIONS - 2) > CG_LIMIT_PROOF_AGE_S + CG_LIMIT_PROOF_FUTURE_S,
               "a place is not taken again while its proof is accepted");
_Static_assert(ATOMIC_LLONG_LOCK_FREE == 2, "processes share no lock of the C library");

struct cg_replay {
    uint8_t key[CG_REPLAY_KEY_BYTES]; /* so that nobody can aim at a place */
    uint64_t place_mask;              /* places of one generation less one: a power of two */
    _Atomic uint64_t places[];
};

/* Where a proof may stand, and what stands there. */
struct trace {
    _Atomic uint64_t *places; /* of its generation */
    uint64_t start;
    uint64_t stride; /* odd: it comes by every place */
    uint64_t tag;
    uint64_t mark;
};

static size_t bytes_for(uint64_t place_count)
{
    return sizeof(struct cg_replay) + (size_t)place_count * GENERATIONS * sizeof(uint64_t);
}

enum cg_status cg_replay_init(void *memory, size_t len,
                              const uint8_t key[static CG_REPLAY_KEY_BYTES],
                              struct cg_replay **ret_replay)
{
    uint64_t place_count = PLACES_MIN;
    if (len < CG_REPLAY_BYTES_MIN) {
        return CG_ERR_INPUT;
    }
    while (bytes_for(place_count * 2) <= len) {
        place_count *= 2;
    }
    struct cg_replay *replay = memory;
    memcpy(replay->key, key, sizeof(replay->key));
    replay->place_mask = place_count - 1;
    *ret_replay = replay;
    return CG_OK;
}

/* The thumbprint has one length, so that no two pairs make one text. */
static struct trace make_trace(struct cg_replay *replay, struct cg_span thumbprint,
                               struct cg_span id, int64_t issued_s)
{
    uint8_t text[CG_THUMBPRINT_CHARS + CG_LIMIT_PROOF_ID_BYTES];
    assert(thumbprint.len == CG_THUMBPRINT_CHARS && id.len <= CG_LIMIT_PROOF_ID_BYTES);
    memcpy(text, thumbprint.data, thumbprint.len);
    memcpy(text + thumbprint.len, id.data, id.len);
    struct cg_span whole = cg_span_of_bytes(text, thumbprint.len + id.len);
    uint64_t mark = cg_siphash(replay->key, whole) & MARK_MASK;
    uint64_t place = cg_siphash(replay->key + CG_SIPHASH_KEY_BYTES, whole);
    uint64_t generation = (uint64_t)issued_s / GENERATION_S;
    return (struct trace){
        .places = replay->places + (generation % GENERATIONS) * (replay->place_mask + 1),
        .start = place,
        .stride = place >> 32 | 1,
        .tag = generation & TAG_MASK,
        .mark = mark != 0 ? mark : 1,
    };
}

/* Whether a place was taken by a generation after this one: then this one is long past. */
static bool is_later(uint64_t place, uint64_t tag)
{
    uint64_t ahead = ((place >> MARK_BITS) - tag) & TAG_MASK;
    return place != 0 && ahead != 0 && ahead <= TAG_MASK / 2;
}

enum taken { BY_THIS, BY_THE_SAME, BY_ANOTHER, BY_A_LATER_ONE };

static enum taken take(_Atomic uint64_t *place, const struct trace *trace)
{
    uint64_t own = trace->tag << MARK_BITS | trace->mark;
    uint64_t seen = atomic_load(place);
    while (seen == 0 || seen >> MARK_BITS != trace->tag) {
        if (is_later(seen, trace->tag)) {
            return BY_A_LATER_ONE;
        }
        if (atomic_compare_exchange_weak(place, &seen, own)) {
            return BY_THIS;
        }
    }
    return seen == own ? BY_THE_SAME : BY_ANOTHER;
}

enum cg_reason cg_replay_spend(struct cg_replay *replay, struct cg_span thumbprint,
                               struct cg_span id, int64_t issued_s)
{
    struct trace trace = make_trace(replay, thumbprint, id, issued_s);
    for (uint64_t probe = 0; probe < PROBES; probe++) {
        uint64_t at = (trace.start + probe * trace.stride) & replay->place_mask;
        switch (take(&trace.places[at], &trace)) {
        case BY_THIS: return CG_REASON_NONE;
        case BY_THE_SAME: return CG_REASON_PROOF_REPLAYED;
        case BY_A_LATER_ONE: return CG_REASON_PROOFS_FULL;
        case BY_ANOTHER: break;
        }
    }
    return CG_REASON_PROOFS_FULL;
}
