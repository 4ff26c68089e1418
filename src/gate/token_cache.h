/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tokens whose signature was verified, by the keyed hash of the whole compact token; the token
 * itself is not kept. An entry holds what the signature proved, and what a snapshot said of that.
 * The caller flushes when keys change, and looks at realm, expiry and snapshot on each hit.
 * Bounded; the least recently used goes first. One thread.
 */
#ifndef CG_GATE_TOKEN_CACHE_H
#define CG_GATE_TOKEN_CACHE_H

#include "crypto/keyed_hash.h"
#include "gate/possession.h"
#include "gate/smart_grants.h"
#include "gate/standing.h"
#include "token/access_token.h"

#include <caregate/reason.h>
#include <caregate/types.h>

struct cg_token_cache;

struct cg_cached_token {
    struct cg_access_token token; /* spans live in the entry */
    struct cg_standing standing;  /* of the caller's; no snapshot at first */
    struct cg_token_hash hash;    /* for the proofs that come with it */
    struct cg_smart_grant *smart; /* room for all its SMART scopes, in the entry */
};

/* places: 1 or more, else CG_ERR_INPUT. CG_ERR_LIMIT when memory is short. */
CG_MUST_USE enum cg_status cg_token_cache_new(uint32_t places, struct cg_token_cache **ret_cache);
struct cg_token_cache *cg_token_cache_free(struct cg_token_cache *cache);

/* Forgets all, because the keys changed. */
void cg_token_cache_flush(struct cg_token_cache *cache);

/* NULL when it is not there. Valid until the next insert or flush. */
struct cg_cached_token *cg_token_cache_find(struct cg_token_cache *cache,
                                            const uint8_t digest[static CG_KEYED_HASH_BYTES]);

/*
 * Copies the token in, its standing unknown; replaces an entry of the same digest, or the
 * least recently used when full. CG_ERR_LIMIT when memory is short: nothing has changed then.
 */
CG_MUST_USE enum cg_status cg_token_cache_insert(struct cg_token_cache *cache,
                                                 const uint8_t digest[static CG_KEYED_HASH_BYTES],
                                                 const struct cg_access_token *token,
                                                 struct cg_cached_token **ret_entry);

size_t cg_token_cache_count(const struct cg_token_cache *cache);

#endif
