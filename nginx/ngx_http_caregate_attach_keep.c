/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A worker's keepers of tokens. A keeper has a copy of its profile's token, looks into shared
 * memory only when something has changed there or a renewal is due, and, when the claim falls to
 * it, asks on a pool thread. Requests without a token wait here, so many and so long; they are
 * woken when the place has changed, whoever changed it.
 */
#include "ngx_http_caregate_module.h"

#define LOOK_MS 20
#define TICK_MS 1000
#define VALUE_MAX (sizeof("Bearer ") - 1 + CG_CLIENT_TOKEN_MAX)

/* What a request is told of each outcome of asking. */
static const enum cg_reason reasons[] = {
    [CG_CLIENT_GOT] = CG_REASON_ISSUER_UNREACHABLE, /* none ever failed: the place was lost */
    [CG_CLIENT_UNREACHABLE] = CG_REASON_ISSUER_UNREACHABLE,
    [CG_CLIENT_TLS_FAILED] = CG_REASON_ISSUER_NOT_TRUSTED,
    [CG_CLIENT_REFUSED] = CG_REASON_ISSUER_REFUSED,
    [CG_CLIENT_RATE_LIMITED] = CG_REASON_ISSUER_BUSY,
    [CG_CLIENT_SERVER_FAILED] = CG_REASON_ISSUER_FAILED,
    [CG_CLIENT_REDIRECTED] = CG_REASON_ISSUER_NOT_UNDERSTOOD,
    [CG_CLIENT_TOO_LARGE] = CG_REASON_ISSUER_NOT_UNDERSTOOD,
    [CG_CLIENT_NOT_UNDERSTOOD] = CG_REASON_ISSUER_NOT_UNDERSTOOD,
    [CG_CLIENT_TROUBLED] = CG_REASON_INTERNAL,
};

static enum cg_reason reason_of(unsigned outcome)
{
    return outcome < sizeof(reasons) / sizeof(reasons[0]) ? reasons[outcome] : CG_REASON_INTERNAL;
}

ngx_msec_t caregate_keeper_patience(const struct caregate_profile *profile)
{
    return profile->timeout_ms * 2;
}

/* Each trouble once, and its end. */
static void log_outcome(struct caregate_keeper *keeper)
{
    const struct cg_client_answer *answer = keeper->answer;
    const ngx_str_t *name = &keeper->profile->name;
    if (ngx_strcmp(keeper->logged, answer->trouble) == 0) {
        return;
    }
    ngx_cpystrn(keeper->logged, (u_char *)(uintptr_t)answer->trouble, sizeof(keeper->logged));
    if (answer->outcome == CG_CLIENT_GOT) {
        ngx_log_error(NGX_LOG_NOTICE, keeper->worker->log, 0,
                      "caregate: there is a token for profile \"%V\" again", name);
        return;
    }
    ngx_log_error(NGX_LOG_ERR, keeper->worker->log, 0, "caregate: no token for profile \"%V\": %s",
                  name, answer->trouble);
}

/* Pool thread. */
static void ask(void *data, ngx_log_t *log)
{
    struct caregate_keeper *keeper = *(struct caregate_keeper **)data;
    (void)log;
    (void)!cg_client_ask(keeper->profile->client, time(NULL), keeper->answer);
}

static void wake_all(struct caregate_keeper *keeper);

static void finish_ask(ngx_event_t *event)
{
    struct caregate_keeper *keeper = event->data;
    keeper->is_asking = 0;
    log_outcome(keeper);
    caregate_tokens_bring(keeper, keeper->answer);
    cg_client_answer_release(keeper->answer);
    wake_all(keeper);
}

/* The claim is this keeper's. */
static void start_asking(struct caregate_keeper *keeper)
{
    const struct caregate_agent *agent = keeper->worker->conf->agent;
    if (keeper->is_asking) {
        return; /* its claim lapsed, and fell to it again: what comes will do */
    }
    keeper->asked_s = cg_kept_token_now_s();
    if (ngx_thread_task_post(agent->pool, keeper->task) != NGX_OK) {
        caregate_tokens_give_back(keeper);
        return;
    }
    keeper->is_asking = 1;
}

static ngx_uint_t is_current(const struct caregate_keeper *keeper)
{
    return keeper->value_len > 0 && keeper->turn == caregate_tokens_turn(keeper->profile) &&
           cg_kept_token_now_s() < keeper->renew_s;
}

