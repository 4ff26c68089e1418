/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/upstream_value.h"

#include "base/span.h"
#include "codec/uri.h"
#include "jose/jwks.h"
#include "registry/client_key_value.h"
#include "registry/name.h"
#include "token/text.h"

static enum cg_status refuse(struct cg_fault *fault, const char *why)
{
    CG_FAIL(fault, CG_ERR_INPUT, CG_REASON_NONE, why, NULL);
}

static enum cg_status check_name(const struct cg_upstream *upstream, struct cg_fault *fault)
{
    if (!cg_registry_is_client_id(upstream->name) ||
        upstream->name.len > CG_LIMIT_UPSTREAM_NAME_BYTES) {
        return refuse(fault, "a provider's name is 1 to 32 lower-case letters and digits, with "
                             "single hyphens between them, as in nhs-login");
    }
    if (!cg_name_is_time(upstream->created_s)) {
        return refuse(fault, "the time of creation is missing");
    }
    return CG_OK;
}

/* OpenID Connect Core 1.0 §2: iss is an https URL with scheme, host, and optionally port and path,
 * and no query or fragment. */
static enum cg_status check_issuer(const struct cg_upstream *upstream, struct cg_fault *fault)
{
    struct cg_uri uri;
    if (cg_uri_parse(upstream->issuer, &uri) != CG_OK || !cg_uri_is_http(&uri) ||
        !cg_span_equal_string(uri.scheme, "https") || uri.query.data != NULL) {
        CG_FAIL(fault, CG_ERR_INPUT, CG_REASON_NONE,
                "the issuer is an https URL without user name, query and fragment; copy it from "
                "\"issuer\" in the provider's /.well-known/openid-configuration, with its port "
                "and final slash if it has them",
                "OpenID Connect Core 1.0 §2");
    }
    return CG_OK;
}

static enum cg_status complete_alg(const struct cg_upstream_kind *kind,
                                   struct cg_upstream *upstream, struct cg_fault *fault)
{
    upstream->alg = upstream->alg.data != NULL ? upstream->alg : kind->alg;
    bool fits = kind->algs.len == 0 || cg_span_has_word(kind->algs, upstream->alg);
    if (!fits || cg_alg_find(upstream->alg) == NULL) {
        return refuse(fault, kind->alg_fault);
    }
    return CG_OK;
}

static bool is_level(const struct cg_upstream_kind *kind, struct cg_span level)
{
    return cg_text_is_header_safe(level, CG_LIMIT_TEXT_BYTES) &&
           (kind->levels.len == 0 || cg_span_has_word(kind->levels, level));
}

static enum cg_status complete_levels(const struct cg_upstream_kind *kind,
                                      struct cg_upstream *upstream, struct cg_fault *fault)
{
    upstream->levels = upstream->levels.len != 0 ? upstream->levels : kind->default_levels;
    if (upstream->levels.len > CG_LIMIT_TEXT_BYTES) {
        return refuse(fault, "the levels accepted are 1024 bytes at most together");
    }
    struct cg_span rest = upstream->levels;
    struct cg_span level;
    while (upstream->levels.len != 0 && cg_span_split(&rest, ' ', &level)) {
        if (!is_level(kind, level)) {
            return refuse(fault, kind->level_fault);
        }
    }
    return CG_OK;
}

/* An ID token names its key by the kid, so that a key without one verifies nothing. */
static enum cg_status check_use(const struct cg_upstream *upstream, struct cg_fault *fault)
{
    CG_CLEANUP(cg_json_free_at) struct cg_json *json = NULL;
    CG_CLEANUP(cg_jwks_free_at) struct cg_jwks *jwks = NULL;
    const struct cg_jwk *jwk = NULL;
    CG_TRY(cg_json_parse(upstream->jwks, CG_LIMIT_CLIENT_KEY_BYTES, &json));
    CG_TRY(cg_jwks_parse(cg_json_root(json), CG_JWK_MAY_NAME_ALG, &jwks));
    for (size_t i = 0; (jwk = cg_jwks_at(jwks, i)) != NULL; i++) {
        if (jwk->kid_len > 0 && cg_jwk_fits(jwk, cg_alg_find(upstream->alg))) {
            return CG_OK;
        }
    }
    return refuse(fault, "no key of the set has a kid and fits the algorithm that the ID tokens "
                         "are signed with");
}

static enum cg_status complete_keys(struct cg_upstream *upstream, struct cg_arena *arena,
                                    struct cg_fault *fault)
{
    bool by_value = upstream->jwks.data != NULL;
    if (by_value == (upstream->jwks_uri.data != NULL)) {
        return refuse(fault, "a provider's keys are given either as a key set or by its address");
    }
    if (!by_value) {
        return cg_client_key_value_read(CG_CLIENT_KEY_JWKS_URI, upstream->jwks_uri, arena, fault,
                                        &upstream->jwks_uri);
    }
    CG_TRY(cg_client_key_value_read(CG_CLIENT_KEY_JWKS, upstream->jwks, arena, fault,
                                    &upstream->jwks));
    return check_use(upstream, fault);
}

enum cg_status cg_upstream_value_complete(struct cg_upstream *upstream, struct cg_arena *arena,
                                          struct cg_fault *fault)
{
    const struct cg_upstream_kind *kind = cg_upstream_kind_find(upstream->kind);
    if (kind == NULL) {
        return refuse(fault, "the kind of a provider is nhs-login, cis2 or oidc");
    }
    CG_TRY(check_name(upstream, fault));
    CG_TRY(check_issuer(upstream, fault));
    CG_TRY(complete_alg(kind, upstream, fault));
    CG_TRY(complete_levels(kind, upstream, fault));
    return complete_keys(upstream, arena, fault);
}
