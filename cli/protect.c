/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/protect.h"

#include "base/span.h"
#include "cli/folder.h"
#include "cli/init_gate.h"
#include "cli/nginx_conf.h"
#include "cli/owner.h"
#include "codec/uri.h"
#include "registry/api.h"
#include "token/scope.h"
#include "token/smart.h"

#include <caregate/gate.h>
#include <unistd.h>

#define SYSTEM_CA "/etc/ssl/certs/ca-certificates.crt"

static bool is_methods(struct cg_span text)
{
    struct cg_span method = {NULL, 0};
    while (cg_span_split(&text, ',', &method)) {
        for (size_t i = 0; i < method.len; i++) {
            if (method.data[i] < 'A' || method.data[i] > 'Z') {
                return false;
            }
        }
        if (method.len == 0) {
            return false;
        }
    }
    return true;
}

enum cg_status cg_protect_parse_rule(struct cg_span rule, struct cg_span *ret_methods,
                                     struct cg_span *ret_scopes)
{
    struct cg_scope scope;
    struct cg_span methods = {NULL, 0};
    struct cg_span scopes = rule;
    size_t equals = cg_span_find(rule, '=', 0);
    if (equals > 0 && equals < rule.len && is_methods(cg_span_part(rule, 0, equals))) {
        methods = cg_span_part(rule, 0, equals);
        scopes = cg_span_part(rule, equals + 1, rule.len);
    }
    CG_TRY(cg_scope_parse(scopes, &scope));
    if (scope.count == 0) {
        return CG_ERR_INPUT;
    }
    *ret_methods = methods;
    *ret_scopes = scopes;
    return CG_OK;
}

/* nginx would refuse the file for another method, and say it in its own words. */
static enum cg_status want_methods(struct cg_context *context, struct cg_span methods)
{
    struct cg_span method = {NULL, 0};
    while (cg_span_split(&methods, ',', &method)) {
        if (cg_method_of(method) == CG_METHOD_OTHER) {
            return cg_complain(context, CG_ERR_INPUT,
                               "--require knows no method %.*s; it knows GET, HEAD, POST, PUT, "
                               "PATCH, DELETE and OPTIONS",
                               CG_SPAN_ARGS(method));
        }
    }
    return CG_OK;
}

/* A rule that no token can meet locks everybody out: each scope must be the API's. */
static enum cg_status want_rule(struct cg_context *context, const struct cg_api *api,
                                struct cg_span rule)
{
    struct cg_span methods = {NULL, 0};
    struct cg_span scopes = {NULL, 0};
    struct cg_span word = {NULL, 0};
    if (cg_protect_parse_rule(rule, &methods, &scopes) != CG_OK) {
        return cg_complain_usage(context,
                                 "--require wants scopes, with methods before them if not for "
                                 "all: GET,HEAD=documents.read, not \"%.*s\"",
                                 CG_SPAN_ARGS(rule));
    }
    CG_TRY(want_methods(context, methods));
    /* What scopes an API has is known where the registry is. */
    while (api->scope.data != NULL && cg_span_split(&scopes, ' ', &word)) {
        if (!cg_scope_text_has(api->scope, word)) {
            return cg_complain(context, CG_ERR_INPUT, "%.*s has no scope %.*s; it has: %.*s",
                               CG_SPAN_ARGS(api->name), CG_SPAN_ARGS(word),
                               CG_SPAN_ARGS(api->scope));
        }
    }
    return CG_OK;
}

static enum cg_status read_rules(struct cg_context *context, const struct cg_args *args,
                                 const struct cg_api *api, struct cg_nginx_api *conf)
{
    struct cg_span *rules = NULL;
    conf->rule_count = cg_args_count(args, "require");
    CG_TRY(cg_arena_take_array(context->arena, conf->rule_count, sizeof(*rules), (void **)&rules));
    for (size_t i = 0; i < conf->rule_count; i++) {
        rules[i] = cg_args_value_at(args, "require", i);
        CG_TRY(want_rule(context, api, rules[i]));
    }
    conf->rules = rules;
    return CG_OK;
}

