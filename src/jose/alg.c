/* SPDX-License-Identifier: Apache-2.0 */
#include "jose/alg.h"

#include "base/span.h"

#define ALG_COUNT (sizeof(algs) / sizeof(algs[0]))

static const struct cg_alg algs[] = {
    {CG_SPAN("RS256"), CG_SPAN("RSA"), CG_KEY_RSA_SHA256, 2048},
};

const struct cg_alg *cg_alg_find(struct cg_span name)
{
    for (size_t i = 0; i < ALG_COUNT; i++) {
        if (cg_span_equal(algs[i].name, name)) {
            return &algs[i];
        }
    }
    return NULL;
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
