/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"
#include "base/span.h"
#include "cli/args.h"
#include "cli/change.h"
#include "cli/first_key.h"
#include "cli/folder.h"
#include "cli/init_gate.h"
#include "cli/nginx.h"
#include "cli/nginx_conf.h"
#include "cli/nouns.h"
#include "codec/base64url.h"
#include "codec/uri.h"
#include "crypto/certificate.h"
#include "registry/realm.h"
#include "registry/signing_key.h"

#include <string.h>
#include <unistd.h>

#define CERTIFICATE_LIFE_S (365L * 86400)
#define NGINX_HTTP2_DIRECTIVE 1025001 /* 1.25.1 */
#define HOSTS_MAX 7

struct plan {
    struct cg_span realm;
    struct cg_listen listen;
    struct cg_listen mtls_listen; /* text absent: none */
    struct cg_span mtls_url;
    struct cg_span url; /* no final slash */
    bool url_is_told;   /* what clients call: else they may call it otherwise, too */
    struct cg_uri uri;
    int64_t status_port;
    const char *module;
    bool module_found;
    int64_t nginx_version;
    struct cg_span user;
    struct cg_init_gate gate; /* of a folder without a store */
};

static enum cg_status plan_listen(struct cg_context *context, const struct cg_args *args,
                                  struct plan *plan)
{
    struct cg_span text = cg_args_value(args, "listen");
    if (text.data == NULL) {
        text = CG_SPAN_OF("127.0.0.1:8443");
    }
    if (cg_listen_parse(text, &plan->listen) != CG_OK) {
        return cg_complain_usage(context,
                                 "--listen wants an address and a port from 1 to 65535, as in "
                                 "127.0.0.1:8443 or [::1]:8443, not \"%.*s\"",
                                 CG_SPAN_ARGS(text));
    }
    plan->status_port = plan->listen.port < 65535 ? plan->listen.port + 1 : plan->listen.port - 1;
    return CG_OK;
}

static enum cg_status plan_url(struct cg_context *context, const struct cg_args *args,
                               struct plan *plan)
{
    const char *text = NULL;
    plan->url = cg_args_value(args, "url");
    plan->url_is_told = plan->url.data != NULL;
    if (!plan->url_is_told) {
        CG_TRY(cg_context_print(context, &text, "https://localhost:%lld",
                                (long long)plan->listen.port));
        plan->url = cg_span_of_string(text);
    }
    if (cg_nginx_origin_parse(plan->url, &plan->url, &plan->uri) != CG_OK) {
        return cg_complain_usage(context, "--url wants what clients call, without a path: "
                                          "https://care.example.org");
    }
    if (!cg_span_equal_string(plan->uri.scheme, "https")) {
        cg_say(context, "warning: over plain http, secrets and tokens are there for all to read");
    }
    return CG_OK;
}

/* Behind the same host as all else. */
static enum cg_status plan_mtls(struct cg_context *context, const struct cg_args *args,
                                struct plan *plan)
{
    struct cg_span text = cg_args_value(args, "mtls-listen");
    const char *url = NULL;
    if (text.data == NULL) {
        return CG_OK;
    }
    if (cg_listen_parse(text, &plan->mtls_listen) != CG_OK ||
        plan->mtls_listen.port == plan->listen.port ||
        plan->mtls_listen.port == plan->status_port) {
        return cg_complain_usage(context,
                                 "--mtls-listen wants an address and a port of its own, as in "
                                 "127.0.0.1:8445, not \"%.*s\"",
                                 CG_SPAN_ARGS(text));
    }
    bool is_ipv6 = cg_span_find(plan->uri.host, ':', 0) < plan->uri.host.len;
    CG_TRY(cg_context_print(context, &url, is_ipv6 ? "https://[%.*s]:%lld" : "https://%.*s:%lld",
                            CG_SPAN_ARGS(plan->uri.host), (long long)plan->mtls_listen.port));
    plan->mtls_url = cg_span_of_string(url);
    return CG_OK;
}

static enum cg_status plan_nginx(struct cg_context *context, struct plan *plan)
{
    const char *program = NULL;
    CG_TRY(cg_nginx_module(context, &plan->module, &plan->module_found));
    CG_TRY(cg_nginx_program(context, &program));
    CG_TRY(cg_nginx_version(context, program, &plan->nginx_version));
    if (!plan->module_found) {
        cg_say(context, "warning: nginx's module is not at %s; nginx cannot start before it is",
               plan->module);
    }
    if (!cg_nginx_is_plain(cg_span_of_string(plan->module))) {
        return cg_complain(context, CG_ERR_INPUT, "%s cannot stand in nginx's configuration",
                           plan->module);
    }
    return CG_OK;
}

