/* SPDX-License-Identifier: Apache-2.0 */
#include "token/verify.h"

#include "base/span.h"
#include "codec/json.h"
#include "jose/jws.h"

/* RFC 7515 §4.1.9: "application/" may be left out of a type that has no other slash; no case. */
static struct cg_span short_type(struct cg_span typ)
{
    static const struct cg_span prefix = CG_SPAN("application/");
    if (!cg_span_equal_nocase(cg_span_part(typ, 0, prefix.len), prefix)) {
        return typ;
    }
    struct cg_span rest = cg_span_part(typ, prefix.len, typ.len - prefix.len);
    return cg_span_find(rest, '/', 0) == rest.len ? rest : typ;
}

static enum cg_status check_type(const struct cg_token_trust *trust, struct cg_span typ,
                                 struct cg_fault *fault)
{
    struct cg_span wanted = short_type(trust->typ);
    if (typ.len == 0 || !cg_span_equal_nocase(short_type(typ), wanted)) {
        CG_FAIL(fault, CG_ERR_AUTHENTICATION, CG_REASON_TOKEN_TYPE_REFUSED, NULL, "RFC 9068 §4");
    }
    return CG_OK;
}

static enum cg_status check_signature(const struct cg_token_trust *trust, const struct cg_jws *jws,
                                      struct cg_fault *fault)
{
    struct cg_verifier *verifier = NULL;
    const struct cg_jwk *jwk = NULL;
    if (jws->kid.len > 0) {
        jwk = cg_key_ring_find(trust->keys, jws->kid, &verifier);
    }
    if (jwk == NULL) {
        CG_FAIL(fault, CG_ERR_AUTHENTICATION, CG_REASON_TOKEN_KEY_UNKNOWN, NULL, "RFC 7515 §4.1.4");
    }
    return cg_jws_verify(jws, verifier, fault);
}

static enum cg_status check_audience(const struct cg_snapshot_realm *realm,
                                     const struct cg_access_token *token, struct cg_fault *fault)
{
    for (size_t i = 0; i < token->api_count; i++) {
        if (cg_snapshot_has_audience(realm, token->apis[i].audience)) {
            return CG_OK;
        }
    }
    CG_FAIL(fault, CG_ERR_AUTHENTICATION, CG_REASON_TOKEN_AUDIENCE_UNKNOWN, NULL, "RFC 9068 §4");
}

/* Our issuers send no nbf; RFC 7519 §4.1.5: where one stands, it MUST be honoured. */
static enum cg_status check_not_before(const struct cg_json_value *root, int64_t now_s,
                                       struct cg_fault *fault)
{
    int64_t not_before_s;
    if (cg_json_member_number(root, "nbf", &not_before_s) == CG_OK && not_before_s > now_s) {
        CG_FAIL(fault, CG_ERR_AUTHENTICATION, CG_REASON_TOKEN_ISSUED_IN_FUTURE, NULL,
                "RFC 7519 §4.1.5");
    }
    return CG_OK;
}

enum cg_status cg_token_check_times(const struct cg_access_token *token, int64_t now_s,
                                    struct cg_fault *fault)
{
    /* RFC 7519 §4.1.4: "on or after" exp it is over. */
    if (now_s >= token->expires_s) {
        CG_FAIL(fault, CG_ERR_AUTHENTICATION, CG_REASON_TOKEN_EXPIRED, NULL, "RFC 7519 §4.1.4");
    }
    if (token->issued_s - CG_TOKEN_ISSUED_SKEW_S > now_s) {
        CG_FAIL(fault, CG_ERR_AUTHENTICATION, CG_REASON_TOKEN_ISSUED_IN_FUTURE, NULL,
                "RFC 7519 §4.1.6");
    }
    return CG_OK;
}

static enum cg_status copy_api(const struct cg_token_api *api, struct cg_arena *arena,
                               struct cg_token_api *copy)
{
    CG_TRY(cg_arena_copy(arena, api->audience, &copy->audience));
    CG_TRY(cg_arena_copy(arena, api->name, &copy->name));
    return cg_arena_copy(arena, api->agreement, &copy->agreement);
}

