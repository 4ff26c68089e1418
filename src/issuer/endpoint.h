/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Endpoints: each takes a context whose realm is known, and fills in the response, or fails with
 * context->fault set.
 */
#ifndef CG_ISSUER_ENDPOINT_H
#define CG_ISSUER_ENDPOINT_H

#include "oauth/context.h"

CG_MUST_USE enum cg_status cg_endpoint_token(struct cg_oauth_context *context);
/* RFC 7662 §2; with a signed answer by RFC 9701. */
CG_MUST_USE enum cg_status cg_endpoint_introspect(struct cg_oauth_context *context);
/* RFC 7009 §2 */
CG_MUST_USE enum cg_status cg_endpoint_revoke(struct cg_oauth_context *context);
/* The realm's rules, for gates elsewhere: see token/gate_bundle.h. */
CG_MUST_USE enum cg_status cg_endpoint_gate_bundle(struct cg_oauth_context *context);
/* What such gates refused: see token/gate_report.h. */
CG_MUST_USE enum cg_status cg_endpoint_gate_report(struct cg_oauth_context *context);
CG_MUST_USE enum cg_status cg_endpoint_jwks(struct cg_oauth_context *context);
/* RFC 8414 §2; also under the name of OpenID discovery while nobody can sign in. */
CG_MUST_USE enum cg_status cg_endpoint_metadata(struct cg_oauth_context *context);
/* SMART App Launch 2.2, "Using .well-known" */
CG_MUST_USE enum cg_status cg_endpoint_smart(struct cg_oauth_context *context);
/* A secret by a link; see registry/handover.h. */
CG_MUST_USE enum cg_status cg_endpoint_handover(struct cg_oauth_context *context);

#endif
