/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/checkpoints.h"
#include "audit/export.h"
#include "base/limits.h"
#include "base/span.h"
#include "base/status.h"
#include "codec/base64url.h"
#include "codec/json.h"

#include <inttypes.h>
#include <stdio.h>

struct covering {
    struct cg_arena *arena;
    struct cg_audit_payload target; /* the checkpoint to end at; its heads are to be reached */
    struct cg_audit_payload newest; /* tells what is pruned already */
    bool *reached;                  /* one a head of the target */
    struct cg_span writer;          /* whose chain is followed; absent: none yet */
    struct cg_audit_head head;
    bool follows; /* the chain begins where nothing that the store has is passed over */
};

/* How far the records of a writer are gone from the store. */
static int64_t pruned_up_to(const struct covering *covering, struct cg_span writer)
{
    const struct cg_audit_mark *first = cg_audit_marks_find(&covering->newest.first, writer);
    return first == NULL ? 0 : first->head.number - 1;
}

/* Marks a head of the target when the chain passes through it. */
static void note_head(struct covering *covering)
{
    struct cg_span hash = cg_span_of_bytes(covering->head.hash, CG_SHA256_BYTES);
    for (size_t i = 0; i < covering->target.heads.count; i++) {
        const struct cg_audit_mark *mark = &covering->target.heads.items[i];
        bool is_it = covering->follows && mark->head.number == covering->head.number &&
                     cg_span_equal(mark->writer, covering->writer) &&
                     cg_span_equal(hash, cg_span_of_bytes(mark->head.hash, CG_SHA256_BYTES));
        if (is_it) {
            covering->reached[i] = true;
        }
    }
}

static enum cg_status begin_chain(struct covering *covering, const struct cg_json_value *chain)
{
    struct cg_span writer = {NULL, 0};
    struct cg_span hash = {NULL, 0};
    size_t len = 0;
    CG_TRY(cg_json_member_string(chain, "writer", &writer));
    CG_TRY(cg_json_member_number(chain, "number", &covering->head.number));
    CG_TRY(cg_json_member_string(chain, "hash", &hash));
    CG_TRY(cg_base64url_decode(hash, covering->head.hash, sizeof(covering->head.hash), &len));
    if (len != sizeof(covering->head.hash)) {
        return CG_ERR_INPUT;
    }
    CG_TRY(cg_arena_copy(covering->arena, writer, &covering->writer));
    covering->follows = covering->head.number <= pruned_up_to(covering, covering->writer);
    note_head(covering);
    return CG_OK;
}

static enum cg_status follow(struct covering *covering, const struct cg_json_value *root,
                             struct cg_span record)
{
    struct cg_span writer = {NULL, 0};
    int64_t number = 0;
    CG_TRY(cg_json_member_string(root, "writer", &writer));
    CG_TRY(cg_json_member_number(root, "number", &number));
    if (!cg_span_equal(writer, covering->writer) || number != covering->head.number + 1) {
        return CG_ERR_INPUT;
    }
    CG_TRY(cg_audit_chain_next(&covering->head, record));
    note_head(covering);
    return CG_OK;
}

static enum cg_status take_line(struct covering *covering, struct cg_span line)
{
    CG_CLEANUP(cg_json_free_at) struct cg_json *json = NULL;
    CG_TRY(cg_json_parse(line, CG_LIMIT_JSON_BYTES, &json));
    const struct cg_json_value *root = cg_json_root(json);
    const struct cg_json_value *chain = cg_json_member(root, "chain");
    if (chain != NULL) {
        return begin_chain(covering, chain);
    }
    return cg_json_member(root, "writer") != NULL ? follow(covering, root, line) : CG_OK;
}

static enum cg_status take_lines(struct covering *covering, cg_audit_give_line give, void *context)
{
    struct cg_span line = {NULL, 0};
    CG_TRY(give(context, &line));
    while (line.data != NULL) {
        CG_TRY(take_line(covering, line));
        CG_TRY(give(context, &line));
    }
    return CG_OK;
}

static enum cg_status judge(const struct covering *covering, char ret_missing[static 256])
{
    for (size_t i = 0; i < covering->target.heads.count; i++) {
        const struct cg_audit_mark *mark = &covering->target.heads.items[i];
        int64_t pruned = pruned_up_to(covering, mark->writer);
        if (!covering->reached[i] && mark->head.number > pruned) {
            (void)snprintf(ret_missing, 256,
                           "the records of %.*s from number %" PRId64 " to %" PRId64
                           " are not all in it as they are in the audit",
                           CG_SPAN_ARGS(mark->writer), pruned + 1, mark->head.number);
            return CG_ERR_CONFLICT;
        }
    }
    return CG_OK;
}

/* One view for what a prune would do, and for what was pruned before. */
static enum cg_status read_targets(struct cg_store *store, int64_t before_s,
                                   struct covering *covering)
{
    struct cg_span text;
    CG_TRY(cg_store_begin_read(store));
    enum cg_status status =
        cg_audit_prune_target(store, before_s, covering->arena, &covering->target);
    if (status == CG_OK) {
        status = cg_audit_checkpoint_last(store, covering->arena, &text, &covering->newest);
    }
    cg_store_rollback(store);
    return status;
}

enum cg_status cg_audit_export_covers(struct cg_store *store, int64_t before_s,
                                      cg_audit_give_line give, void *context,
                                      char ret_missing[static 256])
{
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = NULL;
    struct covering covering = {.follows = false};
    void *memory = NULL;
    CG_TRY(cg_arena_new(CG_LIMIT_CHECKPOINT_LOAD_BYTES, &arena));
    covering.arena = arena;
    CG_TRY(read_targets(store, before_s, &covering));
    CG_TRY(cg_arena_take_array(arena, covering.target.heads.count, sizeof(bool), &memory));
    covering.reached = memory;
    CG_TRY(take_lines(&covering, give, context));
    return judge(&covering, ret_missing);
}
