/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/nginx_conf.h"

#include "base/span.h"
#include "base/status.h"

#include <string.h>

#define SMART_DOCUMENT "/.well-known/smart-configuration"

void cg_nginx_put_value(struct cg_buf *buf, struct cg_span value)
{
    cg_buf_put_byte(buf, '"');
    for (size_t i = 0; i < value.len; i++) {
        uint8_t byte = value.data[i];
        if (byte == '"' || byte == '\\') {
            cg_buf_put_byte(buf, '\\');
        }
        cg_buf_put_byte(buf, byte < 0x20 || byte == 0x7F ? ' ' : byte);
    }
    cg_buf_put_byte(buf, '"');
}

bool cg_nginx_is_plain(struct cg_span text)
{
    for (size_t i = 0; i < text.len; i++) {
        uint8_t byte = text.data[i];
        if (byte < 0x20 || byte > 0x7E || strchr("$\"'\\*?[", byte) != NULL) {
            return false;
        }
    }
    return text.len > 0;
}

static bool is_location_byte(uint8_t byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= '0' && byte <= '9') || (byte != '\0' && strchr("._~-", byte) != NULL);
}

static bool is_location_segment(struct cg_span segment)
{
    for (size_t i = 0; i < segment.len; i++) {
        if (!is_location_byte(segment.data[i])) {
            return false;
        }
    }
    return segment.len > 0 && !cg_span_equal_string(segment, ".") &&
           !cg_span_equal_string(segment, "..");
}

enum cg_status cg_nginx_origin_parse(struct cg_span text, struct cg_span *ret_origin,
                                     struct cg_uri *ret_uri)
{
    struct cg_uri uri;
    bool has_slash = text.len > 0 && text.data[text.len - 1] == '/';
    struct cg_span origin = cg_span_part(text, 0, text.len - (has_slash ? 1 : 0));
    if (cg_uri_parse(origin, &uri) != CG_OK || !cg_uri_is_http(&uri) || uri.query.data != NULL ||
        uri.path.len > 0 || !cg_nginx_is_plain(origin)) {
        return CG_ERR_INPUT;
    }
    *ret_origin = origin;
    *ret_uri = uri;
    return CG_OK;
}

bool cg_nginx_is_location(struct cg_span path)
{
    struct cg_span segment = {NULL, 0};
    if (path.len < 3 || path.data[0] != '/' || path.data[path.len - 1] != '/') {
        return false;
    }
    struct cg_span rest = cg_span_part(path, 1, path.len - 2);
    while (cg_span_split(&rest, '/', &segment)) {
        if (!is_location_segment(segment)) {
            return false;
        }
    }
    return true;
}

void cg_nginx_put_realm_name(struct cg_buf *buf, struct cg_span realm)
{
    for (size_t i = 1; i < realm.len; i++) {
        cg_buf_put_byte(buf, realm.data[i] == '/' ? '_' : realm.data[i]);
    }
}

static bool is_host_byte(uint8_t byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= '0' && byte <= '9') || byte == '.' || byte == '-';
}

static bool is_bracketed(struct cg_span host)
{
    if (host.len < 4 || host.data[0] != '[' || host.data[host.len - 1] != ']') {
        return false;
    }
    for (size_t i = 1; i + 1 < host.len; i++) {
        if (strchr("0123456789abcdefABCDEF:.", host.data[i]) == NULL) {
            return false;
        }
    }
    return true;
}

static bool is_host(struct cg_span host)
{
    if (cg_span_equal_string(host, "*") || is_bracketed(host)) {
        return true;
    }
    for (size_t i = 0; i < host.len; i++) {
        if (!is_host_byte(host.data[i])) {
            return false;
        }
    }
    return host.len > 0;
}

