/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside of the registry: a signing key from a row of CG_KEY_COLUMNS, and how its private half is
 * sealed. Shared by signing_key, key_rotation and key_sealing.
 */
#ifndef CG_REGISTRY_KEY_ROW_H
#define CG_REGISTRY_KEY_ROW_H

#include "registry/rows.h"
#include "registry/signing_key.h"

/* A cg_row_read of registry/rows.h. */
CG_MUST_USE enum cg_status cg_key_row_read(struct cg_statement *statement, struct cg_arena *arena,
                                           void *ret_key);

/* What a private half is sealed for: realm, a zero byte, kid. In the arena. */
CG_MUST_USE enum cg_status cg_key_seal_context(struct cg_span realm, struct cg_span kid,
                                               struct cg_arena *arena, struct cg_span *ret_context);

/* The public half of the key that an order refers to, which has proved that it signs. */
CG_MUST_USE enum cg_status cg_key_fetch(const struct cg_signing_key_order *order,
                                        enum cg_key_algorithm algorithm, struct cg_arena *arena,
                                        struct cg_fault *fault, struct cg_key **ret_public);

/* Makes the key that an order wants in a module, under an id of its own. *ret_reference says where,
 * in the arena. */
CG_MUST_USE enum cg_status cg_key_make_there(const struct cg_signing_key_order *order,
                                             enum cg_key_algorithm algorithm, unsigned bits,
                                             struct cg_arena *arena, struct cg_fault *fault,
                                             struct cg_span *ret_reference);
/* Destroys one that was made in vain. */
void cg_key_unmake_there(const struct cg_signing_key_order *order, struct cg_span reference,
                         struct cg_arena *arena);

/* Before a key's reference goes: what was made in a module is noted as debris. */
CG_MUST_USE enum cg_status cg_key_leave(struct cg_store *store, struct cg_span kid);

#endif
