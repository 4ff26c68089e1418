/* SPDX-License-Identifier: Apache-2.0 */
#include "token/key_ring.h"

#include "base/alloc.h"
#include "base/status.h"

struct cg_key_ring {
    struct cg_jwks *jwks;
    struct cg_verifier *verifiers[CG_LIMIT_JWKS_KEYS]; /* in the order of the keys */
};

struct cg_key_ring *cg_key_ring_free(struct cg_key_ring *ring)
{
    if (ring == NULL) {
        return NULL;
    }
    for (size_t i = 0; i < CG_LIMIT_JWKS_KEYS; i++) {
        (void)cg_verifier_free(ring->verifiers[i]);
    }
    (void)cg_jwks_free(ring->jwks);
    return cg_release(ring);
}

enum cg_status cg_key_ring_new(const struct cg_json_value *jwks, struct cg_key_ring **ret_ring)
{
    void *memory = NULL;
    CG_TRY(cg_alloc(1, sizeof(struct cg_key_ring), &memory));
    CG_CLEANUP(cg_key_ring_free_at) struct cg_key_ring *ring = memory;
    CG_TRY(cg_jwks_parse(jwks, CG_JWK_NAMES_ALG, &ring->jwks));
    for (size_t i = 0; i < cg_jwks_count(ring->jwks); i++) {
        CG_TRY(cg_verifier_new(cg_jwks_at(ring->jwks, i)->key, &ring->verifiers[i]));
    }
    *ret_ring = CG_STEAL(ring);
    return CG_OK;
}

size_t cg_key_ring_count(const struct cg_key_ring *ring)
{
    return cg_jwks_count(ring->jwks);
}

const struct cg_jwk *cg_key_ring_find(const struct cg_key_ring *ring, struct cg_span kid,
                                      struct cg_verifier **ret_verifier)
{
    const struct cg_jwk *found = cg_jwks_find(ring->jwks, kid);
    for (size_t i = 0; found != NULL && i < cg_jwks_count(ring->jwks); i++) {
        if (cg_jwks_at(ring->jwks, i) == found) {
            *ret_verifier = ring->verifiers[i];
        }
    }
    return found;
}
