/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A gate without a store: keys and rules come from an issuer elsewhere (caregate_trust), and what
 * the gate refuses is told there. The first worker asks for all of the machine, on a pool thread
 * that the issuer keeps waiting until there is something new; the others take it from the zone.
 * Each worker reports its own refusals.
 */
#include "ngx_http_caregate_module.h"

#include <sys/mman.h>

#define TICK_MS 200
#define REPORT_MS 1000
#define TIMEOUT_MS 10000
#define LAST_TIMEOUT_MS 2000
/* It waits for news so long, less a random part of it: gates that started together part. */
#define WAIT_MOST_S 50
#define WAIT_SPREAD_S 20
#define ASK_APART_MS 1000
#define BACKOFF_MS_MAX 15000
#define BACKOFF_DOUBLINGS_MAX 4

static unsigned stops(void)
{
    return ngx_exiting || ngx_quit || ngx_terminate;
}

static ngx_uint_t is_asker(void)
{
    return ngx_worker == 0;
}

static ngx_msec_t backoff_ms(ngx_uint_t failures)
{
    ngx_uint_t doublings = ngx_min(failures, BACKOFF_DOUBLINGS_MAX);
    ngx_msec_t most = ngx_min((ngx_msec_t)ASK_APART_MS << doublings, BACKOFF_MS_MAX);
    return most / 2 + (ngx_msec_t)ngx_random() % (most / 2);
}

/* No longer than what keeps the snapshot within its age. */
static unsigned wait_s(const struct caregate_worker *worker)
{
    time_t most = ngx_min(worker->conf->snapshot_max_age_s / 2, WAIT_MOST_S);
    time_t wished = WAIT_MOST_S - (time_t)ngx_random() % WAIT_SPREAD_S;
    return (unsigned)ngx_max(ngx_min(most, wished), 1);
}

/* Each trouble once, and its end. */
static void log_trouble(struct caregate_worker *worker, const struct cg_trust *trust)
{
    struct caregate_trust_work *work = &worker->trust;
    const char *trouble = cg_trust_trouble(trust);
    if (ngx_strcmp(work->logged, trouble) == 0) {
        return;
    }
    ngx_cpystrn(work->logged, (u_char *)(uintptr_t)trouble, sizeof(work->logged));
    if (trouble[0] == '\0') {
        ngx_log_error(NGX_LOG_NOTICE, worker->log, 0, "caregate: all is well again with \"%V\"",
                      &worker->conf->trust->issuer);
        return;
    }
    ngx_log_error(NGX_LOG_ERR, worker->log, 0, "caregate: trouble with \"%V\": %s",
                  &worker->conf->trust->issuer, trouble);
    ngx_log_error(NGX_LOG_ERR, worker->log, 0,
                  cg_gate_snapshot_version(worker->gate) == 0
                      ? "caregate: the gate refuses all until it has keys and rules from there"
                      : "caregate: the gate goes on with its last bundle");
}

/* Pool thread. */
static void take_from_zone(struct caregate_worker *worker)
{
    struct caregate_poll *poll = &worker->poll;
    u_char *copy = NULL;
    size_t len = 0;
    if (caregate_zone_copy(worker, &copy, &len, &poll->at_s) != NGX_OK) {
        poll->status = CG_ERR_LIMIT;
        return;
    }
    poll->status = cg_snapshot_parse((struct cg_span){.data = copy, .len = len}, &poll->snapshot);
    ngx_free(copy);
}

/* Pool thread. */
static void run(void *data, ngx_log_t *log)
{
    struct caregate_worker *worker = *(struct caregate_worker **)data;
    struct caregate_poll *poll = &worker->poll;
    (void)log;
    poll->snapshot = NULL;
    if (worker->trust.asker == NULL) {
        take_from_zone(worker);
        return;
    }
    poll->at_s = time(NULL);
    poll->status =
        cg_trust_ask(worker->trust.asker, poll->at_s, worker->trust.wait_s, &poll->snapshot);
}

static void install(struct caregate_worker *worker, struct cg_snapshot *snapshot, int64_t current_s)
{
    cg_gate_install(worker->gate, snapshot, current_s);
    caregate_zone_note(worker);
}

static void take_answer(struct caregate_worker *worker)
{
    struct caregate_poll *poll = &worker->poll;
    struct caregate_trust_work *work = &worker->trust;
    struct cg_snapshot *snapshot = poll->snapshot;
    poll->snapshot = NULL;
    log_trouble(worker, work->asker);
    if (poll->status != CG_OK) {
        work->ask_at = ngx_current_msec + backoff_ms(work->failures++);
        caregate_zone_count_ask_failure(worker, poll->status);
        return;
    }
    work->failures = 0;
    work->ask_at = work->asked_at + ASK_APART_MS;
    if (snapshot == NULL) {
        cg_gate_confirm(worker->gate, poll->at_s);
        caregate_zone_confirm(worker, poll->at_s);
    } else if (caregate_zone_keep_newer(worker, snapshot, poll->at_s)) {
        install(worker, snapshot, poll->at_s);
    } else {
        (void)cg_snapshot_free(snapshot);
    }
}

