/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A new master key, such that no moment of power loss leaves keys that nothing opens:
 *
 * 1. the folder is locked, so that no two of these run at once;
 * 2. the new key is on disk as master.key.new, and so is its name;
 * 3. one transaction seals all keys anew and commits;
 * 4. master.key.new is renamed to master.key.
 *
 * Before 3 has happened master.key opens the store and master.key.new is worth nothing; after it
 * master.key.new opens the store and must not be lost. The next run finds out which by trying.
 * Between 3 and 4 no other command seals anything, as each tries its key first.
 */
#include "base/buf.h"
#include "base/span.h"
#include "cli/args.h"
#include "cli/change.h"
#include "cli/master_key.h"
#include "cli/owner.h"
#include "codec/base64url.h"
#include "registry/signing_key.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define NEW_KEY CG_CONTEXT_MASTER_KEY ".new"

struct reseal {
    struct cg_context *context;
    int folder; /* open and locked until the end of the run */
    const char *old_path;
    const char *new_path;
    struct cg_secret old_key;
    struct cg_secret new_key;
};

static void reseal_release(struct reseal *reseal)
{
    if (reseal->folder >= 0) {
        (void)close(reseal->folder);
    }
    cg_secret_release(&reseal->old_key);
    cg_secret_release(&reseal->new_key);
}

static enum cg_status complain_of(const struct reseal *reseal, const char *what, const char *path)
{
    return cg_complain(reseal->context, CG_ERR_INPUT, "%s %s: %s", what, path,
                       strerrordesc_np(errno));
}

static enum cg_status lock_folder(struct reseal *reseal)
{
    CG_TRY(cg_owner_act(reseal->context));
    CG_TRY(cg_context_path(reseal->context, CG_CONTEXT_MASTER_KEY, &reseal->old_path));
    CG_TRY(cg_context_path(reseal->context, NEW_KEY, &reseal->new_path));
    reseal->folder = open(reseal->context->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (reseal->folder < 0 || flock(reseal->folder, LOCK_EX | LOCK_NB) != 0) {
        return complain_of(reseal, "cannot lock", reseal->context->dir);
    }
    return CG_OK;
}

static enum cg_status sync_folder(const struct reseal *reseal)
{
    return fsync(reseal->folder) == 0 ? CG_OK
                                      : complain_of(reseal, "cannot sync", reseal->context->dir);
}

static enum cg_status make_new_key(struct reseal *reseal)
{
    CG_CLEANUP(cg_buf_release) struct cg_buf line;
    struct cg_span text = {NULL, 0};
    reseal->new_key.len = CG_SEALED_KEY_BYTES;
    CG_TRY(cg_random_fill(&reseal->context->random, reseal->new_key.data, CG_SEALED_KEY_BYTES));
    cg_buf_init(&line, CG_BASE64URL_CHARS(CG_SEALED_KEY_BYTES) + 1);
    cg_base64url_encode(cg_secret_span(&reseal->new_key), &line);
    cg_buf_put_byte(&line, '\n');
    CG_TRY(cg_buf_finish(&line, &text));
    CG_TRY(cg_context_write_file(reseal->context, reseal->new_path, text, 0600));
    return sync_folder(reseal);
}

static enum cg_status take_place(const struct reseal *reseal)
{
    if (rename(reseal->new_path, reseal->old_path) != 0) {
        return complain_of(
            reseal,
            "the keys are sealed anew, but this could not become master.key:", reseal->new_path);
    }
    return sync_folder(reseal);
}

/* Whether a run before this one was interrupted after its commit. */
static enum cg_status was_interrupted(struct reseal *reseal, struct cg_store *registry,
                                      bool *ret_was)
{
    CG_CLEANUP(cg_secret_release) struct cg_secret left = {.len = 0};
    CG_TRY(cg_context_master_key(reseal->context, &reseal->old_key));
    enum cg_status status = cg_master_key_fits(reseal->context, registry, &reseal->old_key);
    if (status != CG_ERR_AUTHENTICATION) {
        *ret_was = false;
        return status;
    }
    if (access(reseal->new_path, F_OK) == 0) {
        CG_TRY(cg_context_master_key_of(reseal->context, NEW_KEY, &left));
        status = cg_master_key_fits(reseal->context, registry, &left);
    }
    if (status == CG_ERR_AUTHENTICATION) {
        return cg_complain(reseal->context, status,
                           "%s does not open the keys of this store; bring back the right file",
                           reseal->old_path);
    }
    *ret_was = true;
    return status;
}

static enum cg_status seal_anew(struct reseal *reseal, struct cg_change *change, int64_t *ret_count)
{
    struct cg_context *context = reseal->context;
    struct cg_audit_event *event = NULL;
    const char *detail = NULL;
    CG_TRY(make_new_key(reseal));
    CG_TRY(cg_signing_key_reseal(cg_change_store(change), reseal->old_key.data,
                                 reseal->new_key.data, &context->random, context->arena,
                                 ret_count));
    CG_TRY(cg_change_note(change, CG_AUDIT_KEYS_RESEALED, &event));
    CG_TRY(cg_context_print(context, &detail, "%lld keys", (long long)*ret_count));
    event->detail = cg_span_of_string(detail);
    return cg_change_commit(change);
}

static void put_result(struct cg_context *context, int64_t count, bool finished_another)
{
    cg_output_open_record(&context->output);
    cg_output_number(&context->output, "resealed", count);
    cg_output_flag(&context->output, "finished_interrupted", finished_another);
    cg_output_close_record(&context->output);
    cg_say(context, "`caregate reload` now: a worker that starts before it has the old key only");
    cg_say(context,
           "keep a copy of %s/" CG_CONTEXT_MASTER_KEY
           " apart from the folder; backups from before want the old one",
           context->dir);
}

enum cg_status cg_master_key_reseal(struct cg_context *context)
{
    CG_CLEANUP(reseal_release) struct reseal reseal = {.context = context, .folder = -1};
    CG_CLEANUP(cg_change_free_at) struct cg_change *change = NULL;
    bool interrupted = false;
    int64_t count = 0;
    CG_TRY(lock_folder(&reseal));
    CG_TRY(cg_change_begin_with(context, CG_CHANGE_NO_REALM, &change));
    CG_TRY(was_interrupted(&reseal, cg_change_store(change), &interrupted));
    if (!interrupted) {
        CG_TRY(seal_anew(&reseal, change, &count));
    }
    CG_TRY(take_place(&reseal));
    put_result(context, count, interrupted);
    return CG_OK;
}
