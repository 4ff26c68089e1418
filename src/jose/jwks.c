/* SPDX-License-Identifier: Apache-2.0 */
#include "jose/jwks.h"

#include "base/alloc.h"
#include "base/span.h"
#include "base/status.h"

struct cg_jwks {
    size_t count;
    struct cg_jwk keys[];
};

static struct cg_span kid_of(const struct cg_jwk *jwk)
{
    return (struct cg_span){(const uint8_t *)jwk->kid, jwk->kid_len};
}

/* Takes one element in, or passes over it. RFC 7517 §4.5: "different keys within the JWK Set SHOULD
 * use distinct kid values". Ours do; some issuers list a key once for each of its algorithms. */
static enum cg_status add(struct cg_jwks *jwks, const struct cg_json_value *element,
                          enum cg_jwk_rule rule)
{
    if (!cg_json_is_object(element) || cg_jwk_has_private_members(element)) {
        return CG_ERR_INPUT;
    }
    struct cg_jwk *jwk = &jwks->keys[jwks->count];
    enum cg_status status = cg_jwk_parse(element, rule, jwk);
    if (status == CG_ERR_INPUT) {
        return CG_OK;
    }
    CG_TRY(status);
    bool taken = rule == CG_JWK_NAMES_ALG && cg_jwks_find(jwks, kid_of(jwk)) != NULL;
    jwks->count++;
    return taken ? CG_ERR_INPUT : CG_OK;
}

enum cg_status cg_jwks_parse(const struct cg_json_value *object, enum cg_jwk_rule rule,
                             struct cg_jwks **ret_jwks)
{
    const struct cg_json_value *keys = cg_json_member(object, "keys");
    if (!cg_json_is_array(keys)) {
        return CG_ERR_INPUT;
    }
    size_t count = cg_json_count(keys);
    if (count > CG_LIMIT_JWKS_KEYS) {
        return CG_ERR_LIMIT;
    }
    void *memory = NULL;
    CG_TRY(cg_alloc(1, sizeof(struct cg_jwks) + count * sizeof(struct cg_jwk), &memory));
    CG_CLEANUP(cg_jwks_free_at) struct cg_jwks *jwks = memory;
    for (size_t i = 0; i < count; i++) {
        CG_TRY(add(jwks, cg_json_element(keys, i), rule));
    }
    *ret_jwks = CG_STEAL(jwks);
    return CG_OK;
}

struct cg_jwks *cg_jwks_free(struct cg_jwks *jwks)
{
    for (size_t i = 0; jwks != NULL && i < jwks->count; i++) {
        cg_jwk_release(&jwks->keys[i]);
    }
    return cg_release(jwks);
}

size_t cg_jwks_count(const struct cg_jwks *jwks)
{
    return jwks->count;
}

const struct cg_jwk *cg_jwks_at(const struct cg_jwks *jwks, size_t index)
{
    return index < jwks->count ? &jwks->keys[index] : NULL;
}

const struct cg_jwk *cg_jwks_find(const struct cg_jwks *jwks, struct cg_span kid)
{
    for (size_t i = 0; kid.len > 0 && i < jwks->count; i++) {
        if (cg_span_equal(kid_of(&jwks->keys[i]), kid)) {
            return &jwks->keys[i];
        }
    }
    return NULL;
}

static bool are_twins(const struct cg_jwk *one, const struct cg_jwk *other)
{
    const struct cg_alg *alg = NULL;
    if (one->kid_len == 0 || !cg_span_equal(kid_of(one), kid_of(other))) {
        return false;
    }
    for (size_t i = 0; (alg = cg_alg_at(i)) != NULL; i++) {
        if (cg_jwk_fits(one, alg) && cg_jwk_fits(other, alg)) {
            return true;
        }
    }
    return false;
}

bool cg_jwks_has_twins(const struct cg_jwks *jwks)
{
    for (size_t i = 1; i < jwks->count; i++) {
        for (size_t j = 0; j < i; j++) {
            if (are_twins(&jwks->keys[i], &jwks->keys[j])) {
                return true;
            }
        }
    }
    return false;
}
