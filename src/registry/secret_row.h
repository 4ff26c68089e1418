/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside of the registry: how a secret is made and stored, whether it is issued at once or when a
 * link is opened. Shared by credential and handover.
 */
#ifndef CG_REGISTRY_SECRET_ROW_H
#define CG_REGISTRY_SECRET_ROW_H

#include "registry/credential.h"
#include "registry/rows.h"

/* May the client have one more secret, by this order? Fills the fault. */
CG_MUST_USE enum cg_status cg_secret_order_check(struct cg_store *store,
                                                 const struct cg_secret_order *order,
                                                 struct cg_arena *arena, struct cg_fault *fault);

/* A new secret's text, in the arena. */
CG_MUST_USE enum cg_status cg_secret_text_make(const struct cg_random *random,
                                               struct cg_arena *arena, struct cg_span *ret_text);

/* Stores its digest; raises the version. */
CG_MUST_USE enum cg_status cg_secret_row_add(struct cg_store *store,
                                             const struct cg_secret_order *order, struct cg_span id,
                                             struct cg_span text);

#endif
