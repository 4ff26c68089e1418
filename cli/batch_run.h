/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sends the documents of a list, so many at once, each with its journal lines before and after.
 */
#ifndef CG_CLI_BATCH_RUN_H
#define CG_CLI_BATCH_RUN_H

#include "cli/batch_list.h"
#include "cli/batch_place.h"

struct cg_batch_failure {
    struct cg_batch_failure *next;
    struct cg_span file;
    struct cg_span request_id; /* absent: it was not sent */
    struct cg_span reason;     /* absent: the answer did not say */
    int64_t http_status;       /* 0: no answer */
};

struct cg_batch_result {
    int64_t taken;
    int64_t taken_before; /* by an earlier run, and not sent again */
    int64_t failed;
    int64_t left; /* not tried, as nobody answers */
    int64_t tries;
    struct cg_batch_failure *first;
    struct cg_batch_failure *last;
};

struct cg_batch {
    struct cg_context *context;
    int folder;
    struct cg_arena *arena; /* of list and result */
    const struct cg_batch_place *place;
    struct cg_batch_journal *journal;
    struct cg_batch_list *list;
    size_t parallel;
};

/* Complains when the journal cannot be kept. What the API refuses is a result. */
CG_MUST_USE enum cg_status cg_batch_run(const struct cg_batch *batch,
                                        struct cg_batch_result *ret_result);

#endif
