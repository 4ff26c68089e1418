/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finding what a command names, and saying what there is when it is not found. Texts live in the
 * context's arena. Each complains for CG_ERR_NOT_FOUND.
 */
#ifndef CG_CLI_LOOKUP_H
#define CG_CLI_LOOKUP_H

#include "cli/context.h"
#include "registry/agreement.h"
#include "registry/api.h"
#include "registry/client.h"
#include "registry/organisation.h"
#include "registry/upstream.h"

#include <caregate/types.h>

/* Where it is looked for. */
struct cg_lookup {
    struct cg_context *context;
    struct cg_store *store;
    struct cg_span realm;
};

CG_MUST_USE enum cg_status cg_lookup_client(const struct cg_lookup *lookup, struct cg_span id,
                                            struct cg_client *ret_client);
CG_MUST_USE enum cg_status cg_lookup_agreement(const struct cg_lookup *lookup, struct cg_span id,
                                               struct cg_agreement *ret_agreement);
/* These name what there is, as there are few of them. */
CG_MUST_USE enum cg_status cg_lookup_organisation(const struct cg_lookup *lookup,
                                                  struct cg_span ods,
                                                  struct cg_organisation *ret_organisation);
CG_MUST_USE enum cg_status cg_lookup_api(const struct cg_lookup *lookup, struct cg_span name,
                                         struct cg_api *ret_api);
CG_MUST_USE enum cg_status cg_lookup_upstream(const struct cg_lookup *lookup, struct cg_span name,
                                              struct cg_upstream *ret_upstream);

/* Opens the registry to read, and chooses the realm: what a command that only looks begins with.
 * The store is the caller's. */
CG_MUST_USE enum cg_status cg_lookup_open(struct cg_context *context, struct cg_store **ret_store,
                                          struct cg_lookup *ret_lookup);

#endif
