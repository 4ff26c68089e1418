/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/master_key.h"

#include "base/span.h"
#include "registry/signing_key.h"

/* The audit's key is the touchstone: `init` makes it, and all keys are sealed anew together. */
static enum cg_status open_audit_key(struct cg_context *context, struct cg_store *registry,
                                     const struct cg_secret *master_key, struct cg_span *ret_kid,
                                     struct cg_key **ret_key)
{
    struct cg_signing_key key;
    int64_t until_s = 0;
    CG_TRY(cg_signing_key_current(registry, CG_SPAN_OF(CG_AUDIT_KEY_REALM), context->now_s,
                                  context->arena, &key, &until_s));
    *ret_kid = key.kid;
    return cg_signing_key_unseal(&key, master_key->data, ret_key);
}

enum cg_status cg_master_key_fits(struct cg_context *context, struct cg_store *registry,
                                  const struct cg_secret *key)
{
    CG_CLEANUP(cg_key_free_at) struct cg_key *audit_key = NULL;
    struct cg_span kid = {NULL, 0};
    enum cg_status status = open_audit_key(context, registry, key, &kid, &audit_key);
    return status == CG_ERR_NOT_FOUND ? CG_OK : status;
}

enum cg_status cg_master_key_open(struct cg_context *context, struct cg_store *registry,
                                  struct cg_secret *ret_key)
{
    CG_CLEANUP(cg_secret_release) struct cg_secret key = {.len = 0};
    CG_TRY(cg_context_master_key(context, &key));
    enum cg_status status = cg_master_key_fits(context, registry, &key);
    if (status == CG_ERR_AUTHENTICATION) {
        return cg_complain(context, status,
                           "%s/" CG_CONTEXT_MASTER_KEY " does not open the keys of this store; "
                           "`caregate key reseal` finishes a reseal that was interrupted, else "
                           "bring back the right file",
                           context->dir);
    }
    CG_TRY(status);
    return cg_secret_init(ret_key, cg_secret_span(&key));
}

enum cg_status cg_master_key_audit_signer(struct cg_context *context, struct cg_store *registry,
                                          struct cg_span *ret_kid, struct cg_signer **ret_signer)
{
    CG_CLEANUP(cg_secret_release) struct cg_secret master_key = {.len = 0};
    CG_CLEANUP(cg_key_free_at) struct cg_key *key = NULL;
    CG_TRY(cg_master_key_open(context, registry, &master_key));
    enum cg_status status = open_audit_key(context, registry, &master_key, ret_kid, &key);
    if (status == CG_ERR_NOT_FOUND) {
        return cg_complain(context, status, "the audit has no key that signs its checkpoints");
    }
    CG_TRY(status);
    return cg_signer_new(key, ret_signer);
}
