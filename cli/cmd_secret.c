/* SPDX-License-Identifier: Apache-2.0 */
#include "base/span.h"
#include "cli/args.h"
#include "cli/change.h"
#include "cli/lookup.h"
#include "cli/nouns.h"
#include "registry/credential.h"

#define LIFE_S (INT64_C(365) * 86400)
#define ROWS_BYTES_MAX (4UL * 1024 * 1024)

static void put_secret(struct cg_output *output, const struct cg_credential *credential)
{
    cg_output_open_record(output);
    cg_output_text(output, "secret_id", credential->id);
    cg_output_text(output, "client_id", credential->client);
    cg_output_time(output, "created_at", credential->created_s, "-");
    cg_output_time(output, "expires_at", credential->expires_s, "never");
    cg_output_time(output, "last_used_at", credential->last_used_s, "never");
    cg_output_time(output, "revoked_at", credential->revoked_s, "-");
    cg_output_close_record(output);
}

/* 0 for "never". */
static enum cg_status read_expiry(struct cg_context *context, const struct cg_args *args,
                                  int64_t *ret_expires_s)
{
    int64_t life_s = LIFE_S;
    if (cg_span_equal_string(cg_args_value(args, "expires"), "never")) {
        *ret_expires_s = 0;
        return CG_OK;
    }
    CG_TRY(cg_args_duration_s(context, args, "expires", &life_s));
    if (life_s == 0) {
        return cg_complain_usage(context, "--expires 0 would be over at once; did you mean never?");
    }
    *ret_expires_s = context->now_s + life_s;
    return CG_OK;
}

/* The one time that the secret is seen. */
static void put_issued(struct cg_context *context, const struct cg_secret_order *order,
                       const struct cg_secret *secret, struct cg_span id)
{
    cg_output_open_record(&context->output);
    cg_output_text(&context->output, "client_id", order->client);
    cg_output_text(&context->output, "secret", cg_secret_span(secret));
    cg_output_text(&context->output, "secret_id", id);
    cg_output_time(&context->output, "expires_at", order->expires_s, "never");
    cg_output_close_record(&context->output);
    cg_say(context, "the secret will not be shown again; hand it over by a safe way");
}

static enum cg_status run_issue(struct cg_context *context, const struct cg_args *args)
{
    CG_CLEANUP(cg_change_free_at) struct cg_change *change = NULL;
    CG_CLEANUP(cg_secret_release) struct cg_secret secret = {.len = 0};
    struct cg_audit_event *event = NULL;
    struct cg_client client;
    struct cg_span id = {NULL, 0};
    struct cg_secret_order order = {.now_s = context->now_s, .random = &context->random};
    CG_TRY(read_expiry(context, args, &order.expires_s));
    CG_TRY(cg_change_begin(context, &change));
    struct cg_lookup lookup = {context, cg_change_store(change), cg_change_realm(change)};
    CG_TRY(cg_lookup_client(&lookup, cg_args_value(args, "client"), &client));
    order.realm = lookup.realm;
    order.client = client.id;
    CG_TRY(cg_secret_issue(lookup.store, &order, context->arena, &context->fault, &secret, &id));
    CG_TRY(cg_change_note(change, CG_AUDIT_SECRET_ISSUED, &event));
    event->client_id = client.id;
    event->organisation = client.organisation;
    event->detail = id;
    CG_TRY(cg_change_commit(change));
    put_issued(context, &order, &secret, id);
    return CG_OK;
}

/* All secrets of the realm, client by client; each client's rows pass through the arena. */
struct listing {
    const struct cg_lookup *lookup;
    struct cg_arena *arena;
};

static enum cg_status list_one(void *context, const void *row)
{
    put_secret(context, row);
    return CG_OK;
}

static enum cg_status list_of_client(void *context, const void *row)
{
    struct listing *listing = context;
    const struct cg_client *client = row;
    CG_TRY(cg_secret_list(listing->lookup->store, listing->lookup->realm, client->id,
                          listing->arena, list_one, &listing->lookup->context->output));
    cg_arena_clear(listing->arena);
    return CG_OK;
}

