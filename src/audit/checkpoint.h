/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signed checkpoints: the heads of all chains, and the checkpoint before, under one signature
 * (RSASSA-PKCS1-v1_5, SHA-256) over these bytes:
 *
 *     {"number":7,"time":1767225600,"oldest":1,"previous":"b64url SHA-256 of the payload before",
 *      "heads":[{"writer":"node1/worker0","number":17,"hash":"b64url"}],
 *      "first":[{"writer":"node1/worker0","number":5,"hash":"b64url"}]}
 *
 * previous is empty at number 1. After a prune, oldest is the number of the oldest checkpoint still
 * kept, and first tells which record of a writer is the first still kept and the hash before it.
 * Each checkpoint leaves a record, CG_AUDIT_CHECKPOINT_MADE, that it covers itself: so a checkpoint
 * that was removed is missed as long as its record is there.
 *
 * What this proves, and what not: records up to the last checkpoint cannot be changed without the
 * key. Those after it are protected by their chain alone, which anybody who can write the database
 * can compute anew; so can they go back to an older state of the whole database. Keep exports, or
 * copies of the last checkpoint, elsewhere.
 */
#ifndef CG_AUDIT_CHECKPOINT_H
#define CG_AUDIT_CHECKPOINT_H

#include "audit/journal.h"

/*
 * Makes a checkpoint unless the last one is younger than min_age_s or nothing was written since.
 * *ret_made (may be NULL) tells whether one was made. Durable on return. The signer's kid is stored
 * beside. CG_ERR_STORE, CG_ERR_CRYPTO; CG_ERR_LIMIT for more than CG_LIMIT_AUDIT_WRITERS writers.
 */
CG_MUST_USE enum cg_status cg_audit_checkpoint(struct cg_journal *journal, struct cg_signer *signer,
                                               struct cg_span kid, int64_t now_s, int64_t min_age_s,
                                               bool *ret_made);

#endif
