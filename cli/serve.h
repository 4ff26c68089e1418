/* SPDX-License-Identifier: Apache-2.0 */
/* `serve` and `agent serve`: nginx in the foreground. */
#ifndef CG_CLI_SERVE_H
#define CG_CLI_SERVE_H

#include "cli/args.h"
#include "cli/context.h"

CG_MUST_USE enum cg_status cg_serve_run(struct cg_context *context, const struct cg_args *args);

#endif
