/* SPDX-License-Identifier: Apache-2.0 */
/* Clients of a file, with their keys and their ids at identity providers. */
#include "base/span.h"
#include "cli/apply.h"
#include "registry/client_key_value.h"
#include "registry/grant.h"

static enum cg_status read_grants(struct cg_apply *apply, const struct cg_yaml *node,
                                  struct cg_span *ret_grants)
{
    struct cg_buf types;
    *ret_grants = cg_grant_type(CG_GRANT_CLIENT_CREDENTIALS);
    if (cg_yaml_member(node, "grants") == NULL) {
        return CG_OK;
    }
    cg_buf_init_arena(&types, apply->context->arena, CG_LIMIT_SCOPE_BYTES);
    for (const struct cg_yaml *at = cg_apply_first(node, "grants"); at != NULL; at = at->next) {
        enum cg_grant grant;
        if (cg_grant_find_word(at->text, &grant) != CG_OK) {
            return cg_registry_file_complain(
                &apply->file, at, CG_ERR_INPUT,
                "a grant is client_credentials, token-exchange or gate, not \"%.*s\"",
                CG_SPAN_ARGS(at->text));
        }
        cg_buf_put_string(&types, types.len > 0 ? " " : "");
        cg_buf_put(&types, cg_grant_type(grant));
    }
    return cg_buf_finish(&types, ret_grants);
}

/* What is left out is as for a client that is added. */
static enum cg_status default_auth(struct cg_apply *apply, struct cg_client *client)
{
    struct cg_realm realm = {.profile = client->profile};
    if (client->profile.data == NULL) {
        CG_TRY(cg_realm_find(apply->look.store, client->realm, apply->context->arena, &realm));
    }
    const struct cg_profile *profile = cg_profile_find(realm.profile);
    client->auth = profile != NULL ? cg_profile_first_auth(profile) : CG_CLIENT_AUTH_SECRET;
    return CG_OK;
}

static enum cg_status read_proof(struct cg_apply *apply, const struct cg_yaml *node,
                                 struct cg_client *client)
{
    const struct cg_yaml *auth = cg_yaml_member(node, "auth");
    const struct cg_yaml *bind = cg_yaml_member(node, "bind");
    client->profile = cg_apply_text(node, "profile");
    CG_TRY(default_auth(apply, client));
    if (auth != NULL && cg_client_auth_find(auth->text, &client->auth) != CG_OK) {
        return cg_apply_refuse(apply, auth,
                               "client_secret, private_key_jwt, tls_client_auth or "
                               "self_signed_tls_client_auth");
    }
    if (bind != NULL && cg_client_bind_find(bind->text, &client->bind) != CG_OK) {
        return cg_apply_refuse(apply, bind, "none, dpop or mtls");
    }
    return CG_OK;
}

static enum cg_status read_client(struct cg_apply *apply, const struct cg_yaml *node,
                                  struct cg_client *ret_client)
{
    struct cg_client client = {
        .realm = apply->look.realm,
        .id = cg_apply_text(node, "id"),
        .organisation = cg_apply_text(node, "organisation"),
        .name = cg_apply_text(node, "name"),
        .bind = CG_CLIENT_BIND_NONE,
        .created_s = apply->context->now_s,
        .has_token_response = cg_yaml_member(node, "token-response") != NULL,
    };
    CG_TRY(read_grants(apply, node, &client.grants));
    CG_TRY(read_proof(apply, node, &client));
    CG_TRY(cg_apply_life(apply, node, "token-life", &client.token_life_s));
    CG_TRY(cg_apply_response(apply, node, "token-response", &client.token_response));
    *ret_client = client;
    return CG_OK;
}

static enum cg_status note(struct cg_apply *apply, enum cg_audit_kind kind,
                           const struct cg_client *client, struct cg_span detail)
{
    struct cg_audit_event *event = NULL;
    CG_TRY(cg_apply_note(apply, kind, &event));
    event->client_id = client->id;
    event->organisation = client->organisation;
    event->detail = detail.data != NULL ? detail : event->detail;
    return CG_OK;
}

