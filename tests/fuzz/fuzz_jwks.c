/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A JSON Web Key Set. Every key of an accepted set is found by its kid, and by no other.
 */
#include "base/span.h"
#include "jose/jwks.h"

#include <stdlib.h>

#define JWKS_BYTES 131072

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void require(bool holds)
{
    if (!holds) {
        abort();
    }
}

static void judge(const struct cg_jwks *jwks)
{
    require(cg_jwks_count(jwks) <= CG_LIMIT_JWKS_KEYS);
    require(cg_jwks_at(jwks, cg_jwks_count(jwks)) == NULL);
    for (size_t i = 0; i < cg_jwks_count(jwks); i++) {
        const struct cg_jwk *jwk = cg_jwks_at(jwks, i);
        struct cg_span kid = cg_span_of_bytes(jwk->kid, jwk->kid_len);
        const struct cg_jwk *found = cg_jwks_find(jwks, kid);
        require(jwk->key != NULL && jwk->alg != NULL && !cg_key_is_private(jwk->key));
        require(kid.len > 0 ? found == jwk : found == NULL);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    CG_CLEANUP(cg_json_free_at) struct cg_json *json = NULL;
    CG_CLEANUP(cg_jwks_free_at) struct cg_jwks *jwks = NULL;
    if (cg_json_parse((struct cg_span){data, len}, JWKS_BYTES, &json) != CG_OK) {
        return 0;
    }
    if (cg_jwks_parse(cg_json_root(json), CG_JWK_NAMES_ALG, &jwks) == CG_OK) {
        judge(jwks);
    }
    return 0;
}
