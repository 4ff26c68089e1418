/* SPDX-License-Identifier: Apache-2.0 */
#include "base/span.h"
#include "issuer/endpoint.h"
#include "oauth/response.h"

/* The text belongs to the slot, which may have moved on when the answer is sent: it is copied. */
static enum cg_status serve(struct cg_oauth_context *context, struct cg_span content_type,
                            struct cg_span document)
{
    struct cg_span body;
    CG_TRY(cg_arena_copy(context->arena, document, &body));
    struct cg_response *response = &context->exchange->response;
    cg_response_start(response, 200, content_type, body);
    cg_response_add(response, CG_SPAN_OF("Cache-Control"), CG_SPAN_OF("max-age=300"));
    cg_response_add(response, CG_SPAN_OF("Access-Control-Allow-Origin"), CG_SPAN_OF("*"));
    return CG_OK;
}

enum cg_status cg_endpoint_jwks(struct cg_oauth_context *context)
{
    return serve(context, CG_SPAN_OF("application/jwk-set+json"), context->issuing->jwks);
}

enum cg_status cg_endpoint_metadata(struct cg_oauth_context *context)
{
    return serve(context, CG_SPAN_OF("application/json"), context->issuing->metadata);
}

/* SMART App Launch 2.2, "Using .well-known": application/json, whatever Accept says. */
enum cg_status cg_endpoint_smart(struct cg_oauth_context *context)
{
    return serve(context, CG_SPAN_OF("application/json"), context->issuing->smart_metadata);
}
