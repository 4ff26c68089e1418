/* SPDX-License-Identifier: Apache-2.0 */
#include "token/proof_keys.h"

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
    struct cg_keyed_hash *hash; /* of headers */
    uint64_t uses;
    struct place places[CG_LIMIT_PROOF_KEYS];
};

enum cg_status cg_proof_keys_new(const struct cg_random *random, struct cg_proof_keys **ret_keys)
{
    void *memory = NULL;
    CG_TRY(cg_alloc(1, sizeof(struct cg_proof_keys), &memory));
    CG_CLEANUP(cg_proof_keys_free_at) struct cg_proof_keys *keys = memory;
    CG_TRY(cg_keyed_hash_new(random, &keys->hash));
    *ret_keys = CG_STEAL(keys);
    return CG_OK;
}

struct cg_proof_keys *cg_proof_keys_free(struct cg_proof_keys *keys)
{
    for (size_t i = 0; keys != NULL && i < CG_LIMIT_PROOF_KEYS; i++) {
        cg_dpop_key_release(&keys->places[i].key);
    }
    if (keys != NULL) {
        (void)cg_keyed_hash_free(keys->hash);
    }
    return cg_release(keys);
}

static void dpop_key_release_at(struct cg_dpop_key *key)
{
    cg_dpop_key_release(key);
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

enum cg_status cg_proof_keys_check(struct cg_proof_keys *keys, struct cg_span compact,
                                   const struct cg_dpop_demand *demand, struct cg_arena *arena,
                                   struct cg_fault *fault, struct cg_dpop_proof *ret_proof)
{
    struct cg_jws_segments segments;
    if (cg_jws_cut(compact, &segments) != CG_OK) {
        CG_FAIL(fault, CG_ERR_INPUT, CG_REASON_PROOF_MALFORMED, NULL, "RFC 9449 §4.3");
    }
    uint8_t digest[CG_KEYED_HASH_BYTES];
    if (cg_keyed_hash_of(keys->hash, segments.header, digest) != CG_OK) {
        CG_FAIL(fault, CG_ERR_CRYPTO, CG_REASON_INTERNAL, NULL, NULL);
    }
    const struct cg_dpop_key *known = cg_proof_keys_find(keys, digest);
    if (known != NULL) {
        return cg_dpop_verify(&segments, known, demand, arena, fault, ret_proof);
    }
    CG_CLEANUP(dpop_key_release_at) struct cg_dpop_key key = {.verifier = NULL};
    CG_TRY(cg_dpop_key_read(segments.header, arena, fault, &key));
    CG_TRY(cg_dpop_verify(&segments, &key, demand, arena, fault, ret_proof));
    cg_proof_keys_keep(keys, digest, &key);
    return CG_OK;
}
