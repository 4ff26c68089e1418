/* SPDX-License-Identifier: Apache-2.0 */
#include "base/span.h"
#include "codec/form.h"
#include "issuer/endpoint.h"
#include "oauth/client_auth.h"
#include "oauth/grant_client_credentials.h"
#include "oauth/issue.h"

typedef enum cg_status (*grant_function)(struct cg_oauth_context *context,
                                         const struct cg_client_record *record,
                                         struct cg_access_token *ret_token);

static const struct {
    struct cg_span grant_type;
    grant_function grant;
} grants[] = {
    {CG_SPAN("client_credentials"), cg_grant_client_credentials},
};

/* Parameters that may be sent once only, and what to say when one is not. */
static const struct {
    struct cg_span name;
    const char *repeated;
} parameters[] = {
    {CG_SPAN("grant_type"), "the parameter grant_type is repeated: send it once"},
    {CG_SPAN("client_id"), "the parameter client_id is repeated: send it once"},
    {CG_SPAN("client_secret"), "the parameter client_secret is repeated: send it once"},
    {CG_SPAN("scope"), "the parameter scope is repeated: send one, its values joined by spaces"},
};

static enum cg_status read_form(struct cg_oauth_context *context)
{
    const struct cg_request *request = &context->exchange->request;
    if (!cg_form_is_content_type(request->content_type)) {
        CG_FAIL(&context->fault, CG_ERR_INPUT, CG_REASON_CONTENT_TYPE_WRONG, NULL,
                "RFC 6749 appendix B");
    }
    if (request->body_too_large != 0) {
        CG_FAIL(&context->fault, CG_ERR_LIMIT, CG_REASON_REQUEST_TOO_LARGE, NULL, NULL);
    }
    if (cg_form_parse(request->body, context->arena, &context->params) != CG_OK) {
        CG_FAIL(&context->fault, CG_ERR_INPUT, CG_REASON_REQUEST_MALFORMED, NULL,
                "RFC 6749 appendix B");
    }
    return CG_OK;
}

static bool is_repeated(const struct cg_params *params, size_t index)
{
    for (size_t i = 0; i < index; i++) {
        if (cg_span_equal(params->items[i].name, params->items[index].name)) {
            return true;
        }
    }
    return false;
}

static const char *text_for_repeated(struct cg_span name)
{
    for (size_t i = 0; i < sizeof(parameters) / sizeof(parameters[0]); i++) {
        if (cg_span_equal(parameters[i].name, name)) {
            return parameters[i].repeated;
        }
    }
    return NULL;
}

/* RFC 6749 §3.2: request parameters MUST NOT be included more than once. RFC 8707 §2 excepts
 * resource. */
static enum cg_status refuse_repeated(struct cg_oauth_context *context)
{
    for (size_t i = 1; i < context->params.count; i++) {
        struct cg_span name = context->params.items[i].name;
        if (is_repeated(&context->params, i) && !cg_span_equal_string(name, "resource")) {
            CG_FAIL(&context->fault, CG_ERR_INPUT, CG_REASON_PARAMETER_REPEATED,
                    text_for_repeated(name), "RFC 6749 §3.2");
        }
    }
    return CG_OK;
}

static enum cg_status find_grant(struct cg_oauth_context *context, grant_function *ret_grant)
{
    struct cg_span grant_type = {NULL, 0};
    CG_TRY(cg_params_get(&context->params, "grant_type", &grant_type));
    if (grant_type.data == NULL) {
        CG_FAIL(&context->fault, CG_ERR_INPUT, CG_REASON_GRANT_TYPE_MISSING, NULL,
                "RFC 6749 §4.4.2");
    }
    for (size_t i = 0; i < sizeof(grants) / sizeof(grants[0]); i++) {
        if (cg_span_equal(grants[i].grant_type, grant_type)) {
            *ret_grant = grants[i].grant;
            return CG_OK;
        }
    }
    CG_FAIL(&context->fault, CG_ERR_INPUT, CG_REASON_GRANT_TYPE_UNSUPPORTED, NULL, "RFC 6749 §5.2");
}

enum cg_status cg_endpoint_token(struct cg_oauth_context *context)
{
    context->event.kind = CG_AUDIT_TOKEN_REFUSED;
    CG_TRY(read_form(context));
    CG_TRY(refuse_repeated(context));
    grant_function grant = NULL;
    CG_TRY(find_grant(context, &grant));
    const struct cg_client_record *record = NULL;
    CG_TRY(cg_client_authenticate(context, &record));
    struct cg_access_token token;
    CG_TRY(grant(context, record, &token));
    return cg_issue_token(context, record, &token);
}
