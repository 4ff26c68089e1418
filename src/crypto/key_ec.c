/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"
#include "base/cleanup.h"
#include "base/status.h"
#include "crypto/key_build.h"
#include "crypto/key_scheme.h"
#include "crypto/openssl_failed.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <string.h>

#define COORDINATE_BYTES_MAX 66
#define GROUP_NAME_BYTES 32
/* SEC 1 §2.3.3: what follows is x and y in full. */
#define UNCOMPRESSED 4

static void param_bld_free_at(OSSL_PARAM_BLD **builder)
{
    OSSL_PARAM_BLD_free(*builder);
}

static EVP_PKEY *generate(const struct cg_key_scheme *scheme, unsigned bits)
{
    (void)bits;
    return EVP_EC_gen(scheme->group);
}

/*
 * RFC 7518 §6.2.1.2: a coordinate is as long as the field's elements, leading zeros included. That
 * it is below the prime, and the point on the curve, is OpenSSL's to refuse; it does not tell that
 * from want of memory. The curves have no other subgroup, and a point that is written with both
 * coordinates is not the one at infinity.
 */
static enum cg_status make_public(const struct cg_key_scheme *scheme,
                                  const struct cg_key_public *numbers, EVP_PKEY **ret_pkey)
{
    const size_t len = scheme->coordinate_bytes;
    if (numbers->first.len != len || numbers->second.len != len) {
        return CG_ERR_INPUT;
    }
    uint8_t point[1 + 2 * COORDINATE_BYTES_MAX] = {UNCOMPRESSED};
    memcpy(point + 1, numbers->first.data, len);
    memcpy(point + 1 + len, numbers->second.data, len);
    CG_CLEANUP(param_bld_free_at) OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    if (builder == NULL ||
        OSSL_PARAM_BLD_push_utf8_string(builder, OSSL_PKEY_PARAM_GROUP_NAME, scheme->group, 0) !=
            1 ||
        OSSL_PARAM_BLD_push_octet_string(builder, OSSL_PKEY_PARAM_PUB_KEY, point, 1 + 2 * len) !=
            1) {
        return cg_openssl_failed(CG_ERR_CRYPTO);
    }
    return cg_key_hand_over(cg_key_build_public(scheme->kind->name, builder), CG_ERR_INPUT,
                            ret_pkey);
}

static enum cg_status read_public(const struct cg_key_scheme *scheme, const EVP_PKEY *pkey,
                                  struct cg_arena *arena, struct cg_key_public *ret_numbers)
{
    const size_t len = scheme->coordinate_bytes;
    struct cg_key_public numbers = {0};
    CG_TRY(cg_key_copy_number(pkey, OSSL_PKEY_PARAM_EC_PUB_X, len, arena, &numbers.first));
    CG_TRY(cg_key_copy_number(pkey, OSSL_PKEY_PARAM_EC_PUB_Y, len, arena, &numbers.second));
    *ret_numbers = numbers;
    return CG_OK;
}

static enum cg_status check(const struct cg_key_scheme *scheme, const EVP_PKEY *pkey)
{
    char name[GROUP_NAME_BYTES];
    size_t len = 0;
    if (EVP_PKEY_get_group_name(pkey, name, sizeof(name), &len) != 1) {
        return cg_openssl_failed(CG_ERR_INPUT);
    }
    return strcmp(name, scheme->group) == 0 ? CG_OK : CG_ERR_INPUT;
}

const struct cg_key_kind cg_key_kind_ec = {
    .name = "EC",
    .generate = generate,
    .has_size = cg_key_has_one_size,
    .make_public = make_public,
    .read_public = read_public,
    .check = check,
};
