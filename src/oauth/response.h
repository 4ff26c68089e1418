/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Filling in a response: status, headers, body. Spans must live as long as the exchange.
 */
#ifndef CG_OAUTH_RESPONSE_H
#define CG_OAUTH_RESPONSE_H

#include <caregate/exchange.h>

/* Starts over: status and Content-Type, no other headers, this body. */
void cg_response_start(struct cg_response *response, unsigned http_status,
                       struct cg_span content_type, struct cg_span body);

/* Adds a header; more than CG_RESPONSE_HEADERS_MAX is our own mistake and asserted. */
void cg_response_add(struct cg_response *response, struct cg_span name, struct cg_span value);

/* Cache-Control: no-store and Pragma: no-cache (RFC 6749 §5.1). */
void cg_response_forbid_caching(struct cg_response *response);

#endif
