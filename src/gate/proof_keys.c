/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/proof_keys.h"

#include "base/alloc.h"
#include "base/limits.h"
#include "base/secret.h"
#include "base/span.h"
#include "base/status.h"

#include <string.h>

/* The digest chooses a row, in which any place will do. */
#define ROW_PLACES ((size_t)8)
#define ROWS ((size_t)CG_LIMIT_PROOF_KEYS / ROW_PLACES)

_Static_assert(ROWS *ROW_PLACES == CG_LIMIT_PROOF_KEYS, "whole rows");

struct place {
    uint8_t digest[CG_KEYED_HASH_BYTES];
    uint64_t used; /* a count of uses; 0: nothing is here */
    struct cg_dpop_key key;
};

struct cg_proof_keys {
    uint64_t uses;
    struct place places[CG_LIMIT_PROOF_KEYS];
};

enum cg_status cg_proof_keys_new(struct cg_proof_keys **ret_keys)
{
    void *memory;
    CG_TRY(cg_alloc(1, sizeof(struct cg_proof_keys), &memory));
    *ret_keys = memory;
    return CG_OK;
}

struct cg_proof_keys *cg_proof_keys_free(struct cg_proof_keys *keys)
{
    for (size_t i = 0; keys != NULL && i < CG_LIMIT_PROOF_KEYS; i++) {
        cg_dpop_key_release(&keys->places[i].key);
    }
    return cg_release(keys);
}

static struct place *row_of(struct cg_proof_keys *keys,
                            const uint8_t digest[static CG_KEYED_HASH_BYTES])
{
    uint64_t number;
    memcpy(&number, digest, sizeof(number));
    return &keys->places[number % ROWS * ROW_PLACES];
}

const struct cg_dpop_key *cg_proof_keys_find(struct cg_proof_keys *keys,
                                             const uint8_t digest[static CG_KEYED_HASH_BYTES])
{
    struct place *row = row_of(keys, digest);
    struct cg_span wanted = cg_span_of_bytes(digest, CG_KEYED_HASH_BYTES);
    for (size_t i = 0; i < ROW_PLACES; i++) {
        if (row[i].used != 0 &&
            cg_secret_equal(cg_span_of_bytes(row[i].digest, CG_KEYED_HASH_BYTES), wanted)) {
            row[i].used = ++keys->uses;
            return &row[i].key;
        }
    }
    return NULL;
}

void cg_proof_keys_keep(struct cg_proof_keys *keys,
                        const uint8_t digest[static CG_KEYED_HASH_BYTES], struct cg_dpop_key *key)
{
    struct place *row = row_of(keys, digest);
    struct place *oldest = row;
    for (size_t i = 1; i < ROW_PLACES; i++) {
        oldest = row[i].used < oldest->used ? &row[i] : oldest;
    }
    cg_dpop_key_release(&oldest->key);
    memcpy(oldest->digest, digest, CG_KEYED_HASH_BYTES);
    oldest->key = *key;
    oldest->used = ++keys->uses;
    *key = (struct cg_dpop_key){.verifier = NULL};
}
