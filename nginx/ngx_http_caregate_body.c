/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads a request's body without nginx's buffering: no more than a bound is kept whatever the
 * configuration says, nothing ends in a temporary file, and nginx's buffers are wiped as they are
 * emptied, since a body may hold a secret.
 */
#include "ngx_http_caregate_module.h"

static size_t take(struct caregate_body *body, ngx_buf_t *buffer)
{
    size_t len = ngx_buf_in_memory(buffer) ? (size_t)(buffer->last - buffer->pos) : 0;
    if (len == 0) {
        return 0;
    }
    if (body->seen + len <= body->size) {
        ngx_memcpy(body->data + body->seen, buffer->pos, len);
    }
    body->seen += len;
    explicit_bzero(buffer->pos, len);
    buffer->pos = buffer->last;
    return len;
}

/* Empties nginx's buffers. Returns how much was in them. */
static size_t take_all(ngx_http_request_t *r, struct caregate_body *body)
{
    size_t sum = 0;
    if (r->request_body == NULL) {
        return 0;
    }
    for (ngx_chain_t *link = r->request_body->bufs; link != NULL; link = link->next) {
        sum += take(body, link->buf);
    }
    r->request_body->bufs = NULL;
    return sum;
}

/* What came last may be in nginx's buffer still, when its reader gave up. */
static void wipe_rest(ngx_http_request_t *r)
{
    const ngx_buf_t *buffer = r->request_body == NULL ? NULL : r->request_body->buf;
    if (buffer != NULL) {
        explicit_bzero(buffer->start, (size_t)(buffer->last - buffer->start));
    }
}

static void end(ngx_http_request_t *r, struct caregate_body *body, ngx_int_t rc)
{
    if (r == r->main && r->connection->read->timer_set) {
        ngx_del_timer(r->connection->read);
    }
    r->read_event_handler = ngx_http_block_reading;
    body->done(r, rc);
}

static void read_on(ngx_http_request_t *r)
{
    struct caregate_body *body = caregate_mark_find(r)->body;
    for (;;) {
        ngx_int_t rc = ngx_http_read_unbuffered_request_body(r);
        if (rc >= NGX_HTTP_SPECIAL_RESPONSE) {
            wipe_rest(r);
            end(r, body, rc);
            return;
        }
        size_t got = take_all(r, body);
        if (rc == NGX_OK || body->seen > body->limit) {
            end(r, body, NGX_OK);
            return;
        }
        if (got == 0) {
            return;
        }
    }
}

static void begin(ngx_http_request_t *r)
{
    struct caregate_body *body = caregate_mark_find(r)->body;
    (void)take_all(r, body);
    if (!r->reading_body || body->seen > body->limit) {
        end(r, body, NGX_OK);
        return;
    }
    r->read_event_handler = read_on;
    r->write_event_handler = ngx_http_request_empty_handler;
    read_on(r);
}

ngx_int_t caregate_body_read(ngx_http_request_t *r, struct caregate_body *body)
{
    caregate_mark_find(r)->body = body;
    r->request_body_no_buffering = 1;
    return ngx_http_read_client_request_body(r, begin);
}
