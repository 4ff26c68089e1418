/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a client may come for, one row each: tokens in several ways, or a gate's rules. The registry
 * holds, and everybody is shown, the grant_type that is sent (RFC 6749 §4.5: an extension grant's
 * is a URI); the command line takes a shorter word for it, too. Static data, any thread.
 */
#ifndef CG_REGISTRY_GRANT_H
#define CG_REGISTRY_GRANT_H

#include <caregate/types.h>

enum cg_grant {
    CG_GRANT_CLIENT_CREDENTIALS,          /* RFC 6749 §4.4 */
    CG_GRANT_TOKEN_EXCHANGE,              /* RFC 8693 */
    CG_GRANT_TOKEN_COUNT,                 /* so many are for tokens */
    CG_GRANT_GATE = CG_GRANT_TOKEN_COUNT, /* no token: the rules that a gate elsewhere goes by */
    CG_GRANT_COUNT
};

/* "client_credentials", ...; and back: CG_ERR_NOT_FOUND for another value of grant_type. */
struct cg_span cg_grant_type(enum cg_grant grant);
CG_MUST_USE enum cg_status cg_grant_find(struct cg_span type, enum cg_grant *ret_grant);

/* By what a person may write: the grant_type or its shorter word. CG_ERR_INPUT for another. */
CG_MUST_USE enum cg_status cg_grant_find_word(struct cg_span word, enum cg_grant *ret_grant);

#endif
