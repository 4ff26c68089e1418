/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The verbs of `token`, a file each.
 */
#ifndef CG_CLI_CMD_TOKEN_H
#define CG_CLI_CMD_TOKEN_H

#include "cli/args.h"

#include <caregate/types.h>

CG_MUST_USE enum cg_status cg_token_request_run(struct cg_context *context,
                                                const struct cg_args *args);
CG_MUST_USE enum cg_status cg_token_proof_run(struct cg_context *context,
                                              const struct cg_args *args);
CG_MUST_USE enum cg_status cg_token_decode_run(struct cg_context *context,
                                               const struct cg_args *args);
CG_MUST_USE enum cg_status cg_token_verify_run(struct cg_context *context,
                                               const struct cg_args *args);
CG_MUST_USE enum cg_status cg_token_revoke_run(struct cg_context *context,
                                               const struct cg_args *args);

#endif