enum cg_status cg_listen_parse(struct cg_span text, struct cg_listen *ret_listen)
{
    struct cg_listen listen = {.text = text};
    size_t colon = text.len;
    while (colon > 0 && text.data[colon - 1] != ':') {
        colon--;
    }
    if (colon == 0) {
        return CG_ERR_INPUT;
    }
    listen.host = cg_span_part(text, 0, colon - 1);
    CG_TRY(cg_span_to_number(cg_span_part(text, colon, text.len), 65535, &listen.port));
    if (!is_host(listen.host) || listen.port == 0) {
        return CG_ERR_INPUT;
    }
    *ret_listen = listen;
    return CG_OK;
}

bool cg_listen_is_everywhere(const struct cg_listen *listen)
{
    return cg_span_equal_string(listen->host, "*") ||
           cg_span_equal_string(listen->host, "0.0.0.0") ||
           cg_span_equal_string(listen->host, "[::]");
}

void cg_nginx_put_line(struct cg_buf *buf, const char *name, struct cg_span value)
{
    cg_buf_put_string(buf, name);
    cg_buf_put_byte(buf, ' ');
    cg_nginx_put_value(buf, value);
    cg_buf_put_string(buf, ";\n");
}

void cg_nginx_put_file(struct cg_buf *buf, const char *start, struct cg_span dir, const char *file)
{
    cg_buf_put_string(buf, start);
    cg_buf_put(buf, dir);
    cg_buf_put_string(buf, file);
    cg_buf_put_string(buf, "\";\n");
}

static void put_head(const struct cg_nginx_conf *conf, struct cg_buf *buf)
{
    cg_buf_put_string(
        buf, "# nginx with Caregate; made by `caregate init`, yours to edit from now on.\n"
             "# `caregate check` looks it over, `caregate reload` makes changes live.\n\n");
    cg_nginx_put_line(buf, "load_module", conf->module);
    if (conf->user.data != NULL) {
        cg_nginx_put_line(buf, "user", conf->user);
    }
    cg_buf_put_string(
        buf,
        "\n# One worker serves some ten thousand requests a second, and the store has one\n"
        "# writer at a time. `auto` (one a core) is for more; each has its own cache of tokens.\n"
        "worker_processes 1;\n"
        "# Tokens are signed and stored here, beside the event loop.\n"
        "thread_pool caregate threads=2;\n"
        "# What concerns no single request; those are below.\n"
        "error_log stderr warn;\n"
        "pid run/nginx.pid;\n"
        "\n"
        "events {\n"
        "    worker_connections 4096;\n"
        "}\n");
}

/* Where keys and rules come from. */
static void put_source(const struct cg_nginx_conf *conf, struct cg_buf *buf)
{
    if (conf->trust.data == NULL) {
        cg_nginx_put_file(buf, "    caregate_store \"sqlite:", conf->dir, "/registry.db");
        cg_nginx_put_file(buf, "    caregate_master_key \"", conf->dir, "/master.key");
        return;
    }
    cg_buf_put_string(buf, "    caregate_trust ");
    cg_nginx_put_value(buf, conf->trust);
    cg_buf_put_string(buf, "\n                   client=");
    cg_buf_put(buf, conf->trust_client);
    cg_buf_put_string(buf, "\n                   \"secret_file=");
    cg_buf_put(buf, conf->dir);
    cg_buf_put_string(buf, "/gate.secret\"\n                   \"state=");
    cg_buf_put(buf, conf->dir);
    cg_buf_put_string(buf, "/state/bundle\";\n");
    if (conf->trust_ca) {
        cg_nginx_put_file(buf, "    caregate_fetch_ca \"", conf->dir, "/tls/issuer-ca.pem");
    }
}

