/* SPDX-License-Identifier: Apache-2.0 */
/*
 * On whose behalf a token is used, when it was exchanged for another one (RFC 8693). Two claims say
 * so: act (§4.1), who acts, and on_behalf_of, a claim of ours: the client whose token it was
 * exchanged for, and what it rests on of that client's, so that it goes with it.
 *
 *     "act":{"sub":"letters-3q8w2k7x"},
 *     "on_behalf_of":{"client_id":"ward-9","epoch":0,"jti":"…","agreements":["agr_…"]}
 *
 * Spans borrow. Any thread.
 */
#ifndef CG_TOKEN_BEHALF_H
#define CG_TOKEN_BEHALF_H

#include "base/arena.h"
#include "base/limits.h"
#include "codec/json.h"

#include <caregate/types.h>

struct cg_token_behalf {
    struct cg_span actors[CG_LIMIT_TOKEN_ACTORS]; /* who acts now first */
    size_t actor_count;                           /* 0: the subject acts itself */
    struct cg_span client_id;                     /* absent: no other client's token */
    struct cg_span token_id;                      /* jti of the token that this was exchanged for */
    struct cg_span agreements; /* its client's, one for each API of the token, in their order, with
                                * spaces between them */
    int64_t epoch;
};

/* Writes the claims that there are into an object that is open. Failures stick to the buffer. */
void cg_token_behalf_write(const struct cg_token_behalf *behalf, struct cg_json_writer *writer);

/*
 * Reads them from a token of so many APIs into the arena; neither need be there. They have the
 * members above and no other, since what is passed over might be who can stop the token; texts are
 * as elsewhere in a token. CG_ERR_INPUT otherwise, CG_ERR_LIMIT for memory.
 */
CG_MUST_USE enum cg_status cg_token_behalf_read(const struct cg_json_value *root, size_t api_count,
                                                struct cg_arena *arena,
                                                struct cg_token_behalf *ret_behalf);

#endif
