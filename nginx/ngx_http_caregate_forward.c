/* SPDX-License-Identifier: Apache-2.0 */
/*
 * caregate_forward_auth: another gateway holds a request and asks whether it may pass. The request
 * here is the question; the one that it is about is told by headers, or by what follows the
 * location in the path. The answer is 200 with who is calling, or a refusal.
 *
 * Whoever asks is told no more than the token's holder could find out by calling the API, so that
 * it matters to the gateway alone that what it asks about is what it holds.
 */
#include "ngx_http_caregate_module.h"

struct way {
    ngx_str_t name;
    ngx_str_t method; /* header with the method, in lower case; empty: it is the question's own */
    ngx_str_t uri;    /* and with path and query; empty: they follow the location */
};

/* In the order of enum caregate_forward, without its first. */
static const struct way ways[] = {
    {ngx_string("original"), ngx_string("x-original-method"), ngx_string("x-original-uri")},
    {ngx_string("forwarded"), ngx_string("x-forwarded-method"), ngx_string("x-forwarded-uri")},
    {ngx_string("request"), ngx_null_string, ngx_null_string},
};

#define WAYS (sizeof(ways) / sizeof(ways[0]))

static const struct way *way_of(const ngx_http_request_t *r)
{
    return &ways[caregate_loc_conf_of(r)->forward - 1];
}

/* Said once, or not at all: of two headers each reader might believe another. */
static ngx_int_t read_header(ngx_http_request_t *r, ngx_str_t key, ngx_str_t *ret_value)
{
    return caregate_header_find(r, key, ret_value) == 1 && ret_value->len > 0 ? NGX_OK
                                                                              : NGX_DECLINED;
}

/* What follows the location's path, which ends in '/', in the request as it was sent. */
static ngx_int_t read_rest(const ngx_http_request_t *r, ngx_str_t *ret_uri)
{
    const ngx_http_core_loc_conf_t *core = ngx_http_get_module_loc_conf(r, ngx_http_core_module);
    ngx_str_t uri = r->unparsed_uri;
    if (r != r->main || !r->valid_unparsed_uri || uri.len < core->name.len ||
        ngx_memcmp(uri.data, core->name.data, core->name.len) != 0) {
        return NGX_DECLINED;
    }
    *ret_uri =
        (ngx_str_t){.len = uri.len - (core->name.len - 1), .data = uri.data + core->name.len - 1};
    return NGX_OK;
}

/* RFC 9112 §3.2.1: origin-form, of visible characters. */
static ngx_uint_t is_origin_form(ngx_str_t uri)
{
    for (size_t i = 0; i < uri.len; i++) {
        if (uri.data[i] <= ' ' || uri.data[i] >= 0x7f || uri.data[i] == '#') {
            return 0;
        }
    }
    return uri.len > 0 && uri.data[0] == '/';
}

static ngx_int_t read_call(ngx_http_request_t *r, ngx_str_t *ret_method, ngx_str_t *ret_uri)
{
    const struct way *way = way_of(r);
    *ret_method = r->method_name;
    if (way->method.len > 0 && read_header(r, way->method, ret_method) != NGX_OK) {
        return NGX_DECLINED;
    }
    ngx_int_t rc = way->uri.len > 0 ? read_header(r, way->uri, ret_uri) : read_rest(r, ret_uri);
    return rc == NGX_OK && is_origin_form(*ret_uri) ? NGX_OK : NGX_DECLINED;
}

/* The path with its escapes undone, as nginx's own of a request is. */
static ngx_int_t decode(ngx_http_request_t *r, ngx_str_t path, struct cg_span *ret_path)
{
    u_char *from = path.data;
    u_char *to = ngx_pnalloc(r->pool, path.len);
    if (to == NULL) {
        return NGX_ERROR;
    }
    ngx_str_t decoded = {.data = to};
    ngx_unescape_uri(&to, &from, path.len, 0);
    decoded.len = (size_t)(to - decoded.data);
    *ret_path = caregate_span(decoded);
    return NGX_OK;
}

