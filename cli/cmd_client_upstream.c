/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cmd_client_upstream.h"

#include "base/limits.h"
#include "base/span.h"
#include "cli/change.h"
#include "cli/lookup.h"
#include "registry/client_upstream.h"
#include "registry/grant.h"

#define ROW_BYTES_MAX CG_LIMIT_REGISTRY_LOAD_BYTES

static void put_row(struct cg_output *output, const struct cg_client_upstream *row)
{
    cg_output_open_record(output);
    cg_output_text(output, "client_id", row->client);
    cg_output_text(output, "upstream", row->upstream);
    cg_output_text(output, "audience", row->audience);
    cg_output_time(output, "created_at", row->created_s, "-");
    cg_output_close_record(output);
}

/* "nhs-login: care-app", and who the client is. */
static enum cg_status note(struct cg_change *change, const struct cg_lookup *lookup,
                           enum cg_audit_kind kind, const struct cg_client_upstream *row,
                           struct cg_client *ret_client)
{
    struct cg_audit_event *event = NULL;
    struct cg_client client;
    const char *detail = NULL;
    CG_TRY(cg_lookup_client(lookup, row->client, &client));
    CG_TRY(cg_context_print(lookup->context, &detail, "%.*s: %.*s", CG_SPAN_ARGS(row->upstream),
                            CG_SPAN_ARGS(row->audience)));
    CG_TRY(cg_change_note(change, kind, &event));
    event->client_id = client.id;
    event->organisation = client.organisation;
    event->detail = cg_span_of_string(detail);
    *ret_client = client;
    return CG_OK;
}

static struct cg_client_upstream row_of(const struct cg_context *context,
                                        const struct cg_args *args)
{
    return (struct cg_client_upstream){
        .client = cg_args_value(args, "client"),
        .upstream = cg_args_value(args, "upstream"),
        .audience = cg_args_value(args, "audience"),
        .created_s = context->now_s,
    };
}

enum cg_status cg_client_upstream_add_run(struct cg_context *context, const struct cg_args *args)
{
    CG_CLEANUP(cg_change_free_at) struct cg_change *change = NULL;
    struct cg_client_upstream row = row_of(context, args);
    struct cg_upstream upstream;
    struct cg_client client;
    CG_TRY(cg_change_begin(context, &change));
    struct cg_lookup lookup = {context, cg_change_store(change), cg_change_realm(change)};
    row.realm = lookup.realm;
    CG_TRY(cg_lookup_upstream(&lookup, row.upstream, &upstream));
    CG_TRY(note(change, &lookup, CG_AUDIT_CLIENT_UPSTREAM_ADDED, &row, &client));
    CG_TRY(cg_client_upstream_add(lookup.store, &row, context->arena, &context->fault));
    CG_TRY(cg_change_commit(change));
    put_row(&context->output, &row);
    if (!cg_span_has_word(client.grants, cg_grant_type(CG_GRANT_TOKEN_EXCHANGE))) {
        cg_say(context,
               "the client may not exchange tokens yet: `caregate client set %.*s --grant "
               "client_credentials --grant token-exchange`",
               CG_SPAN_ARGS(client.id));
    }
    return CG_OK;
}

enum cg_status cg_client_upstream_remove_run(struct cg_context *context, const struct cg_args *args)
{
    CG_CLEANUP(cg_change_free_at) struct cg_change *change = NULL;
    struct cg_client_upstream row = row_of(context, args);
    struct cg_client client;
    CG_TRY(cg_change_begin(context, &change));
    struct cg_lookup lookup = {context, cg_change_store(change), cg_change_realm(change)};
    row.realm = lookup.realm;
    CG_TRY(note(change, &lookup, CG_AUDIT_CLIENT_UPSTREAM_REMOVED, &row, &client));
    CG_TRY(cg_client_upstream_remove(lookup.store, &row, &context->fault));
    CG_TRY(cg_change_commit(change));
    cg_say(context, "tokens got before live on to their end");
    return CG_OK;
}

/* What is to be shown; absent: all. */
struct listing {
    struct cg_output *output;
    struct cg_arena *arena; /* of one row, so that the list may be long */
    struct cg_span client;
    struct cg_span upstream;
};

static bool is_wanted(struct cg_span wanted, struct cg_span value)
{
    return wanted.data == NULL || cg_span_equal(wanted, value);
}

static enum cg_status list_one(void *context, const void *row)
{
    const struct listing *listing = context;
    const struct cg_client_upstream *one = row;
    if (is_wanted(listing->client, one->client) && is_wanted(listing->upstream, one->upstream)) {
        put_row(listing->output, one);
    }
    cg_arena_clear(listing->arena);
    return CG_OK;
}

enum cg_status cg_client_upstream_list_run(struct cg_context *context, const struct cg_args *args)
{
    CG_CLEANUP(cg_store_free_at) struct cg_store *store = NULL;
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = NULL;
    struct cg_lookup lookup;
    struct cg_client client;
    struct cg_upstream upstream;
    struct listing listing = {&context->output, NULL, cg_args_value(args, "client"),
                              cg_args_value(args, "upstream")};
    CG_TRY(cg_lookup_open(context, &store, &lookup));
    if (listing.client.data != NULL) {
        CG_TRY(cg_lookup_client(&lookup, listing.client, &client));
    }
    if (listing.upstream.data != NULL) {
        CG_TRY(cg_lookup_upstream(&lookup, listing.upstream, &upstream));
    }
    CG_TRY(cg_arena_new(ROW_BYTES_MAX, &arena));
    listing.arena = arena;
    cg_output_open_list(&context->output, CG_LIST_TABLE, "no client has an id at a provider yet");
    CG_TRY(cg_client_upstream_list(store, lookup.realm, arena, list_one, &listing));
    cg_output_close_list(&context->output);
    return CG_OK;
}

const struct cg_option cg_client_upstream_options[] = {
    {"client", "ID", CG_OPTION_REQUIRED, "the client"},
    {"upstream", "NAME", CG_OPTION_REQUIRED, "the identity provider"},
    {"audience", "ID", CG_OPTION_REQUIRED,
     "by which id that provider knows the client: `aud` of its ID tokens"},
    {NULL, NULL, CG_OPTION_PLAIN, NULL},
};

const struct cg_option cg_client_upstream_list_options[] = {
    {"client", "ID", CG_OPTION_PLAIN, "whose, all clients' if left out"},
    {"upstream", "NAME", CG_OPTION_PLAIN, "where, at all providers if left out"},
    {NULL, NULL, CG_OPTION_PLAIN, NULL},
};
