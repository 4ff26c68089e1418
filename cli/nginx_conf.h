/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parts of nginx's configuration that commands write. Every value that comes from outside goes
 * through cg_nginx_put_value, or was checked by a function below, so that it stays one word of one
 * directive.
 */
#ifndef CG_CLI_NGINX_CONF_H
#define CG_CLI_NGINX_CONF_H

#include "base/buf.h"
#include "codec/uri.h"

#include <caregate/types.h>
#include <stdbool.h>

/*
 * Appends one word of a directive, in quotes. The value holds no control characters. nginx still
 * expands $variables inside quotes in directives that take them: see cg_nginx_is_plain.
 */
void cg_nginx_put_value(struct cg_buf *buf, struct cg_span value);

/* A line `name "value";`; the caller indents by the name. */
void cg_nginx_put_line(struct cg_buf *buf, const char *name, struct cg_span value);

/* A line whose value is a file of the data folder: `start` has its name and the opening quote. */
void cg_nginx_put_file(struct cg_buf *buf, const char *start, struct cg_span dir, const char *file);

/*
 * Whether a text is the same to nginx as to us, in any directive: printable ASCII without '$',
 * quotes, backslash, or what include patterns ("*?[") and store URIs give a meaning.
 */
bool cg_nginx_is_plain(struct cg_span text);

/*
 * What clients call, before any path: "https://care.example.org:8445"; a final slash is dropped.
 * Spans borrow from the text. CG_ERR_INPUT for anything more or less, and for what is not plain.
 */
CG_MUST_USE enum cg_status cg_nginx_origin_parse(struct cg_span text, struct cg_span *ret_origin,
                                                 struct cg_uri *ret_uri);

/* A location for --at: '/' first and last, [A-Za-z0-9._~/-] between, no empty or dot segments. */
bool cg_nginx_is_location(struct cg_span path);

/* "/vlive/hpca" as a file name: "vlive_hpca". */
void cg_nginx_put_realm_name(struct cg_buf *buf, struct cg_span realm);

/* Where something listens: "127.0.0.1:8443", "[::1]:8443", "*:443". */
struct cg_listen {
    struct cg_span text;
    struct cg_span host; /* with its brackets */
    int64_t port;        /* 1 .. 65535 */
};

CG_MUST_USE enum cg_status cg_listen_parse(struct cg_span text, struct cg_listen *ret_listen);

/* Host is every address of the machine: "*", "0.0.0.0", "[::]". */
bool cg_listen_is_everywhere(const struct cg_listen *listen);

struct cg_nginx_conf {
    struct cg_span dir;    /* absolute; plain */
    struct cg_span module; /* absolute; plain */
    struct cg_span user;   /* absent: nginx is not started as root */
    struct cg_span listen;
    struct cg_span origin;       /* what clients call there; absent: as they say they do */
    struct cg_span mtls_listen;  /* where client certificates are asked for; absent: nowhere */
    struct cg_span mtls_origin;  /* what they call there */
    struct cg_span trust;        /* the issuer of a gate without a store; absent: it has a store */
    struct cg_span trust_client; /* and as which client it asks there */
    bool trust_ca;               /* whose certificate is of an authority in tls/issuer-ca.pem */
    int64_t status_port;
    bool http2_directive; /* nginx 1.25.1 and later: `http2 on;` */
};

void cg_nginx_conf_write(const struct cg_nginx_conf *conf, struct cg_buf *buf);

/* realms/REALM.conf: the issuer's locations. */
void cg_nginx_realm_write(struct cg_span realm, struct cg_buf *buf);

/* The same at a gate without a store: where its realm's documents are. The issuer is plain. */
void cg_nginx_issuer_write(struct cg_span realm, struct cg_span issuer, struct cg_buf *buf);

/* What `api protect` knows. All checked by its caller; see the functions above. */
struct cg_nginx_api {
    struct cg_span realm;
    struct cg_span name;
    struct cg_span at;
    bool https;
    struct cg_span host;      /* of the API behind, with brackets for IPv6 */
    struct cg_span authority; /* host, and the port if there is one: what Host says */
    int64_t port;
    struct cg_span path;         /* absent: the request's path unchanged */
    struct cg_span ca;           /* a file of authorities that may sign the API's certificate */
    const struct cg_span *rules; /* "GET,HEAD=a b", as given */
    size_t rule_count;
    bool fhir;
    bool smart;            /* SMART scopes decide, by what a FHIR request reaches */
    bool discovery;        /* it has SMART scopes: apps look for smart-configuration below it */
    bool issued_elsewhere; /* the gate has no store: what it tells them is the issuer's */
};

/* apis/REALM/NAME.conf: the protected location. */
void cg_nginx_api_write(const struct cg_nginx_api *api, struct cg_buf *buf);
/* upstreams/REALM/NAME.conf: the API behind it, with connections that are kept open. */
void cg_nginx_upstream_write(const struct cg_nginx_api *api, struct cg_buf *buf);

#endif
