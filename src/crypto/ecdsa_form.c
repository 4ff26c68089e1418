/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/ecdsa_form.h"

#include "base/cleanup.h"
#include "base/status.h"
#include "crypto/openssl_failed.h"

#include <openssl/bn.h>
#include <openssl/ecdsa.h>
#include <stdbool.h>
#include <string.h>

#define TAG_INTEGER 0x02
#define TAG_SEQUENCE 0x30
#define SIGN_BIT 0x80
#define SHORT_LENGTH_MAX 127
#define LONG_LENGTH_OF_ONE_BYTE 0x81
#define HALF_BYTES_MAX 66

static void signature_free_at(ECDSA_SIG **signature)
{
    ECDSA_SIG_free(*signature);
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

/*
 * X.690 §8.3: an integer in as few bytes as hold it, with a zero in front where its first bit would
 * make it negative. Returns its end. (A call of OpenSSL's for it costs 8,000 instructions.)
 */
static uint8_t *put_integer(uint8_t *der, const uint8_t *number, size_t len)
{
    while (len > 1 && number[0] == 0) {
        number++;
        len--;
    }
    bool needs_zero = (number[0] & SIGN_BIT) != 0;
    *der++ = TAG_INTEGER;
    *der++ = (uint8_t)(len + needs_zero);
    *der = 0;
    der += needs_zero;
    memcpy(der, number, len);
    return der + len;
}

enum cg_status cg_ecdsa_to_der(struct cg_span raw, uint8_t ret_der[static CG_ECDSA_DER_BYTES_MAX],
                               size_t *ret_len)
{
    const size_t half = raw.len / 2;
    uint8_t numbers[CG_ECDSA_DER_BYTES_MAX];
    if (half == 0 || half > HALF_BYTES_MAX) {
        return CG_ERR_INPUT;
    }
    uint8_t *end = put_integer(numbers, raw.data, half);
    end = put_integer(end, raw.data + half, half);
    size_t len = (size_t)(end - numbers);
    uint8_t *der = ret_der;
    *der++ = TAG_SEQUENCE;
    /* X.690 §8.1.3: a length past 127 says first how many bytes it has. */
    if (len > SHORT_LENGTH_MAX) {
        *der++ = LONG_LENGTH_OF_ONE_BYTE;
    }
    *der++ = (uint8_t)len;
    memcpy(der, numbers, len);
    *ret_len = (size_t)(der + len - ret_der);
    return CG_OK;
}
