/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/agent_conf.h"

#include "base/span.h"

static void put_head(const struct cg_agent_conf *conf, struct cg_buf *buf)
{
    cg_buf_put_string(
        buf, "# An agent of Caregate: local systems call it without a token, and it\n"
             "# attaches one. Made by `caregate agent init`, yours to edit from now on.\n"
             "# `caregate check` looks it over, `caregate reload` makes changes live.\n\n");
    cg_nginx_put_line(buf, "load_module", conf->module);
    if (conf->user.data != NULL) {
        cg_nginx_put_line(buf, "user", conf->user);
    }
    cg_buf_put_string(buf, "worker_processes 1;\n"
                           "worker_rlimit_core 0;\n"
                           "# Tokens are asked for here, beside the event loop.\n"
                           "thread_pool caregate threads=4;\n"
                           "# What concerns no single request; those are below.\n"
                           "error_log stderr warn;\n"
                           "pid run/nginx.pid;\n"
                           "\n"
                           "events {\n"
                           "    worker_connections 4096;\n"
                           "}\n");
}

static void put_destination(const struct cg_agent_conf *conf, struct cg_buf *buf)
{
    cg_buf_put_string(buf, conf->https ? "https://" : "http://");
    cg_buf_put(buf, conf->host);
    cg_buf_put_byte(buf, ':');
    cg_buf_put_number(buf, conf->port);
}

static void put_profile(const struct cg_agent_conf *conf, struct cg_buf *buf)
{
    cg_buf_put_string(buf, "\nhttp {\n    caregate_profile ");
    cg_buf_put(buf, conf->profile);
    cg_buf_put_string(buf, " {\n");
    cg_nginx_put_line(buf, "        token_url", conf->token_url);
    cg_nginx_put_line(buf, "        client_id", conf->client);
    cg_nginx_put_file(buf, conf->has_key ? "        key_file \"" : "        secret_file \"",
                      conf->dir, conf->has_key ? "/agent.key" : "/agent.secret");
    if (conf->scope.data != NULL) {
        cg_nginx_put_line(buf, "        scope", conf->scope);
    }
    if (conf->has_issuer_ca) {
        cg_nginx_put_file(buf, "        ca_file \"", conf->dir, "/tls/issuer-ca.pem");
    }
    cg_buf_put_string(buf, "        # Tokens go nowhere else,\n        destinations ");
    put_destination(conf, buf);
    cg_buf_put_string(buf, ";\n"
                           "        # and for nobody else: allow ADDRESS, allow_user NAME.\n"
                           "    }\n");
}

static void put_http(struct cg_buf *buf)
{
    cg_buf_put_string(
        buf, "\n"
             "    # No paths, no queries, here and below: both can carry NHS numbers.\n"
             "    error_log stderr crit;\n"
             "    log_format caregate '$time_iso8601 $remote_addr $request_method $status '\n"
             "                        '$request_time profile=$caregate_profile '\n"
             "                        'token=$caregate_token_state $caregate_reason '\n"
             "                        'upstream=$upstream_status '\n"
             "                        'request=$sent_http_x_request_id';\n"
             "    access_log logs/access.log caregate;\n"
             "\n"
             "    server_tokens off;\n"
             "    default_type application/octet-stream;\n"
             "    client_body_temp_path run/client-body;\n"
             "    proxy_temp_path run/proxy;\n"
             "    fastcgi_temp_path run/fastcgi;\n"
             "    uwsgi_temp_path run/uwsgi;\n"
             "    scgi_temp_path run/scgi;\n");
}

static void put_upstream(const struct cg_agent_conf *conf, struct cg_buf *buf)
{
    cg_buf_put_string(buf, "\n    upstream caregate_agent {\n        server ");
    cg_buf_put(buf, conf->host);
    cg_buf_put_byte(buf, ':');
    cg_buf_put_number(buf, conf->port);
    cg_buf_put_string(buf, ";\n        keepalive 16;\n        keepalive_timeout 1s;\n    }\n");
}

static void put_location(const struct cg_agent_conf *conf, struct cg_buf *buf)
{
    cg_buf_put_string(buf, "        location ");
    cg_buf_put(buf, conf->at);
    cg_buf_put_string(buf, " {\n            caregate_attach ");
    cg_buf_put(buf, conf->profile);
    cg_buf_put_string(buf, ";\n            proxy_pass ");
    cg_buf_put_string(buf, conf->https ? "https://caregate_agent" : "http://caregate_agent");
    cg_buf_put(buf, conf->path);
    cg_buf_put_string(buf, ";\n");
    cg_nginx_put_line(buf, "            proxy_set_header Host", conf->authority);
    if (conf->https) {
        cg_nginx_put_line(buf, "            proxy_ssl_trusted_certificate", conf->ca);
        cg_nginx_put_line(buf, "            proxy_ssl_name", conf->host);
        cg_buf_put_string(buf, "            proxy_ssl_verify on;\n"
                               "            proxy_ssl_verify_depth 3;\n"
                               "            proxy_ssl_server_name on;\n");
    }
    cg_buf_put_string(buf, "            proxy_http_version 1.1;\n"
                           "            proxy_set_header Connection \"\";\n"
                           "            client_max_body_size 0;\n"
                           "        }\n");
}

/* A web page may have its own name lead to this machine, and call as if it were its server. */
static void put_servers(const struct cg_agent_conf *conf, struct cg_buf *buf)
{
    cg_buf_put_string(buf, "\n"
                           "    # Browsers that a page's own name has led here find nothing.\n"
                           "    server {\n        listen ");
    cg_buf_put(buf, conf->listen.text);
    cg_buf_put_string(buf, " default_server;\n        return 421;\n    }\n"
                           "    server {\n        listen ");
    cg_buf_put(buf, conf->listen.text);
    cg_buf_put_string(buf, ";\n        server_name localhost 127.0.0.1 [::1]");
    if (conf->listen.host.data != NULL && !cg_listen_is_everywhere(&conf->listen) &&
        !cg_span_equal_string(conf->listen.host, "127.0.0.1") &&
        !cg_span_equal_string(conf->listen.host, "[::1]") &&
        !cg_span_equal_string(conf->listen.host, "localhost")) {
        cg_buf_put_byte(buf, ' ');
        cg_buf_put(buf, conf->listen.host);
    }
    cg_buf_put_string(buf, ";\n\n");
    put_location(conf, buf);
    cg_buf_put_string(buf, "        location / {\n            return 404;\n        }\n    }\n");
}

static void put_status(const struct cg_agent_conf *conf, struct cg_buf *buf)
{
    cg_buf_put_string(buf, "\n"
                           "    # /healthz, /readyz and /metrics, for this machine only.\n"
                           "    server {\n        listen 127.0.0.1:");
    cg_buf_put_number(buf, conf->status_port);
    cg_buf_put_string(buf, ";\n        access_log off;\n"
                           "        location / {\n            caregate_status;\n        }\n"
                           "    }\n}\n");
}

void cg_agent_conf_write(const struct cg_agent_conf *conf, struct cg_buf *buf)
{
    put_head(conf, buf);
    put_profile(conf, buf);
    put_http(buf);
    put_upstream(conf, buf);
    put_servers(conf, buf);
    put_status(conf, buf);
}
