/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside of the registry: a client's key from a row of CG_CLIENT_KEY_COLUMNS, shared by client_key
 * and record_load. A cg_row_read of registry/rows.h.
 */
#ifndef CG_REGISTRY_CLIENT_KEY_ROW_H
#define CG_REGISTRY_CLIENT_KEY_ROW_H

#include "registry/client_key.h"

CG_MUST_USE enum cg_status cg_client_key_row_read(struct cg_statement *statement,
                                                  struct cg_arena *arena, void *ret_key);

#endif
