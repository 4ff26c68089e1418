/* SPDX-License-Identifier: Apache-2.0 */
#include "base/span.h"
#include "cli/args.h"
#include "cli/change.h"
#include "cli/cmd_client_key.h"
#include "cli/cmd_client_upstream.h"
#include "cli/lookup.h"
#include "cli/nouns.h"
#include "registry/grant.h"

static void put_fields(struct cg_output *output, const struct cg_client *client)
{
    struct cg_span response = {NULL, 0};
    if (client->has_token_response) {
        response = cg_token_response_name(client->token_response);
    }
    cg_output_text(output, "client_id", client->id);
    cg_output_text(output, "organisation", client->organisation);
    cg_output_text(output, "name", client->name);
    cg_output_string(output, "state", cg_client_state_name(client->state));
    cg_output_words(output, "grants", client->grants);
    cg_output_duration(output, "token_life_s", client->token_life_s, "the realm's");
    cg_output_text(output, "token_response", response);
    cg_output_text(output, "profile", client->profile);
    cg_output_text(output, "auth", cg_client_auth_name(client->auth));
    cg_output_text(output, "bind", cg_client_bind_name(client->bind));
    cg_output_number(output, "epoch", client->epoch);
    cg_output_time(output, "created_at", client->created_s, "-");
}

static void put_client(struct cg_output *output, const struct cg_client *client)
{
    cg_output_open_record(output);
    put_fields(output, client);
    cg_output_close_record(output);
}

/* The settings that are given; the rest stays. */
static enum cg_status read_proof(struct cg_context *context, const struct cg_args *args,
                                 struct cg_client *client)
{
    struct cg_span auth = cg_args_value(args, "auth");
    struct cg_span bind = cg_args_value(args, "bind");
    if (cg_args_has(args, "profile")) {
        client->profile = cg_args_value(args, "profile");
    }
    if (auth.data != NULL && cg_client_auth_find(auth, &client->auth) != CG_OK) {
        return cg_complain_usage(context,
                                 "--auth is client_secret, private_key_jwt, tls_client_auth or "
                                 "self_signed_tls_client_auth, not \"%.*s\"",
                                 CG_SPAN_ARGS(auth));
    }
    if (bind.data != NULL && cg_client_bind_find(bind, &client->bind) != CG_OK) {
        return cg_complain_usage(context, "--bind is none, dpop or mtls, not \"%.*s\"",
                                 CG_SPAN_ARGS(bind));
    }
    return CG_OK;
}

/* The grants that are given, as types; if none is, they stay. */
static enum cg_status read_grants(struct cg_context *context, const struct cg_args *args,
                                  struct cg_client *client)
{
    if (!cg_args_has(args, "grant")) {
        return CG_OK;
    }
    struct cg_span rest = {NULL, 0};
    struct cg_span word;
    struct cg_buf types;
    CG_TRY(cg_args_join(context, args, "grant", &rest));
    cg_buf_init_arena(&types, context->arena, CG_LIMIT_SCOPE_BYTES);
    while (cg_span_split(&rest, ' ', &word)) {
        enum cg_grant grant;
        if (cg_grant_find_word(word, &grant) != CG_OK) {
            return cg_complain_usage(context,
                                     "--grant is client_credentials, token-exchange or gate, not "
                                     "\"%.*s\"",
                                     CG_SPAN_ARGS(word));
        }
        cg_buf_put_string(&types, types.len > 0 ? " " : "");
        cg_buf_put(&types, cg_grant_type(grant));
    }
    return cg_buf_finish(&types, &client->grants);
}

static enum cg_status read_settings(struct cg_context *context, const struct cg_args *args,
                                    struct cg_client *client)
{
    struct cg_span response = cg_args_value(args, "token-response");
    if (response.data != NULL) {
        client->has_token_response = true;
        if (cg_token_response_find(response, &client->token_response) != CG_OK) {
            return cg_complain_usage(context, "--token-response is documented or rfc, not \"%.*s\"",
                                     CG_SPAN_ARGS(response));
        }
    }
    CG_TRY(read_grants(context, args, client));
    CG_TRY(read_proof(context, args, client));
    return cg_args_token_life_s(context, args, &client->token_life_s);
}

