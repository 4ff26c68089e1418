/* SPDX-License-Identifier: Apache-2.0 */
/*
 * caregate_attach: a request of a local system goes on with an access token that the system never
 * sees. The handler stands at the head of the rewrite phase, as the gate's does, so that also what
 * jumps to another location passes here: there the token is taken off again.
 */
#include "ngx_http_caregate_module.h"

#include <sys/socket.h>

/* Shorter than any token: what a header of an answer may give back is not looked for in less. */
#define ECHO_MIN 16

static ngx_uint_t is_of_this_machine(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET) {
        return (ntohl(((const struct sockaddr_in *)(const void *)address)->sin_addr.s_addr) >>
                24) == 127;
    }
    return address->sa_family == AF_INET6 &&
           IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)(const void *)address)->sin6_addr);
}

/* Who is at the other end of a Unix socket, the kernel says. */
static ngx_uint_t is_user_allowed(const ngx_connection_t *connection, const ngx_array_t *users)
{
    struct ucred peer = {.uid = (uid_t)-1};
    socklen_t len = sizeof(peer);
    if (users == NULL || getsockopt(connection->fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) != 0) {
        return 0;
    }
    const uid_t *allowed = users->elts;
    for (ngx_uint_t i = 0; i < users->nelts; i++) {
        if (allowed[i] == peer.uid) {
            return 1;
        }
    }
    return 0;
}

static ngx_uint_t is_caller_allowed(const ngx_http_request_t *r,
                                    const struct caregate_profile *profile)
{
    const ngx_connection_t *connection = r->connection;
    if (connection->listening->sockaddr->sa_family == AF_UNIX) {
        return is_user_allowed(connection, profile->users);
    }
    if (profile->addresses != NULL) {
        return ngx_cidr_match(connection->sockaddr, profile->addresses) == NGX_OK;
    }
    return profile->users == NULL && is_of_this_machine(connection->sockaddr);
}

ngx_int_t caregate_attach_refuse(ngx_http_request_t *r, struct caregate_mark *mark,
                                 enum cg_reason reason, int64_t retry_s)
{
    struct cg_gate_verdict verdict = {.reason = reason, .retry_after_s = retry_s};
    mark->reason = reason;
    mark->decision = CAREGATE_REFUSED;
    caregate_mark_forget_variables(r);
    ngx_log_error(NGX_LOG_INFO, r->connection->log, 0,
                  "caregate: not passed on, %s, profile \"%V\"", cg_reason_name(reason),
                  &caregate_loc_conf_of(r)->attach->name);
    return caregate_refusal_answer(r, mark, caregate_loc_conf_of(r)->attach_route, &verdict);
}

/* The URL as the API knows it: what follows the location's path, behind the base. It is escaped as
 * nginx does when it passes it on. */
static ngx_int_t make_target(ngx_http_request_t *r, ngx_str_t *ret_target)
{
    const ngx_http_core_loc_conf_t *core = ngx_http_get_module_loc_conf(r, ngx_http_core_module);
    ngx_str_t base = caregate_loc_conf_of(r)->attach_base;
    size_t skip = ngx_min(core->name.len, r->uri.len);
    u_char *rest = r->uri.data + skip;
    size_t rest_len = r->uri.len - skip;
    uintptr_t escapes =
        r->quoted_uri || r->internal ? ngx_escape_uri(NULL, rest, rest_len, NGX_ESCAPE_URI) : 0;
    size_t size = base.len + rest_len + 2 * escapes;
    u_char *text = ngx_pnalloc(r->pool, size);
    if (text == NULL) {
        return NGX_ERROR;
    }
    u_char *end = ngx_cpymem(text, base.data, base.len);
    if (escapes > 0) {
        (void)ngx_escape_uri(end, rest, rest_len, NGX_ESCAPE_URI);
    } else {
        ngx_memcpy(end, rest, rest_len);
    }
    *ret_target = (ngx_str_t){.len = size, .data = text};
    return NGX_OK;
}

