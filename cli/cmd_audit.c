/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cmd_audit.h"

#include "audit/report.h"
#include "base/span.h"
#include "cli/audit_keys.h"
#include "cli/nouns.h"

enum cg_status cg_audit_verify_all(struct cg_context *context, struct cg_store *audit,
                                   struct cg_audit_verdict *ret_verdict)
{
    CG_CLEANUP(cg_store_free_at) struct cg_store *registry = NULL;
    CG_CLEANUP(cg_audit_keys_free_at) struct cg_audit_keys *keys = NULL;
    CG_TRY(cg_context_open_store(context, CG_STORE_REGISTRY, CG_STORE_READ_ONLY, &registry));
    CG_TRY(cg_audit_keys_new(context, registry, &keys));
    return cg_audit_verify(audit, cg_audit_keys_find, keys, ret_verdict);
}

static enum cg_status run_verify(struct cg_context *context, const struct cg_args *args)
{
    CG_CLEANUP(cg_store_free_at) struct cg_store *audit = NULL;
    struct cg_output *output = &context->output;
    struct cg_audit_verdict verdict = {.records = 0};
    (void)args;
    CG_TRY(cg_context_open_store(context, CG_STORE_AUDIT, CG_STORE_READ_ONLY, &audit));
    enum cg_status status = cg_audit_verify_all(context, audit, &verdict);
    if (status != CG_OK && status != CG_ERR_AUTHENTICATION) {
        return status;
    }
    cg_output_open_record(output);
    cg_output_flag(output, "verified", status == CG_OK);
    cg_output_number(output, "records", verdict.records);
    cg_output_number(output, "writers", verdict.writers);
    cg_output_number(output, "checkpoints", verdict.checkpoints);
    cg_output_string(output, "first_bad", status == CG_OK ? NULL : verdict.first_bad);
    cg_output_close_record(output);
    if (status != CG_OK) {
        CG_TRY(cg_output_finish(output));
        return cg_complain(context, status, "the audit is not as it was written: %s",
                           verdict.first_bad);
    }
    return CG_OK;
}

static const struct cg_option list_options[] = {
    {"since", "DATE", CG_OPTION_PLAIN, "from then on"},
    {"until", "DATE", CG_OPTION_PLAIN, "before then"},
    {"client", "ID", CG_OPTION_PLAIN, "only what concerns this client"},
    {"kind", "KIND", CG_OPTION_PLAIN, "only this kind of event; an unknown one lists all"},
    {"limit", "N", CG_OPTION_PLAIN, "only the newest N"},
    {NULL, NULL, CG_OPTION_PLAIN, NULL},
};

static const struct cg_option prune_options[] = {
    {"before", "DATE", CG_OPTION_REQUIRED, "what is older may go, up to a signed checkpoint"},
    {"exported", "FILE", CG_OPTION_REQUIRED, "the export that holds what goes"},
    {NULL, NULL, CG_OPTION_PLAIN, NULL},
};

static const struct cg_verb audit_verbs[] = {
    {
        .name = "list",
        .summary = "list what happened, oldest first",
        .options = list_options,
        .help = "The audit is one for all realms; --realm shows one realm's. --json gives the\n"
                "records as they were written, with all that they hold.",
        .example = "caregate audit list --kind token_refused --limit 20",
        .run = cg_audit_list_run,
    },
    {
        .name = "export",
        .arguments = "[FILE]",
        .summary = "write all of it as lines of JSON",
        .help = "To a new file, or standard output. First a header and the public keys, then\n"
                "each writer's chain of records as they were hashed, then the signed\n"
                "checkpoints, then a line that ends it: enough to verify it elsewhere.",
        .example = "caregate audit export audit-2026-01.jsonl",
        .run = cg_audit_export_run,
    },
    {
        .name = "verify",
        .summary = "prove that nothing was changed or removed",
        .help = "Computes every hash chain anew and checks every signed checkpoint. Exit 0: all\n"
                "is as it was written; 1: it is not, and the first that is wrong is named.\n"
                "Records since the last checkpoint, a minute's, have their chain only.",
        .example = "caregate audit verify",
        .run = run_verify,
    },
    {
        .name = "prune",
        .summary = "remove old records that are in an export",
        .options = prune_options,
        .help = "Ends at the newest signed checkpoint that is not after DATE. Refuses unless\n"
                "the audit verifies and FILE, an export of this audit, holds every record that\n"
                "would go. What stays verifies as before.",
        .example = "caregate audit prune --before 2026-01-01 --exported audit-2026-01.jsonl",
        .run = cg_audit_prune_run,
    },
    {.name = NULL},
};

const struct cg_noun cg_noun_audit = {"audit", "what happened, so that it can be proven",
                                      audit_verbs};
