/* SPDX-License-Identifier: Apache-2.0 */
/* Reads directives. What a value may be is checked here, where nginx knows file and line. */
#include "ngx_http_caregate_module.h"

#define ZONE_MIN ((ssize_t)262144)
#define RULES_MAX 32
#define HEADER_NAME_MAX 64

struct help {
    ngx_str_t directive;
    const char *allowed;
};

static const struct help helps[] = {
    {ngx_string("caregate_store"), "sqlite:PATH or sqlite:PATH?vfs=NAME"},
    {ngx_string("caregate_master_key"), "a file with one line of 43 base64url characters (32 "
                                        "bytes), readable by its owner only"},
    {ngx_string("caregate_pkcs11_module"), "a PKCS #11 module, such as "
                                           "/usr/lib/softhsm/libsofthsm2.so"},
    {ngx_string("caregate_pkcs11_pin"),
     "a file with one line of 1 to 64 bytes, readable by its owner only"},
    {ngx_string("caregate_thread_nice"), "a number from 0 to 19"},
    {ngx_string("caregate_zone"), "a size of at least 256k, such as 10m"},
    {ngx_string("caregate_snapshot_max_age"), "a time of at least 1s, such as 1h"},
    {ngx_string("caregate_token_rate"), "off, or RATE [burst=N], with rates such as 20/s, 600/min "
                                        "or 5000/h, up to 1000/s, and bursts up to 100000"},
    {ngx_string("caregate_client_certificate_header"),
     "NAME from=ADDRESS[/BITS],... [verified=always|NAME]"},
    {ngx_string("caregate_trust"),
     "ISSUER-URL client=ID secret_file=FILE [state=FILE], or with "
     "key_file=FILE [kid=KID] [alg=ALG] [audience=URL] instead of secret_file"},
    {ngx_string("caregate_fetch_hosts"),
     "HOST or HOST:PORT, one or more, without a scheme or path"},
    {ngx_string("caregate_fetch_ca"), "a readable file of certificates in PEM"},
    {ngx_string("caregate_issuer"), "a realm's path, such as /vlive/hpca"},
    {ngx_string("caregate_api"), "NAME [realm=REALM]"},
    {ngx_string("caregate_require"),
     "[METHOD,...=]SCOPE..., with the methods GET HEAD POST PUT PATCH DELETE OPTIONS"},
    {ngx_string("caregate_smart"), "on, off, or the path of the FHIR API's base, such as /fhir/"},
    {ngx_string("caregate_operation"), "[TYPE/]$NAME SCOPE..., with SMART scopes such as "
                                       "system/Claim.c"},
    {ngx_string("caregate_forward_auth"), "original, forwarded or request"},
    {ngx_string("caregate_profile"),
     "NAME of small letters, digits and hyphens, and a block of settings"},
    {ngx_string("caregate_attach"), "the NAME of a caregate_profile [base=URL]"},
    {ngx_string("caregate_status"), "no value"},
    {ngx_string("caregate_origin"), "scheme, host and port, such as https://api.example.nhs.uk"},
};

char *caregate_directive_refuse(ngx_conf_t *cf, const ngx_command_t *cmd, const char *why)
{
    const char *allowed = "";
    for (size_t i = 0; i < sizeof(helps) / sizeof(helps[0]); i++) {
        if (helps[i].directive.len == cmd->name.len &&
            ngx_strncmp(helps[i].directive.data, cmd->name.data, cmd->name.len) == 0) {
            allowed = helps[i].allowed;
        }
    }
    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "\"%V\": %s; allowed is: %s", &cmd->name, why,
                       allowed);
    return NGX_CONF_ERROR;
}

ngx_str_t caregate_argument(const ngx_conf_t *cf, ngx_uint_t index)
{
    return ((const ngx_str_t *)cf->args->elts)[index];
}

struct caregate_place caregate_directive_place(const ngx_conf_t *cf)
{
    return (struct caregate_place){.file = cf->conf_file->file.name, .line = cf->conf_file->line};
}

/* Takes the start off the text, if it is there. */
static ngx_uint_t take_start(ngx_str_t *text, ngx_str_t start)
{
    if (text->len < start.len || ngx_strncmp(text->data, start.data, start.len) != 0) {
        return 0;
    }
    text->data += start.len;
    text->len -= start.len;
    return 1;
}

