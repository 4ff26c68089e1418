/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/ecdsa_form.h"

#include "base/cleanup.h"
#include "base/status.h"
#include "crypto/openssl_failed.h"

#include <openssl/bn.h>
#include <openssl/ecdsa.h>

static void signature_free_at(ECDSA_SIG **signature)
{
    ECDSA_SIG_free(*signature);
}

static void bn_free_at(BIGNUM **number)
{
    BN_free(*number);
}

enum cg_status cg_ecdsa_from_der(struct cg_span der, size_t len, uint8_t *ret_raw)
{
    const uint8_t *end = der.data;
    CG_CLEANUP(signature_free_at)
    ECDSA_SIG *signature = d2i_ECDSA_SIG(NULL, &end, (long)der.len);
    if (signature == NULL || end != der.data + der.len ||
        BN_bn2binpad(ECDSA_SIG_get0_r(signature), ret_raw, (int)len) != (int)len ||
        BN_bn2binpad(ECDSA_SIG_get0_s(signature), ret_raw + len, (int)len) != (int)len) {
        return cg_openssl_failed(CG_ERR_CRYPTO);
    }
    return CG_OK;
}

enum cg_status cg_ecdsa_to_der(struct cg_span raw, uint8_t ret_der[static CG_ECDSA_DER_BYTES_MAX],
                               size_t *ret_len)
{
    const int half = (int)(raw.len / 2);
    CG_CLEANUP(signature_free_at) ECDSA_SIG *signature = ECDSA_SIG_new();
    CG_CLEANUP(bn_free_at) BIGNUM *r = BN_bin2bn(raw.data, half, NULL);
    CG_CLEANUP(bn_free_at) BIGNUM *s = BN_bin2bn(raw.data + half, half, NULL);
    if (signature == NULL || r == NULL || s == NULL || ECDSA_SIG_set0(signature, r, s) != 1) {
        return cg_openssl_failed(CG_ERR_CRYPTO);
    }
    (void)CG_STEAL(r);
    (void)CG_STEAL(s);
    uint8_t *end = ret_der;
    int len = i2d_ECDSA_SIG(signature, &end);
    if (len <= 0) {
        return cg_openssl_failed(CG_ERR_CRYPTO);
    }
    *ret_len = (size_t)len;
    return CG_OK;
}
