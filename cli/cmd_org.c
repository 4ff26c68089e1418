/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/args.h"
#include "cli/change.h"
#include "cli/lookup.h"
#include "cli/nouns.h"

static void put_organisation(struct cg_output *output, const struct cg_organisation *organisation)
{
    cg_output_open_record(output);
    cg_output_text(output, "organisation", organisation->ods);
    cg_output_text(output, "name", organisation->name);
    cg_output_time(output, "created_at", organisation->created_s, "-");
    cg_output_close_record(output);
}

static enum cg_status run_add(struct cg_context *context, const struct cg_args *args)
{
    CG_CLEANUP(cg_change_free_at) struct cg_change *change = NULL;
    struct cg_audit_event *event = NULL;
    struct cg_organisation organisation = {
        .ods = cg_args_argument(args, 0),
        .name = cg_args_value(args, "name"),
        .created_s = context->now_s,
    };
    CG_TRY(cg_change_begin(context, &change));
    organisation.realm = cg_change_realm(change);
    CG_TRY(cg_organisation_add(cg_change_store(change), &organisation, &context->fault));
    CG_TRY(cg_change_note(change, CG_AUDIT_ORGANISATION_ADDED, &event));
    event->organisation = organisation.ods;
    CG_TRY(cg_change_commit(change));
    put_organisation(&context->output, &organisation);
    return CG_OK;
}

static enum cg_status list_one(void *context, const void *row)
{
    put_organisation(context, row);
    return CG_OK;
}

static enum cg_status run_list(struct cg_context *context, const struct cg_args *args)
{
    CG_CLEANUP(cg_store_free_at) struct cg_store *store = NULL;
    struct cg_lookup lookup;
    (void)args;
    CG_TRY(cg_lookup_open(context, &store, &lookup));
    cg_output_open_list(&context->output, CG_LIST_TABLE, "no organisations yet");
    CG_TRY(cg_organisation_list(store, lookup.realm, context->arena, list_one, &context->output));
    cg_output_close_list(&context->output);
    return CG_OK;
}

static const struct cg_option add_options[] = {
    {"name", "NAME", CG_OPTION_REQUIRED, "what people call it"},
    {NULL, NULL, CG_OPTION_PLAIN, NULL},
};

static const struct cg_verb org_verbs[] = {
    {
        .name = "add",
        .arguments = "ODS",
        .summary = "add an organisation, by its ODS code",
        .options = add_options,
        .help = "ODS is the organisation's code, 3 to 10 upper-case letters and digits. Each\n"
                "client belongs to one organisation, whose code is in its tokens.",
        .example = "caregate org add RX809 --name \"Example NHS Trust\"",
        .run = run_add,
    },
    {
        .name = "list",
        .summary = "list the realm's organisations",
        .example = "caregate org list",
        .run = run_list,
    },
    {.name = NULL},
};

const struct cg_noun cg_noun_org = {"org", "organisations whose systems call", org_verbs};