ngx_str_t caregate_attach_bare_token(const struct caregate_attachment *attached)
{
    ngx_str_t value = attached->value;
    u_char *end = value.data + value.len;
    u_char *space = ngx_strlchr(value.data, end, ' ');
    return space == NULL ? (ngx_str_t){.len = 0, .data = end}
                         : (ngx_str_t){.len = (size_t)(end - space - 1), .data = space + 1};
}

/* One signature for each call, on the event loop. */
static ngx_int_t make_proof(ngx_http_request_t *r, const struct caregate_attachment *attached,
                            ngx_str_t *ret_proof)
{
    const struct caregate_keeper *keeper = attached->keeper;
    ngx_str_t target = ngx_null_string;
    struct cg_span proof = {.data = NULL, .len = 0};
    u_char *room = ngx_pnalloc(r->pool, CG_CLIENT_PROOF_MAX);
    if (room == NULL || make_target(r, &target) != NGX_OK) {
        return NGX_ERROR;
    }
    struct cg_client_call call = {
        .method = caregate_span(r->method_name),
        .url = caregate_span(target),
        .token = caregate_span(caregate_attach_bare_token(attached)),
        .now_s = ngx_time(),
    };
    if (keeper->nonce_len > 0) {
        call.nonce = (struct cg_span){.data = keeper->nonce, .len = keeper->nonce_len};
    }
    if (cg_client_prove(keeper->profile->client, &call, room, &proof) != CG_OK) {
        return NGX_ERROR;
    }
    *ret_proof = caregate_str(proof);
    return NGX_OK;
}

void caregate_attach_keep_nonce(ngx_http_request_t *r, struct caregate_mark *mark)
{
    static const ngx_str_t name = ngx_string("dpop-nonce");
    struct caregate_keeper *keeper = mark->attached->keeper;
    ngx_list_part_t *part = &r->headers_out.headers.part;
    ngx_uint_t index = 0;
    if (!keeper->profile->has_dpop) {
        return;
    }
    for (ngx_table_elt_t *header = caregate_header_next(&part, &index); header != NULL;
         header = caregate_header_next(&part, &index)) {
        if (header->hash == 0 || header->key.len != name.len ||
            ngx_strncasecmp(header->key.data, name.data, name.len) != 0) {
            continue;
        }
        header->hash = 0;
        if (header->value.len > 0 && header->value.len <= CAREGATE_NONCE_MAX) {
            ngx_memcpy(keeper->nonce, header->value.data, header->value.len);
            keeper->nonce_len = header->value.len;
        }
    }
}

/* A copy: the keeper's own changes while the call is under way. */
ngx_int_t caregate_attach_token(ngx_http_request_t *r, struct caregate_mark *mark)
{
    struct caregate_attachment *attached = mark->attached;
    const struct caregate_keeper *keeper = attached->keeper;
    attached->value.data = ngx_pnalloc(r->pool, keeper->value_len);
    if (attached->value.data == NULL) {
        return NGX_ERROR;
    }
    ngx_memcpy(attached->value.data, keeper->value, keeper->value_len);
    attached->value.len = keeper->value_len;
    ngx_str_t proof = ngx_null_string;
    if (keeper->profile->has_dpop && make_proof(r, attached, &proof) != NGX_OK) {
        return NGX_ERROR;
    }
    return caregate_identity_attach(r, mark, attached->value, proof);
}

static void resume(ngx_http_request_t *r)
{
    r->write_event_handler = ngx_http_core_run_phases;
    ngx_http_core_run_phases(r);
}

