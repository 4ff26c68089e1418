/* SPDX-License-Identifier: Apache-2.0 */
#include "feed/explain.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/span.h"
#include "codec/base64url.h"
#include "feed/explain_smart.h"
#include "feed/feed.h"
#include "gate/decide.h"
#include "registry/agreement.h"
#include "registry/api.h"
#include "registry/grant.h"
#include "registry/realm.h"
#include "registry/record_load.h"
#include "registry/signing_key.h"
#include "token/client_certificate.h"
#include "token/scope.h"
#include "token/scope_holder.h"
#include "token/smart.h"
#include "token/verify.h"

#define DETAIL_BYTES 4096

struct explaining {
    struct cg_store *store;
    const struct cg_explain_question *question;
    struct cg_arena *arena;
    const struct cg_snapshot *snapshot;
    const struct cg_snapshot_realm *realm;
    struct cg_gate_route *route;
    struct cg_explanation *explanation;
};

/* Adds a rule; the first that did not hold gives the reason. */
static void step(struct explaining *explaining, const char *rule, enum cg_reason reason,
                 struct cg_span detail)
{
    struct cg_explanation *explanation = explaining->explanation;
    if (explanation->step_count == CG_EXPLAIN_STEPS_MAX) {
        return;
    }
    explanation->steps[explanation->step_count++] = (struct cg_explain_step){
        .rule = cg_span_of_string(rule),
        .held = reason == CG_REASON_NONE,
        .detail = detail,
    };
    if (explanation->reason == CG_REASON_NONE) {
        explanation->reason = reason;
    }
}

static struct cg_span detail_of(enum cg_reason reason)
{
    return reason == CG_REASON_NONE ? (struct cg_span){NULL, 0}
                                    : cg_span_of_string(cg_reason_text(reason));
}

static enum cg_reason fails(bool held, enum cg_reason reason)
{
    return held ? CG_REASON_NONE : reason;
}

/* "until 2026-01-31T12:00:00Z", or the other words when there is no end. */
static enum cg_status until(struct cg_arena *arena, const char *word, int64_t until_s,
                            const char *endless, struct cg_span *ret_text)
{
    struct cg_buf buf;
    cg_buf_init_arena(&buf, arena, DETAIL_BYTES);
    if (until_s == 0 || until_s == INT64_MAX) {
        cg_buf_put_string(&buf, endless);
    } else {
        char time[CG_TIME_TEXT_BYTES];
        cg_time_format(until_s, time);
        cg_buf_put_string(&buf, word);
        cg_buf_put_byte(&buf, ' ');
        cg_buf_put_string(&buf, time);
    }
    return cg_buf_finish(&buf, ret_text);
}

static void explain_places(struct explaining *explaining)
{
    const struct cg_explain_question *question = explaining->question;
    explaining->realm = cg_snapshot_find_realm(explaining->snapshot, question->realm);
    bool known = explaining->realm != NULL;
    step(explaining, "the realm exists and has an issuer URL",
         fails(known, CG_REASON_GATE_MISCONFIGURED), (struct cg_span){NULL, 0});
    bool served = known && cg_snapshot_find_api(explaining->realm, question->api) != NULL;
    step(explaining, "the API is one of the realm, in service",
         fails(served, CG_REASON_GATE_MISCONFIGURED), question->api);
}

static enum cg_status explain_secret(struct explaining *explaining,
                                     const struct cg_client_record *record)
{
    struct cg_span detail = CG_SPAN_OF("none");
    if (record->secret_count > 0) {
        const struct cg_record_secret *last = &record->secrets[record->secret_count - 1];
        CG_TRY(until(explaining->arena, "the newest until", last->expires_s,
                     "the newest has no end", &detail));
    }
    step(explaining, "the client has a valid secret",
         fails(record->secret_count > 0, CG_REASON_CLIENT_AUTHENTICATION_FAILED), detail);
    return CG_OK;
}

