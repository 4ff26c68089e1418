/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The master key as commands use it: checked against the store first, so that nothing is ever
 * sealed under a key that is not the store's.
 */
#ifndef CG_CLI_MASTER_KEY_H
#define CG_CLI_MASTER_KEY_H

#include "cli/context.h"
#include "crypto/sign.h"

#include <caregate/types.h>

/*
 * Whether a key opens what is sealed in the registry: CG_OK, also when nothing is sealed there;
 * CG_ERR_AUTHENTICATION when it does not, without a complaint.
 */
CG_MUST_USE enum cg_status cg_master_key_fits(struct cg_context *context, struct cg_store *registry,
                                              const struct cg_secret *key);

/*
 * The master key of the folder, which fits. Complains otherwise. Read it inside of the transaction
 * that seals with it. The caller releases it.
 */
CG_MUST_USE enum cg_status cg_master_key_open(struct cg_context *context, struct cg_store *registry,
                                              struct cg_secret *ret_key);

/*
 * The key that signs the audit's checkpoints now: its kid, in the arena, and a signer, which is the
 * caller's. Complains.
 */
CG_MUST_USE enum cg_status cg_master_key_audit_signer(struct cg_context *context,
                                                      struct cg_store *registry,
                                                      struct cg_span *ret_kid,
                                                      struct cg_signer **ret_signer);

/* `key reseal`: see there. Complains. */
CG_MUST_USE enum cg_status cg_master_key_reseal(struct cg_context *context);

#endif