static enum cg_status read_place(struct cg_context *context, const struct cg_args *args,
                                 struct cg_nginx_api *conf)
{
    const char *issuer = NULL;
    const char *endpoints = NULL;
    conf->at = cg_args_value(args, "at");
    if (!cg_nginx_is_location(conf->at)) {
        return cg_complain_usage(context,
                                 "--at wants a path with / before and behind it, of letters, "
                                 "digits and ._~-, as in /fhir/, not \"%.*s\"",
                                 CG_SPAN_ARGS(conf->at));
    }
    CG_TRY(cg_context_print(context, &issuer, "%.*s/", CG_SPAN_ARGS(conf->realm)));
    CG_TRY(cg_context_print(context, &endpoints, "%soauth/", issuer));
    if (cg_span_equal_string(conf->at, issuer) ||
        cg_span_starts_with(conf->at, cg_span_of_string(endpoints))) {
        return cg_complain(context, CG_ERR_CONFLICT, "%s is where tokens are issued", issuer);
    }
    return CG_OK;
}

static enum cg_status refuse_upstream(struct cg_context *context, struct cg_span url)
{
    return cg_complain_usage(context,
                             "--upstream wants an http or https URL without a query, as in "
                             "http://127.0.0.1:9090, not \"%.*s\"",
                             CG_SPAN_ARGS(url));
}

static enum cg_status read_upstream(struct cg_context *context, const struct cg_args *args,
                                    struct cg_nginx_api *conf)
{
    struct cg_span url = cg_args_value(args, "upstream");
    struct cg_uri uri;
    struct cg_listen address;
    const char *text = NULL;
    if (!cg_nginx_is_plain(url) || cg_uri_parse(url, &uri) != CG_OK || !cg_uri_is_http(&uri) ||
        uri.query.data != NULL) {
        return refuse_upstream(context, url);
    }
    bool v6 = cg_span_find(uri.host, ':', 0) < uri.host.len;
    conf->https = cg_span_equal_nocase(uri.scheme, CG_SPAN_OF("https"));
    CG_TRY(cg_context_print(context, &text, "%s%.*s%s%s%.*s", v6 ? "[" : "", CG_SPAN_ARGS(uri.host),
                            v6 ? "]" : "", uri.port.len > 0 ? ":" : "", CG_SPAN_ARGS(uri.port)));
    conf->authority = cg_span_of_string(text);
    if (uri.port.len == 0) {
        CG_TRY(cg_context_print(context, &text, "%s:%d", text, conf->https ? 443 : 80));
    }
    if (cg_listen_parse(cg_span_of_string(text), &address) != CG_OK) {
        return refuse_upstream(context, url);
    }
    conf->host = address.host;
    conf->port = address.port;
    conf->path = uri.path;
    return CG_OK;
}

static enum cg_status read_ca(struct cg_context *context, const struct cg_args *args,
                              struct cg_nginx_api *conf)
{
    struct cg_span file = cg_args_value(args, "upstream-ca");
    const char *path = SYSTEM_CA;
    char folder[4096];
    if (file.data != NULL) {
        CG_TRY(cg_context_string(context, file, &path));
    }
    if (path[0] != '/' && getcwd(folder, sizeof(folder)) != NULL) {
        CG_TRY(cg_context_print(context, &path, "%s/%s", folder, path));
    }
    conf->ca = cg_span_of_string(path);
    if (!conf->https) {
        return CG_OK;
    }
    if (access(path, R_OK) != 0 || !cg_nginx_is_plain(conf->ca)) {
        return cg_complain(context, CG_ERR_INPUT,
                           "%s cannot be read; --upstream-ca names the authorities that may sign "
                           "the API's certificate",
                           path);
    }
    return CG_OK;
}

/* At a gate without a store the API is taken at its name: its issuer knows it, or the gate refuses
 * all there. */
static enum cg_status take_name(struct cg_context *context, struct cg_span name,
                                struct cg_api *ret_api)
{
    if (!cg_uri_is_realm_path(context->realm) || !cg_registry_is_api_name(name) ||
        name.data[0] == '.') {
        return cg_complain_usage(context, "a gate without a store wants the API's name, and "
                                          "--realm with the issuer's realm, as in /vlive/hpca");
    }
    *ret_api = (struct cg_api){.realm = context->realm, .name = name};
    return CG_OK;
}

