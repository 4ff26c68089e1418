/* SPDX-License-Identifier: Apache-2.0 */
#include "oauth/issue.h"

#include "base/span.h"
#include "codec/json.h"
#include "jose/jws.h"
#include "oauth/response.h"

#define TOKEN_ID_RANDOM_BYTES 16

static const char hint_fewer[] =
    "the token would be too large: ask for fewer scopes, or name one API by resource; of an API "
    "that is narrowed, for less by authorization_details";

static enum cg_status make_token_id(struct cg_oauth_context *context, struct cg_span *ret_id)
{
    struct cg_buf buf;
    cg_buf_init_arena(&buf, context->arena, CG_LIMIT_NAME_BYTES);
    if (cg_random_text(context->random, TOKEN_ID_RANDOM_BYTES, &buf) != CG_OK) {
        CG_FAIL(&context->fault, CG_ERR_CRYPTO, CG_REASON_INTERNAL, NULL, NULL);
    }
    return cg_buf_finish(&buf, ret_id);
}

static enum cg_status sign(struct cg_oauth_context *context, const struct cg_access_token *token,
                           struct cg_span *ret_compact)
{
    struct cg_buf claims;
    cg_buf_init_arena(&claims, context->arena, CG_LIMIT_TOKEN_BYTES);
    cg_access_token_write(token, &claims);
    struct cg_span payload;
    if (cg_buf_finish(&claims, &payload) != CG_OK) {
        CG_FAIL(&context->fault, CG_ERR_LIMIT, CG_REASON_TOKEN_TOO_LARGE, hint_fewer, NULL);
    }
    struct cg_buf compact;
    cg_buf_init_arena(&compact, context->arena, CG_LIMIT_TOKEN_BYTES);
    enum cg_status status =
        cg_jws_make(context->issuing->jws_header, payload, context->issuing->signer, &compact);
    if (status == CG_ERR_CRYPTO) {
        CG_FAIL(&context->fault, CG_ERR_CRYPTO, CG_REASON_SIGNING_KEY_UNAVAILABLE, NULL, NULL);
    }
    if (status != CG_OK || cg_buf_finish(&compact, ret_compact) != CG_OK) {
        CG_FAIL(&context->fault, CG_ERR_LIMIT, CG_REASON_TOKEN_TOO_LARGE, hint_fewer, NULL);
    }
    return CG_OK;
}

static bool is_documented(const struct cg_oauth_context *context,
                          const struct cg_client_record *record)
{
    enum cg_token_response form = record->client.has_token_response
                                      ? record->client.token_response
                                      : context->issuing->realm.token_response;
    return form == CG_TOKEN_RESPONSE_DOCUMENTED;
}

/* RFC 6749 §5.1; the documented form always has refresh_token, as null, since §4.4.3 gives none. */
static enum cg_status respond(struct cg_oauth_context *context, bool documented,
                              const struct cg_access_token *token, struct cg_span compact)
{
    struct cg_buf buf;
    cg_buf_init_arena(&buf, context->arena, 2 * CG_LIMIT_TOKEN_BYTES + CG_LIMIT_SCOPE_BYTES + 256);
    struct cg_json_writer json;
    cg_json_begin(&json, &buf);
    cg_json_open_object(&json);
    cg_json_member_put(&json, "token_type", cg_access_token_type(token));
    cg_json_member_put(&json, "access_token", compact);
    if (context->issued_token_type.len > 0) {
        cg_json_member_put(&json, "issued_token_type", context->issued_token_type);
    }
    if (documented) {
        cg_json_put_name(&json, "refresh_token");
        cg_json_put_null(&json);
    }
    cg_json_member_put_number(&json, "expires_in", token->expires_s - token->issued_s);
    cg_json_member_put(&json, "scope", token->scope);
    /* RFC 9396 §7: the details as granted are told with the token. */
    cg_access_token_put_details(token, &json);
    cg_json_close_object(&json);
    struct cg_span body = {NULL, 0};
    CG_TRY(cg_buf_finish(&buf, &body));
    struct cg_response *response = &context->exchange->response;
    cg_response_start(response, 200, CG_SPAN_OF("application/json"), body);
    cg_response_forbid_caching(response);
    response->token_id = token->token_id;
    return CG_OK;
}

