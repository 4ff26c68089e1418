/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside of the registry: from rows of a statement to structs. Every function gives the statement
 * back. See registry/registry.h for what is common.
 */
#ifndef CG_REGISTRY_ROWS_H
#define CG_REGISTRY_ROWS_H

#include "registry/registry.h"

/* Copies the current row into *ret_row, texts into the arena. */
typedef enum cg_status (*cg_row_read)(struct cg_statement *statement, struct cg_arena *arena,
                                      void *ret_row);

/* How to go through a result: `row` is room for one struct, read anew for each row. */
struct cg_rows {
    struct cg_statement *statement;
    cg_row_read read;
    struct cg_arena *arena;
    void *row;
};

/* Every row is read and shown; stops at, and returns, what is not CG_OK. */
CG_MUST_USE enum cg_status cg_rows_visit(const struct cg_rows *rows, cg_registry_visit visit,
                                         void *context);

/* The first row, into rows->row; CG_ERR_NOT_FOUND when there is none. */
CG_MUST_USE enum cg_status cg_rows_first(const struct cg_rows *rows);

/* The first column of the first row; CG_ERR_NOT_FOUND when there is no row. NULL gives 0. */
CG_MUST_USE enum cg_status cg_rows_number(struct cg_statement *statement, int64_t *ret_number);

/* Binds a number whose absence is written 0 outside and NULL in the store. */
void cg_rows_bind_optional(struct cg_statement *statement, const char *name, int64_t number);

/*
 * Column readers for a chain: after the first failure the rest do nothing, so that a reader of ten
 * columns checks once, at *status.
 */
struct cg_span cg_rows_text(struct cg_statement *statement, int column, struct cg_arena *arena,
                            enum cg_status *status);

static inline void cg_rows_reset_at(struct cg_statement **statement)
{
    cg_store_reset(*statement);
}

#endif
