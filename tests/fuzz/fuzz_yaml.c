/* SPDX-License-Identifier: Apache-2.0 */
/*
 * YAML. What is refused has a reason and a line of the text; any text is written so that it is read
 * again as the same.
 */
#include "base/limits.h"
#include "base/span.h"
#include "codec/utf8.h"
#include "codec/yaml_tree.h"
#include "fuzz.h"

#define ARENA_BYTES (64UL * 1024 * 1024)
#define WRITTEN_MAX 65536

static void tree_is_within_bounds(const struct cg_yaml *node, size_t depth, size_t lines)
{
    size_t members = 0;
    REQUIRE(depth <= CG_LIMIT_YAML_DEPTH);
    REQUIRE(node->line >= 1 && node->line <= lines);
    for (const struct cg_yaml *at = node->first; at != NULL; at = at->next) {
        REQUIRE((at->key.data != NULL) == (node->kind == CG_YAML_MAP));
        members += node->kind == CG_YAML_MAP ? 1 : 0;
        tree_is_within_bounds(at, depth + 1, lines);
    }
    REQUIRE(members <= CG_LIMIT_YAML_KEYS);
}

/* YAML 1.1 ends a line at CR, NEL, LS and PS, too: no line is passed without a byte. */
static size_t lines_of(struct cg_span text)
{
    return text.len + 1;
}

static void text_round_trips(struct cg_span text, struct cg_arena *arena)
{
    struct cg_buf buf;
    struct cg_span file = {NULL, 0};
    struct cg_yaml_fault fault;
    const struct cg_yaml *root = NULL;
    bool has_zero = cg_span_find(text, 0, 0) < text.len;
    cg_buf_init(&buf, 8 * WRITTEN_MAX);
    cg_buf_put_string(&buf, "a: ");
    cg_yaml_put_text(&buf, text, 2);
    cg_buf_put_string(&buf, "\nb: [");
    cg_yaml_put_word(&buf, text);
    cg_buf_put_string(&buf, "]\n");
    REQUIRE(cg_buf_finish(&buf, &file) == CG_OK);
    enum cg_status status = cg_yaml_parse(file, arena, &fault, &root);
    REQUIRE(status == (has_zero ? CG_ERR_INPUT : CG_OK));
    if (!has_zero && cg_utf8_is_valid(text)) {
        REQUIRE(cg_span_equal(cg_yaml_member(root, "a")->text, text));
        REQUIRE(cg_span_equal(cg_yaml_member(root, "b")->first->text, text));
    }
    cg_buf_release(&buf);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct cg_span input = {data, len};
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = NULL;
    struct cg_yaml_fault fault;
    const struct cg_yaml *root = NULL;
    REQUIRE(cg_arena_new(ARENA_BYTES, &arena) == CG_OK);
    enum cg_status status = cg_yaml_parse(input, arena, &fault, &root);
    if (status == CG_OK) {
        tree_is_within_bounds(root, 0, lines_of(input));
    } else if (status == CG_ERR_INPUT) {
        REQUIRE(fault.text != NULL && fault.line <= lines_of(input));
    }
    if (len <= WRITTEN_MAX) {
        text_round_trips(input, arena);
    }
    return 0;
}
