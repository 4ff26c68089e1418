/* SPDX-License-Identifier: Apache-2.0 */
/*
 * YAML for files that people write: the only door to libyaml.
 *
 * A text becomes a tree of maps, lists and texts that remembers the line of each. A scalar is a
 * text, whatever it looks like: what a number or a date is, its reader says. What makes a file mean
 * something else than it seems to is refused: anchors and aliases, tags, a key that stands twice, a
 * second document. The tree lives in the arena given. One thread.
 */
#ifndef CG_CODEC_YAML_TREE_H
#define CG_CODEC_YAML_TREE_H

#include "base/buf.h"

#include <caregate/types.h>

enum cg_yaml_kind { CG_YAML_TEXT, CG_YAML_LIST, CG_YAML_MAP };

struct cg_yaml {
    enum cg_yaml_kind kind;
    uint32_t line;         /* from 1: where it begins; of a member of a map, where its key stands */
    struct cg_span key;    /* of a member of a map; absent for others */
    struct cg_span text;   /* of a text; may be empty */
    struct cg_yaml *first; /* of a list or map; NULL: it is empty */
    struct cg_yaml *next;  /* beside it in its list or map */
};

struct cg_yaml_fault {
    uint32_t line;    /* 0: of the file as a whole */
    const char *text; /* static: what is wrong */
};

/*
 * Parses at most CG_LIMIT_YAML_BYTES, which nest CG_LIMIT_YAML_DEPTH deep and hold
 * CG_LIMIT_YAML_VALUES values at most. CG_ERR_INPUT, with *fault filled, when malformed, refused or
 * out of these bounds; CG_ERR_LIMIT when memory is short.
 */
CG_MUST_USE enum cg_status cg_yaml_parse(struct cg_span text, struct cg_arena *arena,
                                         struct cg_yaml_fault *fault,
                                         const struct cg_yaml **ret_root);

/* The member of a map; NULL when there is none, or it is no map. */
const struct cg_yaml *cg_yaml_member(const struct cg_yaml *map, const char *key);

/*
 * Writes a text so that cg_yaml_parse, and any other reader, reads the same text again: plain where
 * it cannot be taken for anything else, as a block where it has lines and stands after "key: ",
 * quoted otherwise. `indent`: of the block's lines, in spaces. Bytes that are not UTF-8 become
 * U+FFFD.
 */
void cg_yaml_put_text(struct cg_buf *buf, struct cg_span text, size_t indent);
/* The same for an element of [a, b], which has no block. */
void cg_yaml_put_word(struct cg_buf *buf, struct cg_span text);

#endif
