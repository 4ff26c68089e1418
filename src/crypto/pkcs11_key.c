/* SPDX-License-Identifier: Apache-2.0 */
/* A private key of a module that signs: a session of its own, opened anew when the module was. */
#include "base/alloc.h"
#include "base/status.h"
#include "crypto/openssl_failed.h"
#include "crypto/pkcs11_inner.h"

#include <openssl/evp.h>
#include <string.h>

#define DIGEST_BYTES 32 /* SHA-256, of all ways that hash first */

/* RFC 8017 §9.2, note 1: what stands before a SHA-256 digest in a DigestInfo. */
static const uint8_t digest_info[] = {0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01,
                                      0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20};

struct cg_pkcs11_key {
    struct cg_pkcs11 *pkcs11;
    struct cg_pkcs11_object object;
    const struct cg_pkcs11_way *way;
    CK_SESSION_HANDLE session;
    CK_OBJECT_HANDLE handle;
    uint64_t generation; /* in which the session was opened; 0: never */
    bool has_failed;
};

static enum cg_status open_locked(struct cg_pkcs11_key *key)
{
    struct cg_pkcs11 *pkcs11 = key->pkcs11;
    CG_TRY(cg_pkcs11_session_open(pkcs11, &key->object, 0, &key->session));
    key->generation = pkcs11->generation;
    CG_TRY(cg_pkcs11_find(pkcs11, key->session, &key->object, CKO_PRIVATE_KEY, &key->handle));
    return cg_pkcs11_check_type(pkcs11, key->session, key->handle, key->way);
}

enum cg_status cg_pkcs11_key_open(struct cg_pkcs11 *pkcs11, const struct cg_pkcs11_object *object,
                                  enum cg_key_algorithm algorithm, struct cg_pkcs11_key **ret_key)
{
    const struct cg_pkcs11_way *way = NULL;
    CG_TRY(cg_pkcs11_way_of(pkcs11, algorithm, &way));
    void *memory = NULL;
    CG_TRY(cg_alloc(1, sizeof(struct cg_pkcs11_key), &memory));
    CG_CLEANUP(cg_pkcs11_key_free_at) struct cg_pkcs11_key *key = memory;
    key->pkcs11 = pkcs11;
    key->object = *object;
    key->way = way;
    cg_pkcs11_lock(pkcs11);
    enum cg_status status = open_locked(key);
    if (status == CG_OK) {
        atomic_store(&pkcs11->trouble, NULL);
    } else {
        pkcs11->has_failed = true;
    }
    cg_pkcs11_unlock(pkcs11);
    CG_TRY(status);
    *ret_key = CG_STEAL(key);
    return CG_OK;
}

struct cg_pkcs11_key *cg_pkcs11_key_free(struct cg_pkcs11_key *key)
{
    if (key == NULL) {
        return NULL;
    }
    struct cg_pkcs11 *pkcs11 = key->pkcs11;
    cg_pkcs11_lock(pkcs11);
    if (pkcs11->functions != NULL && key->generation == pkcs11->generation) {
        (void)pkcs11->functions->C_CloseSession(key->session);
    }
    cg_pkcs11_unlock(pkcs11);
    return cg_release(key);
}

/* What the token is given: of RSA PKCS #1 v1.5 a DigestInfo, else the digest, or for Ed25519 all.
 */
static enum cg_status make_input(const struct cg_pkcs11_way *way, struct cg_span message,
                                 uint8_t room[static sizeof(digest_info) + DIGEST_BYTES],
                                 struct cg_span *ret_input)
{
    size_t digest_len = 0;
    if (way->mechanism == CKM_EDDSA) {
        *ret_input = message;
        return CG_OK;
    }
    memcpy(room, digest_info, sizeof(digest_info));
    if (EVP_Q_digest(NULL, "SHA256", NULL, message.data, message.len, room + sizeof(digest_info),
                     &digest_len) != 1) {
        return cg_openssl_failed(CG_ERR_CRYPTO);
    }
    size_t skip = way->mechanism == CKM_RSA_PKCS ? 0 : sizeof(digest_info);
    *ret_input = (struct cg_span){room + skip, sizeof(digest_info) + DIGEST_BYTES - skip};
    return CG_OK;
}

/* RFC 7518 §3.5: MGF1 with the same digest, and a salt as long as it. */
static enum cg_status sign_locked(struct cg_pkcs11_key *key, struct cg_span input,
                                  uint8_t ret_signature[static CG_LIMIT_SIGNATURE_BYTES],
                                  size_t *ret_len)
{
    struct cg_pkcs11 *pkcs11 = key->pkcs11;
    CK_RSA_PKCS_PSS_PARAMS pss = {CKM_SHA256, CKG_MGF1_SHA256, DIGEST_BYTES};
    CK_MECHANISM mechanism = {key->way->mechanism, NULL, 0};
    CK_ULONG len = CG_LIMIT_SIGNATURE_BYTES;
    if (key->way->mechanism == CKM_RSA_PKCS_PSS) {
        mechanism.pParameter = &pss;
        mechanism.ulParameterLen = sizeof(pss);
    }
    if (pkcs11->functions == NULL || key->generation != pkcs11->generation) {
        CG_TRY(open_locked(key));
    }
    if (pkcs11->functions->C_SignInit(key->session, &mechanism, key->handle) != CKR_OK) {
        return cg_pkcs11_fail(pkcs11, CG_ERR_CRYPTO, "the token does not sign with the key");
    }
    if (pkcs11->functions->C_Sign(key->session, (uint8_t *)(uintptr_t)input.data, input.len,
                                  ret_signature, &len) != CKR_OK) {
        return cg_pkcs11_fail(pkcs11, CG_ERR_CRYPTO, "the token has failed to sign");
    }
    *ret_len = len;
    return CG_OK;
}

enum cg_status cg_pkcs11_key_sign(struct cg_pkcs11_key *key, struct cg_span message,
                                  uint8_t ret_signature[static CG_LIMIT_SIGNATURE_BYTES],
                                  size_t *ret_len)
{
    uint8_t room[sizeof(digest_info) + DIGEST_BYTES];
    struct cg_span input = {NULL, 0};
    CG_TRY(make_input(key->way, message, room, &input));
    cg_pkcs11_lock(key->pkcs11);
    enum cg_status status = sign_locked(key, input, ret_signature, ret_len);
    if (status != CG_OK) {
        key->has_failed = true;
        key->pkcs11->has_failed = true;
    }
    cg_pkcs11_unlock(key->pkcs11);
    return status;
}

bool cg_pkcs11_key_has_failed(const struct cg_pkcs11_key *key)
{
    return key->has_failed;
}

void cg_pkcs11_key_doubt(struct cg_pkcs11_key *key)
{
    atomic_store(&key->pkcs11->trouble, "the key in the token is not the one that the store knows");
}
