/* SPDX-License-Identifier: Apache-2.0 */
#include "base/span.h"
#include "cli/args.h"
#include "cli/change.h"
#include "cli/first_key.h"
#include "cli/folder.h"
#include "cli/nginx_conf.h"
#include "cli/nouns.h"
#include "registry/realm.h"

static enum cg_status read_key_life(struct cg_context *context, const struct cg_args *args,
                                    int64_t *ret_life_s)
{
    CG_TRY(cg_args_duration_s(context, args, "key-life", ret_life_s));
    if (cg_args_has(args, "key-life") && *ret_life_s < CG_KEY_LIFE_MIN_S) {
        return cg_complain_usage(context, "--key-life is an hour at least, such as 90d; or off");
    }
    return CG_OK;
}

/* The settings that --alg, --typ and the others give; what is not given stays. */
static enum cg_status read_settings(struct cg_context *context, const struct cg_args *args,
                                    struct cg_realm *realm)
{
    struct cg_span response = cg_args_value(args, "token-response");
    if (cg_args_has(args, "alg")) {
        realm->alg = cg_args_value(args, "alg");
    }
    if (cg_args_has(args, "typ")) {
        realm->typ = cg_args_value(args, "typ");
    }
    if (response.data != NULL &&
        cg_token_response_find(response, &realm->token_response) != CG_OK) {
        return cg_complain_usage(context, "--token-response is documented or rfc, not \"%.*s\"",
                                 CG_SPAN_ARGS(response));
    }
    if (cg_span_equal_string(cg_args_value(args, "key-life"), "off")) {
        realm->key_life_s = 0;
    } else {
        CG_TRY(read_key_life(context, args, &realm->key_life_s));
    }
    return cg_args_token_life_s(context, args, &realm->token_life_s);
}

/* A realm of a profile: the one that --profile names, else `otherwise`. */
static enum cg_status read_profile(struct cg_context *context, const struct cg_args *args,
                                   struct cg_span otherwise, struct cg_realm *ret_realm)
{
    struct cg_span profile = cg_args_value(args, "profile");
    if (profile.data == NULL) {
        profile = otherwise;
    }
    return cg_realm_defaults(profile, &context->fault, ret_realm);
}

static void put_realm(struct cg_output *output, const struct cg_realm *realm)
{
    cg_output_open_record(output);
    cg_output_text(output, "realm", realm->path);
    cg_output_text(output, "issuer", realm->issuer);
    cg_output_text(output, "mtls_issuer", realm->mtls_issuer);
    cg_output_text(output, "profile", realm->profile);
    cg_output_text(output, "alg", realm->alg);
    cg_output_text(output, "typ", realm->typ);
    cg_output_duration(output, "token_life_s", realm->token_life_s, "-");
    cg_output_text(output, "token_response", cg_token_response_name(realm->token_response));
    cg_output_duration(output, "key_life_s", realm->key_life_s, "off");
    cg_output_time(output, "created_at", realm->created_s, "-");
    cg_output_close_record(output);
}

/* As it stands in the store now. */
static enum cg_status show(struct cg_context *context, struct cg_store *store, struct cg_span path)
{
    struct cg_realm realm;
    CG_TRY(cg_realm_find(store, path, context->arena, &realm));
    put_realm(&context->output, &realm);
    return CG_OK;
}

static enum cg_status run_add(struct cg_context *context, const struct cg_args *args)
{
    CG_CLEANUP(cg_change_free_at) struct cg_change *change = NULL;
    struct cg_audit_event *event = NULL;
    struct cg_realm realm;
    CG_TRY(read_profile(context, args, CG_SPAN_OF("documented"), &realm));
    CG_TRY(read_settings(context, args, &realm));
    realm.path = cg_args_argument(args, 0);
    realm.created_s = context->now_s;
    CG_TRY(cg_change_begin_with(context, CG_CHANGE_NO_REALM, &change));
    CG_TRY(cg_realm_add(cg_change_store(change), &realm, &context->fault));
    CG_TRY(cg_change_note(change, CG_AUDIT_REALM_ADDED, &event));
    event->realm = realm.path;
    CG_TRY(cg_first_key_add(context, change, realm.path, realm.alg));
    CG_TRY(cg_folder_write_realm(context, realm.path));
    CG_TRY(cg_change_commit(change));
    CG_TRY(show(context, cg_change_store(change), realm.path));
    cg_say(context, "`caregate reload` makes it live");
    return CG_OK;
}

