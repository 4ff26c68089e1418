/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/explain_replay.h"

#include "base/span.h"
#include "cli/apply.h"
#include "cli/folder.h"
#include "cli/history.h"
#include "feed/explain.h"
#include "feed/feed.h"

#define EXPLAIN_BYTES_MAX (64UL * 1024 * 1024)
#define ACCESS_LOG "logs/access.log"

/* What became of the rows. */
struct replay {
    struct cg_context *context;
    struct cg_history history;
    struct cg_registry_file file; /* root absent: the registry as it is */
    FILE *log;
    struct cg_store *registry;
    struct cg_snapshot *snapshot; /* of it */
    struct cg_arena *arena;       /* of one row's verdict */
    size_t refused;
    size_t let_in;
};

static void release(struct replay *replay)
{
    if (replay->log != NULL) {
        (void)fclose(replay->log);
    }
    replay->snapshot = cg_snapshot_free(replay->snapshot);
    replay->arena = cg_arena_free(replay->arena);
}

static enum cg_status open_log(struct replay *replay, const char *path)
{
    replay->log = fopen(path, "re");
    return replay->log != NULL
               ? CG_OK
               : cg_complain(replay->context, CG_ERR_NOT_FOUND, "%s cannot be read", path);
}

/* What is named is read as who runs this; from the first store on root is the folder's owner. */
static enum cg_status read_named(struct replay *replay, const struct cg_args *args)
{
    struct cg_context *context = replay->context;
    const char *path = NULL;
    if (cg_args_has(args, "dry-run")) {
        CG_TRY(cg_registry_file_read(context, cg_args_value(args, "dry-run"), &replay->file));
    }
    if (!cg_args_has(args, "log")) {
        return CG_OK;
    }
    CG_TRY(cg_context_string(context, cg_args_value(args, "log"), &path));
    return open_log(replay, path);
}

static enum cg_status read_history(struct replay *replay)
{
    CG_CLEANUP(cg_store_free_at) struct cg_store *audit = NULL;
    struct cg_context *context = replay->context;
    const char *path = NULL;
    int64_t unknown = 0;
    CG_TRY(cg_context_open_store(context, CG_STORE_AUDIT, CG_STORE_READ_ONLY, &audit));
    CG_TRY(cg_history_read_audit(&replay->history, audit));
    if (replay->log == NULL && cg_folder_has(context, ACCESS_LOG)) {
        CG_TRY(cg_context_path(context, ACCESS_LOG, &path));
        CG_TRY(open_log(replay, path));
    }
    if (replay->log == NULL) {
        return CG_OK;
    }
    CG_TRY(cg_history_read_log(&replay->history, replay->log, &unknown));
    if (unknown > 0) {
        cg_say(context, "%lld calls with older tokens are left out: say an earlier --since",
               (long long)unknown);
    }
    return CG_OK;
}

static void put_row(struct replay *replay, const struct cg_history_row *row, enum cg_reason reason)
{
    struct cg_output *output = &replay->context->output;
    bool let_in = reason == CG_REASON_NONE;
    cg_output_open_record(output);
    cg_output_string(output, "verdict", let_in ? "would be let in" : "would be refused");
    cg_output_text(output, "client_id", row->client);
    cg_output_text(output, "api", row->api);
    cg_output_number(output, "tokens", row->tokens);
    cg_output_number(output, "calls", row->calls);
    cg_output_number(output, "refusals", row->refusals);
    cg_output_string(output, "reason", let_in ? NULL : cg_reason_name(reason));
    cg_output_close_record(output);
}

/* A row is told when the verdict is another than what happened. Which scopes open a location is
 * nginx's to say: behind a base as of SMART none is missed. */