/* What the client proves itself with, where that is no secret. */
static void explain_keys(struct explaining *explaining, const struct cg_client_record *record)
{
    bool has_one = false;
    for (size_t i = 0; i < record->key_count; i++) {
        unsigned kind = 1U << (unsigned)record->keys[i].kind;
        has_one = has_one || (kind & cg_client_key_kinds_for(record->client.auth)) != 0;
    }
    step(explaining, "the client has a key, certificate or name to prove itself by",
         fails(has_one, CG_REASON_CLIENT_AUTHENTICATION_FAILED),
         cg_client_auth_name(record->client.auth));
}

/* What its tokens are good together with; no rule can fail here. */
static enum cg_status explain_binding(struct explaining *explaining, const struct cg_client *client)
{
    static const char *const details[] = {
        [CG_CLIENT_BIND_DPOP] = "it asks for them, and calls, with a proof by its key (DPoP)",
        [CG_CLIENT_BIND_MTLS] = "it asks for them, and calls, with the same TLS certificate",
    };
    struct cg_realm realm;
    CG_TRY(
        cg_realm_find(explaining->store, explaining->question->realm, explaining->arena, &realm));
    struct cg_span profile = client->profile.data != NULL ? client->profile : realm.profile;
    enum cg_client_bind binding = cg_client_binding(client, cg_profile_find(profile));
    if (binding != CG_CLIENT_BIND_NONE) {
        step(explaining, "the client's tokens are bound to it", CG_REASON_NONE,
             cg_span_of_string(details[binding]));
    }
    return CG_OK;
}

static enum cg_status explain_client(struct explaining *explaining,
                                     const struct cg_client_record *record)
{
    enum cg_client_state state = record->client.state;
    step(explaining, "the client is active",
         fails(state == CG_CLIENT_ACTIVE, CG_REASON_CLIENT_SUSPENDED),
         cg_span_of_string(cg_client_state_name(state)));
    if (record->client.auth == CG_CLIENT_AUTH_SECRET) {
        CG_TRY(explain_secret(explaining, record));
    } else {
        explain_keys(explaining, record);
    }
    bool granted =
        cg_scope_text_has(record->client.grants, cg_grant_type(CG_GRANT_CLIENT_CREDENTIALS));
    step(explaining, "the client may use the grant client_credentials",
         fails(granted, CG_REASON_GRANT_NOT_ALLOWED), record->client.grants);
    return explain_binding(explaining, &record->client);
}

static enum cg_status explain_key(struct explaining *explaining)
{
    struct cg_signing_key key = {.kid = {NULL, 0}};
    int64_t until_s = 0;
    enum cg_status status =
        cg_signing_key_current(explaining->store, explaining->question->realm,
                               explaining->question->now_s, explaining->arena, &key, &until_s);
    if (status != CG_OK && status != CG_ERR_NOT_FOUND) {
        return status;
    }
    step(explaining, "the realm has a key that signs",
         fails(status == CG_OK, CG_REASON_SIGNING_KEY_UNAVAILABLE), key.kid);
    return CG_OK;
}

static bool is_in_force(const struct cg_record_agreement *agreement, int64_t now_s)
{
    return agreement->from_s <= now_s && (agreement->until_s == 0 || now_s < agreement->until_s);
}

/* What there is of agreements for the API, in words, when none is in force. */
struct outlook {
    struct cg_span api;
    int64_t now_s;
    struct cg_buf words;
    bool withdrawn;
};

static enum cg_status note_agreement(void *context, const void *row)
{
    struct outlook *outlook = context;
    const struct cg_agreement *agreement = row;
    if (!cg_span_equal(agreement->api, outlook->api)) {
        return CG_OK;
    }
    outlook->withdrawn = outlook->withdrawn || agreement->state == CG_AGREEMENT_WITHDRAWN;
    cg_buf_put_string(&outlook->words, outlook->words.len > 0 ? ", " : "");
    cg_buf_put(&outlook->words, agreement->id);
    cg_buf_put_byte(&outlook->words, ' ');
    cg_buf_put_string(&outlook->words, cg_agreement_state_name(agreement, outlook->now_s));
    return CG_OK;
}

