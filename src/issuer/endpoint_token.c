/* SPDX-License-Identifier: Apache-2.0 */
#include "base/span.h"
#include "issuer/endpoint.h"
#include "issuer/form.h"
#include "oauth/bind.h"
#include "oauth/client_auth.h"
#include "oauth/grant_client_credentials.h"
#include "oauth/grant_token_exchange.h"
#include "oauth/issue.h"
#include "oauth/lockout.h"
#include "registry/grant.h"
#include "token/scope.h"

typedef enum cg_status (*grant_function)(struct cg_oauth_context *context,
                                         const struct cg_client_record *record,
                                         struct cg_access_token *ret_token);

static const grant_function grants[CG_GRANT_TOKEN_COUNT] = {
    [CG_GRANT_CLIENT_CREDENTIALS] = cg_grant_client_credentials,
    [CG_GRANT_TOKEN_EXCHANGE] = cg_grant_token_exchange,
};

static enum cg_status find_grant(struct cg_oauth_context *context, enum cg_grant *ret_grant)
{
    struct cg_span grant_type = {NULL, 0};
    CG_TRY(cg_params_get(&context->params, "grant_type", &grant_type));
    if (grant_type.data == NULL) {
        CG_FAIL(&context->fault, CG_ERR_INPUT, CG_REASON_GRANT_TYPE_MISSING, NULL,
                "RFC 6749 §4.4.2");
    }
    if (cg_grant_find(grant_type, ret_grant) != CG_OK || *ret_grant >= CG_GRANT_TOKEN_COUNT) {
        CG_FAIL(&context->fault, CG_ERR_INPUT, CG_REASON_GRANT_TYPE_UNSUPPORTED, NULL,
                "RFC 6749 §5.2");
    }
    return CG_OK;
}

static enum cg_status check_grant(struct cg_oauth_context *context,
                                  const struct cg_client_record *record, enum cg_grant grant)
{
    if (!cg_scope_text_has(record->client.grants, cg_grant_type(grant))) {
        CG_FAIL(&context->fault, CG_ERR_AUTHORISATION, CG_REASON_GRANT_NOT_ALLOWED, NULL,
                "RFC 6749 §5.2");
    }
    return CG_OK;
}

enum cg_status cg_endpoint_token(struct cg_oauth_context *context)
{
    context->event.kind = CG_AUDIT_TOKEN_REFUSED;
    CG_TRY(cg_form_read(context));
    enum cg_grant grant = CG_GRANT_COUNT;
    CG_TRY(find_grant(context, &grant));
    const struct cg_client_record *record = NULL;
    CG_TRY(cg_client_authenticate(context, &record));
    CG_TRY(cg_lockout_take_token(context, record->client.id));
    struct cg_access_token token;
    CG_TRY(check_grant(context, record, grant));
    CG_TRY(grants[grant](context, record, &token));
    CG_TRY(cg_client_certificate_bind(context, record, &token));
    CG_TRY(cg_bind_token(context, record, &token));
    return cg_issue_token(context, record, &token);
}
