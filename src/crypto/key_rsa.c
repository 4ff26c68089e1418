/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"
#include "base/limits.h"
#include "base/status.h"
#include "crypto/key_build.h"
#include "crypto/key_scheme.h"
#include "crypto/openssl_failed.h"

#include <limits.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/rsa.h>

/* The smallest exponent in use that no known attack on short exponents reaches, and what fits in 32
 * bits. */
#define EXPONENT_MIN 65537
#define EXPONENT_BYTES_MAX 4

static void bn_free_at(BIGNUM **number)
{
    BN_free(*number);
}

static void param_bld_free_at(OSSL_PARAM_BLD **builder)
{
    OSSL_PARAM_BLD_free(*builder);
}

static bool has_size(unsigned bits)
{
    return bits >= CG_LIMIT_RSA_BITS_MIN && bits <= CG_LIMIT_RSA_BITS_MAX;
}

static EVP_PKEY *generate(const struct cg_key_scheme *scheme, unsigned bits)
{
    (void)scheme;
    return EVP_RSA_gen(bits);
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
    return has_size(bits) && is_odd(modulus);
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

static bool numbers_are_good(const struct cg_key_public *numbers)
{
    return modulus_is_good(numbers->first) && exponent_is_good(numbers->second);
}

/* The lengths have been checked: they are small. */
static BIGNUM *bn_of(struct cg_span number)
{
    return BN_bin2bn(number.data, (int)number.len, NULL);
}

static enum cg_status make_public(const struct cg_key_scheme *scheme,
                                  const struct cg_key_public *numbers, EVP_PKEY **ret_pkey)
{
    if (!numbers_are_good(numbers)) {
        return CG_ERR_INPUT;
    }
    CG_CLEANUP(bn_free_at) BIGNUM *n = bn_of(numbers->first);
    CG_CLEANUP(bn_free_at) BIGNUM *e = bn_of(numbers->second);
    CG_CLEANUP(param_bld_free_at) OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    if (n == NULL || e == NULL || builder == NULL ||
        OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, n) != 1 ||
        OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, e) != 1) {
        return cg_openssl_failed(CG_ERR_CRYPTO);
    }
    return cg_key_hand_over(cg_key_build_public(scheme->kind->name, builder), CG_ERR_CRYPTO,
                            ret_pkey);
}

static enum cg_status read_public(const struct cg_key_scheme *scheme, const EVP_PKEY *pkey,
                                  struct cg_arena *arena, struct cg_key_public *ret_numbers)
{
    (void)scheme;
    struct cg_key_public numbers = {0};
    CG_TRY(cg_key_copy_number(pkey, OSSL_PKEY_PARAM_RSA_N, 0, arena, &numbers.first));
    CG_TRY(cg_key_copy_number(pkey, OSSL_PKEY_PARAM_RSA_E, 0, arena, &numbers.second));
    *ret_numbers = numbers;
    return CG_OK;
}

/* What make_public would refuse. */
static enum cg_status check(const struct cg_key_scheme *scheme, const EVP_PKEY *pkey)
{
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = NULL;
    CG_TRY(cg_arena_new((size_t)CG_LIMIT_SIGNATURE_BYTES * 8, &arena));
    struct cg_key_public numbers = {0};
    CG_TRY(read_public(scheme, pkey, arena, &numbers));
    return numbers_are_good(&numbers) ? CG_OK : CG_ERR_INPUT;
}

const struct cg_key_kind cg_key_kind_rsa = {
    .name = "RSA",
    .generate = generate,
    .has_size = has_size,
    .make_public = make_public,
    .read_public = read_public,
    .check = check,
};
