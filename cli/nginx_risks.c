/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/nginx_risks.h"

#include "base/span.h"
#include "cli/nginx_conf.h"

#include <stdio.h>
#include <string.h>

/* Variables that carry what a log must not keep. A '*' at the end stands for any rest. */
static const char *const private_variables[] = {
    "request",
    "request_uri",
    "uri",
    "document_uri",
    "args",
    "query_string",
    "request_filename",
    "http_referer",
    "request_body",
    "http_cookie",
    "http_authorization",
    "arg_*",
    "cookie_*",
};

/* "apis/vlive_hpca/documents.conf:7" */
static struct cg_span place_of(const struct cg_directive *directive, char *text, size_t max)
{
    int len =
        snprintf(text, max, "%.*s:%lld", CG_SPAN_ARGS(directive->file), (long long)directive->line);
    return cg_span_of_bytes(text, len < 0 ? 0 : (size_t)len < max ? (size_t)len : max - 1);
}

static void add(struct cg_findings *findings, enum cg_finding_level level,
                const struct cg_directive *directive, const char *finding, const char *mend)
{
    char place[1024];
    cg_findings_add(findings, level, place_of(directive, place, sizeof(place)), mend, "%s",
                    finding);
}

static bool is_on(const struct cg_directive *directive)
{
    return directive != NULL && cg_span_equal_string(cg_directive_word(directive, 0), "on");
}

static bool is_protected(const struct cg_directive *location)
{
    return cg_directive_effective(location, "caregate_api") != NULL;
}

static bool serves_caregate(const struct cg_directive *location)
{
    return is_protected(location) || cg_directive_in(location, "caregate_issuer", NULL) != NULL;
}

static bool is_location(const struct cg_directive *directive)
{
    return directive->has_block && cg_directive_is(directive, "location");
}

static void look_at_cache(const struct cg_directive *location, struct cg_findings *findings)
{
    const struct cg_directive *cache = cg_directive_effective(location, "proxy_cache");
    if (cache != NULL && !cg_span_equal_string(cg_directive_word(cache, 0), "off")) {
        add(findings, CG_FINDING_ERROR, location,
            "proxy_cache keeps answers of a protected API, and may give them to another client",
            "set `proxy_cache off;` in this location");
    }
}

static void look_at_satisfy(const struct cg_directive *location, struct cg_findings *findings)
{
    const struct cg_directive *satisfy = cg_directive_effective(location, "satisfy");
    if (satisfy != NULL && cg_span_equal_string(cg_directive_word(satisfy, 0), "any")) {
        add(findings, CG_FINDING_ERROR, satisfy,
            "satisfy any: another rule could let in who has no token",
            "take it out of what is around the protected location");
    }
}

static void look_at_forward(const struct cg_directive *location, struct cg_findings *findings)
{
    const struct cg_directive *forward = cg_directive_effective(location, "caregate_forward_token");
    if (is_on(forward)) {
        add(findings, CG_FINDING_WARNING, forward,
            "the token itself is passed on: the API behind could use it at the other APIs it names",
            "take caregate_forward_token out unless the API must see the token");
    }
}

static void look_at_upstream_tls(const struct cg_directive *location, struct cg_findings *findings)
{
    const struct cg_directive *pass = cg_directive_in(location, "proxy_pass", NULL);
    if (pass != NULL && cg_span_starts_with(cg_directive_word(pass, 0), CG_SPAN_OF("https://")) &&
        !is_on(cg_directive_effective(location, "proxy_ssl_verify"))) {
        add(findings, CG_FINDING_WARNING, pass,
            "the certificate of the API behind is not verified: anybody on the way can be it",
            "set `proxy_ssl_verify on;` and proxy_ssl_trusted_certificate");
    }
}

static const struct cg_directive *server_of(const struct cg_directive *location)
{
    while (location != NULL && !cg_directive_is(location, "server")) {
        location = location->parent;
    }
    return location;
}

static bool has_word(const struct cg_directive *directive, const char *word)
{
    for (size_t i = 1; i < directive->word_count; i++) {
        if (cg_span_equal_string(directive->words[i], word)) {
            return true;
        }
    }
    return false;
}

static bool is_loopback(struct cg_span address)
{
    struct cg_listen listen;
    if (cg_span_starts_with(address, CG_SPAN_OF("unix:"))) {
        return true;
    }
    if (cg_listen_parse(address, &listen) != CG_OK) {
        listen.host = address; /* an address without a port, or a port alone */
    }
    return cg_span_starts_with(listen.host, CG_SPAN_OF("127.")) ||
           cg_span_equal_string(listen.host, "localhost") ||
           cg_span_equal_string(listen.host, "[::1]");
}

