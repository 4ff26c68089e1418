/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an exchange of tokens (RFC 8693) is asked with, and one function for each kind of subject
 * token. Such a function proves the subject token and fills in the new token's claims but iss, jti;
 * no token outlives the one that it is given for. The client is proven and may use the grant.
 */
#ifndef CG_OAUTH_TOKEN_EXCHANGE_H
#define CG_OAUTH_TOKEN_EXCHANGE_H

#include "oauth/context.h"
#include "token/access_token.h"

#define CG_TOKEN_TYPE_ACCESS_TOKEN "urn:ietf:params:oauth:token-type:access_token"
#define CG_TOKEN_TYPE_JWT "urn:ietf:params:oauth:token-type:jwt"
#define CG_TOKEN_TYPE_ID_TOKEN "urn:ietf:params:oauth:token-type:id_token"

/* Well formed as a request. */
struct cg_token_exchange {
    struct cg_span subject_token;
    struct cg_span subject_token_type;
    struct cg_span actor_token; /* absent: the client itself acts */
    struct cg_span actor_token_type;
};

/* Refuses the subject token: the caller is told `text` (NULL: the reason's), the audit `detail`,
 * which is static, too. SUBJECT_TOKEN_REFUSED. */
CG_MUST_USE enum cg_status cg_token_exchange_refuse(struct cg_oauth_context *context,
                                                    const char *text, const char *detail);

/*
 * An access token of this realm, which the client got by serving an API: on behalf of another
 * system. Reasons: SUBJECT_TOKEN_REFUSED, EXCHANGE_MALFORMED, STORE_UNAVAILABLE, those of
 * oauth/wish.h.
 */
CG_MUST_USE enum cg_status cg_exchange_system(struct cg_oauth_context *context,
                                              const struct cg_client_record *record,
                                              const struct cg_token_exchange *exchange,
                                              struct cg_access_token *ret_token);

/*
 * An ID token that an identity provider made for this client: on behalf of the person who signed
 * in. Each is exchanged once. Reasons: SUBJECT_TOKEN_REFUSED, SUBJECT_TOKEN_SPENT (when the batch
 * is committed), EXCHANGE_MALFORMED, ISSUER_KEYS_UNAVAILABLE, STORE_UNAVAILABLE, those of
 * oauth/wish.h. CG_ERR_STORE, and the exchange waits, when the provider's keys are being fetched.
 */
CG_MUST_USE enum cg_status cg_exchange_person(struct cg_oauth_context *context,
                                              const struct cg_client_record *record,
                                              const struct cg_token_exchange *exchange,
                                              struct cg_access_token *ret_token);

#endif
