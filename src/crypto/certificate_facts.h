/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a certificate says of who holds it, for client authentication (RFC 8705 §2). Whether its
 * chain leads anywhere, and whether its holder has the private key, is the TLS handshake's to
 * prove. The public key is left unread: OpenSSL takes 80 µs to, and nobody asks. Any thread.
 */
#ifndef CG_CRYPTO_CERTIFICATE_FACTS_H
#define CG_CRYPTO_CERTIFICATE_FACTS_H

#include "base/arena.h"
#include "crypto/digest.h"

#include <caregate/types.h>
#include <stdbool.h>

struct cg_certificate_facts {
    uint8_t digest[CG_SHA256_BYTES]; /* of the DER: what x5t#S256 is made of */
    int64_t from_s;                  /* notBefore and notAfter, both within its life */
    int64_t until_s;
    struct cg_span subject;          /* as crypto/distinguished_name.h writes it; empty: none */
    const struct cg_span *dns_names; /* of subjectAltName, as they stand */
    size_t dns_count;
};

/*
 * Reads one certificate in DER with nothing behind it. Spans live in the arena. CG_ERR_INPUT for
 * anything else, and for what is longer or has more names than base/limits.h allows; CG_ERR_LIMIT
 * when memory is short, CG_ERR_CRYPTO when OpenSSL fails: neither says anything of the certificate.
 */
CG_MUST_USE enum cg_status cg_certificate_facts_read(struct cg_span der, struct cg_arena *arena,
                                                     struct cg_certificate_facts *ret_facts);

/* Whether a certificate has this dNSName, in whatever case of letters; wildcards match nothing. */
bool cg_certificate_facts_have_dns(const struct cg_certificate_facts *facts, struct cg_span name);

/*
 * The DER of one certificate in PEM, with nothing but white space around it (RFC 7468).
 * CG_ERR_INPUT when it is not that, or too long; CG_ERR_LIMIT when memory is short.
 */
CG_MUST_USE enum cg_status cg_certificate_decode_pem(struct cg_span pem, struct cg_arena *arena,
                                                     struct cg_span *ret_der);

#endif