static void look_at_listen(const struct cg_directive *location, struct cg_findings *findings)
{
    const struct cg_directive *server = server_of(location);
    const struct cg_directive *listen = NULL;
    while (server != NULL && (listen = cg_directive_in(server, "listen", listen)) != NULL) {
        if (!has_word(listen, "ssl") && !has_word(listen, "quic") &&
            !is_loopback(cg_directive_word(listen, 0))) {
            add(findings, CG_FINDING_ERROR, listen,
                "secrets and tokens pass here in the clear: it listens without TLS, and not on "
                "loopback",
                "add `ssl` to listen, with ssl_certificate and ssl_certificate_key");
        }
    }
}

static bool is_private(struct cg_span variable)
{
    for (size_t i = 0; i < sizeof(private_variables) / sizeof(private_variables[0]); i++) {
        const char *name = private_variables[i];
        size_t len = strlen(name);
        bool open = name[len - 1] == '*';
        struct cg_span known = cg_span_of_bytes(name, open ? len - 1 : len);
        if (open ? cg_span_starts_with(variable, known) : cg_span_equal(variable, known)) {
            return true;
        }
    }
    return false;
}

static bool is_name_byte(uint8_t byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= '0' && byte <= '9') || byte == '_';
}

/* The first private variable of a format; absent when there is none. */
static struct cg_span private_variable_in(struct cg_span format)
{
    for (size_t at = 0; at < format.len; at++) {
        if (format.data[at] != '$') {
            continue;
        }
        size_t start = at + 1;
        start += start < format.len && format.data[start] == '{' ? 1 : 0;
        size_t end = start;
        while (end < format.len && is_name_byte(format.data[end])) {
            end++;
        }
        struct cg_span variable = cg_span_part(format, start, end - start);
        if (is_private(variable)) {
            return variable;
        }
    }
    return (struct cg_span){NULL, 0};
}

static const struct cg_directive *find_format(const struct cg_directive *from, struct cg_span name)
{
    const struct cg_directive *format = NULL;
    while (from->parent != NULL && !cg_directive_is(from, "http")) {
        from = from->parent;
    }
    while ((format = cg_directive_in(from, "log_format", format)) != NULL) {
        if (cg_span_equal(cg_directive_word(format, 0), name)) {
            return format;
        }
    }
    return NULL;
}

static void report_log(const struct cg_directive *at, struct cg_span variable,
                       struct cg_findings *findings)
{
    char place[1024];
    cg_findings_add(findings, CG_FINDING_WARNING, place_of(at, place, sizeof(place)),
                    "use a log_format without it; the one called caregate is made for this",
                    "$%.*s in the access log can carry NHS numbers, tokens or secrets",
                    CG_SPAN_ARGS(variable));
}

static void look_at_log(const struct cg_directive *log, struct cg_findings *findings)
{
    struct cg_span name = cg_directive_word(log, 1);
    if (cg_span_equal_string(cg_directive_word(log, 0), "off")) {
        return;
    }
    if (name.data == NULL || cg_span_equal_string(name, "combined") ||
        cg_span_find(name, '=', 0) < name.len) {
        report_log(log, CG_SPAN_OF("request"), findings);
        return;
    }
    const struct cg_directive *format = find_format(log, name);
    for (size_t i = 2; format != NULL && i < format->word_count; i++) {
        struct cg_span variable = private_variable_in(format->words[i]);
        if (variable.data != NULL) {
            report_log(format, variable, findings);
            return;
        }
    }
}

/* The logs that are in effect: all of the nearest block that has any. nginx's own default is
 * `combined`. */
static void look_at_logs(const struct cg_directive *location, struct cg_findings *findings)
{
    const struct cg_directive *first = cg_directive_effective(location, "access_log");
    if (first == NULL) {
        report_log(location, CG_SPAN_OF("request"), findings);
        return;
    }
    for (const struct cg_directive *log = first; log != NULL;
         log = cg_directive_in(first->parent, "access_log", log)) {
        look_at_log(log, findings);
    }
}

/* "http://api/path" without its path. */
static struct cg_span upstream_of(const struct cg_directive *location)
{
    const struct cg_directive *pass = cg_directive_in(location, "proxy_pass", NULL);
    if (pass == NULL) {
        return (struct cg_span){NULL, 0};
    }
    struct cg_span url = cg_directive_word(pass, 0);
    size_t host = cg_span_find(url, '/', 0) + 2;
    return cg_span_part(url, 0, cg_span_find(url, '/', host));
}

