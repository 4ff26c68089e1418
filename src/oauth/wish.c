/* SPDX-License-Identifier: Apache-2.0 */
#include "oauth/wish.h"

#include "base/span.h"
#include "codec/uri.h"
#include "oauth/meeting.h"
#include "oauth/narrowing.h"
#include "token/scope_limit.h"
#include "token/smart.h"

/* RFC 8707 §2: "Its value MUST be an absolute URI […] The URI MUST NOT include a fragment
 * component."
 */
static enum cg_status check_resource(struct cg_oauth_context *context, struct cg_span resource)
{
    struct cg_uri uri;
    if (cg_uri_parse(resource, &uri) != CG_OK || uri.has_fragment) {
        CG_FAIL(&context->fault, CG_ERR_INPUT, CG_REASON_RESOURCE_UNKNOWN,
                "send resource as an absolute URI without a fragment: the audience of an API that "
                "is agreed for this client",
                "RFC 8707 §2");
    }
    return CG_OK;
}

/* RFC 8707 §2: resource may be given several times. So may audience (RFC 8693 §2.1), which is a
 * name of any form. */
static enum cg_status read_targets(struct cg_oauth_context *context, const char *name,
                                   struct cg_wish *wish)
{
    bool is_resource = cg_span_equal_string(CG_SPAN_OF("resource"), name);
    for (size_t i = 0; i < context->params.count; i++) {
        const struct cg_param *param = &context->params.items[i];
        if (!cg_span_equal_string(param->name, name) || param->value.len == 0) {
            continue;
        }
        if (wish->resource_count == CG_LIMIT_RESOURCES) {
            CG_FAIL(&context->fault, CG_ERR_INPUT, CG_REASON_RESOURCE_UNKNOWN,
                    "too many resource parameters", "RFC 8707 §2");
        }
        if (is_resource) {
            CG_TRY(check_resource(context, param->value));
        }
        wish->resources[wish->resource_count] = param->value;
        wish->resource_count++;
    }
    return CG_OK;
}

/* SMART App Launch 2.2, "Scopes for requesting FHIR Resources": one that is undefined, or has its
 * letters out of order, may be rejected. */
static enum cg_status check_smart(struct cg_oauth_context *context, const struct cg_scope *scope)
{
    struct cg_smart_scope smart;
    for (size_t i = 0; i < scope->count; i++) {
        if (cg_smart_looks(scope->tokens[i]) && cg_smart_parse(scope->tokens[i], &smart) != CG_OK) {
            CG_FAIL(&context->fault, CG_ERR_INPUT, CG_REASON_SCOPE_MALFORMED,
                    "write a SMART scope as in system/Patient.rs or "
                    "system/Observation.rs?category=laboratory: a resource type of FHIR R4 or *, "
                    "letters of cruds in that order, and search parameters without modifiers",
                    "SMART App Launch 2.2");
        }
    }
    return CG_OK;
}

enum cg_status cg_wish_read(struct cg_oauth_context *context, struct cg_wish *ret_wish)
{
    ret_wish->resource_count = 0;
    ret_wish->subject = NULL;
    ret_wish->holder = &cg_scope_holder_system;
    struct cg_span text = {NULL, 0};
    CG_TRY(cg_params_get(&context->params, "scope", &text));
    if (cg_scope_parse(text, &ret_wish->scope) != CG_OK) {
        CG_FAIL(&context->fault, CG_ERR_INPUT, CG_REASON_SCOPE_MALFORMED, NULL, "RFC 6749 §3.3");
    }
    CG_TRY(check_smart(context, &ret_wish->scope));
    CG_TRY(read_targets(context, "resource", ret_wish));
    return cg_narrowing_read(context, &ret_wish->details);
}

enum cg_status cg_wish_read_audiences(struct cg_oauth_context *context, struct cg_wish *wish)
{
    return read_targets(context, "audience", wish);
}

static bool wanted(const struct cg_wish *wish, struct cg_span audience)
{
    bool found = wish->resource_count == 0;
    for (size_t i = 0; i < wish->resource_count && !found; i++) {
        found = cg_span_equal(wish->resources[i], audience);
    }
    return found;
}

