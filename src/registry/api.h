/* SPDX-License-Identifier: Apache-2.0 */
/*
 * APIs of a realm: name, audience, scopes (each belongs to one API of the realm, but SMART scopes,
 * which are the same words at every API), approvals wanted. See registry/registry.h.
 */
#ifndef CG_REGISTRY_API_H
#define CG_REGISTRY_API_H

#include "registry/registry.h"
#include "token/scope.h"

struct cg_api {
    struct cg_span realm;
    struct cg_span name;
    struct cg_span audience;  /* absolute URI */
    struct cg_span scope;     /* space-separated, in declared order */
    int64_t approvals_wanted; /* 1 .. 9 */
    int64_t token_life_s;     /* 0: the realm's */
    int64_t retired_s;        /* 0: in service */
    int64_t created_s;
};

/* CG_ERR_CONFLICT, with the text saying which, when name, audience or a scope is taken. */
CG_MUST_USE enum cg_status cg_api_add(struct cg_store *store, const struct cg_api *api,
                                      struct cg_fault *fault);
/*
 * Writes how many approvals agreements that are requested from now on want, the life of tokens, and
 * scopes that the API did not have, behind those that it has; these stay all, as agreements name
 * them (CG_ERR_INPUT when one is left out). The audience is not looked at. CG_ERR_NOT_FOUND,
 * CG_ERR_CONFLICT when it is retired or a scope is another API's.
 */
CG_MUST_USE enum cg_status cg_api_set(struct cg_store *store, const struct cg_api *api,
                                      struct cg_arena *arena, struct cg_fault *fault);
CG_MUST_USE enum cg_status cg_api_find(struct cg_store *store, struct cg_span realm,
                                       struct cg_span name, struct cg_arena *arena,
                                       struct cg_api *ret_api);
CG_MUST_USE enum cg_status cg_api_list(struct cg_store *store, struct cg_span realm,
                                       struct cg_arena *arena, cg_registry_visit visit,
                                       void *context);
/* Out of service: no new tokens, gates refuse within 2 s. CG_ERR_CONFLICT when it is retired
 * already. */
CG_MUST_USE enum cg_status cg_api_retire(struct cg_store *store, struct cg_span realm,
                                         struct cg_span name, int64_t now_s,
                                         struct cg_fault *fault);

#endif
