/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The form that a calling system sends: how it proves itself, with a secret in the body (RFC 6749
 * §2.3.1), an assertion (RFC 7523 §2.2), or neither, where a certificate (RFC 8705 §2) or a header
 * does; and what it asks the token endpoint for.
 */
#ifndef CG_TOKEN_CLIENT_FORM_H
#define CG_TOKEN_CLIENT_FORM_H

#include "base/buf.h"

#include <caregate/client.h>

struct cg_client_form {
    struct cg_span client_id;
    struct cg_span secret;           /* absent: none */
    struct cg_span assertion;        /* absent: none */
    struct cg_span grant;            /* absent: client_credentials (RFC 6749 §4.4.2) */
    struct cg_span scope;            /* space-separated; absent or empty: all that is agreed */
    const struct cg_span *resources; /* RFC 8707: audiences of APIs */
    size_t resource_count;
    const struct cg_client_parameter *parameters;
    size_t parameter_count;
};

/* The whole form. Failures stick to the buffer. */
void cg_client_form_write(const struct cg_client_form *form, struct cg_buf *buf);

/* The part of it that proves the client. */
void cg_client_form_prove(const struct cg_client_form *form, struct cg_buf *buf);

#endif
