/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/sign.h"

#include "base/alloc.h"
#include "base/span.h"
#include "base/status.h"
#include "crypto/ecdsa_form.h"
#include "crypto/key_private.h"
#include "crypto/openssl_failed.h"

#include <openssl/core_names.h>
#include <openssl/params.h>

/*
 * Signing and verifying share this: a context initialised once with key, digest and padding, and
 * one that each call makes a copy of it in. For RSA-2048 and 1.2 kB that costs what a kept
 * EVP_PKEY_CTX over a digest computed apart costs (17.4 µs a verification, against 20.2 µs when the
 * context is initialised by every call), and it suits algorithms which do not hash first.
 */
struct prepared {
    EVP_MD_CTX *ready;
    EVP_MD_CTX *work;
    const struct cg_key_scheme *scheme;
};

struct cg_signer {
    struct prepared prepared;
    struct cg_pkcs11_key *in_module; /* NULL: the key is here, and prepared */
};

struct cg_verifier {
    struct prepared prepared;
};

typedef int (*init_function)(EVP_MD_CTX *context, EVP_PKEY_CTX **pkey_context, const char *digest,
                             OSSL_LIB_CTX *library, const char *properties, EVP_PKEY *pkey,
                             const OSSL_PARAM params[]);

/*
 * RFC 7518 §3.5: the salt of RSASSA-PSS is as long as the digest. OpenSSL takes the digest for
 * MGF1, too, and "digest" means exactly that length when it verifies.
 */
static enum cg_status prepare(struct prepared *prepared, const struct cg_key *key,
                              init_function init)
{
    char padding[] = OSSL_PKEY_RSA_PAD_MODE_PSS;
    char salt[] = OSSL_PKEY_RSA_PSS_SALT_LEN_DIGEST;
    const OSSL_PARAM pss[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_SIGNATURE_PARAM_PAD_MODE, padding, 0),
        OSSL_PARAM_construct_utf8_string(OSSL_SIGNATURE_PARAM_PSS_SALTLEN, salt, 0),
        OSSL_PARAM_construct_end(),
    };
    prepared->scheme = key->scheme;
    prepared->ready = EVP_MD_CTX_new();
    prepared->work = EVP_MD_CTX_new();
    if (prepared->ready == NULL || prepared->work == NULL ||
        init(prepared->ready, NULL, key->scheme->digest, NULL, NULL, key->pkey,
             key->scheme->is_pss ? pss : NULL) != 1) {
        return cg_openssl_failed(CG_ERR_CRYPTO);
    }
    /* Each copy is finished once: OpenSSL need not copy it again to keep it open. */
    EVP_MD_CTX_set_flags(prepared->ready, EVP_MD_CTX_FLAG_FINALISE);
    return CG_OK;
}

static void unprepare(struct prepared *prepared)
{
    EVP_MD_CTX_free(prepared->ready);
    EVP_MD_CTX_free(prepared->work);
}

enum cg_status cg_signer_new(const struct cg_key *key, struct cg_signer **ret_signer)
{
    if (!key->is_private) {
        return CG_ERR_INPUT;
    }
    void *memory = NULL;
    CG_TRY(cg_alloc(1, sizeof(struct cg_signer), &memory));
    CG_CLEANUP(cg_signer_free_at) struct cg_signer *signer = memory;
    CG_TRY(prepare(&signer->prepared, key, EVP_DigestSignInit_ex));
    *ret_signer = CG_STEAL(signer);
    return CG_OK;
}

/* The key of a label can have been replaced, and what it signed would be refused everywhere. */
static enum cg_status prove(struct cg_signer *signer, const struct cg_key *public_key)
{
    const struct cg_span text = CG_SPAN("proof");
    uint8_t signature[CG_LIMIT_SIGNATURE_BYTES];
    size_t len = 0;
    CG_CLEANUP(cg_verifier_free_at) struct cg_verifier *verifier = NULL;
    CG_TRY(cg_verifier_new(public_key, &verifier));
    CG_TRY(cg_sign(signer, text, signature, &len));
    enum cg_status status = cg_verify(verifier, text, (struct cg_span){signature, len});
    if (status == CG_OK) {
        return CG_OK;
    }
    cg_pkcs11_key_doubt(signer->in_module);
    return status == CG_ERR_AUTHENTICATION ? CG_ERR_CONFLICT : status;
}

