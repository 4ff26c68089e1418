/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/key.h"

#include "base/alloc.h"
#include "base/limits.h"
#include "base/status.h"
#include "crypto/key_private.h"
#include "crypto/openssl_failed.h"

#include <limits.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/param_build.h>
#include <openssl/x509.h>

/* The smallest exponent in use that no known attack on short exponents reaches, and what fits in 32
 * bits. */
#define EXPONENT_MIN 65537
#define EXPONENT_BYTES_MAX 4

static void pkey_free_at(EVP_PKEY **pkey)
{
    EVP_PKEY_free(*pkey);
}

static void pkey_ctx_free_at(EVP_PKEY_CTX **context)
{
    EVP_PKEY_CTX_free(*context);
}

static void bn_free_at(BIGNUM **number)
{
    BN_free(*number);
}

static void param_bld_free_at(OSSL_PARAM_BLD **builder)
{
    OSSL_PARAM_BLD_free(*builder);
}

static void params_free_at(OSSL_PARAM **params)
{
    OSSL_PARAM_free(*params);
}

/* OpenSSL cleanses the private octets. */
static void pkcs8_free_at(PKCS8_PRIV_KEY_INFO **info)
{
    PKCS8_PRIV_KEY_INFO_free(*info);
}

static bool is_known(enum cg_key_algorithm algorithm)
{
    return algorithm == CG_KEY_RSA_SHA256;
}

static bool bits_in_bounds(unsigned bits)
{
    return bits >= CG_LIMIT_RSA_BITS_MIN && bits <= CG_LIMIT_RSA_BITS_MAX;
}

/* Takes the caller's EVP_PKEY over when it succeeds. */
static enum cg_status wrap(enum cg_key_algorithm algorithm, bool is_private, EVP_PKEY **pkey,
                           struct cg_key **ret_key)
{
    void *memory = NULL;
    CG_TRY(cg_alloc(1, sizeof(struct cg_key), &memory));
    struct cg_key *key = memory;
    *key = (struct cg_key){CG_STEAL(*pkey), algorithm, is_private};
    *ret_key = key;
    return CG_OK;
}

enum cg_status cg_key_generate(enum cg_key_algorithm algorithm, unsigned bits,
                               struct cg_key **ret_key)
{
    if (!is_known(algorithm) || !bits_in_bounds(bits)) {
        return CG_ERR_INPUT;
    }
    CG_CLEANUP(pkey_free_at) EVP_PKEY *pkey = EVP_RSA_gen(bits);
    if (pkey == NULL) {
        return cg_openssl_failed(CG_ERR_CRYPTO);
    }
    return wrap(algorithm, true, &pkey, ret_key);
}

/* A positive number as RFC 7518 §2 writes it: without leading zero octets. */
static bool is_minimal(struct cg_span number)
{
    return number.len > 0 && number.data[0] != 0;
}

static bool is_odd(struct cg_span number)
{
    return (number.data[number.len - 1] & 1) != 0;
}

static bool modulus_is_good(struct cg_span modulus)
{
    if (!is_minimal(modulus) || modulus.len > CG_LIMIT_RSA_BITS_MAX / CHAR_BIT) {
        return false;
    }
    unsigned bits = (unsigned)modulus.len * CHAR_BIT;
    for (uint8_t mask = 0x80; (modulus.data[0] & mask) == 0; mask >>= 1) {
        bits--;
    }
    return bits_in_bounds(bits) && is_odd(modulus);
}

static bool exponent_is_good(struct cg_span exponent)
{
    if (!is_minimal(exponent) || exponent.len > EXPONENT_BYTES_MAX) {
        return false;
    }
    uint32_t value = 0;
    for (size_t i = 0; i < exponent.len; i++) {
        value = value << CHAR_BIT | exponent.data[i];
    }
    return value >= EXPONENT_MIN && is_odd(exponent);
}

static bool numbers_are_good(const struct cg_rsa_public *numbers)
{
    return modulus_is_good(numbers->modulus) && exponent_is_good(numbers->exponent);
}

/* The lengths have been checked: they are small. */
static BIGNUM *bn_of(struct cg_span number)
{
    return BN_bin2bn(number.data, (int)number.len, NULL);
}

