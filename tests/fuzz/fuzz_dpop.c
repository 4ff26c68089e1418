/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The first byte chooses. 's': the rest is a payload, which is signed by a key that its header
 * brings; what is taken must be within every bound. 'u': the rest is a URI; its written form is a
 * URI again, and written once more it is the same. Anything else: the rest is a proof as it came,
 * which nobody signed, so that it is never taken.
 */
#include "base/limits.h"
#include "base/span.h"
#include "codec/base64url.h"
#include "codec/uri_target.h"
#include "fuzz.h"
#include "jose/jwk.h"
#include "token/dpop.h"

#define NOW_S INT64_C(1000100)
#define ARENA_BYTES ((size_t)65536)

struct world {
    struct cg_key *key;
    struct cg_signer *signer;
    struct cg_arena *arena;
};

static struct cg_span finished(const struct cg_buf *buf)
{
    struct cg_span text;
    REQUIRE(cg_buf_finish(buf, &text) == CG_OK);
    return text;
}

/* Made once, and reachable to the end, so that it is no leak. */
static struct world *the_world(void)
{
    static struct world world;
    if (world.key == NULL) {
        REQUIRE(cg_key_generate(CG_KEY_ECDSA_P256, 0, &world.key) == CG_OK);
        REQUIRE(cg_signer_new(world.key, &world.signer) == CG_OK);
        REQUIRE(cg_arena_new(ARENA_BYTES, &world.arena) == CG_OK);
    }
    cg_arena_clear(world.arena);
    return &world;
}

static enum cg_reason check(struct world *world, struct cg_span compact,
                            struct cg_dpop_proof *ret_proof)
{
    static const struct cg_dpop_demand demand = {
        .method = CG_SPAN("GET"),
        .target = CG_SPAN("https://api.example/documents/7"),
        .token_hash = CG_SPAN("fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo"),
        .now_s = NOW_S,
    };
    struct cg_fault fault = {.reason = CG_REASON_NONE};
    enum cg_status status = cg_dpop_check(compact, &demand, world->arena, &fault, ret_proof);
    REQUIRE((status == CG_OK) == (fault.reason == CG_REASON_NONE));
    return fault.reason;
}

static void check_signed(struct world *world, struct cg_span payload)
{
    struct cg_buf json;
    struct cg_buf header;
    struct cg_buf compact;
    struct cg_json_writer writer;
    cg_buf_init_arena(&json, world->arena, CG_LIMIT_TOKEN_BYTES);
    cg_buf_init_arena(&header, world->arena, CG_LIMIT_TOKEN_BYTES);
    cg_buf_init_arena(&compact, world->arena, 2 * CG_LIMIT_TOKEN_BYTES);
    cg_buf_put_string(&json, "{\"typ\":\"dpop+jwt\",\"alg\":\"ES256\",\"jwk\":");
    cg_json_begin(&writer, &json);
    REQUIRE(cg_jwk_write(world->key, (struct cg_span){NULL, 0}, &writer) == CG_OK);
    cg_buf_put_string(&json, "}");
    cg_base64url_encode(finished(&json), &header);
    REQUIRE(cg_jws_make(finished(&header), payload, world->signer, &compact) == CG_OK);
    struct cg_dpop_proof proof;
    if (check(world, finished(&compact), &proof) == CG_REASON_NONE) {
        REQUIRE(proof.id.len > 0 && proof.id.len <= CG_LIMIT_PROOF_ID_BYTES);
        REQUIRE(proof.issued_s <= NOW_S + CG_LIMIT_PROOF_FUTURE_S);
        REQUIRE(proof.issued_s >= NOW_S - CG_LIMIT_PROOF_AGE_S);
    }
}

static bool write_target(struct world *world, struct cg_span text, struct cg_span *ret_target)
{
    struct cg_uri uri;
    struct cg_buf buf;
    cg_buf_init_arena(&buf, world->arena, CG_LIMIT_URI_BYTES);
    if (cg_uri_parse(text, &uri) != CG_OK || cg_uri_target_write(&uri, &buf) != CG_OK) {
        return false;
    }
    *ret_target = finished(&buf);
    return true;
}

static void check_target(struct world *world, struct cg_span text)
{
    struct cg_span first;
    struct cg_span second;
    if (write_target(world, text, &first)) {
        REQUIRE(write_target(world, first, &second));
        REQUIRE(cg_span_equal(first, second));
        REQUIRE(cg_span_find(first, '?', 0) == first.len);
        REQUIRE(cg_span_find(first, '#', 0) == first.len);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct world *world = the_world();
    struct cg_dpop_proof proof;
    if (len == 0 || len > CG_LIMIT_TOKEN_BYTES) {
        return 0;
    }
    struct cg_span rest = cg_span_of_bytes(data + 1, len - 1);
    switch (data[0]) {
    case 's': check_signed(world, rest); break;
    case 'u': check_target(world, rest); break;
    default: REQUIRE(check(world, rest, &proof) != CG_REASON_NONE); break;
    }
    return 0;
}