static enum cg_status judge(struct replay *replay, const struct cg_history_row *row)
{
    struct cg_explanation explanation;
    struct cg_explain_question question = {
        .realm = replay->history.realm,
        .client_id = row->client,
        .api = row->api,
        .smart_base = CG_SPAN("/"),
        .now_s = replay->context->now_s,
    };
    bool was_let_in = row->tokens > 0 || row->calls > 0;
    CG_TRY(cg_explain_within(replay->registry, replay->snapshot, &question, replay->arena,
                             &replay->context->fault, &explanation));
    bool is_let_in = explanation.reason == CG_REASON_NONE;
    if (was_let_in != is_let_in) {
        put_row(replay, row, explanation.reason);
        replay->refused += was_let_in ? 1 : 0;
        replay->let_in += is_let_in ? 1 : 0;
    }
    cg_arena_clear(replay->arena);
    return CG_OK;
}

static enum cg_status judge_all(struct replay *replay)
{
    struct cg_context *context = replay->context;
    int64_t changes_s = 0;
    CG_TRY(cg_feed_build(replay->registry, context->now_s, &replay->snapshot, &changes_s));
    cg_output_open_list(&context->output, CG_LIST_TABLE,
                        "nothing would change for those who called");
    for (const struct cg_history_row *row = replay->history.first; row != NULL; row = row->next) {
        CG_TRY(judge(replay, row));
    }
    cg_output_close_list(&context->output);
    if (replay->refused == 0) {
        return CG_OK;
    }
    CG_TRY(cg_output_finish(&context->output));
    return cg_complain(context, CG_ERR_AUTHORISATION, "%zu that %s let in would be refused",
                       replay->refused, replay->refused == 1 ? "was" : "were");
}

/* In the transaction of a change, which is dropped. */
static enum cg_status replay_trial(struct replay *replay)
{
    CG_CLEANUP(cg_change_free_at) struct cg_change *change = NULL;
    struct cg_context *context = replay->context;
    struct cg_apply apply = {
        .context = context,
        .file = replay->file,
        .diff = {.arena = context->arena},
        .is_trial = true,
    };
    CG_TRY(cg_change_begin_with(context, CG_CHANGE_NO_REALM, &change));
    apply.change = change;
    apply.look = (struct cg_in_service){.store = cg_change_store(change), .now_s = context->now_s};
    CG_TRY(cg_apply_file(&apply));
    replay->registry = cg_change_store(change);
    return judge_all(replay);
}

enum cg_status cg_explain_replay_run(struct cg_context *context, const struct cg_args *args)
{
    CG_CLEANUP(cg_store_free_at) struct cg_store *store = NULL;
    CG_CLEANUP(release) struct replay replay = {.context = context};
    int64_t span_s = 0;
    CG_TRY(cg_args_duration_s(context, args, "since", &span_s));
    CG_TRY(read_named(&replay, args));
    CG_TRY(cg_context_open_store(context, CG_STORE_REGISTRY, CG_STORE_READ_ONLY, &store));
    CG_TRY(cg_context_realm(context, store, &replay.history.realm));
    replay.history.context = context;
    replay.history.since_s = context->now_s > span_s ? context->now_s - span_s : 0;
    CG_TRY(read_history(&replay));
    CG_TRY(cg_arena_new(EXPLAIN_BYTES_MAX, &replay.arena));
    if (replay.file.root != NULL) {
        store = cg_store_free(store);
        return replay_trial(&replay);
    }
    replay.registry = store;
    CG_TRY(cg_store_begin_read(store));
    return judge_all(&replay);
}

const struct cg_option cg_explain_replay_options[] = {
    {"since", "SPAN", CG_OPTION_REQUIRED, "how far to look back: 24h, 7d"},
    {"dry-run", "FILE", CG_OPTION_PLAIN,
     "the registry as this file would make it, which is not applied; else as it is"},
    {"log", "FILE", CG_OPTION_PLAIN, "the gate's access log, DIR/logs/access.log if left out"},
    {NULL, NULL, CG_OPTION_PLAIN, NULL},
};
