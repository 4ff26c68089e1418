/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Profiles: what a family of specifications demands of a realm's clients and tokens, one row each.
 * A realm has one; a client may have another. One list of algorithms or one rule for `aud` for all
 * would fail one family or let another down: SMART wants RS384, the NHS platform RS512, FAPI
 * neither. Static data, any thread.
 */
#ifndef CG_REGISTRY_PROFILE_H
#define CG_REGISTRY_PROFILE_H

#include <caregate/types.h>
#include <stdbool.h>

enum cg_token_response { CG_TOKEN_RESPONSE_DOCUMENTED, CG_TOKEN_RESPONSE_RFC };

/* How a client proves itself; bits, so that a profile can allow several. */
enum cg_client_auth {
    CG_CLIENT_AUTH_SECRET = 1 << 0,          /* client_secret_post, client_secret_basic */
    CG_CLIENT_AUTH_PRIVATE_KEY_JWT = 1 << 1, /* RFC 7523 §2.2 */
    CG_CLIENT_AUTH_TLS = 1 << 2,             /* RFC 8705 §2.1 */
    CG_CLIENT_AUTH_SELF_SIGNED_TLS = 1 << 3, /* RFC 8705 §2.2 */
};

/* What a client's tokens are bound to. */
enum cg_client_bind { CG_CLIENT_BIND_NONE, CG_CLIENT_BIND_DPOP, CG_CLIENT_BIND_MTLS };

/* What `aud` of a client's assertion may be; bits. */
enum cg_assertion_audience {
    CG_ASSERTION_FOR_TOKEN_URL = 1 << 0,
    CG_ASSERTION_FOR_ISSUER = 1 << 1,
};

/* Rules for assertions (RFC 7523 §3). Times in seconds. */
struct cg_assertion_rules {
    struct cg_span algs;  /* space-separated JWS names */
    unsigned audiences;   /* enum cg_assertion_audience */
    bool audience_is_one; /* a string, not an array, even of one */
    bool kid_required;
    struct cg_span typ;    /* demanded in the header; empty: anything, or nothing */
    int64_t life_max_s;    /* exp lies at most this far ahead */
    int64_t future_skew_s; /* iat and nbf lie at most this far ahead */
};

struct cg_profile {
    struct cg_span name;
    struct cg_span alg; /* of tokens, where the realm does not say */
    struct cg_span typ;
    int64_t token_life_s;
    enum cg_token_response token_response;
    unsigned client_auths; /* enum cg_client_auth; the least bit is what a new client has */
    bool tokens_bound;     /* each is bound to a key or certificate */
    struct cg_assertion_rules assertion;
};

/* NULL for an unknown name. */
const struct cg_profile *cg_profile_find(struct cg_span name);

/* "client_secret", "private_key_jwt", ...; and back: CG_ERR_INPUT for another word. */
struct cg_span cg_client_auth_name(enum cg_client_auth auth);
CG_MUST_USE enum cg_status cg_client_auth_find(struct cg_span name, enum cg_client_auth *ret_auth);

/* The method that a new client of a profile has. */
enum cg_client_auth cg_profile_first_auth(const struct cg_profile *profile);

/* "none", "dpop", "mtls"; and back: CG_ERR_INPUT for another word. */
struct cg_span cg_client_bind_name(enum cg_client_bind bind);
CG_MUST_USE enum cg_status cg_client_bind_find(struct cg_span name, enum cg_client_bind *ret_bind);

/* "documented" or "rfc"; and back: CG_ERR_INPUT for another word. */
struct cg_span cg_token_response_name(enum cg_token_response response);
CG_MUST_USE enum cg_status cg_token_response_find(struct cg_span name,
                                                  enum cg_token_response *ret_response);

#endif