/* For a proof of possession: where the client thinks that it calls. */
static ngx_int_t make_target(ngx_http_request_t *r, ngx_str_t uri, struct cg_span *ret_target)
{
    ngx_str_t origin = caregate_loc_conf_of(r)->origin;
    if (origin.len == 0) {
        return NGX_OK; /* none is known, and no proof fits it */
    }
    u_char *text = ngx_pnalloc(r->pool, origin.len + uri.len);
    if (text == NULL) {
        return NGX_ERROR;
    }
    (void)ngx_cpymem(ngx_cpymem(text, origin.data, origin.len), uri.data, uri.len);
    *ret_target = (struct cg_span){.data = text, .len = origin.len + uri.len};
    return NGX_OK;
}

ngx_int_t caregate_forward_see(ngx_http_request_t *r, struct cg_gate_request *request)
{
    ngx_str_t method = ngx_null_string;
    ngx_str_t uri = ngx_null_string;
    ngx_int_t rc = read_call(r, &method, &uri);
    if (rc != NGX_OK) {
        return rc;
    }
    ngx_str_t path = uri;
    const u_char *mark = ngx_strlchr(uri.data, uri.data + uri.len, '?');
    if (mark != NULL) {
        path.len = (size_t)(mark - uri.data);
        ngx_str_t query = {.len = uri.len - path.len - 1, .data = uri.data + path.len + 1};
        request->query = caregate_span(query);
        request->sent_query = request->query;
    }
    request->path = caregate_span(path);
    request->method = cg_method_of(caregate_span(method));
    request->method_name = caregate_span(method);
    request->fhir.is_body_elsewhere = 1;
    if (decode(r, path, &request->fhir.uri) != NGX_OK) {
        return NGX_ERROR;
    }
    return make_target(r, uri, &request->target);
}

ngx_uint_t caregate_forward_tells(const ngx_http_request_t *r, ngx_str_t key)
{
    if (caregate_loc_conf_of(r)->forward == CAREGATE_FORWARD_NONE) {
        return 0;
    }
    ngx_str_t method = way_of(r)->method;
    return method.len == key.len && ngx_memcmp(method.data, key.data, key.len) == 0;
}

/* Only what the gate has let in comes here. */
static ngx_int_t answer_allowed(ngx_http_request_t *r)
{
    const struct caregate_mark *mark = caregate_mark_find(r);
    if (mark == NULL || mark->decision != CAREGATE_ALLOWED) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
    ngx_int_t rc = ngx_http_discard_request_body(r);
    if (rc != NGX_OK) {
        return rc;
    }
    r->headers_out.status = NGX_HTTP_OK;
    r->headers_out.content_length_n = 0;
    if (caregate_identity_tell(r, mark) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
    rc = ngx_http_send_header(r);
    return rc == NGX_ERROR || rc > NGX_OK || r->header_only
               ? rc
               : ngx_http_send_special(r, NGX_HTTP_LAST);
}

char *caregate_set_forward_auth(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    struct caregate_loc_conf *location = conf;
    ngx_http_core_loc_conf_t *core = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    ngx_str_t name = caregate_argument(cf, 1);
    if (location->forward != CAREGATE_FORWARD_NONE) {
        return caregate_directive_refuse(cf, cmd, "it is given twice");
    }
    for (size_t i = 0; i < WAYS; i++) {
        if (ways[i].name.len == name.len &&
            ngx_strncmp(ways[i].name.data, name.data, name.len) == 0) {
            location->forward = (enum caregate_forward)(i + 1);
        }
    }
    if (location->forward == CAREGATE_FORWARD_NONE) {
        return caregate_directive_refuse(cf, cmd, "there is no such way");
    }
    ngx_str_t path = caregate_location_path(cf);
    ngx_uint_t has_rest = path.len > 0 && path.data[path.len - 1] == '/';
    if (location->forward == CAREGATE_FORWARD_REQUEST && !has_rest) {
        return caregate_directive_refuse(cf, cmd,
                                         "only behind a location with a plain path that ends in / "
                                         "can the path of the request follow");
    }
    location->forward_place = caregate_directive_place(cf);
    core->handler = answer_allowed;
    return NGX_CONF_OK;
}
