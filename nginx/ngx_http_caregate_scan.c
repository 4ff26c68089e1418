/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests whose body decides (a batch, a transaction, the form of a search): the body is read in
 * front of the location's own handlers, a pool thread scans it, and the request comes to the gate
 * again with what was found. Until then it stands still; whatever wakes it up has to wait.
 */
#include "ngx_http_caregate_module.h"

struct job {
    ngx_http_request_t *request;
    struct caregate_worker *worker;
    struct cg_gate_scan *scan;
    ngx_chain_t *chain; /* the body, in memory and in a file */
    u_char *room;       /* for all of it in one piece */
    size_t len;
    ngx_uint_t is_lost; /* the file could not be read */
};

static void free_scan(void *data)
{
    (void)cg_gate_scan_free(data);
}

/* Whether a scan outlives this location: a jump to another one makes its own. */
static ngx_int_t keep_scan(ngx_http_request_t *r, struct caregate_mark *mark,
                           struct cg_gate_scan *scan)
{
    ngx_pool_cleanup_t *cleanup = ngx_pool_cleanup_add(r->pool, 0);
    if (scan == NULL || cleanup == NULL) {
        (void)cg_gate_scan_free(scan);
        return NGX_ERROR;
    }
    cleanup->data = scan;
    cleanup->handler = free_scan;
    mark->scan = scan;
    return NGX_OK;
}

/* Pool thread. */
static ngx_int_t copy_piece(const ngx_buf_t *buffer, u_char **at)
{
    if (ngx_buf_in_memory(buffer)) {
        *at = ngx_cpymem(*at, buffer->pos, (size_t)(buffer->last - buffer->pos));
        return NGX_OK;
    }
    off_t from = buffer->file_pos;
    while (from < buffer->file_last) {
        ssize_t got = pread(buffer->file->fd, *at, (size_t)(buffer->file_last - from), from);
        if (got <= 0) {
            return NGX_ERROR;
        }
        from += got;
        *at += got;
    }
    return NGX_OK;
}

/* Pool thread. */
static void run_job(void *data, ngx_log_t *log)
{
    struct job *job = data;
    u_char *at = job->room;
    (void)log;
    caregate_thread_be_nice(job->worker);
    for (const ngx_chain_t *link = job->chain; link != NULL; link = link->next) {
        if (copy_piece(link->buf, &at) != NGX_OK) {
            job->is_lost = 1;
            return;
        }
    }
    cg_gate_scan_run(job->scan, (struct cg_span){.data = job->room, .len = job->len});
}

static void wake(ngx_http_request_t *r)
{
    (void)r;
}

static void resume(ngx_http_request_t *r)
{
    r->write_event_handler = ngx_http_core_run_phases;
    ngx_http_core_run_phases(r);
}

static void finish_job(ngx_event_t *event)
{
    struct job *job = event->data;
    ngx_http_request_t *r = job->request;
    ngx_connection_t *connection = r->connection;
    caregate_queue_drop(job->worker);
    ngx_http_set_log_request(connection->log, r);
    r->main->blocked--;
    r->aio = 0;
    if (r->write_event_handler != wake) {
        /* The request was ended in the meantime; its handler knows how to let go of it. */
        r->write_event_handler(r);
    } else if (job->is_lost) {
        ngx_http_finalize_request(r, NGX_HTTP_INTERNAL_SERVER_ERROR);
    } else {
        resume(r);
    }
    ngx_http_run_posted_requests(connection);
}

static size_t body_len(const ngx_chain_t *chain)
{
    size_t len = 0;
    for (const ngx_chain_t *link = chain; link != NULL; link = link->next) {
        len += (size_t)ngx_buf_size(link->buf);
    }
    return len;
}

static ngx_thread_task_t *make_task(ngx_http_request_t *r, const struct caregate_mark *mark)
{
    ngx_thread_task_t *task = ngx_thread_task_alloc(r->pool, sizeof(struct job));
    if (task == NULL) {
        return NULL;
    }
    struct job *job = task->ctx;
    *job = (struct job){
        .request = r,
        .worker = caregate_main_conf_of(r)->worker,
        .scan = mark->scan,
        .chain = r->request_body == NULL ? NULL : r->request_body->bufs,
    };
    job->len = body_len(job->chain);
    job->room = ngx_pnalloc(r->pool, job->len + 1);
    task->handler = run_job;
    task->event.data = job;
    task->event.handler = finish_job;
    return job->room == NULL ? NULL : task;
}

/* The body is there. What is too large is not scanned: the gate looks at its size again. */
static void scan_body(ngx_http_request_t *r)
{
    struct caregate_mark *mark = caregate_mark_find(r);
    const struct caregate_main_conf *conf = caregate_main_conf_of(r);
    mark->body_bytes = (uint64_t)body_len(r->request_body == NULL ? NULL : r->request_body->bufs);
    if (mark->body_bytes > caregate_loc_conf_of(r)->bundle_max) {
        resume(r);
        return;
    }
    ngx_thread_task_t *task = make_task(r, mark);
    if (task == NULL) {
        ngx_http_finalize_request(r, NGX_HTTP_INTERNAL_SERVER_ERROR);
        return;
    }
    if (ngx_thread_task_post(conf->pool, task) != NGX_OK) {
        ngx_http_finalize_request(r, NGX_HTTP_SERVICE_UNAVAILABLE);
        return;
    }
    r->read_event_handler = ngx_http_block_reading;
    r->write_event_handler = wake;
    r->main->blocked++;
    r->aio = 1;
    caregate_queue_hold(conf->worker);
}

ngx_int_t caregate_scan_begin(ngx_http_request_t *r, struct caregate_mark *mark)
{
    const struct caregate_main_conf *conf = caregate_main_conf_of(r);
    if (keep_scan(r, mark, cg_gate_take_scan(conf->worker->gate)) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
    r->request_body_no_buffering = 0;
    ngx_int_t rc = ngx_http_read_client_request_body(r, scan_body);
    if (rc >= NGX_HTTP_SPECIAL_RESPONSE) {
        return rc;
    }
    ngx_http_finalize_request(r, NGX_DONE);
    return NGX_DONE;
}
