/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The form that asks for a token: client credentials grant (RFC 6749 §4.4.2), with a secret in the
 * body (§2.3.1), an assertion (RFC 7523 §2.2), or neither, where a certificate proves the client
 * (RFC 8705 §2).
 */
#ifndef CG_CLI_TOKEN_FORM_H
#define CG_CLI_TOKEN_FORM_H

#include "base/buf.h"

#include <caregate/types.h>

struct cg_token_form {
    struct cg_span client_id;
    struct cg_span secret;           /* absent: none */
    struct cg_span assertion;        /* absent: none */
    struct cg_span scope;            /* space-separated; absent or empty: all that is agreed */
    const struct cg_span *resources; /* RFC 8707: audiences of APIs */
    size_t resource_count;
};

/* Failures stick to the buffer. */
void cg_token_form_write(const struct cg_token_form *form, struct cg_buf *buf);

#endif
