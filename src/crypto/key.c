/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/key.h"

#include "base/alloc.h"
#include "base/status.h"
#include "crypto/key_private.h"
#include "crypto/openssl_failed.h"
#include "crypto/pem_read.h"

#include <limits.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

static void pkey_free_at(EVP_PKEY **pkey)
{
    EVP_PKEY_free(*pkey);
}

/* OpenSSL cleanses the private octets. */
static void pkcs8_free_at(PKCS8_PRIV_KEY_INFO **info)
{
    PKCS8_PRIV_KEY_INFO_free(*info);
}

/* Takes the caller's EVP_PKEY over when it succeeds. */
static enum cg_status wrap(const struct cg_key_scheme *scheme, bool is_private, EVP_PKEY **pkey,
                           struct cg_key **ret_key)
{
    void *memory = NULL;
    CG_TRY(cg_alloc(1, sizeof(struct cg_key), &memory));
    struct cg_key *key = memory;
    *key = (struct cg_key){CG_STEAL(*pkey), scheme, is_private};
    *ret_key = key;
    return CG_OK;
}

enum cg_status cg_key_generate(enum cg_key_algorithm algorithm, unsigned bits,
                               struct cg_key **ret_key)
{
    const struct cg_key_scheme *scheme = cg_key_scheme_of(algorithm);
    if (scheme == NULL || !scheme->kind->has_size(bits)) {
        return CG_ERR_INPUT;
    }
    CG_CLEANUP(pkey_free_at) EVP_PKEY *pkey = scheme->kind->generate(scheme, bits);
    if (pkey == NULL) {
        return cg_openssl_failed(CG_ERR_CRYPTO);
    }
    return wrap(scheme, true, &pkey, ret_key);
}

enum cg_status cg_key_from_public(enum cg_key_algorithm algorithm,
                                  const struct cg_key_public *numbers, struct cg_key **ret_key)
{
    const struct cg_key_scheme *scheme = cg_key_scheme_of(algorithm);
    if (scheme == NULL) {
        return CG_ERR_INPUT;
    }
    CG_CLEANUP(pkey_free_at) EVP_PKEY *pkey = NULL;
    CG_TRY(scheme->kind->make_public(scheme, numbers, &pkey));
    return wrap(scheme, false, &pkey, ret_key);
}

/* Of the curves in the table no two have coordinates of one length. */
static bool is_of_one_type(const struct cg_key_scheme *one, const struct cg_key_scheme *other)
{
    return one->kind == other->kind && one->coordinate_bytes == other->coordinate_bytes;
}

enum cg_status cg_key_public_under(const struct cg_key *key, enum cg_key_algorithm algorithm,
                                   struct cg_key **ret_key)
{
    const struct cg_key_scheme *scheme = cg_key_scheme_of(algorithm);
    if (scheme == NULL || key->is_private || !is_of_one_type(scheme, key->scheme)) {
        return CG_ERR_INPUT;
    }
    if (EVP_PKEY_up_ref(key->pkey) != 1) {
        return cg_openssl_failed(CG_ERR_CRYPTO);
    }
    CG_CLEANUP(pkey_free_at) EVP_PKEY *pkey = key->pkey;
    return wrap(scheme, false, &pkey, ret_key);
}

enum cg_status cg_key_to_pkcs8(const struct cg_key *key, struct cg_arena *arena,
                               struct cg_span *ret_der)
{
    if (!key->is_private) {
        return CG_ERR_INPUT;
    }
    CG_CLEANUP(pkcs8_free_at) PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(key->pkey);
    int len = info != NULL ? i2d_PKCS8_PRIV_KEY_INFO(info, NULL) : -1;
    if (len <= 0) {
        return cg_openssl_failed(CG_ERR_CRYPTO);
    }
    void *der = NULL;
    CG_TRY(cg_arena_take(arena, (size_t)len, &der));
    uint8_t *end = der;
    if (i2d_PKCS8_PRIV_KEY_INFO(info, &end) != len) {
        return cg_openssl_failed(CG_ERR_CRYPTO);
    }
    *ret_der = (struct cg_span){der, (size_t)len};
    return CG_OK;
}

enum cg_status cg_key_public_numbers(const struct cg_key *key, struct cg_arena *arena,
                                     struct cg_key_public *ret_numbers)
{
    return key->scheme->kind->read_public(key->scheme, key->pkey, arena, ret_numbers);
}

/* NULL when the bytes are not one whole PKCS #8 structure. */
static EVP_PKEY *read_pkcs8(struct cg_span der)
{
    const uint8_t *end = der.data;
    CG_CLEANUP(pkcs8_free_at)
    PKCS8_PRIV_KEY_INFO *info = d2i_PKCS8_PRIV_KEY_INFO(NULL, &end, (long)der.len);
    if (info == NULL || end != der.data + der.len) {
        return NULL;
    }
    return EVP_PKCS82PKEY_ex(info, NULL, NULL);
}

/* The first private key of a text; NULL when there is none, or it is encrypted. */
static EVP_PKEY *read_pem(struct cg_span pem)
{
    CG_CLEANUP(cg_bio_free_at) BIO *bio = cg_pem_open(pem);
    return bio == NULL ? NULL : PEM_read_bio_PrivateKey(bio, NULL, cg_pem_no_password, NULL);
}

static enum cg_status private_key(enum cg_key_algorithm algorithm,
                                  EVP_PKEY *(*read)(struct cg_span text), struct cg_span text,
                                  struct cg_key **ret_key)
{
    const struct cg_key_scheme *scheme = cg_key_scheme_of(algorithm);
    if (scheme == NULL || text.len == 0 || text.len > LONG_MAX) {
        return CG_ERR_INPUT;
    }
    CG_CLEANUP(pkey_free_at) EVP_PKEY *pkey = read(text);
    /* An RSA key that is restricted to one padding is of another kind. */
    if (pkey == NULL || !EVP_PKEY_is_a(pkey, scheme->kind->name)) {
        return cg_openssl_failed(CG_ERR_INPUT);
    }
    CG_TRY(scheme->kind->check(scheme, pkey));
    return wrap(scheme, true, &pkey, ret_key);
}

enum cg_status cg_key_from_pkcs8(enum cg_key_algorithm algorithm, struct cg_span der,
                                 struct cg_key **ret_key)
{
    return private_key(algorithm, read_pkcs8, der, ret_key);
}

enum cg_status cg_key_from_pem(enum cg_key_algorithm algorithm, struct cg_span pem,
                               struct cg_key **ret_key)
{
    return private_key(algorithm, read_pem, pem, ret_key);
}

enum cg_key_algorithm cg_key_algorithm_of(const struct cg_key *key)
{
    return key->scheme->algorithm;
}

bool cg_key_is_private(const struct cg_key *key)
{
    return key->is_private;
}

struct cg_key *cg_key_free(struct cg_key *key)
{
    if (key != NULL) {
        EVP_PKEY_free(key->pkey);
    }
    return cg_release(key);
}