/* "sqlite:" + absolute path + what followed it. The prefix itself may be relative ("nginx -p .").
 */
static char *make_uri(ngx_conf_t *cf, ngx_str_t path, ngx_str_t rest, ngx_str_t *ret_uri)
{
    u_char folder[NGX_MAX_PATH] = "";
    if (ngx_conf_full_name(cf->cycle, &path, 0) != NGX_OK) {
        return NGX_CONF_ERROR;
    }
    if (path.data[0] != '/' && ngx_getcwd(folder, sizeof(folder) - 1) == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno, "the current folder cannot be told");
        return NGX_CONF_ERROR;
    }
    const char *between = folder[0] == '\0' ? "" : "/";
    size_t size = sizeof("sqlite:") + ngx_strlen(folder) + 1 + path.len + rest.len;
    u_char *data = ngx_pnalloc(cf->pool, size);
    if (data == NULL) {
        return NGX_CONF_ERROR;
    }
    u_char *end = ngx_snprintf(data, size, "sqlite:%s%s%V%V", folder, between, &path, &rest);
    *ret_uri = (ngx_str_t){.len = (size_t)(end - data), .data = data};
    return NGX_CONF_OK;
}

static ngx_uint_t is_vfs(ngx_str_t query)
{
    ngx_uint_t is_known = take_start(&query, (ngx_str_t)ngx_string("?vfs="));
    for (size_t i = 0; i < query.len; i++) {
        u_char letter = query.data[i];
        if (letter <= ' ' || letter >= 0x7f || letter == '&' || letter == '?' || letter == '#') {
            return 0;
        }
    }
    return is_known && query.len > 0;
}

char *caregate_set_store(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    struct caregate_main_conf *main_conf = conf;
    ngx_str_t value = caregate_argument(cf, 1);
    if (main_conf->store.len > 0) {
        return caregate_directive_refuse(cf, cmd, "it is given twice");
    }
    if (take_start(&value, (ngx_str_t)ngx_string("postgresql:"))) {
        return caregate_directive_refuse(cf, cmd, "PostgreSQL is not built in");
    }
    if (!take_start(&value, (ngx_str_t)ngx_string("sqlite:"))) {
        return caregate_directive_refuse(cf, cmd, "this is no store");
    }
    const u_char *mark = ngx_strlchr(value.data, value.data + value.len, '?');
    ngx_str_t path = value;
    ngx_str_t rest = ngx_string("");
    if (mark != NULL) {
        path.len = (size_t)(mark - value.data);
        rest = (ngx_str_t){.len = value.len - path.len, .data = value.data + path.len};
    }
    if (path.len == 0 || path.data[0] == ':' || (rest.len > 0 && !is_vfs(rest))) {
        return caregate_directive_refuse(cf, cmd, "this names no file");
    }
    /* A zero must follow for ngx_conf_full_name. */
    ngx_str_t copy = {.len = path.len, .data = ngx_pnalloc(cf->pool, path.len + 1)};
    if (copy.data == NULL) {
        return NGX_CONF_ERROR;
    }
    *ngx_cpymem(copy.data, path.data, path.len) = '\0';
    return make_uri(cf, copy, rest, &main_conf->store);
}

/* The file that a directive names once, as an absolute path. */
static char *take_file(ngx_conf_t *cf, const ngx_command_t *cmd, ngx_uint_t is_given,
                       ngx_str_t *ret_path)
{
    ngx_str_t path = caregate_argument(cf, 1);
    if (is_given) {
        return caregate_directive_refuse(cf, cmd, "it is given twice");
    }
    if (path.len == 0) {
        return caregate_directive_refuse(cf, cmd, "this names no file");
    }
    if (ngx_conf_full_name(cf->cycle, &path, 0) != NGX_OK) {
        return NGX_CONF_ERROR;
    }
    *ret_path = path;
    return NGX_CONF_OK;
}

/* It is loaded in the workers, at first use: what it starts does not survive a fork. */
char *caregate_set_pkcs11_module(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    struct caregate_main_conf *main_conf = conf;
    return take_file(cf, cmd, main_conf->pkcs11_module.len > 0, &main_conf->pkcs11_module);
}