static enum cg_status read_client(struct cg_context *context, const struct cg_args *args,
                                  struct cg_client *client)
{
    client->grants = cg_grant_type(CG_GRANT_CLIENT_CREDENTIALS);
    return read_settings(context, args, client);
}

static enum cg_status run_add(struct cg_context *context, const struct cg_args *args)
{
    CG_CLEANUP(cg_change_free_at) struct cg_change *change = NULL;
    struct cg_audit_event *event = NULL;
    struct cg_organisation organisation;
    struct cg_client client = {
        .organisation = cg_args_value(args, "org"),
        .name = cg_args_value(args, "name"),
        .created_s = context->now_s,
    };
    CG_TRY(read_client(context, args, &client));
    CG_TRY(cg_change_begin(context, &change));
    struct cg_lookup lookup = {context, cg_change_store(change), cg_change_realm(change)};
    client.realm = lookup.realm;
    CG_TRY(cg_lookup_organisation(&lookup, client.organisation, &organisation));
    CG_TRY(cg_client_add(lookup.store, &client, &context->random, context->arena, &context->fault,
                         &client.id));
    CG_TRY(cg_change_note(change, CG_AUDIT_CLIENT_ADDED, &event));
    event->client_id = client.id;
    event->organisation = client.organisation;
    CG_TRY(cg_change_commit(change));
    cg_output_open_record(&context->output);
    cg_output_text(&context->output, "client_id", client.id);
    cg_output_close_record(&context->output);
    bool is_gate = cg_span_equal(client.grants, cg_grant_type(CG_GRANT_GATE));
    cg_say(context, "next: `caregate %s --client %.*s%s`",
           is_gate ? "secret issue" : "agreement request", CG_SPAN_ARGS(client.id),
           is_gate ? "" : " …");
    return CG_OK;
}

static void put_row(struct cg_context *context, const void *row)
{
    put_client(&context->output, row);
}

static enum cg_status run_list(struct cg_context *context, const struct cg_args *args)
{
    CG_CLEANUP(cg_store_free_at) struct cg_store *store = NULL;
    CG_CLEANUP(cg_long_list_release) struct cg_long_list list = {.arena = NULL};
    struct cg_lookup lookup;
    (void)args;
    CG_TRY(cg_lookup_open(context, &store, &lookup));
    CG_TRY(cg_long_list_init(&list, context, put_row));
    cg_output_open_list(&context->output, CG_LIST_TABLE, "no clients yet");
    CG_TRY(cg_client_list(store, lookup.realm, list.arena, cg_long_list_see, &list));
    cg_output_close_list(&context->output);
    return CG_OK;
}

static enum cg_status run_show(struct cg_context *context, const struct cg_args *args)
{
    CG_CLEANUP(cg_store_free_at) struct cg_store *store = NULL;
    struct cg_lookup lookup;
    struct cg_client client;
    CG_TRY(cg_lookup_open(context, &store, &lookup));
    CG_TRY(cg_lookup_client(&lookup, cg_args_argument(args, 0), &client));
    cg_output_open_record(&context->output);
    put_fields(&context->output, &client);
    CG_TRY(cg_client_key_put(&lookup, client.id));
    cg_output_close_record(&context->output);
    return CG_OK;
}

static enum cg_status run_set(struct cg_context *context, const struct cg_args *args)
{
    CG_CLEANUP(cg_change_free_at) struct cg_change *change = NULL;
    struct cg_audit_event *event = NULL;
    struct cg_client client;
    if (args->option_count == 0) {
        return cg_complain_usage(context, "says not what to change");
    }
    CG_TRY(cg_change_begin(context, &change));
    struct cg_lookup lookup = {context, cg_change_store(change), cg_change_realm(change)};
    CG_TRY(cg_lookup_client(&lookup, cg_args_argument(args, 0), &client));
    CG_TRY(read_settings(context, args, &client));
    CG_TRY(cg_client_set(lookup.store, &client, context->arena, &context->fault));
    CG_TRY(cg_change_note(change, CG_AUDIT_CLIENT_CHANGED, &event));
    event->client_id = client.id;
    event->organisation = client.organisation;
    CG_TRY(cg_change_commit(change));
    put_client(&context->output, &client);
    return CG_OK;
}

