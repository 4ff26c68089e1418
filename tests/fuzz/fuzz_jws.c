/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A compact JWS, taken apart and verified with the key of RFC 7515 appendix A.2. Whatever comes in,
 * a refusal has a reason, and what is taken apart lies inside the input and its arena.
 */
#include "base/arena.h"
#include "base/span.h"
#include "codec/base64url.h"
#include "jose/jws.h"

#include <stdlib.h>

#define ARENA_BYTES 65536

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static const struct cg_span modulus =
    CG_SPAN("ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEz"
            "P1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf6"
            "3kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5Zw"
            "Kh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRW"
            "yuXpoQ");

static void require(bool holds)
{
    if (!holds) {
        abort();
    }
}

static struct cg_verifier *new_verifier(void)
{
    CG_CLEANUP(cg_key_free_at) struct cg_key *key = NULL;
    struct cg_verifier *verifier = NULL;
    uint8_t bytes[256];
    size_t len = 0;
    require(cg_base64url_decode(modulus, bytes, sizeof(bytes), &len) == CG_OK);
    const struct cg_key_public numbers = {{bytes, len}, CG_SPAN_OF("\x01\x00\x01")};
    require(cg_key_from_public(CG_KEY_RSA_SHA256, &numbers, &key) == CG_OK);
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
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static struct cg_verifier *verifier = NULL;
    if (verifier == NULL) {
        verifier = new_verifier();
    }
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = NULL;
    require(cg_arena_new(ARENA_BYTES, &arena) == CG_OK);
    struct cg_span input = {data, len};
    struct cg_fault fault = {0};
    struct cg_jws jws = {0};
    if (cg_jws_split(input, arena, &fault, &jws) == CG_OK) {
        judge(input, &jws, verifier);
    } else {
        require(fault.reason != CG_REASON_NONE && jws.alg == NULL);
    }
    return 0;
}
