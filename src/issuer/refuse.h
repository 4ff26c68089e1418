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

#endif
