/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading the audit: listing, verifying, pruning. May block; one thread. Each works on one
 * consistent view of the store while others write. CG_ERR_STORE, CG_ERR_LIMIT when memory is short.
 */
#ifndef CG_AUDIT_REPORT_H
#define CG_AUDIT_REPORT_H

#include "audit/checkpoint.h"

struct cg_audit_filter {
    int64_t since_s;          /* 0: from the beginning */
    int64_t until_s;          /* exclusive; INT64_MAX: to the end */
    struct cg_span client_id; /* absent: any */
    struct cg_span kind;      /* name of an event kind; absent: any */
    int64_t newest;           /* > 0: only this many, the newest ones, oldest of them first */
};

/*
 * Called for each record, oldest first (by time, writer, number). Stops and returns what the
 * callback returns when not CG_OK. The record borrows until the callback returns.
 */
typedef enum cg_status (*cg_audit_visit)(void *context, struct cg_span record, int64_t time_s);

CG_MUST_USE enum cg_status cg_audit_list(struct cg_store *store,
                                         const struct cg_audit_filter *filter, cg_audit_visit visit,
                                         void *context);

/*
 * Finds the verifier of a checkpoint's kid. CG_ERR_NOT_FOUND when there is none. The verifier stays
 * the finder's.
 */
typedef enum cg_status (*cg_audit_find_verifier)(void *context, struct cg_span kid,
                                                 struct cg_verifier **ret_verifier);

struct cg_audit_verdict {
    int64_t records;
    int64_t writers;
    int64_t checkpoints;
    /* Zero-terminated; empty when all is right: "worker0 number 17: hash does not match". */
    char first_bad[256];
};

/*
 * Recomputes every chain and checks every checkpoint: gaps, changed, moved or removed records, cut
 * tails and removed writers behind a checkpoint's head, wrong signatures, removed checkpoints.
 * CG_OK with an empty first_bad when all is right; CG_ERR_AUTHENTICATION with first_bad naming the
 * first bad record or checkpoint. The verdict is filled in both cases. See audit/checkpoint.h for
 * what this cannot show.
 */
CG_MUST_USE enum cg_status cg_audit_verify(struct cg_store *store, cg_audit_find_verifier find,
                                           void *context, struct cg_audit_verdict *ret_verdict);

/*
 * Removes the records that the newest checkpoint not made after before_s covers, and the
 * checkpoints before that one, and makes new signed checkpoints that say what is the first record
 * kept. Adds the event (of kind CG_AUDIT_PRUNED; its time is the checkpoints'). Works in steps of a
 * bounded length, each one transaction that leaves an audit which verifies, so that others can
 * write in between and a prune that was interrupted goes on when it is run again. Verify first:
 * what is removed cannot be verified later. CG_ERR_NOT_FOUND when there is no checkpoint to end at;
 * CG_ERR_CONFLICT when records are missing already.
 */
CG_MUST_USE enum cg_status cg_audit_prune(struct cg_journal *journal, struct cg_signer *signer,
                                          struct cg_span kid, const struct cg_audit_event *event,
                                          int64_t before_s, int64_t *ret_removed);

#endif