static void put_http(const struct cg_nginx_conf *conf, struct cg_buf *buf)
{
    cg_buf_put_string(buf, "\nhttp {\n");
    put_source(conf, buf);
    cg_buf_put_string(
        buf, "\n"
             "    # When an API is away, nginx's error log quotes the request line. That can\n"
             "    # carry NHS numbers; the access log tells the same without it.\n"
             "    error_log stderr crit;\n"
             "\n"
             "    # No paths, no queries: both can carry NHS numbers.\n"
             "    log_format caregate '$time_iso8601 $remote_addr $request_method $status '\n"
             "                        '$request_time $caregate_decision $caregate_reason '\n"
             "                        'client=$caregate_client_id org=$caregate_organisation '\n"
             "                        'token=$caregate_token_id upstream=$proxy_host '\n"
             "                        'request=$sent_http_x_request_id';\n"
             "    access_log logs/access.log caregate;\n"
             "\n"
             "    server_tokens off;\n"
             "    default_type application/octet-stream;\n"
             "    client_body_temp_path run/client-body;\n"
             "    proxy_temp_path run/proxy;\n"
             "    fastcgi_temp_path run/fastcgi;\n"
             "    uwsgi_temp_path run/uwsgi;\n"
             "    scgi_temp_path run/scgi;\n"
             "\n"
             "    # The APIs behind, written by `caregate api protect`.\n"
             "    include upstreams/*/*.conf;\n");
}

static void put_origin(struct cg_span origin, struct cg_buf *buf)
{
    if (origin.data == NULL) {
        return;
    }
    cg_buf_put_string(buf, "        # What clients call, which their proofs of possession name.\n");
    cg_nginx_put_line(buf, "        caregate_origin", origin);
}

/* Server, listener and what either TLS server has. */
static void put_tls_server(const struct cg_nginx_conf *conf, struct cg_span listen,
                           struct cg_buf *buf)
{
    cg_buf_put_string(buf, "    server {\n        listen ");
    cg_buf_put(buf, listen);
    cg_buf_put_string(buf, conf->http2_directive ? " ssl;\n        http2 on;\n" : " ssl http2;\n");
    cg_buf_put_string(buf,
                      "        # The development certificate; tls/ca.pem is what clients trust.\n"
                      "        ssl_certificate tls/server.pem;\n"
                      "        ssl_certificate_key tls/server.key;\n"
                      "        ssl_protocols TLSv1.2 TLSv1.3;\n");
}

static void put_locations(const struct cg_nginx_conf *conf, struct cg_buf *buf)
{
    cg_buf_put_string(buf, "        ssl_session_timeout 1h;\n\n");
    cg_buf_put_string(buf,
                      conf->trust.data == NULL
                          ? "        # Where tokens are issued, by realm (`caregate realm add`),\n"
                          : "        # Where the issuer is found,\n");
    cg_buf_put_string(buf, "        include realms/*.conf;\n"
                           "        # what they open (`caregate api protect`),\n"
                           "        include apis/*/*.conf;\n"
                           "        # and nothing else.\n"
                           "        location / {\n"
                           "            return 404;\n"
                           "        }\n"
                           "    }\n");
}

static void put_server(const struct cg_nginx_conf *conf, struct cg_buf *buf)
{
    cg_buf_put_byte(buf, '\n');
    put_tls_server(conf, conf->listen, buf);
    put_origin(conf->origin, buf);
    cg_buf_put_string(buf, "        ssl_session_cache shared:tls:2m;\n");
    put_locations(conf, buf);
}

/* nginx asks for certificates by server, not by location: browsers would prompt at each page. */
static void put_mtls_server(const struct cg_nginx_conf *conf, struct cg_buf *buf)
{
    if (conf->mtls_listen.data == NULL) {
        return;
    }
    cg_buf_put_string(buf, "\n    # The same for clients with certificates (RFC 8705); metadata\n"
                           "    # announces it as mtls_endpoint_aliases.\n");
    put_tls_server(conf, conf->mtls_listen, buf);
    put_origin(conf->mtls_origin, buf);
    cg_buf_put_string(buf, "        # Any certificate may come; whose it is, the issuer looks up.\n"
                           "        ssl_verify_client optional_no_ca;\n"
                           "        ssl_verify_depth 3;\n"
                           "        # Who may sign those of clients with tls_client_auth:\n"
                           "        # ssl_client_certificate tls/clients-ca.pem;\n"
                           "        ssl_session_cache shared:mtls:2m;\n");
    put_locations(conf, buf);
}

