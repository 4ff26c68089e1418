/* SPDX-License-Identifier: Apache-2.0 */
/*
 * X.509 certificates, as far as the command line needs them: a development authority with a server
 * certificate, the end of a certificate's life, and whose it is. Any thread.
 */
#ifndef CG_CRYPTO_CERTIFICATE_H
#define CG_CRYPTO_CERTIFICATE_H

#include "base/buf.h"

#include <caregate/types.h>

/* PEM texts, all in the arena. The authority's private key is not kept: nothing more can be signed
 * by it. */
struct cg_dev_certificate {
    struct cg_span ca_pem;
    struct cg_span certificate_pem;
    struct cg_span private_key_pem;
};

/*
 * A new authority and a P-256 server certificate for `hosts` (names or IP addresses, RFC 5280
 * §4.2.1.6), valid from an hour before now_s until life_s after it, at most a century.
 * CG_ERR_INPUT for a host that is neither name nor address, for no host, and for times out of
 * range.
 */
CG_MUST_USE enum cg_status cg_certificate_make(const struct cg_span *hosts, size_t host_count,
                                               int64_t now_s, int64_t life_s,
                                               struct cg_arena *arena,
                                               struct cg_dev_certificate *ret_certificate);

/* notAfter of a PEM text's first certificate, Unix seconds. CG_ERR_INPUT when there is none. */
CG_MUST_USE enum cg_status cg_certificate_expiry(struct cg_span pem, int64_t *ret_expires_s);

/* Whether a PEM text's first certificate is of another's first private key, unencrypted:
 * CG_ERR_INPUT when it is not, or there is none. */
CG_MUST_USE enum cg_status cg_certificate_fits_key(struct cg_span pem, struct cg_span key_pem);

#endif
