/* SPDX-License-Identifier: Apache-2.0 */
#include "base/span.h"
#include "issuer/endpoint.h"
#include "issuer/form.h"
#include "oauth/bind.h"
#include "oauth/client_auth.h"
#include "oauth/grant_client_credentials.h"
#include "oauth/issue.h"
#include "oauth/lockout.h"

typedef enum cg_status (*grant_function)(struct cg_oauth_context *context,
                                         const struct cg_client_record *record,
                                         struct cg_access_token *ret_token);

static const struct {
    struct cg_span grant_type;
    grant_function grant;
} grants[] = {
    {CG_SPAN("client_credentials"), cg_grant_client_credentials},
};

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
    CG_TRY(cg_form_read(context));
    grant_function grant = NULL;
    CG_TRY(find_grant(context, &grant));
    const struct cg_client_record *record = NULL;
    CG_TRY(cg_client_authenticate(context, &record));
    CG_TRY(cg_lockout_take_token(context, record->client.id));
    struct cg_access_token token;
    CG_TRY(grant(context, record, &token));
    CG_TRY(cg_client_certificate_bind(context, record, &token));
    CG_TRY(cg_bind_token(context, record, &token));
    return cg_issue_token(context, record, &token);
}