static void put_status_server(const struct cg_nginx_conf *conf, struct cg_buf *buf)
{
    cg_buf_put_string(buf, "\n"
                           "    # /healthz, /readyz and /metrics, for this machine only.\n"
                           "    server {\n"
                           "        listen 127.0.0.1:");
    cg_buf_put_number(buf, conf->status_port);
    cg_buf_put_string(buf, ";\n"
                           "        access_log off;\n"
                           "        location / {\n"
                           "            caregate_status;\n"
                           "        }\n"
                           "    }\n"
                           "}\n");
}

void cg_nginx_conf_write(const struct cg_nginx_conf *conf, struct cg_buf *buf)
{
    put_head(conf, buf);
    put_http(conf, buf);
    put_server(conf, buf);
    put_mtls_server(conf, buf);
    put_status_server(conf, buf);
}

static void put_issuer_location(struct cg_buf *buf, const char *match, struct cg_span realm,
                                const char *after)
{
    cg_buf_put_string(buf, "location ");
    cg_buf_put_string(buf, match);
    cg_buf_put(buf, realm);
    cg_buf_put_string(buf, after);
    cg_buf_put_string(buf, " {\n    caregate_issuer ");
    cg_buf_put(buf, realm);
    cg_buf_put_string(buf, ";\n");
}

void cg_nginx_realm_write(struct cg_span realm, struct cg_buf *buf)
{
    cg_buf_put_string(buf, "# Where tokens of the realm ");
    cg_buf_put(buf, realm);
    cg_buf_put_string(buf, " are issued.\n");
    put_issuer_location(buf, "", realm, "/");
    cg_buf_put_string(buf, "    # The issuer answers 413 itself.\n"
                           "    client_max_body_size 0;\n"
                           "}\n"
                           "# RFC 8414 §3.1 puts the issuer's path behind the well-known one.\n");
    put_issuer_location(buf, "= /.well-known/oauth-authorization-server", realm, "");
    cg_buf_put_string(buf, "}\n");
    put_issuer_location(buf, "= /.well-known/openid-configuration", realm, "");
    cg_buf_put_string(buf, "}\n");
    put_issuer_location(buf, "= /.well-known/smart-configuration", realm, "");
    cg_buf_put_string(buf, "}\n");
}

void cg_nginx_issuer_write(struct cg_span realm, struct cg_span issuer, struct cg_buf *buf)
{
    cg_buf_put_string(buf, "# Tokens of the realm ");
    cg_buf_put(buf, realm);
    cg_buf_put_string(buf, " are issued elsewhere: SMART apps that ask here are sent there.\n"
                           "location = ");
    cg_buf_put(buf, realm);
    cg_buf_put_string(buf, SMART_DOCUMENT " {\n    return 302 \"");
    cg_buf_put(buf, issuer);
    cg_buf_put_string(buf, SMART_DOCUMENT "\";\n}\n");
}

static void put_upstream_name(struct cg_buf *buf, const struct cg_nginx_api *api)
{
    cg_buf_put_string(buf, "caregate_");
    cg_nginx_put_realm_name(buf, api->realm);
    cg_buf_put_byte(buf, '_');
    cg_buf_put(buf, api->name);
}

void cg_nginx_upstream_write(const struct cg_nginx_api *api, struct cg_buf *buf)
{
    cg_buf_put_string(buf, "# The API ");
    cg_buf_put(buf, api->name);
    cg_buf_put_string(buf, " of the realm ");
    cg_buf_put(buf, api->realm);
    cg_buf_put_string(buf, ".\nupstream ");
    put_upstream_name(buf, api);
    cg_buf_put_string(buf, " {\n    server ");
    cg_buf_put(buf, api->host);
    cg_buf_put_byte(buf, ':');
    cg_buf_put_number(buf, api->port);
    cg_buf_put_string(
        buf, ";\n"
             "    keepalive 16;\n"
             "    # Shorter than the API's own patience: it must not hang up just as the next\n"
             "    # document is on its way.\n"
             "    keepalive_timeout 1s;\n"
             "}\n");
}

