/* SPDX-License-Identifier: Apache-2.0 */
#include "base/span.h"
#include "cli/args.h"
#include "cli/change.h"
#include "cli/lookup.h"
#include "cli/nouns.h"
#include "registry/client_upstream.h"

#define FILE_BYTES_MAX (64UL * 1024)

/* The record stays open. */
static void put_upstream(struct cg_output *output, const struct cg_upstream *upstream)
{
    cg_output_open_record(output);
    cg_output_text(output, "upstream", upstream->name);
    cg_output_text(output, "kind", upstream->kind);
    cg_output_text(output, "issuer", upstream->issuer);
    cg_output_text(output, "alg", upstream->alg);
    cg_output_words(output, "levels", upstream->levels);
    cg_output_text(output, "jwks_uri", upstream->jwks_uri);
    if (upstream->jwks.data != NULL) {
        cg_output_json(output, "jwks", upstream->jwks, CG_SPAN_OF("(with --json)"));
    } else {
        cg_output_text(output, "jwks", upstream->jwks);
    }
    cg_output_time(output, "created_at", upstream->created_s, "-");
    cg_output_time(output, "retired_at", upstream->retired_s, "-");
}

static enum cg_status show(const struct cg_lookup *lookup, struct cg_span name)
{
    struct cg_context *context = lookup->context;
    struct cg_upstream upstream;
    int64_t clients = 0;
    CG_TRY(cg_lookup_upstream(lookup, name, &upstream));
    CG_TRY(cg_client_upstream_clients(lookup->store, lookup->realm, name, &clients));
    put_upstream(&context->output, &upstream);
    cg_output_number(&context->output, "clients", clients);
    cg_output_close_record(&context->output);
    return CG_OK;
}

/* The settings that are given; the rest stays. Keys of one form take the other's place. */
static enum cg_status read_settings(struct cg_context *context, const struct cg_args *args,
                                    struct cg_upstream *upstream)
{
    const char *path = NULL;
    if (cg_args_has(args, "jwks") && cg_args_has(args, "jwks-uri")) {
        return cg_complain_usage(context, "wants its keys by --jwks or by --jwks-uri, not by both");
    }
    if (cg_args_has(args, "jwks-uri")) {
        upstream->jwks_uri = cg_args_value(args, "jwks-uri");
        upstream->jwks = (struct cg_span){NULL, 0};
    }
    if (cg_args_has(args, "jwks")) {
        CG_TRY(cg_context_string(context, cg_args_value(args, "jwks"), &path));
        CG_TRY(cg_context_read_file(context, path, FILE_BYTES_MAX, &upstream->jwks));
        upstream->jwks_uri = (struct cg_span){NULL, 0};
    }
    if (cg_args_has(args, "alg")) {
        upstream->alg = cg_args_value(args, "alg");
    }
    return cg_args_has(args, "level") ? cg_args_join(context, args, "level", &upstream->levels)
                                      : CG_OK;
}

static enum cg_status note(struct cg_change *change, enum cg_audit_kind kind, struct cg_span name)
{
    struct cg_audit_event *event = NULL;
    CG_TRY(cg_change_note(change, kind, &event));
    event->detail = name;
    return CG_OK;
}

/* What must be so besides, before the first ID token is exchanged. */
static void tell_next(struct cg_context *context, const struct cg_upstream *upstream)
{
    if (upstream->jwks_uri.data != NULL) {
        cg_say(context, "its host must be in caregate_fetch_hosts of nginx.conf");
    }
}

static enum cg_status run_add(struct cg_context *context, const struct cg_args *args)
{
    CG_CLEANUP(cg_change_free_at) struct cg_change *change = NULL;
    struct cg_upstream upstream = {
        .name = cg_args_argument(args, 0),
        .kind = cg_args_value(args, "kind"),
        .issuer = cg_args_value(args, "issuer"),
        .created_s = context->now_s,
    };
    CG_TRY(read_settings(context, args, &upstream));
    CG_TRY(cg_change_begin(context, &change));
    struct cg_lookup lookup = {context, cg_change_store(change), cg_change_realm(change)};
    upstream.realm = lookup.realm;
    CG_TRY(cg_upstream_add(lookup.store, &upstream, &context->random, context->arena,
                           &context->fault));
    CG_TRY(note(change, CG_AUDIT_UPSTREAM_ADDED, upstream.name));
    CG_TRY(cg_change_commit(change));
    tell_next(context, &upstream);
    cg_say(context, "next: `caregate client upstream add --client ID --upstream %.*s --audience …`",
           CG_SPAN_ARGS(upstream.name));
    return show(&lookup, upstream.name);
}

static enum cg_status list_one(void *context, const void *row)
{
    put_upstream(context, row);
    cg_output_close_record(context);
    return CG_OK;
}

static enum cg_status run_list(struct cg_context *context, const struct cg_args *args)
{
    CG_CLEANUP(cg_store_free_at) struct cg_store *store = NULL;
    struct cg_lookup lookup;
    (void)args;
    CG_TRY(cg_lookup_open(context, &store, &lookup));
    cg_output_open_list(&context->output, CG_LIST_BLOCKS, "no identity providers yet");
    CG_TRY(cg_upstream_list(store, lookup.realm, context->arena, list_one, &context->output));
    cg_output_close_list(&context->output);
    return CG_OK;
}

