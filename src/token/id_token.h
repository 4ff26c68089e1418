/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A person's ID token (OpenID Connect Core §2), made by somebody else for a client of theirs: taken
 * apart, and judged by what an operator entered of its issuer. Nothing here knows a key, the clock
 * or the store; each refusal is a static text that says what to mend. The order is read, header,
 * signature (the caller's part), claims. Any thread.
 */
#ifndef CG_TOKEN_ID_TOKEN_H
#define CG_TOKEN_ID_TOKEN_H

#include "base/arena.h"
#include "jose/claims.h"
#include "jose/jws.h"

#include <caregate/types.h>
#include <stdbool.h>

/* iat, nbf and auth_time lie at most this far ahead; exp has no allowance, since what is issued for
 * a token ends with it. Seconds. */
#define CG_ID_TOKEN_SKEW_S 60

/* Who acts, or may act, for a token's subject (RFC 8693 §4.1, §4.4); absent: nobody. */
struct cg_id_token_actor {
    struct cg_span subject;
    struct cg_span issuer; /* absent: the token's own */
};

/* Texts in the arena; absent when there is none. */
struct cg_id_token {
    struct cg_jws jws;
    struct cg_claims claims;
    struct cg_span authorised_party; /* azp */
    struct cg_span acr;
    struct cg_span vot;      /* vector of trust (RFC 8485 §3.1) */
    struct cg_span vtm;      /* its trustmark */
    int64_t assurance;       /* authentication_assurance_level: 0 to 9; -1: none */
    int64_t authenticated_s; /* auth_time; -1: none */
    /* act (RFC 8693 §4.1): who acts for the subject already. */
    struct cg_id_token_actor actor;
    bool actor_is_token; /* act.sub is an ID token of the one who acts */
    struct cg_id_token_actor may_act;
    const char *other_kind; /* why it is another kind of token; NULL: it looks like none */
};

/*
 * Takes a compact JWT apart. Proves nothing: the issuer tells only whose keys to try. CG_OK with
 * *ret_refusal saying what is malformed, or NULL. CG_ERR_LIMIT when the arena is full.
 */
CG_MUST_USE enum cg_status cg_id_token_read(struct cg_span compact, struct cg_arena *arena,
                                            struct cg_id_token *ret_token,
                                            const char **ret_refusal);

/* Where an issuer says how sure it is of the person, and how much of that is the level. */
struct cg_id_token_level {
    struct cg_span claim; /* "acr" or "vot" */
    uint8_t end;          /* the level ends before it: '.' for "P9" of "P9.Cp.Cd"; 0: all of it */
};

/* What an ID token must fit. */
struct cg_id_token_demand {
    struct cg_span issuer;
    const struct cg_alg *alg;        /* the issuer's, by configuration */
    const struct cg_span *audiences; /* ids that the client has at the issuer */
    size_t audience_count;
    struct cg_id_token_level level;
    struct cg_span levels; /* space-separated, those that will do; empty: any or none */
    int64_t now_s;
};

/* Why the header is refused, which says how to look for a key; NULL when it is not. */
const char *cg_id_token_object_header(const struct cg_id_token *token,
                                      const struct cg_id_token_demand *demand);

/* Why the claims are refused; NULL when they are not. To be asked when the signature holds. */
const char *cg_id_token_object_claims(const struct cg_id_token *token,
                                      const struct cg_id_token_demand *demand);

/* What the issuer says of the level, as it stands in the token; absent when it says nothing. */
struct cg_span cg_id_token_level_claim(const struct cg_id_token *token,
                                       const struct cg_id_token_level *level);

/* The level in that: "P9", "AAL3". Of "AAL2_OR_AAL3_ANY" it is what was reached, where
 * authentication_assurance_level tells. Borrows, absent as above. */
struct cg_span cg_id_token_level_word(const struct cg_id_token *token,
                                      const struct cg_id_token_level *level);

#endif
