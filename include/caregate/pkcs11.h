/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signing keys that stay in a security module behind PKCS #11 (OASIS PKCS #11 2.40). One object a
 * process, made after the fork and shared by its threads, which it lets in one at a time.
 */
#ifndef CAREGATE_PKCS11_H
#define CAREGATE_PKCS11_H

#include <caregate/types.h>

struct cg_pkcs11;

/* A PIN is 1 to this many bytes. */
#define CG_PKCS11_PIN_MAX_BYTES 64

/*
 * How to reach a module: the path of its shared library and the user's PIN, both borrowed until
 * the object is freed. Loads nothing yet: that happens at first use, and again after a failure.
 * CG_ERR_INPUT for an empty path or PIN; CG_ERR_LIMIT when memory is short.
 */
CG_EXPORT CG_MUST_USE enum cg_status cg_pkcs11_new(const char *module, struct cg_span pin,
                                                   struct cg_pkcs11 **ret_pkcs11);

/* After all that signs through it. Accepts NULL, returns NULL. */
CG_EXPORT struct cg_pkcs11 *cg_pkcs11_free(struct cg_pkcs11 *pkcs11);

/*
 * What went wrong last, as a sentence for the operator without anything secret; NULL when all is
 * well since, or for NULL. Static text. Any thread.
 */
CG_EXPORT const char *cg_pkcs11_trouble(const struct cg_pkcs11 *pkcs11);

#endif
