/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The access token's claims (RFC 9068, with the house's own: apis, agreements, org, epoch; RFC 9396
 * where an agreement narrows; RFC 8693 where one was exchanged for another). What is written here
 * and what is read here is the same list. Spans borrow. Any thread.
 */
#ifndef CG_TOKEN_ACCESS_TOKEN_H
#define CG_TOKEN_ACCESS_TOKEN_H

#include "base/buf.h"
#include "base/limits.h"
#include "codec/json.h"
#include "token/behalf.h"

#include <caregate/types.h>
#include <stdbool.h>

/* One API that the token authorises. The three arrays of the token are in the same order. */
struct cg_token_api {
    struct cg_span audience;
    struct cg_span name;
    struct cg_span agreement;
    struct cg_span details; /* what it is narrowed to: JSON objects of token/details.h with commas
                             * between; of several places for one API any may hold them */
};

struct cg_access_token {
    struct cg_span issuer;
    struct cg_span subject;
    struct cg_span client_id;
    struct cg_span organisation;           /* ODS code */
    struct cg_span scope;                  /* space-separated */
    struct cg_span token_id;               /* jti */
    struct cg_span key_thumbprint;         /* cnf.jkt (RFC 9449 §6.1); absent: a bearer token */
    struct cg_span certificate_thumbprint; /* cnf.x5t#S256 (RFC 8705 §3.1), or absent */
    struct cg_span idp; /* whose word it is that the subject is this person; absent: a system */
    struct cg_span acr; /* how surely, in the idp's words (RFC 9068 §2.2.1), or absent */
    int64_t authenticated_s; /* auth_time: when the person signed in; 0: not said */
    struct cg_token_api apis[CG_LIMIT_TOKEN_APIS];
    size_t api_count;
    struct cg_token_behalf behalf;
    bool is_narrowed; /* some API has details */
    int64_t issued_s;
    int64_t expires_s;
    int64_t epoch;
};

/* Writes the claims into an object that is open. Failures stick to the writer's buffer. */
void cg_access_token_write_claims(const struct cg_access_token *token,
                                  struct cg_json_writer *writer);

/* How it is to be sent: "Bearer" or "DPoP". */
struct cg_span cg_access_token_type(const struct cg_access_token *token);

/* Writes the claims as a JSON object. Failures stick to the buffer. */
void cg_access_token_write(const struct cg_access_token *token, struct cg_buf *buf);

/*
 * Reads claims, all of which but cnf, idp, acr and auth_time must be there and of the right type.
 * aud, apis and agreements are arrays of equal length, at least one. Texts are visible ASCII
 * without quotes and backslashes, within base/limits.h, so that they may stand in a header as they
 * are; scope is as in RFC 6749 §3.3. cnf holds jkt, x5t#S256 or both, and nothing else: a token
 * that is bound in a way which nobody here looks at is refused. CG_ERR_INPUT otherwise
 * (CG_ERR_LIMIT for too many scopes). Unknown claims are passed over. Spans borrow from the
 * document.
 */
CG_MUST_USE enum cg_status cg_access_token_read(const struct cg_json_value *root,
                                                struct cg_access_token *ret_token);

/*
 * Reads what few tokens have, into the arena: what it is narrowed to, into its APIs' details, and
 * on whose behalf it is. Without this a token is not read. It is one that cg_access_token_read gave
 * of this root, its own texts wherever they are. CG_ERR_INPUT for an object that is not as
 * token/details.h writes it, with one location, an API of the token, and as token/behalf.h says;
 * CG_ERR_LIMIT for memory.
 */
CG_MUST_USE enum cg_status cg_access_token_read_rest(const struct cg_json_value *root,
                                                     struct cg_arena *arena,
                                                     struct cg_access_token *token);

/*
 * The token that an exchanged one was exchanged for, as far as that tells: client_id, jti, epoch,
 * APIs and the agreements they rest on. Only for a token that is on behalf of a client.
 */
void cg_access_token_subject(const struct cg_access_token *token,
                             struct cg_access_token *ret_subject);

/* Leaves of the token the APIs at some places. CG_ERR_LIMIT for memory. */
CG_MUST_USE enum cg_status cg_access_token_keep(struct cg_access_token *token,
                                                const bool keep[static CG_LIMIT_TOKEN_APIS],
                                                struct cg_arena *arena);

/* Writes the member authorization_details; nothing when no API of it is narrowed. */
void cg_access_token_put_details(const struct cg_access_token *token,
                                 struct cg_json_writer *writer);

/* Writes the details of one API as a JSON array; nothing when it is not narrowed. */
void cg_access_token_put_api_details(const struct cg_access_token *token, struct cg_span api,
                                     struct cg_buf *buf);

#endif
