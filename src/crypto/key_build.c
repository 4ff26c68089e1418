/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/key_build.h"

#include "base/cleanup.h"
#include "base/status.h"
#include "crypto/openssl_failed.h"

#include <openssl/bn.h>

static void pkey_ctx_free_at(EVP_PKEY_CTX **context)
{
    EVP_PKEY_CTX_free(*context);
}

static void bn_free_at(BIGNUM **number)
{
    BN_free(*number);
}

static void params_free_at(OSSL_PARAM **params)
{
    OSSL_PARAM_free(*params);
}

EVP_PKEY *cg_key_build_public(const char *name, OSSL_PARAM_BLD *builder)
{
    CG_CLEANUP(params_free_at) OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(builder);
    CG_CLEANUP(pkey_ctx_free_at)
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, name, NULL);
    EVP_PKEY *pkey = NULL;
    if (params == NULL || context == NULL || EVP_PKEY_fromdata_init(context) != 1 ||
        EVP_PKEY_fromdata(context, &pkey, EVP_PKEY_PUBLIC_KEY, params) != 1) {
        return NULL;
    }
    return pkey;
}

enum cg_status cg_key_hand_over(EVP_PKEY *made, enum cg_status otherwise, EVP_PKEY **ret_pkey)
{
    if (made == NULL) {
        return cg_openssl_failed(otherwise);
    }
    *ret_pkey = made;
    return CG_OK;
}

bool cg_key_has_one_size(unsigned bits)
{
    return bits == 0;
}

enum cg_status cg_key_copy_number(const EVP_PKEY *pkey, const char *name, size_t len,
                                  struct cg_arena *arena, struct cg_span *ret_number)
{
    BIGNUM *taken = NULL;
    int got = EVP_PKEY_get_bn_param(pkey, name, &taken);
    CG_CLEANUP(bn_free_at) BIGNUM *number = taken;
    if (got != 1) {
        return cg_openssl_failed(CG_ERR_CRYPTO);
    }
    void *bytes = NULL;
    size_t room = len > 0 ? len : (size_t)BN_num_bytes(number);
    CG_TRY(cg_arena_take(arena, room, &bytes));
    if (BN_bn2binpad(number, bytes, (int)room) != (int)room) {
        return cg_openssl_failed(CG_ERR_CRYPTO);
    }
    *ret_number = (struct cg_span){bytes, room};
    return CG_OK;
}
