/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside crypto/ only: the two forms of an ECDSA signature. OpenSSL's is DER, a sequence of two
 * integers; JWS's is r and s side by side, each as long as the curve's order (RFC 7518 §3.4).
 */
#ifndef CG_CRYPTO_ECDSA_FORM_H
#define CG_CRYPTO_ECDSA_FORM_H

#include <caregate/types.h>

/* Of P-521: two integers of 66 bytes with one to keep them positive, and what frames them. */
#define CG_ECDSA_DER_BYTES_MAX 144

/* Side by side, `len` bytes each; ret_raw may be where der lies. CG_ERR_CRYPTO when it is not DER
 * or a number is longer. */
CG_MUST_USE enum cg_status cg_ecdsa_from_der(struct cg_span der, size_t len, uint8_t *ret_raw);

/* From two halves of one length, at most 66 bytes each, else CG_ERR_INPUT; their values are not
 * judged. */
CG_MUST_USE enum cg_status cg_ecdsa_to_der(struct cg_span raw,
                                           uint8_t ret_der[static CG_ECDSA_DER_BYTES_MAX],
                                           size_t *ret_len);

#endif
