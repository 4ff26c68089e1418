/* SPDX-License-Identifier: Apache-2.0 */
#include "oauth/introspection.h"

#include "base/span.h"
#include "codec/accept.h"
#include "codec/json.h"
#include "jose/jws.h"
#include "oauth/response.h"

#define MEDIA_TYPE "application/" CG_INTROSPECTION_TYP
#define ANSWER_BYTES ((size_t)2 * CG_LIMIT_TOKEN_BYTES)
#define SIGNED_BYTES (2 * ANSWER_BYTES) /* base64 adds a third */

/* RFC 9701 §4: who wants a signed answer says so by Accept. JSON, where both are as welcome. */
static bool wants_signed(const struct cg_request *request)
{
    return cg_accept_weight(request->accept, CG_SPAN_OF(MEDIA_TYPE)) >
           cg_accept_weight(request->accept, CG_SPAN_OF("application/json"));
}

/* RFC 7662 §2.2: an inactive token has no other member than active. */
static enum cg_status write_answer(struct cg_oauth_context *context,
                                   const struct cg_access_token *token, struct cg_span *ret_json)
{
    struct cg_buf buf;
    struct cg_json_writer json;
    cg_buf_init_arena(&buf, context->arena, ANSWER_BYTES);
    cg_json_begin(&json, &buf);
    cg_json_open_object(&json);
    cg_json_put_name(&json, "active");
    cg_json_put_bool(&json, token != NULL);
    if (token != NULL) {
        cg_json_member_put(&json, "token_type", cg_access_token_type(token));
        cg_access_token_write_claims(token, &json);
    }
    cg_json_close_object(&json);
    return cg_buf_finish(&buf, ret_json);
}

/* RFC 9701 §5: iss, aud (the one who asks), iat and token_introspection; neither sub nor exp, so
 * that nobody takes it for an access token. */
static enum cg_status write_claims(struct cg_oauth_context *context, struct cg_span answer,
                                   struct cg_span *ret_claims)
{
    struct cg_buf buf;
    struct cg_json_writer json;
    cg_buf_init_arena(&buf, context->arena, SIGNED_BYTES);
    cg_json_begin(&json, &buf);
    cg_json_open_object(&json);
    cg_json_member_put(&json, "iss", context->issuing->realm.issuer);
    cg_json_member_put(&json, "aud", context->event.client_id);
    cg_json_member_put_number(&json, "iat", context->now_s);
    cg_json_put_name(&json, "token_introspection");
    cg_json_put_raw(&json, answer);
    cg_json_close_object(&json);
    return cg_buf_finish(&buf, ret_claims);
}

static enum cg_status sign(struct cg_oauth_context *context, struct cg_span answer,
                           struct cg_span *ret_compact)
{
    const struct cg_issuing_realm *issuing = context->issuing;
    struct cg_buf compact;
    struct cg_span claims = {NULL, 0};
    if (issuing->signer == NULL) {
        CG_FAIL(&context->fault, CG_ERR_CRYPTO, CG_REASON_SIGNING_KEY_UNAVAILABLE, NULL, NULL);
    }
    CG_TRY(write_claims(context, answer, &claims));
    cg_buf_init_arena(&compact, context->arena, SIGNED_BYTES);
    enum cg_status status =
        cg_jws_make(issuing->introspection_header, claims, issuing->signer, &compact);
    if (status == CG_ERR_CRYPTO) {
        CG_FAIL(&context->fault, status, CG_REASON_SIGNING_KEY_UNAVAILABLE, NULL, NULL);
    }
    CG_TRY(status);
    return cg_buf_finish(&compact, ret_compact);
}

enum cg_status cg_introspection_answer(struct cg_oauth_context *context,
                                       const struct cg_access_token *token)
{
    struct cg_response *response = &context->exchange->response;
    struct cg_span body = {NULL, 0};
    struct cg_span type = CG_SPAN("application/json");
    CG_TRY(write_answer(context, token, &body));
    if (wants_signed(&context->exchange->request)) {
        CG_TRY(sign(context, body, &body));
        type = CG_SPAN_OF(MEDIA_TYPE);
    }
    cg_response_start(response, 200, type, body);
    cg_response_forbid_caching(response);
    return CG_OK;
}
