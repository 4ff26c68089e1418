/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside of the registry: an agreement from a row of CG_AGREEMENT_COLUMNS, and the words of its
 * states in the store. Shared by agreement and decision.
 */
#ifndef CG_REGISTRY_AGREEMENT_ROW_H
#define CG_REGISTRY_AGREEMENT_ROW_H

#include "registry/agreement.h"

/* A cg_row_read of registry/rows.h. */
CG_MUST_USE enum cg_status cg_agreement_row_read(struct cg_statement *statement,
                                                 struct cg_arena *arena, void *ret_agreement);

/* The word of a state in the store: "approved". Static. */
struct cg_span cg_agreement_state_word(enum cg_agreement_state state);

#endif
