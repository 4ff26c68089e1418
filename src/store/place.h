/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where an embedded database lies: what stands behind "sqlite:" in a store URI.
 */
#ifndef CG_STORE_PLACE_H
#define CG_STORE_PLACE_H

#include "base/limits.h"
#include "store/store.h"

#define CG_PLACE_AUDIT_NAME "audit.db"
#define CG_PLACE_VFS_BYTES 64

struct cg_place {
    char path[CG_LIMIT_URI_BYTES + sizeof(CG_PLACE_AUDIT_NAME)]; /* empty: in memory */
    char vfs[CG_PLACE_VFS_BYTES];                                /* empty: the engine's own */
};

/*
 * Reads "/path/registry.db" or ":memory:", either with "?vfs=NAME" behind it, which tests use to
 * come between the engine and the disk. For the audit the path is audit.db in the same folder.
 * CG_ERR_INPUT when malformed, too long, or when the registry itself would be called audit.db.
 */
CG_MUST_USE enum cg_status cg_place_parse(struct cg_span text, enum cg_store_kind kind,
                                          struct cg_place *ret_place);

#endif
