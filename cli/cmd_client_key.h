/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The verbs of `client key`, which have a file of their own.
 */
#ifndef CG_CLI_CMD_CLIENT_KEY_H
#define CG_CLI_CMD_CLIENT_KEY_H

#include "cli/args.h"
#include "cli/lookup.h"

#include <caregate/types.h>

extern const struct cg_option cg_client_key_add_options[];
extern const struct cg_option cg_client_key_list_options[];

CG_MUST_USE enum cg_status cg_client_key_add_run(struct cg_context *context,
                                                 const struct cg_args *args);
CG_MUST_USE enum cg_status cg_client_key_list_run(struct cg_context *context,
                                                  const struct cg_args *args);
CG_MUST_USE enum cg_status cg_client_key_revoke_run(struct cg_context *context,
                                                    const struct cg_args *args);

/* The field "keys" of a client's record: those in force. */
CG_MUST_USE enum cg_status cg_client_key_put(const struct cg_lookup *lookup, struct cg_span client);

#endif
