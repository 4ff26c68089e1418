/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A tree of lists of things with facts, written as YAML for people or as JSON. Failures stick to
 * the buffer. One thread.
 *
 *     cg_tree_begin(&tree, &buf, false);
 *     cg_tree_open_list(&tree, "realms");
 *     cg_tree_open_item(&tree);
 *     cg_tree_put_facts(&tree, &facts);
 *     cg_tree_close_item(&tree);
 *     cg_tree_close_list(&tree);
 *     cg_tree_end(&tree);
 */
#ifndef CG_CLI_TREE_WRITER_H
#define CG_CLI_TREE_WRITER_H

#include "cli/facts.h"
#include "codec/json.h"

#include <caregate/types.h>
#include <stdbool.h>

struct cg_tree_writer {
    struct cg_buf *buf;
    bool json;
    struct cg_json_writer writer;
    size_t depth;     /* lists that are open */
    const char *list; /* the key of one that is open and has no item yet; NULL: none */
    bool item_begins; /* "- " stands, its first key is to come */
};

void cg_tree_begin(struct cg_tree_writer *tree, struct cg_buf *buf, bool json);
void cg_tree_end(struct cg_tree_writer *tree);

/* A list without items is left out. */
void cg_tree_open_list(struct cg_tree_writer *tree, const char *key);
void cg_tree_close_list(struct cg_tree_writer *tree);
void cg_tree_open_item(struct cg_tree_writer *tree);
void cg_tree_close_item(struct cg_tree_writer *tree);

/* Facts that are absent are left out. */
void cg_tree_put_fact(struct cg_tree_writer *tree, const struct cg_fact *fact);
void cg_tree_put_facts(struct cg_tree_writer *tree, const struct cg_facts *facts);

#endif
