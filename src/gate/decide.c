/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/decide.h"

#include "base/span.h"
#include "token/scope.h"
#include "token/smart.h"

_Static_assert(CG_LIMIT_TOKEN_APIS <= 32, "one bit for each agreement of a token");

enum cg_reason cg_decide_denylist(const struct cg_snapshot_realm *realm,
                                  const struct cg_access_token *token)
{
    const struct cg_token_behalf *behalf = &token->behalf;
    bool is_exchanged = behalf->client_id.len > 0;
    if (cg_snapshot_denies_token(realm, token->token_id) ||
        (is_exchanged && cg_snapshot_denies_token(realm, behalf->token_id))) {
        return CG_REASON_TOKEN_REVOKED;
    }
    if (cg_snapshot_denies_client(realm, token->client_id, token->epoch) ||
        (is_exchanged && cg_snapshot_denies_client(realm, behalf->client_id, behalf->epoch))) {
        return CG_REASON_CLIENT_SUSPENDED;
    }
    return CG_REASON_NONE;
}

uint32_t cg_decide_withdrawn(const struct cg_snapshot_realm *realm,
                             const struct cg_access_token *token)
{
    uint32_t withdrawn = 0;
    struct cg_span rest = token->behalf.agreements;
    for (size_t i = 0; i < token->api_count; i++) {
        struct cg_span shared;
        bool is_shared = cg_span_split(&rest, ' ', &shared);
        if (cg_snapshot_denies_agreement(realm, token->apis[i].agreement) ||
            (is_shared && cg_snapshot_denies_agreement(realm, shared))) {
            withdrawn |= UINT32_C(1) << i;
        }
    }
    return withdrawn;
}

/* Bits of the places at which the token names this API, by aud and by apis both. */
uint32_t cg_decide_places(const struct cg_snapshot_api *api, const struct cg_access_token *token)
{
    uint32_t places = 0;
    for (size_t i = 0; i < token->api_count; i++) {
        if (cg_span_equal(token->apis[i].name, api->name) &&
            cg_span_equal(token->apis[i].audience, api->audience)) {
            places |= UINT32_C(1) << i;
        }
    }
    return places;
}

bool cg_decide_is_for_one(const struct cg_snapshot_api *api, const struct cg_access_token *token)
{
    for (size_t i = 0; i < token->api_count; i++) {
        if (!cg_span_equal(token->apis[i].name, api->name) ||
            !cg_span_equal(token->apis[i].audience, api->audience)) {
            return false;
        }
    }
    return token->api_count > 0;
}

/* RFC 9110 §9.3.2: HEAD asks for what GET would tell, so that a rule for GET holds for it too. */
static bool covers(const struct cg_route_rule *rule, enum cg_method method)
{
    unsigned asked = (unsigned)method;
    if (method == CG_METHOD_HEAD) {
        asked |= CG_METHOD_GET;
    }
    return (rule->methods & asked) != 0;
}

/* A scope of another API of the same token never counts here, even where a rule names it. */
static bool rule_is_met(const struct cg_route_rule *rule, const struct cg_snapshot_api *api,
                        struct cg_span scope)
{
    for (size_t i = 0; i < rule->scope_count; i++) {
        if (cg_scope_text_has(scope, rule->scopes[i]) &&
            cg_scope_text_has(api->scope, rule->scopes[i])) {
            return true;
        }
    }
    return false;
}

/* SMART scopes open single interactions: where nobody reads those, none of them opens it all. */
static bool has_any_scope(const struct cg_snapshot_api *api, struct cg_span scope)
{
    struct cg_span rest = api->scope;
    struct cg_span token;
    while (cg_span_split(&rest, ' ', &token)) {
        if (!cg_smart_looks(token) && cg_scope_text_has(scope, token)) {
            return true;
        }
    }
    return false;
}

static bool scope_suffices(const struct cg_gate_route *route, const struct cg_snapshot_api *api,
                           struct cg_span scope, enum cg_method method)
{
    bool covered = false;
    for (size_t i = 0; i < route->rule_count; i++) {
        if (!covers(&route->rules[i], method)) {
            continue;
        }
        if (!rule_is_met(&route->rules[i], api, scope)) {
            return false;
        }
        covered = true;
    }
    /* SMART scopes decide on their own, once the request is read. */
    return covered || route->smart_base.data != NULL || has_any_scope(api, scope);
}

unsigned cg_decide_barred(const struct cg_gate_route *route, const struct cg_snapshot_api *api,
                          struct cg_span scope)
{
    unsigned barred = 0;
    for (unsigned method = CG_METHOD_GET; method <= CG_METHOD_OTHER; method <<= 1) {
        for (size_t i = 0; i < route->rule_count; i++) {
            if (covers(&route->rules[i], (enum cg_method)method) &&
                !rule_is_met(&route->rules[i], api, scope)) {
                barred |= method;
            }
        }
    }
    return barred;
}

enum cg_reason cg_decide_known(const struct cg_snapshot_realm *realm,
                               const struct cg_gate_route *route,
                               const struct cg_access_token *token, uint32_t withdrawn,
                               enum cg_method method)
{
    const struct cg_snapshot_api *api = cg_snapshot_find_api(realm, route->api);
    if (api == NULL) {
        return CG_REASON_GATE_MISCONFIGURED;
    }
    uint32_t places = cg_decide_places(api, token);
    if (places == 0) {
        return CG_REASON_API_NOT_AGREED;
    }
    if ((places & withdrawn) != 0) {
        return CG_REASON_AGREEMENT_WITHDRAWN;
    }
    if (!scope_suffices(route, api, token->scope, method)) {
        return CG_REASON_SCOPE_INSUFFICIENT;
    }
    return CG_REASON_NONE;
}

enum cg_reason cg_decide(const struct cg_snapshot_realm *realm, const struct cg_gate_route *route,
                         const struct cg_access_token *token, enum cg_method method)
{
    return cg_decide_known(realm, route, token, cg_decide_withdrawn(realm, token), method);
}

static void add_rule_scopes(const struct cg_route_rule *rule, const struct cg_snapshot_api *api,
                            struct cg_scope *scope)
{
    for (size_t i = 0; i < rule->scope_count; i++) {
        if (cg_scope_text_has(api->scope, rule->scopes[i])) {
            /* An API has no more scopes than a set holds. */
            (void)!cg_scope_add(scope, rule->scopes[i]);
        }
    }
}

void cg_decide_needed_scope(const struct cg_snapshot_realm *realm,
                            const struct cg_gate_route *route, enum cg_method method,
                            struct cg_buf *buf)
{
    const struct cg_snapshot_api *api = cg_snapshot_find_api(realm, route->api);
    if (api == NULL) {
        return;
    }
    struct cg_scope scope = {.count = 0};
    bool covered = false;
    for (size_t i = 0; i < route->rule_count; i++) {
        if (covers(&route->rules[i], method)) {
            covered = true;
            add_rule_scopes(&route->rules[i], api, &scope);
        }
    }
    if (!covered && route->smart_base.data == NULL) {
        cg_buf_put(buf, api->scope);
        return;
    }
    cg_scope_write(&scope, buf);
}