static void finish(ngx_event_t *event)
{
    struct caregate_worker *worker = event->data;
    struct caregate_poll *poll = &worker->poll;
    poll->is_running = 0;
    if (worker->trust.asker != NULL && !stops()) {
        take_answer(worker);
    } else if (worker->trust.asker == NULL && poll->status == CG_OK) {
        install(worker, poll->snapshot, poll->at_s);
        poll->snapshot = NULL;
    }
}

static ngx_uint_t is_time(ngx_msec_t at)
{
    return (ngx_msec_int_t)(ngx_current_msec - at) >= 0;
}

static ngx_uint_t has_reason_to_run(struct caregate_worker *worker)
{
    struct caregate_trust_work *work = &worker->trust;
    ngx_uint_t turn = caregate_zone_turn(worker);
    if (work->asker != NULL) {
        work->wait_s = wait_s(worker);
        work->asked_at = ngx_current_msec;
        return is_time(work->ask_at);
    }
    ngx_uint_t is_new = turn != work->turn_seen;
    work->turn_seen = turn;
    return is_new;
}

static void tick(ngx_event_t *event)
{
    struct caregate_worker *worker = event->data;
    struct caregate_poll *poll = &worker->poll;
    cg_gate_confirm(worker->gate, caregate_zone_current_s(worker));
    if (!poll->is_running && !stops() && has_reason_to_run(worker) &&
        ngx_thread_task_post(worker->conf->pool, poll->task) == NGX_OK) {
        poll->is_running = 1;
    }
    caregate_zone_note(worker);
    ngx_add_timer(event, TICK_MS);
}

/* Pool thread, or the end of the process: tells as much as is taken. */
static void report_all(struct caregate_worker *worker)
{
    struct caregate_trust_work *work = &worker->trust;
    struct caregate_report *report = &worker->report;
    size_t done = 0;
    work->report_status = CG_OK;
    while (done < report->count && work->report_status == CG_OK) {
        size_t told = 0;
        work->report_status = cg_trust_report(work->reporter, time(NULL), report->refusals + done,
                                              report->count - done, &told);
        if (work->report_status == CG_ERR_CONFLICT) {
            caregate_zone_count_lost(worker, report->refusals + done, told);
        }
        done += told;
    }
    ngx_memmove(report->refusals, report->refusals + done,
                (report->count - done) * sizeof(report->refusals[0]));
    report->count -= done;
}

static void run_report(void *data, ngx_log_t *log)
{
    (void)log;
    report_all(*(struct caregate_worker **)data);
}

static void finish_report(ngx_event_t *event)
{
    struct caregate_worker *worker = event->data;
    struct caregate_trust_work *work = &worker->trust;
    work->is_reporting = 0;
    if (work->report_status == CG_OK) {
        work->report_failures = 0;
        return;
    }
    work->report_at = ngx_current_msec + backoff_ms(work->report_failures++);
    if (work->report_status == CG_ERR_CONFLICT) {
        ngx_log_error(NGX_LOG_ERR, worker->log, 0,
                      "caregate: \"%V\" has refused for long what it is told of refusals, some are "
                      "lost",
                      &worker->conf->trust->issuer);
    }
    if (work->asker == NULL) {
        log_trouble(worker, work->reporter);
    }
}

static void report_tick(ngx_event_t *event)
{
    struct caregate_worker *worker = event->data;
    struct caregate_trust_work *work = &worker->trust;
    if (!work->is_reporting && is_time(work->report_at) && !stops()) {
        caregate_report_collect(&worker->report, worker->gate, ngx_time());
        if (worker->report.count > 0 &&
            ngx_thread_task_post(worker->conf->pool, work->report_task) == NGX_OK) {
            work->is_reporting = 1;
        }
    }
    ngx_add_timer(event, REPORT_MS);
}

static ngx_int_t make_trust(const struct caregate_worker *worker, unsigned (*its_stops)(void),
                            long timeout_ms, struct cg_trust **ret_trust)
{
    const struct caregate_trust_conf *conf = worker->conf->trust;
    struct cg_span secret = {.data = conf->secret->bytes, .len = conf->secret->len};
    struct cg_trust_config config = {
        .issuer = caregate_span(conf->issuer),
        .client_id = caregate_span(conf->client_id),
        .kid = caregate_span(conf->kid),
        .audience = caregate_span(conf->audience),
        .ca_file = caregate_span(worker->conf->fetch_ca),
        .state_file = caregate_span(conf->state),
        .stops = its_stops,
        .timeout_ms = timeout_ms,
    };
    if (conf->has_key) {
        config.key = secret;
        config.alg =
            conf->alg.len > 0 ? caregate_span(conf->alg) : (struct cg_span){.data = NULL, .len = 0};
    } else {
        config.secret = secret;
    }
    if (cg_trust_new(&config, ret_trust) != CG_OK) {
        ngx_log_error(NGX_LOG_ALERT, worker->log, 0,
                      "caregate: nothing can be asked of \"%V\": is the key file a private key?",
                      &conf->issuer);
        return NGX_ERROR;
    }
    return NGX_OK;
}

