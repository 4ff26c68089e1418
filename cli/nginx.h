/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nginx as a program: where it and our module are, what it says of a configuration, and the one
 * that runs for a data folder.
 */
#ifndef CG_CLI_NGINX_H
#define CG_CLI_NGINX_H

#include "cli/process.h"

#include <caregate/types.h>
#include <stdbool.h>

/* The path of nginx: from PATH, else the usual places. Complains when there is none. */
CG_MUST_USE enum cg_status cg_nginx_program(struct cg_context *context, const char **ret_path);

/*
 * Our module, beside this program: installed (../lib/caregate) or in the build tree (../nginx).
 * When neither is there, *ret_found is false and the path is where an installed one would be.
 */
CG_MUST_USE enum cg_status cg_nginx_module(struct cg_context *context, const char **ret_path,
                                           bool *ret_found);

/* "1.22.1" as 1022001, by asking nginx. 0 when its answer is not understood. */
CG_MUST_USE enum cg_status cg_nginx_version(struct cg_context *context, const char *program,
                                            int64_t *ret_version);

/*
 * Has nginx look at DIR/nginx.conf. With dump, *ret_dump is the whole configuration as `nginx -T`
 * prints it. CG_ERR_INPUT after a complaint that passes on nginx's words.
 */
CG_MUST_USE enum cg_status cg_nginx_test(struct cg_context *context, struct cg_span *ret_dump);

/*
 * The same without the complaint: what nginx says, without control characters but newlines and
 * tabs, and whether it was content. Root becomes the
 * folder's owner for good.
 */
CG_MUST_USE enum cg_status cg_nginx_ask(struct cg_context *context,
                                        struct cg_process_result *ret_result);

/*
 * A sentence, in the arena, for what nginx says of a module that was built for another nginx, or of
 * a file or port that it is not given: whose it should be, and how to mend it. NULL otherwise.
 */
CG_MUST_USE enum cg_status cg_nginx_explain(struct cg_context *context, struct cg_span errors,
                                            const char **ret_text);
/* The same for a file that this process may not read, by its absolute path. */
CG_MUST_USE enum cg_status cg_nginx_explain_denied(struct cg_context *context, const char *path,
                                                   const char **ret_text);

/*
 * The master process that runs for this data folder, by DIR/run/nginx.pid; 0 when none does. A pid
 * file that was left behind, even one whose number another process has by now, counts as none.
 * Complains of one that may not be read.
 */
CG_MUST_USE enum cg_status cg_nginx_running(struct cg_context *context, pid_t *ret_pid);

/* Workers of a master that take requests (not those that are shutting down). */
CG_MUST_USE enum cg_status cg_nginx_workers(struct cg_context *context, pid_t master,
                                            struct cg_process_children *ret_workers);

#endif
