/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The library's answers on nginx's way out. An exchange stays with its request until the request's
 * pool goes, so that nothing needs a copy; then it is wiped and given back to the worker.
 */
#include "ngx_http_caregate_module.h"

struct loan {
    struct caregate_worker *worker;
    struct cg_exchange *exchange;
};

static void give_back(void *data)
{
    struct loan *loan = data;
    ngx_array_t *free_exchanges = &loan->worker->free_exchanges;
    if (free_exchanges->nelts >= CAREGATE_FREE_EXCHANGES_MAX) {
        (void)cg_exchange_free(loan->exchange);
        return;
    }
    cg_exchange_clear(loan->exchange);
    /* Room was made at the start: this cannot fail. */
    struct cg_exchange **place = ngx_array_push(free_exchanges);
    *place = loan->exchange;
}

static struct cg_exchange *take_exchange(struct caregate_worker *worker)
{
    struct cg_exchange **places = worker->free_exchanges.elts;
    if (worker->free_exchanges.nelts > 0) {
        worker->free_exchanges.nelts--;
        return places[worker->free_exchanges.nelts];
    }
    struct cg_exchange *exchange;
    return cg_exchange_new(&exchange) == CG_OK ? exchange : NULL;
}

struct cg_exchange *caregate_exchange_obtain(ngx_http_request_t *r)
{
    const struct caregate_main_conf *conf = caregate_main_conf_of(r);
    ngx_pool_cleanup_t *cleanup = ngx_pool_cleanup_add(r->pool, sizeof(struct loan));
    if (cleanup == NULL) {
        return NULL;
    }
    struct loan *loan = cleanup->data;
    loan->worker = conf->worker;
    loan->exchange = take_exchange(conf->worker);
    if (loan->exchange == NULL) {
        return NULL;
    }
    cleanup->handler = give_back;
    return loan->exchange;
}

void caregate_exchanges_free(struct caregate_worker *worker)
{
    struct cg_exchange **places = worker->free_exchanges.elts;
    for (ngx_uint_t i = 0; i < worker->free_exchanges.nelts; i++) {
        (void)cg_exchange_free(places[i]);
    }
    worker->free_exchanges.nelts = 0;
}

/* A client that waits for "100 Continue" is told the answer instead, and may not send its body. */
ngx_int_t caregate_answer_discard_body(ngx_http_request_t *r)
{
    if (r->headers_in.expect != NULL && !r->expect_tested) {
        r->keepalive = 0;
    }
    r->expect_tested = 1;
    return ngx_http_discard_request_body(r);
}

/*
 * RFC 9113 §8.1 lets a server answer before it has read the body, and reset the stream. Some
 * clients (curl 7.88 is one) then lose the answer: over HTTP/2 a body of reasonable size is read
 * first.
 */
ngx_uint_t caregate_answer_waits_for_body(const ngx_http_request_t *r)
{
    return r == r->main && r->http_version == NGX_HTTP_VERSION_20 && r->request_body == NULL &&
           (r->headers_in.content_length_n > 0 || r->headers_in.chunked) &&
           r->headers_in.content_length_n <= CAREGATE_DROP_MAX && !r->discard_body;
}

static ngx_uint_t is_named(const struct cg_header *header, const char *name)
{
    return header->name.len == ngx_strlen(name) &&
           ngx_strncasecmp(caregate_str(header->name).data, (u_char *)(uintptr_t)name,
                           header->name.len) == 0;
}

static ngx_int_t add_header(ngx_http_request_t *r, const struct cg_header *header)
{
    if (is_named(header, "Content-Type")) {
        r->headers_out.content_type = caregate_str(header->value);
        r->headers_out.content_type_len = header->value.len;
        r->headers_out.content_type_lowcase = NULL;
        return NGX_OK;
    }
    ngx_table_elt_t *added = ngx_list_push(&r->headers_out.headers);
    if (added == NULL) {
        return NGX_ERROR;
    }
    ngx_memzero(added, sizeof(*added));
    added->hash = 1;
    added->key = caregate_str(header->name);
    added->value = caregate_str(header->value);
    if (is_named(header, "WWW-Authenticate")) {
        r->headers_out.www_authenticate = added;
    }
    return NGX_OK;
}

ngx_int_t caregate_answer_head(ngx_http_request_t *r, const struct cg_response *response)
{
    r->headers_out.status = response->http_status;
    r->headers_out.status_line.len = 0;
    ngx_http_clear_content_length(r);
    ngx_http_clear_accept_ranges(r);
    ngx_http_clear_last_modified(r);
    ngx_http_clear_etag(r);
    r->headers_out.content_length_n = (off_t)response->body.len;
    for (size_t i = 0; i < response->header_count; i++) {
        if (add_header(r, &response->headers[i]) != NGX_OK) {
            return NGX_ERROR;
        }
    }
    return NGX_OK;
}

ngx_chain_t *caregate_answer_body(ngx_http_request_t *r, const struct cg_response *response)
{
    ngx_buf_t *buffer = ngx_calloc_buf(r->pool);
    ngx_chain_t *link = ngx_alloc_chain_link(r->pool);
    if (buffer == NULL || link == NULL) {
        return NULL;
    }
    ngx_str_t body = caregate_str(response->body);
    buffer->pos = body.data;
    buffer->last = body.data + body.len;
    buffer->start = buffer->pos;
    buffer->end = buffer->last;
    buffer->memory = body.len > 0;
    buffer->last_buf = r == r->main;
    buffer->last_in_chain = 1;
    link->buf = buffer;
    link->next = NULL;
    return link;
}

ngx_int_t caregate_answer_send(ngx_http_request_t *r, const struct cg_response *response)
{
    /* nginx closes a connection with a rest of a body on it; the client had better know (RFC 9112
     * §9.6). */
    if (r->main->reading_body) {
        r->keepalive = 0;
    }
    if (caregate_answer_head(r, response) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
    ngx_chain_t *body = caregate_answer_body(r, response);
    if (body == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
    ngx_int_t rc = ngx_http_send_header(r);
    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only || r->post_action ||
        (r != r->main && response->body.len == 0)) {
        return rc;
    }
    return ngx_http_output_filter(r, body);
}
