/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `caregate explain replay`: what was let in and refused lately, by the audit and the gate's access
 * log, held against the registry as it is or as a file would make it. The verdict is that of
 * feed/explain.h, so the gate's own; what caregate_require demands of a method is not looked at.
 */
#ifndef CG_CLI_EXPLAIN_REPLAY_H
#define CG_CLI_EXPLAIN_REPLAY_H

#include "cli/args.h"
#include "cli/verb.h"

#include <caregate/types.h>

CG_MUST_USE enum cg_status cg_explain_replay_run(struct cg_context *context,
                                                 const struct cg_args *args);

extern const struct cg_option cg_explain_replay_options[];

#endif
