/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A route of the gate: what one nginx location demands. Immutable. The public part is in
 * caregate/gate.h.
 */
#ifndef CG_GATE_ROUTE_H
#define CG_GATE_ROUTE_H

#include "base/arena.h"
#include "base/limits.h"
#include "gate/fhir_request.h"

#include <caregate/gate.h>
#include <stdbool.h>

struct cg_route_rule {
    unsigned methods;
    struct cg_span scopes[CG_LIMIT_ROUTE_SCOPES];
    size_t scope_count;
};

struct cg_gate_route {
    struct cg_arena *arena;
    struct cg_span realm; /* absent: the only one */
    struct cg_span api;
    struct cg_route_rule *rules;
    size_t rule_count;
    bool fhir;
    struct cg_span smart_base; /* absent: SMART scopes do not decide */
    struct cg_fhir_rules operations;
    uint64_t body_max_bytes;
};

#endif
