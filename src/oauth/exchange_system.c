/* SPDX-License-Identifier: Apache-2.0 */
#include "base/span.h"
#include "oauth/presented_token.h"
#include "oauth/standing.h"
#include "oauth/token_exchange.h"
#include "oauth/wish.h"

static const char send_living[] =
    "send as subject_token an access token of this realm that is not over: have the caller get a "
    "new one";
static const char send_own[] = "send as subject_token one that the caller itself asked for: this "
                               "one was exchanged for another";
static const char be_introspector[] =
    "have this client registered as an introspector of an API that the subject token names: it "
    "serves none of them";

/* The audit learns whose token was tried, and which, once it is proven to be one. */
static enum cg_status refuse(struct cg_oauth_context *context, const struct cg_access_token *held,
                             const char *text, const char *why)
{
    struct cg_buf buf;
    struct cg_span detail = cg_span_of_string(why);
    cg_buf_init_arena(&buf, context->arena, CG_LIMIT_AUDIT_DETAIL_BYTES);
    cg_buf_put(&buf, detail);
    cg_buf_put_string(&buf, ": of ");
    cg_buf_put(&buf, held->client_id);
    cg_buf_put_string(&buf, ", token ");
    cg_buf_put(&buf, held->token_id);
    enum cg_status status = cg_token_exchange_refuse(context, text, why);
    context->event.detail = cg_buf_finish(&buf, &detail) == CG_OK ? detail : context->event.detail;
    return status;
}

static enum cg_status prove(struct cg_oauth_context *context, struct cg_span compact,
                            struct cg_access_token *ret_token)
{
    enum cg_status status = cg_presented_token_prove(context, compact, ret_token);
    if (status == CG_ERR_NOT_FOUND) {
        return cg_token_exchange_refuse(context, send_living,
                                        "the subject token is none of this realm's, or is expired");
    }
    return status;
}

/*
 * Who serves an API is shown its callers' tokens; whoever else holds one must not be able to use it
 * under a name of its own. What is in the registry of the token is looked at after this only, as in
 * introspection.
 */
static enum cg_status find_served(struct cg_oauth_context *context,
                                  const struct cg_access_token *subject,
                                  bool ret_serves[static CG_LIMIT_TOKEN_APIS])
{
    bool any = false;
    for (size_t i = 0; i < subject->api_count; i++) {
        CG_TRY(cg_standing_may_know(context, &subject->apis[i], &ret_serves[i]));
        any = any || ret_serves[i];
    }
    return any ? CG_OK
               : refuse(context, subject, be_introspector,
                        "the client serves no API of the subject token");
}

/* The caller may still call an API that the client serves: else it was not called with the token.
 */
static enum cg_status find_agreements(struct cg_oauth_context *context,
                                      const bool serves[static CG_LIMIT_TOKEN_APIS],
                                      struct cg_wish_subject *subject)
{
    const struct cg_access_token *token = subject->token;
    CG_TRY(cg_standing_of(context, token, subject->agreements));
    cg_standing_drop_broken(token, subject->agreements);
    for (size_t i = 0; i < token->api_count; i++) {
        if (serves[i] && subject->agreements[i] != NULL) {
            return CG_OK;
        }
    }
    return refuse(
        context, token, send_living,
        "the subject token was revoked, or its client may call no API more that this one serves");
}

/* RFC 8693 §4.1: the actors before "are not considered in authorization decisions", but kept for
 * the record. */
static enum cg_status put_behalf(struct cg_oauth_context *context,
                                 const struct cg_access_token *held, struct cg_access_token *token)
{
    struct cg_token_behalf *behalf = &token->behalf;
    if (held->behalf.actor_count == CG_LIMIT_TOKEN_ACTORS) {
        return cg_token_exchange_refuse(context, NULL, "too many actors stand before the client");
    }
    behalf->actors[0] = token->client_id;
    for (size_t i = 0; i < held->behalf.actor_count; i++) {
        behalf->actors[i + 1] = held->behalf.actors[i];
    }
    behalf->actor_count = held->behalf.actor_count + 1;
    behalf->client_id = held->client_id;
    behalf->token_id = held->token_id;
    behalf->epoch = held->epoch;
    return CG_OK;
}

enum cg_status cg_exchange_system(struct cg_oauth_context *context,
                                  const struct cg_client_record *record,
                                  const struct cg_token_exchange *exchange,
                                  struct cg_access_token *ret_token)
{
    if (exchange->actor_token.data != NULL) {
        CG_FAIL(&context->fault, CG_ERR_INPUT, CG_REASON_EXCHANGE_MALFORMED,
                "leave actor_token out: who acts is the client that asks", "RFC 8693 §2.1");
    }
    struct cg_access_token held;
    struct cg_wish_subject subject = {.token = &held};
    bool serves[CG_LIMIT_TOKEN_APIS] = {false};
    CG_TRY(prove(context, exchange->subject_token, &held));
    if (held.behalf.client_id.len > 0) {
        return refuse(context, &held, send_own, "the subject token was exchanged already");
    }
    CG_TRY(find_served(context, &held, serves));
    CG_TRY(find_agreements(context, serves, &subject));
    struct cg_wish wish;
    CG_TRY(cg_wish_read(context, &wish));
    CG_TRY(cg_wish_read_audiences(context, &wish));
    wish.subject = &subject;
    struct cg_access_token token;
    CG_TRY(cg_wish_grant(context, record, &wish, &token));
    CG_TRY(put_behalf(context, &held, &token));
    token.subject = held.subject;
    token.idp = held.idp;
    token.acr = held.acr;
    token.authenticated_s = held.authenticated_s;
    if (token.expires_s > held.expires_s) {
        token.expires_s = held.expires_s;
    }
    *ret_token = token;
    return CG_OK;
}
