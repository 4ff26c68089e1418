/* SPDX-License-Identifier: Apache-2.0 */
#include "base/span.h"
#include "cli/args.h"
#include "cli/change.h"
#include "cli/nouns.h"
#include "cli/protect.h"
#include "registry/api.h"
#include "registry/introspector.h"

/* The record stays open. */
static void put_api(struct cg_output *output, const struct cg_api *api)
{
    cg_output_open_record(output);
    cg_output_text(output, "api", api->name);
    cg_output_text(output, "audience", api->audience);
    cg_output_words(output, "scope", api->scope);
    cg_output_number(output, "approvals", api->approvals_wanted);
    cg_output_duration(output, "token_life_s", api->token_life_s, "the realm's");
    cg_output_time(output, "created_at", api->created_s, "-");
    cg_output_time(output, "retired_at", api->retired_s, "-");
}

static enum cg_status show(struct cg_context *context, struct cg_store *store, struct cg_span realm,
                           struct cg_span name)
{
    struct cg_api api;
    enum cg_status status = cg_api_find(store, realm, name, context->arena, &api);
    if (status == CG_ERR_NOT_FOUND) {
        return cg_complain(context, status, "there is no API %.*s in %.*s; `caregate api list`",
                           CG_SPAN_ARGS(name), CG_SPAN_ARGS(realm));
    }
    CG_TRY(status);
    struct cg_span introspectors = {NULL, 0};
    CG_TRY(cg_introspector_clients(store, realm, name, context->arena, &introspectors));
    put_api(&context->output, &api);
    cg_output_words(&context->output, "introspectors", introspectors);
    cg_output_close_record(&context->output);
    return CG_OK;
}

static enum cg_status run_add(struct cg_context *context, const struct cg_args *args)
{
    CG_CLEANUP(cg_change_free_at) struct cg_change *change = NULL;
    struct cg_audit_event *event = NULL;
    struct cg_api api = {
        .name = cg_args_argument(args, 0),
        .audience = cg_args_value(args, "audience"),
        .approvals_wanted = 1,
        .created_s = context->now_s,
    };
    CG_TRY(cg_args_join(context, args, "scope", &api.scope));
    CG_TRY(cg_args_number(context, args, "approvals", 9, &api.approvals_wanted));
    CG_TRY(cg_args_token_life_s(context, args, &api.token_life_s));
    CG_TRY(cg_change_begin(context, &change));
    api.realm = cg_change_realm(change);
    CG_TRY(cg_api_add(cg_change_store(change), &api, &context->fault));
    CG_TRY(cg_change_note(change, CG_AUDIT_API_ADDED, &event));
    event->api = api.name;
    CG_TRY(cg_change_commit(change));
    return show(context, cg_change_store(change), api.realm, api.name);
}

static enum cg_status list_one(void *context, const void *row)
{
    put_api(context, row);
    cg_output_close_record(context);
    return CG_OK;
}

static enum cg_status run_list(struct cg_context *context, const struct cg_args *args)
{
    CG_CLEANUP(cg_store_free_at) struct cg_store *store = NULL;
    struct cg_span realm = {NULL, 0};
    (void)args;
    CG_TRY(cg_context_open_store(context, CG_STORE_REGISTRY, CG_STORE_READ_ONLY, &store));
    CG_TRY(cg_context_realm(context, store, &realm));
    cg_output_open_list(&context->output, CG_LIST_TABLE, "no APIs yet");
    CG_TRY(cg_api_list(store, realm, context->arena, list_one, &context->output));
    cg_output_close_list(&context->output);
    return CG_OK;
}

static enum cg_status run_show(struct cg_context *context, const struct cg_args *args)
{
    CG_CLEANUP(cg_store_free_at) struct cg_store *store = NULL;
    struct cg_span realm = {NULL, 0};
    CG_TRY(cg_context_open_store(context, CG_STORE_REGISTRY, CG_STORE_READ_ONLY, &store));
    CG_TRY(cg_context_realm(context, store, &realm));
    return show(context, store, realm, cg_args_argument(args, 0));
}

static enum cg_status run_introspector(struct cg_context *context, const struct cg_args *args)
{
    CG_CLEANUP(cg_change_free_at) struct cg_change *change = NULL;
    struct cg_audit_event *event = NULL;
    struct cg_introspector introspector = {
        .api = cg_args_argument(args, 0),
        .client = cg_args_value(args, "add"),
    };
    bool adds = introspector.client.data != NULL;
    if (adds == cg_args_has(args, "remove")) {
        return cg_complain_usage(context, "name a client by --add or by --remove");
    }
    introspector.client = adds ? introspector.client : cg_args_value(args, "remove");
    CG_TRY(cg_change_begin(context, &change));
    struct cg_store *store = cg_change_store(change);
    introspector.realm = cg_change_realm(change);
    CG_TRY(adds ? cg_introspector_add(store, &introspector, context->now_s, &context->fault)
                : cg_introspector_remove(store, &introspector, &context->fault));
    CG_TRY(cg_change_note(change, CG_AUDIT_API_CHANGED, &event));
    event->api = introspector.api;
    event->client_id = introspector.client;
    event->detail = adds ? CG_SPAN_OF("may introspect its tokens")
                         : CG_SPAN_OF("may introspect its tokens no more");
    CG_TRY(cg_change_commit(change));
    return show(context, store, introspector.realm, introspector.api);
}

