/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pieces that making checkpoints, verifying and pruning share. For the files of the audit only.
 */
#ifndef CG_AUDIT_CHECKPOINTS_H
#define CG_AUDIT_CHECKPOINTS_H

#include "audit/checkpoint.h"
#include "audit/payload.h"

/* The heads of all writers, in the order of their names, as the store has them. */
CG_MUST_USE enum cg_status cg_audit_heads_read(struct cg_store *store, struct cg_arena *arena,
                                               struct cg_audit_marks *ret_heads);

/* The head in the columns `number` and `hash` of a row. CG_ERR_STORE when the hash has another
 * length. */
CG_MUST_USE enum cg_status cg_audit_head_of_row(struct cg_statement *statement, int number_column,
                                                int hash_column, struct cg_audit_head *ret_head);

/*
 * The newest checkpoint's payload, as text and read; number 0 and an absent text when there is
 * none. CG_ERR_STORE when it is no payload. Its signature is not looked at.
 */
CG_MUST_USE enum cg_status cg_audit_checkpoint_last(struct cg_store *store, struct cg_arena *arena,
                                                    struct cg_span *ret_text,
                                                    struct cg_audit_payload *ret_payload);

/* The checkpoint that a prune ends at, in the arena. CG_ERR_NOT_FOUND when there is none. Its
 * signature is not looked at. */
CG_MUST_USE enum cg_status cg_audit_prune_target(struct cg_store *store, int64_t before_s,
                                                 struct cg_arena *arena,
                                                 struct cg_audit_payload *ret_target);

/* Who signs a checkpoint, and when. */
struct cg_audit_seal {
    struct cg_signer *signer;
    struct cg_span kid;
    int64_t now_s;
};

/*
 * Records and stores the next checkpoint inside the caller's transaction. `next` brings oldest and
 * first; the rest is filled in. last_text is the newest payload's text, absent when there is none.
 */
CG_MUST_USE enum cg_status cg_audit_checkpoint_add(struct cg_journal *journal,
                                                   const struct cg_audit_seal *seal,
                                                   struct cg_span last_text,
                                                   struct cg_audit_payload *next,
                                                   struct cg_arena *arena);

#endif
