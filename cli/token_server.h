/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an issuer says of its token endpoint (RFC 8414), and requests to it.
 */
#ifndef CG_CLI_TOKEN_SERVER_H
#define CG_CLI_TOKEN_SERVER_H

#include "cli/context.h"
#include "net/fetch.h"

#include <caregate/types.h>

/* Of one request. */
#define CG_TOKEN_TIMEOUT_MS 15000

struct cg_token_server {
    const char *issuer;  /* without a final slash */
    const char *ca_file; /* NULL: the system's authorities */
    const char *token_url;
    struct cg_span algs; /* that it takes of assertions, space-separated; absent: it does not say */
};

/* One request with the bounds that all here have; url and what is to be sent are the caller's.
 * Complains when there is no answer. */
CG_MUST_USE enum cg_status cg_token_fetch(struct cg_context *context,
                                          const struct cg_token_server *server,
                                          struct cg_fetch_request request,
                                          struct cg_fetch_response *ret_response);

/*
 * Completes what is known of a server by its metadata, as an authorisation server or as an OpenID
 * provider; without any, its token URL is ISSUER/oauth/token. With `by_certificate` it is the one
 * of mtls_endpoint_aliases, where there is one (RFC 8705 §5). Complains.
 */
CG_MUST_USE enum cg_status cg_token_discover(struct cg_context *context, bool by_certificate,
                                             struct cg_token_server *server);

#endif