/* All that can be refused is refused before anything is made. */
static enum cg_status make_plan(struct cg_context *context, const struct cg_args *args,
                                struct plan *plan)
{
    CG_TRY(cg_init_gate_read(context, args, &plan->gate));
    plan->realm = plan->gate.issuer.data != NULL ? plan->gate.realm
                  : context->realm.data != NULL  ? context->realm
                                                 : CG_SPAN_OF("/vlive/hpca");
    if (!cg_uri_is_realm_path(plan->realm) || plan->realm.data[1] == '.') {
        return cg_complain_usage(context,
                                 "--realm wants a path of lower-case words, digits, dots and "
                                 "hyphens, as in /vlive/hpca, not \"%.*s\"",
                                 CG_SPAN_ARGS(plan->realm));
    }
    CG_TRY(plan_listen(context, args, plan));
    CG_TRY(plan_url(context, args, plan));
    CG_TRY(plan_mtls(context, args, plan));
    return plan_nginx(context, plan);
}

/* Whom the folder was given to is who loads it. */
static void warn_of_module(struct cg_context *context, const struct plan *plan)
{
    const char *why = NULL;
    if (plan->module_found && eaccess(plan->module, R_OK) != 0 &&
        cg_nginx_explain_denied(context, plan->module, &why) == CG_OK) {
        cg_say(context, "warning: %s", why);
    }
}

static enum cg_status write_master_key(struct cg_context *context)
{
    struct cg_buf buf;
    cg_buf_init_arena(&buf, context->arena, CG_FOLDER_FILE_MAX_BYTES);
    CG_TRY(cg_random_text(&context->random, CG_SEALED_KEY_BYTES, &buf));
    cg_buf_put_byte(&buf, '\n');
    return cg_folder_write(context, "master.key", &buf, 0600);
}

static void add_host(struct cg_span hosts[HOSTS_MAX], size_t *count, struct cg_span host)
{
    for (size_t i = 0; i < *count; i++) {
        if (cg_span_equal_nocase(hosts[i], host)) {
            return;
        }
    }
    hosts[(*count)++] = host;
}

static void add_listen(struct cg_span hosts[HOSTS_MAX], size_t *count,
                       const struct cg_listen *listen)
{
    struct cg_span host = listen->host;
    if (host.data == NULL || cg_listen_is_everywhere(listen)) {
        return;
    }
    add_host(hosts, count, host.data[0] == '[' ? cg_span_part(host, 1, host.len - 2) : host);
}

static enum cg_status write_pem(struct cg_context *context, const char *name, struct cg_span pem,
                                unsigned mode)
{
    const char *path = NULL;
    CG_TRY(cg_context_path(context, name, &path));
    return cg_context_write_file(context, path, pem, mode);
}

static enum cg_status write_certificate(struct cg_context *context, const struct plan *plan)
{
    struct cg_span hosts[HOSTS_MAX];
    struct cg_dev_certificate made;
    size_t count = 0;
    add_host(hosts, &count, plan->uri.host);
    add_host(hosts, &count, CG_SPAN_OF("localhost"));
    add_host(hosts, &count, CG_SPAN_OF("127.0.0.1"));
    add_host(hosts, &count, CG_SPAN_OF("::1"));
    add_listen(hosts, &count, &plan->listen);
    add_listen(hosts, &count, &plan->mtls_listen);
    CG_TRY(cg_certificate_make(hosts, count, context->now_s, CERTIFICATE_LIFE_S, context->arena,
                               &made));
    CG_TRY(cg_folder_make(context, "tls"));
    CG_TRY(write_pem(context, "tls/ca.pem", made.ca_pem, 0644));
    CG_TRY(write_pem(context, "tls/server.pem", made.certificate_pem, 0644));
    return write_pem(context, "tls/server.key", made.private_key_pem, 0600);
}

static enum cg_status write_conf(struct cg_context *context, const struct plan *plan)
{
    static const char *const folders[] = {"run", "logs", "apis", "upstreams", "realms"};
    struct cg_nginx_conf conf = {
        .dir = cg_span_of_string(context->dir),
        .module = cg_span_of_string(plan->module),
        .user = plan->user,
        .listen = plan->listen.text,
        .mtls_listen = plan->mtls_listen.text,
        .trust = plan->gate.issuer,
        .trust_client = plan->gate.client,
        .trust_ca = plan->gate.ca.data != NULL,
        .status_port = plan->status_port,
        .http2_directive = plan->nginx_version >= NGINX_HTTP2_DIRECTIVE,
    };
    if (plan->url_is_told) {
        conf.origin = plan->url;
        conf.mtls_origin = plan->mtls_url;
    }
    struct cg_buf buf;
    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
        CG_TRY(cg_folder_make(context, folders[i]));
    }
    cg_buf_init_arena(&buf, context->arena, CG_FOLDER_FILE_MAX_BYTES);
    cg_nginx_conf_write(&conf, &buf);
    if (plan->gate.issuer.data == NULL) {
        CG_TRY(cg_folder_write_realm(context, plan->realm));
    }
    return cg_folder_write(context, "nginx.conf", &buf, 0600);
}

