/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The documents of a folder, in the order of their names, with what a journal says of each.
 */
#ifndef CG_CLI_BATCH_LIST_H
#define CG_CLI_BATCH_LIST_H

#include "base/arena.h"
#include "cli/batch_journal.h"

#include <caregate/types.h>

struct cg_batch_document {
    struct cg_span file; /* zero-terminated */
    enum cg_batch_state state;
    struct cg_span request_id; /* it keeps; absent: none yet */
};

struct cg_batch_list {
    struct cg_batch_document *documents;
    size_t count;
};

/* Every name that ends in .json, hidden ones left out. CG_ERR_INPUT for one with a control
 * character, CG_ERR_STORE when the folder cannot be read. */
CG_MUST_USE enum cg_status cg_batch_list_read(int folder, struct cg_arena *arena,
                                              struct cg_batch_list *ret_list);

/* A cg_batch_see_line: the last line of a document counts. What was refused is sent as something
 * new, as it was mended since. */
void cg_batch_list_see(void *list, const struct cg_batch_line *line);

#endif
