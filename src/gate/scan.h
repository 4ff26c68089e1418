/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is left to judge of a request once its body is there: all that this takes, copied, so that
 * it goes to another thread. The public part is in caregate/gate.h.
 */
#ifndef CG_GATE_SCAN_H
#define CG_GATE_SCAN_H

#include "gate/bundle_scan.h"

#include <caregate/gate.h>

/* body: FORM or BUNDLE. The rules of the request are borrowed. CG_ERR_LIMIT when memory is short.
 */
CG_MUST_USE enum cg_status cg_gate_scan_new(enum cg_fhir_body body,
                                            const struct cg_fhir_request *request,
                                            const struct cg_smart_grants *grants,
                                            struct cg_gate_scan **ret_scan);

/* What came of it, also of a form; FHIR_REQUEST_UNCLEAR before it was run. */
const struct cg_bundle_verdict *cg_gate_scan_verdict(const struct cg_gate_scan *scan);

#endif
