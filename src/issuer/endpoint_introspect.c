/* SPDX-License-Identifier: Apache-2.0 */
#include "base/span.h"
#include "issuer/endpoint.h"
#include "issuer/form.h"
#include "oauth/client_auth.h"
#include "oauth/introspect.h"

enum cg_status cg_endpoint_introspect(struct cg_oauth_context *context)
{
    context->event.kind = CG_AUDIT_TOKEN_REFUSED;
    context->event.detail = CG_SPAN_OF("introspection");
    CG_TRY(cg_form_read(context));
    const struct cg_client_record *record = NULL;
    CG_TRY(cg_client_authenticate(context, &record));
    return cg_introspect(context);
}
