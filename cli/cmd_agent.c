/* SPDX-License-Identifier: Apache-2.0 */
/* An agent of its own for those with no nginx: a data folder without a store. */
#include "base/span.h"
#include "cli/agent_conf.h"
#include "cli/args.h"
#include "cli/folder.h"
#include "cli/init_agent.h"
#include "cli/nginx.h"
#include "cli/nouns.h"
#include "cli/serve.h"
#include "cli/token_file.h"
#include "codec/uri.h"

#include <string.h>
#include <unistd.h>

#define KEY_BYTES_MAX 4096
#define CA_BYTES_MAX 65536
#define SYSTEM_CA "/etc/ssl/certs/ca-certificates.crt"
#define DEFAULT_LISTEN "127.0.0.1:8700"

struct plan {
    struct cg_agent_conf conf;
    struct cg_span credential; /* secret or key */
    struct cg_span issuer_ca;  /* PEM, or absent */
    struct cg_span api_ca;
};

static enum cg_status refuse_value(struct cg_context *context, const char *wanted,
                                   struct cg_span value)
{
    return cg_complain_usage(context, "%s, not \"%.*s\"", wanted, CG_SPAN_ARGS(value));
}

static bool is_profile(struct cg_span name)
{
    for (size_t i = 0; i < name.len; i++) {
        uint8_t c = name.data[i];
        if ((c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-') {
            return false;
        }
    }
    return name.len > 0 && name.len <= 64;
}

static bool is_text(struct cg_span text)
{
    return cg_nginx_is_plain(text) && text.len <= 1024;
}

static bool is_loopback(struct cg_span host)
{
    return cg_span_equal_string(host, "127.0.0.1") || cg_span_equal_string(host, "localhost") ||
           cg_span_equal_string(host, "::1");
}

/* What a secret or a token is sent to: https, or this machine. */
static bool is_safe_url(const struct cg_uri *uri)
{
    return cg_uri_is_http(uri) && uri->query.data == NULL &&
           (cg_span_equal_string(uri->scheme, "https") || is_loopback(uri->host));
}

static enum cg_status read_issuer(struct cg_context *context, const struct cg_args *args,
                                  struct plan *plan)
{
    struct cg_uri uri;
    struct cg_agent_conf *conf = &plan->conf;
    conf->profile = cg_args_argument(args, 0);
    conf->token_url = cg_args_value(args, "token-url");
    conf->client = cg_args_value(args, "client");
    conf->scope = cg_args_value(args, "scope");
    if (!is_profile(conf->profile)) {
        return refuse_value(context, "PROFILE is a name of small letters, digits and hyphens",
                            conf->profile);
    }
    if (cg_uri_parse(conf->token_url, &uri) != CG_OK || !is_safe_url(&uri) ||
        !is_text(conf->token_url)) {
        return refuse_value(context,
                            "--token-url wants the token endpoint: https, or http to this machine",
                            conf->token_url);
    }
    if (!is_text(conf->client) || (conf->scope.data != NULL && !is_text(conf->scope))) {
        return cg_complain_usage(context, "--client or --scope has characters that cannot be");
    }
    return CG_OK;
}

static enum cg_status read_port(struct cg_context *context, const struct cg_uri *uri,
                                struct cg_agent_conf *conf)
{
    const char *authority = NULL;
    bool is_ipv6 = cg_span_find(uri->host, ':', 0) < uri->host.len;
    conf->https = cg_span_equal_string(uri->scheme, "https");
    conf->port = conf->https ? 443 : 80;
    if (uri->port.data != NULL) {
        CG_TRY(cg_span_to_number(uri->port, 65535, &conf->port));
    }
    CG_TRY(cg_context_print(context, &authority, is_ipv6 ? "[%.*s]" : "%.*s",
                            CG_SPAN_ARGS(uri->host)));
    conf->host = cg_span_of_string(authority);
    if (uri->port.data != NULL) {
        CG_TRY(cg_context_print(context, &authority, "%.*s:%lld", CG_SPAN_ARGS(conf->host),
                                (long long)conf->port));
    }
    conf->authority = cg_span_of_string(authority);
    return CG_OK;
}

static enum cg_status read_place(struct cg_context *context, const struct cg_args *args,
                                 struct plan *plan)
{
    struct cg_uri uri;
    struct cg_agent_conf *conf = &plan->conf;
    struct cg_span upstream = cg_args_value(args, "upstream");
    conf->at = cg_args_value(args, "at");
    if (!cg_nginx_is_location(conf->at)) {
        return refuse_value(
            context, "--at wants a path with / before and behind it, as in /record/", conf->at);
    }
    if (cg_uri_parse(upstream, &uri) != CG_OK || !is_safe_url(&uri) || !is_text(upstream) ||
        read_port(context, &uri, conf) != CG_OK || conf->port == 0) {
        return refuse_value(context, "--upstream wants the API: https, or http to this machine",
                            upstream);
    }
    if (uri.path.len > 0) {
        conf->path = uri.path;
    }
    return CG_OK;
}

static enum cg_status read_listen(struct cg_context *context, const struct cg_args *args,
                                  struct plan *plan)
{
    struct cg_span text = cg_args_value(args, "listen");
    struct cg_listen *listen = &plan->conf.listen;
    if (text.data == NULL) {
        text = CG_SPAN_OF(DEFAULT_LISTEN);
    }
    if (cg_listen_parse(text, listen) != CG_OK) {
        return refuse_value(context, "--listen wants an address and a port, as in " DEFAULT_LISTEN,
                            text);
    }
    if (listen->host.data == NULL || cg_listen_is_everywhere(listen)) {
        cg_say(context, "warning: other machines reach the agent there, in the clear; unless "
                        "`allow` names them, it turns them away");
    }
    plan->conf.status_port = listen->port < 65535 ? listen->port + 1 : listen->port - 1;
    return CG_OK;
}

static enum cg_status read_credential(struct cg_context *context, const struct cg_args *args,
                                      struct plan *plan)
{
    const char *path = NULL;
    plan->conf.has_key = cg_args_has(args, "key-file");
    if (cg_args_has(args, "secret-file") == plan->conf.has_key) {
        return cg_complain_usage(context, "one of --secret-file and --key-file is needed");
    }
    if (!plan->conf.has_key) {
        return cg_token_file_read_secret(context, cg_args_value(args, "secret-file"),
                                         &plan->credential);
    }
    CG_TRY(cg_context_string(context, cg_args_value(args, "key-file"), &path));
    return cg_token_file_read_place(context, path, KEY_BYTES_MAX, &plan->credential);
}

static enum cg_status read_ca(struct cg_context *context, const struct cg_args *args,
                              const char *name, struct cg_span *ret_pem)
{
    const char *path = NULL;
    if (!cg_args_has(args, name)) {
        return CG_OK;
    }
    CG_TRY(cg_context_string(context, cg_args_value(args, name), &path));
    return cg_context_read_file(context, path, CA_BYTES_MAX, ret_pem);
}

static enum cg_status read_nginx(struct cg_context *context, struct plan *plan)
{
    const char *module = NULL;
    bool found = false;
    CG_TRY(cg_nginx_module(context, &module, &found));
    plan->conf.module = cg_span_of_string(module);
    if (!found) {
        cg_say(context, "warning: nginx's module is not at %s; nginx cannot start before it is",
               module);
    }
    return cg_nginx_is_plain(plan->conf.module)
               ? CG_OK
               : cg_complain(context, CG_ERR_INPUT, "%s cannot stand in nginx's configuration",
                             module);
}

/* All that can be refused is refused before anything is made. */
static enum cg_status make_plan(struct cg_context *context, const struct cg_args *args,
                                struct plan *plan)
{
    CG_TRY(read_issuer(context, args, plan));
    CG_TRY(read_place(context, args, plan));
    CG_TRY(read_listen(context, args, plan));
    CG_TRY(read_credential(context, args, plan));
    CG_TRY(read_ca(context, args, "ca", &plan->issuer_ca));
    CG_TRY(read_ca(context, args, "upstream-ca", &plan->api_ca));
    return read_nginx(context, plan);
}

static enum cg_status write_file(struct cg_context *context, const char *name, struct cg_span text,
                                 bool is_line, unsigned mode)
{
    struct cg_buf buf;
    cg_buf_init_arena(&buf, context->arena, CG_FOLDER_FILE_MAX_BYTES);
    cg_buf_put(&buf, text);
    if (is_line) {
        cg_buf_put_byte(&buf, '\n');
    }
    return cg_folder_write(context, name, &buf, mode);
}

static enum cg_status write_authorities(struct cg_context *context, struct plan *plan)
{
    const char *path = SYSTEM_CA;
    CG_TRY(cg_folder_make(context, "tls"));
    if (plan->issuer_ca.data != NULL) {
        CG_TRY(write_file(context, "tls/issuer-ca.pem", plan->issuer_ca, false, 0644));
    }
    if (plan->api_ca.data != NULL) {
        CG_TRY(write_file(context, "tls/api-ca.pem", plan->api_ca, false, 0644));
        CG_TRY(cg_context_path(context, "tls/api-ca.pem", &path));
    }
    plan->conf.has_issuer_ca = plan->issuer_ca.data != NULL;
    plan->conf.ca = cg_span_of_string(path);
    return CG_OK;
}

static enum cg_status fill_folder(struct cg_context *context, struct plan *plan)
{
    struct cg_buf buf;
    bool has_key = plan->conf.has_key;
    CG_TRY(write_file(context, has_key ? CG_AGENT_KEY_FILE : CG_AGENT_SECRET_FILE, plan->credential,
                      !has_key, 0600));
    CG_TRY(write_authorities(context, plan));
    CG_TRY(cg_folder_make(context, "run"));
    CG_TRY(cg_folder_make(context, "logs"));
    cg_buf_init_arena(&buf, context->arena, CG_FOLDER_FILE_MAX_BYTES);
    plan->conf.dir = cg_span_of_string(context->dir);
    cg_agent_conf_write(&plan->conf, &buf);
    return cg_folder_write(context, "nginx.conf", &buf, 0600);
}

static void report(struct cg_context *context, const struct plan *plan)
{
    struct cg_output *output = &context->output;
    const char *url = "";
    const char *status = "";
    if (cg_context_print(context, &url, "http://%.*s%.*s", CG_SPAN_ARGS(plan->conf.listen.text),
                         CG_SPAN_ARGS(plan->conf.at)) != CG_OK ||
        cg_context_print(context, &status, "http://127.0.0.1:%lld",
                         (long long)plan->conf.status_port) != CG_OK) {
        return;
    }
    cg_output_open_record(output);
    cg_output_string(output, "dir", context->dir);
    cg_output_text(output, "profile", plan->conf.profile);
    cg_output_string(output, "url", url);
    cg_output_string(output, "status", status);
    cg_output_close_record(output);
    cg_say(context, "`caregate agent serve` starts it; then call %s without a token", url);
}

static enum cg_status run_init(struct cg_context *context, const struct cg_args *args)
{
    struct plan plan = {.credential = {NULL, 0}};
    CG_TRY(make_plan(context, args, &plan));
    CG_TRY(cg_folder_create(context, &plan.conf.user));
    enum cg_status status = fill_folder(context, &plan);
    if (status != CG_OK) {
        status = cg_complain_status(context, status);
        cg_say(context, "what was made so far is in %s; remove it before you try again",
               context->dir);
        return status;
    }
    report(context, &plan);
    return CG_OK;
}

bool cg_init_agent_is(struct cg_context *context)
{
    return cg_folder_has(context, CG_AGENT_SECRET_FILE) ||
           cg_folder_has(context, CG_AGENT_KEY_FILE);
}

static const struct cg_option init_options[] = {
    {"token-url", "URL", CG_OPTION_REQUIRED, "the token endpoint of the authorisation server"},
    {"client", "ID", CG_OPTION_REQUIRED, "the client's id there"},
    {"secret-file", "FILE", CG_OPTION_PLAIN,
     "its secret; standard input if -, credential:NAME of systemd, keyring:NAME of the kernel"},
    {"key-file", "FILE", CG_OPTION_PLAIN, "else its private key in PEM"},
    {"scope", "SCOPES", CG_OPTION_PLAIN, "what to ask for; if left out, the server decides"},
    {"ca", "FILE", CG_OPTION_PLAIN,
     "authorities of the token endpoint's certificate, the system's if left out"},
    {"at", "/PATH/", CG_OPTION_REQUIRED, "the path that local systems call"},
    {"upstream", "URL", CG_OPTION_REQUIRED, "the API: where tokens go, and nowhere else"},
    {"upstream-ca", "FILE", CG_OPTION_PLAIN,
     "authorities of the API's certificate, the system's if left out"},
    {"listen", "ADDRESS:PORT", CG_OPTION_PLAIN,
     "where to listen, " DEFAULT_LISTEN " if left out; the next port is for health and metrics"},
    {NULL, NULL, CG_OPTION_PLAIN, NULL},
};

static const struct cg_verb agent_verbs[] = {
    {
        .name = "init",
        .arguments = "PROFILE",
        .summary = "make the data folder of an agent",
        .options = init_options,
        .help = "An agent stands at a calling system: local programs call it without a token,\n"
                "it attaches one and passes the call on to the API. Tokens are kept in memory\n"
                "and renewed by themselves. The folder that --dir names has the client's secret\n"
                "or key, and an nginx.conf that is yours to edit.",
        .example = "caregate --dir agent agent init record --token-url "
                   "https://id.example.nhs.uk/vlive/hpca/oauth/token --client ward-7f3k9q2x "
                   "--secret-file secret --at /record/ --upstream https://api.example.nhs.uk/",
        .run = run_init,
    },
    {
        .name = "serve",
        .summary = "run the agent, in the foreground",
        .help = "As `caregate serve`, for the folder of an agent; `caregate reload`, `stop` and\n"
                "`check` work there, too.",
        .example = "caregate --dir agent agent serve",
        .run = cg_serve_run,
    },
    {.name = NULL},
};

const struct cg_noun cg_noun_agent = {"agent", "attach tokens to what local systems call",
                                      agent_verbs};
