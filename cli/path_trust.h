/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether a path can be relied on: who may change where it leads. What root finds at the end of
 * a path that somebody else can bend is what they want it to find, at each look anew.
 */
#ifndef CG_CLI_PATH_TRUST_H
#define CG_CLI_PATH_TRUST_H

#include "cli/context.h"

#include <caregate/types.h>
#include <sys/stat.h>
#include <sys/types.h>

/*
 * Looks at each part of an absolute path, from / on and through its links. Each must be root's or
 * the owner's, and each folder on the way closed to writing by others, or sticky as /tmp is.
 * *ret_end is what the path leads to, whose own mode is not judged; its st_mode is 0 when only the
 * last part is missing. CG_ERR_AUTHORISATION or CG_ERR_NOT_FOUND, after a complaint.
 */
CG_MUST_USE enum cg_status cg_path_trust(struct cg_context *context, const char *path, uid_t owner,
                                         struct stat *ret_end);

#endif
