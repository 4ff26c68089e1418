/* SPDX-License-Identifier: Apache-2.0 */
/* The registry as a file: `export` and `apply`. */
#include "cli/apply.h"
#include "cli/args.h"
#include "cli/nouns.h"
#include "cli/registry_export.h"

static enum cg_status run_export(struct cg_context *context, const struct cg_args *args)
{
    CG_CLEANUP(cg_store_free_at) struct cg_store *store = NULL;
    (void)args;
    CG_TRY(cg_context_open_store(context, CG_STORE_REGISTRY, CG_STORE_READ_ONLY, &store));
    CG_TRY(cg_store_begin_read(store));
    return cg_registry_export(context, store);
}

static void tell_next(const struct cg_apply *apply)
{
    struct cg_context *context = apply->context;
    if (apply->is_trial) {
        cg_say(context, "nothing was changed: that is what would be");
        return;
    }
    cg_say(context, "%zu added, %zu changed", apply->diff.counts[CG_DIFF_ADDED],
           apply->diff.counts[CG_DIFF_CHANGED]);
    if (apply->new_realms.count > 0) {
        cg_say(context, "`caregate reload` makes new realms live");
    }
}

static enum cg_status run_apply(struct cg_context *context, const struct cg_args *args)
{
    CG_CLEANUP(cg_change_free_at) struct cg_change *change = NULL;
    struct cg_apply apply = {
        .context = context,
        .diff = {.arena = context->arena},
        .is_trial = cg_args_has(args, "dry-run"),
    };
    CG_TRY(cg_registry_file_read(context, cg_args_value(args, "file"), &apply.file));
    CG_TRY(cg_change_begin_with(context, CG_CHANGE_NO_REALM, &change));
    apply.change = change;
    apply.look = (struct cg_in_service){.store = cg_change_store(change), .now_s = context->now_s};
    CG_TRY(cg_apply_file(&apply));
    if (!apply.is_trial && !cg_diff_is_empty(&apply.diff)) {
        CG_TRY(cg_change_commit(change));
    }
    CG_TRY(cg_diff_put(&apply.diff, &context->output));
    if (!cg_diff_is_empty(&apply.diff)) {
        tell_next(&apply);
    }
    return CG_OK;
}

static const struct cg_option apply_options[] = {
    {"file", "FILE", CG_OPTION_REQUIRED, "the file, - for standard input; -f FILE says the same"},
    {"dry-run", NULL, CG_OPTION_PLAIN, "tell what would change, and change nothing"},
    {NULL, NULL, CG_OPTION_PLAIN, NULL},
};

static const struct cg_verb apply_verbs[] = {
    {
        .name = "",
        .summary = "bring the registry to what a file says",
        .options = apply_options,
        .help = "The file is what `caregate export` writes, or what you write after\n"
                "docs/REGISTRY.md. All of it is applied, or nothing. Agreements are asked for,\n"
                "never approved: `caregate agreement approve` is for the people who do. What is\n"
                "there and not in the file stays, and is told.",
        .example = "caregate apply -f registry.yaml --dry-run",
        .run = run_apply,
    },
    {.name = NULL},
};

const struct cg_noun cg_noun_apply = {"apply", "bring the registry to what a file says",
                                      apply_verbs};

static const struct cg_verb export_verbs[] = {
    {
        .name = "",
        .summary = "write the registry as a file",
        .help = "Writes realms, organisations, identity providers, APIs, clients with their\n"
                "public keys, and agreements that are not over: all realms, or the one of\n"
                "--realm. No secret, no signing key and no approval is in it; what is retired is\n"
                "not either. docs/REGISTRY.md explains each key. `caregate apply` reads it.",
        .example = "caregate export",
        .run = run_export,
    },
    {.name = NULL},
};

const struct cg_noun cg_noun_export = {"export", "write the registry as a file", export_verbs};
