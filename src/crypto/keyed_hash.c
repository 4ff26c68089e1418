/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/keyed_hash.h"

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/secret.h"
#include "base/status.h"

#include <string.h>

/* A sum takes two words of the text at a time; the second sum's key begins two words later. */
#define PAIR_BYTES (2 * sizeof(uint64_t))
#define TEXT_WORDS (CG_KEYED_HASH_TEXT_BYTES / sizeof(uint64_t))
#define KEY_WORDS (TEXT_WORDS + 2 + 2 + 2)
/* Behind the last word of the key that a text can meet: what its length meets. */
#define LENGTH_KEY (TEXT_WORDS + 2)

struct cg_keyed_hash {
    uint64_t key[KEY_WORDS];
};

typedef unsigned __int128 sum_t;

CG_DEFINE_CLEANUP(keyed_hash_free_at, struct cg_keyed_hash *, cg_keyed_hash_free)

enum cg_status cg_keyed_hash_new(const struct cg_random *random, struct cg_keyed_hash **ret_hash)
{
    void *memory = NULL;
    CG_TRY(cg_alloc(1, sizeof(struct cg_keyed_hash), &memory));
    CG_CLEANUP(keyed_hash_free_at) struct cg_keyed_hash *hash = memory;
    CG_TRY(cg_random_fill(random, (uint8_t *)hash->key, sizeof(hash->key)));
    *ret_hash = CG_STEAL(hash);
    return CG_OK;
}

struct cg_keyed_hash *cg_keyed_hash_free(struct cg_keyed_hash *hash)
{
    if (hash == NULL) {
        return NULL;
    }
    cg_wipe(hash->key, sizeof(hash->key));
    return cg_release(hash);
}

static sum_t add_pair(sum_t sum, const uint64_t pair[static 2], const uint64_t key[static 2])
{
    return sum + (sum_t)(pair[0] + key[0]) * (pair[1] + key[1]);
}

enum cg_status cg_keyed_hash_of(const struct cg_keyed_hash *hash, struct cg_span text,
                                uint8_t ret_digest[static CG_KEYED_HASH_BYTES])
{
    if (text.len > CG_KEYED_HASH_TEXT_BYTES) {
        return CG_ERR_LIMIT;
    }
    const uint64_t *key = hash->key;
    /* The length first: else a text and the same with zeros behind it would have one digest. */
    uint64_t pair[2] = {text.len, 0};
    sum_t sums[2] = {
        add_pair(0, pair, &key[LENGTH_KEY]),
        add_pair(0, pair, &key[LENGTH_KEY + 2]),
    };
    size_t whole = text.len - text.len % PAIR_BYTES;
    for (size_t at = 0; at < whole; at += PAIR_BYTES, key += 2) {
        memcpy(pair, text.data + at, PAIR_BYTES);
        sums[0] = add_pair(sums[0], pair, key);
        sums[1] = add_pair(sums[1], pair, key + 2);
    }
    if (whole < text.len) {
        memset(pair, 0, sizeof(pair));
        memcpy(pair, text.data + whole, text.len - whole);
        sums[0] = add_pair(sums[0], pair, key);
        sums[1] = add_pair(sums[1], pair, key + 2);
    }
    memcpy(ret_digest, sums, sizeof(sums));
    return CG_OK;
}
