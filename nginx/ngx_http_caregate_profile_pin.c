/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a token may go. A location that attaches one passes requests on to a constant place, which
 * must be among its profile's destinations: there is nothing left to decide while requests come.
 * What proves the place is TLS: its certificate is verified, for the destination's name.
 */
#include "ngx_http_caregate_module.h"

#define HTTPS_PORT 443
#define HTTP_PORT 80
#define HOST_MAX 253

/* NOLINTBEGIN(cppcoreguidelines-avoid-non-const-global-variables): nginx's own. */
extern ngx_module_t ngx_http_proxy_module;
/* NOLINTEND(cppcoreguidelines-avoid-non-const-global-variables) */

/* Other ways to pass a request on: all of their configurations begin as proxy_pass's does. */
static const char *const other_ways[] = {
    "ngx_http_fastcgi_module", "ngx_http_uwsgi_module",     "ngx_http_scgi_module",
    "ngx_http_grpc_module",    "ngx_http_memcached_module",
};

static ngx_uint_t take_start(ngx_str_t *text, const char *start)
{
    size_t len = ngx_strlen(start);
    if (text->len < len || ngx_strncasecmp(text->data, (u_char *)(uintptr_t)start, len) != 0) {
        return 0;
    }
    text->data += len;
    text->len -= len;
    return 1;
}

static ngx_uint_t is_host_letter(u_char letter)
{
    return (letter >= 'a' && letter <= 'z') || (letter >= '0' && letter <= '9') || letter == '.' ||
           letter == '-';
}

/* "name", "192.0.2.1" or "[2001:db8::1]", copied in lower case. Returns its length, 0: none. */
static size_t take_host(const ngx_str_t *text, u_char *copy)
{
    size_t len = 0;
    ngx_uint_t is_literal = text->len > 0 && text->data[0] == '[';
    while (len < text->len && len < HOST_MAX) {
        u_char letter = ngx_tolower(text->data[len]);
        ngx_uint_t is_good = is_host_letter(letter) ||
                             (is_literal && (letter == ':' || letter == '[' || letter == ']'));
        if (!is_good) {
            break;
        }
        copy[len] = letter;
        len++;
        if (is_literal && letter == ']') {
            break;
        }
    }
    return len;
}

const char *caregate_destination_read(ngx_conf_t *cf, ngx_str_t text,
                                      struct caregate_destination *ret_destination)
{
    ngx_str_t rest = text;
    struct caregate_destination made = {.is_https = take_start(&rest, "https://")};
    if (!made.is_https && !take_start(&rest, "http://")) {
        return "it begins with neither https:// nor http://";
    }
    made.port = made.is_https ? HTTPS_PORT : HTTP_PORT;
    made.host.data = ngx_pnalloc(cf->pool, HOST_MAX + 1);
    if (made.host.data == NULL) {
        return "memory is short";
    }
    if (!made.is_https && rest.len > 5 && ngx_strncmp(rest.data, "unix:", 5) == 0) {
        made.host = rest;
        made.port = 0;
        *ret_destination = made;
        return NULL;
    }
    made.host.len = take_host(&rest, made.host.data);
    rest.data += made.host.len;
    rest.len -= made.host.len;
    if (made.host.len == 0) {
        return "it names no host";
    }
    if (rest.len > 0) {
        ngx_int_t port = rest.data[0] == ':' ? ngx_atoi(rest.data + 1, rest.len - 1) : NGX_ERROR;
        if (port < 1 || port > 65535) {
            return "it is more than scheme, host and port";
        }
        made.port = (in_port_t)port;
    }
    *ret_destination = made;
    return NULL;
}

static const ngx_http_upstream_conf_t *conf_of_module(ngx_conf_t *cf, const char *name)
{
    const ngx_http_conf_ctx_t *context = cf->ctx;
    for (ngx_uint_t i = 0; i < cf->cycle->modules_n; i++) {
        const ngx_module_t *module = cf->cycle->modules[i];
        if (module->type == NGX_HTTP_MODULE && ngx_strcmp(module->name, name) == 0) {
            return context->loc_conf[module->ctx_index];
        }
    }
    return NULL;
}

static ngx_uint_t is_of_this_machine(const struct sockaddr *address)
{
    if (address->sa_family == AF_UNIX) {
        return 1;
    }
    if (address->sa_family == AF_INET) {
        const struct sockaddr_in *v4 = (const void *)address;
        return (ntohl(v4->sin_addr.s_addr) >> 24) == 127;
    }
    return address->sa_family == AF_INET6 &&
           IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)(const void *)address)->sin6_addr);
}

static ngx_uint_t is_named(ngx_str_t text, const char *name)
{
    return text.len == ngx_strlen(name) &&
           ngx_strncasecmp(text.data, (u_char *)(uintptr_t)name, text.len) == 0;
}

/* Whether all of its servers are. What has no addresses yet is a name that nginx looks up later. */
static ngx_uint_t stays_here(const ngx_http_upstream_srv_conf_t *upstream)
{
    if (upstream->servers == NULL) {
        return is_named(upstream->host, "localhost");
    }
    const ngx_http_upstream_server_t *servers = upstream->servers->elts;
    for (ngx_uint_t i = 0; i < upstream->servers->nelts; i++) {
        for (ngx_uint_t j = 0; j < servers[i].naddrs; j++) {
            if (!is_of_this_machine(servers[i].addrs[j].sockaddr)) {
                return 0;
            }
        }
    }
    return 1;
}

static ngx_uint_t is_socket(const ngx_http_upstream_srv_conf_t *upstream)
{
    const ngx_http_upstream_server_t *servers =
        upstream->servers == NULL ? NULL : upstream->servers->elts;
    return (upstream->flags & NGX_HTTP_UPSTREAM_CREATE) == 0 && servers != NULL &&
           servers[0].naddrs > 0 && servers[0].addrs[0].sockaddr->sa_family == AF_UNIX;
}

