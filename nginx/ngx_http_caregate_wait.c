/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests that wait for a client's key set to be fetched. Neither the event loop nor a pool thread
 * waits with them: they are put aside here, and queued again when a fetch has ended or their time
 * is over.
 */
#include "ngx_http_caregate_module.h"

/* So often it is looked whether a fetch has ended; longer than a fetch may take, nobody waits. */
#define LOOK_MS 20
#define PATIENCE_MS 6000
/* More than so many do not wait: they are told that the keys cannot be had now. */
#define WAITING_MAX 256

static int64_t now_s(void)
{
    return time(NULL);
}

/* The fetch that an entry waited for may have ended before it was put aside: it is counted from
 * when the issuer asked. */
static ngx_uint_t is_due(const struct caregate_worker *worker, const struct caregate_entry *entry,
                         uint64_t turns)
{
    (void)worker;
    return entry->exchange->waits != turns + 1 || ngx_current_msec >= entry->wait_until;
}

static void send_back(struct caregate_worker *worker, struct caregate_entry *entry)
{
    entry->exchange->request.may_wait = ngx_current_msec < entry->wait_until;
    if (caregate_queue_again(worker, entry) != NGX_OK) {
        cg_issuer_answer_unavailable(entry->exchange, CG_REASON_QUEUE_FULL);
        caregate_queue_drop(worker);
        caregate_content_resume(entry);
    }
}

static void look(ngx_event_t *event)
{
    struct caregate_worker *worker = event->data;
    uint64_t turns = cg_key_fetcher_turns(worker->fetcher);
    struct caregate_entry *rest = worker->waiting;
    worker->waiting = NULL;
    worker->waiting_count = 0;
    while (rest != NULL) {
        struct caregate_entry *entry = rest;
        rest = entry->next_waiting;
        if (is_due(worker, entry, turns)) {
            send_back(worker, entry);
        } else {
            entry->next_waiting = worker->waiting;
            worker->waiting = entry;
            worker->waiting_count++;
        }
    }
    if (worker->waiting != NULL) {
        ngx_add_timer(event, LOOK_MS);
    }
}

void caregate_wait_push(struct caregate_worker *worker, struct caregate_entry *entry)
{
    if (entry->wait_until == 0) {
        ngx_uint_t is_full = worker->waiting_count >= WAITING_MAX;
        entry->wait_until = ngx_current_msec + (is_full ? 0 : PATIENCE_MS);
    }
    entry->next_waiting = worker->waiting;
    worker->waiting = entry;
    worker->waiting_count++;
    if (!worker->wait_timer.timer_set) {
        ngx_add_timer(&worker->wait_timer, LOOK_MS);
    }
}

ngx_int_t caregate_wait_start(struct caregate_worker *worker)
{
    const ngx_array_t *hosts = worker->conf->fetch_hosts;
    struct cg_key_fetcher_config config = {
        .ca_file = caregate_span(worker->conf->fetch_ca),
        .now_s = now_s,
    };
    worker->wait_timer.handler = look;
    worker->wait_timer.data = worker;
    worker->wait_timer.log = worker->log;
    if (hosts == NULL) {
        return NGX_OK;
    }
    config.hosts = hosts->elts;
    config.host_count = hosts->nelts;
    if (cg_key_fetcher_new(&config, &worker->fetcher) != CG_OK) {
        ngx_log_error(NGX_LOG_ALERT, worker->log, 0, "caregate: no fetcher of keys can be made");
        return NGX_ERROR;
    }
    return NGX_OK;
}

void caregate_wait_finish(struct caregate_worker *worker)
{
    worker->fetcher = cg_key_fetcher_free(worker->fetcher);
}