static enum cg_status move(const struct cg_lookup *lookup, enum cg_audit_kind kind,
                           struct cg_span id)
{
    struct cg_context *context = lookup->context;
    switch ((int)kind) {
    case CG_AUDIT_CLIENT_SUSPENDED:
        return cg_client_suspend(lookup->store, lookup->realm, id, context->now_s, &context->fault);
    case CG_AUDIT_CLIENT_RESUMED:
        return cg_client_resume(lookup->store, lookup->realm, id, &context->fault);
    default:
        return cg_client_retire(lookup->store, lookup->realm, id, context->now_s, &context->fault);
    }
}

/* Suspends, resumes or retires, as the kind of event says, and shows what came of it. */
static enum cg_status change_state(struct cg_context *context, const struct cg_args *args,
                                   enum cg_audit_kind kind)
{
    CG_CLEANUP(cg_change_free_at) struct cg_change *change = NULL;
    struct cg_audit_event *event = NULL;
    struct cg_client client;
    CG_TRY(cg_change_begin(context, &change));
    struct cg_lookup lookup = {context, cg_change_store(change), cg_change_realm(change)};
    CG_TRY(cg_lookup_client(&lookup, cg_args_argument(args, 0), &client));
    CG_TRY(move(&lookup, kind, client.id));
    CG_TRY(cg_change_note(change, kind, &event));
    event->client_id = client.id;
    event->organisation = client.organisation;
    CG_TRY(cg_change_commit(change));
    CG_TRY(cg_lookup_client(&lookup, client.id, &client));
    put_client(&context->output, &client);
    return CG_OK;
}

static enum cg_status run_suspend(struct cg_context *context, const struct cg_args *args)
{
    return change_state(context, args, CG_AUDIT_CLIENT_SUSPENDED);
}

static enum cg_status run_resume(struct cg_context *context, const struct cg_args *args)
{
    return change_state(context, args, CG_AUDIT_CLIENT_RESUMED);
}

static enum cg_status run_retire(struct cg_context *context, const struct cg_args *args)
{
    return change_state(context, args, CG_AUDIT_CLIENT_RETIRED);
}

/* What add and set both take, and the row that ends a table. */
#define CLIENT_SETTINGS                                                                            \
    {"auth", "METHOD", CG_OPTION_PLAIN,                                                            \
     "how it proves itself: client_secret, private_key_jwt, tls_client_auth, "                     \
     "self_signed_tls_client_auth"},                                                               \
        {"bind", "HOW", CG_OPTION_PLAIN, "what its tokens are bound to: none, dpop, mtls"},        \
        {"grant", "GRANT", CG_OPTION_REPEATABLE,                                                   \
         "what it may ask for: tokens by client_credentials or token-exchange, or a gate's rules " \
         "by gate"},                                                                               \
        {"profile", "PROFILE", CG_OPTION_PLAIN,                                                    \
         "documented, smart, nhs or fapi2, the realm's if left out"},                              \
        {"token-life", "SECONDS", CG_OPTION_PLAIN,                                                 \
         "how long its tokens live, the realm's if left out"},                                     \
        {"token-response", "SHAPE", CG_OPTION_PLAIN,                                               \
         "documented (refresh_token is null) or rfc (it is left out), the realm's if left out"},   \
    {                                                                                              \
        NULL, NULL, CG_OPTION_PLAIN, NULL                                                          \
    }

static const struct cg_option add_options[] = {
    {"org", "ODS", CG_OPTION_REQUIRED, "the organisation that it belongs to"},
    {"name", "NAME", CG_OPTION_REQUIRED, "what people call the system; its id is made from it"},
    CLIENT_SETTINGS,
};

static const struct cg_option set_options[] = {
    CLIENT_SETTINGS,
};

