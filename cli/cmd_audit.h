/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The verbs of `audit` that have a file of their own.
 */
#ifndef CG_CLI_CMD_AUDIT_H
#define CG_CLI_CMD_AUDIT_H

#include "cli/args.h"

#include <caregate/types.h>

CG_MUST_USE enum cg_status cg_audit_list_run(struct cg_context *context,
                                             const struct cg_args *args);
CG_MUST_USE enum cg_status cg_audit_export_run(struct cg_context *context,
                                               const struct cg_args *args);
CG_MUST_USE enum cg_status cg_audit_prune_run(struct cg_context *context,
                                              const struct cg_args *args);

/* Verifies the whole audit; complains, naming the first that is wrong. */
struct cg_audit_verdict;
CG_MUST_USE enum cg_status cg_audit_verify_all(struct cg_context *context, struct cg_store *audit,
                                               struct cg_audit_verdict *ret_verdict);

/* The first line of an export begins so. */
#define CG_AUDIT_EXPORT_START "{\"caregate_audit_export\":1,"

#endif
