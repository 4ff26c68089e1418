/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/organisation.h"

#include "base/limits.h"
#include "registry/name.h"
#include "registry/realm.h"
#include "registry/rows.h"

static enum cg_status check(struct cg_store *store, const struct cg_organisation *organisation,
                            struct cg_fault *fault)
{
    if (!cg_registry_is_ods(organisation->ods)) {
        CG_FAIL(fault, CG_ERR_INPUT, CG_REASON_NONE,
                "an ODS code is 3 to 10 upper-case letters and digits, as in RX809", NULL);
    }
    if (!cg_name_is_text(organisation->name, CG_LIMIT_TEXT_BYTES)) {
        CG_FAIL(fault, CG_ERR_INPUT, CG_REASON_NONE,
                "the organisation's name is 1 to 1024 bytes of text without control characters or "
                "space at its ends",
                NULL);
    }
    if (!cg_name_is_time(organisation->created_s)) {
        CG_FAIL(fault, CG_ERR_INPUT, CG_REASON_NONE, "the time of creation is missing", NULL);
    }
    int64_t life_s = 0;
    enum cg_status status = cg_realm_longest_life_s(store, organisation->realm, &life_s);
    if (status == CG_ERR_NOT_FOUND) {
        CG_FAIL(fault, status, CG_REASON_NONE, "there is no realm of this path", NULL);
    }
    return status;
}

enum cg_status cg_organisation_add(struct cg_store *store,
                                   const struct cg_organisation *organisation,
                                   struct cg_fault *fault)
{
    CG_TRY(check(store, organisation, fault));
    struct cg_statement *statement = NULL;
    CG_TRY(cg_store_start(store, CG_SQL_ORGANISATION_ADD, &statement));
    cg_bind_text(statement, "realm", organisation->realm);
    cg_bind_text(statement, "ods", organisation->ods);
    cg_bind_text(statement, "name", organisation->name);
    cg_bind_number(statement, "created", organisation->created_s);
    enum cg_status status = cg_store_run(statement, NULL);
    if (status == CG_ERR_CONFLICT) {
        CG_FAIL(fault, status, CG_REASON_NONE,
                "there is an organisation of this ODS code in the realm already", NULL);
    }
    CG_TRY(status);
    return cg_registry_touch(store, CG_TOUCH_REGISTRY);
}

static enum cg_status read_organisation(struct cg_statement *statement, struct cg_arena *arena,
                                        void *row)
{
    enum cg_status status = CG_OK;
    struct cg_organisation organisation = {
        .realm = cg_rows_text(statement, 0, arena, &status),
        .ods = cg_rows_text(statement, 1, arena, &status),
        .name = cg_rows_text(statement, 2, arena, &status),
        .created_s = cg_column_number(statement, 3),
    };
    CG_TRY(status);
    struct cg_organisation *ret = row;
    *ret = organisation;
    return CG_OK;
}

enum cg_status cg_organisation_find(struct cg_store *store, struct cg_span realm,
                                    struct cg_span ods, struct cg_arena *arena,
                                    struct cg_organisation *ret_organisation)
{
    struct cg_statement *statement = NULL;
    CG_TRY(cg_store_start(store, CG_SQL_ORGANISATION_FIND, &statement));
    cg_bind_text(statement, "realm", realm);
    cg_bind_text(statement, "ods", ods);
    return cg_rows_first(&(struct cg_rows){statement, read_organisation, arena, ret_organisation});
}

enum cg_status cg_organisation_list(struct cg_store *store, struct cg_span realm,
                                    struct cg_arena *arena, cg_registry_visit visit, void *context)
{
    struct cg_statement *statement = NULL;
    CG_TRY(cg_store_start(store, CG_SQL_ORGANISATION_LIST, &statement));
    cg_bind_text(statement, "realm", realm);
    struct cg_organisation organisation;
    return cg_rows_visit(&(struct cg_rows){statement, read_organisation, arena, &organisation},
                         visit, context);
}
