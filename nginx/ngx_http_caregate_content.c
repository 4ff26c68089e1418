/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The issuer's content handler: reads a bounded body, queues the request, and sends the answer when
 * a pool thread has made it.
 * What held a secret is wiped as soon as it is used.
 */
#include "ngx_http_caregate_module.h"

#if (NGX_HTTP_V2)
#include <ngx_http_v2_module.h>
#endif

/* What may follow the realm's path. A path of another realm is none of this location's. */
static const ngx_str_t suffixes[] = {
    ngx_string("/oauth/"),
    ngx_string("/.well-known/"),
    ngx_string("/admin/"),
    ngx_string("/console/"),
};

static ngx_uint_t starts_with(ngx_str_t text, ngx_str_t start)
{
    return text.len >= start.len && ngx_strncmp(text.data, start.data, start.len) == 0;
}

static ngx_str_t after(ngx_str_t text, size_t len)
{
    return (ngx_str_t){.len = text.len - len, .data = text.data + len};
}

/* RFC 8414 §3.1: /.well-known/NAME, then the realm's path. */
static ngx_uint_t is_well_known_of(ngx_str_t path, ngx_str_t realm)
{
    static const ngx_str_t start = ngx_string("/.well-known/");
    if (!starts_with(path, start) || path.len <= start.len + realm.len) {
        return 0;
    }
    ngx_str_t end = after(path, path.len - realm.len);
    ngx_str_t name = {.len = path.len - start.len - realm.len, .data = path.data + start.len};
    return starts_with(end, realm) && ngx_strlchr(name.data, name.data + name.len, '/') == NULL;
}

static ngx_uint_t is_of_realm(ngx_str_t path, ngx_str_t realm)
{
    if (is_well_known_of(path, realm)) {
        return 1;
    }
    if (!starts_with(path, realm)) {
        return 0;
    }
    for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
        if (starts_with(after(path, realm.len), suffixes[i])) {
            return 1;
        }
    }
    return 0;
}

static void wipe(u_char *data, size_t len)
{
    if (data != NULL) {
        explicit_bzero(data, len);
    }
}

/* Header memory that held a client's secret in Basic form, and what nginx decoded of it for logs.
 */
static void wipe_authorization(ngx_http_request_t *r)
{
    ngx_table_elt_t *header = r->headers_in.authorization;
    if (header != NULL) {
        wipe(header->value.data, header->value.len);
        header->value.len = 0;
        r->headers_in.authorization = NULL;
    }
    wipe(r->headers_in.passwd.data, r->headers_in.passwd.len);
    r->headers_in.passwd.len = 0;
}

static void wipe_secrets(struct caregate_entry *entry)
{
    struct cg_request *request = &entry->exchange->request;
    wipe(entry->body.data, entry->body.size);
    wipe_authorization(entry->request);
    request->authorization = (struct cg_span){NULL, 0};
    request->body = (struct cg_span){NULL, 0};
}

static ngx_int_t copy_text(ngx_http_request_t *r, struct cg_span from, ngx_str_t *ret_copy)
{
    u_char *copy = ngx_pnalloc(r->pool, from.len + 1);
    if (copy == NULL) {
        return NGX_ERROR;
    }
    ngx_memcpy(copy, from.data == NULL ? (const uint8_t *)"" : from.data, from.len);
    *ret_copy = (ngx_str_t){.len = from.len, .data = copy};
    return NGX_OK;
}

static ngx_int_t keep_outcome(ngx_http_request_t *r, const struct cg_response *response)
{
    struct caregate_mark *mark = caregate_mark_obtain(r);
    if (mark == NULL || copy_text(r, response->client_id, &mark->caller.client_id) != NGX_OK ||
        copy_text(r, response->token_id, &mark->caller.token_id) != NGX_OK) {
        return NGX_ERROR;
    }
    mark->reason = response->reason;
    if (response->reason != CG_REASON_NONE) {
        mark->decision = CAREGATE_REFUSED;
        ngx_log_error(NGX_LOG_INFO, r->connection->log, 0,
                      "caregate: refused, %s, client_id \"%V\"", cg_reason_name(response->reason),
                      &mark->caller.client_id);
    }
    if (response->token_id.len > 0) {
        mark->decision = CAREGATE_ISSUED;
    }
    caregate_mark_forget_variables(r);
    return NGX_OK;
}