static enum cg_status run_retire(struct cg_context *context, const struct cg_args *args)
{
    CG_CLEANUP(cg_change_free_at) struct cg_change *change = NULL;
    struct cg_audit_event *event = NULL;
    struct cg_span name = cg_args_argument(args, 0);
    CG_TRY(cg_change_begin(context, &change));
    CG_TRY(cg_api_retire(cg_change_store(change), cg_change_realm(change), name, context->now_s,
                         &context->fault));
    CG_TRY(cg_change_note(change, CG_AUDIT_API_RETIRED, &event));
    event->api = name;
    CG_TRY(cg_change_commit(change));
    return show(context, cg_change_store(change), cg_change_realm(change), name);
}

static const struct cg_option add_options[] = {
    {"audience", "URI", CG_OPTION_REQUIRED, "what tokens for it name in aud"},
    {"scope", "SCOPE", CG_OPTION_REQUIRED | CG_OPTION_REPEATABLE,
     "an operation; a scope belongs to one API of a realm, but SMART scopes"},
    {"approvals", "N", CG_OPTION_PLAIN, "people who must approve an agreement, 1 if left out"},
    {"token-life", "SECONDS", CG_OPTION_PLAIN, "how long a token lives, the realm's if left out"},
    {NULL, NULL, CG_OPTION_PLAIN, NULL},
};

static const struct cg_option protect_options[] = {
    {"at", "/PATH/", CG_OPTION_REQUIRED, "where clients find it at the gate"},
    {"upstream", "URL", CG_OPTION_REQUIRED,
     "where it runs; with a path, that takes /PATH/'s place"},
    {"require", "[METHOD,…=]SCOPE", CG_OPTION_REPEATABLE,
     "for these methods (all if none is named) one of these scopes"},
    {"fhir", NULL, CG_OPTION_PLAIN, "refuse in FHIR's words, by OperationOutcome"},
    {"smart", NULL, CG_OPTION_PLAIN,
     "a FHIR R4 API: SMART scopes decide, by what a request reaches; implies --fhir"},
    {"upstream-ca", "FILE", CG_OPTION_PLAIN,
     "who may sign an https API's certificate, the system's list if left out"},
    {"replace", NULL, CG_OPTION_PLAIN, "write over what was protected under this name"},
    {NULL, NULL, CG_OPTION_PLAIN, NULL},
};

static const struct cg_option introspector_options[] = {
    {"add", "CLIENT", CG_OPTION_PLAIN, "a client that serves the API"},
    {"remove", "CLIENT", CG_OPTION_PLAIN, "one that serves it no more"},
    {NULL, NULL, CG_OPTION_PLAIN, NULL},
};

static const struct cg_verb api_verbs[] = {
    {
        .name = "add",
        .arguments = "NAME",
        .summary = "add an API that clients can have agreements for",
        .options = add_options,
        .help =
            "SMART scopes, as in system/Patient.rs or system/*.cruds, are the same words at every\n"
            "API. An agreement may be for less than they open.",
        .example = "caregate api add documents.write --audience https://care.example/documents "
                   "--scope documents.write",
        .run = run_add,
    },
    {
        .name = "list",
        .summary = "list the realm's APIs",
        .example = "caregate api list",
        .run = run_list,
    },
    {
        .name = "show",
        .arguments = "NAME",
        .summary = "show one API",
        .example = "caregate api show documents.write",
        .run = run_show,
    },
    {
        .name = "protect",
        .arguments = "NAME",
        .summary = "put an API behind the gate",
        .options = protect_options,
        .help = "Writes DIR/apis/REALM/NAME.conf and DIR/upstreams/REALM/NAME.conf, which\n"
                "nginx.conf includes; both are yours to edit. An upstream without a path gets\n"
                "the request's path unchanged. The certificate of an https upstream is\n"
                "verified. `caregate reload` makes it live.",
        .example = "caregate api protect documents.write --at /fhir/ --upstream "
                   "http://127.0.0.1:9090 --fhir",
        .run = cg_protect_run,
    },
    {
        .name = "introspector",
        .arguments = "NAME",
        .summary = "say which client may ask what tokens for an API are worth",
        .options = introspector_options,
        .help = "For an API that does not rely on the gate: the client asks at the realm's\n"
                "introspection endpoint (RFC 7662) and learns that API's part of a token.",
        .example = "caregate api introspector documents.write --add documents-server-7f3k9q2x",
        .run = run_introspector,
    },
    {
        .name = "retire",
        .arguments = "NAME",
        .summary = "take an API out of service, for good",
        .help = "No new tokens name it; the gate refuses it within two seconds.",
        .example = "caregate api retire documents.write",
        .run = run_retire,
    },
    {.name = NULL},
};

const struct cg_noun cg_noun_api = {"api", "what stands behind the gate", api_verbs};
