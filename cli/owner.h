/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The data folder's owner, and how root becomes that user. What root reads, writes or runs in a
 * folder of somebody else's is what they made of it, so root does none of it. All of this is
 * harmless where caregate is not root. Where the folder is root's own, root stays root, so nobody
 * else may be able to put another in its place: see cli/path_trust.h. A folder that is not the one
 * of the first look is refused. One thread, and no other may have been started.
 */
#ifndef CG_CLI_OWNER_H
#define CG_CLI_OWNER_H

#include "cli/context.h"

#include <caregate/types.h>
#include <sys/types.h>

/*
 * Be the owner for a while, by effective ids and groups: for the stores, whose files must stay
 * theirs. Opening a store does it. Complains.
 */
CG_MUST_USE enum cg_status cg_owner_act(struct cg_context *context);
/*
 * Back to root, for what is root's to do elsewhere. CG_ERR_AUTHORISATION, without a complaint, when
 * that fails: then nothing may follow that wants to be root. Nothing happens after cg_owner_become.
 */
CG_MUST_USE enum cg_status cg_owner_rest(void);

/*
 * Be the owner for good, with their groups and no others, and with no capability but
 * CAP_NET_BIND_SERVICE, which nginx inherits; nothing that is run from here on gains more, or has
 * what root has open but the three streams, or root's session keyring. For
 * whatever runs nginx: a configuration runs code by its load_module. Complains when that cannot be
 * done completely, and when the owner cannot get to the folder; nothing may be run then.
 */
CG_MUST_USE enum cg_status cg_owner_become(struct cg_context *context);

/* The name of a user, by number ("uid 1000") when it has none. */
CG_MUST_USE enum cg_status cg_owner_name(struct cg_context *context, uid_t user,
                                         const char **ret_name);

/*
 * The first folder on the way to an absolute path that this process may not pass through, as it is
 * now. NULL when it gets there.
 */
CG_MUST_USE enum cg_status cg_owner_barrier(struct cg_context *context, const char *path,
                                            const char **ret_folder);

#endif
