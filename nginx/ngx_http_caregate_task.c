/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The worker's queue of token requests, which takes callers by turns, and the slots that carry
 * them to the pool's threads.
 *
 * A task takes what waits when it starts, not when it was posted: while one thread waits for the
 * disk, requests gather for the next, and one commit serves them all. Once a second each slot also
 * does its upkeep, between two batches.
 */
#include "ngx_http_caregate_module.h"

#include <sys/resource.h>

#define HOLD_MS 3600000

/* Pool thread: takes up to a batch off the queue. */
static void take_entries(struct caregate_slot *slot)
{
    struct caregate_worker *worker = slot->worker;
    if (ngx_thread_mutex_lock(&worker->mutex, worker->log) != NGX_OK) {
        return;
    }
    while (slot->entry_count < CG_ISSUER_BATCH_MAX) {
        struct cg_fair_item *item = cg_fair_queue_take(&worker->queue);
        if (item == NULL) {
            break;
        }
        slot->entries[slot->entry_count] = ngx_queue_data(item, struct caregate_entry, item);
        slot->entry_count++;
    }
    (void)ngx_thread_mutex_unlock(&worker->mutex, worker->log);
}

/* Pool thread. One store connection of the worker makes all its tokens durable. */
static void commit(struct caregate_slot *slot, struct cg_exchange *const exchanges[])
{
    struct caregate_worker *worker = slot->worker;
    if (ngx_thread_mutex_lock(&worker->committing, worker->log) != NGX_OK) {
        for (size_t i = 0; i < slot->entry_count; i++) {
            cg_issuer_answer_unavailable(exchanges[i], CG_REASON_INTERNAL);
        }
        return;
    }
    cg_issuer_commit(worker->committer, exchanges, slot->entry_count);
    (void)ngx_thread_mutex_unlock(&worker->committing, worker->log);
}

/*
 * Pool thread. One slot signs at a time: the batch of the other grows meanwhile, so that fewer
 * commits serve as many tokens, and a request of the gate finds one thread to share the core with
 * instead of two.
 */
static void drain(struct caregate_slot *slot)
{
    struct caregate_worker *worker = slot->worker;
    struct cg_exchange *exchanges[CG_ISSUER_BATCH_MAX] = {NULL};
    slot->entry_count = 0;
    if (ngx_thread_mutex_lock(&worker->signing, worker->log) != NGX_OK) {
        return;
    }
    take_entries(slot);
    for (size_t i = 0; i < slot->entry_count; i++) {
        exchanges[i] = slot->entries[i]->exchange;
    }
    if (slot->entry_count > 0) {
        cg_issuer_answer(slot->issuer, exchanges, slot->entry_count, time(NULL));
    }
    (void)ngx_thread_mutex_unlock(&worker->signing, worker->log);
    if (slot->entry_count > 0) {
        commit(slot, exchanges);
    }
}

/* Pool thread. The first slot also carries what the worker as a whole has to tell. */
static void keep_up(struct caregate_slot *slot)
{
    struct caregate_worker *worker = slot->worker;
    int64_t now_s = time(NULL);
    slot->entry_count = 0;
    if (slot == &worker->slots[0]) {
        caregate_report_write(&worker->report, slot->issuer, now_s);
    }
    slot->upkeep_status = cg_issuer_upkeep(slot->issuer, now_s);
    if (slot == &worker->slots[0] && slot->upkeep_status == CG_OK) {
        caregate_secret_ends_look(worker, slot->issuer, now_s);
    }
}

void caregate_thread_be_nice(const struct caregate_worker *worker)
{
    (void)setpriority(PRIO_PROCESS, 0, (int)worker->conf->thread_nice);
}

/* Pool thread. */
static void run_job(void *data, ngx_log_t *log)
{
    struct caregate_slot *slot = *(struct caregate_slot **)data;
    (void)log;
    caregate_thread_be_nice(slot->worker);
    if (slot->job == CAREGATE_UPKEEP) {
        keep_up(slot);
    } else {
        drain(slot);
    }
}

static ngx_uint_t queue_length(struct caregate_worker *worker)
{
    if (ngx_thread_mutex_lock(&worker->mutex, worker->log) != NGX_OK) {
        return 0;
    }
    ngx_uint_t count = worker->queue.count;
    (void)ngx_thread_mutex_unlock(&worker->mutex, worker->log);
    return count;
}

/* Sends an idle slot off when there is something to do for it. */
static ngx_int_t start(struct caregate_slot *slot)
{
    if (slot->is_running) {
        return NGX_OK;
    }
    if (slot->is_upkeep_due) {
        slot->job = CAREGATE_UPKEEP;
        slot->is_upkeep_due = 0;
        if (slot == &slot->worker->slots[0]) {
            caregate_report_collect(&slot->worker->report, slot->worker->gate, ngx_time());
        }
    } else if (queue_length(slot->worker) > 0) {
        slot->job = CAREGATE_DRAIN;
    } else {
        return NGX_OK;
    }
    if (ngx_thread_task_post(slot->worker->conf->pool, slot->task) != NGX_OK) {
        return NGX_ERROR;
    }
    slot->is_running = 1;
    return NGX_OK;
}

