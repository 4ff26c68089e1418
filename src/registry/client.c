/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/client.h"

#include "base/limits.h"
#include "base/span.h"
#include "registry/client_row.h"
#include "registry/denial.h"
#include "registry/grant.h"
#include "registry/life.h"
#include "registry/name.h"
#include "registry/organisation.h"
#include "registry/rows.h"
#include "token/scope.h"

#define SLUG_CHARS_MAX 40
#define ID_RANDOM_CHARS 8

static const char *const state_names[] = {
    [CG_CLIENT_ACTIVE] = "active",
    [CG_CLIENT_SUSPENDED] = "suspended",
    [CG_CLIENT_RETIRED] = "retired",
};
#define STATE_COUNT (sizeof(state_names) / sizeof(state_names[0]))

const char *cg_client_state_name(enum cg_client_state state)
{
    return state_names[state];
}

enum cg_client_bind cg_client_binding(const struct cg_client *client,
                                      const struct cg_profile *profile)
{
    unsigned by_certificate =
        (unsigned)CG_CLIENT_AUTH_TLS | (unsigned)CG_CLIENT_AUTH_SELF_SIGNED_TLS;
    if (client->bind != CG_CLIENT_BIND_NONE) {
        return client->bind;
    }
    if (profile != NULL && !profile->tokens_bound) {
        return CG_CLIENT_BIND_NONE;
    }
    return profile != NULL && ((unsigned)client->auth & by_certificate) != 0 ? CG_CLIENT_BIND_MTLS
                                                                             : CG_CLIENT_BIND_DPOP;
}

static enum cg_status find_state(struct cg_span name, enum cg_client_state *ret_state)
{
    for (size_t i = 0; i < STATE_COUNT; i++) {
        if (cg_span_equal_string(name, state_names[i])) {
            *ret_state = (enum cg_client_state)i;
            return CG_OK;
        }
    }
    return CG_ERR_STORE;
}

static enum cg_status check_grants(const struct cg_client *client, struct cg_fault *fault)
{
    struct cg_scope grants;
    enum cg_status status = cg_scope_parse(client->grants, &grants);
    bool known = status == CG_OK && grants.count > 0;
    for (size_t i = 0; known && i < grants.count; i++) {
        enum cg_grant grant;
        known = cg_grant_find(grants.tokens[i], &grant) == CG_OK;
    }
    if (!known) {
        CG_FAIL(fault, CG_ERR_INPUT, CG_REASON_NONE,
                "the grants of a client are a list of: client_credentials, token-exchange, gate",
                "RFC 6749 §4.5");
    }
    return CG_OK;
}

static enum cg_status check_fields(const struct cg_client *client, struct cg_fault *fault)
{
    if (!cg_name_is_text(client->name, CG_LIMIT_TEXT_BYTES)) {
        CG_FAIL(fault, CG_ERR_INPUT, CG_REASON_NONE,
                "the client's name is 1 to 1024 bytes of text without control characters or space "
                "at its ends",
                NULL);
    }
    CG_TRY(check_grants(client, fault));
    if (!cg_life_is_allowed(client->token_life_s)) {
        CG_FAIL(fault, CG_ERR_INPUT, CG_REASON_NONE,
                "the life of a token is 1 to 86400 seconds; 300 is usual", NULL);
    }
    if (!cg_name_is_time(client->created_s)) {
        CG_FAIL(fault, CG_ERR_INPUT, CG_REASON_NONE, "the time of creation is missing", NULL);
    }
    return CG_OK;
}

/* The client's own profile, or its realm's. */
static enum cg_status find_profile(struct cg_store *store, const struct cg_client *client,
                                   struct cg_arena *arena, struct cg_fault *fault,
                                   const struct cg_profile **ret_profile)
{
    struct cg_realm realm = {.profile = client->profile};
    if (client->profile.data == NULL) {
        CG_TRY(cg_realm_find(store, client->realm, arena, &realm));
    }
    const struct cg_profile *profile = cg_profile_find(realm.profile);
    if (profile == NULL) {
        CG_FAIL(fault, CG_ERR_INPUT, CG_REASON_NONE,
                "the profile is one of documented, smart, nhs, fapi2", NULL);
    }
    *ret_profile = profile;
    return CG_OK;
}

static enum cg_status check_auth(const struct cg_client *client, const struct cg_profile *profile,
                                 struct cg_fault *fault)
{
    if ((profile->client_auths & (unsigned)client->auth) == 0) {
        CG_FAIL(fault, CG_ERR_INPUT, CG_REASON_NONE,
                "the profile does not allow this way of authentication: smart and nhs want "
                "private_key_jwt, fapi2 that or a client certificate",
                NULL);
    }
    return CG_OK;
}

