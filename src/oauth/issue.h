/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Issuing: claims → signed token → token response (RFC 6749 §5.1), and the audit event that must be
 * durable first.
 */
#ifndef CG_OAUTH_ISSUE_H
#define CG_OAUTH_ISSUE_H

#include "oauth/context.h"
#include "token/access_token.h"

/* Completes claims (iss, jti), signs, fills the response and context->event. TOKEN_TOO_LARGE,
 * SIGNING_KEY_UNAVAILABLE, INTERNAL. */
CG_MUST_USE enum cg_status cg_issue_token(struct cg_oauth_context *context,
                                          const struct cg_client_record *record,
                                          struct cg_access_token *token);

#endif