static ngx_int_t wait_for_token(ngx_http_request_t *r, struct caregate_mark *mark)
{
    struct caregate_attachment *attached = mark->attached;
    if (!attached->has_waited) {
        attached->has_waited = 1;
        attached->wait.until =
            ngx_current_msec + caregate_keeper_patience(attached->keeper->profile);
    } else if ((ngx_msec_int_t)(ngx_current_msec - attached->wait.until) >= 0) {
        return caregate_attach_refuse(r, mark, CG_REASON_TOKEN_WAIT_OVER, 1);
    }
    attached->wait.resume = resume;
    if (ngx_handle_read_event(r->connection->read, 0) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
    return caregate_keeper_wait(attached->keeper, r, &attached->wait) == NGX_OK
               ? NGX_DONE
               : caregate_attach_refuse(r, mark, CG_REASON_TOKEN_WAIT_FULL, 1);
}

static struct caregate_attachment *obtain_attachment(ngx_http_request_t *r,
                                                     struct caregate_mark *mark)
{
    const struct caregate_loc_conf *conf = caregate_loc_conf_of(r);
    if (mark->attached == NULL) {
        mark->attached = ngx_pcalloc(r->pool, sizeof(*mark->attached));
    }
    if (mark->attached != NULL) {
        mark->attached->keeper =
            &caregate_main_conf_of(r)->worker->agent.keepers[conf->attach->number];
    }
    return mark->attached;
}

static ngx_int_t attach(ngx_http_request_t *r, struct caregate_mark *mark)
{
    enum cg_reason reason = CG_REASON_NONE;
    int64_t retry_s = 0;
    switch (caregate_keeper_get(mark->attached->keeper, &reason, &retry_s)) {
    case NGX_OK:
        caregate_mark_forget_variables(r);
        return caregate_attach_token(r, mark) == NGX_OK ? NGX_DECLINED
                                                        : NGX_HTTP_INTERNAL_SERVER_ERROR;
    case NGX_AGAIN: return wait_for_token(r, mark);
    default: return caregate_attach_refuse(r, mark, reason, retry_s);
    }
}

ngx_int_t caregate_attach_handler(ngx_http_request_t *r)
{
    const struct caregate_main_conf *main_conf = caregate_main_conf_of(r);
    const struct caregate_loc_conf *conf = caregate_loc_conf_of(r);
    if (conf->attach == NULL) {
        return caregate_identity_detach(r) == NGX_OK ? NGX_DECLINED
                                                     : NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
    struct caregate_mark *mark = caregate_mark_obtain(r);
    if (mark == NULL || main_conf->worker == NULL || obtain_attachment(r, mark) == NULL ||
        caregate_request_id_find(r, mark->visit) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
    ngx_int_t rc = is_caller_allowed(r, conf->attach)
                       ? attach(r, mark)
                       : caregate_attach_refuse(r, mark, CG_REASON_CALLER_NOT_ALLOWED, 0);
    return rc == NGX_OK ? NGX_ERROR : rc;
}

static ngx_uint_t holds(ngx_str_t text, ngx_str_t part)
{
    for (size_t at = 0; at + part.len <= text.len; at++) {
        if (text.data[at] == part.data[0] && ngx_memcmp(text.data + at, part.data, part.len) == 0) {
            return 1;
        }
    }
    return 0;
}

/* An API that gives the token back (in a header for debugging, say) gives it to the caller. */
void caregate_attach_clean_answer(ngx_http_request_t *r, const struct caregate_mark *mark)
{
    ngx_str_t token = caregate_attach_bare_token(mark->attached);
    if (token.len < ECHO_MIN) {
        return;
    }
    ngx_list_part_t *part = &r->headers_out.headers.part;
    ngx_uint_t index = 0;
    for (ngx_table_elt_t *header = caregate_header_next(&part, &index); header != NULL;
         header = caregate_header_next(&part, &index)) {
        if (header->hash != 0 && header->value.len >= token.len && holds(header->value, token)) {
            header->hash = 0;
            ngx_log_error(NGX_LOG_WARN, r->connection->log, 0,
                          "caregate: the API gave the token back in a header, which is taken out");
        }
    }
}
