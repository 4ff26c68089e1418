/* SPDX-License-Identifier: Apache-2.0 */
#include "base/span.h"
#include "cli/args.h"
#include "cli/change.h"
#include "cli/lookup.h"
#include "cli/nouns.h"
#include "registry/credential.h"
#include "registry/handover.h"
#include "registry/realm.h"

#define DAY_S INT64_C(86400)
#define LIFE_S (365 * DAY_S)
#define OVERLAP_S (7 * DAY_S)
#define LINK_LIFE_S (3 * DAY_S)
#define ROWS_BYTES_MAX (4UL * 1024 * 1024)

static void put_secret(struct cg_context *context, const struct cg_credential *credential)
{
    struct cg_output *output = &context->output;
    cg_output_open_record(output);
    cg_output_text(output, "secret_id", credential->id);
    cg_output_text(output, "client_id", credential->client);
    cg_output_string(output, "state", cg_secret_state_name(credential, context->now_s));
    cg_output_time(output, "created_at", credential->created_s, "-");
    cg_output_time(output, "expires_at", credential->expires_s, "never");
    cg_output_time(output, "last_used_at", credential->last_used_s, "never");
    cg_output_time(output, "revoked_at", credential->revoked_s, "-");
    cg_output_time(output, "link_until", credential->link_until_s, "-");
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

/* For whom a secret is, and by which change. */
struct making {
    struct cg_change *change;
    struct cg_lookup lookup;
    struct cg_client client;
    struct cg_secret_order order;
};

static enum cg_status begin_making(struct cg_context *context, const struct cg_args *args,
                                   struct making *making)
{
    making->order.now_s = context->now_s;
    making->order.random = &context->random;
    CG_TRY(read_expiry(context, args, &making->order.expires_s));
    CG_TRY(cg_change_begin(context, &making->change));
    making->lookup = (struct cg_lookup){context, cg_change_store(making->change),
                                        cg_change_realm(making->change)};
    CG_TRY(cg_lookup_client(&making->lookup, cg_args_value(args, "client"), &making->client));
    making->order.realm = making->lookup.realm;
    making->order.client = making->client.id;
    return CG_OK;
}

static void release_making(struct making *making)
{
    making->change = cg_change_free(making->change);
}

static enum cg_status finish_making(struct making *making, enum cg_audit_kind kind,
                                    struct cg_span id)
{
    struct cg_audit_event *event = NULL;
    CG_TRY(cg_change_note(making->change, kind, &event));
    event->client_id = making->client.id;
    event->organisation = making->client.organisation;
    event->detail = id;
    return cg_change_commit(making->change);
}

/* The one time that the secret is seen. */
static void put_issued(struct cg_context *context, const struct cg_secret_order *order,
                       const struct cg_secret *secret, struct cg_span id)
{
    struct cg_output *output = &context->output;
    cg_output_open_record(output);
    cg_output_text(output, "client_id", order->client);
    cg_output_text(output, "secret", cg_secret_span(secret));
    cg_output_text(output, "secret_id", id);
    cg_output_time(output, "expires_at", order->expires_s, "never");
    if (order->others_end_s != 0) {
        cg_output_time(output, "others_end_at", order->others_end_s, "-");
    }
    cg_output_close_record(output);
    cg_say(context, "the secret will not be shown again; hand it over by a safe way");
}

static enum cg_status issue_now(struct cg_context *context, struct making *making,
                                enum cg_audit_kind kind)
{
    CG_CLEANUP(cg_secret_release) struct cg_secret secret = {.len = 0};
    struct cg_span id = {NULL, 0};
    CG_TRY(cg_secret_issue(making->lookup.store, &making->order, context->arena, &context->fault,
                           &secret, &id));
    CG_TRY(finish_making(making, kind, id));
    put_issued(context, &making->order, &secret, id);
    return CG_OK;
}

/* The one time that the link is seen: who has it has the secret. */
static enum cg_status put_link(struct cg_context *context, const struct making *making,
                               const struct cg_handover_order *order, const struct cg_secret *token,
                               struct cg_span id)
{
    struct cg_output *output = &context->output;
    struct cg_realm realm;
    const char *link = NULL;
    CG_TRY(cg_realm_find(making->lookup.store, making->lookup.realm, context->arena, &realm));
    struct cg_span text = cg_secret_span(token);
    CG_TRY(cg_context_print(context, &link, "%.*s/oauth/handover?link=%.*s",
                            CG_SPAN_ARGS(realm.issuer), CG_SPAN_ARGS(text)));
    cg_output_open_record(output);
    cg_output_text(output, "client_id", order->secret.client);
    cg_output_string(output, "link", link);
    cg_output_text(output, "secret_id", id);
    cg_output_time(output, "link_until", order->until_s, "-");
    cg_output_time(output, "expires_at", order->secret.expires_s, "never");
    cg_output_close_record(output);
    cg_say(context, "whoever opens the link first has the secret: send it to one person, and ask "
                    "them whether it opened");
    return CG_OK;
}

static enum cg_status issue_by_link(struct cg_context *context, const struct cg_args *args,
                                    struct making *making)
{
    CG_CLEANUP(cg_secret_release) struct cg_secret token = {.len = 0};
    int64_t life_s = LINK_LIFE_S;
    struct cg_span id = {NULL, 0};
    CG_TRY(cg_args_duration_s(context, args, "link-life", &life_s));
    struct cg_handover_order order = {making->order, context->now_s + life_s};
    CG_TRY(cg_handover_make(making->lookup.store, &order, context->arena, &context->fault, &token,
                            &id));
    CG_TRY(finish_making(making, CG_AUDIT_SECRET_LINK_MADE, id));
    return put_link(context, making, &order, &token, id);
}

static enum cg_status run_issue(struct cg_context *context, const struct cg_args *args)
{
    CG_CLEANUP(release_making) struct making making = {.change = NULL};
    bool link = cg_args_has(args, "link");
    if (!link && cg_args_has(args, "link-life")) {
        return cg_complain_usage(context, "--link-life is the life of a link: say --link, too");
    }
    CG_TRY(begin_making(context, args, &making));
    return link ? issue_by_link(context, args, &making)
                : issue_now(context, &making, CG_AUDIT_SECRET_ISSUED);
}

static enum cg_status run_rotate(struct cg_context *context, const struct cg_args *args)
{
    CG_CLEANUP(release_making) struct making making = {.change = NULL};
    int64_t overlap_s = OVERLAP_S;
    CG_TRY(cg_args_duration_s(context, args, "overlap", &overlap_s));
    if (overlap_s == 0) {
        return cg_complain_usage(context, "--overlap 0 would stop the system at once; to stop a "
                                          "secret that leaked: `caregate secret revoke`");
    }
    making.order.others_end_s = context->now_s + overlap_s;
    CG_TRY(begin_making(context, args, &making));
    CG_TRY(issue_now(context, &making, CG_AUDIT_SECRET_ROTATED));
    cg_say(context, "those before it stay good for the overlap: move the system before they end");
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
                          listing->arena, list_one, listing->lookup->context));
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
        .leaked = cg_args_has(args, "leaked"),
    };
    CG_TRY(cg_change_begin(context, &change));
    struct cg_lookup lookup = {context, cg_change_store(change), cg_change_realm(change)};
    revocation.realm = lookup.realm;
    CG_TRY(
        cg_secret_revoke(lookup.store, &revocation, context->arena, &context->fault, &credential));
    CG_TRY(cg_lookup_client(&lookup, credential.client, &client));
    CG_TRY(cg_change_note(
        change, revocation.leaked ? CG_AUDIT_SECRET_LEAKED : CG_AUDIT_SECRET_REVOKED, &event));
    event->client_id = client.id;
    event->organisation = client.organisation;
    event->detail = credential.id;
    CG_TRY(cg_change_commit(change));
    put_secret(context, &credential);
    if (revocation.leaked && credential.link_until_s == 0) {
        cg_say(context, "the tokens that the client had are refused, whichever secret they were "
                        "got with; see `caregate audit list --client` for what was done with them");
    }
    return CG_OK;
}