/* Whether a place of the subject's token is for this API, and rests on what is in force. */
static bool is_place_of(const struct cg_wish_subject *subject, size_t place,
                        const struct cg_record_agreement *agreement)
{
    const struct cg_token_api *api = &subject->token->apis[place];
    return subject->agreements[place] != NULL && cg_span_equal(api->name, agreement->api) &&
           cg_span_equal(api->audience, agreement->audience);
}

static bool is_in_subject(const struct cg_wish_subject *subject,
                          const struct cg_record_agreement *agreement)
{
    bool found = subject == NULL;
    for (size_t i = 0; !found && i < subject->token->api_count; i++) {
        found = is_place_of(subject, i, agreement);
    }
    return found;
}

/* Each resource asked for must be an API that is agreed now; else the client would think it had
 * what it has not. */
static enum cg_status check_resources(struct cg_oauth_context *context, const struct cg_wish *wish,
                                      const struct cg_client_record *record)
{
    for (size_t i = 0; i < wish->resource_count; i++) {
        bool known = false;
        for (size_t j = 0; j < record->agreement_count && !known; j++) {
            known = cg_record_agreement_is_in_force(&record->agreements[j], context->now_s) &&
                    cg_span_equal(record->agreements[j].audience, wish->resources[i]) &&
                    is_in_subject(wish->subject, &record->agreements[j]);
        }
        if (!known) {
            CG_FAIL(&context->fault, CG_ERR_INPUT, CG_REASON_RESOURCE_UNKNOWN, NULL, "RFC 8707 §2");
        }
    }
    return CG_OK;
}

/* RFC 9396 §3: details are held, too, against the agreements that resource has left. */
static enum cg_status check_details(struct cg_oauth_context *context, const struct cg_wish *wish,
                                    const struct cg_client_record *record)
{
    struct cg_offers offers = {.count = 0};
    if (wish->details == NULL) {
        return CG_OK;
    }
    for (size_t i = 0; i < record->agreement_count; i++) {
        const struct cg_record_agreement *agreement = &record->agreements[i];
        if (cg_record_agreement_is_in_force(agreement, context->now_s) &&
            wanted(wish, agreement->audience)) {
            offers.items[offers.count++] = agreement;
        }
    }
    return cg_narrowing_check(context, wish->details, &offers);
}

/* What is being granted: the token's places, and its scopes before they are written. */
struct grant {
    struct cg_arena *arena;
    const struct cg_client_record *record;
    const struct cg_wish *wish;
    struct cg_scope scope;
    struct cg_access_token *token;
    struct cg_span shared[CG_LIMIT_TOKEN_APIS]; /* the subject's agreement at each place */
    size_t object_count;
};

/* Adds what is left of an agreement's scopes to the grant, its API to the token. */
static enum cg_status add_place(struct grant *grant, const struct cg_record_agreement *agreement,
                                const struct cg_scope *given)
{
    struct cg_access_token *token = grant->token;
    if (given->count == 0) {
        return CG_OK;
    }
    if (token->api_count == CG_LIMIT_TOKEN_APIS) {
        return CG_ERR_LIMIT;
    }
    CG_TRY(cg_scope_add_all(&grant->scope, given));
    token->apis[token->api_count] = (struct cg_token_api){
        .audience = agreement->audience, .name = agreement->api, .agreement = agreement->id};
    token->api_count++;
    return CG_OK;
}

/* Adds what an agreement of the client and one of the subject, at a place of its token, give
 * together. */
static enum cg_status add_pair(struct grant *grant, const struct cg_meeting *meeting, size_t place,
                               struct cg_scope given)
{
    const struct cg_wish_subject *subject = grant->wish->subject;
    struct cg_access_token *token = grant->token;
    size_t next = token->api_count;
    struct cg_span objects = {NULL, 0};
    CG_TRY(cg_scope_limit(subject->token->scope, grant->arena, &given));
    CG_TRY(cg_scope_limit(subject->agreements[place]->scope, grant->arena, &given));
    CG_TRY(cg_meeting_limit(meeting, grant->arena, &given, &objects, &grant->object_count));
    CG_TRY(add_place(grant, meeting->agreement, &given));
    if (token->api_count > next) {
        token->apis[next].details = objects;
        token->is_narrowed = token->is_narrowed || objects.len > 0;
        grant->shared[next] = subject->agreements[place]->id;
    }
    return grant->object_count > CG_LIMIT_DETAILS ? CG_ERR_LIMIT : CG_OK;
}

