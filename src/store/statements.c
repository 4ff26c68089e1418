/* SPDX-License-Identifier: Apache-2.0 */
#include "store/statements.h"

#include "store/store.h"

const struct cg_sql_text cg_sql_texts[CG_SQL_COUNT] = {
#define CG_SQL(name, kind, text) [CG_SQL_##name] = {CG_STORE_##kind, text},
#include "store/statements.def"
#undef CG_SQL
};
