/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The data folder as a place of files: made by `init`, filled by `realm add` and `api protect`.
 */
#ifndef CG_CLI_FOLDER_H
#define CG_CLI_FOLDER_H

#include "base/buf.h"
#include "cli/context.h"

#include <caregate/types.h>

/* The largest file that a command writes or reads there. */
#define CG_FOLDER_FILE_MAX_BYTES (256UL * 1024)

/*
 * Makes the data folder (0700), which must not exist or be empty. Complains otherwise, and when a
 * path that nginx reads differently from us would come of it, and, run as root, when somebody else
 * could change where the path leads. Run as root, gives it to an
 * unprivileged user and acts as them from here on; when that user could not get there, root keeps
 * it, and a warning says so. *ret_user is whom nginx's workers must be, "root" then; else absent.
 */
CG_MUST_USE enum cg_status cg_folder_create(struct cg_context *context, struct cg_span *ret_user);

/* Makes a folder inside it; one that is there is fine. */
CG_MUST_USE enum cg_status cg_folder_make(struct cg_context *context, const char *name);

/* Writes a file of it: what the buffer holds. `mode` as in open(2). */
CG_MUST_USE enum cg_status cg_folder_write(struct cg_context *context, const char *name,
                                           const struct cg_buf *buf, unsigned mode);

/* Whether a file of it is there. */
bool cg_folder_has(struct cg_context *context, const char *name);

/* "vlive_hpca" of "/vlive/hpca", in the arena. */
CG_MUST_USE enum cg_status cg_folder_realm_name(struct cg_context *context, struct cg_span realm,
                                                const char **ret_name);

/*
 * Writes realms/REALM.conf. CG_ERR_CONFLICT, after a complaint, when another realm's file would
 * have that name, or when it would be hidden.
 */
CG_MUST_USE enum cg_status cg_folder_write_realm(struct cg_context *context, struct cg_span realm);

#endif
