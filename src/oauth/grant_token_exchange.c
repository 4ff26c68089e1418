/* SPDX-License-Identifier: Apache-2.0 */
#include "oauth/grant_token_exchange.h"

#include "base/span.h"
#include "oauth/token_exchange.h"

typedef enum cg_status (*subject_function)(struct cg_oauth_context *context,
                                           const struct cg_client_record *record,
                                           const struct cg_token_exchange *exchange,
                                           struct cg_access_token *ret_token);

/* RFC 8693 §3: types of tokens. A JWT is one of our access tokens by another name. */
static const struct {
    struct cg_span type;
    subject_function exchange;
} subjects[] = {
    {CG_SPAN(CG_TOKEN_TYPE_ACCESS_TOKEN), cg_exchange_system},
    {CG_SPAN(CG_TOKEN_TYPE_JWT), cg_exchange_system},
    {CG_SPAN(CG_TOKEN_TYPE_ID_TOKEN), cg_exchange_person},
};

/* What may be asked for. All that we issue are access tokens, which happen to be JWTs. */
static const struct cg_span issued[] = {
    CG_SPAN(CG_TOKEN_TYPE_ACCESS_TOKEN),
    CG_SPAN(CG_TOKEN_TYPE_JWT),
};

static enum cg_status malformed(struct cg_oauth_context *context, const char *text)
{
    CG_FAIL(&context->fault, CG_ERR_INPUT, CG_REASON_EXCHANGE_MALFORMED, text, "RFC 8693 §2.1");
}

static enum cg_status read_exchange(struct cg_oauth_context *context,
                                    struct cg_token_exchange *exchange)
{
    const struct {
        const char *name;
        struct cg_span *value;
    } parameters[] = {
        {"subject_token", &exchange->subject_token},
        {"subject_token_type", &exchange->subject_token_type},
        {"actor_token", &exchange->actor_token},
        {"actor_token_type", &exchange->actor_token_type},
    };
    for (size_t i = 0; i < sizeof(parameters) / sizeof(parameters[0]); i++) {
        CG_TRY(cg_params_get(&context->params, parameters[i].name, parameters[i].value));
    }
    if (exchange->subject_token.data == NULL || exchange->subject_token_type.data == NULL) {
        return malformed(context, NULL);
    }
    /* RFC 8693 §2.1: actor_token_type is "REQUIRED when the actor_token parameter is present in the
     * request but MUST NOT be included otherwise." */
    if ((exchange->actor_token.data == NULL) != (exchange->actor_token_type.data == NULL)) {
        return malformed(context, "send actor_token and actor_token_type together, or neither");
    }
    return CG_OK;
}

/* RFC 8693 §2.1: requested_token_type may be left out. */
static enum cg_status check_requested(struct cg_oauth_context *context)
{
    struct cg_span requested = {NULL, 0};
    CG_TRY(cg_params_get(&context->params, "requested_token_type", &requested));
    bool known = requested.data == NULL;
    for (size_t i = 0; !known && i < sizeof(issued) / sizeof(issued[0]); i++) {
        known = cg_span_equal(issued[i], requested);
    }
    return known ? CG_OK
                 : malformed(context, "leave requested_token_type out, or ask for an access token: "
                                      "nothing else is issued");
}

static enum cg_status find_subject(struct cg_oauth_context *context, struct cg_span type,
                                   subject_function *ret_exchange)
{
    for (size_t i = 0; i < sizeof(subjects) / sizeof(subjects[0]); i++) {
        if (cg_span_equal(subjects[i].type, type)) {
            *ret_exchange = subjects[i].exchange;
            return CG_OK;
        }
    }
    return malformed(context, "send as subject_token_type that of an access token or an ID "
                              "token: no other is exchanged");
}

enum cg_status cg_token_exchange_refuse(struct cg_oauth_context *context, const char *text,
                                        const char *detail)
{
    context->event.detail = cg_span_of_string(detail);
    CG_FAIL(&context->fault, CG_ERR_AUTHORISATION, CG_REASON_SUBJECT_TOKEN_REFUSED, text,
            "RFC 8693 §2.2.2");
}

enum cg_status cg_grant_token_exchange(struct cg_oauth_context *context,
                                       const struct cg_client_record *record,
                                       struct cg_access_token *ret_token)
{
    struct cg_token_exchange exchange = {.subject_token = {NULL, 0}};
    subject_function answer = NULL;
    CG_TRY(read_exchange(context, &exchange));
    CG_TRY(find_subject(context, exchange.subject_token_type, &answer));
    CG_TRY(check_requested(context));
    CG_TRY(answer(context, record, &exchange, ret_token));
    /* RFC 8693 §2.2.1: issued_token_type says what was issued, whatever was asked for. */
    context->issued_token_type = CG_SPAN_OF(CG_TOKEN_TYPE_ACCESS_TOKEN);
    return CG_OK;
}
