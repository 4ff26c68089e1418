/* SPDX-License-Identifier: Apache-2.0 */
#include "jose/alg.h"

#include "base/span.h"

#define ALG_COUNT (sizeof(algs) / sizeof(algs[0]))

#define ALG_RSA                                                                                    \
    CG_SPAN("RSA"),                                                                                \
    {                                                                                              \
        NULL, 0                                                                                    \
    }
#define ALG_EC(curve) CG_SPAN("EC"), CG_SPAN(curve)
#define ALG_OKP(curve) CG_SPAN("OKP"), CG_SPAN(curve)

static const struct cg_alg algs[] = {
    {CG_SPAN("RS256"), ALG_RSA, CG_KEY_RSA_SHA256, 2048, true, "RSA PKCS #1 v1.5 with SHA-256"},
    {CG_SPAN("RS384"), ALG_RSA, CG_KEY_RSA_SHA384, 2048, false, "RSA PKCS #1 v1.5 with SHA-384"},
    {CG_SPAN("RS512"), ALG_RSA, CG_KEY_RSA_SHA512, 2048, false, "RSA PKCS #1 v1.5 with SHA-512"},
    {CG_SPAN("PS256"), ALG_RSA, CG_KEY_PSS_SHA256, 2048, true, "RSA-PSS with SHA-256"},
    {CG_SPAN("PS384"), ALG_RSA, CG_KEY_PSS_SHA384, 2048, false, "RSA-PSS with SHA-384"},
    {CG_SPAN("PS512"), ALG_RSA, CG_KEY_PSS_SHA512, 2048, false, "RSA-PSS with SHA-512"},
    {CG_SPAN("ES256"), ALG_EC("P-256"), CG_KEY_ECDSA_P256, 0, true, "ECDSA on P-256"},
    {CG_SPAN("ES384"), ALG_EC("P-384"), CG_KEY_ECDSA_P384, 0, false, "ECDSA on P-384"},
    {CG_SPAN("ES512"), ALG_EC("P-521"), CG_KEY_ECDSA_P521, 0, false, "ECDSA on P-521"},
    {CG_SPAN("EdDSA"), ALG_OKP("Ed25519"), CG_KEY_ED25519, 0, true, "Ed25519"},
};

static const struct cg_alg *find_by_name(struct cg_span name)
{
    for (size_t i = 0; i < ALG_COUNT; i++) {
        if (cg_span_equal(algs[i].name, name)) {
            return &algs[i];
        }
    }
    return NULL;
}

/* RFC 9864 §2.2: what EdDSA means with this curve, and the only one that we know. */
const struct cg_alg *cg_alg_find(struct cg_span name)
{
    return find_by_name(cg_span_equal_string(name, "Ed25519") ? CG_SPAN_OF("EdDSA") : name);
}

const struct cg_alg *cg_alg_of(enum cg_key_algorithm algorithm)
{
    for (size_t i = 0; i < ALG_COUNT; i++) {
        if (algs[i].key_algorithm == algorithm) {
            return &algs[i];
        }
    }
    return NULL;
}

const struct cg_alg *cg_alg_for_tokens(struct cg_span name)
{
    const struct cg_alg *alg = find_by_name(name);
    return alg != NULL && alg->signs_tokens ? alg : NULL;
}

const struct cg_alg *cg_alg_at(size_t index)
{
    return index < ALG_COUNT ? &algs[index] : NULL;
}