char *caregate_set_pkcs11_pin(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    struct caregate_main_conf *main_conf = conf;
    ngx_str_t path = ngx_null_string;
    const char *why = NULL;
    char *rc = take_file(cf, cmd, main_conf->pkcs11_pin != NULL, &path);
    if (rc != NGX_CONF_OK) {
        return rc;
    }
    if (caregate_pin_read(cf, &path, &main_conf->pkcs11_pin, &why) != NGX_OK) {
        return caregate_directive_refuse(cf, cmd, why);
    }
    return NGX_CONF_OK;
}

char *caregate_set_master_key(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    struct caregate_main_conf *main_conf = conf;
    ngx_str_t path = ngx_null_string;
    char *rc = take_file(cf, cmd, main_conf->master_key != NULL, &path);
    if (rc != NGX_CONF_OK) {
        return rc;
    }
    const char *why = NULL;
    if (caregate_master_key_read(cf, &path, &main_conf->master_key, &why) != NGX_OK) {
        return caregate_directive_refuse(cf, cmd, why);
    }
    return NGX_CONF_OK;
}

char *caregate_set_thread_nice(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    struct caregate_main_conf *main_conf = conf;
    ngx_str_t value = caregate_argument(cf, 1);
    if (main_conf->thread_nice != NGX_CONF_UNSET) {
        return caregate_directive_refuse(cf, cmd, "it is given twice");
    }
    ngx_int_t nice = ngx_atoi(value.data, value.len);
    if (nice == NGX_ERROR || nice > 19) {
        return caregate_directive_refuse(cf, cmd, "this is no such priority");
    }
    main_conf->thread_nice = nice;
    return NGX_CONF_OK;
}

char *caregate_set_zone(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    struct caregate_main_conf *main_conf = conf;
    ngx_str_t value = caregate_argument(cf, 1);
    if (main_conf->zone != NULL) {
        return caregate_directive_refuse(cf, cmd, "it is given twice");
    }
    ssize_t size = ngx_parse_size(&value);
    if (size == NGX_ERROR || size < ZONE_MIN) {
        return caregate_directive_refuse(cf, cmd, "this is no size, or too small");
    }
    return caregate_zone_add(cf, main_conf, (size_t)size) == NGX_OK ? NGX_CONF_OK : NGX_CONF_ERROR;
}

char *caregate_set_max_age(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    struct caregate_main_conf *main_conf = conf;
    ngx_str_t value = caregate_argument(cf, 1);
    if (main_conf->snapshot_max_age_s != NGX_CONF_UNSET) {
        return caregate_directive_refuse(cf, cmd, "it is given twice");
    }
    ngx_int_t age_s = ngx_parse_time(&value, 1);
    if (age_s == NGX_ERROR || age_s < 1) {
        return caregate_directive_refuse(cf, cmd, "this is no time, or too short");
    }
    main_conf->snapshot_max_age_s = age_s;
    return NGX_CONF_OK;
}

/* "burst=N" */
static ngx_int_t read_burst(ngx_str_t text, uint32_t *ret_burst)
{
    if (!take_start(&text, (ngx_str_t)ngx_string("burst="))) {
        return NGX_ERROR;
    }
    ngx_int_t burst = ngx_atoi(text.data, text.len);
    if (burst < 1 || burst > CG_RATE_BURST_MAX) {
        return NGX_ERROR;
    }
    *ret_burst = (uint32_t)burst;
    return NGX_OK;
}

char *caregate_set_token_rate(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    struct caregate_main_conf *main_conf = conf;
    ngx_str_t value = caregate_argument(cf, 1);
    if (main_conf->has_token_rate) {
        return caregate_directive_refuse(cf, cmd, "it is given twice");
    }
    main_conf->has_token_rate = 1;
    if (cf->args->nelts == 2 && value.len == 3 && ngx_strncmp(value.data, "off", 3) == 0) {
        return NGX_CONF_OK;
    }
    if (cg_rate_parse(caregate_span(value), &main_conf->token_rate) != CG_OK) {
        return caregate_directive_refuse(cf, cmd, "this is no rate");
    }
    if (cf->args->nelts > 2 &&
        read_burst(caregate_argument(cf, 2), &main_conf->token_rate.burst) != NGX_OK) {
        return caregate_directive_refuse(cf, cmd, "the second value is no burst");
    }
    return NGX_CONF_OK;
}