static void update_hold(struct caregate_worker *worker)
{
    if (worker->pending_count == 0 && worker->hold_timer.timer_set) {
        ngx_del_timer(&worker->hold_timer);
    }
    if (worker->pending_count > 0 && !worker->hold_timer.timer_set) {
        ngx_add_timer(&worker->hold_timer, HOLD_MS);
    }
}

static void hold_on(ngx_event_t *event)
{
    update_hold(event->data);
}

/* Slots share one store: the first one tells for all. */
static void report_upkeep(struct caregate_slot *slot)
{
    if (slot != &slot->worker->slots[0] || slot->upkeep_status == slot->upkeep_status_logged) {
        return;
    }
    slot->upkeep_status_logged = slot->upkeep_status;
    if (slot->upkeep_status == CG_OK) {
        ngx_log_error(NGX_LOG_NOTICE, slot->worker->log, 0, "caregate: the audit is written again");
        return;
    }
    ngx_log_error(NGX_LOG_ERR, slot->worker->log, 0,
                  "caregate: the audit cannot be written: is the store there, and writable?");
}

/* Frames of HTTP/2 are read through one buffer of the worker: wiped once for the whole batch. */
static void wipe_frames(struct caregate_entry *const entries[], size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (entries[i]->request->http_version >= NGX_HTTP_VERSION_20) {
            caregate_content_wipe_frames(entries[i]->request);
            return;
        }
    }
}

/* Several tasks may be done when the loop comes here; nginx calls this for each in one turn. */
static void finish_job(ngx_event_t *event)
{
    struct caregate_slot *slot = event->data;
    struct caregate_worker *worker = slot->worker;
    size_t count = slot->entry_count;
    struct caregate_entry *entries[CG_ISSUER_BATCH_MAX];
    if (slot->job == CAREGATE_UPKEEP) {
        report_upkeep(slot);
    }
    if (slot->job == CAREGATE_UPKEEP && slot == &worker->slots[0]) {
        caregate_secret_ends_tell(worker);
    }
    for (size_t i = 0; i < count; i++) {
        entries[i] = slot->entries[i];
    }
    slot->entry_count = 0;
    slot->is_running = 0;
    /* The thread goes on with the next batch while answers are sent. */
    (void)start(slot);
    wipe_frames(entries, count);
    for (size_t i = 0; i < count; i++) {
        if (entries[i]->exchange->waits != 0) {
            caregate_wait_push(worker, entries[i]);
            continue;
        }
        if (entries[i]->exchange->parks_s != 0) {
            caregate_park_push(worker, entries[i]);
            continue;
        }
        worker->pending_count--;
        caregate_content_resume(entries[i]);
    }
    update_hold(worker);
}

static ngx_int_t append(struct caregate_worker *worker, struct caregate_entry *entry)
{
    unsigned lane = cg_issuer_lane(caregate_zone_throttle(worker), &entry->exchange->request);
    if (ngx_thread_mutex_lock(&worker->mutex, worker->log) != NGX_OK) {
        return NGX_DECLINED;
    }
    enum cg_status status = cg_fair_queue_push(&worker->queue, lane, &entry->item);
    (void)ngx_thread_mutex_unlock(&worker->mutex, worker->log);
    return status == CG_OK ? NGX_OK : NGX_DECLINED;
}

ngx_int_t caregate_queue_push(struct caregate_worker *worker, struct caregate_entry *entry)
{
    entry->exchange->request.may_wait = worker->fetcher != NULL;
    entry->exchange->request.may_park = !ngx_exiting;
    entry->changes_seen = worker->changes;
    if (caregate_queue_again(worker, entry) != NGX_OK) {
        return NGX_DECLINED;
    }
    caregate_queue_hold(worker);
    return NGX_OK;
}

void caregate_queue_hold(struct caregate_worker *worker)
{
    worker->pending_count++;
    update_hold(worker);
}

void caregate_queue_drop(struct caregate_worker *worker)
{
    worker->pending_count--;
    update_hold(worker);
}

ngx_int_t caregate_queue_again(struct caregate_worker *worker, struct caregate_entry *entry)
{
    if (append(worker, entry) != NGX_OK) {
        return NGX_DECLINED;
    }
    for (size_t i = 0; i < CAREGATE_SLOTS; i++) {
        if (!worker->slots[i].is_running) {
            /* Should the pool not take it, the upkeep timer tries again within a second. */
            (void)start(&worker->slots[i]);
            break;
        }
    }
    return NGX_OK;
}

/* Each trouble once, and its end. */
static void tell_of_module(struct caregate_worker *worker)
{
    const char *trouble = cg_pkcs11_trouble(worker->pkcs11);
    if (trouble == worker->pkcs11_trouble) {
        return;
    }
    worker->pkcs11_trouble = trouble;
    if (trouble != NULL) {
        ngx_log_error(NGX_LOG_ERR, worker->log, 0,
                      "caregate: a signing key cannot be used in its PKCS #11 module: %s", trouble);
    } else {
        ngx_log_error(NGX_LOG_NOTICE, worker->log, 0, "caregate: the PKCS #11 module signs again");
    }
}

