/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who called what lately, by the audit and the gate's access log: a row for each client and API.
 * Lives in the context's arena. One thread.
 */
#ifndef CG_CLI_HISTORY_H
#define CG_CLI_HISTORY_H

#include "cli/context.h"

#include <caregate/types.h>
#include <stdio.h>

struct cg_history_row {
    struct cg_history_row *next;
    struct cg_history_row *beside; /* of the same place of the table; the history's own */
    struct cg_span client;
    struct cg_span api;
    int64_t tokens;   /* that named the API */
    int64_t calls;    /* let in by the gate, with such a token */
    int64_t refusals; /* of tokens or calls, that told client and API */
};

struct cg_history_token;

struct cg_history {
    struct cg_context *context;
    struct cg_span realm;
    int64_t since_s;
    struct cg_history_row *first; /* in the order in which they were met */
    struct cg_history_row *last;
    struct cg_history_row **rows; /* tables by a hash, the history's own; NULL: none was read yet */
    struct cg_history_token **tokens;
};

/* Reads the audit from since_s on. */
CG_MUST_USE enum cg_status cg_history_read_audit(struct cg_history *history,
                                                 struct cg_store *audit);

/*
 * Counts the calls of an access log in the format `caregate` that nginx.conf sets, from since_s on,
 * with tokens that the audit told of; other lines are passed over. *ret_unknown: calls whose token
 * it did not tell of. The stream stays the caller's.
 */
CG_MUST_USE enum cg_status cg_history_read_log(struct cg_history *history, FILE *log,
                                               int64_t *ret_unknown);

#endif