static enum cg_status list_what_is_asked(const struct cg_lookup *lookup, struct cg_span id)
{
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = NULL;
    struct listing listing = {.lookup = lookup};
    struct cg_client client;
    CG_TRY(cg_arena_new(ROWS_BYTES_MAX, &arena));
    listing.arena = arena;
    if (id.data == NULL) {
        return cg_client_list(lookup->store, lookup->realm, arena, list_of_client, &listing);
    }
    CG_TRY(cg_lookup_client(lookup, id, &client));
    return list_of_client(&listing, &client);
}

static enum cg_status run_list(struct cg_context *context, const struct cg_args *args)
{
    CG_CLEANUP(cg_store_free_at) struct cg_store *store = NULL;
    struct cg_lookup lookup;
    CG_TRY(cg_lookup_open(context, &store, &lookup));
    cg_output_open_list(&context->output, CG_LIST_TABLE, "no secrets yet");
    CG_TRY(list_what_is_asked(&lookup, cg_args_value(args, "client")));
    cg_output_close_list(&context->output);
    return CG_OK;
}

static enum cg_status run_revoke(struct cg_context *context, const struct cg_args *args)
{
    CG_CLEANUP(cg_change_free_at) struct cg_change *change = NULL;
    struct cg_audit_event *event = NULL;
    struct cg_credential credential;
    struct cg_client client;
    struct cg_secret_revocation revocation = {
        .id = cg_args_argument(args, 0),
        .now_s = context->now_s,
        .force = cg_args_has(args, "force"),
    };
    CG_TRY(cg_change_begin(context, &change));
    struct cg_lookup lookup = {context, cg_change_store(change), cg_change_realm(change)};
    revocation.realm = lookup.realm;
    CG_TRY(
        cg_secret_revoke(lookup.store, &revocation, context->arena, &context->fault, &credential));
    CG_TRY(cg_lookup_client(&lookup, credential.client, &client));
    CG_TRY(cg_change_note(change, CG_AUDIT_SECRET_REVOKED, &event));
    event->client_id = client.id;
    event->organisation = client.organisation;
    event->detail = credential.id;
    CG_TRY(cg_change_commit(change));
    put_secret(&context->output, &credential);
    return CG_OK;
}

static const struct cg_option issue_options[] = {
    {"client", "ID", CG_OPTION_REQUIRED, "the client that it is for"},
    {"expires", "SPAN", CG_OPTION_PLAIN, "how long it is good: 365d if left out, or never"},
    {NULL, NULL, CG_OPTION_PLAIN, NULL},
};

static const struct cg_option list_options[] = {
    {"client", "ID", CG_OPTION_PLAIN, "only this client's"},
    {NULL, NULL, CG_OPTION_PLAIN, NULL},
};

static const struct cg_option revoke_options[] = {
    {"force", NULL, CG_OPTION_PLAIN, "also the last one, or one used within the last day"},
    {NULL, NULL, CG_OPTION_PLAIN, NULL},
};

static const struct cg_verb secret_verbs[] = {
    {
        .name = "issue",
        .summary = "make a secret and print it, once",
        .options = issue_options,
        .help = "Several may be good at once, so that a system moves from one to the next\n"
                "without a pause: issue, hand over, wait until the old one's last use is past,\n"
                "revoke it. We keep a digest only.",
        .example = "caregate secret issue --client ward-system-7f3k9q2x --expires 90d",
        .run = run_issue,
    },
    {
        .name = "list",
        .summary = "list secrets, without the secrets themselves",
        .options = list_options,
        .example = "caregate secret list --client ward-system-7f3k9q2x",
        .run = run_list,
    },
    {
        .name = "revoke",
        .arguments = "SECRET_ID",
        .summary = "take a secret back",
        .options = revoke_options,
        .help = "Tokens got with it live on to their end; `caregate client suspend` stops\n"
                "those too.",
        .example = "caregate secret revoke sec_7f3k9q2xabcd",
        .run = run_revoke,
    },
    {.name = NULL},
};

const struct cg_noun cg_noun_secret = {"secret", "what clients prove themselves with",
                                       secret_verbs};
