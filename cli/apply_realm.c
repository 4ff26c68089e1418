/* SPDX-License-Identifier: Apache-2.0 */
/* Realms of a file, and what is theirs beside clients and agreements. */
#include "base/clock.h"
#include "base/span.h"
#include "cli/apply.h"
#include "cli/first_key.h"
#include "registry/introspector.h"
#include "registry/upstream_value.h"

static enum cg_status read_key_life(struct cg_apply *apply, const struct cg_yaml *node,
                                    struct cg_realm *realm)
{
    const struct cg_yaml *member = cg_yaml_member(node, "key-life");
    if (member == NULL) {
        return CG_OK;
    }
    if (cg_span_equal_string(member->text, "off")) {
        realm->key_life_s = 0;
        return CG_OK;
    }
    if (cg_duration_parse(member->text, &realm->key_life_s) != CG_OK ||
        realm->key_life_s < CG_KEY_LIFE_MIN_S) {
        return cg_apply_refuse(apply, member, "an hour at least, 90d say, or off");
    }
    return CG_OK;
}

static enum cg_status read_realm(struct cg_apply *apply, const struct cg_yaml *node,
                                 struct cg_realm *ret_realm)
{
    struct cg_span profile = cg_apply_text(node, "profile");
    struct cg_realm realm;
    enum cg_status status = cg_realm_defaults(
        profile.data != NULL ? profile : CG_SPAN_OF("documented"), &apply->context->fault, &realm);
    struct cg_diff_subject subject = {.thing = "realm", .name = apply->look.realm};
    CG_TRY(cg_apply_at(apply, node, &subject, status));
    realm.path = apply->look.realm;
    realm.created_s = apply->context->now_s;
    if (cg_yaml_member(node, "alg") != NULL) {
        realm.alg = cg_apply_text(node, "alg");
    }
    if (cg_yaml_member(node, "typ") != NULL) {
        realm.typ = cg_apply_text(node, "typ");
    }
    CG_TRY(cg_apply_life(apply, node, "token-life", &realm.token_life_s));
    CG_TRY(cg_apply_response(apply, node, "token-response", &realm.token_response));
    CG_TRY(read_key_life(apply, node, &realm));
    *ret_realm = realm;
    return CG_OK;
}

/* With its first key, which a trial need not make. */
static enum cg_status add_realm(struct cg_apply *apply, const struct cg_yaml *node,
                                const struct cg_realm *realm)
{
    struct cg_context *context = apply->context;
    struct cg_audit_event *event = NULL;
    CG_TRY(cg_realm_add(apply->look.store, realm, &context->fault));
    CG_TRY(cg_apply_note(apply, CG_AUDIT_REALM_ADDED, &event));
    if (!apply->is_trial) {
        CG_TRY(cg_first_key_add(context, apply->change, realm->path, realm->alg));
    }
    return cg_names_add(&apply->new_realms, context->arena, realm->path, node);
}

enum cg_status cg_apply_realm(struct cg_apply *apply, const struct cg_yaml *node)
{
    struct cg_context *context = apply->context;
    struct cg_diff_subject subject = {apply->look.realm, "realm", apply->look.realm};
    struct cg_audit_event *event = NULL;
    struct cg_facts before;
    struct cg_facts after;
    struct cg_realm present;
    struct cg_realm realm;
    bool differs = false;
    CG_TRY(read_realm(apply, node, &realm));
    cg_facts_init(&before, context->arena);
    cg_facts_init(&after, context->arena);
    cg_facts_of_realm(&after, &realm);
    enum cg_status status = cg_realm_find(apply->look.store, realm.path, context->arena, &present);
    if (status == CG_ERR_NOT_FOUND) {
        CG_TRY(cg_diff_added(&apply->diff, &subject, &after));
        return cg_apply_at(apply, node, &subject, add_realm(apply, node, &realm));
    }
    CG_TRY(status);
    cg_facts_of_realm(&before, &present);
    CG_TRY(cg_diff_changed(&apply->diff, &subject, &before, &after, &differs));
    if (!differs) {
        return CG_OK;
    }
    CG_TRY(cg_apply_at(apply, node, &subject,
                       cg_realm_set(apply->look.store, &realm, &context->fault)));
    return cg_apply_note(apply, CG_AUDIT_REALM_CHANGED, &event);
}

