/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The form that asks for a token: client credentials grant, secret in the body (RFC 6749 §4.4.2,
 * §2.3.1).
 */
#ifndef CG_CLI_TOKEN_FORM_H
#define CG_CLI_TOKEN_FORM_H

#include "base/buf.h"

#include <caregate/types.h>

struct cg_token_form {
    struct cg_span client_id;
    struct cg_span secret;
    struct cg_span scope; /* space-separated; absent or empty: all that is agreed */
};

/* Failures stick to the buffer. */
void cg_token_form_write(const struct cg_token_form *form, struct cg_buf *buf);

#endif