static enum cg_status check_organisation(struct cg_store *store, const struct cg_client *client,
                                         struct cg_arena *arena, struct cg_fault *fault)
{
    struct cg_organisation organisation;
    enum cg_status status =
        cg_organisation_find(store, client->realm, client->organisation, arena, &organisation);
    if (status == CG_ERR_NOT_FOUND) {
        CG_FAIL(fault, status, CG_REASON_NONE,
                "there is no organisation of this ODS code in the realm: add it first", NULL);
    }
    return status;
}

/* The name's letters and digits in lower case, whatever stands between them one hyphen. */
static void put_slug(struct cg_span name, struct cg_buf *buf)
{
    for (size_t i = 0; i < name.len && buf->len < SLUG_CHARS_MAX; i++) {
        uint8_t byte = name.data[i];
        uint8_t lower = byte >= 'A' && byte <= 'Z' ? (uint8_t)(byte + ('a' - 'A')) : byte;
        bool letter = lower >= 'a' && lower <= 'z';
        bool digit = lower >= '0' && lower <= '9';
        if (letter || digit) {
            cg_buf_put_byte(buf, lower);
        } else if (buf->len > 0 && buf->data[buf->len - 1] != '-') {
            cg_buf_put_byte(buf, '-');
        }
    }
}

static enum cg_status check_id(struct cg_span id, struct cg_fault *fault)
{
    if (!cg_registry_is_client_id(id)) {
        CG_FAIL(fault, CG_ERR_INPUT, CG_REASON_NONE,
                "a client's id is 1 to 64 lower-case letters and digits in words with hyphens "
                "between them, the first a letter",
                NULL);
    }
    return CG_OK;
}

static enum cg_status make_id(struct cg_span name, const struct cg_random *random,
                              struct cg_arena *arena, struct cg_span *ret_id)
{
    struct cg_buf slug;
    cg_buf_init_arena(&slug, arena, CG_LIMIT_CLIENT_ID_BYTES);
    put_slug(name, &slug);
    struct cg_span words = {NULL, 0};
    CG_TRY(cg_buf_finish(&slug, &words));
    bool named = words.len > 0 && words.data[0] >= 'a';
    struct cg_buf buf;
    cg_buf_init_arena(&buf, arena, CG_LIMIT_CLIENT_ID_BYTES);
    cg_buf_put_string(&buf, named ? "" : "client-");
    cg_buf_put(&buf, words);
    if (buf.len > 0 && buf.data[buf.len - 1] != '-') {
        cg_buf_put_byte(&buf, '-');
    }
    CG_TRY(cg_name_put_random(random, ID_RANDOM_CHARS, &buf));
    return cg_buf_finish(&buf, ret_id);
}

static void bind_settings(struct cg_statement *statement, const struct cg_client *client)
{
    struct cg_span response = {NULL, 0};
    if (client->has_token_response) {
        response = cg_token_response_name(client->token_response);
    }
    cg_rows_bind_optional(statement, "token_life", client->token_life_s);
    cg_bind_text(statement, "token_response", response);
    cg_bind_text(statement, "grants", client->grants);
    cg_bind_text(statement, "profile", client->profile);
    cg_bind_text(statement, "auth", cg_client_auth_name(client->auth));
    cg_bind_text(statement, "bind", cg_client_bind_name(client->bind));
}

static enum cg_status insert(struct cg_store *store, const struct cg_client *client,
                             struct cg_span id, struct cg_fault *fault)
{
    struct cg_statement *statement = NULL;
    CG_TRY(cg_store_start(store, CG_SQL_CLIENT_ADD, &statement));
    cg_bind_text(statement, "realm", client->realm);
    cg_bind_text(statement, "id", id);
    cg_bind_text(statement, "organisation", client->organisation);
    cg_bind_text(statement, "name", client->name);
    bind_settings(statement, client);
    cg_bind_number(statement, "created", client->created_s);
    enum cg_status status = cg_store_run(statement, NULL);
    if (status == CG_ERR_CONFLICT) {
        CG_FAIL(fault, status, CG_REASON_NONE, "the id is taken, by a client that is or was", NULL);
    }
    return status;
}

