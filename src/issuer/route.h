/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Routes under a realm: a table from path and methods to endpoint. A path is realm path + suffix of
 * a row; for documents it may also be /.well-known/NAME + realm path (RFC 8414 §3.1).
 */
#ifndef CG_ISSUER_ROUTE_H
#define CG_ISSUER_ROUTE_H

#include "oauth/context.h"

typedef enum cg_status (*cg_endpoint)(struct cg_oauth_context *context);

struct cg_route {
    struct cg_span suffix; /* "/oauth/token" */
    struct cg_span allow;  /* "POST", for Allow and for the check */
    cg_endpoint endpoint;
    bool well_known; /* also at the RFC 8414 place */
};

/* The route of a path and the realm path in front of it. NULL when there is none. Borrows from
 * path. */
const struct cg_route *cg_route_find(struct cg_span path, struct cg_span *ret_realm_path);

#endif
