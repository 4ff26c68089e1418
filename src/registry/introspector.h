/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Introspectors of an API: the clients that may ask what its tokens are worth (RFC 7662), because
 * they serve it. See registry/registry.h.
 */
#ifndef CG_REGISTRY_INTROSPECTOR_H
#define CG_REGISTRY_INTROSPECTOR_H

#include "registry/registry.h"

struct cg_introspector {
    struct cg_span realm;
    struct cg_span api;
    struct cg_span client;
};

/* CG_ERR_NOT_FOUND when there is no such API or client; CG_ERR_CONFLICT when it may already, when
 * the API or the client is retired; CG_ERR_LIMIT past CG_LIMIT_API_INTROSPECTORS. */
CG_MUST_USE enum cg_status cg_introspector_add(struct cg_store *store,
                                               const struct cg_introspector *introspector,
                                               int64_t now_s, struct cg_fault *fault);

/* CG_ERR_NOT_FOUND when it was none. */
CG_MUST_USE enum cg_status cg_introspector_remove(struct cg_store *store,
                                                  const struct cg_introspector *introspector,
                                                  struct cg_fault *fault);

/* The clients that may introspect an API's tokens, in order, with spaces between them. */
CG_MUST_USE enum cg_status cg_introspector_clients(struct cg_store *store, struct cg_span realm,
                                                   struct cg_span api, struct cg_arena *arena,
                                                   struct cg_span *ret_clients);

/* Whether a client is one of them. */
CG_MUST_USE enum cg_status cg_introspector_is(struct cg_store *store,
                                              const struct cg_introspector *introspector,
                                              bool *ret_is);

#endif
