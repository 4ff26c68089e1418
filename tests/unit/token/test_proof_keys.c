/* SPDX-License-Identifier: Apache-2.0 */
#include "token/proof_keys.h"

#include "base/limits.h"
#include "base/span.h"
#include "prover.h"
#include "token/dpop.h"

#define ARENA_BYTES ((size_t)1 << 20)

/* Keys without a verifier do: the cache never looks inside. */
static struct cg_dpop_key key_named(unsigned number)
{
    struct cg_dpop_key key = {.verifier = NULL};
    (void)snprintf(key.thumbprint, sizeof(key.thumbprint), "%u", number);
    return key;
}

static void digest_of(unsigned number, uint8_t digest[static CG_KEYED_HASH_BYTES])
{
    memset(digest, 0, CG_KEYED_HASH_BYTES);
    memcpy(digest, &number, sizeof(number));
}

static void keep(struct cg_proof_keys *keys, unsigned number)
{
    uint8_t digest[CG_KEYED_HASH_BYTES];
    struct cg_dpop_key key = key_named(number);
    digest_of(number, digest);
    cg_proof_keys_keep(keys, digest, &key);
    assert_int_equal(key.thumbprint[0], '\0');
}

static bool has(struct cg_proof_keys *keys, unsigned number)
{
    uint8_t digest[CG_KEYED_HASH_BYTES];
    digest_of(number, digest);
    const struct cg_dpop_key *found = cg_proof_keys_find(keys, digest);
    struct cg_dpop_key want = key_named(number);
    assert_true(found == NULL || strcmp(found->thumbprint, want.thumbprint) == 0);
    return found != NULL;
}

TEST(proof_keys_are_found_by_the_whole_digest)
{
    const struct cg_random random = cg_random_system();
    CG_CLEANUP(cg_proof_keys_free_at) struct cg_proof_keys *keys = NULL;
    assert_ok(cg_proof_keys_new(&random, &keys));
    assert_false(has(keys, 0));
    keep(keys, 7);
    assert_true(has(keys, 7));
    uint8_t digest[CG_KEYED_HASH_BYTES];
    digest_of(7, digest);
    digest[CG_KEYED_HASH_BYTES - 1] = 1;
    assert_null(cg_proof_keys_find(keys, digest));
}

TEST(proof_keys_let_go_of_the_one_longest_out_of_use)
{
    enum { ROWS = CG_LIMIT_PROOF_KEYS / 8 };
    const struct cg_random random = cg_random_system();
    CG_CLEANUP(cg_proof_keys_free_at) struct cg_proof_keys *keys = NULL;
    assert_ok(cg_proof_keys_new(&random, &keys));
    for (unsigned i = 0; i < 8; i++) {
        keep(keys, i * ROWS);
    }
    assert_true(has(keys, 0));
    keep(keys, 8 * ROWS);
    assert_false(has(keys, 1 * ROWS));
    assert_true(has(keys, 0));
    assert_true(has(keys, 8 * ROWS));
    keep(keys, 1);
    assert_true(has(keys, 2 * ROWS));
}

/* How often a key was read from a header: the linker leads the library's call here. */
static unsigned *reads(void)
{
    static unsigned count;
    return &count;
}

enum cg_status __real_cg_dpop_key_read(struct cg_span header, struct cg_arena *arena,
                                       struct cg_fault *fault, struct cg_dpop_key *ret_key);
enum cg_status __wrap_cg_dpop_key_read(struct cg_span header, struct cg_arena *arena,
                                       struct cg_fault *fault, struct cg_dpop_key *ret_key);

enum cg_status __wrap_cg_dpop_key_read(struct cg_span header, struct cg_arena *arena,
                                       struct cg_fault *fault, struct cg_dpop_key *ret_key)
{
    *reads() += 1;
    return __real_cg_dpop_key_read(header, arena, fault, ret_key);
}

/* Two who hold keys. */
struct stage {
    struct sample sample; /* its arena alone */
    struct prover provers[2];
    struct cg_proof_keys *keys;
    struct cg_dpop_proof proof; /* of the last check */
};

static int setup(void **state)
{
    const struct cg_random random = cg_random_system();
    struct stage *stage = calloc(1, sizeof(*stage));
    assert_non_null(stage);
    assert_ok(cg_arena_new(ARENA_BYTES, &stage->sample.arena));
    prover_init(&stage->provers[0], &stage->sample, "ES256");
    prover_init(&stage->provers[1], &stage->sample, "EdDSA");
    assert_ok(cg_proof_keys_new(&random, &stage->keys));
    *reads() = 0;
    *state = stage;
    return 0;
}

