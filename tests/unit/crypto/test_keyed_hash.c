/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto_test.h"

#include "crypto/keyed_hash.h"

static enum cg_status fill_known(void *context, uint8_t *bytes, size_t len)
{
    const struct cg_span *key = context;
    assert_int_equal(len, key->len);
    memcpy(bytes, key->data, len);
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

/* RFC 8439 §2.5.2; the key s alone for no text, as §2.5.1 has it; and appendix A.3's vector 7. */
TEST(keyed_hash_matches_the_vectors_of_poly1305)
{
    static const struct {
        const char *key; /* hexadecimal, as the rest */
        const char *text;
        const char *digest;
    } vectors[] = {
        {"85d6be7857556d337f4452fe42d506a80103808afb0db2fd4abff6af4149f51b",
         "43727970746f6772617068696320466f72756d2052657365617263682047726f7570",
         "a8061dc1305136c6c22b8baf0c0127a9"},
        {"0000000000000000000000000000000036e5f6b5c5e06070f0efca96227a863e", "",
         "36e5f6b5c5e06070f0efca96227a863e"},
        {"0200000000000000000000000000000000000000000000000000000000000000",
         "ffffffffffffffffffffffffffffffff", "03000000000000000000000000000000"},
    };
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = new_arena();
    for (size_t i = 0; i < TEST_COUNT(vectors); i++) {
        struct cg_span key = hex_bytes(arena, vectors[i].key);
        struct cg_keyed_hash *hash = new_hash((struct cg_random){fill_known, &key});
        uint8_t digest[CG_KEYED_HASH_BYTES];
        assert_ok(cg_keyed_hash_of(hash, hex_bytes(arena, vectors[i].text), digest));
        assert_span_equal_row(vectors[i].digest, cg_span_of_bytes(digest, sizeof(digest)),
                              hex_bytes(arena, vectors[i].digest));
        assert_null(cg_keyed_hash_free(hash));
    }
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
    cmocka_unit_test(keyed_hash_matches_the_vectors_of_poly1305),
    cmocka_unit_test(keyed_hash_has_a_key_of_its_own),
    cmocka_unit_test(keyed_hash_without_randomness_is_not_made),
};

TEST_MAIN(tests)