/* A place for each agreement of the subject that gives something together with this one. */
static enum cg_status add_shared(struct grant *grant, const struct cg_record_agreement *agreement,
                                 const struct cg_scope *given)
{
    const struct cg_wish_subject *subject = grant->wish->subject;
    struct cg_meeting meeting = {.agreement = agreement, .asked = grant->wish->details};
    CG_TRY(cg_meeting_begin(&meeting, grant->record, subject->token, grant->arena));
    for (size_t i = 0; i < subject->token->api_count; i++) {
        if (is_place_of(subject, i, agreement)) {
            CG_TRY(add_pair(grant, &meeting, i, *given));
        }
    }
    return CG_OK;
}

/* Leaves of a set what its holder may hold. What comes from a subject's token was theirs to hold.
 */
static void leave_for_holder(const struct cg_wish *wish, struct cg_scope *scope)
{
    size_t left = 0;
    for (size_t i = 0; i < scope->count; i++) {
        if (wish->subject != NULL || cg_scope_holder_may(wish->holder, scope->tokens[i])) {
            scope->tokens[left++] = scope->tokens[i];
        }
    }
    scope->count = left;
}

/* SMART App Launch 2.2, Backend Services: a system asks for system/ scopes. Who asks for another's
 * by name is told, since leaving them out would look as if they were not agreed. */
static enum cg_status check_holder(struct cg_oauth_context *context, const struct cg_wish *wish)
{
    for (size_t i = 0; wish->subject == NULL && i < wish->scope.count; i++) {
        if (!cg_smart_looks(wish->scope.tokens[i]) ||
            cg_scope_holder_may(wish->holder, wish->scope.tokens[i])) {
            continue;
        }
        CG_FAIL(&context->fault, CG_ERR_AUTHORISATION, CG_REASON_SCOPE_NOT_AGREED,
                wish->holder->is_person
                    ? "leave system/ scopes out: this token is for a person, who may hold patient/ "
                      "and user/ scopes"
                    : "leave patient/ and user/ scopes out: they are for people, and this token is "
                      "for a system, which may hold system/ scopes",
                "SMART App Launch 2.2");
    }
    return CG_OK;
}

/* Adds what this agreement gives of the wish. */
static enum cg_status add_agreement(struct grant *grant,
                                    const struct cg_record_agreement *agreement)
{
    const struct cg_wish *wish = grant->wish;
    struct cg_scope given = wish->scope;
    CG_TRY(given.count > 0 ? cg_scope_limit(agreement->scope, grant->arena, &given)
                           : cg_scope_parse(agreement->scope, &given));
    if (wish->details != NULL) {
        CG_TRY(cg_narrowing_limit(wish->details, agreement, grant->arena, &given));
    }
    leave_for_holder(wish, &given);
    return wish->subject == NULL ? add_place(grant, agreement, &given)
                                 : add_shared(grant, agreement, &given);
}

/*
 * A client's own life stands above that of its APIs, and theirs above the realm's; of several APIs
 * the shortest counts. No token outlives an agreement that it rests on.
 */
static int64_t token_life_s(const struct cg_oauth_context *context,
                            const struct cg_client_record *record,
                            const struct cg_access_token *token)
{
    int64_t shortest = INT64_MAX;
    int64_t end = INT64_MAX;
    for (size_t i = 0; i < record->agreement_count; i++) {
        const struct cg_record_agreement *agreement = &record->agreements[i];
        bool used = false;
        for (size_t j = 0; j < token->api_count && !used; j++) {
            used = cg_span_equal(token->apis[j].agreement, agreement->id);
        }
        if (!used) {
            continue;
        }
        int64_t life = agreement->api_token_life_s != 0 ? agreement->api_token_life_s
                                                        : context->issuing->realm.token_life_s;
        shortest = life < shortest ? life : shortest;
        end = agreement->until_s != 0 && agreement->until_s < end ? agreement->until_s : end;
    }
    int64_t life = record->client.token_life_s != 0 ? record->client.token_life_s : shortest;
    return end - context->now_s < life ? end - context->now_s : life;
}

