/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The gate's handler. It stands at the head of the rewrite phase of locations: nothing answers from
 * a protected location before it, and main requests, subrequests, named locations and internal
 * redirects all pass here, which they do not do in the access phase. A refusal is a whole response,
 * so that neither satisfy nor error_page has a say.
 */
#include "ngx_http_caregate_module.h"

static ngx_int_t phase_answer(ngx_int_t rc)
{
    /* NGX_DECLINED would let the request go on. */
    return rc == NGX_DECLINED ? NGX_ERROR : rc;
}

static const struct cg_span *span_at(const struct cg_gate_verdict *verdict, size_t offset)
{
    return (const void *)((const u_char *)verdict + offset);
}

/*
 * Copies in the request's pool, all in one piece: the gate may forget the token while the request
 * is under way. What a verified token says of its caller is fit for a header.
 */
static ngx_int_t keep_caller(ngx_http_request_t *r, const struct cg_gate_verdict *verdict,
                             struct caregate_caller *caller)
{
    static const struct {
        size_t from; /* in the verdict */
        size_t to;   /* in the caller */
    } values[] = {
        {offsetof(struct cg_gate_verdict, realm), offsetof(struct caregate_caller, realm)},
        {offsetof(struct cg_gate_verdict, client_id), offsetof(struct caregate_caller, client_id)},
        {offsetof(struct cg_gate_verdict, organisation),
         offsetof(struct caregate_caller, organisation)},
        {offsetof(struct cg_gate_verdict, subject), offsetof(struct caregate_caller, subject)},
        {offsetof(struct cg_gate_verdict, scope), offsetof(struct caregate_caller, scope)},
        {offsetof(struct cg_gate_verdict, token_id), offsetof(struct caregate_caller, token_id)},
        {offsetof(struct cg_gate_verdict, actor), offsetof(struct caregate_caller, actor)},
        {offsetof(struct cg_gate_verdict, details), offsetof(struct caregate_caller, details)},
    };
    const size_t count = sizeof(values) / sizeof(values[0]);
    size_t len = 0;
    for (size_t i = 0; i < count; i++) {
        len += span_at(verdict, values[i].from)->len;
    }
    u_char *at = ngx_pnalloc(r->pool, len);
    if (at == NULL) {
        return NGX_ERROR;
    }
    for (size_t i = 0; i < count; i++) {
        const struct cg_span *from = span_at(verdict, values[i].from);
        ngx_str_t *to = (void *)((u_char *)caller + values[i].to);
        ngx_str_null(to); /* what is absent stays so: the audit leaves it out */
        if (from->len > 0) {
            *to = (ngx_str_t){.len = from->len, .data = at};
            at = ngx_cpymem(at, from->data, from->len);
        }
    }
    return NGX_OK;
}

static void note_refusal(ngx_http_request_t *r, const struct caregate_worker *worker,
                         const struct caregate_mark *mark)
{
    const struct caregate_loc_conf *conf = caregate_loc_conf_of(r);
    struct cg_refusal refusal = {
        .time_s = ngx_time(),
        .reason = mark->reason,
        .count = 1,
        .realm = caregate_span(mark->caller.realm.len > 0 ? mark->caller.realm : conf->api_realm),
        .api = caregate_span(conf->api),
        .client_id = caregate_span(mark->caller.client_id),
        .organisation = caregate_span(mark->caller.organisation),
        .token_id = caregate_span(mark->caller.token_id),
        .request_id = caregate_span(mark->visit->request_id),
        .address = caregate_span(r->connection->addr_text),
    };
    cg_gate_note_refusal(worker->gate, &refusal);
    ngx_log_error(NGX_LOG_INFO, r->connection->log, 0, "caregate: refused, %s, client_id \"%V\"",
                  cg_reason_name(mark->reason), &mark->caller.client_id);
}

static ngx_int_t send_refusal(ngx_http_request_t *r, const struct caregate_mark *mark)
{
    /* The status of an earlier error page would replace ours. */
    r->err_status = 0;
    return caregate_answer_send(r, &mark->refusal->response);
}

