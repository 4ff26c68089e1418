/* SPDX-License-Identifier: Apache-2.0 */
#include "token/client_form.h"

#include "base/span.h"
#include "codec/form.h"

#define ASSERTION_TYPE "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

void cg_client_form_prove(const struct cg_client_form *form, struct cg_buf *buf)
{
    cg_form_put(buf, "client_id", form->client_id);
    cg_form_put(buf, "client_secret", form->secret);
    if (form->assertion.len > 0) {
        cg_form_put(buf, "client_assertion_type", CG_SPAN_OF(ASSERTION_TYPE));
        cg_form_put(buf, "client_assertion", form->assertion);
    }
}

void cg_client_form_write(const struct cg_client_form *form, struct cg_buf *buf)
{
    cg_form_put(buf, "grant_type",
                form->grant.len > 0 ? form->grant : CG_SPAN_OF("client_credentials"));
    cg_client_form_prove(form, buf);
    cg_form_put(buf, "scope", form->scope);
    for (size_t i = 0; i < form->resource_count; i++) {
        cg_form_put(buf, "resource", form->resources[i]);
    }
    for (size_t i = 0; i < form->parameter_count; i++) {
        cg_form_put(buf, (const char *)form->parameters[i].name.data, form->parameters[i].value);
    }
}