static enum cg_status fill_registry(struct cg_context *context, const struct plan *plan)
{
    CG_CLEANUP(cg_change_free_at) struct cg_change *change = NULL;
    struct cg_audit_event *event = NULL;
    struct cg_realm realm;
    CG_TRY(cg_change_begin_with(context, CG_CHANGE_NO_REALM | CG_CHANGE_CREATE, &change));
    CG_TRY(cg_change_note(change, CG_AUDIT_STORE_CREATED, &event));
    CG_TRY(cg_setting_set(cg_change_store(change), "base_url", plan->url));
    if (plan->mtls_url.data != NULL) {
        CG_TRY(cg_setting_set(cg_change_store(change), "mtls_base_url", plan->mtls_url));
    }
    CG_TRY(cg_realm_defaults(CG_SPAN_OF("documented"), &context->fault, &realm));
    realm.path = plan->realm;
    realm.created_s = context->now_s;
    CG_TRY(cg_realm_add(cg_change_store(change), &realm, &context->fault));
    CG_TRY(cg_change_note(change, CG_AUDIT_REALM_ADDED, &event));
    event->realm = plan->realm;
    CG_TRY(cg_first_key_add(context, change, realm.path, realm.alg));
    CG_TRY(cg_first_key_add(context, change, CG_SPAN_OF(CG_AUDIT_KEY_REALM), CG_SPAN_OF("RS256")));
    return cg_change_commit(change);
}

static enum cg_status fill_folder(struct cg_context *context, const struct plan *plan)
{
    if (plan->gate.issuer.data != NULL) {
        CG_TRY(cg_init_gate_write(context, &plan->gate));
    } else {
        CG_TRY(write_master_key(context));
        CG_TRY(fill_registry(context, plan));
    }
    CG_TRY(write_certificate(context, plan));
    return write_conf(context, plan);
}

static void report(struct cg_context *context, const struct plan *plan)
{
    struct cg_output *output = &context->output;
    const char *ca = "";
    const char *issuer = "";
    const char *status = "";
    if (cg_context_path(context, "tls/ca.pem", &ca) != CG_OK ||
        cg_context_print(context, &issuer, "%.*s%.*s", CG_SPAN_ARGS(plan->url),
                         CG_SPAN_ARGS(plan->realm)) != CG_OK ||
        cg_context_print(context, &status, "http://127.0.0.1:%lld", (long long)plan->status_port) !=
            CG_OK) {
        return;
    }
    cg_output_open_record(output);
    cg_output_string(output, "dir", context->dir);
    cg_output_text(output, "realm", plan->realm);
    if (plan->gate.issuer.data != NULL) {
        cg_output_text(output, "issuer", plan->gate.issuer);
    } else {
        cg_output_string(output, "issuer", issuer);
    }
    cg_output_text(output, "listen", plan->listen.text);
    if (plan->mtls_url.data != NULL) {
        cg_output_text(output, "mtls_url", plan->mtls_url);
    }
    cg_output_string(output, "status", status);
    cg_output_string(output, "trust", ca);
    cg_output_close_record(output);
    if (plan->gate.issuer.data == NULL) {
        cg_say(context,
               "keep a copy of %s/master.key apart from the folder: the store is worth "
               "nothing without it",
               context->dir);
    }
    cg_say(context, "`caregate serve` starts it, with --dir %s where that is not the default",
           context->dir);
}

static enum cg_status run_init(struct cg_context *context, const struct cg_args *args)
{
    struct plan plan = {.status_port = 0};
    CG_TRY(make_plan(context, args, &plan));
    CG_TRY(cg_folder_create(context, &plan.user));
    warn_of_module(context, &plan);
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

static const struct cg_option init_options[] = {
    {"listen", "ADDRESS:PORT", CG_OPTION_PLAIN,
     "where to listen, 127.0.0.1:8443 if left out; the next port is for health and metrics"},
    {"mtls-listen", "ADDRESS:PORT", CG_OPTION_PLAIN,
     "where to ask clients for certificates, nowhere if left out"},
    {"url", "URL", CG_OPTION_PLAIN, "what clients call, https://localhost:PORT if left out"},
    {"trust", "ISSUER-URL", CG_OPTION_PLAIN,
     "make a gate without a store, fed by this issuer's realm on another machine"},
    {"client", "ID", CG_OPTION_PLAIN, "with --trust: the gate's client there, with the grant gate"},
    {"secret-file", "FILE", CG_OPTION_PLAIN, "with --trust: its secret; standard input if -"},
    {"ca", "FILE", CG_OPTION_PLAIN,
     "with --trust: authorities of the issuer's certificate, the system's if left out"},
    {NULL, NULL, CG_OPTION_PLAIN, NULL},
};

static const struct cg_verb init_verbs[] = {
    {
        .name = "",
        .summary = "make a data folder: store, keys, development certificate, nginx.conf",
        .options = init_options,
        .help = "Makes the folder that --dir names, with a realm (/vlive/hpca, or what --realm\n"
                "says), its first signing key, a development certificate whose authority\n"
                "clients trust by DIR/tls/ca.pem, and an nginx.conf that is yours to edit.\n"
                "Run as root, it gives the folder to an unprivileged user. A folder that is\n"
                "there already is left as it is. With --trust it has no store and issues no\n"
                "tokens: see *A gate on another machine* in docs/OPERATOR.md.",
        .example = "caregate init --realm /vlive/hpca --listen 127.0.0.1:8443",
        .run = run_init,
    },
    {.name = NULL},
};

const struct cg_noun cg_noun_init = {"init", "make a data folder", init_verbs};
