/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys behind PKCS #11: the only door to it. Signing goes through crypto/sign.h. On failure
 * cg_pkcs11_trouble says why. Any thread.
 */
#ifndef CG_CRYPTO_PKCS11_H
#define CG_CRYPTO_PKCS11_H

#include "base/limits.h"
#include "crypto/key.h"

#include <caregate/pkcs11.h>
#include <caregate/types.h>
#include <stdbool.h>

/* Which key: what of these is absent may be anything. Two that fit are as bad as none. */
struct cg_pkcs11_object {
    struct cg_span token;  /* CKA_LABEL of the token, without the blanks at its end */
    struct cg_span serial; /* of the token */
    struct cg_span object; /* CKA_LABEL */
    struct cg_span id;     /* CKA_ID */
};

/*
 * Reads a public half, bound to an algorithm by which realms sign. CG_ERR_INPUT when the key is of
 * another type; CG_ERR_NOT_FOUND when token or key are not there, CG_ERR_CONFLICT when several keys
 * fit; CG_ERR_AUTHENTICATION when the
 * PIN is refused; CG_ERR_CRYPTO for what else a module can do.
 */
CG_MUST_USE enum cg_status cg_pkcs11_read_public(struct cg_pkcs11 *pkcs11,
                                                 const struct cg_pkcs11_object *object,
                                                 enum cg_key_algorithm algorithm,
                                                 struct cg_key **ret_key);

/*
 * Makes a key pair in a token, where its private half stays: CKA_SENSITIVE, not CKA_EXTRACTABLE.
 * All of `object` but the serial must be there. `bits` is of an RSA key. CG_ERR_CRYPTO when the
 * token makes none; else as above.
 */
CG_MUST_USE enum cg_status cg_pkcs11_generate(struct cg_pkcs11 *pkcs11,
                                              const struct cg_pkcs11_object *object,
                                              enum cg_key_algorithm algorithm, unsigned bits);

/* Destroys both halves of a key pair; CG_OK also when they are not there any more. Statuses as
 * above. */
CG_MUST_USE enum cg_status cg_pkcs11_destroy(struct cg_pkcs11 *pkcs11,
                                             const struct cg_pkcs11_object *object);

/* A private key that is open in a session of its own. */
struct cg_pkcs11_key;

/* Borrows `pkcs11` and the spans of `object` until it is freed. Statuses as above. */
CG_MUST_USE enum cg_status cg_pkcs11_key_open(struct cg_pkcs11 *pkcs11,
                                              const struct cg_pkcs11_object *object,
                                              enum cg_key_algorithm algorithm,
                                              struct cg_pkcs11_key **ret_key);
struct cg_pkcs11_key *cg_pkcs11_key_free(struct cg_pkcs11_key *key);

/* As cg_sign. After a failure the module is started anew when a key is next opened. */
CG_MUST_USE enum cg_status cg_pkcs11_key_sign(
    struct cg_pkcs11_key *key, struct cg_span message,
    uint8_t ret_signature[static CG_LIMIT_SIGNATURE_BYTES], size_t *ret_len);

/* True once a signature has failed: open the key anew. */
bool cg_pkcs11_key_has_failed(const struct cg_pkcs11_key *key);

/* What signs is not the key that was expected: notes the trouble. */
void cg_pkcs11_key_doubt(struct cg_pkcs11_key *key);

CG_DEFINE_CLEANUP(cg_pkcs11_free_at, struct cg_pkcs11 *, cg_pkcs11_free)
CG_DEFINE_CLEANUP(cg_pkcs11_key_free_at, struct cg_pkcs11_key *, cg_pkcs11_key_free)

#endif
