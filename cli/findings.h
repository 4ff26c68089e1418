/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What `caregate check` finds: how bad, of what, what is wrong, how to mend it.
 */
#ifndef CG_CLI_FINDINGS_H
#define CG_CLI_FINDINGS_H

#include "base/arena.h"
#include "cli/output.h"

#include <caregate/types.h>
#include <stdbool.h>

enum cg_finding_level { CG_FINDING_OK, CG_FINDING_WARNING, CG_FINDING_ERROR };

struct cg_finding {
    enum cg_finding_level level;
    struct cg_span subject;
    struct cg_span finding;
    const char *mend; /* NULL: nothing to mend */
    struct cg_finding *next;
};

/* More than anybody reads. */
#define CG_FINDINGS_MAX 500

struct cg_findings {
    struct cg_arena *arena;
    struct cg_finding *first;
    struct cg_finding *last;
    size_t counts[3]; /* by level */
    size_t dropped;   /* those past CG_FINDINGS_MAX, counted by level all the same */
    bool failed;      /* memory was short */
};

/*
 * Adds one, unless the same is there. `subject` is copied, `mend` is static; the finding is
 * printf's. Failures stick.
 */
__attribute__((format(printf, 5, 6))) void cg_findings_add(struct cg_findings *findings,
                                                           enum cg_finding_level level,
                                                           struct cg_span subject, const char *mend,
                                                           const char *format, ...);

/* As a list, the worst first. */
void cg_findings_put(const struct cg_findings *findings, struct cg_output *output);

#endif
