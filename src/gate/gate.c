/* SPDX-License-Identifier: Apache-2.0 */
#include "base/alloc.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/limits.h"
#include "base/span.h"
#include "base/status.h"
#include "codec/authz_header.h"
#include "codec/form.h"
#include "codec/uri.h"
#include "crypto/keyed_hash.h"
#include "gate/decide.h"
#include "gate/limit.h"
#include "gate/possession.h"
#include "gate/refusals.h"
#include "gate/route.h"
#include "gate/scan.h"
#include "gate/smart.h"
#include "gate/standing.h"
#include "gate/token_cache.h"
#include "token/client_certificate.h"
#include "token/snapshot.h"
#include "token/verify.h"

#include <caregate/gate.h>

#define CACHE_TOKENS_MIN 16

/* One token taken apart: the texts of it, decoded, and again those that are claims. */
#define SCRATCH_BYTES ((size_t)(8 * CG_LIMIT_TOKEN_BYTES))

struct cg_gate {
    struct cg_gate_config config;
    struct cg_snapshot *snapshot; /* owned; NULL until the first is installed */
    uint64_t snapshots;           /* how many were installed: the number of this one */
    int64_t current_s;
    struct cg_token_cache *cache;
    struct cg_keyed_hash *hash; /* of tokens, for the cache */
    struct cg_arena *scratch;
    struct cg_cached_token
        uncached; /* the token last verified, in scratch; used where the cache has no memory */
    struct cg_smart_grant uncached_smart[CG_LIMIT_TOKEN_SCOPES];
    struct cg_gate_scan *scan; /* owned; that the last verdict wants run, until it is taken */
    struct cg_buf needed_scope;
    struct cg_buf details; /* of the token last let through, for the API of its route */
    struct cg_refusals *refusals;
    struct cg_possession *possession;
};

CG_DEFINE_CLEANUP(gate_free_at, struct cg_gate *, cg_gate_free)

enum cg_status cg_gate_new(const struct cg_gate_config *config, struct cg_gate **ret_gate)
{
    if (config->cache_tokens < CACHE_TOKENS_MIN || config->cache_tokens > CG_LIMIT_CACHE_TOKENS ||
        config->snapshot_max_age_s < 1 || config->shared == NULL) {
        return CG_ERR_INPUT;
    }
    struct cg_random random = cg_random_system();
    void *memory;
    CG_TRY(cg_alloc(1, sizeof(struct cg_gate), &memory));
    CG_CLEANUP(gate_free_at) struct cg_gate *gate = memory;
    gate->config = *config;
    gate->uncached.smart = gate->uncached_smart;
    cg_buf_init(&gate->needed_scope, CG_LIMIT_SCOPE_BYTES);
    cg_buf_init(&gate->details, CG_LIMIT_TOKEN_BYTES);
    CG_TRY(cg_token_cache_new(config->cache_tokens, &gate->cache));
    CG_TRY(cg_keyed_hash_new(&random, &gate->hash));
    CG_TRY(cg_arena_new(SCRATCH_BYTES, &gate->scratch));
    CG_TRY(cg_refusals_new(&gate->refusals));
    CG_TRY(cg_possession_new(config->shared, &gate->possession));
    *ret_gate = CG_STEAL(gate);
    return CG_OK;
}

struct cg_gate *cg_gate_free(struct cg_gate *gate)
{
    if (gate == NULL) {
        return NULL;
    }
    (void)cg_gate_scan_free(gate->scan);
    (void)cg_possession_free(gate->possession);
    (void)cg_refusals_free(gate->refusals);
    cg_buf_release(&gate->details);
    cg_buf_release(&gate->needed_scope);
    (void)cg_arena_free(gate->scratch);
    (void)cg_keyed_hash_free(gate->hash);
    (void)cg_token_cache_free(gate->cache);
    (void)cg_snapshot_free(gate->snapshot);
    return cg_release(gate);
}

