/* SPDX-License-Identifier: Apache-2.0 */
#include "issuer/form.h"

#include "base/span.h"
#include "codec/form.h"

/* Parameters that may be sent once only, and what to say when one is not. */
static const struct {
    struct cg_span name;
    const char *repeated;
} parameters[] = {
    {CG_SPAN("grant_type"), "the parameter grant_type is repeated: send it once"},
    {CG_SPAN("client_id"), "the parameter client_id is repeated: send it once"},
    {CG_SPAN("client_secret"), "the parameter client_secret is repeated: send it once"},
    {CG_SPAN("client_assertion"), "the parameter client_assertion is repeated: send it once"},
    {CG_SPAN("client_assertion_type"),
     "the parameter client_assertion_type is repeated: send it once"},
    {CG_SPAN("authorization_details"),
     "the parameter authorization_details is repeated: send one, its objects in one array"},
    {CG_SPAN("scope"), "the parameter scope is repeated: send one, its values joined by spaces"},
    {CG_SPAN("have"), "the parameter have is repeated: send the tag of one bundle"},
    {CG_SPAN("wait"), "the parameter wait is repeated: send it once"},
    {CG_SPAN("report"), "the parameter report is repeated: send one report in a request"},
    {CG_SPAN("token"), "the parameter token is repeated: send one token in a request"},
};

static enum cg_status parse(struct cg_oauth_context *context)
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

/* RFC 8707 §2 and RFC 8693 §2.1 let these name several APIs. */
static bool may_repeat(struct cg_span name)
{
    return cg_span_equal_string(name, "resource") || cg_span_equal_string(name, "audience");
}

/* RFC 6749 §3.2: request parameters MUST NOT be included more than once. */
static enum cg_status refuse_repeated(struct cg_oauth_context *context)
{
    for (size_t i = 1; i < context->params.count; i++) {
        struct cg_span name = context->params.items[i].name;
        if (is_repeated(&context->params, i) && !may_repeat(name)) {
            CG_FAIL(&context->fault, CG_ERR_INPUT, CG_REASON_PARAMETER_REPEATED,
                    text_for_repeated(name), "RFC 6749 §3.2");
        }
    }
    return CG_OK;
}

enum cg_status cg_form_read(struct cg_oauth_context *context)
{
    CG_TRY(parse(context));
    return refuse_repeated(context);
}