static enum cg_status explain_no_agreement(struct explaining *explaining)
{
    const struct cg_explain_question *question = explaining->question;
    struct outlook outlook = {.api = question->api, .now_s = question->now_s};
    cg_buf_init_arena(&outlook.words, explaining->arena, DETAIL_BYTES);
    CG_TRY(cg_agreement_list(explaining->store, question->realm, question->client_id,
                             explaining->arena, note_agreement, &outlook));
    if (outlook.words.len == 0) {
        cg_buf_put_string(&outlook.words, "none was ever requested");
    }
    struct cg_span detail = {NULL, 0};
    CG_TRY(cg_buf_finish(&outlook.words, &detail));
    step(explaining, "an agreement for the API is in force",
         outlook.withdrawn ? CG_REASON_AGREEMENT_WITHDRAWN : CG_REASON_API_NOT_AGREED, detail);
    return CG_OK;
}

static void put_codes(struct cg_buf *buf, const char *name, struct cg_span codes)
{
    if (codes.len > 0) {
        cg_buf_put_string(buf, buf->len > 0 ? "; " : "");
        cg_buf_put_string(buf, name);
        cg_buf_put_byte(buf, ' ');
        cg_buf_put(buf, codes);
    }
}

/* What the API behind is told that it may give; no rule can fail here. */
static enum cg_status explain_narrowing(struct explaining *explaining,
                                        const struct cg_record_agreement *agreement)
{
    struct cg_buf buf;
    cg_buf_init_arena(&buf, explaining->arena, DETAIL_BYTES);
    put_codes(&buf, "document types", agreement->document_types);
    put_codes(&buf, "organisations", agreement->organisations);
    if (buf.len == 0) {
        return CG_OK;
    }
    struct cg_span detail = {NULL, 0};
    CG_TRY(cg_buf_finish(&buf, &detail));
    step(explaining, "the agreement narrows what the API may give", CG_REASON_NONE, detail);
    return CG_OK;
}

/* What of an agreement's scopes the client gets that asks for itself. */
static enum cg_status leave_for_system(struct cg_span agreed, struct cg_arena *arena,
                                       struct cg_span *ret_scope)
{
    struct cg_buf buf;
    struct cg_span rest = agreed.len > 0 ? agreed : (struct cg_span){NULL, 0};
    struct cg_span scope;
    cg_buf_init_arena(&buf, arena, CG_LIMIT_REGISTRY_LOAD_BYTES);
    while (cg_span_split(&rest, ' ', &scope)) {
        if (cg_scope_holder_may(&cg_scope_holder_system, scope)) {
            cg_buf_put_string(&buf, buf.len > 0 ? " " : "");
            cg_buf_put(&buf, scope);
        }
    }
    return cg_buf_finish(&buf, ret_scope);
}

static enum cg_status explain_holder(struct explaining *explaining, struct cg_span agreed)
{
    struct cg_span own = {NULL, 0};
    CG_TRY(leave_for_system(agreed, explaining->arena, &own));
    if (own.len < agreed.len) {
        step(explaining, "one of them is for systems, not for people alone",
             fails(own.len > 0, CG_REASON_SCOPE_NOT_AGREED),
             own.len > 0 ? own : CG_SPAN_OF("none: exchange the ID token of a person"));
    }
    return CG_OK;
}

static enum cg_status explain_agreement(struct explaining *explaining,
                                        const struct cg_client_record *record)
{
    const struct cg_record_agreement *found = NULL;
    for (size_t i = 0; i < record->agreement_count && found == NULL; i++) {
        const struct cg_record_agreement *agreement = &record->agreements[i];
        bool named = cg_span_equal(agreement->api, explaining->question->api);
        found = named && is_in_force(agreement, explaining->question->now_s) ? agreement : NULL;
    }
    if (found == NULL) {
        return explain_no_agreement(explaining);
    }
    struct cg_span detail = {NULL, 0};
    CG_TRY(until(explaining->arena, "until", found->until_s, "without end", &detail));
    step(explaining, "an agreement for the API is in force", CG_REASON_NONE, detail);
    step(explaining, "the agreement gives at least one scope that the API has",
         fails(found->scope.len > 0, CG_REASON_SCOPE_NOT_AGREED), found->scope);
    CG_TRY(explain_holder(explaining, found->scope));
    return explain_narrowing(explaining, found);
}

static enum cg_method method_of(const struct cg_explain_question *question)
{
    return question->method.data == NULL ? CG_METHOD_GET : cg_method_of(question->method);
}