static enum cg_status add_client(struct cg_apply *apply, const struct cg_yaml *node,
                                 const struct cg_client *client)
{
    struct cg_context *context = apply->context;
    struct cg_diff_subject subject = {client->realm, "client", client->id};
    struct cg_facts facts;
    struct cg_span id = {NULL, 0};
    cg_facts_init(&facts, context->arena);
    cg_facts_of_client(&facts, client);
    CG_TRY(cg_apply_at(apply, node, &subject,
                       cg_client_add(apply->look.store, client, &context->random, context->arena,
                                     &context->fault, &id)));
    CG_TRY(cg_diff_added(&apply->diff, &subject, &facts));
    return note(apply, CG_AUDIT_CLIENT_ADDED, client, (struct cg_span){NULL, 0});
}

static enum cg_status change_client(struct cg_apply *apply, const struct cg_yaml *node,
                                    const struct cg_client *present, const struct cg_client *client)
{
    static const char *const fixed[] = {"organisation", "name", NULL};
    struct cg_context *context = apply->context;
    struct cg_diff_subject subject = {client->realm, "client", client->id};
    struct cg_facts before;
    struct cg_facts after;
    bool differs = false;
    cg_facts_init(&before, context->arena);
    cg_facts_init(&after, context->arena);
    cg_facts_of_client(&before, present);
    cg_facts_of_client(&after, client);
    CG_TRY(cg_apply_at(apply, node, &subject,
                       cg_client_check_live(apply->look.store, client->realm, client->id,
                                            context->arena, &context->fault)));
    CG_TRY(cg_apply_check_fixed(apply, node, &before, &after, fixed));
    CG_TRY(cg_diff_changed(&apply->diff, &subject, &before, &after, &differs));
    if (!differs) {
        return CG_OK;
    }
    CG_TRY(cg_apply_at(apply, node, &subject,
                       cg_client_set(apply->look.store, client, context->arena, &context->fault)));
    return note(apply, CG_AUDIT_CLIENT_CHANGED, client, (struct cg_span){NULL, 0});
}

/* Left out, it stays: a file that was written before a client was stopped does not let it on. */
static enum cg_status apply_state(struct cg_apply *apply, const struct cg_yaml *node,
                                  const struct cg_client *client, enum cg_client_state state)
{
    const struct cg_yaml *member = cg_yaml_member(node, "suspended");
    struct cg_context *context = apply->context;
    struct cg_diff_subject subject = {client->realm, "client", client->id};
    struct cg_store *store = apply->look.store;
    if (member == NULL) {
        return CG_OK;
    }
    bool suspends = cg_span_equal_string(member->text, "true");
    if (!suspends && !cg_span_equal_string(member->text, "false")) {
        return cg_apply_refuse(apply, member, "true or false");
    }
    if (suspends == (state == CG_CLIENT_SUSPENDED)) {
        return CG_OK;
    }
    CG_TRY(suspends ? cg_client_suspend(store, client->realm, client->id, context->now_s,
                                        &context->fault)
                    : cg_client_resume(store, client->realm, client->id, &context->fault));
    CG_TRY(cg_diff_value(&apply->diff, &subject, "suspended",
                         suspends ? CG_SPAN_OF("false") : CG_SPAN_OF("true"), member->text));
    return note(apply, suspends ? CG_AUDIT_CLIENT_SUSPENDED : CG_AUDIT_CLIENT_RESUMED, client,
                (struct cg_span){NULL, 0});
}

/* A key of the file beside those that the client has. */
struct beside {
    struct cg_apply *apply;
    const struct cg_client_key *key;
    bool is_there;
};

static enum cg_status look_beside(void *context, const void *row)
{
    struct beside *beside = context;
    const struct cg_client_key *other = row;
    if (other->revoked_s != 0 || other->kind != beside->key->kind) {
        return CG_OK;
    }
    beside->is_there = beside->is_there || cg_span_equal(other->value, beside->key->value);
    return CG_OK;
}

static enum cg_status check_beside(void *context, const void *row)
{
    struct beside *beside = context;
    const struct cg_client_key *other = row;
    if (other->revoked_s != 0 || other->kind != CG_CLIENT_KEY_JWKS ||
        beside->key->kind != CG_CLIENT_KEY_JWKS) {
        return CG_OK;
    }
    return cg_client_key_value_beside(beside->key->value, other->value,
                                      &beside->apply->context->fault);
}