/*
 * A token proven by a key that is gone must be proven again; a revocation is no reason to. A
 * version that went back means another store (one restored, say), whose generations count from
 * elsewhere.
 */
static bool proofs_stand(const struct cg_snapshot *before, const struct cg_snapshot *after)
{
    return cg_snapshot_keys_generation(before) == cg_snapshot_keys_generation(after) &&
           cg_snapshot_version(before) <= cg_snapshot_version(after);
}

void cg_gate_install(struct cg_gate *gate, struct cg_snapshot *snapshot, int64_t current_s)
{
    if (gate->snapshot != NULL && !proofs_stand(gate->snapshot, snapshot)) {
        cg_token_cache_flush(gate->cache);
    }
    (void)cg_snapshot_free(gate->snapshot);
    gate->snapshot = snapshot;
    gate->snapshots++;
    gate->current_s = current_s;
}

void cg_gate_confirm(struct cg_gate *gate, int64_t current_s)
{
    if (current_s > gate->current_s) {
        gate->current_s = current_s;
    }
}

int64_t cg_gate_snapshot_version(const struct cg_gate *gate)
{
    return gate->snapshot != NULL ? cg_snapshot_version(gate->snapshot) : 0;
}

int64_t cg_gate_snapshot_age_s(const struct cg_gate *gate, int64_t now_s)
{
    return now_s > gate->current_s ? now_s - gate->current_s : 0;
}

static enum cg_reason find_realm(const struct cg_gate *gate, const struct cg_gate_route *route,
                                 int64_t now_s, const struct cg_snapshot_realm **ret_realm)
{
    if (gate->snapshot == NULL) {
        return CG_REASON_SNAPSHOT_MISSING;
    }
    if (cg_gate_snapshot_age_s(gate, now_s) > gate->config.snapshot_max_age_s) {
        return CG_REASON_SNAPSHOT_TOO_OLD;
    }
    const struct cg_snapshot_realm *realm =
        route->realm.data != NULL ? cg_snapshot_find_realm(gate->snapshot, route->realm)
                                  : cg_snapshot_only_realm(gate->snapshot);
    if (realm == NULL) {
        return CG_REASON_GATE_MISCONFIGURED;
    }
    *ret_realm = realm;
    return CG_REASON_NONE;
}

static enum cg_reason find_credentials(const struct cg_gate_request *request,
                                       enum cg_authz_scheme *ret_scheme,
                                       struct cg_span *ret_credentials)
{
    /* RFC 9700 §4.3.2: a token in a query ends in logs and histories, so that it is not taken. */
    if (cg_form_query_has(request->query, "access_token")) {
        return CG_REASON_TOKEN_IN_QUERY;
    }
    struct cg_span credentials;
    enum cg_authz_scheme scheme = cg_authz_scheme_of(request->authorization, &credentials);
    if (scheme != CG_AUTHZ_BEARER && scheme != CG_AUTHZ_DPOP) {
        return CG_REASON_TOKEN_MISSING;
    }
    *ret_scheme = scheme;
    if (credentials.len == 0 || credentials.len > CG_LIMIT_TOKEN_BYTES) {
        return CG_REASON_TOKEN_MALFORMED;
    }
    *ret_credentials = credentials;
    return CG_REASON_NONE;
}

static enum cg_reason verify(struct cg_gate *gate, const struct cg_snapshot_realm *realm,
                             struct cg_span credentials, int64_t now_s)
{
    struct cg_fault fault = {.reason = CG_REASON_NONE};
    struct cg_span compact;
    if (cg_authz_bearer(credentials, &compact) != CG_OK) {
        return CG_REASON_TOKEN_MALFORMED;
    }
    cg_arena_clear(gate->scratch);
    enum cg_status status =
        cg_token_verify(realm, compact, now_s, gate->scratch, &fault, &gate->uncached.token);
    return cg_token_reason(status, &fault);
}

