/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Gates elsewhere that wait for news. Neither a pool thread nor the store is kept by them: they are
 * put aside here and asked for again when this worker's own snapshot has changed, when their time
 * is over, or when the worker is to end.
 */
#include "ngx_http_caregate_module.h"

#define LOOK_MS 50
/* So many are queued again in one look: a thousand gates that wake up at once leave room for token
 * requests in the queue. */
#define WAKE_MAX 128
/* More than so many, or so many of one gate (whose nginx was reloaded, say), do not wait: they are
 * told at once that nothing is new. */
#define PARKED_MAX 8192
#define PARKED_OF_ONE_MAX 4

static ngx_uint_t is_same_gate(const struct cg_exchange *a, const struct cg_exchange *b)
{
    return a->parked_len == b->parked_len && ngx_memcmp(a->parked, b->parked, a->parked_len) == 0;
}

static ngx_uint_t count_of(const struct caregate_worker *worker, const struct cg_exchange *exchange)
{
    ngx_uint_t count = 0;
    for (const struct caregate_entry *entry = worker->parked; entry != NULL;
         entry = entry->next_waiting) {
        count += is_same_gate(entry->exchange, exchange);
    }
    return count;
}

/* Something may have changed between the look at the registry and now. */
static ngx_uint_t is_due(const struct caregate_worker *worker, const struct caregate_entry *entry)
{
    return entry->changes_seen != worker->changes || ngx_exiting ||
           (ngx_msec_int_t)(ngx_current_msec - entry->park_until) >= 0;
}

static void send_back(struct caregate_worker *worker, struct caregate_entry *entry)
{
    ngx_msec_int_t left = (ngx_msec_int_t)(entry->park_until - ngx_current_msec);
    entry->exchange->request.may_park = left > 0 && !ngx_exiting;
    entry->changes_seen = worker->changes;
    if (caregate_queue_again(worker, entry) != NGX_OK) {
        cg_issuer_answer_unavailable(entry->exchange, CG_REASON_QUEUE_FULL);
        caregate_queue_drop(worker);
        caregate_content_resume(entry);
    }
}

static void look(ngx_event_t *event)
{
    struct caregate_worker *worker = event->data;
    struct caregate_entry *rest = worker->parked;
    ngx_uint_t woken = 0;
    worker->parked = NULL;
    worker->parked_count = 0;
    while (rest != NULL) {
        struct caregate_entry *entry = rest;
        rest = entry->next_waiting;
        if (woken < WAKE_MAX && is_due(worker, entry)) {
            woken++;
            send_back(worker, entry);
        } else {
            entry->next_waiting = worker->parked;
            worker->parked = entry;
            worker->parked_count++;
        }
    }
    if (worker->parked != NULL && !event->timer_set) {
        ngx_add_timer(event, LOOK_MS);
    }
}

void caregate_park_push(struct caregate_worker *worker, struct caregate_entry *entry)
{
    if (!entry->is_parked) {
        ngx_uint_t is_full = worker->parked_count >= PARKED_MAX ||
                             count_of(worker, entry->exchange) >= PARKED_OF_ONE_MAX;
        entry->is_parked = 1;
        entry->park_until = ngx_current_msec + (is_full ? 0 : entry->exchange->parks_s * 1000);
    }
    entry->next_waiting = worker->parked;
    worker->parked = entry;
    worker->parked_count++;
    if (!worker->park_timer.timer_set) {
        ngx_add_timer(&worker->park_timer, LOOK_MS);
    }
}

void caregate_park_start(struct caregate_worker *worker)
{
    worker->park_timer.handler = look;
    worker->park_timer.data = worker;
    worker->park_timer.log = worker->log;
}
