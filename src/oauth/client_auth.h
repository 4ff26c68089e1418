/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Client authentication: client_secret_post and client_secret_basic (RFC 6749 §2.3.1),
 * private_key_jwt (RFC 7523 §2.2), tls_client_auth and self_signed_tls_client_auth (RFC 8705 §2).
 */
#ifndef CG_OAUTH_CLIENT_AUTH_H
#define CG_OAUTH_CLIENT_AUTH_H

#include "oauth/context.h"
#include "token/access_token.h"

/*
 * Proves the client of a request by one method. An unknown client, a wrong secret, a revoked or
 * expired one, a wrong assertion and a client that is not active all cost the same work and give
 * the same public answer; the event's detail tells them apart. CG_ERR_AUTHENTICATION
 * (CREDENTIALS_MISSING, CLIENT_AUTHENTICATION_FAILED), CG_ERR_INPUT (CREDENTIALS_TWICE,
 * PARAMETER_REPEATED, REQUEST_MALFORMED), CG_ERR_STORE (STORE_UNAVAILABLE), CG_ERR_LIMIT
 * (TOO_MANY_FAILURES: see oauth/lockout.h).
 */
CG_MUST_USE enum cg_status cg_client_authenticate(struct cg_oauth_context *context,
                                                  const struct cg_client_record **ret_record);

/*
 * Binds the token to the certificate of the request (RFC 8705 §3) where the client's registration
 * or its profile says so. CG_ERR_INPUT (CERTIFICATE_MISSING, CERTIFICATE_MALFORMED), CG_ERR_CRYPTO,
 * CG_ERR_LIMIT.
 */
CG_MUST_USE enum cg_status cg_client_certificate_bind(struct cg_oauth_context *context,
                                                      const struct cg_client_record *record,
                                                      struct cg_access_token *token);

/* What holds for a client: its own profile, else its realm's, which is also that of an unknown one
 * (NULL). NULL only for a name that the store was given by another version. */
const struct cg_profile *cg_client_profile(const struct cg_oauth_context *context,
                                           const struct cg_client_record *record);

/* How many secret comparisons and digests one authentication makes: always this many, whoever asks.
 */
#define CG_CLIENT_AUTH_COMPARISONS 16

#endif