enum cg_status cg_client_add(struct cg_store *store, const struct cg_client *client,
                             const struct cg_random *random, struct cg_arena *arena,
                             struct cg_fault *fault, struct cg_span *ret_id)
{
    CG_TRY(check_fields(client, fault));
    CG_TRY(check_organisation(store, client, arena, fault));
    const struct cg_profile *profile = NULL;
    CG_TRY(find_profile(store, client, arena, fault, &profile));
    struct cg_client added = *client;
    added.auth = client->auth != 0 ? client->auth : cg_profile_first_auth(profile);
    CG_TRY(check_auth(&added, profile, fault));
    struct cg_span id = client->id;
    CG_TRY(id.data != NULL ? check_id(id, fault) : make_id(client->name, random, arena, &id));
    CG_TRY(insert(store, &added, id, fault));
    CG_TRY(cg_life_note(store, client->realm, client->token_life_s));
    CG_TRY(cg_registry_touch(store, CG_TOUCH_REGISTRY));
    *ret_id = id;
    return CG_OK;
}

enum cg_status cg_client_set(struct cg_store *store, const struct cg_client *client,
                             struct cg_arena *arena, struct cg_fault *fault)
{
    CG_TRY(check_fields(client, fault));
    const struct cg_profile *profile = NULL;
    CG_TRY(find_profile(store, client, arena, fault, &profile));
    CG_TRY(check_auth(client, profile, fault));
    struct cg_statement *statement = NULL;
    CG_TRY(cg_store_start(store, CG_SQL_CLIENT_SET, &statement));
    bind_settings(statement, client);
    cg_bind_text(statement, "realm", client->realm);
    cg_bind_text(statement, "id", client->id);
    int64_t changed = 0;
    CG_TRY(cg_store_run(statement, &changed));
    if (changed == 0) {
        CG_FAIL(fault, CG_ERR_NOT_FOUND, CG_REASON_NONE,
                "there is no client of this id in the realm", NULL);
    }
    CG_TRY(cg_life_note(store, client->realm, client->token_life_s));
    return cg_registry_touch(store, CG_TOUCH_REGISTRY);
}

enum cg_status cg_client_row_read(struct cg_statement *statement, struct cg_arena *arena, void *row)
{
    enum cg_status status = CG_OK;
    struct cg_client client = {
        .realm = cg_rows_text(statement, 0, arena, &status),
        .id = cg_rows_text(statement, 1, arena, &status),
        .organisation = cg_rows_text(statement, 2, arena, &status),
        .name = cg_rows_text(statement, 3, arena, &status),
        .grants = cg_rows_text(statement, 4, arena, &status),
        .epoch = cg_column_number(statement, 6),
        .token_life_s = cg_column_number(statement, 7),
        .has_token_response = !cg_column_is_null(statement, 8),
        .created_s = cg_column_number(statement, 9),
        .profile = cg_rows_text(statement, 10, arena, &status),
    };
    CG_TRY(status);
    CG_TRY(find_state(cg_column_text(statement, 5), &client.state));
    if (cg_client_auth_find(cg_column_text(statement, 11), &client.auth) != CG_OK ||
        cg_client_bind_find(cg_column_text(statement, 12), &client.bind) != CG_OK) {
        return CG_ERR_STORE;
    }
    if (client.has_token_response) {
        CG_TRY(cg_token_response_find(cg_column_text(statement, 8), &client.token_response));
    }
    struct cg_client *ret = row;
    *ret = client;
    return CG_OK;
}

enum cg_status cg_client_find(struct cg_store *store, struct cg_span realm, struct cg_span id,
                              struct cg_arena *arena, struct cg_client *ret_client)
{
    struct cg_statement *statement = NULL;
    CG_TRY(cg_store_start(store, CG_SQL_CLIENT_FIND, &statement));
    cg_bind_text(statement, "realm", realm);
    cg_bind_text(statement, "id", id);
    return cg_rows_first(&(struct cg_rows){statement, cg_client_row_read, arena, ret_client});
}

enum cg_status cg_client_list(struct cg_store *store, struct cg_span realm, struct cg_arena *arena,
                              cg_registry_visit visit, void *context)
{
    struct cg_statement *statement = NULL;
    CG_TRY(cg_store_start(store, CG_SQL_CLIENT_LIST, &statement));
    cg_bind_text(statement, "realm", realm);
    struct cg_client client;
    return cg_rows_visit(&(struct cg_rows){statement, cg_client_row_read, arena, &client}, visit,
                         context);
}

/* What a change of state starts from, and what is said when it cannot. */
struct transition {
    enum cg_client_state to;
    unsigned from; /* bits by state */
    const char *refusal;
};

static const struct transition suspension = {CG_CLIENT_SUSPENDED, 1 << CG_CLIENT_ACTIVE,
                                             "only an active client can be suspended"};
static const struct transition resumption = {CG_CLIENT_ACTIVE, 1 << CG_CLIENT_SUSPENDED,
                                             "only a suspended client can be resumed"};
static const struct transition retirement = {CG_CLIENT_RETIRED,
                                             (1 << CG_CLIENT_ACTIVE) | (1 << CG_CLIENT_SUSPENDED),
                                             "the client is retired already"};