static enum cg_status list_one(void *context, const void *row)
{
    put_realm(context, row);
    return CG_OK;
}

static enum cg_status run_list(struct cg_context *context, const struct cg_args *args)
{
    CG_CLEANUP(cg_store_free_at) struct cg_store *store = NULL;
    (void)args;
    CG_TRY(cg_context_open_store(context, CG_STORE_REGISTRY, CG_STORE_READ_ONLY, &store));
    cg_output_open_list(&context->output, CG_LIST_TABLE, "no realms yet");
    CG_TRY(cg_realm_list(store, context->arena, list_one, &context->output));
    cg_output_close_list(&context->output);
    return CG_OK;
}

/* PATH, else --realm, else the only one. */
static enum cg_status choose(struct cg_context *context, const struct cg_args *args,
                             struct cg_store *store, struct cg_span *ret_path)
{
    struct cg_span path = cg_args_argument(args, 0);
    context->realm = path.data != NULL ? path : context->realm;
    return cg_context_realm(context, store, ret_path);
}

static enum cg_status run_show(struct cg_context *context, const struct cg_args *args)
{
    CG_CLEANUP(cg_store_free_at) struct cg_store *store = NULL;
    struct cg_span path = {NULL, 0};
    CG_TRY(cg_context_open_store(context, CG_STORE_REGISTRY, CG_STORE_READ_ONLY, &store));
    CG_TRY(choose(context, args, store, &path));
    return show(context, store, path);
}

/* Another profile brings its own defaults; what else is given goes on top. */
static enum cg_status read_changes(struct cg_context *context, const struct cg_args *args,
                                   struct cg_realm *realm)
{
    struct cg_realm fresh;
    if (cg_args_has(args, "profile")) {
        CG_TRY(read_profile(context, args, realm->profile, &fresh));
        fresh.path = realm->path;
        fresh.key_life_s = realm->key_life_s;
        fresh.created_s = realm->created_s;
        *realm = fresh;
    }
    return read_settings(context, args, realm);
}

/* Keys are bound to their algorithm: another takes effect with the next key. */
static void say_rotate(struct cg_context *context, struct cg_span before, struct cg_span alg)
{
    if (!cg_span_equal(before, alg)) {
        cg_say(context,
               "the next signing key is one of %.*s: `caregate key rotate` makes it, and what the "
               "keys before it signed stays valid",
               CG_SPAN_ARGS(alg));
    }
}

static enum cg_status run_set(struct cg_context *context, const struct cg_args *args)
{
    CG_CLEANUP(cg_change_free_at) struct cg_change *change = NULL;
    struct cg_audit_event *event = NULL;
    struct cg_realm realm;
    if (args->option_count == 0) {
        return cg_complain_usage(context, "says not what to change");
    }
    context->realm = cg_args_argument(args, 0);
    CG_TRY(cg_change_begin(context, &change));
    CG_TRY(cg_realm_find(cg_change_store(change), cg_change_realm(change), context->arena, &realm));
    struct cg_span alg = realm.alg;
    CG_TRY(read_changes(context, args, &realm));
    CG_TRY(cg_realm_set(cg_change_store(change), &realm, &context->fault));
    CG_TRY(cg_change_note(change, CG_AUDIT_REALM_CHANGED, &event));
    CG_TRY(cg_change_commit(change));
    CG_TRY(show(context, cg_change_store(change), realm.path));
    say_rotate(context, alg, realm.alg);
    return CG_OK;
}

/* "off": absent. */
static enum cg_status read_mtls_url(struct cg_context *context, const struct cg_args *args,
                                    struct cg_span *ret_url)
{
    struct cg_span text = cg_args_argument(args, 0);
    struct cg_span url = {NULL, 0};
    struct cg_uri uri;
    if (!cg_span_equal_string(text, "off") && (cg_nginx_origin_parse(text, &url, &uri) != CG_OK ||
                                               !cg_span_equal_string(uri.scheme, "https"))) {
        return cg_complain_usage(context, "it wants what clients with certificates call, without a "
                                          "path: https://care.example.org:8445; or off");
    }
    *ret_url = url;
    return CG_OK;
}

