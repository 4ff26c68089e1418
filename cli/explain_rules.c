/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/explain_rules.h"

#include "base/limits.h"
#include "base/span.h"
#include "cli/nginx.h"
#include "cli/nginx_parse.h"
#include "cli/owner.h"
#include "cli/protect.h"

#include <string.h>
#include <unistd.h>

#define BUNDLE_MAX_BYTES ((uint64_t)1024 * 1024) /* of caregate_bundle_max that is not there */

/* "realm=/vlive/hpca" behind the API's name; absent: the only realm there is. */
static bool asks_for(const struct cg_directive *api, const struct cg_explain_place *place)
{
    struct cg_span realm = cg_directive_word(api, 1);
    struct cg_span name = CG_SPAN_OF("realm=");
    if (!cg_span_equal(cg_directive_word(api, 0), place->api)) {
        return false;
    }
    return realm.data == NULL || !cg_span_starts_with(realm, name) ||
           cg_span_equal(cg_span_part(realm, name.len, realm.len), place->realm);
}

static bool is_of_api(const struct cg_directive *location, const struct cg_explain_place *place)
{
    const struct cg_directive *api = NULL;
    if (location->has_block && cg_directive_is(location, "location")) {
        api = cg_directive_effective(location, "caregate_api");
    }
    return api != NULL && asks_for(api, place);
}

/* `location /path/`, or with = or ^~ before it; regular expressions and names have no prefix. */
static struct cg_span prefix_of(const struct cg_directive *location)
{
    struct cg_span first = cg_directive_word(location, 0);
    struct cg_span second = cg_directive_word(location, 1);
    if (second.data == NULL) {
        return first.len > 0 && first.data[0] == '/' ? first : (struct cg_span){NULL, 0};
    }
    bool plain = cg_span_equal_string(first, "=") || cg_span_equal_string(first, "^~");
    return plain ? second : (struct cg_span){NULL, 0};
}

static bool takes(const struct cg_directive *location, struct cg_span path)
{
    struct cg_span prefix = prefix_of(location);
    bool exact = cg_span_equal_string(cg_directive_word(location, 0), "=");
    if (path.data == NULL) {
        return true;
    }
    return prefix.data != NULL &&
           (exact ? cg_span_equal(path, prefix) : cg_span_starts_with(path, prefix));
}

/* The longest prefix wins, as in nginx; of several without a path, the first. */
static const struct cg_directive *find_location(const struct cg_directive *root,
                                                const struct cg_explain_place *place,
                                                size_t *ret_count)
{
    const struct cg_directive *best = NULL;
    *ret_count = 0;
    for (const struct cg_directive *at = root; at != NULL; at = cg_directive_walk(at)) {
        if (!is_of_api(at, place)) {
            continue;
        }
        (*ret_count)++;
        bool longer =
            best == NULL || (place->path.data != NULL && prefix_of(at).len > prefix_of(best).len);
        best = longer && takes(at, place->path) ? at : best;
    }
    return best;
}

/* A block with rules, or with an API of its own, takes none from around it. */
static const struct cg_directive *block_of_rules(const struct cg_directive *block)
{
    while (block != NULL && cg_directive_in(block, "caregate_require", NULL) == NULL &&
           cg_directive_in(block, "caregate_api", NULL) == NULL) {
        block = block->parent;
    }
    return block;
}

static unsigned methods_of(struct cg_span names)
{
    unsigned methods = 0;
    struct cg_span name = {NULL, 0};
    if (names.data == NULL) {
        return CG_METHOD_ANY;
    }
    while (cg_span_split(&names, ',', &name)) {
        methods |= (unsigned)cg_method_of(name);
    }
    return methods;
}

static enum cg_status read_rule(struct cg_context *context, const struct cg_directive *directive,
                                struct cg_gate_rule *ret_rule)
{
    struct cg_span methods = {NULL, 0};
    struct cg_span first = cg_directive_word(directive, 0);
    struct cg_span *scopes = NULL;
    size_t count = directive->word_count - 1;
    CG_TRY(cg_arena_take_array(context->arena, count, sizeof(*scopes), (void **)&scopes));
    CG_TRY(cg_protect_parse_rule(first, &methods, &first));
    for (size_t i = 0; i < count; i++) {
        scopes[i] = i == 0 ? first : cg_directive_word(directive, i);
    }
    *ret_rule = (struct cg_gate_rule){methods_of(methods), scopes, count};
    return CG_OK;
}

static enum cg_status read_rules(struct cg_context *context, const struct cg_directive *location,
                                 struct cg_explain_rules *ret_rules)
{
    const struct cg_directive *block = block_of_rules(location);
    const struct cg_directive *at = NULL;
    struct cg_explain_rules rules = {.count = 0};
    CG_TRY(cg_arena_take_array(context->arena, CG_LIMIT_ROUTE_RULES, sizeof(*rules.items),
                               (void **)&rules.items));
    while (block != NULL && rules.count < CG_LIMIT_ROUTE_RULES &&
           (at = cg_directive_in(block, "caregate_require", at)) != NULL) {
        CG_TRY(read_rule(context, at, &rules.items[rules.count]));
        rules.count++;
    }
    *ret_rules = rules;
    return CG_OK;
}