static enum cg_status words(struct cg_arena *arena, const char *text, struct cg_span name,
                            struct cg_span *ret_words)
{
    struct cg_buf buf;
    cg_buf_init_arena(&buf, arena, DETAIL_BYTES);
    cg_buf_put_string(&buf, text);
    cg_buf_put(&buf, name);
    return cg_buf_finish(&buf, ret_words);
}

/* What must come with the token; no rule can fail here. */
static enum cg_status explain_confirmation(struct explaining *explaining,
                                           const struct cg_access_token *token)
{
    const struct {
        struct cg_span thumbprint;
        const char *rule;
        const char *detail;
    } rows[] = {
        {token->certificate_thumbprint, "the token is bound to a certificate",
         "it comes over TLS with the certificate whose x5t#S256 is "},
        {token->key_thumbprint, "the token is bound to a key",
         "it comes as \"Authorization: DPoP\", with a new proof each time by the key whose jkt "
         "is "},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct cg_span detail = {NULL, 0};
        if (rows[i].thumbprint.len > 0) {
            CG_TRY(words(explaining->arena, rows[i].detail, rows[i].thumbprint, &detail));
            step(explaining, rows[i].rule, CG_REASON_NONE, detail);
        }
    }
    return CG_OK;
}

/* The certificate at hand, by the gate's own rule. */
static enum cg_status explain_certificate(struct explaining *explaining,
                                          const struct cg_access_token *token)
{
    const struct cg_client_certificate shown = {.der = explaining->question->certificate};
    uint8_t digest[CG_SHA256_BYTES];
    struct cg_span detail = CG_SPAN_OF("the token is bound to none");
    if (shown.der.data == NULL) {
        return CG_OK;
    }
    if (token->certificate_thumbprint.len > 0) {
        struct cg_buf buf;
        struct cg_span text = {NULL, 0};
        CG_TRY(cg_client_certificate_digest(&shown, digest));
        cg_buf_init_arena(&buf, explaining->arena, DETAIL_BYTES);
        cg_base64url_encode(cg_span_of_bytes(digest, sizeof(digest)), &buf);
        CG_TRY(cg_buf_finish(&buf, &text));
        CG_TRY(words(explaining->arena, "its x5t#S256 is ", text, &detail));
    }
    step(explaining, "the token may come with this certificate",
         cg_client_certificate_check(&shown, token), detail);
    return CG_OK;
}

/* Who acts for whom; no rule can fail here. */
static enum cg_status explain_behalf(struct explaining *explaining,
                                     const struct cg_token_behalf *behalf)
{
    struct cg_buf buf;
    struct cg_span detail = {NULL, 0};
    cg_buf_init_arena(&buf, explaining->arena, DETAIL_BYTES);
    cg_buf_put(&buf, behalf->actors[0]);
    if (behalf->client_id.len > 0) {
        cg_buf_put_string(&buf, " for ");
        cg_buf_put(&buf, behalf->client_id);
        cg_buf_put_string(&buf, ", by its token ");
        cg_buf_put(&buf, behalf->token_id);
    }
    CG_TRY(cg_buf_finish(&buf, &detail));
    step(explaining, "the token was exchanged: who calls acts for another", CG_REASON_NONE, detail);
    return CG_OK;
}

/* Where SMART scopes decide. */
static enum cg_status explain_smart(struct explaining *explaining,
                                    const struct cg_access_token *token)
{
    const struct cg_explain_smart call = {
        .route = explaining->route,
        .api = cg_snapshot_find_api(explaining->realm, explaining->question->api),
        .token = token,
        .method = method_of(explaining->question),
        .target = explaining->question->target,
        .body = explaining->question->body,
    };
    enum cg_reason reason = CG_REASON_NONE;
    struct cg_span detail = {NULL, 0};
    if (explaining->route->smart_base.data == NULL) {
        return CG_OK;
    }
    CG_TRY(cg_explain_smart(&call, explaining->arena, &reason, &detail));
    step(explaining, "its SMART scopes open what the FHIR request reaches", reason, detail);
    return CG_OK;
}

