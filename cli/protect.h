/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `api protect`: an API's place in nginx's configuration.
 */
#ifndef CG_CLI_PROTECT_H
#define CG_CLI_PROTECT_H

#include "cli/args.h"

CG_MUST_USE enum cg_status cg_protect_run(struct cg_context *context, const struct cg_args *args);

/*
 * Takes a rule "GET,HEAD=a b" or "a b" apart: methods are absent in the second form. CG_ERR_INPUT
 * when malformed. An '=' that does not follow methods belongs to a scope.
 */
CG_MUST_USE enum cg_status cg_protect_parse_rule(struct cg_span rule, struct cg_span *ret_methods,
                                                 struct cg_span *ret_scopes);

#endif
