/* SPDX-License-Identifier: Apache-2.0 */
#include "base/alloc.h"
#include "base/buf.h"
#include "base/limits.h"
#include "base/span.h"
#include "base/status.h"
#include "codec/authz_header.h"
#include "gate/challenge.h"
#include "token/client_certificate.h"
#include "token/verify.h"
#include "verify/claims.h"
#include "verify/key_source.h"

#include <caregate/verify.h>
#include <stdio.h>

#define CONFIG_BYTES 16384
#define CHALLENGE_BYTES 2048 /* beside a scope */

struct cg_token_verifier {
    struct cg_arena *arena; /* of the configuration's copies */
    struct cg_span issuer;
    struct cg_span audience;
    struct cg_span api;
    struct cg_span typ;
    struct cg_key_source *keys;
};

CG_DEFINE_CLEANUP(verifier_free_at, struct cg_token_verifier *, cg_token_verifier_free)

static enum cg_status copy_url(struct cg_token_verifier *verifier,
                               const struct cg_token_verifier_config *config,
                               struct cg_span *ret_url)
{
    struct cg_buf url;
    if (config->jwks_url.data != NULL) {
        return cg_arena_copy(verifier->arena, config->jwks_url, ret_url);
    }
    cg_buf_init_arena(&url, verifier->arena, 2 * (size_t)CG_LIMIT_URI_BYTES);
    cg_buf_put(&url, config->issuer);
    cg_buf_put_string(&url, "/oauth/jwks");
    cg_buf_put_byte(&url, 0);
    return cg_buf_finish(&url, ret_url);
}

/* Texts of the arena are followed by a zero. */
static const char *string_of(struct cg_span text)
{
    return (const char *)text.data;
}

static enum cg_status fill(struct cg_token_verifier *verifier,
                           const struct cg_token_verifier_config *config)
{
    struct cg_span url;
    struct cg_span ca_file;
    struct cg_span typ = config->typ.len > 0 ? config->typ : CG_SPAN_OF("JWT");
    CG_TRY(cg_arena_new(CONFIG_BYTES, &verifier->arena));
    CG_TRY(cg_arena_copy(verifier->arena, config->issuer, &verifier->issuer));
    CG_TRY(cg_arena_copy(verifier->arena, config->audience, &verifier->audience));
    CG_TRY(cg_arena_copy(verifier->arena, config->api, &verifier->api));
    CG_TRY(cg_arena_copy(verifier->arena, typ, &verifier->typ));
    CG_TRY(cg_arena_copy(verifier->arena, config->ca_file, &ca_file));
    CG_TRY(copy_url(verifier, config, &url));
    struct cg_key_source_config source = {
        .jwks = config->jwks,
        .url = string_of(url),
        .ca_file = string_of(ca_file),
        .max_age_s = config->keys_max_age_s > 0 ? config->keys_max_age_s : CG_LIMIT_REMOTE_STALE_S,
    };
    return cg_key_source_new(&source, &verifier->keys);
}

static bool is_too_long(const struct cg_token_verifier_config *config)
{
    const struct cg_span texts[] = {config->issuer, config->audience, config->api,
                                    config->typ,    config->jwks_url, config->ca_file};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        if (texts[i].len > CG_LIMIT_URI_BYTES) {
            return true;
        }
    }
    return false;
}

enum cg_status cg_token_verifier_new(const struct cg_token_verifier_config *config,
                                     struct cg_token_verifier **ret_verifier)
{
    void *memory = NULL;
    if (config->issuer.len == 0 || config->audience.len == 0 || is_too_long(config)) {
        return CG_ERR_INPUT;
    }
    CG_TRY(cg_alloc(1, sizeof(struct cg_token_verifier), &memory));
    CG_CLEANUP(verifier_free_at) struct cg_token_verifier *verifier = memory;
    CG_TRY(fill(verifier, config));
    *ret_verifier = CG_STEAL(verifier);
    return CG_OK;
}

struct cg_token_verifier *cg_token_verifier_free(struct cg_token_verifier *verifier)
{
    if (verifier == NULL) {
        return NULL;
    }
    (void)cg_key_source_free(verifier->keys);
    (void)cg_arena_free(verifier->arena);
    return cg_release(verifier);
}

/* A token as it came. */
struct presented {
    enum cg_authz_scheme scheme;
    struct cg_span compact;
};

static enum cg_reason find_token(const struct cg_token_call *call, struct presented *presented)
{
    struct cg_span credentials = call->token;
    presented->scheme = CG_AUTHZ_BEARER;
    if (call->authorization.data != NULL) {
        presented->scheme = cg_authz_scheme_of(call->authorization, &credentials);
    }
    bool is_token = presented->scheme == CG_AUTHZ_BEARER || presented->scheme == CG_AUTHZ_DPOP;
    if (!is_token || credentials.data == NULL) {
        return CG_REASON_TOKEN_MISSING;
    }
    return cg_authz_bearer(credentials, &presented->compact) == CG_OK ? CG_REASON_NONE
                                                                      : CG_REASON_TOKEN_MALFORMED;
}

