/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nginx's configuration as a tree, read from what `nginx -T` prints: directives with their words,
 * included files in their places. nginx has found it to be right before; what is not understood
 * here is CG_ERR_INPUT.
 */
#ifndef CG_CLI_NGINX_PARSE_H
#define CG_CLI_NGINX_PARSE_H

#include "base/arena.h"

#include <caregate/types.h>
#include <stdbool.h>

#define CG_DIRECTIVE_WORDS_MAX 64

struct cg_directive {
    struct cg_span words[CG_DIRECTIVE_WORDS_MAX]; /* the name first; unquoted */
    size_t word_count;
    bool has_block;
    struct cg_directive *first; /* of its block */
    struct cg_directive *last;
    struct cg_directive *next;   /* in the block that it stands in */
    struct cg_directive *parent; /* NULL: the whole configuration */
    struct cg_span file;
    int64_t line;
};

/* `folder` is what relative names in `include` are relative to. All in the arena; spans borrow from
 * dump. */
CG_MUST_USE enum cg_status cg_nginx_parse(struct cg_span dump, struct cg_span folder,
                                          struct cg_arena *arena, struct cg_directive **ret_root);

bool cg_directive_is(const struct cg_directive *directive, const char *name);
/* The index-th word behind the name; absent past the end. */
struct cg_span cg_directive_word(const struct cg_directive *directive, size_t index);
/* The first directive of a name in a block, after `after` (NULL: from the start); NULL when there
 * is none. */
const struct cg_directive *cg_directive_in(const struct cg_directive *block, const char *name,
                                           const struct cg_directive *after);
/* The nearest one of a name, in the block or in those around it; NULL when there is none. */
const struct cg_directive *cg_directive_effective(const struct cg_directive *block,
                                                  const char *name);
/* Every directive in turn, blocks before what is in them; start with the root. NULL at the end. */
const struct cg_directive *cg_directive_walk(const struct cg_directive *at);

#endif
