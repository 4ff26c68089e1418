/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside of the registry: a client from a row of CG_CLIENT_COLUMNS, shared by client and
 * client_record. A cg_row_read of registry/rows.h.
 */
#ifndef CG_REGISTRY_CLIENT_ROW_H
#define CG_REGISTRY_CLIENT_ROW_H

#include "registry/client.h"
#include "registry/rows.h"

CG_MUST_USE enum cg_status cg_client_row_read(struct cg_statement *statement,
                                              struct cg_arena *arena, void *ret_client);

#endif