/* The one member that an element of "keys" has. */
static enum cg_status read_key(struct cg_apply *apply, const struct cg_yaml *node,
                               struct cg_client_key *key)
{
    struct cg_context *context = apply->context;
    const struct cg_yaml *member = node->first;
    if (member == NULL || member->next != NULL) {
        return cg_registry_file_complain(&apply->file, node, CG_ERR_INPUT,
                                         "a key is one of jwks, jwks-uri, certificate, "
                                         "tls-subject, tls-san-dns");
    }
    while (!cg_span_equal_string(member->key, cg_facts_key_name(key->kind))) {
        key->kind++;
    }
    struct cg_diff_subject subject = {.thing = "key", .name = member->key};
    return cg_apply_at(apply, member, &subject,
                       cg_client_key_value_read(key->kind, member->text, apply->scratch,
                                                &context->fault, &key->value));
}

static enum cg_status add_key(struct cg_apply *apply, const struct cg_yaml *node,
                              const struct cg_client *client, struct cg_client_key *key)
{
    struct cg_context *context = apply->context;
    struct cg_diff_subject subject = {client->realm, "client", client->id};
    struct cg_diff_subject place = {client->realm, "key of", client->id};
    struct beside beside = {apply, key, false};
    CG_TRY(cg_apply_at(apply, node, &place,
                       cg_client_key_list(apply->look.store, client->realm, client->id,
                                          apply->scratch, check_beside, &beside)));
    CG_TRY(cg_apply_at(apply, node, &place,
                       cg_client_key_add(apply->look.store, key, &context->random, context->arena,
                                         &context->fault, &key->id)));
    CG_TRY(cg_diff_value(&apply->diff, &subject, cg_facts_key_name(key->kind),
                         (struct cg_span){NULL, 0}, key->value));
    return note(apply, CG_AUDIT_CLIENT_KEY_ADDED, client, key->id);
}

static enum cg_status apply_key(struct cg_apply *apply, const struct cg_yaml *node,
                                const struct cg_client *client)
{
    struct cg_context *context = apply->context;
    struct cg_client_key key = {
        .realm = client->realm,
        .client = client->id,
        .created_s = context->now_s,
    };
    struct beside beside = {apply, &key, false};
    CG_TRY(read_key(apply, node, &key));
    CG_TRY(cg_client_key_list(apply->look.store, client->realm, client->id, apply->scratch,
                              look_beside, &beside));
    return beside.is_there ? CG_OK : add_key(apply, node, client, &key);
}

static enum cg_status apply_upstream_id(struct cg_apply *apply, const struct cg_yaml *node,
                                        const struct cg_client *client)
{
    struct cg_context *context = apply->context;
    struct cg_diff_subject subject = {client->realm, "client", client->id};
    struct cg_client_upstream row = {
        .realm = client->realm,
        .client = client->id,
        .upstream = cg_apply_text(node, "upstream"),
        .audience = cg_apply_text(node, "audience"),
        .created_s = context->now_s,
    };
    const char *detail = NULL;
    bool is_there = false;
    CG_TRY(cg_client_upstream_is(apply->look.store, &row, &is_there));
    if (is_there) {
        return CG_OK;
    }
    CG_TRY(cg_apply_at(
        apply, node, &subject,
        cg_client_upstream_add(apply->look.store, &row, context->arena, &context->fault)));
    CG_TRY(cg_context_print(context, &detail, "%.*s: %.*s", CG_SPAN_ARGS(row.upstream),
                            CG_SPAN_ARGS(row.audience)));
    CG_TRY(cg_diff_value(&apply->diff, &subject, "upstream", (struct cg_span){NULL, 0},
                         cg_span_of_string(detail)));
    return note(apply, CG_AUDIT_CLIENT_UPSTREAM_ADDED, client, cg_span_of_string(detail));
}

enum cg_status cg_apply_client(struct cg_apply *apply, const struct cg_yaml *node)
{
    struct cg_client present = {.state = CG_CLIENT_ACTIVE};
    struct cg_client client;
    CG_TRY(read_client(apply, node, &client));
    enum cg_status status =
        cg_client_find(apply->look.store, client.realm, client.id, apply->context->arena, &present);
    if (status != CG_OK && status != CG_ERR_NOT_FOUND) {
        return status;
    }
    CG_TRY(status == CG_OK ? change_client(apply, node, &present, &client)
                           : add_client(apply, node, &client));
    for (const struct cg_yaml *at = cg_apply_first(node, "keys"); at != NULL; at = at->next) {
        CG_TRY(apply_key(apply, at, &client));
    }
    for (const struct cg_yaml *at = cg_apply_first(node, "upstreams"); at != NULL; at = at->next) {
        CG_TRY(apply_upstream_id(apply, at, &client));
    }
    cg_arena_clear(apply->scratch);
    return apply_state(apply, node, &client, present.state);
}
