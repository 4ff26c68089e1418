/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/route.h"

#include "base/span.h"
#include "base/status.h"
#include "codec/uri.h"
#include "gate/fhir_operation.h"
#include "token/fhir_type.h"
#include "token/scope.h"
#include "token/smart.h"
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
    if (config->operation_count > CG_LIMIT_FHIR_OPERATIONS) {
        return refuse(ret_message, "a location takes at most 32 operations");
    }
    return CG_OK;
}

/* The base is compared byte for byte: no two spellings, and a '/' at its end. */
static bool is_base(struct cg_span base)
{
    struct cg_span rest = {NULL, 0};
    struct cg_span segment = {NULL, 0};
    if (base.len == 0 || base.data[0] != '/' || base.data[base.len - 1] != '/') {
        return false;
    }
    if (base.len > 1) {
        rest = cg_span_part(base, 1, base.len - 2);
    }
    while (cg_span_split(&rest, '/', &segment)) {
        bool is_good = segment.len > 0 && !cg_span_equal_string(segment, ".") &&
                       !cg_span_equal_string(segment, "..");
        for (size_t i = 0; is_good && i < segment.len; i++) {
            is_good = segment.data[i] == '.' || segment.data[i] == '~' ||
                      cg_fhir_is_word(cg_span_part(segment, i, 1));
        }
        if (!is_good) {
            return false;
        }
    }
    return true;
}

/* "$submit" or "Claim/$submit" */
static bool read_operation_name(struct cg_span text, struct cg_fhir_rule *rule)
{
    size_t slash = cg_span_find(text, '/', 0);
    struct cg_span name = text;
    if (slash < text.len) {
        if (!cg_fhir_type_find(cg_span_part(text, 0, slash), &rule->type)) {
            return false;
        }
        name = cg_span_part(text, slash + 1, text.len);
    }
    rule->name = cg_span_part(name, 1, name.len);
    return name.len > 1 && name.data[0] == '$' && cg_fhir_operation_may_be_vouched_for(rule->name);
}

static enum cg_status copy_needs(const struct cg_gate_operation *operation, struct cg_arena *arena,
                                 struct cg_fhir_rule *rule, const char **ret_message)
{
    void *memory;
    CG_TRY(
        cg_arena_take_array(arena, operation->scope_count, sizeof(struct cg_fhir_need), &memory));
    struct cg_fhir_need *needs = memory;
    for (size_t i = 0; i < operation->scope_count; i++) {
        struct cg_smart_scope scope;
        if (cg_smart_parse(operation->scopes[i], &scope) != CG_OK ||
            scope.context != CG_SMART_SYSTEM || scope.query.len > 0) {
            return refuse(ret_message, "what an operation needs is SMART scopes of systems without "
                                       "a query, as in system/Claim.c");
        }
        needs[i] = (struct cg_fhir_need){.letters = scope.letters};
        CG_TRY(cg_arena_copy(arena, scope.type, &needs[i].type));
    }
    rule->needs = needs;
    rule->need_count = operation->scope_count;
    return CG_OK;
}

static enum cg_status copy_operations(const struct cg_gate_route_config *config,
                                      struct cg_gate_route *route, const char **ret_message)
{
    void *memory;
    CG_TRY(cg_arena_take_array(route->arena, config->operation_count, sizeof(struct cg_fhir_rule),
                               &memory));
    struct cg_fhir_rule *rules = memory;
    for (size_t i = 0; i < config->operation_count; i++) {
        const struct cg_gate_operation *operation = &config->operations[i];
        if (!read_operation_name(operation->name, &rules[i])) {
            return refuse(ret_message, "an operation is $NAME, or TYPE/$NAME with a type of FHIR "
                                       "R4; GraphQL is none that can be let in");
        }
        if (operation->scope_count == 0 || operation->scope_count > CG_LIMIT_ROUTE_SCOPES) {
            return refuse(ret_message, "an operation must name 1 to 32 scopes");
        }
        CG_TRY(cg_arena_copy(route->arena, rules[i].name, &rules[i].name));
        CG_TRY(copy_needs(operation, route->arena, &rules[i], ret_message));
    }
    route->operations = (struct cg_fhir_rules){rules, config->operation_count};
    return CG_OK;
}

static enum cg_status copy_smart(const struct cg_gate_route_config *config,
                                 struct cg_gate_route *route, const char **ret_message)
{
    if (config->smart_base.data == NULL) {
        return CG_OK;
    }
    if (!is_base(config->smart_base)) {
        return refuse(ret_message, "the base of a FHIR API is a path such as /fhir/, with '/' at "
                                   "both ends, of letters, digits and ._~-");
    }
    route->body_max_bytes = config->body_max_bytes;
    CG_TRY(cg_arena_copy(route->arena, config->smart_base, &route->smart_base));
    return copy_operations(config, route, ret_message);
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
    CG_TRY(copy_smart(config, route, ret_message));
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
