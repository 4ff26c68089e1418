/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The certificate that a caller holds, and whether a token is bound to it (RFC 8705 §3). Any
 * thread.
 */
#ifndef CG_TOKEN_CLIENT_CERTIFICATE_H
#define CG_TOKEN_CLIENT_CERTIFICATE_H

#include "base/arena.h"
#include "crypto/digest.h"
#include "token/access_token.h"

#include <caregate/exchange.h>
#include <caregate/reason.h>
#include <stdbool.h>

/* Whether there is one, well-formed or not. */
bool cg_client_certificate_is_shown(const struct cg_client_certificate *certificate);

/*
 * Its DER, borrowed from the request or in the arena. CG_ERR_NOT_FOUND when there is none,
 * CG_ERR_INPUT when a proxy's header is neither ":base64:" of RFC 9440 §2.1 nor percent-encoded
 * PEM, or too long; CG_ERR_LIMIT when memory is short, which is no fault of the certificate.
 */
CG_MUST_USE enum cg_status cg_client_certificate_der(
    const struct cg_client_certificate *certificate, struct cg_arena *arena,
    struct cg_span *ret_der);

/* SHA-256 of its DER, which x5t#S256 is made of (RFC 8705 §3.1). Statuses as above, and
 * CG_ERR_CRYPTO. */
CG_MUST_USE enum cg_status cg_client_certificate_digest(
    const struct cg_client_certificate *certificate, uint8_t ret_digest[static CG_SHA256_BYTES]);

/* NONE, or why the token may not come with this certificate, or with none. Uses up nothing. */
enum cg_reason cg_client_certificate_check(const struct cg_client_certificate *certificate,
                                           const struct cg_access_token *token);

#endif