enum cg_status cg_apply_organisation(struct cg_apply *apply, const struct cg_yaml *node)
{
    static const char *const fixed[] = {"name", NULL};
    struct cg_context *context = apply->context;
    struct cg_audit_event *event = NULL;
    struct cg_facts before;
    struct cg_facts after;
    struct cg_organisation present;
    struct cg_organisation organisation = {
        .realm = apply->look.realm,
        .ods = cg_apply_text(node, "ods"),
        .name = cg_apply_text(node, "name"),
        .created_s = context->now_s,
    };
    struct cg_diff_subject subject = {organisation.realm, "organisation", organisation.ods};
    cg_facts_init(&before, context->arena);
    cg_facts_init(&after, context->arena);
    cg_facts_of_organisation(&after, &organisation);
    enum cg_status status = cg_organisation_find(apply->look.store, organisation.realm,
                                                 organisation.ods, context->arena, &present);
    if (status == CG_OK) {
        cg_facts_of_organisation(&before, &present);
        return cg_apply_check_fixed(apply, node, &before, &after, fixed);
    }
    if (status != CG_ERR_NOT_FOUND) {
        return status;
    }
    CG_TRY(cg_apply_at(apply, node, &subject,
                       cg_organisation_add(apply->look.store, &organisation, &context->fault)));
    CG_TRY(cg_diff_added(&apply->diff, &subject, &after));
    CG_TRY(cg_apply_note(apply, CG_AUDIT_ORGANISATION_ADDED, &event));
    event->organisation = organisation.ods;
    return CG_OK;
}

static enum cg_status note_upstream(struct cg_apply *apply, enum cg_audit_kind kind,
                                    const struct cg_upstream *upstream)
{
    struct cg_audit_event *event = NULL;
    CG_TRY(cg_apply_note(apply, kind, &event));
    event->detail = upstream->name;
    return CG_OK;
}

/* What a file leaves out is completed as on adding, so that it can be compared. */
static enum cg_status read_upstream(struct cg_apply *apply, const struct cg_yaml *node,
                                    struct cg_upstream *upstream)
{
    struct cg_context *context = apply->context;
    struct cg_diff_subject subject = {upstream->realm, "upstream", upstream->name};
    upstream->kind = cg_apply_text(node, "kind");
    upstream->issuer = cg_apply_text(node, "issuer");
    upstream->alg = cg_apply_text(node, "alg");
    upstream->jwks = cg_apply_text(node, "jwks");
    upstream->jwks_uri = cg_apply_text(node, "jwks-uri");
    CG_TRY(cg_apply_words(apply, node, "levels", &upstream->levels));
    return cg_apply_at(apply, node, &subject,
                       cg_upstream_value_complete(upstream, context->arena, &context->fault));
}

static enum cg_status add_upstream(struct cg_apply *apply, const struct cg_yaml *node,
                                   const struct cg_upstream *upstream)
{
    struct cg_context *context = apply->context;
    struct cg_diff_subject subject = {upstream->realm, "upstream", upstream->name};
    struct cg_facts facts;
    cg_facts_init(&facts, context->arena);
    cg_facts_of_upstream(&facts, upstream);
    CG_TRY(cg_apply_at(apply, node, &subject,
                       cg_upstream_add(apply->look.store, upstream, &context->random,
                                       context->arena, &context->fault)));
    CG_TRY(cg_diff_added(&apply->diff, &subject, &facts));
    return note_upstream(apply, CG_AUDIT_UPSTREAM_ADDED, upstream);
}

static enum cg_status change_upstream(struct cg_apply *apply, const struct cg_yaml *node,
                                      const struct cg_upstream *present,
                                      const struct cg_upstream *upstream)
{
    static const char *const fixed[] = {"kind", "issuer", NULL};
    struct cg_context *context = apply->context;
    struct cg_diff_subject subject = {upstream->realm, "upstream", upstream->name};
    struct cg_facts before;
    struct cg_facts after;
    bool differs = false;
    cg_facts_init(&before, context->arena);
    cg_facts_init(&after, context->arena);
    cg_facts_of_upstream(&before, present);
    cg_facts_of_upstream(&after, upstream);
    CG_TRY(cg_apply_check_fixed(apply, node, &before, &after, fixed));
    CG_TRY(cg_diff_changed(&apply->diff, &subject, &before, &after, &differs));
    if (!differs) {
        return CG_OK;
    }
    CG_TRY(cg_apply_at(apply, node, &subject,
                       cg_upstream_set(apply->look.store, upstream, &context->random,
                                       context->arena, &context->fault)));
    return note_upstream(apply, CG_AUDIT_UPSTREAM_CHANGED, upstream);
}

enum cg_status cg_apply_upstream(struct cg_apply *apply, const struct cg_yaml *node)
{
    struct cg_context *context = apply->context;
    struct cg_upstream present;
    struct cg_upstream upstream = {
        .realm = apply->look.realm,
        .name = cg_apply_text(node, "name"),
        .created_s = context->now_s,
    };
    struct cg_diff_subject subject = {upstream.realm, "upstream", upstream.name};
    CG_TRY(read_upstream(apply, node, &upstream));
    enum cg_status status = cg_upstream_named(apply->look.store, upstream.realm, upstream.name,
                                              context->arena, &present);
    if (status == CG_ERR_NOT_FOUND) {
        return add_upstream(apply, node, &upstream);
    }
    CG_TRY(status);
    CG_TRY(cg_apply_at(apply, node, &subject,
                       cg_upstream_check_in_force(apply->look.store, upstream.realm, upstream.name,
                                                  context->arena, &context->fault)));
    return change_upstream(apply, node, &present, &upstream);
}

