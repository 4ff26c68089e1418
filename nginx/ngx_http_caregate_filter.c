/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What goes onto responses of protected and issuing locations: X-Request-ID; a nonce for the next
 * proof of possession, when the client needs another; and, where nginx could not reach the API
 * behind, a body of the same shape as the gate's refusals. What the API itself answered passes
 * untouched, and so does a page of the operator's own.
 */
#include "ngx_http_caregate_module.h"

static enum cg_reason upstream_reason(ngx_uint_t status)
{
    switch (status) {
    case NGX_HTTP_BAD_GATEWAY: return CG_REASON_UPSTREAM_UNREACHABLE;
    case NGX_HTTP_SERVICE_UNAVAILABLE: return CG_REASON_UPSTREAM_UNAVAILABLE;
    case NGX_HTTP_GATEWAY_TIME_OUT: return CG_REASON_UPSTREAM_TIMEOUT;
    default: return CG_REASON_NONE;
    }
}

/*
 * err_status is set where nginx makes an error, and stays set for the answer of an error page. The
 * upstream must be this location's, and nginx must be done with it: while it passes on an answer,
 * it holds the cleanup.
 */
static ngx_uint_t is_upstream_error(const ngx_http_request_t *r, const struct caregate_mark *mark)
{
    return mark->decision == CAREGATE_ALLOWED && mark->replacement == NULL &&
           upstream_reason(r->err_status) != CG_REASON_NONE && r->upstream != NULL &&
           r->upstream != mark->upstream_before && r->upstream->cleanup == NULL && !r->cached;
}

static void drop_headers(ngx_http_request_t *r)
{
    if (r->headers_out.content_encoding != NULL) {
        r->headers_out.content_encoding->hash = 0;
        r->headers_out.content_encoding = NULL;
    }
    if (r->headers_out.refresh != NULL) {
        r->headers_out.refresh->hash = 0;
        r->headers_out.refresh = NULL;
    }
    r->headers_out.charset.len = 0;
}

static ngx_int_t replace(ngx_http_request_t *r, struct caregate_mark *mark)
{
    const struct caregate_loc_conf *conf = caregate_loc_conf_of(r);
    struct cg_gate_verdict verdict = {
        .reason = upstream_reason(r->err_status),
        .realm = caregate_span(mark->caller.realm),
    };
    struct cg_exchange *exchange = conf->route == NULL ? NULL : caregate_exchange_obtain(r);
    if (exchange == NULL) {
        return NGX_OK;
    }
    exchange->request.request_id = caregate_span(mark->visit->request_id);
    if (cg_gate_refuse(conf->route, &verdict, exchange) != CG_OK) {
        return NGX_OK;
    }
    drop_headers(r);
    mark->reason = verdict.reason;
    mark->replacement = exchange;
    caregate_mark_forget_variables(r);
    return caregate_answer_head(r, &exchange->response);
}

static ngx_uint_t has_header(const ngx_http_request_t *r, ngx_str_t name)
{
    for (const ngx_list_part_t *part = &r->headers_out.headers.part; part != NULL;
         part = part->next) {
        const ngx_table_elt_t *headers = part->elts;
        for (ngx_uint_t i = 0; i < part->nelts; i++) {
            if (headers[i].hash != 0 && headers[i].key.len == name.len &&
                ngx_strncasecmp(headers[i].key.data, name.data, name.len) == 0) {
                return 1;
            }
        }
    }
    return 0;
}

static ngx_int_t add_header(ngx_http_request_t *r, ngx_str_t name, ngx_str_t value)
{
    if (value.len == 0 || has_header(r, name)) {
        return NGX_OK;
    }
    ngx_table_elt_t *header = ngx_list_push(&r->headers_out.headers);
    if (header == NULL) {
        return NGX_ERROR;
    }
    ngx_memzero(header, sizeof(*header));
    header->hash = 1;
    header->key = name;
    header->value = value;
    return NGX_OK;
}

/* RFC 9449 §8.2: an answer with a nonce should not be kept, lest an old one be used. */
static ngx_int_t add_nonce(ngx_http_request_t *r, ngx_str_t nonce)
{
    if (add_header(r, (ngx_str_t)ngx_string("DPoP-Nonce"), nonce) != NGX_OK) {
        return NGX_ERROR;
    }
    return add_header(r, (ngx_str_t)ngx_string("Cache-Control"), (ngx_str_t)ngx_string("no-store"));
}

static ngx_int_t add_headers(ngx_http_request_t *r, const struct caregate_visit *visit)
{
    if (r != r->main) {
        return NGX_OK;
    }
    if (visit->nonce.len > 0 && add_nonce(r, visit->nonce) != NGX_OK) {
        return NGX_ERROR;
    }
    return add_header(r, (ngx_str_t)ngx_string("X-Request-ID"), visit->request_id);
}

ngx_int_t caregate_header_filter(ngx_http_request_t *r)
{
    const struct caregate_main_conf *conf = caregate_main_conf_of(r);
    struct caregate_mark *mark = caregate_mark_find(r);
    if (mark == NULL) {
        return conf->next_header_filter(r);
    }
    if (mark->attached != NULL) {
        caregate_attach_keep_nonce(r, mark);
        if (caregate_repeat_begin(r, mark)) {
            return NGX_ERROR; /* by which nginx lets go of this answer */
        }
        caregate_attach_clean_answer(r, mark);
    }
    if (is_upstream_error(r, mark) && replace(r, mark) != NGX_OK) {
        return NGX_ERROR;
    }
    if (add_headers(r, mark->visit) != NGX_OK) {
        return NGX_ERROR;
    }
    return conf->next_header_filter(r);
}

static void swallow(ngx_chain_t *in)
{
    for (; in != NULL; in = in->next) {
        in->buf->pos = in->buf->last;
        in->buf->file_pos = in->buf->file_last;
    }
}

ngx_int_t caregate_body_filter(ngx_http_request_t *r, ngx_chain_t *in)
{
    const struct caregate_main_conf *conf = caregate_main_conf_of(r);
    struct caregate_mark *mark = ngx_http_get_module_ctx(r, ngx_http_caregate_module);
    if (mark == NULL || mark->replacement == NULL || in == NULL) {
        return conf->next_body_filter(r, in);
    }
    swallow(in);
    if (mark->replaced) {
        return conf->next_body_filter(r, NULL);
    }
    ngx_chain_t *body = caregate_answer_body(r, &mark->replacement->response);
    if (body == NULL) {
        return NGX_ERROR;
    }
    mark->replaced = 1;
    return conf->next_body_filter(r, body);
}