static enum cg_reason prove(struct cg_token_verifier *verifier, struct cg_span compact,
                            int64_t now_s, struct cg_token_claims *claims)
{
    struct cg_shelf_ring *ring = NULL;
    struct cg_fault fault = {.reason = CG_REASON_NONE};
    enum cg_reason reason = cg_key_source_take(verifier->keys, now_s, &ring);
    if (reason != CG_REASON_NONE) {
        return reason;
    }
    const struct cg_token_trust trust = {verifier->issuer, verifier->typ, ring->keys};
    enum cg_status status =
        cg_token_prove(&trust, compact, now_s, claims->arena, &fault, &claims->token);
    cg_key_source_give(verifier->keys, ring);
    return cg_token_reason(status, &fault);
}

/* Where the token names this API; api_count: nowhere. aud and apis are in the same order. */
static size_t find_api(const struct cg_token_verifier *verifier,
                       const struct cg_access_token *token)
{
    size_t at = 0;
    while (at < token->api_count &&
           (!cg_span_equal(token->apis[at].audience, verifier->audience) ||
            (verifier->api.len > 0 && !cg_span_equal(token->apis[at].name, verifier->api)))) {
        at++;
    }
    return at;
}

static enum cg_reason check_possession(const struct cg_token_call *call,
                                       const struct presented *presented,
                                       const struct cg_access_token *token)
{
    struct cg_client_certificate certificate = {.der = call->certificate};
    /* RFC 9449 §7.2: a bound token received as a bearer token MUST be rejected. */
    if (token->key_thumbprint.len > 0) {
        return CG_REASON_TOKEN_BOUND;
    }
    if (presented->scheme == CG_AUTHZ_DPOP) {
        return CG_REASON_TOKEN_NOT_BOUND;
    }
    return cg_client_certificate_check(&certificate, token);
}

static enum cg_reason judge(struct cg_token_verifier *verifier, const struct cg_token_call *call,
                            struct cg_token_claims *claims)
{
    struct presented presented;
    enum cg_reason reason = find_token(call, &presented);
    if (reason == CG_REASON_NONE) {
        reason = prove(verifier, presented.compact, call->now_s, claims);
    }
    if (reason != CG_REASON_NONE) {
        return reason;
    }
    size_t at = find_api(verifier, &claims->token);
    if (at == claims->token.api_count) {
        return CG_REASON_TOKEN_AUDIENCE_UNKNOWN;
    }
    reason = check_possession(call, &presented, &claims->token);
    if (reason == CG_REASON_NONE &&
        cg_token_claims_keep_details(claims, claims->token.apis[at].name) != CG_OK) {
        return CG_REASON_INTERNAL;
    }
    return reason;
}

enum cg_reason cg_token_verifier_check(struct cg_token_verifier *verifier,
                                       const struct cg_token_call *call,
                                       struct cg_token_claims **ret_claims)
{
    CG_CLEANUP(cg_token_claims_free_at) struct cg_token_claims *claims = NULL;
    if (cg_token_claims_new(&claims) != CG_OK) {
        return CG_REASON_INTERNAL;
    }
    enum cg_reason reason = judge(verifier, call, claims);
    if (reason == CG_REASON_TOKEN_KEY_UNKNOWN) {
        cg_key_source_note_unknown(verifier->keys);
    }
    if (reason == CG_REASON_NONE) {
        *ret_claims = CG_STEAL(claims);
    }
    return reason;
}

unsigned cg_token_verifier_wants_keys(struct cg_token_verifier *verifier, int64_t now_s)
{
    return cg_key_source_wants(verifier->keys, now_s) ? 1 : 0;
}

enum cg_status cg_token_verifier_fetch_keys(struct cg_token_verifier *verifier, int64_t now_s)
{
    return cg_key_source_fetch(verifier->keys, now_s);
}

enum cg_reason cg_token_verifier_check_blocking(struct cg_token_verifier *verifier,
                                                const struct cg_token_call *call,
                                                struct cg_token_claims **ret_claims)
{
    /* What becomes of a fetch shows in the check: old keys may do, for a while. */
    (void)!cg_key_source_fetch(verifier->keys, call->now_s);
    enum cg_reason reason = cg_token_verifier_check(verifier, call, ret_claims);
    if (reason != CG_REASON_TOKEN_KEY_UNKNOWN) {
        return reason;
    }
    (void)!cg_key_source_fetch(verifier->keys, call->now_s);
    return cg_token_verifier_check(verifier, call, ret_claims);
}

void cg_token_verifier_trouble(struct cg_token_verifier *verifier, char *text, size_t size)
{
    cg_key_source_trouble(verifier->keys, text, size);
}

unsigned cg_token_refusal_status(enum cg_reason reason)
{
    return cg_challenge_status(reason);
}

enum cg_status cg_token_refusal_challenge(const struct cg_token_verifier *verifier,
                                          enum cg_reason reason, struct cg_span scope, char *text,
                                          size_t size)
{
    const struct cg_gate_verdict verdict = {
        .reason = reason, .realm = verifier->issuer, .needed_scope = scope};
    CG_CLEANUP(cg_buf_release) struct cg_buf buf;
    struct cg_span value;
    cg_buf_init(&buf, CG_LIMIT_SCOPE_BYTES + CHALLENGE_BYTES);
    cg_challenge_write(&verdict, &buf);
    CG_TRY(cg_buf_finish(&buf, &value));
    if (value.len == 0) {
        return CG_ERR_NOT_FOUND;
    }
    if (value.len >= size) {
        return CG_ERR_LIMIT;
    }
    (void)snprintf(text, size, "%.*s", CG_SPAN_ARGS(value));
    return CG_OK;
}
