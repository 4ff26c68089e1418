/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What of the registry is in service: neither retired, revoked, refused, withdrawn nor over. That
 * is what a file of the registry speaks of.
 */
#ifndef CG_CLI_IN_SERVICE_H
#define CG_CLI_IN_SERVICE_H

#include "registry/agreement.h"

#include <caregate/types.h>
#include <stdbool.h>

struct cg_in_service {
    struct cg_store *store;
    struct cg_span realm;
    int64_t now_s;
};

/* What is not there is not in service either. */
CG_MUST_USE enum cg_status cg_in_service_api(const struct cg_in_service *look, struct cg_span name,
                                             bool *ret_is);
CG_MUST_USE enum cg_status cg_in_service_client(const struct cg_in_service *look, struct cg_span id,
                                                bool *ret_is);
CG_MUST_USE enum cg_status cg_in_service_upstream(const struct cg_in_service *look,
                                                  struct cg_span name, bool *ret_is);
/* Requested or approved, its time not over, its client and API in service. */
CG_MUST_USE enum cg_status cg_in_service_agreement(const struct cg_in_service *look,
                                                   const struct cg_agreement *agreement,
                                                   bool *ret_is);
/* The clients in service that may introspect an API's tokens, in order, with spaces between. */
CG_MUST_USE enum cg_status cg_in_service_introspectors(const struct cg_in_service *look,
                                                       struct cg_span api, struct cg_arena *arena,
                                                       struct cg_span *ret_clients);

#endif
