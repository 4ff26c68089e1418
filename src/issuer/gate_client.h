/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who may ask as a gate elsewhere: a client of the realm, proven as any other, that has the grant
 * "gate".
 */
#ifndef CG_ISSUER_GATE_CLIENT_H
#define CG_ISSUER_GATE_CLIENT_H

#include "oauth/context.h"

/*
 * Proves it, and names it in the event and the response. One that was parked was proven before: it
 * is looked up, and must be active and a gate still. Reasons: those of cg_client_authenticate,
 * GRANT_NOT_ALLOWED.
 */
CG_MUST_USE enum cg_status cg_gate_client_prove(struct cg_oauth_context *context);

#endif