static const struct cg_option issue_options[] = {
    {"client", "ID", CG_OPTION_REQUIRED, "the client that it is for"},
    {"expires", "SPAN", CG_OPTION_PLAIN, "how long it is good: 365d if left out, or never"},
    {"link", NULL, CG_OPTION_PLAIN, "print a link that shows the secret once, instead of it"},
    {"link-life", "SPAN", CG_OPTION_PLAIN, "how long the link waits: 72h if left out, 30d at most"},
    {NULL, NULL, CG_OPTION_PLAIN, NULL},
};

static const struct cg_option rotate_options[] = {
    {"client", "ID", CG_OPTION_REQUIRED, "the client that it is for"},
    {"overlap", "SPAN", CG_OPTION_PLAIN, "how long the present ones stay good: 7d if left out"},
    {"expires", "SPAN", CG_OPTION_PLAIN, "how long the new one is good: 365d if left out"},
    {NULL, NULL, CG_OPTION_PLAIN, NULL},
};

static const struct cg_option list_options[] = {
    {"client", "ID", CG_OPTION_PLAIN, "only this client's"},
    {NULL, NULL, CG_OPTION_PLAIN, NULL},
};

static const struct cg_option revoke_options[] = {
    {"force", NULL, CG_OPTION_PLAIN, "also the last one, or one used within the last day"},
    {"leaked", NULL, CG_OPTION_PLAIN, "somebody else has it: at once, and the client's tokens too"},
    {NULL, NULL, CG_OPTION_PLAIN, NULL},
};

