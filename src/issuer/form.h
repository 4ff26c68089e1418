/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The form of a request to an endpoint that takes one.
 */
#ifndef CG_ISSUER_FORM_H
#define CG_ISSUER_FORM_H

#include "oauth/context.h"

/*
 * Reads the body into context->params. Reasons: CONTENT_TYPE_WRONG, REQUEST_TOO_LARGE,
 * REQUEST_MALFORMED, PARAMETER_REPEATED.
 */
CG_MUST_USE enum cg_status cg_form_read(struct cg_oauth_context *context);

#endif