static enum cg_status note_api(struct cg_apply *apply, enum cg_audit_kind kind,
                               const struct cg_api *api)
{
    struct cg_audit_event *event = NULL;
    CG_TRY(cg_apply_note(apply, kind, &event));
    event->api = api->name;
    return CG_OK;
}

static enum cg_status change_api(struct cg_apply *apply, const struct cg_yaml *node,
                                 const struct cg_api *present, const struct cg_api *api)
{
    static const char *const fixed[] = {"audience", NULL};
    struct cg_context *context = apply->context;
    struct cg_diff_subject subject = {api->realm, "api", api->name};
    struct cg_facts before;
    struct cg_facts after;
    bool differs = false;
    cg_facts_init(&before, context->arena);
    cg_facts_init(&after, context->arena);
    cg_facts_of_api(&before, present);
    cg_facts_of_api(&after, api);
    CG_TRY(cg_apply_check_fixed(apply, node, &before, &after, fixed));
    CG_TRY(cg_diff_changed(&apply->diff, &subject, &before, &after, &differs));
    if (!differs && present->retired_s == 0) {
        return CG_OK;
    }
    CG_TRY(cg_apply_at(apply, node, &subject,
                       cg_api_set(apply->look.store, api, context->arena, &context->fault)));
    return note_api(apply, CG_AUDIT_API_CHANGED, api);
}

enum cg_status cg_apply_api(struct cg_apply *apply, const struct cg_yaml *node)
{
    struct cg_context *context = apply->context;
    struct cg_facts facts;
    struct cg_api present;
    struct cg_api api = {
        .realm = apply->look.realm,
        .name = cg_apply_text(node, "name"),
        .audience = cg_apply_text(node, "audience"),
        .approvals_wanted = 1,
        .created_s = context->now_s,
    };
    struct cg_diff_subject subject = {api.realm, "api", api.name};
    CG_TRY(cg_apply_words(apply, node, "scopes", &api.scope));
    CG_TRY(cg_apply_number(apply, node, "approvals", &api.approvals_wanted));
    CG_TRY(cg_apply_life(apply, node, "token-life", &api.token_life_s));
    enum cg_status status =
        cg_api_find(apply->look.store, api.realm, api.name, context->arena, &present);
    if (status == CG_OK) {
        return change_api(apply, node, &present, &api);
    }
    if (status != CG_ERR_NOT_FOUND) {
        return status;
    }
    cg_facts_init(&facts, context->arena);
    cg_facts_of_api(&facts, &api);
    CG_TRY(
        cg_apply_at(apply, node, &subject, cg_api_add(apply->look.store, &api, &context->fault)));
    CG_TRY(cg_diff_added(&apply->diff, &subject, &facts));
    return note_api(apply, CG_AUDIT_API_ADDED, &api);
}

static enum cg_status add_introspector(struct cg_apply *apply, const struct cg_yaml *place,
                                       const struct cg_introspector *introspector)
{
    struct cg_context *context = apply->context;
    struct cg_diff_subject subject = {introspector->realm, "api", introspector->api};
    struct cg_diff_subject client = {introspector->realm, "introspector", introspector->client};
    struct cg_audit_event *event = NULL;
    CG_TRY(cg_apply_at(
        apply, place, &client,
        cg_introspector_add(apply->look.store, introspector, context->now_s, &context->fault)));
    CG_TRY(cg_diff_value(&apply->diff, &subject, "introspector", (struct cg_span){NULL, 0},
                         introspector->client));
    CG_TRY(cg_apply_note(apply, CG_AUDIT_API_CHANGED, &event));
    event->api = introspector->api;
    event->client_id = introspector->client;
    event->detail = CG_SPAN_OF("may introspect its tokens");
    return CG_OK;
}

enum cg_status cg_apply_introspectors(struct cg_apply *apply, const struct cg_yaml *node)
{
    struct cg_introspector introspector = {
        .realm = apply->look.realm,
        .api = cg_apply_text(node, "name"),
    };
    for (const struct cg_yaml *at = cg_apply_first(node, "introspectors"); at != NULL;
         at = at->next) {
        bool is_one = false;
        introspector.client = at->text;
        CG_TRY(cg_introspector_is(apply->look.store, &introspector, &is_one));
        if (!is_one) {
            CG_TRY(add_introspector(apply, at, &introspector));
        }
    }
    return CG_OK;
}