/* RFC 9110 §5.1, as far as proxies use it; in lower case, as nginx compares names. */
static char *take_header_name(ngx_conf_t *cf, ngx_str_t name, ngx_str_t *ret_name)
{
    u_char *lower = ngx_pnalloc(cf->pool, name.len + 1);
    if (lower == NULL || name.len == 0 || name.len > HEADER_NAME_MAX) {
        return NGX_CONF_ERROR;
    }
    for (size_t i = 0; i < name.len; i++) {
        u_char letter = ngx_tolower(name.data[i]);
        ngx_uint_t is_good =
            (letter >= 'a' && letter <= 'z') || (letter >= '0' && letter <= '9') || letter == '-';
        if (!is_good) {
            return NGX_CONF_ERROR;
        }
        lower[i] = letter;
    }
    *ret_name = (ngx_str_t){.len = name.len, .data = lower};
    return NGX_CONF_OK;
}

/* "10.0.0.1,fd00::/8" */
static char *take_addresses(ngx_conf_t *cf, ngx_str_t list, ngx_array_t **ret_addresses)
{
    ngx_array_t *addresses = ngx_array_create(cf->pool, 2, sizeof(ngx_cidr_t));
    u_char *end = list.data + list.len;
    for (u_char *at = list.data; addresses != NULL && at <= end;) {
        u_char *comma = ngx_strlchr(at, end, ',');
        u_char *stop = comma == NULL ? end : comma;
        ngx_str_t text = {.len = (size_t)(stop - at), .data = at};
        ngx_cidr_t *address = ngx_array_push(addresses);
        /* NGX_DONE: the address has bits behind its mask, and may be meant otherwise. */
        if (address == NULL || ngx_ptocidr(&text, address) != NGX_OK) {
            return NGX_CONF_ERROR;
        }
        at = stop + 1;
    }
    *ret_addresses = addresses;
    return addresses == NULL ? NGX_CONF_ERROR : NGX_CONF_OK;
}

static char *take_verified(ngx_conf_t *cf, ngx_str_t word,
                           struct caregate_certificate_header *header)
{
    if (!take_start(&word, (ngx_str_t)ngx_string("verified="))) {
        return NGX_CONF_ERROR;
    }
    if (word.len == sizeof("always") - 1 && ngx_strncmp(word.data, "always", word.len) == 0) {
        header->always_verified = 1;
        return NGX_CONF_OK;
    }
    return take_header_name(cf, word, &header->verified);
}

char *caregate_set_certificate_header(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    struct caregate_main_conf *main_conf = conf;
    struct caregate_certificate_header *header = ngx_pcalloc(cf->pool, sizeof(*header));
    ngx_str_t from = caregate_argument(cf, 2);
    if (main_conf->certificate_header != NULL) {
        return caregate_directive_refuse(cf, cmd, "it is given twice");
    }
    if (header == NULL ||
        take_header_name(cf, caregate_argument(cf, 1), &header->name) != NGX_CONF_OK) {
        return caregate_directive_refuse(cf, cmd, "this is no name of a header");
    }
    if (!take_start(&from, (ngx_str_t)ngx_string("from=")) ||
        take_addresses(cf, from, &header->from) != NGX_CONF_OK) {
        return caregate_directive_refuse(cf, cmd, "it does not say whose header is believed");
    }
    if (cf->args->nelts > 3 && take_verified(cf, caregate_argument(cf, 3), header) != NGX_CONF_OK) {
        return caregate_directive_refuse(cf, cmd,
                                         "it does not say how a trusted chain is recognised");
    }
    main_conf->certificate_header = header;
    return NGX_CONF_OK;
}

static ngx_uint_t is_host_letter(u_char letter)
{
    return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
           (letter >= '0' && letter <= '9') || letter == '.' || letter == '-';
}

/* A name or an IPv4 address, and a port if it is not 443. */
static ngx_uint_t is_host(ngx_str_t text)
{
    size_t len = 0;
    while (len < text.len && is_host_letter(text.data[len])) {
        len++;
    }
    if (len == text.len) {
        return len > 0;
    }
    ngx_int_t port = text.data[len] == ':' ? ngx_atoi(text.data + len + 1, text.len - len - 1) : 0;
    return len > 0 && port > 0 && port <= 65535 && text.data[len + 1] != '0';
}

