/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/dpop_nonce.h"

#include "base/buf.h"
#include "base/secret.h"
#include "base/span.h"
#include "base/status.h"
#include "codec/base64url.h"
#include "crypto/digest.h"

#include <string.h>

#define MINUTE_S 60
#define NONCE_BYTES ((size_t)16)

_Static_assert(CG_BASE64URL_CHARS(NONCE_BYTES) == CG_DPOP_NONCE_CHARS, "as long as it is written");

void cg_dpop_nonces_init(struct cg_dpop_nonces *nonces, const uint8_t *key)
{
    *nonces = (struct cg_dpop_nonces){.key = key, .minute = -1};
}

static enum cg_status make_text(const struct cg_dpop_nonces *nonces, int64_t minute,
                                uint8_t ret_text[static CG_DPOP_NONCE_CHARS])
{
    uint8_t digest[CG_SHA256_BYTES];
    CG_TRY(cg_hmac_sha256(cg_span_of_bytes(nonces->key, CG_DPOP_NONCE_KEY_BYTES),
                          cg_span_of_bytes(&minute, sizeof(minute)), digest));
    CG_CLEANUP(cg_buf_release) struct cg_buf buf;
    cg_buf_init(&buf, CG_DPOP_NONCE_CHARS);
    cg_base64url_encode(cg_span_of_bytes(digest, NONCE_BYTES), &buf);
    struct cg_span text = {NULL, 0};
    CG_TRY(cg_buf_finish(&buf, &text));
    memcpy(ret_text, text.data, CG_DPOP_NONCE_CHARS);
    return CG_OK;
}

static enum cg_status renew(struct cg_dpop_nonces *nonces, int64_t now_s)
{
    int64_t minute = now_s / MINUTE_S;
    if (minute == nonces->minute) {
        return CG_OK;
    }
    nonces->minute = -1; /* they are not whole until all of them are made */
    for (int i = 0; i < CG_DPOP_NONCES; i++) {
        CG_TRY(make_text(nonces, minute - i, nonces->texts[i]));
    }
    nonces->minute = minute;
    return CG_OK;
}

struct cg_span cg_dpop_nonces_fresh(struct cg_dpop_nonces *nonces, int64_t now_s)
{
    if (renew(nonces, now_s) != CG_OK) {
        return (struct cg_span){NULL, 0};
    }
    return cg_span_of_bytes(nonces->texts[0], CG_DPOP_NONCE_CHARS);
}

enum cg_reason cg_dpop_nonces_check(struct cg_dpop_nonces *nonces, struct cg_span presented,
                                    int64_t now_s, struct cg_span *ret_fresh)
{
    struct cg_span fresh = cg_dpop_nonces_fresh(nonces, now_s);
    if (fresh.data == NULL) {
        return CG_REASON_INTERNAL;
    }
    *ret_fresh = fresh;
    if (presented.data == NULL) {
        return CG_REASON_PROOF_NONCE_MISSING;
    }
    for (int i = 0; i < CG_DPOP_NONCES; i++) {
        if (cg_secret_equal(presented, cg_span_of_bytes(nonces->texts[i], CG_DPOP_NONCE_CHARS))) {
            *ret_fresh = i == 0 ? (struct cg_span){NULL, 0} : fresh;
            return CG_REASON_NONE;
        }
    }
    return CG_REASON_PROOF_NONCE_REFUSED;
}
