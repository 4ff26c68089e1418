/* SPDX-License-Identifier: Apache-2.0 */
/* client_secret_post and client_secret_basic. */
#include "base/secret.h"
#include "base/span.h"
#include "crypto/digest.h"
#include "oauth/client_auth.h"
#include "oauth/client_proof.h"

/* Always CG_CLIENT_AUTH_COMPARISONS comparisons: how many secrets a client has, or whether it
 * exists, does not show. */
static bool secret_matches(const struct cg_client_record *record, struct cg_span digest,
                           int64_t now_s, struct cg_span *ret_secret_id)
{
    static const uint8_t nothing[CG_SHA256_BYTES] = {0};
    bool matched = false;
    for (size_t i = 0; i < CG_CLIENT_AUTH_COMPARISONS; i++) {
        bool real = record != NULL && i < record->secret_count;
        const uint8_t *expected = real ? record->secrets[i].digest : nothing;
        bool equal = cg_secret_equal(digest, cg_span_of_bytes(expected, CG_SHA256_BYTES));
        if (equal && real &&
            (record->secrets[i].expires_s == 0 || now_s < record->secrets[i].expires_s)) {
            matched = true;
            *ret_secret_id = record->secrets[i].id;
        }
    }
    return matched;
}

enum cg_status cg_client_secret_judge(struct cg_oauth_context *context,
                                      const struct cg_client_showing *showing,
                                      const struct cg_client_record *record,
                                      const char **ret_refusal)
{
    uint8_t digest[CG_SHA256_BYTES];
    if (cg_sha256(showing->secret, digest) != CG_OK) {
        CG_FAIL(&context->fault, CG_ERR_CRYPTO, CG_REASON_INTERNAL, NULL, NULL);
    }
    bool matched = secret_matches(record, cg_span_of_bytes(digest, sizeof(digest)), context->now_s,
                                  &context->used_secret);
    *ret_refusal = matched ? NULL : "wrong, revoked or expired secret";
    return CG_OK;
}
