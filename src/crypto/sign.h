/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signing and verifying with prepared contexts: what is costly is done once, by *_new. A signer or
 * verifier belongs to one thread at a time; it holds a reference to its key, which may be freed
 * before it.
 */
#ifndef CG_CRYPTO_SIGN_H
#define CG_CRYPTO_SIGN_H

#include "base/limits.h"
#include "crypto/key.h"
#include "crypto/pkcs11.h"

#include <caregate/types.h>

struct cg_signer;
struct cg_verifier;

/* CG_ERR_INPUT when the key is not private. */
CG_MUST_USE enum cg_status cg_signer_new(const struct cg_key *key, struct cg_signer **ret_signer);

/*
 * Signs with a key that stays in a security module. `public_key` is what it must prove to be, by a
 * signature; the algorithm is that one's. Borrows `pkcs11` and the spans of `object` until it is
 * freed. CG_ERR_CONFLICT when it is another key; else as cg_pkcs11_key_open; cg_pkcs11_trouble says
 * why.
 */
CG_MUST_USE enum cg_status cg_signer_new_in_module(struct cg_pkcs11 *pkcs11,
                                                   const struct cg_pkcs11_object *object,
                                                   const struct cg_key *public_key,
                                                   struct cg_signer **ret_signer);
struct cg_signer *cg_signer_free(struct cg_signer *signer);

/* Signs; *ret_len is the length, at most CG_LIMIT_SIGNATURE_BYTES. CG_ERR_CRYPTO when OpenSSL
 * or the module fails. */
CG_MUST_USE enum cg_status cg_sign(struct cg_signer *signer, struct cg_span message,
                                   uint8_t ret_signature[static CG_LIMIT_SIGNATURE_BYTES],
                                   size_t *ret_len);

/* True once a key in a module failed to sign: make the signer anew. False for NULL. */
bool cg_signer_has_failed(const struct cg_signer *signer);

CG_MUST_USE enum cg_status cg_verifier_new(const struct cg_key *key,
                                           struct cg_verifier **ret_verifier);
struct cg_verifier *cg_verifier_free(struct cg_verifier *verifier);
enum cg_key_algorithm cg_verifier_algorithm_of(const struct cg_verifier *verifier);

/* CG_OK when the signature is right; CG_ERR_AUTHENTICATION when not; CG_ERR_CRYPTO when OpenSSL
 * fails. */
CG_MUST_USE enum cg_status cg_verify(struct cg_verifier *verifier, struct cg_span message,
                                     struct cg_span signature);

CG_DEFINE_CLEANUP(cg_signer_free_at, struct cg_signer *, cg_signer_free)
CG_DEFINE_CLEANUP(cg_verifier_free_at, struct cg_verifier *, cg_verifier_free)

#endif