static void show_identity(const struct cg_access_token *token, struct cg_gate_verdict *verdict)
{
    verdict->client_id = token->client_id;
    verdict->subject = token->subject;
    verdict->organisation = token->organisation;
    verdict->scope = token->scope;
    verdict->token_id = token->token_id;
    if (token->behalf.actor_count > 0) {
        verdict->actor = token->behalf.actors[0];
    }
}

/* The entry of the token last verified; without memory for one it serves this request only. */
static struct cg_cached_token *remember(struct cg_gate *gate,
                                        const uint8_t digest[static CG_KEYED_HASH_BYTES])
{
    struct cg_cached_token *entry = &gate->uncached;
    entry->standing.snapshot = 0;
    entry->hash.is_known = false;
    (void)!cg_token_cache_insert(gate->cache, digest, &gate->uncached.token, &entry);
    return entry;
}

/*
 * The proof of a token, from the cache or by its signature; NULL, and why, when there is none. With
 * a proof *ret_reason tells whether its time is right. The digest is of the credentials as they
 * stand: only what has passed the grammar is ever found, so that a hit needs no second look at each
 * character. A token of another realm is found, too, but proves nothing here.
 */
static struct cg_cached_token *prove(struct cg_gate *gate, const struct cg_snapshot_realm *realm,
                                     struct cg_span credentials, int64_t now_s,
                                     enum cg_reason *ret_reason)
{
    uint8_t digest[CG_KEYED_HASH_BYTES];
    if (cg_keyed_hash_of(gate->hash, credentials, digest) != CG_OK) {
        *ret_reason = CG_REASON_INTERNAL;
        return NULL;
    }
    struct cg_cached_token *entry = cg_token_cache_find(gate->cache, digest);
    if (entry != NULL && cg_span_equal(entry->token.issuer, cg_snapshot_realm_issuer(realm))) {
        struct cg_fault fault = {.reason = CG_REASON_NONE};
        *ret_reason = cg_token_reason(cg_token_check_times(&entry->token, now_s, &fault), &fault);
        return entry;
    }
    *ret_reason = verify(gate, realm, credentials, now_s);
    return *ret_reason == CG_REASON_NONE ? remember(gate, digest) : NULL;
}

/* What the snapshot says of the token. */
static struct cg_standing *find_standing(const struct cg_gate *gate,
                                         const struct cg_snapshot_realm *realm,
                                         struct cg_cached_token *entry)
{
    if (entry->standing.snapshot != gate->snapshots) {
        cg_standing_find(realm, &entry->token, gate->snapshots, entry->smart, &entry->standing);
    }
    return &entry->standing;
}

static void show_needed_scope(struct cg_gate *gate, const struct cg_snapshot_realm *realm,
                              const struct cg_gate_route *route, enum cg_method method,
                              struct cg_gate_verdict *verdict)
{
    cg_buf_clear(&gate->needed_scope);
    cg_decide_needed_scope(realm, route, method, &gate->needed_scope);
    struct cg_span needed;
    if (cg_buf_finish(&gate->needed_scope, &needed) == CG_OK) {
        verdict->needed_scope = needed;
    }
}

/* An API that may not be told what it is narrowed to may not be called either. */
static enum cg_reason show_details(struct cg_gate *gate, const struct cg_gate_route *route,
                                   const struct cg_access_token *token,
                                   struct cg_gate_verdict *verdict)
{
    cg_buf_clear(&gate->details);
    cg_access_token_put_api_details(token, route->api, &gate->details);
    return cg_buf_finish(&gate->details, &verdict->details) == CG_OK ? CG_REASON_NONE
                                                                     : CG_REASON_INTERNAL;
}

/* One request with a token that is proven and not denied. */
struct call {
    const struct cg_gate_route *route;
    const struct cg_gate_request *request;
    const struct cg_snapshot_realm *realm;
    struct cg_presented_token presented;
    struct cg_cached_token *entry; /* of the token */
};