/* Which agreements' APIs the token opens in part only, by id. */
static void tell_narrowing(const struct cg_access_token *token, struct cg_buf *detail)
{
    cg_buf_put_string(detail, detail->len > 0 ? "; narrowed:" : "narrowed:");
    for (size_t i = 0; i < token->api_count; i++) {
        if (token->apis[i].details.len > 0) {
            cg_buf_put_byte(detail, ' ');
            cg_buf_put(detail, token->apis[i].agreement);
        }
    }
}

/* Who acts for the person, beside the client, which is the event's actor. */
static void tell_actors(const struct cg_access_token *token, struct cg_buf *detail)
{
    for (size_t i = 0; i < token->behalf.actor_count; i++) {
        if (!cg_span_equal(token->behalf.actors[i], token->client_id)) {
            cg_buf_put_string(detail, ", by ");
            cg_buf_put(detail, token->behalf.actors[i]);
        }
    }
}

/* On whose behalf the token is, a system's or a person's, and what it is narrowed to. */
static enum cg_status tell_detail(struct cg_oauth_context *context,
                                  const struct cg_access_token *token)
{
    struct cg_buf detail;
    cg_buf_init_arena(&detail, context->arena, (size_t)2 * CG_LIMIT_TOKEN_BYTES);
    if (token->idp.len > 0) {
        cg_buf_put_string(&detail, "for ");
        cg_buf_put(&detail, token->subject);
        cg_buf_put_string(&detail, token->acr.len > 0 ? " at " : "");
        cg_buf_put(&detail, token->acr);
        tell_actors(token, &detail);
    }
    if (token->behalf.client_id.len > 0) {
        cg_buf_put_string(&detail, detail.len > 0 ? "; on behalf of " : "on behalf of ");
        cg_buf_put(&detail, token->behalf.client_id);
        cg_buf_put_string(&detail, " by token ");
        cg_buf_put(&detail, token->behalf.token_id);
    }
    if (token->is_narrowed) {
        tell_narrowing(token, &detail);
    }
    return cg_buf_finish(&detail, &context->event.detail);
}

/* Tells the audit which APIs and agreements the token names, each list joined by spaces. */
static enum cg_status fill_event(struct cg_oauth_context *context,
                                 const struct cg_access_token *token)
{
    struct cg_buf apis;
    struct cg_buf agreements;
    cg_buf_init_arena(&apis, context->arena, CG_LIMIT_TOKEN_BYTES);
    cg_buf_init_arena(&agreements, context->arena, CG_LIMIT_TOKEN_BYTES);
    for (size_t i = 0; i < token->api_count; i++) {
        cg_buf_put_string(&apis, i > 0 ? " " : "");
        cg_buf_put(&apis, token->apis[i].name);
        cg_buf_put_string(&agreements, i > 0 ? " " : "");
        cg_buf_put(&agreements, token->apis[i].agreement);
    }
    CG_TRY(cg_buf_finish(&apis, &context->event.api));
    CG_TRY(cg_buf_finish(&agreements, &context->event.agreement));
    if (token->is_narrowed || token->behalf.client_id.len > 0 || token->idp.len > 0) {
        CG_TRY(tell_detail(context, token));
    }
    context->event.kind = CG_AUDIT_TOKEN_ISSUED;
    context->event.token_id = token->token_id;
    context->has_event = true;
    return CG_OK;
}

enum cg_status cg_issue_token(struct cg_oauth_context *context,
                              const struct cg_client_record *record, struct cg_access_token *token)
{
    if (context->issuing->signer == NULL) {
        CG_FAIL(&context->fault, CG_ERR_CRYPTO, CG_REASON_SIGNING_KEY_UNAVAILABLE, NULL, NULL);
    }
    token->issuer = context->issuing->realm.issuer;
    CG_TRY(make_token_id(context, &token->token_id));
    struct cg_span compact = {NULL, 0};
    CG_TRY(sign(context, token, &compact));
    CG_TRY(respond(context, is_documented(context, record), token, compact));
    return fill_event(context, token);
}
