/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/key_scheme.h"

/* RFC 7518 §3.3, §3.5: the digest is the algorithm's alone, whatever the size of the key. */
#define RSA(algorithm, digest)                                                                     \
    {                                                                                              \
        &cg_key_kind_rsa, NULL, digest, 0, 0, algorithm, false, false                              \
    }
#define PSS(algorithm, digest)                                                                     \
    {                                                                                              \
        &cg_key_kind_rsa, NULL, digest, 0, 0, algorithm, true, false                               \
    }

/* RFC 7518 §3.4: r and s, each as long as the curve's order. */
#define ECDSA(algorithm, group, digest, bytes)                                                     \
    {                                                                                              \
        &cg_key_kind_ec, group, digest, bytes, 2UL * (bytes), algorithm, false, true               \
    }

static const struct cg_key_scheme schemes[] = {
    RSA(CG_KEY_RSA_SHA256, "SHA256"),
    RSA(CG_KEY_RSA_SHA384, "SHA384"),
    RSA(CG_KEY_RSA_SHA512, "SHA512"),
    PSS(CG_KEY_PSS_SHA256, "SHA256"),
    PSS(CG_KEY_PSS_SHA384, "SHA384"),
    PSS(CG_KEY_PSS_SHA512, "SHA512"),
    ECDSA(CG_KEY_ECDSA_P256, "prime256v1", "SHA256", 32),
    ECDSA(CG_KEY_ECDSA_P384, "secp384r1", "SHA384", 48),
    ECDSA(CG_KEY_ECDSA_P521, "secp521r1", "SHA512", 66),
    {&cg_key_kind_ed25519, NULL, NULL, 32, 64, CG_KEY_ED25519, false, false},
};

const struct cg_key_scheme *cg_key_scheme_of(enum cg_key_algorithm algorithm)
{
    for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
        if (schemes[i].algorithm == algorithm) {
            return &schemes[i];
        }
    }
    return NULL;
}
