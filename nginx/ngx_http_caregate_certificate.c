/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The certificate of who calls: that of the TLS connection, or, behind a proxy in front, what it
 * passes on in a header. Such a header is believed from the proxy's address alone, which is the one
 * that the connection came from, whatever realip made of it since; and never reaches an API.
 */
#include "ngx_http_caregate_module.h"

/* The peer of the connection: realip keeps it when it puts the client's in its place. */
static ngx_int_t find_peer(ngx_http_request_t *r, ngx_addr_t *ret_peer)
{
    ngx_str_t name = ngx_string("realip_remote_addr");
    ngx_http_variable_value_t *value =
        ngx_http_get_variable(r, &name, ngx_hash_key(name.data, name.len));
    if (value == NULL) {
        return NGX_ERROR;
    }
    if (value->not_found) {
        *ret_peer =
            (ngx_addr_t){.sockaddr = r->connection->sockaddr, .socklen = r->connection->socklen};
        return NGX_OK;
    }
    return ngx_parse_addr(r->pool, ret_peer, value->data, value->len);
}

static ngx_uint_t is_from_proxy(ngx_http_request_t *r, const struct caregate_certificate_header *is)
{
    ngx_addr_t peer = {.sockaddr = NULL};
    return find_peer(r, &peer) == NGX_OK && ngx_cidr_match(peer.sockaddr, is->from) == NGX_OK;
}

ngx_uint_t caregate_certificate_is_header(const struct caregate_main_conf *conf, ngx_str_t name)
{
    const struct caregate_certificate_header *header = conf->certificate_header;
    return header != NULL &&
           (caregate_header_folds_into(name, header->name) ||
            (header->verified.len > 0 && caregate_header_folds_into(name, header->verified)));
}

static ngx_uint_t is_verified(ngx_http_request_t *r, const struct caregate_certificate_header *is)
{
    static const ngx_str_t success = ngx_string("SUCCESS");
    ngx_str_t said = ngx_null_string;
    if (is->verified.len == 0) {
        return is->always_verified;
    }
    return caregate_header_find(r, is->verified, &said) == 1 && said.len == success.len &&
           ngx_strncmp(said.data, success.data, success.len) == 0;
}

/* Whoever sends a header twice, or spells it in another way beside, is not believed at all. */
ngx_int_t caregate_certificate_see(ngx_http_request_t *r)
{
    const struct caregate_certificate_header *header = caregate_main_conf_of(r)->certificate_header;
    ngx_str_t value = ngx_null_string;
    ngx_uint_t count = header == NULL ? 0 : caregate_header_find(r, header->name, &value);
    if (count == 0) {
        return NGX_OK;
    }
    if (!is_from_proxy(r, header)) {
        ngx_log_error(NGX_LOG_INFO, r->connection->log, 0,
                      "caregate: a client certificate that did not come from the proxy in front is "
                      "not believed");
        return NGX_OK;
    }
    if (count > 1 || value.data == NULL) {
        ngx_log_error(NGX_LOG_WARN, r->connection->log, 0,
                      "caregate: the proxy in front passes on several client certificates at once; "
                      "none is believed");
        return NGX_OK;
    }
    struct caregate_mark *mark = caregate_mark_obtain(r);
    if (mark == NULL) {
        return NGX_ERROR;
    }
    mark->visit->certificate = value;
    mark->visit->is_certificate_verified = is_verified(r, header);
    return NGX_OK;
}

#if (NGX_HTTP_SSL)

static struct cg_span encode(ngx_pool_t *pool, X509 *certificate)
{
    int len = i2d_X509(certificate, NULL);
    u_char *der = len <= 0 ? NULL : ngx_pnalloc(pool, (size_t)len);
    u_char *end = der;
    if (der == NULL || i2d_X509(certificate, &end) != len) {
        return (struct cg_span){NULL, 0};
    }
    return (struct cg_span){.data = der, .len = (size_t)len};
}

/* Behind a proxy, the connection's certificate would be the proxy's own. */
static void find_of_connection(ngx_http_request_t *r, struct cg_client_certificate *certificate)
{
    const struct caregate_certificate_header *header = caregate_main_conf_of(r)->certificate_header;
    const ngx_ssl_connection_t *ssl = r->connection->ssl;
    X509 *shown = ssl == NULL ? NULL : SSL_get0_peer_certificate(ssl->connection);
    if (shown == NULL || (header != NULL && is_from_proxy(r, header))) {
        return;
    }
    certificate->der = encode(r->pool, shown);
    certificate->verified = SSL_get_verify_result(ssl->connection) == X509_V_OK;
}

#endif

void caregate_certificate_find(ngx_http_request_t *r, const struct caregate_visit *visit,
                               struct cg_client_certificate *ret_certificate)
{
    struct cg_client_certificate certificate = {.verified = 0};
    if (visit->certificate.data != NULL) {
        certificate.header = caregate_span(visit->certificate);
        certificate.verified = (unsigned)visit->is_certificate_verified;
    }
#if (NGX_HTTP_SSL)
    if (visit->certificate.data == NULL) {
        find_of_connection(r, &certificate);
    }
#else
    (void)r;
#endif
    *ret_certificate = certificate;
}
