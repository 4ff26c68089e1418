/* SPDX-License-Identifier: Apache-2.0 */
#include "base/span.h"
#include "cli/args.h"
#include "cli/batch_run.h"
#include "cli/nouns.h"
#include "net/sender.h"

#include <fcntl.h>
#include <unistd.h>

#define PARALLEL 8
#define CONF_BYTES_MAX (1024UL * 1024)
#define LIST_BYTES_MAX (4096UL * 1024 * 1024)

struct work {
    struct cg_batch batch;
    struct cg_batch_place place;
    struct cg_batch_journal journal;
    struct cg_batch_list list;
};

static void work_release(struct work *work)
{
    cg_batch_journal_release(&work->journal);
    if (work->batch.folder >= 0) {
        (void)close(work->batch.folder);
    }
    work->batch.arena = cg_arena_free(work->batch.arena);
}

/* nginx.conf by itself, without nginx, which would want to read the secret, too. */
static enum cg_status read_conf(struct cg_context *context, struct cg_directive **ret_root)
{
    const char *path = NULL;
    const char *dump = NULL;
    struct cg_span text = {NULL, 0};
    CG_TRY(cg_context_path(context, "nginx.conf", &path));
    CG_TRY(cg_context_read_file(context, path, CONF_BYTES_MAX, &text));
    CG_TRY(cg_context_print(context, &dump, "# configuration file %s:\n%.*s\n", path,
                            CG_SPAN_ARGS(text)));
    if (cg_nginx_parse(cg_span_of_string(dump), cg_span_of_string(context->dir), context->arena,
                       ret_root) != CG_OK) {
        return cg_complain(context, CG_ERR_INPUT, "%s is not understood; it may include no files",
                           path);
    }
    return CG_OK;
}

static enum cg_status read_place(struct cg_context *context, const struct cg_args *args,
                                 struct cg_batch_place *place)
{
    struct cg_directive *root = NULL;
    struct cg_span profile = cg_args_argument(args, 0);
    struct cg_span to = cg_args_value(args, "to");
    CG_TRY(read_conf(context, &root));
    if (cg_batch_place_find(context, root, profile, place) != CG_OK) {
        return cg_complain(context, CG_ERR_NOT_FOUND,
                           "the agent in %s has no location for the profile \"%.*s\" that plain "
                           "http reaches; --dir names the agent's folder",
                           context->dir, CG_SPAN_ARGS(profile));
    }
    if (to.data != NULL && !cg_batch_place_takes(place, to)) {
        return cg_complain_usage(context, "--to wants a path in %.*s, not \"%.*s\"",
                                 CG_SPAN_ARGS(place->base), CG_SPAN_ARGS(to));
    }
    place->to = to;
    return CG_OK;
}

static enum cg_status read_parallel(struct cg_context *context, const struct cg_args *args,
                                    size_t *ret_parallel)
{
    int64_t parallel = PARALLEL;
    CG_TRY(cg_args_number(context, args, "parallel", CG_SENDER_SLOTS_MAX, &parallel));
    if (parallel == 0) {
        return cg_complain_usage(context, "--parallel wants at least 1");
    }
    *ret_parallel = (size_t)parallel;
    return CG_OK;
}

static enum cg_status read_folder(struct work *work, struct cg_span name)
{
    struct cg_batch *batch = &work->batch;
    const char *path = NULL;
    CG_TRY(cg_context_string(batch->context, name, &path));
    batch->folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (batch->folder < 0) {
        return cg_complain(batch->context, CG_ERR_INPUT, "%s is no folder that can be read", path);
    }
    CG_TRY(cg_arena_new(LIST_BYTES_MAX, &batch->arena));
    enum cg_status status = cg_batch_list_read(batch->folder, batch->arena, &work->list);
    if (status == CG_ERR_INPUT) {
        return cg_complain(batch->context, status, "%s has a name with a control character", path);
    }
    CG_TRY(status);
    return cg_batch_journal_open(batch->context, batch->folder, batch->arena, &work->journal,
                                 cg_batch_list_see, &work->list);
}

static void put_failure(struct cg_output *output, const struct cg_batch_failure *failure)
{
    cg_output_open_record(output);
    cg_output_text(output, "file", failure->file);
    cg_output_number(output, "status", failure->http_status);
    cg_output_text(output, "reason", failure->reason);
    cg_output_text(output, "request_id", failure->request_id);
    cg_output_close_record(output);
}