/* What an earlier worker of this machine, or an earlier start, has left. */
static void install_kept(struct caregate_worker *worker, struct cg_trust *trust)
{
    struct cg_snapshot *snapshot = NULL;
    int64_t current_s = 0;
    struct cg_span text = caregate_zone_text(worker, &current_s);
    if (cg_trust_restore(trust, time(NULL), &snapshot, &current_s) != CG_OK) {
        ngx_log_error(NGX_LOG_ERR, worker->log, 0, "caregate: trouble with \"%V\": %s",
                      &worker->conf->trust->issuer, cg_trust_trouble(trust));
    }
    enum cg_status status = text.len == 0 ? CG_ERR_NOT_FOUND : cg_trust_hold(trust, text);
    if (status == CG_OK) {
        (void)cg_snapshot_free(snapshot);
        (void)caregate_zone_text(worker, &current_s);
        if (cg_snapshot_parse(text, &snapshot) == CG_OK) {
            cg_gate_install(worker->gate, snapshot, current_s);
        }
        return;
    }
    if (status == CG_ERR_INPUT && is_asker()) {
        caregate_zone_forget(worker);
    }
    if (snapshot != NULL) {
        (void)caregate_zone_keep_newer(worker, snapshot, current_s);
        cg_gate_install(worker->gate, snapshot, current_s);
    }
}

/* Nothing is served yet: this is the one time that the loop itself may wait. */
static void ask_first(struct caregate_worker *worker)
{
    struct caregate_poll *poll = &worker->poll;
    poll->at_s = time(NULL);
    poll->status = cg_trust_ask(worker->trust.asker, poll->at_s, 0, &poll->snapshot);
    take_answer(worker);
}

static ngx_thread_task_t *make_task(struct caregate_worker *worker, ngx_cycle_t *cycle,
                                    void (*job)(void *data, ngx_log_t *log),
                                    ngx_event_handler_pt done)
{
    ngx_thread_task_t *task = ngx_thread_task_alloc(cycle->pool, sizeof(struct caregate_worker *));
    if (task != NULL) {
        *(struct caregate_worker **)task->ctx = worker;
        task->handler = job;
        task->event.data = worker;
        task->event.handler = done;
    }
    return task;
}

static void start_timer(ngx_event_t *timer, ngx_event_handler_pt handler,
                        struct caregate_worker *worker)
{
    timer->handler = handler;
    timer->data = worker;
    timer->log = worker->log;
    timer->cancelable = 1;
    ngx_add_timer(timer, 1);
}

ngx_int_t caregate_trust_start(struct caregate_worker *worker, ngx_cycle_t *cycle)
{
    struct caregate_trust_work *work = &worker->trust;
    (void)mlock(worker->conf->trust->secret, CAREGATE_SECRET_PAGE_BYTES);
    work->turn_seen = caregate_zone_turn(worker);
    worker->poll.task = make_task(worker, cycle, run, finish);
    work->report_task = make_task(worker, cycle, run_report, finish_report);
    if (worker->poll.task == NULL || work->report_task == NULL ||
        caregate_report_init(&worker->report, cycle->pool) != NGX_OK ||
        make_trust(worker, stops, TIMEOUT_MS, &work->reporter) != NGX_OK ||
        (is_asker() && make_trust(worker, stops, TIMEOUT_MS, &work->asker) != NGX_OK)) {
        return NGX_ERROR;
    }
    install_kept(worker, is_asker() ? work->asker : work->reporter);
    if (is_asker() && cg_gate_snapshot_version(worker->gate) == 0) {
        ask_first(worker);
    }
    start_timer(&worker->poll.timer, tick, worker);
    start_timer(&work->report_timer, report_tick, worker);
    return NGX_OK;
}

/* All that the gate still keeps; the threads are gone by now. */
static void report_rest(struct caregate_worker *worker)
{
    struct caregate_trust_work *work = &worker->trust;
    work->reporter = cg_trust_free(work->reporter);
    if (make_trust(worker, NULL, LAST_TIMEOUT_MS, &work->reporter) != NGX_OK) {
        return;
    }
    do {
        report_all(worker);
        caregate_report_collect(&worker->report, worker->gate, INT64_MAX);
    } while (worker->report.count > 0 && work->report_status == CG_OK);
    if (worker->report.count > 0) {
        ngx_log_error(NGX_LOG_ERR, worker->log, 0,
                      "caregate: \"%V\" cannot be told of the last refusals, they are lost",
                      &worker->conf->trust->issuer);
        caregate_zone_count_lost(worker, worker->report.refusals, worker->report.count);
    }
}

void caregate_trust_finish(struct caregate_worker *worker)
{
    struct caregate_trust_work *work = &worker->trust;
    if (worker->gate != NULL && work->reporter != NULL) {
        report_rest(worker);
    }
    work->reporter = cg_trust_free(work->reporter);
    work->asker = cg_trust_free(work->asker);
    worker->poll.snapshot = cg_snapshot_free(worker->poll.snapshot);
}
