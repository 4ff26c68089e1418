/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether what runs can answer: /readyz of the status listener that nginx.conf names.
 */
#ifndef CG_CLI_READY_H
#define CG_CLI_READY_H

#include "cli/context.h"
#include "cli/nginx_parse.h"

/* "127.0.0.1:8444" of a server's first listen, in the arena; absent when it is not one that plain
 * http reaches. */
struct cg_span cg_ready_address(struct cg_context *context, const struct cg_directive *server);

/*
 * The URL of /readyz, of the first location with caregate_status that loopback reaches, in the
 * arena. NULL when there is none.
 */
CG_MUST_USE enum cg_status cg_ready_url(struct cg_context *context, const struct cg_directive *root,
                                        const char **ret_url);

/*
 * Asks until the answer is yes, at most for wait_ms. Says why not when it stays no. Without a
 * status listener it asks nothing.
 */
CG_MUST_USE enum cg_status cg_ready_wait(struct cg_context *context, struct cg_span dump,
                                         int64_t wait_ms);

#endif