static enum cg_status set_state(struct cg_store *store, const struct cg_client *client,
                                enum cg_client_state state, int64_t epoch)
{
    struct cg_statement *statement = NULL;
    CG_TRY(cg_store_start(store, CG_SQL_CLIENT_STATE_SET, &statement));
    cg_bind_text(statement, "state", cg_span_of_string(state_names[state]));
    cg_bind_number(statement, "epoch", epoch);
    cg_bind_text(statement, "realm", client->realm);
    cg_bind_text(statement, "id", client->id);
    return cg_store_run(statement, NULL);
}

/* Tokens of a lesser epoch are denied as long as one may live. */
static enum cg_status deny_older(struct cg_store *store, const struct cg_client *client,
                                 int64_t epoch, int64_t now_s)
{
    int64_t life_s = 0;
    CG_TRY(cg_realm_longest_life_s(store, client->realm, &life_s));
    struct cg_snapshot_denial denial = {
        .kind = CG_DENIAL_CLIENT,
        .subject = client->id,
        .epoch = epoch,
        .expires_s = now_s + life_s + CG_DENIAL_MARGIN_S,
    };
    return cg_denial_add(store, client->realm, &denial, now_s);
}

static enum cg_status find_named(struct cg_store *store, const struct cg_client *named,
                                 struct cg_arena *arena, struct cg_fault *fault,
                                 struct cg_client *ret_client)
{
    enum cg_status status = cg_client_find(store, named->realm, named->id, arena, ret_client);
    if (status == CG_ERR_NOT_FOUND) {
        CG_FAIL(fault, status, CG_REASON_NONE, "there is no client of this id in the realm", NULL);
    }
    return status;
}

enum cg_status cg_client_check_live(struct cg_store *store, struct cg_span realm, struct cg_span id,
                                    struct cg_arena *arena, struct cg_fault *fault)
{
    const struct cg_client named = {.realm = realm, .id = id};
    struct cg_client client;
    CG_TRY(find_named(store, &named, arena, fault, &client));
    if (client.state == CG_CLIENT_RETIRED) {
        CG_FAIL(fault, CG_ERR_CONFLICT, CG_REASON_NONE, "the client is retired", NULL);
    }
    return CG_OK;
}

/* now_s 0: tokens issued before stay as they are. */
static enum cg_status change_state(struct cg_store *store, const struct cg_client *named,
                                   const struct transition *transition, int64_t now_s,
                                   struct cg_fault *fault)
{
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = NULL;
    CG_TRY(cg_arena_new(CG_LIMIT_EXCHANGE_BYTES, &arena));
    struct cg_client client;
    CG_TRY(find_named(store, named, arena, fault, &client));
    if ((transition->from & (1U << client.state)) == 0) {
        CG_FAIL(fault, CG_ERR_CONFLICT, CG_REASON_NONE, transition->refusal, NULL);
    }
    if (now_s == 0) {
        CG_TRY(set_state(store, &client, transition->to, client.epoch));
        return cg_registry_touch(store, CG_TOUCH_REGISTRY);
    }
    CG_TRY(set_state(store, &client, transition->to, client.epoch + 1));
    return deny_older(store, &client, client.epoch + 1, now_s);
}

enum cg_status cg_client_suspend(struct cg_store *store, struct cg_span realm, struct cg_span id,
                                 int64_t now_s, struct cg_fault *fault)
{
    struct cg_client named = {.realm = realm, .id = id};
    return change_state(store, &named, &suspension, now_s, fault);
}

enum cg_status cg_client_resume(struct cg_store *store, struct cg_span realm, struct cg_span id,
                                struct cg_fault *fault)
{
    struct cg_client named = {.realm = realm, .id = id};
    return change_state(store, &named, &resumption, 0, fault);
}

enum cg_status cg_client_retire(struct cg_store *store, struct cg_span realm, struct cg_span id,
                                int64_t now_s, struct cg_fault *fault)
{
    struct cg_client named = {.realm = realm, .id = id};
    return change_state(store, &named, &retirement, now_s, fault);
}

enum cg_status cg_client_deny_tokens(struct cg_store *store, struct cg_span realm,
                                     struct cg_span id, int64_t now_s, struct cg_fault *fault)
{
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = NULL;
    CG_TRY(cg_arena_new(CG_LIMIT_EXCHANGE_BYTES, &arena));
    struct cg_client client;
    CG_TRY(find_named(store, &(struct cg_client){.realm = realm, .id = id}, arena, fault, &client));
    CG_TRY(set_state(store, &client, client.state, client.epoch + 1));
    return deny_older(store, &client, client.epoch + 1, now_s);
}
