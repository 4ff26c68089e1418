/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside of the registry: a client's record from the store.
 */
#ifndef CG_REGISTRY_RECORD_LOAD_H
#define CG_REGISTRY_RECORD_LOAD_H

#include "registry/client_record.h"

/*
 * Reads the record into the arena. Runs the same statements for an id that does not exist as for
 * one that does, and says CG_ERR_NOT_FOUND after them all. CG_ERR_LIMIT past
 * CG_LIMIT_CLIENT_SECRETS or CG_LIMIT_CLIENT_AGREEMENTS, or when the arena is full.
 */
CG_MUST_USE enum cg_status cg_record_load(struct cg_store *store,
                                          const struct cg_client_query *query,
                                          struct cg_arena *arena,
                                          struct cg_client_record *ret_record);

#endif