char *caregate_set_fetch_hosts(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    struct caregate_main_conf *main_conf = conf;
    if (main_conf->fetch_hosts == NULL) {
        main_conf->fetch_hosts = ngx_array_create(cf->pool, 4, sizeof(struct cg_span));
    }
    for (ngx_uint_t i = 1; i < cf->args->nelts; i++) {
        if (!is_host(caregate_argument(cf, i))) {
            return caregate_directive_refuse(cf, cmd, "this is no host");
        }
        struct cg_span *host =
            main_conf->fetch_hosts != NULL ? ngx_array_push(main_conf->fetch_hosts) : NULL;
        if (host == NULL) {
            return NGX_CONF_ERROR;
        }
        *host = caregate_span(caregate_argument(cf, i));
    }
    return NGX_CONF_OK;
}

char *caregate_set_fetch_ca(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    struct caregate_main_conf *main_conf = conf;
    ngx_str_t path = caregate_argument(cf, 1);
    if (main_conf->fetch_ca.len > 0) {
        return caregate_directive_refuse(cf, cmd, "it is given twice");
    }
    if (path.len == 0 || ngx_conf_full_name(cf->cycle, &path, 1) != NGX_OK) {
        return caregate_directive_refuse(cf, cmd, "the file has no name");
    }
    ngx_fd_t file = ngx_open_file(path.data, NGX_FILE_RDONLY, NGX_FILE_OPEN, 0);
    if (file == NGX_INVALID_FILE) {
        return caregate_directive_refuse(cf, cmd, "the file cannot be read");
    }
    (void)ngx_close_file(file);
    main_conf->fetch_ca = path;
    return NGX_CONF_OK;
}

const char *caregate_route_fault(const struct cg_gate_route_config *config)
{
    struct cg_gate_route *route = NULL;
    const char *message = "memory is short";
    if (cg_gate_route_new(config, &route, &message) != CG_OK) {
        return message;
    }
    (void)cg_gate_route_free(route);
    return NULL;
}

char *caregate_set_issuer(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    struct caregate_loc_conf *location = conf;
    ngx_str_t realm = caregate_argument(cf, 1);
    if (location->issuer_realm.len > 0) {
        return caregate_directive_refuse(cf, cmd, "it is given twice");
    }
    struct cg_gate_route_config trial = {.realm = caregate_span(realm),
                                         .api = CAREGATE_SPAN("any")};
    const char *fault = caregate_route_fault(&trial);
    if (fault != NULL) {
        return caregate_directive_refuse(cf, cmd, fault);
    }
    location->issuer_realm = realm;
    location->issuer_place = caregate_directive_place(cf);
    ngx_http_core_loc_conf_t *core = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    core->handler = caregate_content_handler;
    return NGX_CONF_OK;
}

char *caregate_set_api(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    struct caregate_loc_conf *location = conf;
    ngx_str_t api = caregate_argument(cf, 1);
    ngx_str_t realm = ngx_null_string;
    if (location->api.len > 0) {
        return caregate_directive_refuse(cf, cmd, "it is given twice");
    }
    if (cf->args->nelts > 2) {
        realm = caregate_argument(cf, 2);
        if (!take_start(&realm, (ngx_str_t)ngx_string("realm="))) {
            return caregate_directive_refuse(cf, cmd, "the second value is no realm");
        }
    }
    struct cg_gate_route_config trial = {.realm = caregate_span(realm), .api = caregate_span(api)};
    const char *fault = caregate_route_fault(&trial);
    if (fault != NULL) {
        return caregate_directive_refuse(cf, cmd, fault);
    }
    location->api = api;
    location->api_realm = realm;
    location->api_place = caregate_directive_place(cf);
    return NGX_CONF_OK;
}

/* The methods of "GET,POST". 0 when one is unknown. */
static unsigned methods_of(ngx_str_t list)
{
    unsigned methods = 0;
    u_char *end = list.data + list.len;
    for (u_char *at = list.data; at <= end;) {
        u_char *comma = ngx_strlchr(at, end, ',');
        u_char *stop = comma == NULL ? end : comma;
        enum cg_method method =
            cg_method_of((struct cg_span){.data = at, .len = (size_t)(stop - at)});
        if (method == CG_METHOD_OTHER) {
            return 0;
        }
        methods |= method;
        at = stop + 1;
    }
    return methods;
}