static enum cg_status find_api(struct cg_context *context, const struct cg_args *args,
                               struct cg_api *ret_api)
{
    CG_CLEANUP(cg_store_free_at) struct cg_store *store = NULL;
    struct cg_span realm = {NULL, 0};
    struct cg_span name = cg_args_argument(args, 0);
    if (cg_init_gate_is(context)) {
        return take_name(context, name, ret_api);
    }
    CG_TRY(cg_context_open_store(context, CG_STORE_REGISTRY, CG_STORE_READ_ONLY, &store));
    CG_TRY(cg_context_realm(context, store, &realm));
    enum cg_status status = cg_api_find(store, realm, name, context->arena, ret_api);
    if (status == CG_ERR_NOT_FOUND) {
        return cg_complain(context, status,
                           "there is no API %.*s in %.*s; `caregate api add` adds one",
                           CG_SPAN_ARGS(name), CG_SPAN_ARGS(realm));
    }
    CG_TRY(status);
    if (ret_api->retired_s != 0) {
        return cg_complain(context, CG_ERR_CONFLICT, "%.*s is retired", CG_SPAN_ARGS(name));
    }
    if (name.data[0] == '.') {
        return cg_complain(context, CG_ERR_INPUT, "a name with a dot first is hidden from nginx");
    }
    return CG_OK;
}

static bool has_smart_scope(const struct cg_api *api)
{
    struct cg_span rest = api->scope;
    struct cg_span scope = {NULL, 0};
    bool found = false;
    while (!found && cg_span_split(&rest, ' ', &scope)) {
        found = cg_smart_looks(scope);
    }
    return found;
}

typedef void (*write_part)(const struct cg_nginx_api *conf, struct cg_buf *buf);

static enum cg_status write_part_file(struct cg_context *context, const char *file,
                                      const struct cg_nginx_api *conf, write_part write)
{
    struct cg_buf buf;
    cg_buf_init_arena(&buf, context->arena, CG_FOLDER_FILE_MAX_BYTES);
    write(conf, &buf);
    return cg_folder_write(context, file, &buf, 0600);
}

/* The upstream first: a location without it would be refused by nginx. */
static enum cg_status write_both(struct cg_context *context, const struct cg_nginx_api *conf,
                                 bool replace)
{
    static const char *const kinds[] = {"upstreams", "apis"};
    static const write_part parts[] = {cg_nginx_upstream_write, cg_nginx_api_write};
    const char *realm = NULL;
    const char *file = NULL;
    CG_TRY(cg_owner_act(context));
    CG_TRY(cg_folder_realm_name(context, conf->realm, &realm));
    CG_TRY(cg_context_print(context, &file, "apis/%s/%.*s.conf", realm, CG_SPAN_ARGS(conf->name)));
    if (!replace && cg_folder_has(context, file)) {
        return cg_complain(context, CG_ERR_CONFLICT,
                           "%s/%s is there already; edit it, or write over it with --replace",
                           context->dir, file);
    }
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        CG_TRY(cg_folder_make(context, kinds[i]));
        CG_TRY(cg_context_print(context, &file, "%s/%s", kinds[i], realm));
        CG_TRY(cg_folder_make(context, file));
        CG_TRY(cg_context_print(context, &file, "%s/%s/%.*s.conf", kinds[i], realm,
                                CG_SPAN_ARGS(conf->name)));
        CG_TRY(write_part_file(context, file, conf, parts[i]));
    }
    CG_TRY(cg_context_path(context, file, &file));
    cg_output_open_record(&context->output);
    cg_output_text(&context->output, "api", conf->name);
    cg_output_text(&context->output, "at", conf->at);
    cg_output_string(&context->output, "file", file);
    cg_output_close_record(&context->output);
    return CG_OK;
}

enum cg_status cg_protect_run(struct cg_context *context, const struct cg_args *args)
{
    struct cg_api api = {.realm = {NULL, 0}};
    bool smart = cg_args_has(args, "smart");
    struct cg_nginx_api conf = {.fhir = smart || cg_args_has(args, "fhir"), .smart = smart};
    CG_TRY(find_api(context, args, &api));
    conf.realm = api.realm;
    conf.name = api.name;
    CG_TRY(read_place(context, args, &conf));
    CG_TRY(read_upstream(context, args, &conf));
    CG_TRY(read_ca(context, args, &conf));
    CG_TRY(read_rules(context, args, &api, &conf));
    /* What scopes an API has, a gate without a store does not know. */
    conf.issued_elsewhere = cg_init_gate_is(context);
    conf.discovery = conf.issued_elsewhere ? smart : has_smart_scope(&api);
    CG_TRY(write_both(context, &conf, cg_args_has(args, "replace")));
    cg_say(context, "`caregate reload` makes it live");
    return CG_OK;
}
