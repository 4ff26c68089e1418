/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tokens whose signature was verified, by the keyed hash of the whole compact token; the token
 * itself is not kept. An entry holds no verdict about a route: only what the signature proved, and
 * what the denylist said of it. The caller flushes when keys change, and looks at realm, expiry,
 * denylist and API on each hit.
 * Bounded; the least recently used goes first. One thread.
 */
#ifndef CG_GATE_TOKEN_CACHE_H
#define CG_GATE_TOKEN_CACHE_H

#include "crypto/keyed_hash.h"
#include "gate/possession.h"
#include "gate/smart_grants.h"
#include "token/access_token.h"

#include <caregate/reason.h>
#include <caregate/types.h>

struct cg_token_cache;

#define CG_DENYLIST_UNSEEN (-1) /* no denylist has been asked yet: generations are not negative */
#define CG_LIMITS_UNSEEN (-1)   /* nor have limits been looked for */
#define CG_SMART_UNSEEN (-1)    /* nor have SMART scopes been taken apart */

struct cg_cached_token {
    struct cg_access_token token; /* spans live in the entry */
    int64_t denylist_generation;  /* of the snapshot under which the rest was found */
    enum cg_reason denied;        /* what the denylist says of the token and its client */
    uint32_t withdrawn;           /* and of its agreements: cg_decide_withdrawn */
    int64_t limits_version;       /* of the snapshot under which the next was found */
    uint32_t limited;             /* which of its agreements have a limit: cg_limit_find */
    struct cg_token_hash hash;    /* for the proofs that come with it */
    int64_t smart_version;        /* of the snapshot under which the next was found */
    struct cg_smart_grant *smart; /* its SMART scopes; room for all of them is in the entry */
    size_t smart_count;
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
 * Copies the token in, its denylist generation unseen; replaces an entry of the same digest, or the
 * least recently used when full. CG_ERR_LIMIT when memory is short: nothing has changed then.
 */
CG_MUST_USE enum cg_status cg_token_cache_insert(struct cg_token_cache *cache,
                                                 const uint8_t digest[static CG_KEYED_HASH_BYTES],
                                                 const struct cg_access_token *token,
                                                 struct cg_cached_token **ret_entry);

size_t cg_token_cache_count(const struct cg_token_cache *cache);

#endif