/* Takes "METHOD,...=" off the first scope. A scope may hold '=', a method's name never does. */
static ngx_uint_t take_methods(ngx_str_t *first, unsigned *ret_methods)
{
    u_char *equals = ngx_strlchr(first->data, first->data + first->len, '=');
    if (equals == NULL) {
        *ret_methods = CG_METHOD_ANY;
        return 1;
    }
    ngx_str_t list = {.len = (size_t)(equals - first->data), .data = first->data};
    first->len -= list.len + 1;
    first->data += list.len + 1;
    *ret_methods = methods_of(list);
    return *ret_methods != 0;
}

char *caregate_directive_scopes(ngx_conf_t *cf, ngx_uint_t from, ngx_str_t first,
                                ngx_array_t *array)
{
    ngx_uint_t count = cf->args->nelts - from;
    if (ngx_array_init(array, cf->pool, count, sizeof(struct cg_span)) != NGX_OK) {
        return NGX_CONF_ERROR;
    }
    struct cg_span *scopes = ngx_array_push_n(array, count);
    if (scopes == NULL) {
        return NGX_CONF_ERROR;
    }
    scopes[0] = caregate_span(first);
    for (ngx_uint_t i = 1; i < count; i++) {
        scopes[i] = caregate_span(caregate_argument(cf, i + from));
    }
    return NGX_CONF_OK;
}

char *caregate_set_require(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    struct caregate_loc_conf *location = conf;
    ngx_str_t first = caregate_argument(cf, 1);
    unsigned methods;
    if (!take_methods(&first, &methods)) {
        return caregate_directive_refuse(cf, cmd, "a method is not known");
    }
    if (location->rules == NULL) {
        location->rules = ngx_array_create(cf->pool, 4, sizeof(struct caregate_rule));
        location->rules_place = caregate_directive_place(cf);
    }
    struct caregate_rule *rule = location->rules == NULL ? NULL : ngx_array_push(location->rules);
    if (rule == NULL || caregate_directive_scopes(cf, 1, first, &rule->scopes) != NGX_CONF_OK) {
        return NGX_CONF_ERROR;
    }
    rule->methods = methods;
    struct cg_gate_rule trial_rule = {
        .methods = methods, .scopes = rule->scopes.elts, .scope_count = rule->scopes.nelts};
    struct cg_gate_route_config trial = {
        .api = CAREGATE_SPAN("any"), .rules = &trial_rule, .rule_count = 1};
    const char *fault = location->rules->nelts > RULES_MAX ? "a location takes at most 32 rules"
                                                           : caregate_route_fault(&trial);
    return fault == NULL ? NGX_CONF_OK : caregate_directive_refuse(cf, cmd, fault);
}

char *caregate_set_status(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    struct caregate_loc_conf *location = conf;
    if (location->status != NGX_CONF_UNSET) {
        return caregate_directive_refuse(cf, cmd, "it is given twice");
    }
    location->status = 1;
    ngx_http_core_loc_conf_t *core = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    core->handler = caregate_status_handler;
    return NGX_CONF_OK;
}

char *caregate_set_origin(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    struct caregate_loc_conf *location = conf;
    ngx_str_t value = caregate_argument(cf, 1);
    ngx_str_t host = value;
    if (location->origin.data != NULL) {
        return caregate_directive_refuse(cf, cmd, "it is given twice");
    }
    if (!take_start(&host, (ngx_str_t)ngx_string("https://")) &&
        !take_start(&host, (ngx_str_t)ngx_string("http://"))) {
        return caregate_directive_refuse(cf, cmd, "this is no origin");
    }
    for (size_t i = 0; i < host.len; i++) {
        if (host.data[i] <= ' ' || host.data[i] >= 0x7f ||
            ngx_strchr("/?#@\\\"%", host.data[i]) != NULL) {
            return caregate_directive_refuse(cf, cmd, "this is more than an origin");
        }
    }
    if (host.len == 0) {
        return caregate_directive_refuse(cf, cmd, "it names no host");
    }
    location->origin = value;
    return NGX_CONF_OK;
}
