/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/upstream_kind.h"

#include "base/span.h"

#define KIND_COUNT (sizeof(kinds) / sizeof(kinds[0]))

static const struct cg_upstream_kind kinds[] = {
    {
        .name = CG_SPAN("nhs-login"),
        .algs = CG_SPAN("RS512"),
        .alg = CG_SPAN("RS512"),
        .level_claim = CG_SPAN("vot"), /* a vector of trust: P9.Cp.Cd */
        .level_end = '.',
        .levels = CG_SPAN("P0 P5 P9"),
        .default_levels = CG_SPAN("P9"),
        .weak_levels = CG_SPAN("P0"),
        .alg_fault = "NHS login signs its ID tokens with RS512 alone",
        .level_fault = "the levels of NHS login are P0, P5 and P9, in one word each",
    },
    {
        .name = CG_SPAN("cis2"),
        .algs = CG_SPAN("RS256 RS512"),
        .alg = CG_SPAN("RS256"),
        .level_claim = CG_SPAN("acr"), /* AAL3_ANY, AAL2_TOTP */
        .level_end = '_',
        .levels = CG_SPAN("AAL1 AAL2 AAL3"),
        .default_levels = CG_SPAN("AAL2 AAL3"),
        .weak_levels = CG_SPAN("AAL1"),
        .alg_fault = "CIS2 signs its ID tokens with RS256 or RS512",
        .level_fault = "the levels of CIS2 are AAL1, AAL2 and AAL3, in one word each",
    },
    {
        .name = CG_SPAN("oidc"),
        .algs = CG_SPAN(""),
        .alg = CG_SPAN("RS256"), /* OpenID Connect Core 1.0 §2: what an ID token has by default */
        .level_claim = CG_SPAN("acr"),
        .level_end = 0,
        .levels = CG_SPAN(""),
        .default_levels = CG_SPAN(""),
        .weak_levels = CG_SPAN("0"), /* OpenID Connect Core 1.0 §2: a long-lived cookie, say */
        .alg_fault = "the algorithm is one of RS256, RS384, RS512, PS256, PS384, PS512, ES256, "
                     "ES384, ES512 and EdDSA; HS256 would let each client make ID tokens",
        .level_fault = "a level is a value of the claim acr: visible characters but \" and \\",
    },
};

const struct cg_upstream_kind *cg_upstream_kind_find(struct cg_span name)
{
    for (size_t i = 0; i < KIND_COUNT; i++) {
        if (cg_span_equal(kinds[i].name, name)) {
            return &kinds[i];
        }
    }
    return NULL;
}