/* Only one scan waits to be taken. */
static enum cg_reason want_body(struct cg_gate *gate, const struct call *call,
                                const struct cg_smart_judgement *judgement,
                                const struct cg_smart_grants *grants,
                                struct cg_gate_verdict *verdict)
{
    const struct cg_snapshot_api *api = cg_snapshot_find_api(call->realm, call->route->api);
    struct cg_smart_grants all = *grants;
    all.barred = cg_decide_barred(call->route, api, grants->scope);
    gate->scan = cg_gate_scan_free(gate->scan);
    if (cg_gate_scan_new(judgement->body, &judgement->request, &all, &gate->scan) != CG_OK) {
        return CG_REASON_INTERNAL;
    }
    verdict->wants_body = 1;
    return CG_REASON_NONE;
}

static enum cg_reason ask_smart(struct cg_gate *gate, const struct call *call,
                                struct cg_gate_verdict *verdict)
{
    const struct cg_smart_grants grants = {call->entry->token.scope, call->entry->smart,
                                           call->entry->standing.grant_count, 0};
    struct cg_smart_judgement judgement;
    cg_smart_judge(call->route, call->request, &grants, &judgement);
    if (judgement.reason == CG_REASON_SMART_SCOPE_INSUFFICIENT) {
        cg_buf_clear(&gate->needed_scope);
        cg_smart_write_need(&judgement.lacking, &gate->needed_scope);
        (void)!cg_buf_finish(&gate->needed_scope, &verdict->needed_scope);
    }
    if (judgement.reason == CG_REASON_SCOPE_INSUFFICIENT) {
        show_needed_scope(gate, call->realm, call->route, judgement.barred, verdict);
    }
    return judgement.reason == CG_REASON_NONE && judgement.body != CG_FHIR_BODY_IGNORED
               ? want_body(gate, call, &judgement, &grants, verdict)
               : judgement.reason;
}

struct cg_gate_scan *cg_gate_take_scan(struct cg_gate *gate)
{
    return CG_STEAL(gate->scan);
}

/* Whether what the token says lets this request in. */
static enum cg_reason ask_token(struct cg_gate *gate, const struct call *call,
                                struct cg_gate_verdict *verdict)
{
    enum cg_method method = call->request->method;
    enum cg_reason reason = cg_standing_at(&call->entry->standing, call->realm, call->route,
                                           &call->entry->token, method);
    if (reason == CG_REASON_API_NOT_AGREED || reason == CG_REASON_AGREEMENT_WITHDRAWN ||
        reason == CG_REASON_SCOPE_INSUFFICIENT) {
        show_needed_scope(gate, call->realm, call->route, method, verdict);
    }
    /* The location was chosen by one reading of the path; the API behind may have another. */
    if (reason == CG_REASON_NONE && cg_uri_path_climbs(call->request->path)) {
        return CG_REASON_PATH_AMBIGUOUS;
    }
    if (reason == CG_REASON_NONE && call->route->smart_base.data != NULL) {
        reason = ask_smart(gate, call, verdict);
    }
    if (reason == CG_REASON_NONE && call->entry->token.is_narrowed) {
        return show_details(gate, call->route, &call->entry->token, verdict);
    }
    return reason;
}

/* The agreements under which this request is still to be counted: of most tokens, none. */
static struct cg_limit limit_of(const struct cg_gate *gate, const struct call *call)
{
    const struct cg_cached_token *entry = call->entry;
    struct cg_limit limit = {.throttle = gate->config.throttle,
                             .realm = call->realm,
                             .token = &entry->token,
                             .now_ms = call->request->now_ms};
    if (entry->standing.limited != 0 && limit.throttle != NULL) {
        limit.agreements =
            cg_limit_here(call->realm, call->route, &entry->token, entry->standing.limited) &
            ~call->request->counted;
    }
    return limit;
}

/*
 * Takes what a request uses up. Whether there is room under the agreement is asked before the proof
 * is spent: who is told to come again may bring it again. (Where another worker takes the last room
 * in between, the proof is gone.) A proof that is refused takes nothing of the rate.
 */
