/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A compact JWS, taken apart and verified with the keys of RFC 7515 appendix A.2 and A.3 and RFC
 * 8037 appendix A. Whatever comes in, a refusal has a reason, only the key of the header's
 * algorithm verifies, and what is taken apart lies inside the input and its arena.
 */
#include "base/arena.h"
#include "base/span.h"
#include "codec/base64url.h"
#include "jose/jws.h"

#include <stdlib.h>

#define ARENA_BYTES 65536

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define MODULUS                                                                                    \
    CG_SPAN("ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEz" \
            "P1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf6" \
            "3kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5Zw" \
            "Kh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRW" \
            "yuXpoQ")

static void require(bool holds)
{
    if (!holds) {
        abort();
    }
}

static const struct {
    enum cg_key_algorithm algorithm;
    struct cg_span first; /* base64url */
    struct cg_span second;
} keys[] = {
    {CG_KEY_RSA_SHA256, MODULUS, CG_SPAN("AQAB")},
    {CG_KEY_PSS_SHA256, MODULUS, CG_SPAN("AQAB")},
    {CG_KEY_ECDSA_P256, CG_SPAN("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"),
     CG_SPAN("x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0")},
    {CG_KEY_ED25519, CG_SPAN("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"), CG_SPAN("")},
};

#define KEYS (sizeof(keys) / sizeof(keys[0]))

static struct cg_verifier *new_verifier(size_t i)
{
    CG_CLEANUP(cg_key_free_at) struct cg_key *key = NULL;
    struct cg_verifier *verifier = NULL;
    uint8_t first[256];
    uint8_t second[256];
    struct cg_key_public numbers = {{first, 0}, {second, 0}};
    require(cg_base64url_decode(keys[i].first, first, sizeof(first), &numbers.first.len) == CG_OK);
    require(cg_base64url_decode(keys[i].second, second, sizeof(second), &numbers.second.len) ==
            CG_OK);
    require(cg_key_from_public(keys[i].algorithm, &numbers, &key) == CG_OK);
    require(cg_verifier_new(key, &verifier) == CG_OK);
    return verifier;
}

static void judge(struct cg_span input, const struct cg_jws *jws, struct cg_verifier *verifier)
{
    struct cg_fault fault = {0};
    require(jws->alg != NULL && jws->payload.len > 0 && jws->signature.len > 0);
    require(jws->signing_input.data == input.data && jws->signing_input.len < input.len);
    enum cg_status status = cg_jws_verify(jws, verifier, &fault);
    require(status == CG_OK || status == CG_ERR_AUTHENTICATION);
    require((status == CG_OK) == (fault.reason == CG_REASON_NONE));
    require(status != CG_OK || jws->alg->key_algorithm == cg_verifier_algorithm_of(verifier));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static struct cg_verifier *verifiers[KEYS] = {NULL};
    for (size_t i = 0; verifiers[KEYS - 1] == NULL && i < KEYS; i++) {
        verifiers[i] = new_verifier(i);
    }
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = NULL;
    require(cg_arena_new(ARENA_BYTES, &arena) == CG_OK);
    struct cg_span input = {data, len};
    struct cg_fault fault = {0};
    struct cg_jws jws = {0};
    if (cg_jws_split(input, arena, &fault, &jws) == CG_OK) {
        for (size_t i = 0; i < KEYS; i++) {
            judge(input, &jws, verifiers[i]);
        }
    } else {
        require(fault.reason != CG_REASON_NONE && jws.alg == NULL);
    }
    return 0;
}
