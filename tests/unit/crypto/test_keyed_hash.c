/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto_test.h"

#include "crypto/keyed_hash.h"

/* The key of the vectors: 00 01 02 ... 0f. */
static enum cg_status fill_counting(void *context, uint8_t *bytes, size_t len)
{
    (void)context;
    for (size_t i = 0; i < len; i++) {
        bytes[i] = (uint8_t)i;
    }
    return CG_OK;
}

static enum cg_status fill_nothing(void *context, uint8_t *bytes, size_t len)
{
    (void)context;
    (void)bytes;
    (void)len;
    return CG_ERR_CRYPTO;
}

static struct cg_keyed_hash *new_hash(struct cg_random random)
{
    struct cg_keyed_hash *hash = NULL;
    assert_ok(cg_keyed_hash_new(&random, &hash));
    return hash;
}

/* vectors_sip128 of the authors' reference implementation: so many bytes of 00 01 02 ... */
TEST(keyed_hash_matches_the_vectors_of_siphash)
{
    static const struct {
        size_t len;
        const char *digest;
    } vectors[] = {
        {0, "a3817f04ba25a8e66df67214c7550293"},
        {1, "da87c1d86b99af44347659119b22fc45"},
        {2, "8177228da4a45dc7fca38bdef60affe4"},
        {63, "5150d1772f50834a503e069a973fbd7c"},
    };
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = new_arena();
    struct cg_keyed_hash *hash = new_hash((struct cg_random){fill_counting, NULL});
    uint8_t text[64];
    assert_ok(fill_counting(NULL, text, sizeof(text)));
    for (size_t i = 0; i < TEST_COUNT(vectors); i++) {
        uint8_t digest[CG_KEYED_HASH_BYTES];
        assert_ok(cg_keyed_hash_of(hash, cg_span_of_bytes(text, vectors[i].len), digest));
        assert_span_equal_row(vectors[i].digest, cg_span_of_bytes(digest, sizeof(digest)),
                              hex_bytes(arena, vectors[i].digest));
    }
    assert_null(cg_keyed_hash_free(hash));
    assert_null(cg_keyed_hash_free(NULL));
}

TEST(keyed_hash_has_a_key_of_its_own)
{
    struct cg_keyed_hash *one = new_hash(cg_random_system());
    struct cg_keyed_hash *other = new_hash(cg_random_system());
    uint8_t first[CG_KEYED_HASH_BYTES];
    uint8_t again[CG_KEYED_HASH_BYTES];
    uint8_t others[CG_KEYED_HASH_BYTES];
    assert_ok(cg_keyed_hash_of(one, CG_SPAN_OF("token"), first));
    assert_ok(cg_keyed_hash_of(one, CG_SPAN_OF("token"), again));
    assert_ok(cg_keyed_hash_of(other, CG_SPAN_OF("token"), others));
    assert_memory_equal(first, again, sizeof(first));
    assert_memory_not_equal(first, others, sizeof(first));
    (void)cg_keyed_hash_free(one);
    (void)cg_keyed_hash_free(other);
}

TEST(keyed_hash_without_randomness_is_not_made)
{
    struct cg_random none = {fill_nothing, NULL};
    struct cg_keyed_hash *hash = NULL;
    assert_status(cg_keyed_hash_new(&none, &hash), CG_ERR_CRYPTO);
    assert_null(hash);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(keyed_hash_matches_the_vectors_of_siphash),
    cmocka_unit_test(keyed_hash_has_a_key_of_its_own),
    cmocka_unit_test(keyed_hash_without_randomness_is_not_made),
};

TEST_MAIN(tests)