/* Whose certificate is asked for; else the name in proxy_pass. NULL: that is not constant. */
static const ngx_str_t *name_of(const ngx_http_upstream_conf_t *proxy)
{
#if (NGX_HTTP_SSL)
    if (proxy->ssl_name != NULL) {
        return proxy->ssl_name->lengths == NULL ? &proxy->ssl_name->value : NULL;
    }
#endif
    return &proxy->upstream->host;
}

static ngx_uint_t is_same_host(const struct caregate_destination *destination, ngx_str_t host,
                               ngx_uint_t is_path)
{
    ngx_str_t wanted = destination->host;
    if (is_path) {
        wanted.data += 5;
        wanted.len -= 5;
    }
    return wanted.len == host.len && ngx_strncasecmp(wanted.data, host.data, host.len) == 0;
}

/* "HOST:PORT", or "HOST" with the port left out, or "unix:PATH". */
static ngx_uint_t is_server(const ngx_http_upstream_server_t *server,
                            const struct caregate_destination *destination)
{
    ngx_str_t host = destination->host;
    ngx_str_t name = server->name;
    if (server->naddrs == 0 || name.len < host.len ||
        ngx_strncasecmp(name.data, host.data, host.len) != 0) {
        return 0;
    }
    if (destination->port == 0) {
        return name.len == host.len;
    }
    return (name.len == host.len || name.data[host.len] == ':') &&
           ngx_inet_get_port(server->addrs[0].sockaddr) == destination->port;
}

/* Over TLS the servers of a group (upstream) are known by their certificate, whatever their ports.
 */
static ngx_uint_t is_among(const struct caregate_profile *profile, ngx_uint_t is_https,
                           const ngx_http_upstream_srv_conf_t *upstream, ngx_str_t name)
{
    const struct caregate_destination *destinations = profile->destinations->elts;
    ngx_uint_t is_group = (upstream->flags & NGX_HTTP_UPSTREAM_CREATE) != 0;
    ngx_uint_t is_path = is_socket(upstream);
    for (ngx_uint_t i = 0; i < profile->destinations->nelts; i++) {
        const struct caregate_destination *one = &destinations[i];
        if (one->is_https == is_https && (one->port == 0) == is_path &&
            is_same_host(one, name, is_path) &&
            (is_group || is_path || one->port == upstream->port)) {
            return 1;
        }
    }
    return 0;
}

/* In the clear each server of a group must be a destination itself, as it is written there. */
static ngx_uint_t are_among(const struct caregate_profile *profile,
                            const ngx_http_upstream_srv_conf_t *upstream)
{
    const struct caregate_destination *destinations = profile->destinations->elts;
    const ngx_http_upstream_server_t *servers = upstream->servers->elts;
    for (ngx_uint_t i = 0; i < upstream->servers->nelts; i++) {
        ngx_uint_t is_found = 0;
        for (ngx_uint_t j = 0; j < profile->destinations->nelts; j++) {
            is_found |= !destinations[j].is_https && is_server(&servers[i], &destinations[j]);
        }
        if (!is_found) {
            return 0;
        }
    }
    return 1;
}

static ngx_uint_t is_allowed(const struct caregate_profile *profile, ngx_uint_t is_https,
                             const ngx_http_upstream_conf_t *proxy)
{
    const ngx_http_upstream_srv_conf_t *upstream = proxy->upstream;
    ngx_uint_t is_group = (upstream->flags & NGX_HTTP_UPSTREAM_CREATE) != 0;
    if (is_group && !is_https) {
        return upstream->servers != NULL && are_among(profile, upstream);
    }
    const ngx_str_t *name = is_https ? name_of(proxy) : &upstream->host;
    return name != NULL && is_among(profile, is_https, upstream, *name);
}

static const char *fault_of_tls(const ngx_http_upstream_conf_t *proxy)
{
#if (NGX_HTTP_SSL)
    if (!proxy->ssl_verify) {
        return "would send a token to whoever answers: put \"proxy_ssl_verify on;\" and "
               "\"proxy_ssl_trusted_certificate FILE;\" beside it";
    }
    return name_of(proxy) != NULL ? NULL : "needs a proxy_ssl_name without variables";
#else
    (void)proxy;
    return "needs an nginx with TLS";
#endif
}

const char *caregate_pin_fault(ngx_conf_t *cf, const struct caregate_profile *profile)
{
    const ngx_http_upstream_conf_t *proxy =
        ngx_http_conf_get_module_loc_conf(cf, ngx_http_proxy_module);
    ngx_uint_t is_https = 0;
    for (size_t i = 0; i < sizeof(other_ways) / sizeof(other_ways[0]); i++) {
        const ngx_http_upstream_conf_t *other = conf_of_module(cf, other_ways[i]);
        if (other != NULL && other->upstream != NULL) {
            return "shares its location with another directive that passes requests on";
        }
    }
    if (proxy->upstream == NULL) {
        return "needs a \"proxy_pass\" without variables in its location";
    }
    if (!proxy->pass_request_headers) {
        return "needs \"proxy_pass_request_headers on;\"";
    }
#if (NGX_HTTP_SSL)
    is_https = proxy->ssl != NULL;
#endif
    const char *why = is_https ? fault_of_tls(proxy) : NULL;
    if (why != NULL) {
        return why;
    }
    if (!is_https && !stays_here(proxy->upstream)) {
        return "would send a token in the clear: proxy_pass must be https, or stay on this machine";
    }
    return is_allowed(profile, is_https, proxy)
               ? NULL
               : "passes requests on to where its profile's \"destinations\" do not let a token go";
}
