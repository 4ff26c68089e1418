/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What `caregate apply` does, or would do: for people a line a thing under its realm, with --json
 * a record each.
 *
 *     /vlive/hpca
 *       + client ward-system: organisation RX809, name Ward system, …
 *       ~ api documents: token-life 300 → 600
 *       not in the file: client old-system
 *
 * Kept in the arena given until it is put out. One thread.
 */
#ifndef CG_CLI_DIFF_H
#define CG_CLI_DIFF_H

#include "cli/facts.h"
#include "cli/output.h"

#include <caregate/types.h>
#include <stdbool.h>

enum cg_diff_kind { CG_DIFF_ADDED, CG_DIFF_CHANGED, CG_DIFF_ABSENT, CG_DIFF_KIND_COUNT };

/* What it is that is added or changed. */
struct cg_diff_subject {
    struct cg_span realm; /* absent: of all realms */
    const char *thing;    /* static: "client" */
    struct cg_span name;
};

struct cg_diff_entry;

struct cg_diff {
    struct cg_arena *arena;
    struct cg_diff_entry *first;
    struct cg_diff_entry *last;
    size_t counts[CG_DIFF_KIND_COUNT];
};

/* A thing that was not there, with its facts. */
CG_MUST_USE enum cg_status cg_diff_added(struct cg_diff *diff,
                                         const struct cg_diff_subject *subject,
                                         const struct cg_facts *facts);
/* The facts that differ, if any do; both are made by the same function. */
CG_MUST_USE enum cg_status cg_diff_changed(struct cg_diff *diff,
                                           const struct cg_diff_subject *subject,
                                           const struct cg_facts *before,
                                           const struct cg_facts *after, bool *ret_differ);
/* One fact that changed. */
CG_MUST_USE enum cg_status cg_diff_value(struct cg_diff *diff,
                                         const struct cg_diff_subject *subject, const char *key,
                                         struct cg_span before, struct cg_span after);
/* What is there, and not in the file. */
CG_MUST_USE enum cg_status cg_diff_absent(struct cg_diff *diff,
                                          const struct cg_diff_subject *subject);

/* Whether anything is added or changed. */
bool cg_diff_is_empty(const struct cg_diff *diff);

/* All of it, to the output. */
CG_MUST_USE enum cg_status cg_diff_put(const struct cg_diff *diff, struct cg_output *output);

#endif