static enum cg_reason use_up(const struct cg_gate *gate, const struct call *call,
                             struct cg_gate_verdict *verdict)
{
    struct cg_limit limit = limit_of(gate, call);
    verdict->counted = call->request->counted;
    if (limit.agreements != 0 && call->presented.scheme == CG_AUTHZ_DPOP) {
        verdict->retry_after_s = cg_limit_look(&limit);
    }
    if (verdict->retry_after_s > 0) {
        return CG_REASON_AGREEMENT_RATE_EXCEEDED;
    }
    enum cg_reason reason =
        cg_possession_spend_proof(gate->possession, call->request, &call->presented, verdict);
    if (reason != CG_REASON_NONE || limit.agreements == 0) {
        return reason;
    }
    verdict->retry_after_s = cg_limit_take(&limit);
    if (verdict->retry_after_s > 0) {
        return CG_REASON_AGREEMENT_RATE_EXCEEDED;
    }
    verdict->counted |= limit.agreements;
    return CG_REASON_NONE;
}

/* In this order, so that what is refused anyway uses up nothing. */
static enum cg_reason judge_call(struct cg_gate *gate, const struct call *call,
                                 struct cg_gate_verdict *verdict)
{
    enum cg_reason reason =
        cg_client_certificate_check(&call->request->certificate, call->presented.token);
    if (reason == CG_REASON_NONE) {
        reason =
            cg_possession_check_scheme(gate->possession, call->request, &call->presented, verdict);
    }
    if (reason == CG_REASON_NONE) {
        reason = ask_token(gate, call, verdict);
    }
    /* What depends on a body is decided again once that is read: until then nothing is used up. */
    return reason == CG_REASON_NONE && verdict->wants_body == 0 ? use_up(gate, call, verdict)
                                                                : reason;
}

static enum cg_reason judge(struct cg_gate *gate, const struct cg_gate_route *route,
                            const struct cg_gate_request *request, struct cg_gate_verdict *verdict)
{
    struct call call = {.route = route, .request = request};
    enum cg_reason reason = find_realm(gate, route, request->now_s, &call.realm);
    if (reason != CG_REASON_NONE) {
        return reason;
    }
    verdict->realm = cg_snapshot_realm_path(call.realm);
    verdict->issuer = cg_snapshot_realm_issuer(call.realm);
    reason = find_credentials(request, &call.presented.scheme, &call.presented.compact);
    verdict->uses_dpop = call.presented.scheme == CG_AUTHZ_DPOP;
    if (reason != CG_REASON_NONE) {
        return reason;
    }
    call.entry = prove(gate, call.realm, call.presented.compact, request->now_s, &reason);
    if (call.entry == NULL) {
        return reason;
    }
    call.presented.token = &call.entry->token;
    call.presented.hash = &call.entry->hash;
    show_identity(&call.entry->token, verdict);
    if (reason != CG_REASON_NONE) {
        return reason;
    }
    const struct cg_standing *standing = find_standing(gate, call.realm, call.entry);
    return standing->denied != CG_REASON_NONE ? standing->denied : judge_call(gate, &call, verdict);
}

void cg_gate_decide(struct cg_gate *gate, const struct cg_gate_route *route,
                    const struct cg_gate_request *request, struct cg_gate_verdict *ret_verdict)
{
    *ret_verdict = (struct cg_gate_verdict){.realm = route->realm};
    ret_verdict->reason = judge(gate, route, request, ret_verdict);
}

void cg_gate_note_refusal(struct cg_gate *gate, const struct cg_refusal *refusal)
{
    cg_refusals_note(gate->refusals, refusal);
}

size_t cg_gate_take_refusals(struct cg_gate *gate, int64_t now_s, struct cg_refusal *ret_refusals,
                             size_t max)
{
    return cg_refusals_take(gate->refusals, now_s, ret_refusals, max);
}
