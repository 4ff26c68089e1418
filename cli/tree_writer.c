/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/tree_writer.h"

#include "base/span.h"
#include "codec/yaml_tree.h"

void cg_tree_begin(struct cg_tree_writer *tree, struct cg_buf *buf, bool json)
{
    *tree = (struct cg_tree_writer){.buf = buf, .json = json};
    cg_json_begin(&tree->writer, buf);
    if (json) {
        cg_json_open_object(&tree->writer);
    }
}

void cg_tree_end(struct cg_tree_writer *tree)
{
    if (tree->json) {
        cg_json_close_object(&tree->writer);
    }
}

/* Where keys at the present depth stand: each list takes two columns for its dash, and two more. */
static size_t indent_of(const struct cg_tree_writer *tree)
{
    return 4 * tree->depth;
}

static void put_spaces(struct cg_tree_writer *tree, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        cg_buf_put_byte(tree->buf, ' ');
    }
}

/* A line begins, up to and with "key:". */
static void begin_key(struct cg_tree_writer *tree, const char *key)
{
    size_t indent = indent_of(tree);
    put_spaces(tree, tree->item_begins ? indent - 2 : indent);
    cg_buf_put_string(tree->buf, tree->item_begins ? "- " : "");
    cg_buf_put_string(tree->buf, key);
    cg_buf_put_byte(tree->buf, ':');
    tree->item_begins = false;
}

void cg_tree_open_list(struct cg_tree_writer *tree, const char *key)
{
    tree->list = key;
}

void cg_tree_close_list(struct cg_tree_writer *tree)
{
    if (tree->list != NULL) {
        tree->list = NULL;
        return;
    }
    tree->depth--;
    if (tree->json) {
        cg_json_close_array(&tree->writer);
    }
}

/* The list's key stands before its first item. */
static void begin_list(struct cg_tree_writer *tree)
{
    if (tree->json) {
        cg_json_put_name(&tree->writer, tree->list);
        cg_json_open_array(&tree->writer);
    } else {
        begin_key(tree, tree->list);
        cg_buf_put_byte(tree->buf, '\n');
    }
    tree->list = NULL;
    tree->depth++;
}

void cg_tree_open_item(struct cg_tree_writer *tree)
{
    if (tree->list != NULL) {
        begin_list(tree);
    }
    if (tree->json) {
        cg_json_open_object(&tree->writer);
        return;
    }
    tree->item_begins = true;
}

void cg_tree_close_item(struct cg_tree_writer *tree)
{
    if (tree->json) {
        cg_json_close_object(&tree->writer);
    }
}

static void put_json_words(struct cg_tree_writer *tree, struct cg_span words)
{
    struct cg_span word;
    cg_json_open_array(&tree->writer);
    while (cg_span_split(&words, ' ', &word)) {
        cg_json_put_string(&tree->writer, word);
    }
    cg_json_close_array(&tree->writer);
}

static void put_json(struct cg_tree_writer *tree, const struct cg_fact *fact)
{
    cg_json_put_name(&tree->writer, fact->key);
    switch (fact->shape) {
    case CG_FACT_TEXT: cg_json_put_string(&tree->writer, fact->value); return;
    case CG_FACT_NUMBER:
    case CG_FACT_FLAG: cg_json_put_raw(&tree->writer, fact->value); return;
    case CG_FACT_WORDS: put_json_words(tree, fact->value); return;
    }
}

static void put_yaml_words(struct cg_tree_writer *tree, struct cg_span words)
{
    const char *between = "";
    struct cg_span word;
    cg_buf_put_byte(tree->buf, '[');
    while (cg_span_split(&words, ' ', &word)) {
        cg_buf_put_string(tree->buf, between);
        cg_yaml_put_word(tree->buf, word);
        between = ", ";
    }
    cg_buf_put_byte(tree->buf, ']');
}

static void put_yaml(struct cg_tree_writer *tree, const struct cg_fact *fact)
{
    begin_key(tree, fact->key);
    cg_buf_put_byte(tree->buf, ' ');
    switch (fact->shape) {
    case CG_FACT_TEXT: cg_yaml_put_text(tree->buf, fact->value, indent_of(tree) + 2); break;
    case CG_FACT_NUMBER:
    case CG_FACT_FLAG: cg_buf_put(tree->buf, fact->value); break;
    case CG_FACT_WORDS: put_yaml_words(tree, fact->value); break;
    }
    cg_buf_put_byte(tree->buf, '\n');
}

void cg_tree_put_fact(struct cg_tree_writer *tree, const struct cg_fact *fact)
{
    if (fact->value.data == NULL) {
        return;
    }
    if (tree->json) {
        put_json(tree, fact);
        return;
    }
    put_yaml(tree, fact);
}

void cg_tree_put_facts(struct cg_tree_writer *tree, const struct cg_facts *facts)
{
    tree->buf->failed = tree->buf->failed || facts->status != CG_OK;
    for (size_t i = 0; i < facts->count; i++) {
        cg_tree_put_fact(tree, &facts->items[i]);
    }
}