/* The gate's own rules, in its order, on a token whose signature needs no doubt. */
static enum cg_status explain_gate(struct explaining *explaining,
                                   const struct cg_access_token *token)
{
    if (token->behalf.actor_count > 0) {
        CG_TRY(explain_behalf(explaining, &token->behalf));
    }
    enum cg_reason denied = cg_decide_denylist(explaining->realm, token);
    step(explaining, "neither the token nor its client is on the denylist", denied,
         detail_of(denied));
    CG_TRY(explain_confirmation(explaining, token));
    CG_TRY(explain_certificate(explaining, token));
    enum cg_method method = method_of(explaining->question);
    enum cg_reason reason = cg_decide(explaining->realm, explaining->route, token, method);
    struct cg_span detail = detail_of(reason);
    if (reason == CG_REASON_SCOPE_INSUFFICIENT) {
        struct cg_buf buf;
        cg_buf_init_arena(&buf, explaining->arena, DETAIL_BYTES);
        cg_buf_put_string(&buf, "one of these is needed: ");
        cg_decide_needed_scope(explaining->realm, explaining->route, method, &buf);
        CG_TRY(cg_buf_finish(&buf, &detail));
    }
    step(explaining, "the token names the API, by an agreement that stands, with a scope of it",
         reason, detail);
    CG_TRY(explain_smart(explaining, token));
    if (!token->is_narrowed) {
        return CG_OK;
    }
    struct cg_buf details;
    cg_buf_init_arena(&details, explaining->arena, CG_LIMIT_TOKEN_BYTES);
    cg_access_token_put_api_details(token, explaining->question->api, &details);
    if (details.len > 0) {
        CG_TRY(cg_buf_finish(&details, &detail));
        step(explaining, "the token narrows what the API may give", CG_REASON_NONE, detail);
    }
    return CG_OK;
}

/* Whether a token for the API has SMART scopes, and so is for no other: its client would ask for it
 * by resource (RFC 8707). */
static bool is_for_one(const struct explaining *explaining, const struct cg_client_record *record)
{
    bool found = false;
    for (size_t i = 0; i < record->agreement_count && !found; i++) {
        const struct cg_record_agreement *agreement = &record->agreements[i];
        struct cg_span rest = agreement->scope;
        struct cg_span scope;
        bool named = cg_span_equal(agreement->api, explaining->question->api) &&
                     is_in_force(agreement, explaining->question->now_s);
        while (named && !found && cg_span_split(&rest, ' ', &scope)) {
            found = cg_smart_looks(scope);
        }
    }
    return found;
}

/* What the issuer would put into a token that asks for all that is agreed. */
static enum cg_status make_token(const struct explaining *explaining,
                                 const struct cg_client_record *record,
                                 struct cg_access_token *ret_token)
{
    struct cg_access_token token = {
        .client_id = record->client.id,
        .epoch = record->client.epoch,
        .token_id = CG_SPAN("-"),
    };
    struct cg_buf scope;
    bool one = is_for_one(explaining, record);
    cg_buf_init_arena(&scope, explaining->arena, CG_LIMIT_REGISTRY_LOAD_BYTES);
    for (size_t i = 0; i < record->agreement_count; i++) {
        const struct cg_record_agreement *agreement = &record->agreements[i];
        struct cg_span own = {NULL, 0};
        if (one && !cg_span_equal(agreement->api, explaining->question->api)) {
            continue;
        }
        CG_TRY(leave_for_system(agreement->scope, explaining->arena, &own));
        bool given = is_in_force(agreement, explaining->question->now_s) && own.len > 0;
        if (!given || token.api_count == CG_LIMIT_TOKEN_APIS) {
            continue;
        }
        cg_buf_put_string(&scope, scope.len > 0 ? " " : "");
        cg_buf_put(&scope, own);
        token.apis[token.api_count++] = (struct cg_token_api){
            .audience = agreement->audience, .name = agreement->api, .agreement = agreement->id};
    }
    CG_TRY(cg_buf_finish(&scope, &token.scope));
    *ret_token = token;
    return CG_OK;
}

