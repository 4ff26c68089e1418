/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Brings the gate its snapshot: a pool thread asks the feed, the loop installs what it brought and
 * keeps the text in the zone, where the next worker finds it even while the store is away.
 */
#include "ngx_http_caregate_module.h"

/* Pool thread, or the loop before it serves. */
static void ask(struct caregate_poll *poll)
{
    poll->at_s = time(NULL);
    poll->snapshot = NULL;
    poll->status = cg_feed_poll(poll->feed, poll->at_s, &poll->snapshot);
}

static void run(void *data, ngx_log_t *log)
{
    struct caregate_worker *worker = *(struct caregate_worker **)data;
    (void)log;
    ask(&worker->poll);
}

static void log_change(struct caregate_worker *worker)
{
    struct caregate_poll *poll = &worker->poll;
    if (poll->status == poll->status_logged) {
        return;
    }
    poll->status_logged = poll->status;
    if (poll->status == CG_OK) {
        ngx_log_error(NGX_LOG_NOTICE, worker->log, 0, "caregate: the store is read again");
        return;
    }
    int64_t version = cg_gate_snapshot_version(worker->gate);
    ngx_log_error(NGX_LOG_ERR, worker->log, 0, "caregate: the store \"%V\" cannot be read",
                  &worker->conf->store);
    ngx_log_error(NGX_LOG_ERR, worker->log, 0,
                  version == 0
                      ? "caregate: the gate refuses all until it can be, it has no snapshot"
                      : "caregate: the gate goes on with its last snapshot");
}

static void take_over(struct caregate_worker *worker)
{
    struct caregate_poll *poll = &worker->poll;
    log_change(worker);
    if (poll->status != CG_OK) {
        return;
    }
    struct cg_snapshot *snapshot = poll->snapshot;
    poll->snapshot = NULL;
    if (snapshot == NULL) {
        cg_gate_confirm(worker->gate, poll->at_s);
        caregate_zone_confirm(worker, poll->at_s);
        return;
    }
    caregate_zone_keep(worker, cg_snapshot_text(snapshot), poll->at_s);
    cg_gate_install(worker->gate, snapshot, poll->at_s);
    worker->changes++;
}

static void finish(ngx_event_t *event)
{
    struct caregate_worker *worker = event->data;
    worker->poll.is_running = 0;
    take_over(worker);
}

static void tick(ngx_event_t *event)
{
    struct caregate_worker *worker = event->data;
    struct caregate_poll *poll = &worker->poll;
    if (!poll->is_running && ngx_thread_task_post(worker->conf->pool, poll->task) == NGX_OK) {
        poll->is_running = 1;
    }
    ngx_add_timer(event, CAREGATE_POLL_MS);
}

static void install_kept(struct caregate_worker *worker)
{
    int64_t current_s = 0;
    struct cg_span text = caregate_zone_text(worker, &current_s);
    struct cg_snapshot *snapshot;
    if (text.len == 0) {
        return;
    }
    if (cg_snapshot_parse(text, &snapshot) != CG_OK) {
        ngx_log_error(NGX_LOG_WARN, worker->log, 0,
                      "caregate: the snapshot kept in caregate_zone cannot be read");
        return;
    }
    cg_gate_install(worker->gate, snapshot, current_s);
}

ngx_int_t caregate_poll_start(struct caregate_worker *worker, ngx_cycle_t *cycle)
{
    struct caregate_poll *poll = &worker->poll;
    if (cg_feed_new(caregate_span(worker->conf->store), &poll->feed) != CG_OK) {
        ngx_log_error(NGX_LOG_ALERT, worker->log, 0, "caregate: no feed can be made");
        return NGX_ERROR;
    }
    poll->task = ngx_thread_task_alloc(cycle->pool, sizeof(struct caregate_worker *));
    if (poll->task == NULL) {
        return NGX_ERROR;
    }
    *(struct caregate_worker **)poll->task->ctx = worker;
    poll->task->handler = run;
    poll->task->event.data = worker;
    poll->task->event.handler = finish;
    poll->timer.handler = tick;
    poll->timer.data = worker;
    poll->timer.log = worker->log;
    poll->timer.cancelable = 1;
    install_kept(worker);
    if (cg_gate_snapshot_version(worker->gate) == 0) {
        /* Nothing is served yet: this is the one time that the loop itself may wait. */
        ask(poll);
        take_over(worker);
    }
    ngx_add_timer(&poll->timer, CAREGATE_POLL_MS);
    return NGX_OK;
}

void caregate_poll_finish(struct caregate_worker *worker)
{
    worker->poll.snapshot = cg_snapshot_free(worker->poll.snapshot);
    worker->poll.feed = cg_feed_free(worker->poll.feed);
}
