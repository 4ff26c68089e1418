/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SMART scopes at the gate: one request of a token's against what it reaches of the FHIR API
 * behind. Never blocks, allocates nothing. Any thread.
 */
#ifndef CG_GATE_SMART_H
#define CG_GATE_SMART_H

#include "base/buf.h"
#include "gate/route.h"
#include "gate/smart_grants.h"

/*
 * NONE, or FHIR_REQUEST_OVERRIDDEN, FHIR_REQUEST_UNCLEAR, SMART_SCOPE_INSUFFICIENT; for the last
 * *ret_lacking is what else is needed. Only for a route that has a base.
 */
enum cg_reason cg_smart_judge(const struct cg_gate_route *route,
                              const struct cg_gate_request *request,
                              const struct cg_smart_grants *grants,
                              struct cg_fhir_need *ret_lacking);

/* Writes the scope that meets a need: "system/Patient.rs". Failures stick to the buffer. */
void cg_smart_write_need(const struct cg_fhir_need *need, struct cg_buf *buf);

#endif
