/* SPDX-License-Identifier: Apache-2.0 */
#include "oauth/response.h"

#include "base/span.h"

#include <assert.h>

void cg_response_add(struct cg_response *response, struct cg_span name, struct cg_span value)
{
    assert(response->header_count < CG_RESPONSE_HEADERS_MAX);
    response->headers[response->header_count] = (struct cg_header){name, value};
    response->header_count++;
}

void cg_response_start(struct cg_response *response, unsigned http_status,
                       struct cg_span content_type, struct cg_span body)
{
    response->http_status = http_status;
    response->header_count = 0;
    response->body = body;
    cg_response_add(response, CG_SPAN_OF("Content-Type"), content_type);
}

void cg_response_forbid_caching(struct cg_response *response)
{
    cg_response_add(response, CG_SPAN_OF("Cache-Control"), CG_SPAN_OF("no-store"));
    cg_response_add(response, CG_SPAN_OF("Pragma"), CG_SPAN_OF("no-cache"));
}