static enum cg_status run_show(struct cg_context *context, const struct cg_args *args)
{
    CG_CLEANUP(cg_store_free_at) struct cg_store *store = NULL;
    struct cg_lookup lookup;
    CG_TRY(cg_lookup_open(context, &store, &lookup));
    return show(&lookup, cg_args_argument(args, 0));
}

static enum cg_status run_set(struct cg_context *context, const struct cg_args *args)
{
    CG_CLEANUP(cg_change_free_at) struct cg_change *change = NULL;
    struct cg_upstream upstream;
    if (args->option_count == 0) {
        return cg_complain_usage(context, "says not what to change");
    }
    CG_TRY(cg_change_begin(context, &change));
    struct cg_lookup lookup = {context, cg_change_store(change), cg_change_realm(change)};
    CG_TRY(cg_lookup_upstream(&lookup, cg_args_argument(args, 0), &upstream));
    CG_TRY(read_settings(context, args, &upstream));
    CG_TRY(cg_upstream_set(lookup.store, &upstream, &context->random, context->arena,
                           &context->fault));
    CG_TRY(note(change, CG_AUDIT_UPSTREAM_CHANGED, upstream.name));
    CG_TRY(cg_change_commit(change));
    if (cg_args_has(args, "jwks-uri")) {
        tell_next(context, &upstream);
    }
    return show(&lookup, upstream.name);
}

static enum cg_status run_retire(struct cg_context *context, const struct cg_args *args)
{
    CG_CLEANUP(cg_change_free_at) struct cg_change *change = NULL;
    struct cg_upstream upstream;
    CG_TRY(cg_change_begin(context, &change));
    struct cg_lookup lookup = {context, cg_change_store(change), cg_change_realm(change)};
    CG_TRY(cg_lookup_upstream(&lookup, cg_args_argument(args, 0), &upstream));
    CG_TRY(cg_upstream_retire(lookup.store, lookup.realm, upstream.name, context->now_s,
                              context->arena, &context->fault));
    CG_TRY(note(change, CG_AUDIT_UPSTREAM_RETIRED, upstream.name));
    CG_TRY(cg_change_commit(change));
    return show(&lookup, upstream.name);
}

/* What add and set both take, and the row that ends a table. */
#define UPSTREAM_SETTINGS                                                                          \
    {"jwks-uri", "URL", CG_OPTION_PLAIN,                                                           \
     "where it publishes its keys: jwks_uri of its discovery"},                                    \
        {"jwks", "FILE", CG_OPTION_PLAIN, "or its public keys themselves, as a JWK set"},          \
        {"alg", "ALG", CG_OPTION_PLAIN,                                                            \
         "what it signs ID tokens with; else RS512 for nhs-login, RS256 for the others"},          \
        {"level", "LEVEL", CG_OPTION_REPEATABLE,                                                   \
         "a level of assurance to accept; else P9 of nhs-login, AAL2 and AAL3 of cis2, any of "    \
         "oidc"},                                                                                  \
    {                                                                                              \
        NULL, NULL, CG_OPTION_PLAIN, NULL                                                          \
    }

static const struct cg_option add_options[] = {
    {"kind", "KIND", CG_OPTION_REQUIRED, "nhs-login, cis2 or oidc"},
    {"issuer", "URL", CG_OPTION_REQUIRED, "its issuer, byte for byte as its ID tokens have it"},
    UPSTREAM_SETTINGS,
};

static const struct cg_option set_options[] = {
    UPSTREAM_SETTINGS,
};

static const struct cg_verb upstream_verbs[] = {
    {
        .name = "add",
        .arguments = "NAME",
        .summary = "trust an identity provider to say who a person is",
        .options = add_options,
        .help = "Its ID tokens can be exchanged for tokens of the realm (RFC 8693), by clients\n"
                "that `caregate client upstream add` names an id of theirs for. NAME begins the\n"
                "subject of each of its people, NAME:SUB, so that it is the issuer's for good.\n"
                "Copy the issuer from its /.well-known/openid-configuration: a port or a final\n"
                "slash more or less, and no ID token fits.",
        .example = "caregate upstream add nhs-login --kind nhs-login --issuer "
                   "https://auth.login.nhs.uk --jwks-uri "
                   "https://auth.login.nhs.uk/.well-known/jwks.json",
        .run = run_add,
    },
    {
        .name = "list",
        .summary = "list the realm's identity providers",
        .example = "caregate upstream list",
        .run = run_list,
    },
    {
        .name = "show",
        .arguments = "NAME",
        .summary = "show one identity provider, and how many clients have an id there",
        .example = "caregate upstream show nhs-login",
        .run = run_show,
    },
    {
        .name = "set",
        .arguments = "NAME",
        .summary = "change an identity provider's keys, algorithm or levels",
        .options = set_options,
        .help = "What is not named stays, but the levels that are named take the place of all\n"
                "before. The issuer goes by it at once; tokens got before stay as they are.",
        .example = "caregate upstream set nhs-login --level P5 --level P9",
        .run = run_set,
    },
    {
        .name = "retire",
        .arguments = "NAME",
        .summary = "trust an identity provider no more, for good",
        .help = "None of its ID tokens is exchanged from now on. Tokens got with them live on to\n"
                "their end; `caregate client suspend` stops those too.",
        .example = "caregate upstream retire nhs-login",
        .run = run_retire,
    },
    {.name = NULL},
};

const struct cg_noun cg_noun_upstream = {"upstream", "who may say who a person is", upstream_verbs};
