/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Refusals on their way from the event loop to the audit: a bounded queue. The first few of an
 * address and reason are kept one by one, the rest as sums (base/tally); what finds the queue full,
 * or no memory, is summed by reason alone: nothing is forgotten but its details. One thread.
 */
#ifndef CG_GATE_REFUSALS_H
#define CG_GATE_REFUSALS_H

#include "base/limits.h"

#include <caregate/refusal.h>

struct cg_refusals;

/* CG_ERR_LIMIT when memory is short. */
CG_MUST_USE enum cg_status cg_refusals_new(struct cg_refusals **ret_refusals);
struct cg_refusals *cg_refusals_free(struct cg_refusals *refusals);

/* Keeps a copy. Values past CG_LIMIT_AUDIT_DETAIL_BYTES are cut there. */
void cg_refusals_note(struct cg_refusals *refusals, const struct cg_refusal *refusal);

/* See cg_gate_take_refusals. */
size_t cg_refusals_take(struct cg_refusals *refusals, int64_t now_s,
                        struct cg_refusal *ret_refusals, size_t max);

#endif