/* NULL when OpenSSL fails. */
static EVP_PKEY *rsa_public_pkey(const struct cg_rsa_public *numbers)
{
    CG_CLEANUP(bn_free_at) BIGNUM *n = bn_of(numbers->modulus);
    CG_CLEANUP(bn_free_at) BIGNUM *e = bn_of(numbers->exponent);
    CG_CLEANUP(param_bld_free_at) OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    if (n == NULL || e == NULL || builder == NULL ||
        OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, n) != 1 ||
        OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, e) != 1) {
        return NULL;
    }
    CG_CLEANUP(params_free_at) OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(builder);
    CG_CLEANUP(pkey_ctx_free_at)
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    EVP_PKEY *pkey = NULL;
    if (params == NULL || context == NULL || EVP_PKEY_fromdata_init(context) != 1 ||
        EVP_PKEY_fromdata(context, &pkey, EVP_PKEY_PUBLIC_KEY, params) != 1) {
        return NULL;
    }
    return pkey;
}

enum cg_status cg_key_from_rsa_public(enum cg_key_algorithm algorithm,
                                      const struct cg_rsa_public *numbers, struct cg_key **ret_key)
{
    if (!is_known(algorithm) || !numbers_are_good(numbers)) {
        return CG_ERR_INPUT;
    }
    CG_CLEANUP(pkey_free_at) EVP_PKEY *pkey = rsa_public_pkey(numbers);
    if (pkey == NULL) {
        return cg_openssl_failed(CG_ERR_CRYPTO);
    }
    return wrap(algorithm, false, &pkey, ret_key);
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

/* Copies one number of an RSA key into the arena. */
static enum cg_status copy_number(const struct cg_key *key, const char *name,
                                  struct cg_arena *arena, struct cg_span *ret_number)
{
    BIGNUM *taken = NULL;
    int got = EVP_PKEY_get_bn_param(key->pkey, name, &taken);
    CG_CLEANUP(bn_free_at) BIGNUM *number = taken;
    if (got != 1) {
        return cg_openssl_failed(CG_ERR_CRYPTO);
    }
    void *bytes = NULL;
    size_t len = (size_t)BN_num_bytes(number);
    CG_TRY(cg_arena_take(arena, len, &bytes));
    (void)BN_bn2bin(number, bytes);
    *ret_number = (struct cg_span){bytes, len};
    return CG_OK;
}

enum cg_status cg_key_rsa_public(const struct cg_key *key, struct cg_arena *arena,
                                 struct cg_rsa_public *ret_numbers)
{
    struct cg_rsa_public numbers = {0};
    CG_TRY(copy_number(key, OSSL_PKEY_PARAM_RSA_N, arena, &numbers.modulus));
    CG_TRY(copy_number(key, OSSL_PKEY_PARAM_RSA_E, arena, &numbers.exponent));
    *ret_numbers = numbers;
    return CG_OK;
}

/* CG_ERR_INPUT for an RSA key that cg_key_from_rsa_public would refuse. */
static enum cg_status check_rsa(const struct cg_key *key)
{
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = NULL;
    CG_TRY(cg_arena_new((size_t)CG_LIMIT_SIGNATURE_BYTES * 8, &arena));
    struct cg_rsa_public numbers = {0};
    CG_TRY(cg_key_rsa_public(key, arena, &numbers));
    return numbers_are_good(&numbers) ? CG_OK : CG_ERR_INPUT;
}

/* NULL when the bytes are not one whole PKCS #8 structure of an RSA key without restrictions. */
static EVP_PKEY *rsa_private_pkey(struct cg_span der)
{
    const uint8_t *end = der.data;
    CG_CLEANUP(pkcs8_free_at)
    PKCS8_PRIV_KEY_INFO *info = d2i_PKCS8_PRIV_KEY_INFO(NULL, &end, (long)der.len);
    if (info == NULL || end != der.data + der.len) {
        return NULL;
    }
    CG_CLEANUP(pkey_free_at) EVP_PKEY *pkey = EVP_PKCS82PKEY_ex(info, NULL, NULL);
    if (pkey == NULL || !EVP_PKEY_is_a(pkey, "RSA")) {
        return NULL;
    }
    return CG_STEAL(pkey);
}

enum cg_status cg_key_from_pkcs8(enum cg_key_algorithm algorithm, struct cg_span der,
                                 struct cg_key **ret_key)
{
    if (!is_known(algorithm) || der.len == 0 || der.len > LONG_MAX) {
        return CG_ERR_INPUT;
    }
    CG_CLEANUP(pkey_free_at) EVP_PKEY *pkey = rsa_private_pkey(der);
    if (pkey == NULL) {
        return cg_openssl_failed(CG_ERR_INPUT);
    }
    CG_CLEANUP(cg_key_free_at) struct cg_key *key = NULL;
    CG_TRY(wrap(algorithm, true, &pkey, &key));
    CG_TRY(check_rsa(key));
    *ret_key = CG_STEAL(key);
    return CG_OK;
}

enum cg_key_algorithm cg_key_algorithm_of(const struct cg_key *key)
{
    return key->algorithm;
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
