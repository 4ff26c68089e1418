/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/export.h"
#include "audit/report.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/span.h"
#include "cli/change.h"
#include "cli/cmd_audit.h"
#include "cli/master_key.h"

#include <errno.h>
#include <string.h>

#define LINE_BYTES_MAX (4 * CG_LIMIT_CHECKPOINT_BYTES)

struct export_file {
    FILE *stream;
    char *line; /* LINE_BYTES_MAX */
};

static void export_file_release(struct export_file *file)
{
    if (file->stream != NULL) {
        (void)fclose(file->stream);
    }
}

static enum cg_status give_line(void *context, struct cg_span *ret_line)
{
    struct export_file *file = context;
    if (fgets(file->line, LINE_BYTES_MAX, file->stream) == NULL) {
        *ret_line = (struct cg_span){NULL, 0};
        return ferror(file->stream) != 0 ? CG_ERR_INPUT : CG_OK;
    }
    size_t len = strlen(file->line);
    if (len == 0 || file->line[len - 1] != '\n') {
        return CG_ERR_INPUT;
    }
    *ret_line = cg_span_of_bytes(file->line, len - 1);
    return CG_OK;
}

static enum cg_status open_export(struct cg_context *context, const char *path,
                                  struct export_file *file)
{
    struct cg_span line = {NULL, 0};
    void *memory = NULL;
    CG_TRY(cg_arena_take(context->arena, (size_t)LINE_BYTES_MAX, &memory));
    file->line = memory;
    file->stream = fopen(path, "re");
    if (file->stream == NULL) {
        return cg_complain(context, CG_ERR_NOT_FOUND, "%s cannot be read: %s", path,
                           strerrordesc_np(errno));
    }
    if (give_line(file, &line) != CG_OK ||
        !cg_span_starts_with(line, CG_SPAN_OF(CG_AUDIT_EXPORT_START))) {
        return cg_complain(context, CG_ERR_INPUT,
                           "%s is no export of an audit; `caregate audit export FILE` makes one",
                           path);
    }
    return CG_OK;
}

static enum cg_status check_export(struct cg_context *context, struct cg_store *audit,
                                   const char *path, struct export_file *file, int64_t before_s)
{
    char missing[256] = "";
    enum cg_status status = cg_audit_export_covers(audit, before_s, give_line, file, missing);
    switch ((int)status) {
    case CG_ERR_NOT_FOUND:
        return cg_complain(context, status,
                           "there is no signed checkpoint that old: nothing can be pruned");
    case CG_ERR_CONFLICT:
        return cg_complain(context, status, "%s: %s; export again, then prune", path, missing);
    case CG_ERR_INPUT:
        return cg_complain(context, status, "%s is damaged; export again, then prune", path);
    default: return status;
    }
}

static enum cg_status check_verifies(struct cg_context *context, struct cg_store *audit)
{
    struct cg_audit_verdict verdict = {.records = 0};
    enum cg_status status = cg_audit_verify_all(context, audit, &verdict);
    if (status == CG_ERR_AUTHENTICATION) {
        return cg_complain(context, status,
                           "the audit is not as it was written, so nothing is removed: %s",
                           verdict.first_bad);
    }
    return status;
}

struct pruning {
    struct cg_change *change;
    struct cg_signer *signer;
    struct cg_span kid;
    struct cg_audit_event *event;
    int64_t before_s;
};

static void pruning_release(struct pruning *pruning)
{
    pruning->signer = cg_signer_free(pruning->signer);
    pruning->change = cg_change_free(pruning->change);
}

/*
 * The audit is its own record here: no change of the registry goes with it, and the registry's lock
 * is given back before the long work begins.
 */
static enum cg_status prepare(struct cg_context *context, struct pruning *pruning)
{
    char before[CG_TIME_TEXT_BYTES];
    const char *detail = NULL;
    CG_TRY(cg_change_begin_with(context, CG_CHANGE_NO_REALM, &pruning->change));
    CG_TRY(cg_master_key_audit_signer(context, cg_change_store(pruning->change), &pruning->kid,
                                      &pruning->signer));
    CG_TRY(cg_change_note(pruning->change, CG_AUDIT_PRUNED, &pruning->event));
    cg_time_format(pruning->before_s, before);
    CG_TRY(cg_context_print(context, &detail, "before %s", before));
    pruning->event->detail = cg_span_of_string(detail);
    cg_store_rollback(cg_change_store(pruning->change));
    return CG_OK;
}

enum cg_status cg_audit_prune_run(struct cg_context *context, const struct cg_args *args)
{
    CG_CLEANUP(export_file_release) struct export_file file = {.stream = NULL};
    CG_CLEANUP(pruning_release) struct pruning pruning = {.change = NULL};
    const char *path = NULL;
    int64_t removed = 0;
    CG_TRY(cg_args_time_s(context, args, "before", &pruning.before_s));
    CG_TRY(cg_context_string(context, cg_args_value(args, "exported"), &path));
    CG_TRY(open_export(context, path, &file));
    CG_TRY(prepare(context, &pruning));
    struct cg_journal *journal = cg_change_journal(pruning.change);
    struct cg_store *audit = cg_journal_store(journal);
    CG_TRY(check_verifies(context, audit));
    CG_TRY(check_export(context, audit, path, &file, pruning.before_s));
    CG_TRY(cg_audit_prune(journal, pruning.signer, pruning.kid, pruning.event, pruning.before_s,
                          &removed));
    cg_output_open_record(&context->output);
    cg_output_number(&context->output, "removed", removed);
    cg_output_close_record(&context->output);
    return CG_OK;
}
