/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/refusals.h"

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/span.h"
#include "base/status.h"
#include "base/tally.h"

#include <string.h>

#define TALLY_PLACES ((size_t)CG_LIMIT_REFUSALS_KEPT)

/* What was refused while there was no room, by reason. */
struct overflow {
    uint32_t count;
    int64_t since_s;
};

/*
 * A ring of copies, oldest at `first`. The first `taken_count` of them are with the caller until it
 * calls again. Each copy is one piece of memory: the refusal, then its texts.
 */
struct cg_refusals {
    struct cg_refusal *ring[CG_LIMIT_REFUSALS_KEPT];
    size_t first;
    size_t count; /* those taken among them */
    size_t taken_count;
    struct overflow overflows[CG_REASON_COUNT];
    struct cg_tally *tally;
};

CG_DEFINE_CLEANUP(refusals_free_at, struct cg_refusals *, cg_refusals_free)

enum cg_status cg_refusals_new(struct cg_refusals **ret_refusals)
{
    void *memory;
    CG_TRY(cg_alloc(1, sizeof(struct cg_refusals), &memory));
    CG_CLEANUP(refusals_free_at) struct cg_refusals *refusals = memory;
    CG_TRY(cg_tally_new(TALLY_PLACES, &refusals->tally));
    *ret_refusals = CG_STEAL(refusals);
    return CG_OK;
}

static void drop_first(struct cg_refusals *refusals)
{
    refusals->ring[refusals->first] = cg_release(refusals->ring[refusals->first]);
    refusals->first = (refusals->first + 1) % CG_LIMIT_REFUSALS_KEPT;
    refusals->count--;
}

struct cg_refusals *cg_refusals_free(struct cg_refusals *refusals)
{
    if (refusals == NULL) {
        return NULL;
    }
    while (refusals->count > 0) {
        drop_first(refusals);
    }
    (void)cg_tally_free(refusals->tally);
    return cg_release(refusals);
}

static enum cg_status copy_refusal(const struct cg_refusal *refusal, struct cg_refusal **ret_copy)
{
    struct cg_refusal copy = *refusal;
    struct cg_span *const spans[] = {
        &copy.realm,    &copy.api,        &copy.client_id, &copy.organisation,
        &copy.token_id, &copy.request_id, &copy.address,
    };
    size_t count = sizeof(spans) / sizeof(spans[0]);
    size_t text_bytes = 0;
    for (size_t i = 0; i < count; i++) {
        *spans[i] = cg_span_part(*spans[i], 0, CG_LIMIT_AUDIT_DETAIL_BYTES);
        text_bytes += spans[i]->len;
    }
    void *memory;
    CG_TRY(cg_alloc(1, sizeof(copy) + text_bytes, &memory));
    uint8_t *room = (uint8_t *)memory + sizeof(copy);
    for (size_t i = 0; i < count; i++) {
        if (spans[i]->len > 0) {
            memcpy(room, spans[i]->data, spans[i]->len);
            spans[i]->data = room;
            room += spans[i]->len;
        }
    }
    *ret_copy = memory;
    **ret_copy = copy;
    return CG_OK;
}

static enum cg_status push(struct cg_refusals *refusals, const struct cg_refusal *refusal)
{
    if (refusals->count == CG_LIMIT_REFUSALS_KEPT) {
        return CG_ERR_LIMIT;
    }
    struct cg_refusal *copy;
    CG_TRY(copy_refusal(refusal, &copy));
    refusals->ring[(refusals->first + refusals->count) % CG_LIMIT_REFUSALS_KEPT] = copy;
    refusals->count++;
    return CG_OK;
}

static void push_or_sum(struct cg_refusals *refusals, const struct cg_refusal *refusal)
{
    if (push(refusals, refusal) == CG_OK) {
        return;
    }
    struct overflow *overflow = &refusals->overflows[refusal->reason];
    if (overflow->count == 0) {
        overflow->since_s = refusal->time_s;
    }
    overflow->count = refusal->count < UINT32_MAX - overflow->count
                          ? overflow->count + refusal->count
                          : UINT32_MAX;
}

void cg_refusals_note(struct cg_refusals *refusals, const struct cg_refusal *refusal)
{
    if ((unsigned)refusal->reason >= CG_REASON_COUNT) {
        return;
    }
    if (!cg_tally_admit(refusals->tally, refusal->address, refusal->reason, refusal->time_s)) {
        return;
    }
    struct cg_refusal single = *refusal;
    single.count = 1;
    push_or_sum(refusals, &single);
}

static void collect_overflows(struct cg_refusals *refusals)
{
    for (unsigned reason = 0; reason < CG_REASON_COUNT; reason++) {
        struct overflow *overflow = &refusals->overflows[reason];
        const struct cg_refusal sum = {
            .time_s = overflow->since_s,
            .reason = (enum cg_reason)reason,
            .count = overflow->count,
        };
        if (overflow->count > 0 && push(refusals, &sum) == CG_OK) {
            *overflow = (struct overflow){0, 0};
        }
    }
}

static void collect_sums(struct cg_refusals *refusals, int64_t now_s)
{
    struct cg_tally_sum sum;
    while (refusals->count < CG_LIMIT_REFUSALS_KEPT &&
           cg_tally_drain(refusals->tally, now_s, &sum)) {
        const struct cg_refusal refusal = {
            .time_s = sum.since_s,
            .reason = sum.reason,
            .count = sum.count,
            .address = sum.address,
        };
        push_or_sum(refusals, &refusal);
    }
}

size_t cg_refusals_take(struct cg_refusals *refusals, int64_t now_s,
                        struct cg_refusal *ret_refusals, size_t max)
{
    while (refusals->taken_count > 0) {
        drop_first(refusals);
        refusals->taken_count--;
    }
    collect_overflows(refusals);
    collect_sums(refusals, now_s);
    while (refusals->taken_count < max && refusals->taken_count < refusals->count) {
        size_t index = (refusals->first + refusals->taken_count) % CG_LIMIT_REFUSALS_KEPT;
        ret_refusals[refusals->taken_count++] = *refusals->ring[index];
    }
    return refusals->taken_count;
}
