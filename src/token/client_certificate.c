/* SPDX-License-Identifier: Apache-2.0 */
#include "token/client_certificate.h"

#include "base/buf.h"
#include "base/limits.h"
#include "base/secret.h"
#include "base/span.h"
#include "base/status.h"
#include "codec/base64url.h"
#include "codec/percent.h"
#include "crypto/certificate_facts.h"

/* A header decoded twice: from its escapes, into a buffer that grows by doubling, and from its
 * base64. */
#define SCRATCH_BYTES ((size_t)(4 * CG_LIMIT_CERTIFICATE_PEM_BYTES))

bool cg_client_certificate_is_shown(const struct cg_client_certificate *certificate)
{
    return certificate->der.data != NULL || certificate->header.data != NULL;
}

/* RFC 9440 §2.1: a byte sequence of RFC 8941 §3.3.5, which is base64 between colons. */
static enum cg_status decode_sequence(struct cg_span header, struct cg_arena *arena,
                                      struct cg_span *ret_der)
{
    if (header.len < 3 || header.data[header.len - 1] != ':') {
        return CG_ERR_INPUT;
    }
    return cg_base64_decode_arena(cg_span_part(header, 1, header.len - 2), arena, ret_der);
}

static enum cg_status decode_header(struct cg_span header, struct cg_arena *arena,
                                    struct cg_span *ret_der)
{
    struct cg_buf buf;
    struct cg_span pem;
    if (header.len > CG_LIMIT_CERTIFICATE_HEADER_BYTES) {
        return CG_ERR_INPUT;
    }
    if (header.len > 0 && header.data[0] == ':') {
        return decode_sequence(header, arena, ret_der);
    }
    cg_buf_init_arena(&buf, arena, CG_LIMIT_CERTIFICATE_PEM_BYTES);
    CG_TRY(cg_percent_decode_text(header, &buf));
    CG_TRY(cg_buf_finish_input(&buf, &pem));
    return cg_certificate_decode_pem(pem, arena, ret_der);
}

enum cg_status cg_client_certificate_der(const struct cg_client_certificate *certificate,
                                         struct cg_arena *arena, struct cg_span *ret_der)
{
    if (!cg_client_certificate_is_shown(certificate)) {
        return CG_ERR_NOT_FOUND;
    }
    if (certificate->header.data != NULL) {
        return decode_header(certificate->header, arena, ret_der);
    }
    *ret_der = certificate->der;
    return CG_OK;
}

enum cg_status cg_client_certificate_digest(const struct cg_client_certificate *certificate,
                                            uint8_t ret_digest[static CG_SHA256_BYTES])
{
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = NULL;
    struct cg_span der = {NULL, 0};
    if (certificate->header.data != NULL) {
        CG_TRY(cg_arena_new(SCRATCH_BYTES, &arena));
    }
    CG_TRY(cg_client_certificate_der(certificate, arena, &der));
    return cg_sha256(der, ret_digest);
}

/* RFC 8705 §3: a token with x5t#S256 is of use over a connection with that very certificate only.
 */
enum cg_reason cg_client_certificate_check(const struct cg_client_certificate *certificate,
                                           const struct cg_access_token *token)
{
    uint8_t shown[CG_SHA256_BYTES];
    uint8_t wanted[CG_SHA256_BYTES];
    size_t len = 0;
    if (token->certificate_thumbprint.len == 0) {
        return CG_REASON_NONE;
    }
    enum cg_status status = cg_client_certificate_digest(certificate, shown);
    if (status == CG_ERR_NOT_FOUND) {
        return CG_REASON_CERTIFICATE_MISSING;
    }
    if (status != CG_OK) {
        return status == CG_ERR_INPUT ? CG_REASON_CERTIFICATE_MALFORMED : CG_REASON_INTERNAL;
    }
    bool fits =
        cg_base64url_decode(token->certificate_thumbprint, wanted, sizeof(wanted), &len) == CG_OK &&
        cg_secret_equal(cg_span_of_bytes(shown, sizeof(shown)), cg_span_of_bytes(wanted, len));
    return fits ? CG_REASON_NONE : CG_REASON_CERTIFICATE_WRONG;
}
