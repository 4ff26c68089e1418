/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every SQL statement of the house has an id here and a text in statements.c, one table. A layer's statements carry its noun.
 */
#ifndef CG_STORE_STATEMENTS_H
#define CG_STORE_STATEMENTS_H

struct cg_statement;

/* Ids are listed in store/statements.def as CG_SQL(NAME, REGISTRY or AUDIT, "text"). */
enum cg_sql {
#define CG_SQL(name, kind, text) CG_SQL_##name,
#include "store/statements.def"
#undef CG_SQL
    CG_SQL_COUNT
};

#endif