static enum cg_status set_mtls_url(struct cg_context *context, struct cg_store *store,
                                   struct cg_span url)
{
    if (url.data != NULL) {
        return cg_setting_set(store, "mtls_base_url", url);
    }
    enum cg_status status = cg_setting_drop(store, "mtls_base_url");
    if (status == CG_ERR_NOT_FOUND) {
        CG_FAIL(&context->fault, CG_ERR_CONFLICT, CG_REASON_NONE, "it is off already", NULL);
    }
    return status;
}

/* Realms differ in their paths only: it is the same server for all. */
static enum cg_status run_mtls_url(struct cg_context *context, const struct cg_args *args)
{
    CG_CLEANUP(cg_change_free_at) struct cg_change *change = NULL;
    struct cg_audit_event *event = NULL;
    struct cg_span url = {NULL, 0};
    CG_TRY(read_mtls_url(context, args, &url));
    CG_TRY(cg_change_begin_with(context, CG_CHANGE_NO_REALM, &change));
    CG_TRY(set_mtls_url(context, cg_change_store(change), url));
    CG_TRY(cg_change_note(change, CG_AUDIT_REALM_CHANGED, &event));
    event->detail = url.data != NULL ? url : CG_SPAN_OF("off");
    CG_TRY(cg_change_commit(change));
    cg_output_open_record(&context->output);
    cg_output_text(&context->output, "mtls_url", url);
    cg_output_close_record(&context->output);
    if (url.data != NULL) {
        cg_say(context,
               "nginx has to ask for certificates there: see \"Clients with certificates\" "
               "in OPERATOR.md");
    }
    return CG_OK;
}

static const struct cg_option settings[] = {
    {"profile", "PROFILE", CG_OPTION_PLAIN,
     "documented (the default), smart, nhs or fapi2: where the settings below start from"},
    {"token-life", "SECONDS", CG_OPTION_PLAIN, "how long a token lives, 300 if left out"},
    {"alg", "ALG", CG_OPTION_PLAIN, "how tokens are signed: RS256, PS256, ES256 or EdDSA"},
    {"typ", "TYP", CG_OPTION_PLAIN, "the token's type: JWT or at+jwt"},
    {"token-response", "SHAPE", CG_OPTION_PLAIN,
     "documented (refresh_token is null) or rfc (it is left out, for strict clients)"},
    {"key-life", "SPAN", CG_OPTION_PLAIN,
     "how long a signing key signs until the next takes over by itself, 90d if left out; or off"},
    {NULL, NULL, CG_OPTION_PLAIN, NULL},
};

static const struct cg_verb realm_verbs[] = {
    {
        .name = "add",
        .arguments = "PATH",
        .summary = "add a realm with its first signing key",
        .options = settings,
        .help = "A realm is an issuer with its own path, keys, APIs, clients and agreements.\n"
                "nginx learns of it by DIR/realms/REALM.conf, at the next `caregate reload`.",
        .example = "caregate realm add /vtest/hpca --token-life 60",
        .run = run_add,
    },
    {
        .name = "list",
        .summary = "list the realms",
        .example = "caregate --json realm list",
        .run = run_list,
    },
    {
        .name = "show",
        .arguments = "[PATH]",
        .summary = "show a realm's settings",
        .example = "caregate realm show /vlive/hpca",
        .run = run_show,
    },
    {
        .name = "set",
        .arguments = "PATH",
        .summary = "change a realm's settings",
        .options = settings,
        .help = "What is not named stays as it is, save with --profile, which brings that\n"
                "profile's settings. It is live within two seconds; another algorithm, with the\n"
                "next `caregate key rotate`.",
        .example = "caregate realm set /vlive/hpca --token-response rfc",
        .run = run_set,
    },
    {
        .name = "mtls-url",
        .arguments = "URL",
        .summary = "say where clients with certificates call all realms",
        .help = "What `init --mtls-listen` does for a new folder, for one that was made without:\n"
                "the realms' metadata announce the URL as mtls_endpoint_aliases within two\n"
                "seconds, and assertions and proofs may name it. URL is https, without a path;\n"
                "off takes it back. The server that asks for certificates is nginx.conf's.",
        .example = "caregate realm mtls-url https://care.example.org:8445",
        .run = run_mtls_url,
    },
    {.name = NULL},
};

const struct cg_noun cg_noun_realm = {"realm", "issuers, each with a path of its own", realm_verbs};
