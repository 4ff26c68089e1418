/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/audit_keys.h"

#include "base/span.h"
#include "codec/json.h"
#include "jose/jwk.h"
#include "registry/signing_key.h"

struct cg_audit_keys {
    struct {
        struct cg_span kid; /* in the context's arena */
        struct cg_verifier *verifier;
    } items[CG_LIMIT_JWKS_KEYS];
    size_t count;
};

static enum cg_status make_verifier(struct cg_span public_jwk, struct cg_verifier **ret_verifier)
{
    CG_CLEANUP(cg_json_free_at) struct cg_json *json = NULL;
    CG_CLEANUP(cg_jwk_release) struct cg_jwk jwk = {.key = NULL};
    CG_TRY(cg_json_parse(public_jwk, CG_LIMIT_JSON_BYTES, &json));
    CG_TRY(cg_jwk_parse(cg_json_root(json), CG_JWK_NAMES_ALG, &jwk));
    return cg_verifier_new(jwk.key, ret_verifier);
}

static enum cg_status take_key(void *context, const void *row)
{
    struct cg_audit_keys *keys = context;
    const struct cg_signing_key *key = row;
    if (keys->count == CG_LIMIT_JWKS_KEYS) {
        return CG_ERR_LIMIT;
    }
    CG_TRY(make_verifier(key->public_jwk, &keys->items[keys->count].verifier));
    keys->items[keys->count++].kid = key->kid;
    return CG_OK;
}

enum cg_status cg_audit_keys_new(struct cg_context *context, struct cg_store *registry,
                                 struct cg_audit_keys **ret_keys)
{
    CG_CLEANUP(cg_audit_keys_free_at) struct cg_audit_keys *keys = NULL;
    CG_TRY(cg_arena_take(context->arena, sizeof(*keys), (void **)&keys));
    CG_TRY(cg_signing_key_list(registry, CG_SPAN_OF(CG_AUDIT_KEY_REALM), context->arena, take_key,
                               keys));
    *ret_keys = CG_STEAL(keys);
    return CG_OK;
}

struct cg_audit_keys *cg_audit_keys_free(struct cg_audit_keys *keys)
{
    for (size_t i = 0; keys != NULL && i < keys->count; i++) {
        keys->items[i].verifier = cg_verifier_free(keys->items[i].verifier);
    }
    return NULL;
}

enum cg_status cg_audit_keys_find(void *context, struct cg_span kid,
                                  struct cg_verifier **ret_verifier)
{
    const struct cg_audit_keys *keys = context;
    for (size_t i = 0; i < keys->count; i++) {
        if (cg_span_equal(keys->items[i].kid, kid)) {
            *ret_verifier = keys->items[i].verifier;
            return CG_OK;
        }
    }
    return CG_ERR_NOT_FOUND;
}