/* Looks, and asks if it is this keeper's turn. */
static enum cg_kept_advice look_and_ask(struct caregate_keeper *keeper)
{
    enum cg_kept_advice advice = caregate_tokens_look(keeper);
    if (advice == CG_KEPT_ASK || advice == CG_KEPT_USE_AND_ASK) {
        start_asking(keeper);
    }
    return advice;
}

ngx_int_t caregate_keeper_get(struct caregate_keeper *keeper, enum cg_reason *ret_reason,
                              int64_t *ret_retry_s)
{
    enum cg_kept_advice advice = is_current(keeper) ? CG_KEPT_USE : look_and_ask(keeper);
    if (advice == CG_KEPT_USE || advice == CG_KEPT_USE_AND_ASK) {
        keeper->is_used = 1;
        return NGX_OK;
    }
    if (advice != CG_KEPT_REFUSE) {
        return NGX_AGAIN;
    }
    *ret_reason = reason_of(keeper->failure);
    *ret_retry_s = ngx_max(keeper->retry_s - cg_kept_token_now_s(), 1);
    return NGX_DECLINED;
}

static void unlink_wait(void *data)
{
    struct caregate_wait *wait = data;
    if (wait->is_linked) {
        wait->is_linked = 0;
        ngx_queue_remove(&wait->link);
    }
}

static ngx_int_t link_wait(struct caregate_keeper *keeper, struct caregate_wait *wait)
{
    ngx_http_cleanup_t *cleanup = ngx_http_cleanup_add(wait->request, 0);
    if (cleanup == NULL) {
        return NGX_DECLINED;
    }
    cleanup->handler = unlink_wait;
    cleanup->data = wait;
    wait->is_linked = 1;
    ngx_queue_insert_tail(&keeper->waiting, &wait->link);
    return NGX_OK;
}

static ngx_uint_t count_of(const ngx_queue_t *queue)
{
    ngx_uint_t count = 0;
    for (const ngx_queue_t *at = ngx_queue_head(queue); at != ngx_queue_sentinel(queue);
         at = ngx_queue_next(at)) {
        count++;
    }
    return count;
}

/* Whatever wakes the request up has to wait. */
static void sleep_on(ngx_http_request_t *r)
{
    (void)r;
}

ngx_int_t caregate_keeper_wait(struct caregate_keeper *keeper, ngx_http_request_t *r,
                               struct caregate_wait *wait)
{
    wait->request = r;
    /* Those who left without a word are not counted, so counting takes a walk, past a while. */
    if (++keeper->waiting_count > CAREGATE_TOKEN_WAITS_MAX) {
        keeper->waiting_count = count_of(&keeper->waiting) + 1;
    }
    if (keeper->waiting_count > CAREGATE_TOKEN_WAITS_MAX || link_wait(keeper, wait) != NGX_OK) {
        return NGX_DECLINED;
    }
    r->read_event_handler = ngx_http_test_reading;
    r->write_event_handler = sleep_on;
    if (!keeper->wait_timer.timer_set) {
        ngx_add_timer(&keeper->wait_timer, 1);
    }
    return NGX_OK;
}

static void resume(struct caregate_wait *wait)
{
    ngx_http_request_t *r = wait->request;
    ngx_connection_t *connection = r->connection;
    unlink_wait(wait);
    ngx_http_set_log_request(connection->log, r);
    wait->resume(r);
    ngx_http_run_posted_requests(connection);
}

/* Those who wait on come back into the list, which is another by then. */
static void wake_all(struct caregate_keeper *keeper)
{
    ngx_queue_t woken;
    ngx_queue_init(&woken);
    if (!ngx_queue_empty(&keeper->waiting)) {
        ngx_queue_add(&woken, &keeper->waiting);
        ngx_queue_init(&keeper->waiting);
    }
    keeper->waiting_count = 0;
    while (!ngx_queue_empty(&woken)) {
        resume(ngx_queue_data(ngx_queue_head(&woken), struct caregate_wait, link));
    }
}

static ngx_uint_t is_over(const struct caregate_wait *wait)
{
    return (ngx_msec_int_t)(ngx_current_msec - wait->until) >= 0;
}

/* The place of the first in the list says when time is over: all have the same patience. Who waits
 * although there is a token wanted something else: to call again, with the nonce that came. */
