/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/smart_grants.h"

#include "base/span.h"
#include "base/status.h"
#include "gate/fhir_search.h"
#include "token/smart.h"

_Static_assert(CG_LIMIT_TOKEN_BYTES <= UINT16_MAX, "a place in a token's text");

/* "system/" takes the most of them in the fewest bytes. */
static bool is_of_systems(struct cg_span scope)
{
    return cg_span_starts_with(scope, CG_SPAN_OF("system/"));
}

size_t cg_smart_grants_room(struct cg_span scope)
{
    struct cg_span piece = {NULL, 0};
    size_t count = 0;
    while (cg_span_split(&scope, ' ', &piece)) {
        count += is_of_systems(piece) ? 1 : 0;
    }
    return count;
}

static bool is_any(struct cg_span type)
{
    return cg_span_equal(type, CG_SPAN_OF("*"));
}

/* The letters of a scope that the API still has, by any of its scopes. */
static unsigned letters_within(const struct cg_smart_scope *scope, struct cg_span api_scope)
{
    unsigned letters = 0;
    struct cg_span piece = {NULL, 0};
    while (cg_span_split(&api_scope, ' ', &piece)) {
        struct cg_smart_scope whole;
        struct cg_smart_scope part = *scope;
        if (cg_smart_parse(piece, &whole) != CG_OK) {
            continue;
        }
        part.letters &= whole.letters;
        if (cg_smart_covers(&whole, &part)) {
            letters |= part.letters;
        }
    }
    return letters;
}

static uint16_t place_of(struct cg_span part, struct cg_span text)
{
    return part.len > 0 ? (uint16_t)(part.data - text.data) : 0;
}

/*
 * A query of a scope for any type opens something only by what every resource has: an API that is
 * asked by a parameter which it does not know for a type may leave that out, and answer with all.
 */
static bool bounds(const struct cg_smart_scope *scope)
{
    struct cg_span query = scope->query;
    struct cg_smart_constraint constraint;
    while (is_any(scope->type) && cg_smart_next(&query, &constraint)) {
        if (constraint.name.data[0] != '_') {
            return false;
        }
    }
    return true;
}

size_t cg_smart_grants_read(struct cg_span scope, struct cg_span api_scope,
                            struct cg_smart_grant *room)
{
    size_t count = 0;
    struct cg_span rest = scope;
    struct cg_span piece = {NULL, 0};
    while (cg_span_split(&rest, ' ', &piece)) {
        struct cg_smart_scope parsed;
        if (!is_of_systems(piece) || cg_smart_parse(piece, &parsed) != CG_OK || !bounds(&parsed)) {
            continue;
        }
        unsigned letters = letters_within(&parsed, api_scope);
        if (letters != 0) {
            room[count++] = (struct cg_smart_grant){
                .type_at = place_of(parsed.type, scope),
                .type_len = (uint8_t)parsed.type.len,
                .query_at = place_of(parsed.query, scope),
                .query_len = (uint16_t)parsed.query.len,
                .letters = (uint8_t)letters,
            };
        }
    }
    return count;
}

/* Whether a search is by each constraint of a scope's query, literally: of two values with a comma
 * between either would do (R4 search, "composite"), so that such a value is another. */
static bool is_within(struct cg_span query, const struct cg_fhir_request *request)
{
    struct cg_smart_constraint constraint;
    while (cg_smart_next(&query, &constraint)) {
        if (!cg_fhir_search_has(request->query, constraint.name, constraint.value) &&
            !cg_fhir_search_has(request->form, constraint.name, constraint.value)) {
            return false;
        }
    }
    return true;
}

static unsigned letters_for(const struct cg_smart_grants *grants,
                            const struct cg_fhir_request *request, const struct cg_fhir_need *need)
{
    unsigned letters = 0;
    for (size_t i = 0; i < grants->count; i++) {
        const struct cg_smart_grant *grant = &grants->items[i];
        struct cg_span type = cg_span_part(grants->scope, grant->type_at, grant->type_len);
        struct cg_span query = cg_span_part(grants->scope, grant->query_at, grant->query_len);
        if ((grant->letters & need->letters & ~letters) != 0 &&
            (cg_span_equal(type, need->type) || is_any(type)) &&
            (query.len == 0 || (need->is_search && is_within(query, request)))) {
            letters |= grant->letters;
        }
    }
    return letters;
}

bool cg_smart_grants_meet(const struct cg_smart_grants *grants,
                          const struct cg_fhir_request *request, const struct cg_fhir_needs *needs,
                          struct cg_fhir_need *ret_lacking)
{
    for (size_t i = 0; i < needs->count; i++) {
        unsigned missing =
            needs->items[i].letters & ~letters_for(grants, request, &needs->items[i]);
        if (missing != 0) {
            *ret_lacking = needs->items[i];
            ret_lacking->letters = missing;
            return false;
        }
    }
    return true;
}