static int teardown(void **state)
{
    struct stage *stage = *state;
    (void)cg_proof_keys_free(stage->keys);
    prover_release(&stage->provers[0]);
    prover_release(&stage->provers[1]);
    (void)cg_arena_free(stage->sample.arena);
    free(stage);
    return 0;
}

static enum cg_reason check(struct stage *stage, struct cg_span compact, const char *thumbprint)
{
    const struct cg_dpop_demand demand = {
        .method = CG_SPAN(PROVER_METHOD),
        .target = CG_SPAN(PROVER_TARGET),
        .key_thumbprint = cg_span_of_string(thumbprint),
        .now_s = SAMPLE_NOW_S,
    };
    struct cg_fault fault = {.reason = CG_REASON_NONE};
    enum cg_status status = cg_proof_keys_check(stage->keys, compact, &demand, stage->sample.arena,
                                                &fault, &stage->proof);
    assert_int_equal(status == CG_OK, fault.reason == CG_REASON_NONE);
    return fault.reason;
}

static struct cg_span proof_by(const struct stage *stage, unsigned who, const char *id)
{
    struct cg_span nothing = {NULL, 0};
    return prover_proof(&stage->provers[who], &stage->sample, id, nothing, nothing);
}

/* The same proof with another signature: that of the same key under another payload. */
static struct cg_span forged(const struct stage *stage, unsigned who)
{
    struct cg_span good = proof_by(stage, who, "good");
    struct cg_span other = proof_by(stage, who, "else");
    struct cg_jws_segments segments;
    assert_ok(cg_jws_cut(good, &segments));
    size_t signature = segments.signing_input.len;
    return sample_text(&stage->sample, "%.*s%.*s", (int)signature, (const char *)good.data,
                       CG_SPAN_ARGS(cg_span_part(other, signature, other.len)));
}

static void proof_keys_read_a_header_once(void **state)
{
    struct stage *stage = *state;
    static const char *const ids[] = {"id-1", "id-2", "id-3"};
    for (size_t i = 0; i < TEST_COUNT(ids); i++) {
        for (unsigned who = 0; who < 2; who++) {
            assert_int_equal(check(stage, proof_by(stage, who, ids[i]), NULL), CG_REASON_NONE);
            assert_string_equal(stage->proof.thumbprint, stage->provers[who].thumbprint);
            assert_span_text(stage->proof.id, ids[i]);
        }
    }
    assert_int_equal(*reads(), 2);
}

static void proof_keys_keep_none_that_proved_nothing(void **state)
{
    struct stage *stage = *state;
    for (unsigned round = 1; round <= 3; round++) {
        assert_int_equal(check(stage, forged(stage, 0), NULL), CG_REASON_PROOF_SIGNATURE_INVALID);
        assert_int_equal(*reads(), round);
    }
}

static void proof_by_a_key_that_is_known_is_judged_like_any(void **state)
{
    struct stage *stage = *state;
    assert_int_equal(check(stage, proof_by(stage, 0, "id-1"), NULL), CG_REASON_NONE);
    assert_int_equal(check(stage, forged(stage, 0), NULL), CG_REASON_PROOF_SIGNATURE_INVALID);
    assert_int_equal(check(stage, proof_by(stage, 0, ""), NULL), CG_REASON_PROOF_ID_MISSING);
    assert_int_equal(check(stage, CG_SPAN_OF("a.b"), NULL), CG_REASON_PROOF_MALFORMED);
    assert_int_equal(*reads(), 1);
}

/* RFC 9449 §6.1 */
static void proof_by_another_key_than_is_asked_for_is_refused_whether_known_or_not(void **state)
{
    struct stage *stage = *state;
    const char *own = stage->provers[0].thumbprint;
    for (unsigned round = 0; round < 2; round++) {
        assert_int_equal(check(stage, proof_by(stage, 0, "id-1"), own), CG_REASON_NONE);
        assert_int_equal(check(stage, proof_by(stage, 1, "id-1"), own), CG_REASON_PROOF_KEY_WRONG);
    }
    assert_int_equal(check(stage, proof_by(stage, 1, "id-1"), NULL), CG_REASON_NONE);
    assert_int_equal(check(stage, proof_by(stage, 1, "id-2"), own), CG_REASON_PROOF_KEY_WRONG);
}

#define CHECK_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(proof_keys_are_found_by_the_whole_digest),
    cmocka_unit_test(proof_keys_let_go_of_the_one_longest_out_of_use),
    CHECK_TEST(proof_keys_read_a_header_once),
    CHECK_TEST(proof_keys_keep_none_that_proved_nothing),
    CHECK_TEST(proof_by_a_key_that_is_known_is_judged_like_any),
    CHECK_TEST(proof_by_another_key_than_is_asked_for_is_refused_whether_known_or_not),
};
TEST_MAIN(tests)
