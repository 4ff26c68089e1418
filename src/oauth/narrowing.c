/* SPDX-License-Identifier: Apache-2.0 */
#include "oauth/narrowing.h"

#include "base/span.h"
#include "token/scope_limit.h"

#include <stddef.h>

/* The lists of an object that an agreement bounds, and what to say of one that goes beyond. */
static const struct bound {
    size_t asked;  /* in struct cg_details; empty: all that is agreed */
    size_t agreed; /* in struct cg_record_agreement */
    bool is_code;  /* an agreement that has none does not narrow */
    const char *beyond;
} bounds[] = {
    {offsetof(struct cg_details, actions), offsetof(struct cg_record_agreement, scope), false,
     "ask in actions only for scopes that are agreed for the API that locations names"},
    {offsetof(struct cg_details, document_types),
     offsetof(struct cg_record_agreement, document_types), true,
     "ask in document_types only for those that are agreed for the API that locations names"},
    {offsetof(struct cg_details, organisations),
     offsetof(struct cg_record_agreement, organisations), true,
     "ask in organisations only for those that are agreed for the API that locations names"},
};

#define BOUND_COUNT (sizeof(bounds) / sizeof(bounds[0]))

static const char beyond_place[] =
    "name in locations only audiences of APIs that are agreed for this client and, when resource "
    "is sent too, are among its values";
static const char beyond_one[] =
    "send an object for each agreement: no single one allows these actions, document_types and "
    "organisations together";
static const char hint_fewer[] =
    "the token would be too large: ask for fewer document types, organisations or APIs by "
    "authorization_details";

static struct cg_span list_at(const void *holder, size_t offset)
{
    return *(const struct cg_span *)(const void *)((const uint8_t *)holder + offset);
}

static bool are_allowed(struct cg_span scopes, struct cg_span agreed)
{
    struct cg_span rest = scopes.len > 0 ? scopes : (struct cg_span){NULL, 0};
    struct cg_span scope;
    while (cg_span_split(&rest, ' ', &scope)) {
        if (!cg_scope_is_allowed(agreed, scope)) {
            return false;
        }
    }
    return true;
}

static bool is_within(const struct bound *bound, const struct cg_details *asked,
                      const struct cg_record_agreement *agreement)
{
    struct cg_span list = list_at(asked, bound->asked);
    struct cg_span agreed = list_at(agreement, bound->agreed);
    return bound->is_code ? agreed.len == 0 || cg_scope_text_within(list, agreed)
                          : are_allowed(list, agreed);
}

bool cg_narrowing_allows(const struct cg_record_agreement *agreement,
                         const struct cg_details *asked)
{
    bool allowed = cg_scope_text_has(asked->locations, agreement->audience);
    for (size_t i = 0; i < BOUND_COUNT && allowed; i++) {
        allowed = is_within(&bounds[i], asked, agreement);
    }
    return allowed;
}

enum cg_status cg_narrowing_read(struct cg_oauth_context *context,
                                 const struct cg_details_list **ret_asked)
{
    struct cg_span text = {NULL, 0};
    CG_TRY(cg_params_get(&context->params, CG_DETAILS_CLAIM, &text));
    if (text.data == NULL) {
        *ret_asked = NULL;
        return CG_OK;
    }
    void *memory;
    CG_TRY(cg_arena_take(context->arena, sizeof(struct cg_details_list), &memory));
    struct cg_details_list *asked = memory;
    const char *wrong = NULL;
    enum cg_status status = cg_details_parse(text, context->arena, &wrong, asked);
    if (status == CG_ERR_INPUT) {
        CG_FAIL(&context->fault, status, CG_REASON_DETAILS_MALFORMED, wrong, "RFC 9396 §5");
    }
    CG_TRY(status);
    *ret_asked = asked;
    return CG_OK;
}

static bool any_allows(const struct cg_offers *offers, struct cg_span location,
                       const struct bound *bound, const struct cg_details *asked)
{
    for (size_t i = 0; i < offers->count; i++) {
        const struct cg_record_agreement *agreement = offers->items[i];
        bool fits = bound == NULL ? cg_narrowing_allows(agreement, asked)
                                  : is_within(bound, asked, agreement);
        if (fits && cg_span_equal(agreement->audience, location)) {
            return true;
        }
    }
    return false;
}

static bool is_offered(const struct cg_offers *offers, struct cg_span location)
{
    for (size_t i = 0; i < offers->count; i++) {
        if (cg_span_equal(offers->items[i]->audience, location)) {
            return true;
        }
    }
    return false;
}

/* What is wrong with an object at a location; NULL when an agreement allows it. */
static const char *find_wrong(const struct cg_offers *offers, struct cg_span location,
                              const struct cg_details *asked)
{
    if (any_allows(offers, location, NULL, asked)) {
        return NULL;
    }
    if (!is_offered(offers, location)) {
        return beyond_place;
    }
    for (size_t i = 0; i < BOUND_COUNT; i++) {
        if (!any_allows(offers, location, &bounds[i], asked)) {
            return bounds[i].beyond;
        }
    }
    return beyond_one;
}

enum cg_status cg_narrowing_check(struct cg_oauth_context *context,
                                  const struct cg_details_list *asked,
                                  const struct cg_offers *offers)
{
    for (size_t i = 0; i < asked->count; i++) {
        struct cg_span rest = asked->items[i].locations;
        struct cg_span location;
        while (cg_span_split(&rest, ' ', &location)) {
            const char *wrong = find_wrong(offers, location, &asked->items[i]);
            if (wrong != NULL) {
                CG_FAIL(&context->fault, CG_ERR_AUTHORISATION, CG_REASON_DETAILS_NOT_AGREED, wrong,
                        "RFC 9396 §5");
            }
        }
    }
    return CG_OK;
}

