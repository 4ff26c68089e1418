/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signed checkpoints: the heads of all chains, and the checkpoint before, under one signature (RSASSA-PKCS1-v1_5,
 * SHA-256). Payload: {"number","time","previous":"b64url sha-256 of the payload before","heads":[{"writer","number","hash"}],
 * "first":[{"writer","number","hash"}]} where first tells, after a prune, which record of each writer is the first still kept and the hash before it.
 */
#ifndef CG_AUDIT_CHECKPOINT_H
#define CG_AUDIT_CHECKPOINT_H

#include "audit/journal.h"

/*
 * Makes a checkpoint unless the last one is younger than min_age_s or nothing was written since. *ret_made (may be NULL) tells whether
 * one was made. Durable on return. The signer's kid is stored beside.
 */
CG_MUST_USE enum cg_status cg_audit_checkpoint(struct cg_journal *journal, struct cg_signer *signer,
                                               struct cg_span kid, int64_t now_s, int64_t min_age_s,
                                               bool *ret_made);

#endif
