/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/denial.h"

#include "base/limits.h"
#include "base/span.h"
#include "token/text.h"

static const char *const kind_names[] = {
    [CG_DENIAL_TOKEN] = "token",
    [CG_DENIAL_AGREEMENT] = "agreement",
    [CG_DENIAL_CLIENT] = "client",
};

enum cg_status cg_denial_add(struct cg_store *store, struct cg_span realm,
                             const struct cg_snapshot_denial *denial, int64_t now_s)
{
    /* A subject that no snapshot can carry would keep all of it from the gates. */
    bool named = cg_text_is_header_safe(denial->subject, CG_LIMIT_NAME_BYTES);
    if (!named || denial->epoch < 0 || denial->expires_s <= now_s) {
        return CG_ERR_INPUT;
    }
    struct cg_statement *statement = NULL;
    CG_TRY(cg_store_start(store, CG_SQL_DENIAL_ADD, &statement));
    cg_bind_text(statement, "realm", realm);
    cg_bind_text(statement, "kind", cg_span_of_string(kind_names[denial->kind]));
    cg_bind_text(statement, "subject", denial->subject);
    cg_bind_number(statement, "epoch", denial->epoch);
    cg_bind_number(statement, "now", now_s);
    cg_bind_number(statement, "expires", denial->expires_s);
    CG_TRY(cg_store_run(statement, NULL));
    return cg_registry_touch(store, CG_TOUCH_DENYLIST);
}

enum cg_status cg_denial_kind_find(struct cg_span name, enum cg_denial *ret_kind)
{
    for (size_t i = 0; i < sizeof(kind_names) / sizeof(kind_names[0]); i++) {
        if (cg_span_equal_string(name, kind_names[i])) {
            *ret_kind = (enum cg_denial)i;
            return CG_OK;
        }
    }
    return CG_ERR_STORE;
}

enum cg_status cg_denial_sweep(struct cg_store *store, int64_t now_s)
{
    struct cg_statement *statement = NULL;
    CG_TRY(cg_store_start(store, CG_SQL_DENIAL_SWEEP, &statement));
    cg_bind_number(statement, "now", now_s);
    return cg_store_run(statement, NULL);
}