static void finish_body(ngx_http_request_t *r, ngx_int_t rc)
{
    ngx_http_finalize_request(r, rc == NGX_OK ? send_refusal(r, caregate_mark_find(r)) : rc);
}

/* The request goes no further than here: what is read is dropped, then the refusal is sent. */
static ngx_int_t drop_body_first(ngx_http_request_t *r)
{
    struct caregate_body *body = ngx_pcalloc(r->pool, sizeof(*body));
    if (body == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
    body->limit = CAREGATE_DROP_MAX;
    body->done = finish_body;
    ngx_int_t rc = caregate_body_read(r, body);
    if (rc >= NGX_HTTP_SPECIAL_RESPONSE) {
        return rc;
    }
    ngx_http_finalize_request(r, NGX_DONE);
    return NGX_DONE;
}

static ngx_int_t refuse(ngx_http_request_t *r, struct caregate_mark *mark,
                        const struct cg_gate_verdict *verdict)
{
    note_refusal(r, caregate_main_conf_of(r)->worker, mark);
    return caregate_refusal_answer(r, mark, caregate_loc_conf_of(r)->route, verdict);
}

ngx_int_t caregate_refusal_answer(ngx_http_request_t *r, struct caregate_mark *mark,
                                  const struct cg_gate_route *route,
                                  const struct cg_gate_verdict *verdict)
{
    mark->refusal = caregate_exchange_obtain(r);
    if (mark->refusal == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
    mark->refusal->request.request_id = caregate_span(mark->visit->request_id);
    if (cg_gate_refuse(route, verdict, mark->refusal) != CG_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
    if (caregate_answer_waits_for_body(r)) {
        return drop_body_first(r);
    }
    ngx_int_t rc = caregate_answer_discard_body(r);
    return rc != NGX_OK ? rc : send_refusal(r, mark);
}

/* What proxy_pass without a path sends on as it came; nothing where nginx has made the URI anew. */
static void see_sent(const ngx_http_request_t *r, struct cg_gate_request *request)
{
    ngx_str_t path = r->unparsed_uri;
    if (r != r->main || !r->valid_unparsed_uri) {
        return;
    }
    const u_char *mark = ngx_strlchr(path.data, path.data + path.len, '?');
    if (mark != NULL) {
        ngx_str_t query = {.data = path.data + (mark - path.data) + 1};
        query.len = path.len - (size_t)(query.data - path.data);
        path.len = (size_t)(mark - path.data);
        request->sent_query = caregate_span(query);
    }
    request->path = caregate_span(path);
}

/* Host and port that the client asked for: of the request line, if it has them (RFC 9112 §3.2.2),
 * else of the Host header, which over HTTP/2 nginx makes of :authority. */
static ngx_str_t authority_of(const ngx_http_request_t *r)
{
    if (r->host_start != NULL && r->host_end != NULL) {
        u_char *end = r->port_end != NULL ? r->port_end : r->host_end;
        return (ngx_str_t){.len = (size_t)(end - r->host_start), .data = r->host_start};
    }
    return r->headers_in.host != NULL ? r->headers_in.host->value : (ngx_str_t)ngx_string("");
}

/* nginx lets a Host have what ends a path: behind it no path of the request would be looked at. */
static ngx_uint_t has_delimiter(ngx_str_t host)
{
    for (size_t i = 0; i < host.len; i++) {
        if (host.data[i] == '?' || host.data[i] == '#') {
            return 1;
        }
    }
    return 0;
}

/* The URI that the client used, for the proof of possession that it made; absent when there is none
 * to be made of its Host, and without memory. */
static struct cg_span target_of(const ngx_http_request_t *r)
{
    ngx_str_t origin = caregate_loc_conf_of(r)->origin;
    ngx_str_t host = origin.len > 0 ? (ngx_str_t)ngx_string("") : authority_of(r->main);
    if (has_delimiter(host)) {
        return (struct cg_span){NULL, 0};
    }
    if (origin.len == 0) {
        origin = (ngx_str_t)ngx_string("http://");
    }
#if (NGX_HTTP_SSL)
    if (host.len > 0 && r->connection->ssl != NULL) {
        origin = (ngx_str_t)ngx_string("https://");
    }
#endif
    ngx_str_t path = r->main->unparsed_uri;
    size_t size = origin.len + host.len + path.len;
    u_char *text = ngx_pnalloc(r->pool, size);
    if (text == NULL) {
        return (struct cg_span){NULL, 0};
    }
    u_char *end = ngx_cpymem(text, origin.data, origin.len);
    end = ngx_cpymem(end, host.data, host.len);
    (void)ngx_cpymem(end, path.data, path.len);
    return (struct cg_span){.data = text, .len = size};
}

/* Of the client's own request line: error_page and X-Accel-Redirect make GET of other methods. Over
 * HTTP/2 nginx makes that line of :method. */
static struct cg_span sent_method(const ngx_http_request_t *r)
{
    ngx_str_t line = r->main->request_line;
    const u_char *end = ngx_strlchr(line.data, line.data + line.len, ' ');
    line.len = end == NULL ? 0 : (size_t)(end - line.data);
    return caregate_span(line);
}

/* The request as it came, for the library: of what it is made, not who makes it. */
static void see_own(ngx_http_request_t *r, const struct caregate_visit *visit,
                    struct cg_gate_request *request)
{
    request->query = caregate_span(r->args);
    request->method = cg_method_of(caregate_span(r->method_name));
    request->fhir.uri = caregate_span(r->uri);
    see_sent(r, request);
    if (visit->wants_proof) {
        request->method_name = sent_method(r);
        request->target = target_of(r);
    }
}

static ngx_int_t see_call(ngx_http_request_t *r, const struct caregate_mark *mark,
                          struct cg_gate_request *request)
{
    const struct caregate_loc_conf *conf = caregate_loc_conf_of(r);
    if (conf->smart_base.len > 0) {
        caregate_smart_see(r, mark, &request->fhir);
    }
    if (conf->forward != CAREGATE_FORWARD_NONE) {
        return caregate_forward_see(r, request);
    }
    see_own(r, mark->visit, request);
    return NGX_OK;
}

static ngx_int_t decide(ngx_http_request_t *r, const struct caregate_mark *mark,
                        struct cg_gate_verdict *ret_verdict)
{
    const struct caregate_visit *visit = mark->visit;
    const struct caregate_main_conf *main_conf = caregate_main_conf_of(r);
    const struct caregate_loc_conf *conf = caregate_loc_conf_of(r);
    struct cg_gate_request request = {
        .authorization = caregate_span(visit->authorization),
        .now_s = ngx_time(),
        .now_ms = caregate_now_ms(),
        .counted = visit->counted,
    };
    ngx_int_t rc = see_call(r, mark, &request);
    if (rc == NGX_DECLINED) {
        *ret_verdict = (struct cg_gate_verdict){.reason = CG_REASON_FORWARDED_REQUEST_UNCLEAR,
                                                .realm = caregate_span(conf->api_realm)};
        return NGX_OK;
    }
    caregate_certificate_find(r, visit, &request.certificate);
    if (visit->wants_proof) {
        request.proof = caregate_span(visit->proof);
        request.proof_count = (unsigned)visit->proof_count;
        request.is_proven = (unsigned)visit->is_proven;
    }
    cg_gate_decide(main_conf->worker->gate, conf->route, &request, ret_verdict);
    return rc;
}

/* Token and proof as they came with the request, although the gate has taken the headers away
 * since. For the proof one looks only where the scheme is DPoP, whose first letter no other has. */
static void see_authorization(ngx_http_request_t *r, struct caregate_visit *visit)
{
    if (visit->has_seen_authorization) {
        return;
    }
    visit->has_seen_authorization = 1;
    if (r->headers_in.authorization == NULL) {
        return;
    }
    visit->authorization = r->headers_in.authorization->value;
    if (visit->authorization.len > 0 && ngx_tolower(visit->authorization.data[0]) == 'd') {
        visit->wants_proof = 1;
        visit->proof_count = caregate_proof_find(r, &visit->proof);
    }
}

/* What the request has used up. The verdict borrows from the gate; what is to go onto the answer is
 * copied. */
static ngx_int_t keep_used(ngx_http_request_t *r, const struct cg_gate_verdict *verdict,
                           struct caregate_visit *visit)
{
    visit->is_proven |= verdict->is_proven;
    visit->counted |= verdict->counted;
    if (verdict->nonce.len == 0) {
        return NGX_OK;
    }
    u_char *copy = ngx_pnalloc(r->main->pool, verdict->nonce.len);
    if (copy == NULL) {
        return NGX_ERROR;
    }
    ngx_memcpy(copy, verdict->nonce.data, verdict->nonce.len);
    visit->nonce = (ngx_str_t){.len = verdict->nonce.len, .data = copy};
    return NGX_OK;
}

static ngx_int_t judge(ngx_http_request_t *r, struct caregate_mark *mark)
{
    const struct caregate_main_conf *conf = caregate_main_conf_of(r);
    struct cg_gate_verdict verdict;
    see_authorization(r, mark->visit);
    ngx_int_t rc = decide(r, mark, &verdict);
    mark->scan = NULL; /* another location that the request passes judges the body anew */
    if (rc == NGX_OK && verdict.wants_body != 0) {
        return phase_answer(caregate_scan_begin(r, mark));
    }
    if (rc != NGX_OK || keep_caller(r, &verdict, &mark->caller) != NGX_OK ||
        keep_used(r, &verdict, mark->visit) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
    mark->reason = verdict.reason;
    mark->decision = verdict.reason == CG_REASON_NONE ? CAREGATE_ALLOWED : CAREGATE_REFUSED;
    mark->upstream_before = r->upstream;
    caregate_mark_forget_variables(r);
    caregate_zone_count_gate(conf->worker, verdict.reason);
    if (verdict.reason != CG_REASON_NONE) {
        return phase_answer(refuse(r, mark, &verdict));
    }
    if (caregate_identity_set(r, mark) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
    return NGX_DECLINED;
}

ngx_int_t caregate_access_handler(ngx_http_request_t *r)
{
    const struct caregate_main_conf *main_conf = caregate_main_conf_of(r);
    const struct caregate_loc_conf *conf = caregate_loc_conf_of(r);
    if (conf->route == NULL) {
        /* A request that was in error before it was read jumps here without passing the strip. */
        return r->internal && r == r->main && caregate_mark_find(r) == NULL
                   ? caregate_identity_strip_handler(r)
                   : NGX_DECLINED;
    }
    struct caregate_mark *mark = caregate_mark_obtain(r);
    if (mark == NULL || main_conf->worker == NULL ||
        caregate_request_id_find(r, mark->visit) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
    return judge(r, mark);
}

static void come_first(ngx_http_phase_handler_t *first, ngx_http_handler_pt handler)
{
    ngx_http_phase_handler_t *ours = first;
    while (ours->checker == ngx_http_core_rewrite_phase && ours->handler != handler) {
        ours++;
    }
    if (ours->handler != handler) {
        return;
    }
    ngx_http_phase_handler_t saved = *ours;
    ngx_memmove(first + 1, first, (size_t)((u_char *)ours - (u_char *)first));
    *first = saved;
}

void caregate_access_come_first(ngx_cycle_t *cycle)
{
    const ngx_http_core_main_conf_t *core =
        ngx_http_cycle_get_module_main_conf(cycle, ngx_http_core_module);
    if (core == NULL || core->phase_engine.handlers == NULL ||
        core->phase_engine.location_rewrite_index == (ngx_uint_t)-1) {
        return;
    }
    ngx_http_phase_handler_t *first =
        &core->phase_engine.handlers[core->phase_engine.location_rewrite_index];
    come_first(first, caregate_attach_handler);
    come_first(first, caregate_access_handler);
}
