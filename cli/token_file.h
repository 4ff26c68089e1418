/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What must not be a word of the command line, as everybody on the machine can read those: tokens
 * and secrets, from a file or standard input.
 */
#ifndef CG_CLI_TOKEN_FILE_H
#define CG_CLI_TOKEN_FILE_H

#include "cli/context.h"

#include <caregate/types.h>

/*
 * A token, from a file, or from standard input when `path` is absent or "-". White space around it
 * is left out; of a token response (JSON) it is the access_token. Complains.
 */
CG_MUST_USE enum cg_status cg_token_file_read(struct cg_context *context, struct cg_span path,
                                              struct cg_span *ret_token);

/*
 * The bytes of a file that others may not read, or of a place that is no file: "credential:NAME",
 * "keyring:NAME" (caregate/client.h). Complains.
 */
CG_MUST_USE enum cg_status cg_token_file_read_place(struct cg_context *context, const char *path,
                                                    size_t max, struct cg_span *ret_bytes);

/* A client secret: the first line, of such a place, or of standard input. Complains. */
CG_MUST_USE enum cg_status cg_token_file_read_secret(struct cg_context *context,
                                                     struct cg_span path,
                                                     struct cg_span *ret_secret);

#endif
