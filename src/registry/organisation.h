/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Organisations, by ODS code, of a realm. See registry/registry.h.
 */
#ifndef CG_REGISTRY_ORGANISATION_H
#define CG_REGISTRY_ORGANISATION_H

#include "registry/registry.h"

struct cg_organisation {
    struct cg_span realm;
    struct cg_span ods;
    struct cg_span name;
    int64_t created_s;
};

CG_MUST_USE enum cg_status cg_organisation_add(struct cg_store *store,
                                               const struct cg_organisation *organisation,
                                               struct cg_fault *fault);
CG_MUST_USE enum cg_status cg_organisation_find(struct cg_store *store, struct cg_span realm,
                                                struct cg_span ods, struct cg_arena *arena,
                                                struct cg_organisation *ret_organisation);
CG_MUST_USE enum cg_status cg_organisation_list(struct cg_store *store, struct cg_span realm,
                                                struct cg_arena *arena, cg_registry_visit visit,
                                                void *context);

#endif
