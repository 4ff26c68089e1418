/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keys that the audit's checkpoints are verified with: those of the realm "audit", past ones
 * too.
 */
#ifndef CG_CLI_AUDIT_KEYS_H
#define CG_CLI_AUDIT_KEYS_H

#include "cli/context.h"
#include "crypto/sign.h"

#include <caregate/types.h>

struct cg_audit_keys;

/* Reads them from the registry. */
CG_MUST_USE enum cg_status cg_audit_keys_new(struct cg_context *context, struct cg_store *registry,
                                             struct cg_audit_keys **ret_keys);
/* Accepts NULL. Returns NULL. */
struct cg_audit_keys *cg_audit_keys_free(struct cg_audit_keys *keys);
CG_DEFINE_CLEANUP(cg_audit_keys_free_at, struct cg_audit_keys *, cg_audit_keys_free)

/* A cg_audit_find_verifier: its context is the keys. */
CG_MUST_USE enum cg_status cg_audit_keys_find(void *context, struct cg_span kid,
                                              struct cg_verifier **ret_verifier);

#endif