static void write_failure(struct cg_json_writer *writer, const struct cg_batch_failure *failure)
{
    cg_json_open_object(writer);
    cg_json_member_put(writer, "file", failure->file);
    cg_json_member_put_number(writer, "status", failure->http_status);
    cg_json_member_put(writer, "reason", failure->reason);
    cg_json_member_put(writer, "request_id", failure->request_id);
    cg_json_close_object(writer);
}

static enum cg_status write_failures(const struct work *work, const struct cg_batch_result *result,
                                     struct cg_span *ret_json)
{
    struct cg_json_writer writer;
    struct cg_buf buf;
    cg_buf_init_arena(&buf, work->batch.arena, LIST_BYTES_MAX);
    cg_json_begin(&writer, &buf);
    cg_json_open_array(&writer);
    for (const struct cg_batch_failure *at = result->first; at != NULL; at = at->next) {
        write_failure(&writer, at);
    }
    cg_json_close_array(&writer);
    return cg_buf_finish(&buf, ret_json);
}

static enum cg_status report(const struct work *work, const struct cg_batch_result *result)
{
    struct cg_output *output = &work->batch.context->output;
    struct cg_span failures = {NULL, 0};
    if (!output->json && result->first != NULL) {
        cg_output_open_list(output, CG_LIST_TABLE, "");
        for (const struct cg_batch_failure *at = result->first; at != NULL; at = at->next) {
            put_failure(output, at);
        }
        cg_output_close_list(output);
    }
    cg_output_open_record(output);
    cg_output_number(output, "documents", (int64_t)work->list.count);
    cg_output_number(output, "taken", result->taken);
    cg_output_number(output, "taken_before", result->taken_before);
    cg_output_number(output, "failed", result->failed);
    cg_output_number(output, "left", result->left);
    cg_output_number(output, "tries", result->tries);
    if (output->json) {
        CG_TRY(write_failures(work, result, &failures));
        cg_output_json(output, "failures", failures, failures);
    }
    cg_output_close_record(output);
    return cg_output_finish(output);
}

static enum cg_status run_batch(struct cg_context *context, const struct cg_args *args)
{
    CG_CLEANUP(work_release)
    struct work work = {.batch = {.context = context, .folder = -1}, .journal.descriptor = -1};
    struct cg_batch_result result;
    work.batch.place = &work.place;
    work.batch.journal = &work.journal;
    work.batch.list = &work.list;
    CG_TRY(read_parallel(context, args, &work.batch.parallel));
    CG_TRY(read_place(context, args, &work.place));
    CG_TRY(read_folder(&work, cg_args_argument(args, 1)));
    CG_TRY(cg_batch_run(&work.batch, &result));
    CG_TRY(report(&work, &result));
    int64_t missing = result.failed + result.left;
    if (missing > 0) {
        return cg_complain(context, CG_ERR_CONFLICT,
                           "%lld of %zu documents were not taken; the same command sends those "
                           "again, and no others",
                           (long long)missing, work.list.count);
    }
    return CG_OK;
}

static const struct cg_option batch_options[] = {
    {"to", "PATH", CG_OPTION_PLAIN,
     "POST every document to this path of the agent, whatever it is"},
    {"parallel", "N", CG_OPTION_PLAIN, "documents on their way at once, 8 if left out"},
    {NULL, NULL, CG_OPTION_PLAIN, NULL},
};

static const struct cg_verb batch_verbs[] = {
    {
        .name = "",
        .arguments = "PROFILE FOLDER",
        .summary = "send a folder of FHIR documents through the agent",
        .options = batch_options,
        .help = "Sends FOLDER/*.json, in the order of their names, to the location of the\n"
                "agent in --dir that has the profile: POST LOCATION/TYPE, PUT\n"
                "LOCATION/TYPE/ID for a document with an id, and POST LOCATION for a Bundle\n"
                "of type batch or transaction.\n"
                "\n"
                "What is not answered, or by 429 or 5xx, is tried up to 5 times, with the same\n"
                "X-Request-ID, by which the API knows it again. FOLDER/.caregate-batch has\n"
                "what was taken: run the command again after a crash or a refusal, and the\n"
                "rest is sent. What was on its way keeps its X-Request-ID; what was refused\n"
                "gets a new one. Delete the file to send all anew.\n"
                "\n"
                "The report has the counts, and each failure's file, status (0: no answer),\n"
                "reason and X-Request-ID. Of an answer it has codes and paths only, no words\n"
                "that may quote the document. Exit 0: all were taken.",
        .example = "caregate --dir agent batch record /var/spool/letters --parallel 16",
        .run = run_batch,
    },
    {.name = NULL},
};

const struct cg_noun cg_noun_batch = {"batch", "send documents through the agent", batch_verbs};
