/* SPDX-License-Identifier: Apache-2.0 */
#include "token/scope_holder.h"

#include "base/span.h"

const struct cg_scope_holder cg_scope_holder_system = {.is_person = false};

/* SMART App Launch 2.2, "Scopes for requesting FHIR Resources"; the NHS England API platform's
 * scopes name a level behind the provider: urn:nhsd:apim:user-nhs-login:P9:product. */
static const struct {
    struct cg_span prefix;
    bool is_person;
    struct cg_span kind; /* empty: any; else the scope's next part is the level */
} rows[] = {
    {CG_SPAN("system/"), false, CG_SPAN("")},
    {CG_SPAN("patient/"), true, CG_SPAN("")},
    {CG_SPAN("user/"), true, CG_SPAN("")},
    {CG_SPAN("urn:nhsd:apim:app:"), false, CG_SPAN("")},
    {CG_SPAN("urn:nhsd:apim:user-nhs-login:"), true, CG_SPAN("nhs-login")},
    {CG_SPAN("urn:nhsd:apim:user-nhs-cis2:"), true, CG_SPAN("cis2")},
    {CG_SPAN("urn:nhsd:apim:user-nhs-id:"), true, CG_SPAN("cis2")},
};

/* The platform writes the levels of one provider in capitals and of the other in small letters. */
static bool is_of_level(const struct cg_scope_holder *holder, struct cg_span kind,
                        struct cg_span rest)
{
    struct cg_span level = cg_span_part(rest, 0, cg_span_find(rest, ':', 0));
    return cg_span_equal(holder->kind, kind) && holder->level.len > 0 &&
           cg_span_equal_nocase(level, holder->level);
}

bool cg_scope_holder_may(const struct cg_scope_holder *holder, struct cg_span scope)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (!cg_span_starts_with(scope, rows[i].prefix)) {
            continue;
        }
        return holder->is_person == rows[i].is_person &&
               (rows[i].kind.len == 0 ||
                is_of_level(holder, rows[i].kind,
                            cg_span_part(scope, rows[i].prefix.len, scope.len)));
    }
    return true;
}