/* The nearest block with a directive, up to that which has the API itself. */
static const struct cg_directive *block_with(const struct cg_directive *block, const char *name)
{
    while (block != NULL && cg_directive_in(block, name, NULL) == NULL) {
        block = cg_directive_in(block, "caregate_api", NULL) == NULL ? block->parent : NULL;
    }
    return block;
}

static enum cg_status read_operation(struct cg_context *context,
                                     const struct cg_directive *directive,
                                     struct cg_gate_operation *ret_operation)
{
    struct cg_span *scopes = NULL;
    size_t count = directive->word_count - 2;
    CG_TRY(cg_arena_take_array(context->arena, count, sizeof(*scopes), (void **)&scopes));
    for (size_t i = 0; i < count; i++) {
        scopes[i] = cg_directive_word(directive, i + 1);
    }
    *ret_operation = (struct cg_gate_operation){cg_directive_word(directive, 0), scopes, count};
    return CG_OK;
}

/* "64k", "1m": as nginx reads a size, and refuses another. */
static uint64_t size_of(struct cg_span text)
{
    uint64_t size = 0;
    for (size_t i = 0; i < text.len; i++) {
        bool is_digit = text.data[i] >= '0' && text.data[i] <= '9';
        size = is_digit ? size * 10 + (uint64_t)(text.data[i] - '0')
                        : size << ((text.data[i] | 0x20) == 'k' ? 10 : 20);
    }
    return size;
}

/* It is inherited from anywhere around. */
static uint64_t body_max_at(const struct cg_directive *location)
{
    const struct cg_directive *found = cg_directive_effective(location, "caregate_bundle_max");
    return found != NULL ? size_of(cg_directive_word(found, 0)) : BUNDLE_MAX_BYTES;
}

/* caregate_smart, whose "on" is the path of the location that it stands in, and its operations. */
static enum cg_status read_smart(struct cg_context *context, const struct cg_directive *location,
                                 struct cg_explain_rules *rules)
{
    const struct cg_directive *block = block_with(location, "caregate_smart");
    const struct cg_directive *at = NULL;
    struct cg_span value = {NULL, 0};
    if (block != NULL) {
        value = cg_directive_word(cg_directive_in(block, "caregate_smart", NULL), 0);
    }
    if (value.data == NULL || cg_span_equal_string(value, "off")) {
        return CG_OK;
    }
    rules->smart_base = cg_span_equal_string(value, "on") ? prefix_of(block) : value;
    rules->body_max_bytes = body_max_at(location);
    CG_TRY(cg_arena_take_array(context->arena, CG_LIMIT_FHIR_OPERATIONS, sizeof(*rules->operations),
                               (void **)&rules->operations));
    block = block_with(location, "caregate_operation");
    while (block != NULL && rules->operation_count < CG_LIMIT_FHIR_OPERATIONS &&
           (at = cg_directive_in(block, "caregate_operation", at)) != NULL) {
        CG_TRY(read_operation(context, at, &rules->operations[rules->operation_count]));
        rules->operation_count++;
    }
    return CG_OK;
}

/* The configuration as a tree; NULL, after a word about it, when nginx cannot be asked. */
static enum cg_status read_conf(struct cg_context *context, const struct cg_directive **ret_root)
{
    struct cg_process_result result = {.exit_code = 1};
    struct cg_directive *root = NULL;
    const char *file = NULL;
    CG_TRY(cg_context_path(context, "nginx.conf", &file));
    CG_TRY(cg_owner_become(context));
    bool asked = access(file, R_OK) == 0 && cg_nginx_ask(context, &result) == CG_OK;
    if (!asked || result.exit_code != 0 ||
        cg_nginx_parse(result.output, cg_span_of_string(context->dir), context->arena, &root) !=
            CG_OK) {
        cg_say(context, "nginx.conf cannot be read: what caregate_require wants is not looked at");
    }
    *ret_root = root;
    return CG_OK;
}

enum cg_status cg_explain_rules_read(struct cg_context *context,
                                     const struct cg_explain_place *place,
                                     struct cg_explain_rules *ret_rules)
{
    const struct cg_directive *root = NULL;
    size_t count = 0;
    *ret_rules = (struct cg_explain_rules){.count = 0};
    CG_TRY(read_conf(context, &root));
    if (root == NULL) {
        return CG_OK;
    }
    const struct cg_directive *location = find_location(root, place, &count);
    if (count == 0) {
        cg_say(context, "no location of nginx.conf asks for %.*s: `caregate api protect`",
               CG_SPAN_ARGS(place->api));
        return CG_OK;
    }
    if (location == NULL) {
        return cg_complain(context, CG_ERR_NOT_FOUND, "--path %.*s leads to no location of %.*s",
                           CG_SPAN_ARGS(place->path), CG_SPAN_ARGS(place->api));
    }
    if (count > 1 && place->path.data == NULL) {
        cg_say(context, "%.*s has %zu locations: this is for %.*s, --path asks for another",
               CG_SPAN_ARGS(place->api), count, CG_SPAN_ARGS(prefix_of(location)));
    }
    CG_TRY(read_rules(context, location, ret_rules));
    return read_smart(context, location, ret_rules);
}
