/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What FHIR operations reach: those of R4 (https://hl7.org/fhir/R4/operationslist.html) that are
 * known here, the bulk data export, and those that the operator has vouched for. Any thread.
 */
#ifndef CG_GATE_FHIR_OPERATION_H
#define CG_GATE_FHIR_OPERATION_H

#include "gate/fhir_request.h"

/*
 * Adds what an operation reaches. type: on which it is called; absent: on the base. name: without
 * '$'. level: one of CG_FHIR_…_LEVEL. CG_ERR_INPUT for one that is in no table, or not to be called
 * so, and for GraphQL, for which nobody can vouch.
 */
CG_MUST_USE enum cg_status cg_fhir_operation_read(const struct cg_fhir_request *request,
                                                  struct cg_span type, struct cg_span name,
                                                  unsigned level, struct cg_fhir_needs *needs);

/* Whether an operator may vouch for an operation of this name. */
bool cg_fhir_operation_may_be_vouched_for(struct cg_span name);

#endif