static enum cg_status explain_for_client(struct explaining *explaining)
{
    const struct cg_explain_question *question = explaining->question;
    struct cg_client_query query = {
        .realm = question->realm, .id = question->client_id, .now_s = question->now_s};
    struct cg_client_record record;
    enum cg_status found = cg_record_load(explaining->store, &query, explaining->arena, &record);
    if (found != CG_OK && found != CG_ERR_NOT_FOUND) {
        return found;
    }
    step(explaining, "the client exists in the realm",
         fails(found == CG_OK, CG_REASON_CLIENT_AUTHENTICATION_FAILED), question->client_id);
    CG_TRY(explain_key(explaining));
    if (found != CG_OK) {
        return CG_OK;
    }
    CG_TRY(explain_client(explaining, &record));
    CG_TRY(explain_agreement(explaining, &record));
    if (explaining->explanation->reason != CG_REASON_NONE) {
        return CG_OK;
    }
    struct cg_access_token token;
    CG_TRY(make_token(explaining, &record, &token));
    return explain_gate(explaining, &token);
}

static enum cg_status explain_for_token(struct explaining *explaining)
{
    const struct cg_explain_question *question = explaining->question;
    if (explaining->realm == NULL) {
        return CG_OK;
    }
    struct cg_fault fault = {.reason = CG_REASON_NONE};
    struct cg_access_token token;
    enum cg_status status = cg_token_verify(explaining->realm, question->token, question->now_s,
                                            explaining->arena, &fault, &token);
    if (status != CG_OK && fault.reason == CG_REASON_NONE) {
        return status;
    }
    struct cg_span detail = detail_of(fault.reason);
    if (status == CG_OK) {
        CG_TRY(until(explaining->arena, "good until", token.expires_s, "", &detail));
    }
    step(explaining, "the token is this realm's: form, key, signature, issuer, audience and times",
         fault.reason, detail);
    return status == CG_OK ? explain_gate(explaining, &token) : CG_OK;
}

static enum cg_status make_route(struct explaining *explaining, struct cg_fault *fault)
{
    struct cg_gate_route_config config = {
        .realm = explaining->question->realm,
        .api = explaining->question->api,
        .rules = explaining->question->rules,
        .rule_count = explaining->question->rule_count,
        .smart_base = explaining->question->smart_base,
        .operations = explaining->question->operations,
        .operation_count = explaining->question->operation_count,
        .body_max_bytes = explaining->question->body_max_bytes,
    };
    const char *message = NULL;
    enum cg_status status = cg_gate_route_new(&config, &explaining->route, &message);
    if (status == CG_ERR_INPUT) {
        CG_FAIL(fault, status, CG_REASON_NONE, message, NULL);
    }
    return status;
}

static enum cg_status explain(struct explaining *explaining, struct cg_fault *fault)
{
    CG_TRY(make_route(explaining, fault));
    explain_places(explaining);
    return explaining->question->token.data != NULL ? explain_for_token(explaining)
                                                    : explain_for_client(explaining);
}

enum cg_status cg_explain_within(struct cg_store *store, const struct cg_snapshot *snapshot,
                                 const struct cg_explain_question *question, struct cg_arena *arena,
                                 struct cg_fault *fault, struct cg_explanation *ret_explanation)
{
    if (question->token.data == NULL && question->client_id.data == NULL) {
        CG_FAIL(fault, CG_ERR_INPUT, CG_REASON_NONE, "name a client or give a token", NULL);
    }
    struct cg_explanation explanation = {.reason = CG_REASON_NONE};
    struct explaining explaining = {store, question, arena, snapshot, NULL, NULL, &explanation};
    enum cg_status status = explain(&explaining, fault);
    (void)cg_gate_route_free(explaining.route);
    CG_TRY(status);
    *ret_explanation = explanation;
    return CG_OK;
}

enum cg_status cg_explain(struct cg_store *store, const struct cg_explain_question *question,
                          struct cg_arena *arena, struct cg_fault *fault,
                          struct cg_explanation *ret_explanation)
{
    struct cg_snapshot *snapshot = NULL;
    int64_t changes_s = 0;
    CG_TRY(cg_store_begin_read(store));
    enum cg_status status = cg_feed_build(store, question->now_s, &snapshot, &changes_s);
    if (status == CG_OK) {
        status = cg_explain_within(store, snapshot, question, arena, fault, ret_explanation);
    }
    cg_store_rollback(store);
    (void)cg_snapshot_free(snapshot);
    return status;
}
