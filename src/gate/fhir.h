/* SPDX-License-Identifier: Apache-2.0 */
/*
 * FHIR R4 faces of the gate: refusals as OperationOutcome (R4 §2.32,
 * https://hl7.org/fhir/R4/operationoutcome.html).
 */
#ifndef CG_GATE_FHIR_H
#define CG_GATE_FHIR_H

#include "base/buf.h"

#include <caregate/gate.h>

/*
 * issue[0]: severity error, code by status (401 login, 403 forbidden, 400 invalid, 429 throttled,
 * 502/503/504 transient), details.coding[0].code the reason, details.text and diagnostics in plain
 * words, with the request id.
 */
void cg_fhir_outcome(enum cg_reason reason, struct cg_span request_id, struct cg_buf *buf);

#endif
