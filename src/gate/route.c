/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/route.h"

#include "base/status.h"
#include "codec/uri.h"
#include "token/scope.h"
#include "token/text.h"

/* A route with every rule full of scopes stays below. */
#define ROUTE_ARENA_BYTES ((size_t)262144)

static enum cg_status refuse(const char **ret_message, const char *message)
{
    *ret_message = message;
    return CG_ERR_INPUT;
}

static enum cg_status copy_rule(const struct cg_gate_rule *rule, struct cg_arena *arena,
                                struct cg_route_rule *copy, const char **ret_message)
{
    if (rule->methods == 0 || (rule->methods & ~(unsigned)CG_METHOD_ANY) != 0) {
        return refuse(ret_message, "a rule must name at least one HTTP method, or none for all");
    }
    if (rule->scope_count == 0 || rule->scope_count > CG_LIMIT_ROUTE_SCOPES) {
        return refuse(ret_message, "a rule must name 1 to 32 scopes");
    }
    for (size_t i = 0; i < rule->scope_count; i++) {
        if (!cg_scope_token_is_valid(rule->scopes[i])) {
            return refuse(ret_message, "a scope is made of visible ASCII characters other than "
                                       "double quotes and backslashes");
        }
        CG_TRY(cg_arena_copy(arena, rule->scopes[i], &copy->scopes[i]));
    }
    copy->methods = rule->methods;
    copy->scope_count = rule->scope_count;
    return CG_OK;
}

static enum cg_status copy_rules(const struct cg_gate_route_config *config,
                                 struct cg_gate_route *route, const char **ret_message)
{
    void *rules;
    CG_TRY(cg_arena_take_array(route->arena, config->rule_count, sizeof(struct cg_route_rule),
                               &rules));
    route->rules = rules;
    route->rule_count = config->rule_count;
    for (size_t i = 0; i < config->rule_count; i++) {
        CG_TRY(copy_rule(&config->rules[i], route->arena, &route->rules[i], ret_message));
    }
    return CG_OK;
}

static enum cg_status check_config(const struct cg_gate_route_config *config,
                                   const char **ret_message)
{
    if (!cg_text_is_name(config->api)) {
        return refuse(ret_message,
                      "the name of an API is 1 to 64 letters, digits, '.', '_' or '-'");
    }
    if (config->realm.data != NULL && !cg_uri_is_realm_path(config->realm)) {
        return refuse(ret_message, "a realm is a path such as /vlive/hpca: segments of lower-case "
                                   "letters, digits, '.', '_' or '-', without a final '/'");
    }
    if (config->rule_count > CG_LIMIT_ROUTE_RULES) {
        return refuse(ret_message, "a location takes at most 32 rules");
    }
    return CG_OK;
}

enum cg_status cg_gate_route_new(const struct cg_gate_route_config *config,
                                 struct cg_gate_route **ret_route, const char **ret_message)
{
    CG_TRY(check_config(config, ret_message));
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = NULL;
    CG_TRY(cg_arena_new(ROUTE_ARENA_BYTES, &arena));
    void *memory;
    CG_TRY(cg_arena_take(arena, sizeof(struct cg_gate_route), &memory));
    struct cg_gate_route *route = memory;
    route->arena = arena;
    route->fhir = config->fhir != 0;
    if (config->realm.data != NULL) {
        CG_TRY(cg_arena_copy(arena, config->realm, &route->realm));
    }
    CG_TRY(cg_arena_copy(arena, config->api, &route->api));
    CG_TRY(copy_rules(config, route, ret_message));
    (void)CG_STEAL(arena);
    *ret_route = route;
    return CG_OK;
}

struct cg_gate_route *cg_gate_route_free(struct cg_gate_route *route)
{
    if (route != NULL) {
        (void)cg_arena_free(route->arena);
    }
    return NULL;
}
