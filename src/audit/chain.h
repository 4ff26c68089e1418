/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The hash chain of one writer: hash(n) = SHA-256(hash(n-1) || record(n)); hash(0) is SHA-256 of
 * the writer's name. Any thread. CG_ERR_CRYPTO when the digest fails.
 */
#ifndef CG_AUDIT_CHAIN_H
#define CG_AUDIT_CHAIN_H

#include "crypto/digest.h"

#include <caregate/types.h>

struct cg_audit_head {
    int64_t number; /* of the last record; 0: none yet */
    uint8_t hash[CG_SHA256_BYTES];
};

/* The head of a chain without records. */
CG_MUST_USE enum cg_status cg_audit_chain_start(struct cg_span writer,
                                                struct cg_audit_head *ret_head);

/* Moves the head over the next record; untouched on failure. */
CG_MUST_USE enum cg_status cg_audit_chain_next(struct cg_audit_head *head, struct cg_span record);

#endif