static const struct cg_verb secret_verbs[] = {
    {
        .name = "issue",
        .summary = "make a secret and print it, once",
        .options = issue_options,
        .help = "Several may be good at once, so that a system moves from one to the next\n"
                "without a pause: issue, hand over, wait until the old one's last use is past,\n"
                "revoke it. We keep a digest only.\n"
                "With --link the secret is made when the link is opened, and shown to whoever\n"
                "opens it first; it opens once.",
        .example = "caregate secret issue --client ward-system-7f3k9q2x --expires 90d",
        .run = run_issue,
    },
    {
        .name = "rotate",
        .summary = "make the next secret, and give the present ones an end",
        .options = rotate_options,
        .help = "Prints the new one, once. The present ones stay good for the overlap, so that\n"
                "nothing is refused while the system moves; one that ends sooner keeps its end.",
        .example = "caregate secret rotate --client ward-system-7f3k9q2x --overlap 14d",
        .run = run_rotate,
    },
    {
        .name = "list",
        .summary = "list secrets, without the secrets themselves",
        .options = list_options,
        .help = "good; ends_soon: within 30 days; ended; revoked. Of a link that shows one:\n"
                "unopened; lapsed: nobody opened it in time.",
        .example = "caregate secret list --client ward-system-7f3k9q2x",
        .run = run_list,
    },
    {
        .name = "revoke",
        .arguments = "SECRET_ID",
        .summary = "take a secret back",
        .options = revoke_options,
        .help = "Tokens got with it live on to their end. With --leaked, which also takes one\n"
                "that is revoked already, the issuer refuses it at once and gates refuse all\n"
                "tokens that the client had within two seconds; with another secret it gets new\n"
                "ones. A link that nobody opened is cancelled.",
        .example = "caregate secret revoke sec_7f3k9q2xabcd",
        .run = run_revoke,
    },
    {.name = NULL},
};

const struct cg_noun cg_noun_secret = {"secret", "what clients prove themselves with",
                                       secret_verbs};