static enum cg_status copy_token(const struct cg_access_token *token, struct cg_arena *arena,
                                 struct cg_access_token *ret_token)
{
    struct cg_access_token copy = *token;
    CG_TRY(cg_arena_copy(arena, token->issuer, &copy.issuer));
    CG_TRY(cg_arena_copy(arena, token->subject, &copy.subject));
    CG_TRY(cg_arena_copy(arena, token->client_id, &copy.client_id));
    CG_TRY(cg_arena_copy(arena, token->organisation, &copy.organisation));
    CG_TRY(cg_arena_copy(arena, token->scope, &copy.scope));
    CG_TRY(cg_arena_copy(arena, token->token_id, &copy.token_id));
    CG_TRY(cg_arena_copy(arena, token->key_thumbprint, &copy.key_thumbprint));
    CG_TRY(cg_arena_copy(arena, token->certificate_thumbprint, &copy.certificate_thumbprint));
    CG_TRY(cg_arena_copy(arena, token->idp, &copy.idp));
    CG_TRY(cg_arena_copy(arena, token->acr, &copy.acr));
    for (size_t i = 0; i < token->api_count; i++) {
        CG_TRY(copy_api(&token->apis[i], arena, &copy.apis[i]));
    }
    *ret_token = copy;
    return CG_OK;
}

static enum cg_status check_claims(const struct cg_token_trust *trust,
                                   const struct cg_access_token *token, int64_t now_s,
                                   struct cg_fault *fault)
{
    if (!cg_span_equal(token->issuer, trust->issuer)) {
        CG_FAIL(fault, CG_ERR_AUTHENTICATION, CG_REASON_TOKEN_ISSUER_WRONG, NULL, "RFC 9068 §4");
    }
    return cg_token_check_times(token, now_s, fault);
}

static enum cg_status malformed(struct cg_fault *fault)
{
    CG_FAIL(fault, CG_ERR_INPUT, CG_REASON_TOKEN_MALFORMED, NULL, "RFC 9068 §2.2");
}

enum cg_status cg_token_prove(const struct cg_token_trust *trust, struct cg_span compact,
                              int64_t now_s, struct cg_arena *arena, struct cg_fault *fault,
                              struct cg_access_token *ret_token)
{
    struct cg_jws jws;
    CG_TRY(cg_jws_split(compact, arena, fault, &jws));
    CG_TRY(check_type(trust, jws.typ, fault));
    CG_TRY(check_signature(trust, &jws, fault));
    CG_CLEANUP(cg_json_free_at) struct cg_json *json = NULL;
    enum cg_status parsed = cg_json_parse(jws.payload, CG_LIMIT_TOKEN_BYTES, &json);
    if (parsed != CG_OK) {
        return parsed == CG_ERR_INPUT ? malformed(fault) : parsed;
    }
    struct cg_access_token token;
    if (cg_access_token_read(cg_json_root(json), &token) != CG_OK) {
        return malformed(fault);
    }
    CG_TRY(check_claims(trust, &token, now_s, fault));
    CG_TRY(check_not_before(cg_json_root(json), now_s, fault));
    struct cg_access_token copy;
    CG_TRY(copy_token(&token, arena, &copy));
    enum cg_status status = cg_access_token_read_rest(cg_json_root(json), arena, &copy);
    if (status != CG_OK) {
        return status == CG_ERR_INPUT ? malformed(fault) : status;
    }
    *ret_token = copy;
    return CG_OK;
}

enum cg_reason cg_token_reason(enum cg_status status, const struct cg_fault *fault)
{
    if (status == CG_OK || fault->reason != CG_REASON_NONE) {
        return fault->reason;
    }
    return status == CG_ERR_INPUT ? CG_REASON_TOKEN_MALFORMED : CG_REASON_INTERNAL;
}

enum cg_status cg_token_verify(const struct cg_snapshot_realm *realm, struct cg_span compact,
                               int64_t now_s, struct cg_arena *arena, struct cg_fault *fault,
                               struct cg_access_token *ret_token)
{
    struct cg_token_trust trust = {
        .issuer = cg_snapshot_realm_issuer(realm),
        .typ = cg_snapshot_realm_typ(realm),
        .keys = cg_snapshot_realm_keys(realm),
    };
    struct cg_access_token token;
    CG_TRY(cg_token_prove(&trust, compact, now_s, arena, fault, &token));
    CG_TRY(check_audience(realm, &token, fault));
    *ret_token = token;
    return CG_OK;
}
