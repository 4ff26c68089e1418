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

struct cg_smart_judgement {
    enum cg_reason reason;
    struct cg_fhir_need lacking;    /* of SMART_SCOPE_INSUFFICIENT: what else is needed */
    enum cg_method barred;          /* of SCOPE_INSUFFICIENT: the method of an entry */
    enum cg_fhir_body body;         /* FORM or BUNDLE, with NONE: it is yet to be read */
    struct cg_fhir_request request; /* and this is what it belongs to; borrows */
};

/* Only for a route that has a base. */
void cg_smart_judge(const struct cg_gate_route *route, const struct cg_gate_request *request,
                    const struct cg_smart_grants *grants, struct cg_smart_judgement *ret_judgement);

/* Writes the scope that meets a need: "system/Patient.rs". Failures stick to the buffer. */
void cg_smart_write_need(const struct cg_fhir_need *need, struct cg_buf *buf);

#endif