/* SMART scopes are the same words at every API: a token that carries one may name one API only. */
static enum cg_status check_ambiguity(struct cg_oauth_context *context,
                                      const struct cg_scope *granted,
                                      const struct cg_access_token *token)
{
    bool several = false;
    for (size_t i = 1; i < token->api_count && !several; i++) {
        several = !cg_span_equal(token->apis[i].name, token->apis[0].name);
    }
    for (size_t i = 0; several && i < granted->count; i++) {
        if (cg_smart_looks(granted->tokens[i])) {
            CG_FAIL(
                &context->fault, CG_ERR_INPUT, CG_REASON_RESOURCE_AMBIGUOUS,
                "send resource with the audience of one API: SMART scopes are the same words at "
                "each, so that a token with them is for one API only",
                "RFC 8707 §2");
        }
    }
    return CG_OK;
}

static enum cg_status collect(struct cg_oauth_context *context,
                              const struct cg_client_record *record, struct grant *grant)
{
    size_t live = 0;
    for (size_t i = 0; i < record->agreement_count; i++) {
        const struct cg_record_agreement *agreement = &record->agreements[i];
        if (!cg_record_agreement_is_in_force(agreement, context->now_s)) {
            continue;
        }
        live++;
        if (!wanted(grant->wish, agreement->audience)) {
            continue;
        }
        if (add_agreement(grant, agreement) != CG_OK) {
            CG_FAIL(&context->fault, CG_ERR_LIMIT, CG_REASON_TOKEN_TOO_LARGE, NULL, NULL);
        }
    }
    if (live == 0) {
        CG_FAIL(&context->fault, CG_ERR_AUTHORISATION, CG_REASON_NOTHING_AGREED, NULL,
                "RFC 6749 §5.2");
    }
    if (grant->scope.count == 0) {
        CG_FAIL(&context->fault, CG_ERR_AUTHORISATION, CG_REASON_SCOPE_NOT_AGREED, NULL,
                "RFC 6749 §5.2");
    }
    return CG_OK;
}

static enum cg_status write_shared(struct cg_oauth_context *context, const struct grant *grant,
                                   struct cg_span *ret_agreements)
{
    struct cg_buf buf;
    cg_buf_init_arena(&buf, context->arena, CG_LIMIT_TOKEN_BYTES);
    for (size_t i = 0; i < grant->token->api_count; i++) {
        cg_buf_put_string(&buf, i > 0 ? " " : "");
        cg_buf_put(&buf, grant->shared[i]);
    }
    return cg_buf_finish(&buf, ret_agreements);
}

static enum cg_status write_scope(struct cg_oauth_context *context, const struct cg_scope *granted,
                                  struct cg_access_token *token)
{
    struct cg_buf buf;
    cg_buf_init_arena(&buf, context->arena, CG_LIMIT_SCOPE_BYTES);
    cg_scope_write(granted, &buf);
    if (cg_buf_finish(&buf, &token->scope) != CG_OK) {
        CG_FAIL(&context->fault, CG_ERR_LIMIT, CG_REASON_TOKEN_TOO_LARGE, NULL, NULL);
    }
    return CG_OK;
}

enum cg_status cg_wish_grant(struct cg_oauth_context *context,
                             const struct cg_client_record *record, const struct cg_wish *wish,
                             struct cg_access_token *ret_token)
{
    CG_TRY(check_holder(context, wish));
    CG_TRY(check_resources(context, wish, record));
    CG_TRY(check_details(context, wish, record));
    struct cg_access_token token = {.api_count = 0};
    struct grant grant;
    grant.arena = context->arena;
    grant.record = record;
    grant.wish = wish;
    grant.scope.count = 0;
    grant.token = &token;
    grant.object_count = 0;
    CG_TRY(collect(context, record, &grant));
    CG_TRY(check_ambiguity(context, &grant.scope, &token));
    CG_TRY(write_scope(context, &grant.scope, &token));
    if (wish->subject != NULL) {
        CG_TRY(write_shared(context, &grant, &token.behalf.agreements));
    } else if (record->is_narrowed || wish->details != NULL) {
        CG_TRY(cg_narrowing_apply(context, record, wish->details, &grant.scope, &token));
    }
    token.client_id = record->client.id;
    token.subject = record->client.id;
    token.organisation = record->client.organisation;
    token.epoch = record->client.epoch;
    token.issued_s = context->now_s;
    token.expires_s = context->now_s + token_life_s(context, record, &token);
    *ret_token = token;
    return CG_OK;
}
