/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every SQL statement of the house has an id here and a text in statements.c, one table. A layer's
 * statements carry its noun.
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

/* What an id stands for: a text for all engines, and the database (enum cg_store_kind) it is for.
 */
struct cg_sql_text {
    int kind;
    const char *text;
};
extern const struct cg_sql_text cg_sql_texts[CG_SQL_COUNT];

#endif
