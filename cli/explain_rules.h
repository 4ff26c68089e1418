/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What nginx's configuration demands besides the token, for `caregate explain`: the rules of
 * caregate_require at the location that a call would meet. Main thread.
 */
#ifndef CG_CLI_EXPLAIN_RULES_H
#define CG_CLI_EXPLAIN_RULES_H

#include "cli/context.h"

#include <caregate/gate.h>

/* Which location is meant. */
struct cg_explain_place {
    struct cg_span realm;
    struct cg_span api;
    struct cg_span path; /* absent: the API's only location, or its first */
};

struct cg_explain_rules {
    struct cg_gate_rule *items; /* in the arena */
    size_t count;
    struct cg_span smart_base; /* of the FHIR API whose SMART scopes decide; absent: they do not */
    struct cg_gate_operation *operations; /* in the arena */
    size_t operation_count;
    uint64_t body_max_bytes; /* caregate_bundle_max */
};

/*
 * Reads nginx.conf, as nginx understands it. What it cannot tell (nginx refuses the file, no
 * location asks for the API) it says, and leaves the rules out. CG_ERR_NOT_FOUND, after a
 * complaint, when `path` leads to no location of the API; CG_ERR_LIMIT.
 */
CG_MUST_USE enum cg_status cg_explain_rules_read(struct cg_context *context,
                                                 const struct cg_explain_place *place,
                                                 struct cg_explain_rules *ret_rules);

#endif
