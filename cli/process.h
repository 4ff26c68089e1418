/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Running another program and reading what it says. No shell is involved, and the program has no
 * terminal.
 */
#ifndef CG_CLI_PROCESS_H
#define CG_CLI_PROCESS_H

#include "cli/context.h"

#include <caregate/types.h>
#include <stdbool.h>
#include <sys/types.h>

struct cg_process_result {
    int exit_code;         /* 128 + signal when one ended it */
    struct cg_span output; /* standard output, in the context's arena */
    struct cg_span errors; /* standard error */
};

/*
 * Runs argv[0] (an absolute path) to its end, in /, as the working folder may be closed to it. Each
 * stream is kept to 8 MiB, the rest is read and dropped. Complains when the program cannot be
 * started.
 */
CG_MUST_USE enum cg_status cg_process_run(struct cg_context *context, const char *const argv[],
                                          struct cg_process_result *ret_result);

/*
 * For who starts what lasts, and before root becomes somebody who could not open its terminal:
 * nothing is read from standard input from here on, and a terminal is only written to, so that
 * what root types there is read by nobody else. Complains.
 */
CG_MUST_USE enum cg_status cg_process_narrow_streams(struct cg_context *context);

/* Whether a process is there. One of another user counts. */
bool cg_process_is_alive(pid_t pid);

/*
 * The command line of a process, its words separated by spaces, in the arena. Absent when there is
 * no such process.
 */
CG_MUST_USE enum cg_status cg_process_title(struct cg_context *context, pid_t pid,
                                            struct cg_span *ret_title);

#define CG_PROCESS_CHILDREN_MAX 512

struct cg_process_children {
    pid_t pids[CG_PROCESS_CHILDREN_MAX];
    size_t count;
};

/* The living children of a process; those past the maximum are left out. */
void cg_process_children(pid_t parent, struct cg_process_children *ret_children);

void cg_process_sleep_ms(int64_t ms);

#endif
