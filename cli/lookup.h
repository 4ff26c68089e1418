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

/*
 * A list that may be long, a row at a time: each is put out and its texts forgotten. `arena` is
 * what the registry's list function fills, and `row` of the callback is what that function tells.
 *
 *     CG_CLEANUP(cg_long_list_release) struct cg_long_list list = {.context = context};
 *     CG_TRY(cg_long_list_init(&list, context, put_client));
 *     CG_TRY(cg_client_list(store, realm, list.arena, cg_long_list_see, &list));
 */
struct cg_long_list {
    struct cg_context *context;
    struct cg_arena *arena; /* of one row */
    void (*put)(struct cg_context *context, const void *row);
};

CG_MUST_USE enum cg_status cg_long_list_init(struct cg_long_list *list, struct cg_context *context,
                                             void (*put)(struct cg_context *context,
                                                         const void *row));
void cg_long_list_release(struct cg_long_list *list);
/* For a list function of the registry; `list` is the struct. */
CG_MUST_USE enum cg_status cg_long_list_see(void *list, const void *row);

#endif