static enum cg_status limit_actions(const struct cg_details *asked, struct cg_arena *arena,
                                    struct cg_scope *scope)
{
    return asked->actions.len == 0 ? CG_OK : cg_scope_limit(asked->actions, arena, scope);
}

enum cg_status cg_narrowing_limit(const struct cg_details_list *asked,
                                  const struct cg_record_agreement *agreement,
                                  struct cg_arena *arena, struct cg_scope *scope)
{
    struct cg_scope left = {.count = 0};
    for (size_t i = 0; i < asked->count; i++) {
        struct cg_scope given = *scope;
        if (!cg_narrowing_allows(agreement, &asked->items[i])) {
            continue;
        }
        CG_TRY(limit_actions(&asked->items[i], arena, &given));
        CG_TRY(cg_scope_add_all(&left, &given));
    }
    *scope = left;
    return CG_OK;
}

static const struct cg_record_agreement *agreement_of(const struct cg_client_record *record,
                                                      const struct cg_token_api *place)
{
    for (size_t i = 0; i < record->agreement_count; i++) {
        if (cg_span_equal(record->agreements[i].id, place->agreement)) {
            return &record->agreements[i];
        }
    }
    return NULL;
}

bool cg_narrowing_is(const struct cg_record_agreement *agreement)
{
    return agreement->document_types.len > 0 || agreement->organisations.len > 0;
}

/* Whether an agreement of the token narrows this API. */
static bool is_narrowed(const struct cg_client_record *record, const struct cg_access_token *token,
                        struct cg_span audience)
{
    for (size_t i = 0; i < token->api_count; i++) {
        const struct cg_record_agreement *agreement = agreement_of(record, &token->apis[i]);
        if (agreement != NULL && cg_span_equal(token->apis[i].audience, audience) &&
            cg_narrowing_is(agreement)) {
            return true;
        }
    }
    return false;
}

/* What is being written into one place of the token. */
struct writing {
    const struct cg_record_agreement *agreement;
    const struct cg_scope *granted;
    struct cg_arena *arena;
    struct cg_json_writer json;
    size_t count;
};

static enum cg_status find_actions(const struct writing *writing, const struct cg_details *asked,
                                   struct cg_span *ret_actions)
{
    struct cg_scope actions = *writing->granted;
    CG_TRY(cg_scope_limit(writing->agreement->scope, writing->arena, &actions));
    CG_TRY(limit_actions(asked, writing->arena, &actions));
    struct cg_buf buf;
    cg_buf_init_arena(&buf, writing->arena, CG_LIMIT_SCOPE_BYTES);
    cg_scope_write(&actions, &buf);
    return cg_buf_finish(&buf, ret_actions);
}

/* RFC 9396 §7.1: what was left open is told as it was filled in. */
static enum cg_status write_object(struct writing *writing, const struct cg_details *asked)
{
    const struct cg_record_agreement *agreement = writing->agreement;
    struct cg_details details = *asked;
    CG_TRY(find_actions(writing, asked, &details.actions));
    if (details.actions.len == 0) {
        return CG_OK;
    }
    details.locations = agreement->audience;
    if (details.document_types.len == 0) {
        details.document_types = agreement->document_types;
    }
    if (details.organisations.len == 0) {
        details.organisations = agreement->organisations;
    }
    cg_details_write(&details, &writing->json);
    writing->count++;
    return CG_OK;
}

static enum cg_status write_objects(struct writing *writing, const struct cg_details_list *asked)
{
    static const struct cg_details all = {.locations = {NULL, 0}};
    if (asked == NULL) {
        return write_object(writing, &all);
    }
    for (size_t i = 0; i < asked->count; i++) {
        if (cg_narrowing_allows(writing->agreement, &asked->items[i])) {
            CG_TRY(write_object(writing, &asked->items[i]));
        }
    }
    return CG_OK;
}

static enum cg_status fill_place(struct writing *writing, const struct cg_details_list *asked,
                                 struct cg_token_api *place)
{
    struct cg_buf buf;
    cg_buf_init_arena(&buf, writing->arena, CG_LIMIT_TOKEN_BYTES);
    cg_json_begin(&writing->json, &buf);
    CG_TRY(write_objects(writing, asked));
    if (writing->count > CG_LIMIT_DETAILS) {
        return CG_ERR_LIMIT;
    }
    return cg_buf_finish(&buf, &place->details);
}

enum cg_status cg_narrowing_apply(struct cg_oauth_context *context,
                                  const struct cg_client_record *record,
                                  const struct cg_details_list *asked,
                                  const struct cg_scope *granted, struct cg_access_token *token)
{
    struct writing writing = {.granted = granted, .arena = context->arena};
    for (size_t i = 0; i < token->api_count; i++) {
        struct cg_token_api *place = &token->apis[i];
        writing.agreement = agreement_of(record, place);
        if (writing.agreement == NULL ||
            (asked == NULL && !is_narrowed(record, token, place->audience))) {
            continue;
        }
        if (fill_place(&writing, asked, place) != CG_OK) {
            CG_FAIL(&context->fault, CG_ERR_LIMIT, CG_REASON_TOKEN_TOO_LARGE, hint_fewer, NULL);
        }
    }
    token->is_narrowed = writing.count > 0;
    return CG_OK;
}