/* `caregate_require "GET,HEAD=a" "b";` of the rule "GET,HEAD=a b". */
static void put_rule(struct cg_buf *buf, struct cg_span rule)
{
    struct cg_span word = {NULL, 0};
    cg_buf_put_string(buf, "    caregate_require");
    while (cg_span_split(&rule, ' ', &word)) {
        cg_buf_put_byte(buf, ' ');
        cg_nginx_put_value(buf, word);
    }
    cg_buf_put_string(buf, ";\n");
}

static void put_gate(const struct cg_nginx_api *api, struct cg_buf *buf)
{
    cg_buf_put_string(buf, "    caregate_api ");
    cg_buf_put(buf, api->name);
    cg_buf_put_string(buf, " realm=");
    cg_buf_put(buf, api->realm);
    cg_buf_put_string(buf, ";\n");
    for (size_t i = 0; i < api->rule_count; i++) {
        put_rule(buf, api->rules[i]);
    }
    if (api->fhir) {
        cg_buf_put_string(buf, "    caregate_fhir on;\n");
    }
    if (api->smart) {
        cg_buf_put_string(buf, "    caregate_smart on;\n");
    }
}

static void put_proxy(const struct cg_nginx_api *api, struct cg_buf *buf)
{
    cg_buf_put_string(buf, "\n    client_max_body_size 32m;\n    proxy_pass \"http");
    cg_buf_put_string(buf, api->https ? "s://" : "://");
    put_upstream_name(buf, api);
    /* A path may hold ';' or '{'; it is plain, so it needs the quotes only. */
    cg_buf_put(buf, api->path);
    cg_buf_put_string(buf, "\";\n"
                           "    proxy_http_version 1.1;\n"
                           "    proxy_set_header Connection \"\";\n");
    cg_nginx_put_line(buf, "    proxy_set_header Host", api->authority);
}

static void put_proxy_tls(const struct cg_nginx_api *api, struct cg_buf *buf)
{
    cg_buf_put_string(buf, "    proxy_ssl_verify on;\n"
                           "    proxy_ssl_verify_depth 4;\n"
                           "    proxy_ssl_server_name on;\n");
    cg_nginx_put_line(buf, "    proxy_ssl_name", api->host);
    cg_nginx_put_line(buf, "    proxy_ssl_trusted_certificate", api->ca);
}

/* SMART App Launch 2.2, "Using .well-known": an app that knows the API's address alone finds there
 * who issues its tokens. */
static void put_discovery(const struct cg_nginx_api *api, struct cg_buf *buf)
{
    if (!api->discovery) {
        return;
    }
    cg_buf_put_string(buf, "# Where SMART apps look first, without a token: the realm's document.\n"
                           "location = ");
    cg_buf_put(buf, api->at);
    cg_buf_put_string(buf, ".well-known/smart-configuration {\n    rewrite ^ ");
    cg_buf_put(buf, api->realm);
    if (api->issued_elsewhere) {
        cg_buf_put_string(buf, SMART_DOCUMENT " last;\n}\n");
        return;
    }
    cg_buf_put_string(buf, SMART_DOCUMENT " break;\n    caregate_issuer ");
    cg_buf_put(buf, api->realm);
    cg_buf_put_string(buf, ";\n}\n");
}

void cg_nginx_api_write(const struct cg_nginx_api *api, struct cg_buf *buf)
{
    cg_buf_put_string(buf, "# The API ");
    cg_buf_put(buf, api->name);
    cg_buf_put_string(buf,
                      " behind the gate; made by `caregate api protect`, yours to edit.\n"
                      "# Where it runs is in upstreams/. `caregate reload` makes changes live.\n"
                      "location ");
    cg_nginx_put_value(buf, api->at);
    cg_buf_put_string(buf, " {\n");
    put_gate(api, buf);
    put_proxy(api, buf);
    if (api->https) {
        put_proxy_tls(api, buf);
    }
    cg_buf_put_string(buf, "}\n");
    put_discovery(api, buf);
}
