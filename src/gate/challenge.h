/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A refusal on the wire: status and WWW-Authenticate (RFC 6750 §3, RFC 9449 §7.1) by one table, and
 * a body: problem+json (RFC 9457) or, in gate/fhir, an OperationOutcome.
 */
#ifndef CG_GATE_CHALLENGE_H
#define CG_GATE_CHALLENGE_H

#include "base/buf.h"

#include <caregate/gate.h>

/* HTTP status of a reason at the gate. */
unsigned cg_challenge_status(enum cg_reason reason);

/* The value of WWW-Authenticate, or nothing written when the status carries none. */
void cg_challenge_write(const struct cg_gate_verdict *verdict, struct cg_buf *buf);

/* {"status","title","detail","reason","request_id"} (RFC 9457 §3). */
void cg_challenge_problem(enum cg_reason reason, struct cg_span request_id, struct cg_buf *buf);

#endif
