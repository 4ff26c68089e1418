/* SPDX-License-Identifier: Apache-2.0 */
#include "base/span.h"
#include "cli/change.h"
#include "cli/nouns.h"
#include "cli/owner.h"

/* Whether both databases are there, and whether one is of another version. */
static enum cg_status look(struct cg_context *context, bool *ret_stale)
{
    static const enum cg_store_kind kinds[] = {CG_STORE_REGISTRY, CG_STORE_AUDIT};
    const char *uri = NULL;
    bool stale = false;
    CG_TRY(cg_owner_act(context));
    CG_TRY(cg_context_print(context, &uri, "sqlite:%s/registry.db", context->dir));
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        CG_CLEANUP(cg_store_free_at) struct cg_store *store = NULL;
        enum cg_status status =
            cg_store_open(cg_span_of_string(uri), kinds[i], CG_STORE_READ_ONLY, &store);
        if (status != CG_OK && status != CG_ERR_CONFLICT) {
            return cg_complain_of_store(context, status, uri);
        }
        stale = stale || status == CG_ERR_CONFLICT;
    }
    *ret_stale = stale;
    return CG_OK;
}

/* Opening brings the schemas up; what is newer than this program is refused there. */
static enum cg_status bring_up(struct cg_context *context)
{
    CG_CLEANUP(cg_change_free_at) struct cg_change *change = NULL;
    struct cg_audit_event *event = NULL;
    CG_TRY(cg_change_begin_with(context, (unsigned)CG_CHANGE_CREATE | (unsigned)CG_CHANGE_NO_REALM,
                                &change));
    CG_TRY(cg_change_note(change, CG_AUDIT_STORE_UPGRADED, &event));
    return cg_change_commit(change);
}

static enum cg_status run_upgrade(struct cg_context *context, const struct cg_args *args)
{
    bool stale = false;
    (void)args;
    CG_TRY(look(context, &stale));
    if (stale) {
        CG_TRY(bring_up(context));
    }
    cg_output_open_record(&context->output);
    cg_output_string(&context->output, "dir", context->dir);
    cg_output_string(&context->output, "store", stale ? "upgraded" : "current");
    cg_output_close_record(&context->output);
    return CG_OK;
}

static const struct cg_verb upgrade_verbs[] = {
    {
        .name = "",
        .summary = "bring the store of an older version up to this one",
        .help = "Adds to both databases what this version keeps there, each in one\n"
                "transaction, and loses nothing. Stop nginx and copy the folder first: an older\n"
                "version does not open an upgraded store. A store that is current stays as it\n"
                "is.",
        .example = "caregate upgrade",
        .run = run_upgrade,
    },
    {.name = NULL},
};

const struct cg_noun cg_noun_upgrade = {"upgrade", "bring an older store up to this version",
                                        upgrade_verbs};
