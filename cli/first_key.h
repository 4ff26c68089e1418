/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The first signing key of a realm, as `init` and `realm add` make it.
 */
#ifndef CG_CLI_FIRST_KEY_H
#define CG_CLI_FIRST_KEY_H

#include "cli/change.h"

#include <caregate/types.h>

/* Makes and stores it, and notes KEY_CREATED. `realm` is a path or CG_AUDIT_KEY_REALM. */
CG_MUST_USE enum cg_status cg_first_key_add(struct cg_context *context, struct cg_change *change,
                                            struct cg_span realm, struct cg_span alg);

#endif
