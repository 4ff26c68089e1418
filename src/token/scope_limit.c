/* SPDX-License-Identifier: Apache-2.0 */
#include "token/scope_limit.h"

#include "base/span.h"
#include "base/status.h"
#include "token/smart.h"

struct smart_set {
    struct cg_smart_scope items[CG_LIMIT_TOKEN_SCOPES];
    size_t count;
};

static bool read_smart(struct cg_span word, struct cg_smart_scope *ret_scope)
{
    return cg_smart_looks(word) && cg_smart_parse(word, ret_scope) == CG_OK;
}

static void read_set(struct cg_span list, struct smart_set *ret_set)
{
    struct cg_span rest = list;
    struct cg_span word;
    ret_set->count = 0;
    while (ret_set->count < CG_LIMIT_TOKEN_SCOPES && cg_span_split(&rest, ' ', &word)) {
        ret_set->count += read_smart(word, &ret_set->items[ret_set->count]) ? 1 : 0;
    }
}

/* Whether what the one opens, by whatever letters, lies where the other opens something. */
static bool lies_within(const struct cg_smart_scope *scope, const struct cg_smart_scope *whole)
{
    struct cg_smart_scope place = *scope;
    place.letters = 0;
    return cg_smart_covers(whole, &place);
}

static bool is_smart_allowed(const struct smart_set *set, const struct cg_smart_scope *scope)
{
    unsigned letters = 0;
    for (size_t i = 0; i < set->count; i++) {
        letters |= lies_within(scope, &set->items[i]) ? set->items[i].letters : 0;
    }
    return (scope->letters & ~letters) == 0;
}

bool cg_scope_is_allowed(struct cg_span list, struct cg_span scope)
{
    struct cg_smart_scope smart;
    if (!read_smart(scope, &smart)) {
        return cg_scope_text_has(list, scope);
    }
    struct smart_set set;
    read_set(list, &set);
    return is_smart_allowed(&set, &smart);
}

struct limiting {
    struct cg_span list;
    struct cg_arena *arena;
    struct smart_set set;    /* of the list */
    struct smart_set wholes; /* of those that it allows */
    struct smart_set parts;
    struct cg_scope left;
};

/* Parts that differ by their letters only are one. */
static enum cg_status add_part(struct smart_set *parts, const struct cg_smart_scope *part)
{
    for (size_t i = 0; i < parts->count; i++) {
        struct cg_smart_scope *other = &parts->items[i];
        if (lies_within(part, other) && lies_within(other, part)) {
            other->letters |= part->letters;
            return CG_OK;
        }
    }
    if (parts->count == CG_LIMIT_TOKEN_SCOPES) {
        return CG_ERR_LIMIT;
    }
    parts->items[parts->count++] = *part;
    return CG_OK;
}

static enum cg_status add_parts(struct limiting *limiting, const struct cg_smart_scope *scope)
{
    for (size_t i = 0; i < limiting->set.count; i++) {
        struct cg_smart_scope part;
        bool any = false;
        CG_TRY(cg_smart_meet(scope, &limiting->set.items[i], limiting->arena, &part, &any));
        if (any) {
            CG_TRY(add_part(&limiting->parts, &part));
        }
    }
    return CG_OK;
}

static enum cg_status limit_word(struct limiting *limiting, struct cg_span word)
{
    struct cg_smart_scope smart;
    if (!read_smart(word, &smart)) {
        return cg_scope_text_has(limiting->list, word) ? cg_scope_add(&limiting->left, word)
                                                       : CG_OK;
    }
    if (!is_smart_allowed(&limiting->set, &smart)) {
        return add_parts(limiting, &smart);
    }
    limiting->wholes.items[limiting->wholes.count++] = smart;
    return cg_scope_add(&limiting->left, word);
}

/* Whether a whole scope, or another part, says it too; of two that say each other the first does
 * not count. */
static bool is_said(const struct limiting *limiting, size_t part)
{
    const struct smart_set *parts = &limiting->parts;
    const struct cg_smart_scope *said = &parts->items[part];
    bool found = false;
    for (size_t i = 0; i < limiting->wholes.count && !found; i++) {
        found = cg_smart_covers(&limiting->wholes.items[i], said);
    }
    for (size_t i = 0; i < parts->count && !found; i++) {
        found = i != part && cg_smart_covers(&parts->items[i], said) &&
                (i < part || !cg_smart_covers(said, &parts->items[i]));
    }
    return found;
}

static enum cg_status write_parts(struct limiting *limiting)
{
    for (size_t i = 0; i < limiting->parts.count; i++) {
        struct cg_buf buf;
        struct cg_span word;
        if (is_said(limiting, i)) {
            continue;
        }
        cg_buf_init_arena(&buf, limiting->arena, CG_LIMIT_SCOPE_BYTES);
        cg_smart_write(&limiting->parts.items[i], &buf);
        CG_TRY(cg_buf_finish(&buf, &word));
        CG_TRY(cg_scope_add(&limiting->left, word));
    }
    return CG_OK;
}

enum cg_status cg_scope_limit(struct cg_span list, struct cg_arena *arena, struct cg_scope *scope)
{
    struct limiting limiting;
    limiting.list = list;
    limiting.arena = arena;
    limiting.wholes.count = 0;
    limiting.parts.count = 0;
    limiting.left.count = 0;
    read_set(list, &limiting.set);
    for (size_t i = 0; i < scope->count; i++) {
        CG_TRY(limit_word(&limiting, scope->tokens[i]));
    }
    CG_TRY(write_parts(&limiting));
    *scope = limiting.left;
    return CG_OK;
}