enum cg_status cg_signer_new_in_module(struct cg_pkcs11 *pkcs11,
                                       const struct cg_pkcs11_object *object,
                                       const struct cg_key *public_key,
                                       struct cg_signer **ret_signer)
{
    void *memory = NULL;
    CG_TRY(cg_alloc(1, sizeof(struct cg_signer), &memory));
    CG_CLEANUP(cg_signer_free_at) struct cg_signer *signer = memory;
    CG_TRY(cg_pkcs11_key_open(pkcs11, object, public_key->scheme->algorithm, &signer->in_module));
    CG_TRY(prove(signer, public_key));
    *ret_signer = CG_STEAL(signer);
    return CG_OK;
}

bool cg_signer_has_failed(const struct cg_signer *signer)
{
    return signer != NULL && signer->in_module != NULL &&
           cg_pkcs11_key_has_failed(signer->in_module);
}

struct cg_signer *cg_signer_free(struct cg_signer *signer)
{
    if (signer != NULL) {
        (void)cg_pkcs11_key_free(signer->in_module);
        unprepare(&signer->prepared);
    }
    return cg_release(signer);
}

enum cg_status cg_sign(struct cg_signer *signer, struct cg_span message,
                       uint8_t ret_signature[static CG_LIMIT_SIGNATURE_BYTES], size_t *ret_len)
{
    if (signer->in_module != NULL) {
        return cg_pkcs11_key_sign(signer->in_module, message, ret_signature, ret_len);
    }
    const struct cg_key_scheme *scheme = signer->prepared.scheme;
    EVP_MD_CTX *work = signer->prepared.work;
    size_t len = CG_LIMIT_SIGNATURE_BYTES;
    if (EVP_MD_CTX_copy_ex(work, signer->prepared.ready) != 1 ||
        EVP_DigestSign(work, ret_signature, &len, message.data, message.len) != 1) {
        return cg_openssl_failed(CG_ERR_CRYPTO);
    }
    if (scheme->is_ecdsa) {
        CG_TRY(cg_ecdsa_from_der((struct cg_span){ret_signature, len}, scheme->coordinate_bytes,
                                 ret_signature));
        len = scheme->signature_bytes;
    }
    *ret_len = len;
    return CG_OK;
}

enum cg_status cg_verifier_new(const struct cg_key *key, struct cg_verifier **ret_verifier)
{
    void *memory = NULL;
    CG_TRY(cg_alloc(1, sizeof(struct cg_verifier), &memory));
    CG_CLEANUP(cg_verifier_free_at) struct cg_verifier *verifier = memory;
    CG_TRY(prepare(&verifier->prepared, key, EVP_DigestVerifyInit_ex));
    *ret_verifier = CG_STEAL(verifier);
    return CG_OK;
}

struct cg_verifier *cg_verifier_free(struct cg_verifier *verifier)
{
    if (verifier != NULL) {
        unprepare(&verifier->prepared);
    }
    return cg_release(verifier);
}

enum cg_key_algorithm cg_verifier_algorithm_of(const struct cg_verifier *verifier)
{
    return verifier->prepared.scheme->algorithm;
}

/* As cg_verify, of a signature in OpenSSL's form. */
static enum cg_status verify(struct prepared *prepared, struct cg_span message,
                             struct cg_span signature)
{
    EVP_MD_CTX *work = prepared->work;
    if (EVP_MD_CTX_copy_ex(work, prepared->ready) != 1) {
        return cg_openssl_failed(CG_ERR_CRYPTO);
    }
    int right = EVP_DigestVerify(work, signature.data, signature.len, message.data, message.len);
    if (right == 1) {
        return CG_OK;
    }
    return cg_openssl_failed(right == 0 ? CG_ERR_AUTHENTICATION : CG_ERR_CRYPTO);
}

enum cg_status cg_verify(struct cg_verifier *verifier, struct cg_span message,
                         struct cg_span signature)
{
    const struct cg_key_scheme *scheme = verifier->prepared.scheme;
    if (scheme->signature_bytes > 0 && signature.len != scheme->signature_bytes) {
        return CG_ERR_AUTHENTICATION;
    }
    if (!scheme->is_ecdsa) {
        return verify(&verifier->prepared, message, signature);
    }
    uint8_t der[CG_ECDSA_DER_BYTES_MAX];
    size_t len = 0;
    CG_TRY(cg_ecdsa_to_der(signature, der, &len));
    return verify(&verifier->prepared, message, (struct cg_span){der, len});
}
