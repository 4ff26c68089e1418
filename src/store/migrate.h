/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The schema and its versions. Each file of schema/ is one step of a database, in the order of the
 * names: registry-001.sql, registry-002.sql, … A step that was released is never changed. The table
 * schema_version holds, in its one row, how many steps were taken.
 */
#ifndef CG_STORE_MIGRATE_H
#define CG_STORE_MIGRATE_H

#include "store/engine.h"

/*
 * Checks that the schema is this program's. With `flags` holding CG_STORE_CREATE takes the steps
 * that are missing, all of them in one transaction. CG_ERR_CONFLICT when the schema is newer, or
 * older and not to be brought up.
 */
CG_MUST_USE enum cg_status cg_migrate(const struct cg_engine *engine,
                                      struct cg_connection *connection, enum cg_store_kind kind,
                                      unsigned flags);

#endif