static void look(ngx_event_t *event)
{
    struct caregate_keeper *keeper = event->data;
    ngx_uint_t has_changed = keeper->turn != caregate_tokens_turn(keeper->profile);
    keeper->turn = caregate_tokens_turn(keeper->profile);
    ngx_uint_t has_token = keeper->value_len > 0;
    if (has_changed) {
        keeper->value_len = 0;
    }
    if (has_changed || has_token) {
        wake_all(keeper);
    }
    while (!ngx_queue_empty(&keeper->waiting)) {
        struct caregate_wait *first =
            ngx_queue_data(ngx_queue_head(&keeper->waiting), struct caregate_wait, link);
        if (!is_over(first)) {
            break;
        }
        resume(first);
    }
    if (!ngx_queue_empty(&keeper->waiting) && !event->timer_set) {
        ngx_add_timer(event, LOOK_MS);
    }
}

/* A token that is in use is renewed also while nobody calls; and a claim may have lapsed. */
static void tick(ngx_event_t *event)
{
    struct caregate_worker *worker = event->data;
    struct caregate_agent_work *work = &worker->agent;
    for (ngx_uint_t i = 0; i < work->count; i++) {
        struct caregate_keeper *keeper = &work->keepers[i];
        if ((keeper->is_used && !is_current(keeper)) || !ngx_queue_empty(&keeper->waiting)) {
            (void)look_and_ask(keeper);
        }
    }
    if (!ngx_exiting) {
        ngx_add_timer(event, TICK_MS);
    }
}

static ngx_int_t start_keeper(struct caregate_keeper *keeper, ngx_cycle_t *cycle)
{
    keeper->value = ngx_palloc(cycle->pool, VALUE_MAX);
    keeper->answer = ngx_pcalloc(cycle->pool, sizeof(*keeper->answer));
    keeper->task = ngx_thread_task_alloc(cycle->pool, sizeof(struct caregate_keeper *));
    if (keeper->value == NULL || keeper->answer == NULL || keeper->task == NULL) {
        return NGX_ERROR;
    }
    *(struct caregate_keeper **)keeper->task->ctx = keeper;
    keeper->task->handler = ask;
    keeper->task->event.data = keeper;
    keeper->task->event.handler = finish_ask;
    keeper->turn = caregate_tokens_turn(keeper->profile) - 1;
    ngx_queue_init(&keeper->waiting);
    keeper->wait_timer.handler = look;
    keeper->wait_timer.data = keeper;
    keeper->wait_timer.log = keeper->worker->log;
    cg_client_lock_memory(keeper->profile->client);
    return NGX_OK;
}

ngx_int_t caregate_keepers_start(struct caregate_worker *worker, ngx_cycle_t *cycle)
{
    struct caregate_agent_work *work = &worker->agent;
    const struct caregate_agent *agent = worker->conf->agent;
    struct caregate_profile *const *profiles = agent->profiles.elts;
    work->keepers = ngx_pcalloc(cycle->pool, agent->profiles.nelts * sizeof(work->keepers[0]));
    if (work->keepers == NULL) {
        return NGX_ERROR;
    }
    work->count = agent->profiles.nelts;
    for (ngx_uint_t i = 0; i < work->count; i++) {
        work->keepers[i].profile = profiles[i];
        work->keepers[i].worker = worker;
        if (start_keeper(&work->keepers[i], cycle) != NGX_OK) {
            return NGX_ERROR;
        }
    }
    caregate_tokens_sweep(agent);
    work->tick.handler = tick;
    work->tick.data = worker;
    work->tick.log = worker->log;
    work->tick.cancelable = 1;
    ngx_add_timer(&work->tick, TICK_MS);
    return NGX_OK;
}

/* The threads are gone by now. */
void caregate_keepers_finish(struct caregate_worker *worker)
{
    struct caregate_agent_work *work = &worker->agent;
    for (ngx_uint_t i = 0; i < work->count; i++) {
        struct caregate_keeper *keeper = &work->keepers[i];
        if (keeper->is_asking && keeper->answer->outcome == CG_CLIENT_GOT) {
            caregate_tokens_bring(keeper, keeper->answer);
        } else if (keeper->is_asking) {
            caregate_tokens_give_back(keeper);
        }
        cg_client_answer_release(keeper->answer);
        explicit_bzero(keeper->value, VALUE_MAX);
    }
}
