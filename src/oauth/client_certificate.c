/* SPDX-License-Identifier: Apache-2.0 */
/* tls_client_auth, self_signed_tls_client_auth, and certificate-bound tokens (RFC 8705). */
#include "token/client_certificate.h"
#include "base/secret.h"
#include "base/span.h"
#include "codec/base64url.h"
#include "crypto/certificate_facts.h"
#include "oauth/client_auth.h"
#include "oauth/client_proof.h"

/* Which keys of a client a certificate fits; each looked for, whatever the client is. */
struct fit {
    bool is_registered; /* the very certificate */
    bool is_subject;
    bool is_dns;
};

/* Always CG_LIMIT_CLIENT_KEYS comparisons: how many keys a client has, or whether it exists, does
 * not show. */
static bool is_registered(const struct cg_client_record *record,
                          const struct cg_certificate_facts *facts)
{
    static const uint8_t nothing[CG_SHA256_BYTES] = {0};
    struct cg_span shown = cg_span_of_bytes(facts->digest, sizeof(facts->digest));
    bool found = false;
    for (size_t i = 0; i < CG_LIMIT_CLIENT_KEYS; i++) {
        bool real = record != NULL && i < record->key_count &&
                    record->keys[i].kind == CG_CLIENT_KEY_CERTIFICATE;
        const uint8_t *expected = real ? record->keys[i].digest : nothing;
        bool equal = cg_secret_equal(shown, cg_span_of_bytes(expected, CG_SHA256_BYTES));
        found = found || (equal && real);
    }
    return found;
}

/* A name that is as registered. Names are public; that one is compared tells nothing. */
static struct fit find_fit(const struct cg_client_record *record,
                           const struct cg_certificate_facts *facts)
{
    struct fit fit = {.is_registered = is_registered(record, facts)};
    for (size_t i = 0; record != NULL && i < record->key_count; i++) {
        const struct cg_record_key *key = &record->keys[i];
        if (key->kind == CG_CLIENT_KEY_TLS_SUBJECT && key->value.len > 0) {
            fit.is_subject = fit.is_subject || cg_span_equal(key->value, facts->subject);
        }
        if (key->kind == CG_CLIENT_KEY_TLS_SAN_DNS && key->value.len > 0) {
            fit.is_dns = fit.is_dns || cg_certificate_facts_have_dns(facts, key->value);
        }
    }
    return fit;
}

/* RFC 8705 §2.1: a chain that is trusted, and the one registered name. */
static const char *judge_chain(const struct cg_client_certificate *certificate,
                               const struct fit *fit)
{
    if (certificate->verified == 0) {
        return "the certificate's chain leads to no authority that is trusted here";
    }
    return fit->is_subject || fit->is_dns
               ? NULL
               : "the certificate bears neither the subject nor the DNS name that is registered";
}

/* RFC 8705 §2.2: no chain, but the certificate itself. */
static const char *judge_self_signed(const struct fit *fit)
{
    return fit->is_registered ? NULL : "the certificate is none of those registered";
}

static const char *judge(const struct cg_oauth_context *context,
                         const struct cg_client_record *record,
                         const struct cg_certificate_facts *facts)
{
    const struct fit fit = find_fit(record, facts);
    if (context->now_s < facts->from_s || context->now_s > facts->until_s) {
        return "the certificate is not valid yet, or no longer";
    }
    if (record != NULL && record->client.auth == CG_CLIENT_AUTH_TLS) {
        return judge_chain(&context->exchange->request.certificate, &fit);
    }
    if (record != NULL && record->client.auth == CG_CLIENT_AUTH_SELF_SIGNED_TLS) {
        return judge_self_signed(&fit);
    }
    return "the client is registered for another way of authentication";
}

enum cg_status cg_client_certificate_judge(struct cg_oauth_context *context,
                                           const struct cg_client_showing *showing,
                                           const struct cg_client_record *record,
                                           const char **ret_refusal)
{
    struct cg_certificate_facts facts;
    struct cg_span der = {NULL, 0};
    (void)showing;
    enum cg_status status =
        cg_client_certificate_der(&context->exchange->request.certificate, context->arena, &der);
    if (status == CG_OK) {
        status = cg_certificate_facts_read(der, context->arena, &facts);
    }
    if (status != CG_OK && status != CG_ERR_INPUT) {
        CG_FAIL(&context->fault, status, CG_REASON_INTERNAL, NULL, NULL);
    }
    *ret_refusal =
        status == CG_OK ? judge(context, record, &facts) : "the certificate cannot be read";
    return CG_OK;
}

/* By its own registration, or because its profile binds all tokens and it has a certificate. */
static bool wants_binding(const struct cg_oauth_context *context,
                          const struct cg_client_record *record)
{
    const struct cg_profile *profile = cg_client_profile(context, record);
    return cg_client_binding(&record->client, profile) == CG_CLIENT_BIND_MTLS;
}

static enum cg_status find_digest(struct cg_oauth_context *context,
                                  uint8_t ret_digest[static CG_SHA256_BYTES])
{
    enum cg_status status =
        cg_client_certificate_digest(&context->exchange->request.certificate, ret_digest);
    if (status == CG_ERR_NOT_FOUND) {
        CG_FAIL(&context->fault, CG_ERR_INPUT, CG_REASON_CERTIFICATE_MISSING, NULL, "RFC 8705 §3");
    }
    if (status == CG_ERR_INPUT) {
        CG_FAIL(&context->fault, status, CG_REASON_CERTIFICATE_MALFORMED, NULL, "RFC 9440 §2.1");
    }
    if (status != CG_OK) {
        CG_FAIL(&context->fault, status, CG_REASON_INTERNAL, NULL, NULL);
    }
    return CG_OK;
}

enum cg_status cg_client_certificate_bind(struct cg_oauth_context *context,
                                          const struct cg_client_record *record,
                                          struct cg_access_token *token)
{
    uint8_t digest[CG_SHA256_BYTES];
    struct cg_buf buf;
    if (!wants_binding(context, record)) {
        return CG_OK;
    }
    CG_TRY(find_digest(context, digest));
    cg_buf_init_arena(&buf, context->arena, CG_BASE64URL_CHARS(CG_SHA256_BYTES));
    cg_base64url_encode(cg_span_of_bytes(digest, sizeof(digest)), &buf);
    return cg_buf_finish(&buf, &token->certificate_thumbprint);
}
