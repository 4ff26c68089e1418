/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A client's ids at upstream identity providers (registry/upstream.h): those ID tokens that a
 * provider made for one of them may the client exchange, and no others (RFC 8693 §5). See
 * registry/registry.h for what is common.
 */
#ifndef CG_REGISTRY_CLIENT_UPSTREAM_H
#define CG_REGISTRY_CLIENT_UPSTREAM_H

#include "registry/registry.h"

struct cg_client_upstream {
    struct cg_span realm;
    struct cg_span client;
    struct cg_span upstream; /* its name */
    struct cg_span audience; /* `aud` of its ID tokens for the client */
    int64_t created_s;
};

/*
 * CG_ERR_NOT_FOUND when there is no such client or provider; CG_ERR_CONFLICT when one of them is
 * retired, when the id is the client's already or another client's; CG_ERR_LIMIT past
 * CG_LIMIT_CLIENT_UPSTREAM_IDS.
 */
CG_MUST_USE enum cg_status cg_client_upstream_add(struct cg_store *store,
                                                  const struct cg_client_upstream *row,
                                                  struct cg_arena *arena, struct cg_fault *fault);

/* CG_ERR_NOT_FOUND when there is none. */
CG_MUST_USE enum cg_status cg_client_upstream_remove(struct cg_store *store,
                                                     const struct cg_client_upstream *row,
                                                     struct cg_fault *fault);

/* Whether the client has this id there. */
CG_MUST_USE enum cg_status cg_client_upstream_is(struct cg_store *store,
                                                 const struct cg_client_upstream *row,
                                                 bool *ret_is);

/* How many clients have an id at an upstream. */
CG_MUST_USE enum cg_status cg_client_upstream_clients(struct cg_store *store, struct cg_span realm,
                                                      struct cg_span upstream, int64_t *ret_count);

/* Those of all clients of a realm, by client, upstream and audience. */
CG_MUST_USE enum cg_status cg_client_upstream_list(struct cg_store *store, struct cg_span realm,
                                                   struct cg_arena *arena, cg_registry_visit visit,
                                                   void *context);

#endif