static void upkeep_tick(ngx_event_t *event)
{
    struct caregate_worker *worker = event->data;
    tell_of_module(worker);
    caregate_zone_note(worker);
    struct caregate_slot *slot = &worker->slots[worker->upkeep_next];
    worker->upkeep_next = (worker->upkeep_next + 1) % CAREGATE_SLOTS;
    slot->is_upkeep_due = 1;
    (void)start(slot);
    ngx_add_timer(event, CAREGATE_UPKEEP_MS / CAREGATE_SLOTS);
}

static ngx_int_t make_issuer(const struct caregate_worker *worker, const ngx_cycle_t *cycle,
                             struct cg_issuer_slot **ret_issuer)
{
    u_char name[CAREGATE_WRITER_BYTES];
    struct cg_issuer_config config = {
        .store_uri = caregate_span(worker->conf->store),
        .writer = caregate_writer_name(cycle, name),
        .master_key = worker->conf->master_key,
        .pkcs11 = worker->pkcs11,
        .throttle = caregate_zone_throttle(worker),
        .token_rate = worker->conf->token_rate,
        .fetcher = worker->fetcher,
    };
    if (cg_issuer_slot_new(&config, ret_issuer) != CG_OK) {
        ngx_log_error(NGX_LOG_ALERT, worker->log, 0, "caregate: no issuer slot can be made");
        return NGX_ERROR;
    }
    return NGX_OK;
}

static ngx_int_t make_slot(struct caregate_worker *worker, struct caregate_slot *slot,
                           ngx_cycle_t *cycle)
{
    if (make_issuer(worker, cycle, &slot->issuer) != NGX_OK) {
        return NGX_ERROR;
    }
    slot->task = ngx_thread_task_alloc(cycle->pool, sizeof(struct caregate_slot *));
    if (slot->task == NULL) {
        return NGX_ERROR;
    }
    *(struct caregate_slot **)slot->task->ctx = slot;
    slot->task->handler = run_job;
    slot->task->event.data = slot;
    slot->task->event.handler = finish_job;
    slot->worker = worker;
    return NGX_OK;
}

static void init_timer(ngx_event_t *timer, ngx_event_handler_pt handler,
                       struct caregate_worker *worker)
{
    timer->handler = handler;
    timer->data = worker;
    timer->log = worker->log;
}

ngx_int_t caregate_tasks_start(struct caregate_worker *worker, ngx_cycle_t *cycle)
{
    cg_fair_queue_init(&worker->queue, CAREGATE_QUEUE_MAX);
    if (ngx_thread_mutex_create(&worker->mutex, worker->log) != NGX_OK ||
        ngx_thread_mutex_create(&worker->signing, worker->log) != NGX_OK ||
        ngx_thread_mutex_create(&worker->committing, worker->log) != NGX_OK ||
        caregate_wait_start(worker) != NGX_OK ||
        make_issuer(worker, cycle, &worker->committer) != NGX_OK ||
        caregate_report_init(&worker->report, cycle->pool) != NGX_OK) {
        return NGX_ERROR;
    }
    for (size_t i = 0; i < CAREGATE_SLOTS; i++) {
        if (make_slot(worker, &worker->slots[i], cycle) != NGX_OK) {
            return NGX_ERROR;
        }
    }
    caregate_park_start(worker);
    init_timer(&worker->hold_timer, hold_on, worker);
    init_timer(&worker->upkeep_timer, upkeep_tick, worker);
    worker->upkeep_timer.cancelable = 1;
    ngx_add_timer(&worker->upkeep_timer, 1);
    return NGX_OK;
}

/* First what the last task could not write, then all that the gate still keeps. */
static void report_rest(struct caregate_worker *worker, int64_t now_s)
{
    do {
        caregate_report_write(&worker->report, worker->slots[0].issuer, now_s);
        if (worker->report.count > 0) {
            ngx_log_error(NGX_LOG_ERR, worker->log, 0,
                          "caregate: the audit cannot be written, the last refusals are lost");
            return;
        }
        caregate_report_collect(&worker->report, worker->gate, INT64_MAX);
    } while (worker->report.count > 0);
}

void caregate_tasks_finish(struct caregate_worker *worker)
{
    int64_t now_s = time(NULL);
    if (worker->slots[0].issuer != NULL) {
        report_rest(worker, now_s);
    }
    for (size_t i = 0; i < CAREGATE_SLOTS; i++) {
        struct caregate_slot *slot = &worker->slots[i];
        if (slot->issuer != NULL) {
            slot->upkeep_status = cg_issuer_upkeep(slot->issuer, now_s);
            report_upkeep(slot);
            slot->issuer = cg_issuer_slot_free(slot->issuer);
        }
    }
    worker->committer = cg_issuer_slot_free(worker->committer);
    caregate_wait_finish(worker);
}
