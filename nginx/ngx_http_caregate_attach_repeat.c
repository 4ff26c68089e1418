/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An API that no longer takes the token (RFC 6750 §3.1: 401 with error="invalid_token") is called
 * once more with a new one, if all of the request's body is at hand and nothing of the answer went
 * out. The call is not sent through the phases again: the location's handler makes it anew, as it
 * was, once the connection to the API has been given up.
 */
#include "ngx_http_caregate_module.h"

static ngx_uint_t is_word_end(const u_char *at, const u_char *end)
{
    return at == end || *at == ',' || *at == ' ' || *at == '\t' || *at == '"';
}

/* error="VALUE" or error=VALUE, of whichever scheme (RFC 9110 §11.2). */
static ngx_uint_t tells(ngx_str_t challenge, ngx_str_t value)
{
    static const ngx_str_t name = ngx_string("error");
    u_char *end = challenge.data + challenge.len;
    for (u_char *at = challenge.data; at + name.len < end; at++) {
        if (ngx_strncasecmp(at, name.data, name.len) != 0 ||
            (at > challenge.data && !is_word_end(at - 1, end))) {
            continue;
        }
        u_char *found = at + name.len;
        while (found < end && (*found == ' ' || *found == '=' || *found == '"')) {
            found++;
        }
        if ((size_t)(end - found) >= value.len && ngx_memcmp(found, value.data, value.len) == 0 &&
            is_word_end(found + value.len, end)) {
            return 1;
        }
    }
    return 0;
}

static ngx_uint_t is_refused_for(ngx_http_request_t *r, ngx_str_t error)
{
    static const ngx_str_t name = ngx_string("www-authenticate");
    ngx_list_part_t *part = &r->upstream->headers_in.headers.part;
    ngx_uint_t index = 0;
    if (r->upstream->headers_in.status_n != NGX_HTTP_UNAUTHORIZED) {
        return 0;
    }
    for (ngx_table_elt_t *header = caregate_header_next(&part, &index); header != NULL;
         header = caregate_header_next(&part, &index)) {
        if (header->key.len == name.len &&
            ngx_strncasecmp(header->key.data, name.data, name.len) == 0 &&
            tells(header->value, error)) {
            return 1;
        }
    }
    return 0;
}

/* A body that was passed on as it came is not there any more. */
static ngx_uint_t can_be_made_again(const ngx_http_request_t *r)
{
    return r == r->main && !r->header_sent && !r->cached && r->content_handler != NULL &&
           !r->request_body_no_buffering && r->upstream->cleanup != NULL &&
           !r->upstream->header_sent;
}

static void go_on(ngx_http_request_t *r);

/* Answers, after the first answer was given up. */
static void finish(ngx_http_request_t *r, ngx_int_t rc)
{
    if (rc != NGX_DONE) {
        ngx_http_finalize_request(r, rc);
    }
}

static void wait_on(ngx_http_request_t *r, struct caregate_mark *mark)
{
    struct caregate_attachment *attached = mark->attached;
    attached->wait.resume = go_on;
    if (caregate_keeper_wait(attached->keeper, r, &attached->wait) != NGX_OK) {
        finish(r, caregate_attach_refuse(r, mark, CG_REASON_TOKEN_WAIT_FULL, 1));
    }
}

static void call_again(ngx_http_request_t *r, struct caregate_mark *mark)
{
    if (caregate_attach_token(r, mark) != NGX_OK) {
        ngx_http_finalize_request(r, NGX_HTTP_INTERNAL_SERVER_ERROR);
        return;
    }
    r->write_event_handler = ngx_http_request_empty_handler;
    ngx_http_finalize_request(r, r->content_handler(r));
}

static void go_on(ngx_http_request_t *r)
{
    struct caregate_mark *mark = caregate_mark_find(r);
    enum cg_reason reason = CG_REASON_NONE;
    int64_t retry_s = 0;
    switch (caregate_keeper_get(mark->attached->keeper, &reason, &retry_s)) {
    case NGX_OK: call_again(r, mark); return;
    case NGX_AGAIN:
        if ((ngx_msec_int_t)(ngx_current_msec - mark->attached->wait.until) < 0) {
            wait_on(r, mark);
            return;
        }
        finish(r, caregate_attach_refuse(r, mark, CG_REASON_TOKEN_WAIT_OVER, 1));
        return;
    default: finish(r, caregate_attach_refuse(r, mark, reason, retry_s));
    }
}

/*
 * Gives the connection to the API up by the hook that nginx itself uses when a request gets another
 * upstream, which ends with NGX_DONE. The caller, which is nginx's sending of this very answer,
 * will find it given up and end with NGX_DONE, too: each takes a count.
 */
static void give_up(ngx_http_request_t *r)
{
    ngx_http_cleanup_pt give_up_upstream = *r->upstream->cleanup;
    r->main->count++;
    give_up_upstream(r);
    r->main->count++;
    ngx_http_clean_header(r);
}

/* Whether another try is worth it: with another token, or with the nonce that came (RFC 9449 §9).
 */
static ngx_uint_t is_worth_it(ngx_http_request_t *r, const struct caregate_attachment *attached)
{
    if (attached->keeper->profile->has_dpop &&
        is_refused_for(r, (ngx_str_t)ngx_string("use_dpop_nonce"))) {
        return 1;
    }
    return is_refused_for(r, (ngx_str_t)ngx_string("invalid_token")) &&
           caregate_tokens_reject(attached->keeper, caregate_attach_bare_token(attached));
}

ngx_uint_t caregate_repeat_begin(ngx_http_request_t *r, struct caregate_mark *mark)
{
    struct caregate_attachment *attached = mark->attached;
    if (r->upstream == NULL || attached->value.len == 0 || attached->is_repeated ||
        !can_be_made_again(r) || !is_worth_it(r, attached)) {
        return 0;
    }
    attached->is_repeated = 1;
    attached->wait.until = ngx_current_msec + caregate_keeper_patience(attached->keeper->profile);
    attached->wait.resume = go_on;
    if (caregate_keeper_wait(attached->keeper, r, &attached->wait) != NGX_OK) {
        return 0;
    }
    ngx_log_error(NGX_LOG_NOTICE, r->connection->log, 0,
                  "caregate: the API refuses the token or proof of profile \"%V\", it is called "
                  "again",
                  &attached->keeper->profile->name);
    give_up(r);
    return 1;
}
