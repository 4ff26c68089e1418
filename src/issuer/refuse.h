/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CG_ISSUER_REFUSE_H
#define CG_ISSUER_REFUSE_H

#include "issuer/slot.h"

/*
 * Turns the answer into the refusal that context->fault tells of (none: an internal one), and its
 * audit event, if it had one, into that of a refusal. Past a rate the slot's tally counts it
 * instead.
 */
void cg_issuer_refuse(struct cg_issuer_slot *slot, struct cg_oauth_context *context);

/*
 * Writes the sums of the slot's tally whose window is over, durable on return; its audit is open.
 * CG_ERR_STORE, CG_ERR_CRYPTO, CG_ERR_LIMIT: a sum that cannot be written is lost.
 */
CG_MUST_USE enum cg_status cg_issuer_write_summaries(struct cg_issuer_slot *slot, int64_t now_s);

#endif