static ngx_int_t answer(struct caregate_entry *entry)
{
    ngx_http_request_t *r = entry->request;
    const struct cg_response *response = &entry->exchange->response;
    const struct caregate_main_conf *conf = caregate_main_conf_of(r);
    wipe_secrets(entry);
    caregate_zone_count_issuer(conf->worker, response);
    if (keep_outcome(r, response) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
    r->err_status = 0;
    return caregate_answer_send(r, response);
}

void caregate_content_wipe_frames(ngx_http_request_t *r)
{
#if (NGX_HTTP_V2)
    const ngx_http_v2_main_conf_t *conf = ngx_http_get_module_main_conf(r, ngx_http_v2_module);
    wipe(conf->recv_buffer, conf->recv_buffer_size);
#else
    (void)r;
#endif
}

/* While a pool thread has the request, whatever wakes it up has to wait. */
static void wake(ngx_http_request_t *r)
{
    (void)r;
}

void caregate_content_resume(struct caregate_entry *entry)
{
    ngx_http_request_t *r = entry->request;
    ngx_connection_t *connection = r->connection;
    ngx_http_set_log_request(connection->log, r);
    r->main->blocked--;
    r->aio = 0;
    if (r->write_event_handler == wake) {
        ngx_http_finalize_request(r, answer(entry));
    } else {
        /* The request was ended in the meantime; its handler knows how to let go of it. */
        wipe_secrets(entry);
        r->write_event_handler(r);
    }
    ngx_http_run_posted_requests(connection);
}

/* Takes the request off the loop, or answers that it cannot. The caller holds a count on it. */
static void enqueue(struct caregate_entry *entry)
{
    ngx_http_request_t *r = entry->request;
    const struct caregate_main_conf *conf = caregate_main_conf_of(r);
    struct cg_request *request = &entry->exchange->request;
    if (entry->body.seen > entry->body.size) {
        request->body_too_large = 1;
    } else if (entry->body.data != NULL) {
        request->body = (struct cg_span){.data = entry->body.data, .len = entry->body.seen};
    }
    r->read_event_handler = ngx_http_block_reading;
    r->write_event_handler = wake;
    r->main->blocked++;
    r->aio = 1;
    if (caregate_queue_push(conf->worker, entry) == NGX_OK) {
        return;
    }
    ngx_log_error(
        NGX_LOG_WARN, r->connection->log, 0,
        "caregate: a caller has filled its share of the queue, a request is answered 503");
    cg_issuer_answer_unavailable(entry->exchange, CG_REASON_QUEUE_FULL);
    r->main->blocked--;
    r->aio = 0;
    ngx_http_finalize_request(r, answer(entry));
}

static void finish_body(ngx_http_request_t *r, ngx_int_t rc)
{
    struct caregate_entry *entry = caregate_mark_find(r)->entry;
    if (rc != NGX_OK) {
        wipe_secrets(entry);
        ngx_http_finalize_request(r, rc);
        return;
    }
    enqueue(entry);
}

static struct caregate_entry *make_entry(ngx_http_request_t *r)
{
    struct caregate_mark *mark = caregate_mark_obtain(r);
    struct caregate_entry *entry = ngx_pcalloc(r->pool, sizeof(*entry));
    if (mark == NULL || entry == NULL || caregate_request_id_find(r, mark->visit) != NGX_OK) {
        return NULL;
    }
    entry->request = r;
    entry->exchange = caregate_exchange_obtain(r);
    if (entry->exchange == NULL) {
        return NULL;
    }
    const struct caregate_loc_conf *conf = caregate_loc_conf_of(r);
    struct cg_request *request = &entry->exchange->request;
    caregate_convert_request(r, request);
    request->request_id = caregate_span(mark->visit->request_id);
    caregate_certificate_find(r, mark->visit, &request->certificate);
    if (!is_of_realm(r->uri, conf->issuer_realm)) {
        /* The library answers that there is no such endpoint. */
        request->path = (struct cg_span){.data = (const uint8_t *)"/", .len = 1};
    }
    mark->entry = entry;
    return entry;
}

static ngx_int_t make_room(ngx_http_request_t *r, struct caregate_body *body)
{
    off_t len = r->headers_in.content_length_n;
    body->done = finish_body;
    if (len <= 0 && !r->headers_in.chunked) {
        return NGX_OK;
    }
    body->size = len > 0 && len < CG_ISSUER_BODY_MAX_BYTES ? (size_t)len : CG_ISSUER_BODY_MAX_BYTES;
    body->limit = caregate_answer_waits_for_body(r) ? CAREGATE_DROP_MAX : body->size;
    body->data = ngx_pnalloc(r->pool, body->size);
    return body->data == NULL ? NGX_ERROR : NGX_OK;
}

/* What came along with the headers may hold a secret, too. */
static ngx_int_t refuse_body(struct caregate_entry *entry)
{
    ngx_http_request_t *r = entry->request;
    off_t preread = r->header_in->last - r->header_in->pos;
    if (r->http_version < NGX_HTTP_VERSION_20) {
        wipe(r->header_in->pos, (size_t)ngx_min(preread, r->headers_in.content_length_n));
    }
    ngx_int_t rc = caregate_answer_discard_body(r);
    if (rc != NGX_OK) {
        return rc;
    }
    /* More was announced than there is room for. */
    entry->body.seen = entry->body.size + 1;
    r->main->count++;
    enqueue(entry);
    return NGX_DONE;
}

ngx_int_t caregate_content_handler(ngx_http_request_t *r)
{
    const struct caregate_main_conf *conf = caregate_main_conf_of(r);
    if (conf->worker == NULL) {
        return NGX_HTTP_SERVICE_UNAVAILABLE;
    }
    struct caregate_entry *entry = make_entry(r);
    if (entry == NULL || make_room(r, &entry->body) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
    if (r->headers_in.content_length_n > CG_ISSUER_BODY_MAX_BYTES &&
        !caregate_answer_waits_for_body(r)) {
        return refuse_body(entry);
    }
    ngx_int_t rc = caregate_body_read(r, &entry->body);
    if (rc >= NGX_HTTP_SPECIAL_RESPONSE) {
        wipe_secrets(entry);
        return rc;
    }
    return NGX_DONE;
}