static const struct cg_verb client_verbs[] = {
    {
        .name = "add",
        .summary = "add a calling system",
        .options = add_options,
        .help = "Makes the id that the system shows when it asks for tokens. It gets none\n"
                "before it has an agreement in force and a secret.",
        .example = "caregate client add --org RX809 --name \"Ward system\"",
        .run = run_add,
    },
    {
        .name = "list",
        .summary = "list the realm's clients",
        .example = "caregate --json client list",
        .run = run_list,
    },
    {
        .name = "show",
        .arguments = "ID",
        .summary = "show one client",
        .example = "caregate client show ward-system-7f3k9q2x",
        .run = run_show,
    },
    {
        .name = "set",
        .arguments = "ID",
        .summary = "change how a client proves itself, and its settings",
        .options = set_options,
        .help = "What is not named stays. The issuer goes by it at once; tokens that were\n"
                "issued before stay as they are.",
        .example = "caregate client set ward-system-7f3k9q2x --auth private_key_jwt",
        .run = run_set,
    },
    {
        .name = "key add",
        .summary = "register a key, certificate or name that a client proves itself with",
        .options = cg_client_key_add_options,
        .help = "Public things only: the private half stays with the client. Several may be in\n"
                "force at once, so that a system moves from one to the next without a pause.",
        .example = "caregate client key add --client ward-system-7f3k9q2x --jwks public.jwks",
        .run = cg_client_key_add_run,
    },
    {
        .name = "key list",
        .summary = "list a client's keys, certificates and names",
        .options = cg_client_key_list_options,
        .example = "caregate client key list --client ward-system-7f3k9q2x",
        .run = cg_client_key_list_run,
    },
    {
        .name = "key revoke",
        .arguments = "KEY_ID",
        .summary = "take a client's key back",
        .help = "Nothing is proved by it from now on. Tokens got with it live on to their end;\n"
                "`caregate client suspend` stops those too.",
        .example = "caregate client key revoke key_7f3k9q2xabcd",
        .run = cg_client_key_revoke_run,
    },
    {
        .name = "upstream add",
        .summary = "let a client exchange the ID tokens that an identity provider makes for it",
        .options = cg_client_upstream_options,
        .help = "An ID token names in aud for whom it was made. One that names another id than\n"
                "those registered is refused: it was made for another system. An id is one\n"
                "client's.",
        .example = "caregate client upstream add --client ward-system-7f3k9q2x --upstream "
                   "nhs-login --audience care-app",
        .run = cg_client_upstream_add_run,
    },
    {
        .name = "upstream list",
        .summary = "list the ids of clients at identity providers",
        .options = cg_client_upstream_list_options,
        .example = "caregate client upstream list --client ward-system-7f3k9q2x",
        .run = cg_client_upstream_list_run,
    },
    {
        .name = "upstream remove",
        .summary = "take a client's id at an identity provider back",
        .options = cg_client_upstream_options,
        .help = "ID tokens for that id are exchanged no more. Tokens got with them live on to\n"
                "their end; `caregate client suspend` stops those too.",
        .example = "caregate client upstream remove --client ward-system-7f3k9q2x --upstream "
                   "nhs-login --audience care-app",
        .run = cg_client_upstream_remove_run,
    },
    {
        .name = "suspend",
        .arguments = "ID",
        .summary = "give a client no more tokens, and refuse those that it has",
        .help = "The issuer refuses it at once, the gate its tokens within two seconds.",
        .example = "caregate client suspend ward-system-7f3k9q2x",
        .run = run_suspend,
    },
    {
        .name = "resume",
        .arguments = "ID",
        .summary = "let a suspended client ask for tokens again",
        .help = "Tokens from before the suspension stay refused.",
        .example = "caregate client resume ward-system-7f3k9q2x",
        .run = run_resume,
    },
    {
        .name = "retire",
        .arguments = "ID",
        .summary = "end a client, for good",
        .help = "As suspend, but it cannot be taken back.",
        .example = "caregate client retire ward-system-7f3k9q2x",
        .run = run_retire,
    },
    {.name = NULL},
};

const struct cg_noun cg_noun_client = {"client", "systems that call", client_verbs};
