/* SPDX-License-Identifier: Apache-2.0 */
#include "verify/claims.h"

#include "base/alloc.h"
#include "base/limits.h"
#include "base/span.h"
#include "base/status.h"
#include "token/scope.h"

/* One token taken apart: the texts of it, decoded, again those that are claims, and the details. */
#define CLAIMS_BYTES ((size_t)(12 * CG_LIMIT_TOKEN_BYTES))

enum cg_status cg_token_claims_new(struct cg_token_claims **ret_claims)
{
    void *memory = NULL;
    CG_TRY(cg_alloc(1, sizeof(struct cg_token_claims), &memory));
    CG_CLEANUP(cg_token_claims_free_at) struct cg_token_claims *claims = memory;
    CG_TRY(cg_arena_new(CLAIMS_BYTES, &claims->arena));
    *ret_claims = CG_STEAL(claims);
    return CG_OK;
}

struct cg_token_claims *cg_token_claims_free(struct cg_token_claims *claims)
{
    if (claims == NULL) {
        return NULL;
    }
    (void)cg_arena_free(claims->arena);
    return cg_release(claims);
}

enum cg_status cg_token_claims_keep_details(struct cg_token_claims *claims, struct cg_span api)
{
    struct cg_buf buf;
    struct cg_span text;
    if (!claims->token.is_narrowed) {
        return CG_OK;
    }
    cg_buf_init_arena(&buf, claims->arena, CG_LIMIT_TOKEN_BYTES);
    cg_access_token_put_api_details(&claims->token, api, &buf);
    CG_TRY(cg_buf_finish(&buf, &text));
    return text.len > 0 ? cg_arena_copy(claims->arena, text, &claims->details) : CG_OK;
}

struct cg_span cg_token_claims_client_id(const struct cg_token_claims *claims)
{
    return claims->token.client_id;
}

struct cg_span cg_token_claims_organisation(const struct cg_token_claims *claims)
{
    return claims->token.organisation;
}

struct cg_span cg_token_claims_subject(const struct cg_token_claims *claims)
{
    return claims->token.subject;
}

struct cg_span cg_token_claims_actor(const struct cg_token_claims *claims)
{
    const struct cg_token_behalf *behalf = &claims->token.behalf;
    return behalf->actor_count > 0 ? behalf->actors[0] : (struct cg_span){NULL, 0};
}

struct cg_span cg_token_claims_identity_provider(const struct cg_token_claims *claims)
{
    return claims->token.idp;
}

struct cg_span cg_token_claims_assurance(const struct cg_token_claims *claims)
{
    return claims->token.acr;
}

struct cg_span cg_token_claims_scope(const struct cg_token_claims *claims)
{
    return claims->token.scope;
}

unsigned cg_token_claims_has_scope(const struct cg_token_claims *claims, struct cg_span scope)
{
    return scope.len > 0 && cg_scope_text_has(claims->token.scope, scope) ? 1 : 0;
}

struct cg_span cg_token_claims_details(const struct cg_token_claims *claims)
{
    return claims->details;
}

size_t cg_token_claims_api_count(const struct cg_token_claims *claims)
{
    return claims->token.api_count;
}

static struct cg_token_api api_at(const struct cg_token_claims *claims, size_t index)
{
    return index < claims->token.api_count ? claims->token.apis[index]
                                           : (struct cg_token_api){.name = {NULL, 0}};
}

struct cg_span cg_token_claims_api_name(const struct cg_token_claims *claims, size_t index)
{
    return api_at(claims, index).name;
}

struct cg_span cg_token_claims_api_audience(const struct cg_token_claims *claims, size_t index)
{
    return api_at(claims, index).audience;
}

struct cg_span cg_token_claims_api_agreement(const struct cg_token_claims *claims, size_t index)
{
    return api_at(claims, index).agreement;
}

struct cg_span cg_token_claims_id(const struct cg_token_claims *claims)
{
    return claims->token.token_id;
}

int64_t cg_token_claims_issued_s(const struct cg_token_claims *claims)
{
    return claims->token.issued_s;
}

int64_t cg_token_claims_expires_s(const struct cg_token_claims *claims)
{
    return claims->token.expires_s;
}
