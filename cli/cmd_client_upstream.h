/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The verbs of `client upstream`, which have a file of their own.
 */
#ifndef CG_CLI_CMD_CLIENT_UPSTREAM_H
#define CG_CLI_CMD_CLIENT_UPSTREAM_H

#include "cli/args.h"

#include <caregate/types.h>

extern const struct cg_option cg_client_upstream_options[]; /* of add and remove */
extern const struct cg_option cg_client_upstream_list_options[];

CG_MUST_USE enum cg_status cg_client_upstream_add_run(struct cg_context *context,
                                                      const struct cg_args *args);
CG_MUST_USE enum cg_status cg_client_upstream_remove_run(struct cg_context *context,
                                                         const struct cg_args *args);
CG_MUST_USE enum cg_status cg_client_upstream_list_run(struct cg_context *context,
                                                       const struct cg_args *args);

#endif
