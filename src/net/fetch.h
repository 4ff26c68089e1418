/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Outgoing HTTP: the only door to libcurl. https only (http to loopback when asked), no redirects,
 * bounded in time and size. Blocks: pool threads and the command line.
 */
#ifndef CG_NET_FETCH_H
#define CG_NET_FETCH_H

#include "base/arena.h"

#include <caregate/types.h>
#include <stdbool.h>

struct cg_fetch_request {
    const char *url;
    const char *ca_file;            /* PEM, or NULL: the system's */
    struct cg_span form;            /* POST body (form type), or absent: GET */
    struct cg_span authorization;   /* header value, or absent */
    struct cg_span proof;           /* of the header DPoP (RFC 9449), or absent */
    struct cg_span certificate;     /* of the client, in PEM, or absent: none is shown */
    struct cg_span certificate_key; /* in PEM, goes with it */
    size_t max_bytes;
    long timeout_ms;
};

struct cg_fetch_response {
    long http_status;
    struct cg_span body;    /* in the arena, as is this: */
    struct cg_span nonce;   /* of the header DPoP-Nonce (RFC 9449 §8), or absent */
    unsigned retry_after_s; /* of the header Retry-After, whether it counts or dates; 0: none */
    bool failed_tls;        /* when there was no answer: it is for a certificate, or for TLS */
    char message[256];      /* what curl said when it failed; zero-terminated */
};

/* https anywhere; http only to this machine, where there is nobody in between. */
bool cg_fetch_takes_url(struct cg_span url);

/* CG_OK with any HTTP status; CG_ERR_STORE when there was no answer (message says why);
 * CG_ERR_LIMIT when too large (message says so), or when memory is short. */
CG_MUST_USE enum cg_status cg_fetch(const struct cg_fetch_request *request, struct cg_arena *arena,
                                    struct cg_fetch_response *ret_response);

#endif