/* An unprotected location that leads where a protected one does. */
static void look_at_way_around(const struct cg_directive *root, const struct cg_directive *open,
                               struct cg_findings *findings)
{
    struct cg_span upstream = upstream_of(open);
    for (const struct cg_directive *at = root; upstream.data != NULL && at != NULL;
         at = cg_directive_walk(at)) {
        if (is_location(at) && is_protected(at) && cg_span_equal(upstream_of(at), upstream)) {
            add(findings, CG_FINDING_WARNING, open,
                "this location leads without a token to an API that another location protects",
                "add caregate_api, or take proxy_pass out, unless what it serves is for everybody");
            return;
        }
    }
}

static void look_at_location(const struct cg_directive *root, const struct cg_directive *location,
                             struct cg_findings *findings)
{
    if (!is_protected(location)) {
        look_at_way_around(root, location, findings);
    }
    if (!serves_caregate(location)) {
        return;
    }
    look_at_listen(location, findings);
    look_at_logs(location, findings);
    if (is_protected(location)) {
        look_at_cache(location, findings);
        look_at_satisfy(location, findings);
        look_at_forward(location, findings);
        look_at_upstream_tls(location, findings);
    }
}

/* Above an `http` that has its own, it is told nothing of requests. */
static bool hears_of_requests(const struct cg_directive *log)
{
    const struct cg_directive *block = log->parent;
    const struct cg_directive *http =
        block->parent == NULL ? cg_directive_in(block, "http", NULL) : NULL;
    return http == NULL || cg_directive_in(http, "error_log", NULL) == NULL;
}

static void look_at_error_log(const struct cg_directive *log, struct cg_findings *findings)
{
    static const char *const talkative[] = {"debug", "info", "notice", "warn"};
    struct cg_span level = cg_directive_word(log, 1);
    if (cg_span_equal_string(level, "warn") && !hears_of_requests(log)) {
        return;
    }
    for (size_t i = 0; i < sizeof(talkative) / sizeof(talkative[0]); i++) {
        if (cg_span_equal_string(level, talkative[i])) {
            add(findings, CG_FINDING_WARNING, log,
                "at this level the error log quotes request lines, which can carry NHS numbers",
                "set error_log's level to error");
        }
    }
}

static void look_at_protocols(const struct cg_directive *protocols, struct cg_findings *findings)
{
    static const char *const old[] = {"SSLv2", "SSLv3", "TLSv1", "TLSv1.1"};
    for (size_t i = 0; i < sizeof(old) / sizeof(old[0]); i++) {
        if (has_word(protocols, old[i])) {
            add(findings, CG_FINDING_ERROR, protocols, "TLS older than 1.2 is broken",
                "set `ssl_protocols TLSv1.2 TLSv1.3;`");
        }
    }
}

static void look_at_user(const struct cg_directive *user, struct cg_findings *findings)
{
    if (cg_span_equal_string(cg_directive_word(user, 0), "root")) {
        add(findings, CG_FINDING_WARNING, user, "nginx's workers run as root",
            "make the data folder anew where an unprivileged user can get to it, as in /srv");
    }
}

/* Signing wants a pool of its own, named caregate. */
static void look_at_pool(const struct cg_directive *root, bool has_issuer,
                         struct cg_findings *findings)
{
    const struct cg_directive *pool = NULL;
    while ((pool = cg_directive_in(root, "thread_pool", pool)) != NULL) {
        if (cg_span_equal_string(cg_directive_word(pool, 0), "caregate")) {
            return;
        }
    }
    if (has_issuer) {
        cg_findings_add(findings, CG_FINDING_ERROR, CG_SPAN_OF("nginx.conf"),
                        "add `thread_pool caregate threads=2;` before `events`",
                        "tokens are issued, but there is no thread_pool called caregate");
    }
}

void cg_nginx_risks_find(const struct cg_directive *root, struct cg_findings *findings)
{
    static const struct {
        const char *name;
        void (*look)(const struct cg_directive *directive, struct cg_findings *findings);
    } looks[] = {
        {"error_log", look_at_error_log},
        {"ssl_protocols", look_at_protocols},
        {"user", look_at_user},
    };
    bool has_issuer = false;
    for (const struct cg_directive *at = root; at != NULL; at = cg_directive_walk(at)) {
        if (is_location(at)) {
            look_at_location(root, at, findings);
        }
        has_issuer = has_issuer || cg_directive_is(at, "caregate_issuer");
        for (size_t i = 0; i < sizeof(looks) / sizeof(looks[0]); i++) {
            if (cg_directive_is(at, looks[i].name)) {
                looks[i].look(at, findings);
            }
        }
    }
    look_at_pool(root, has_issuer, findings);
}
