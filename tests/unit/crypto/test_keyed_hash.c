/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto_test.h"

#include "crypto/keyed_hash.h"

/* The words of the key: first, first + step, … */
struct known_key {
    uint64_t first;
    uint64_t step;
};

static enum cg_status fill_known(void *context, uint8_t *bytes, size_t len)
{
    const struct known_key *key = context;
    uint64_t word = key->first;
    for (size_t at = 0; at < len; at += sizeof(word), word += key->step) {
        memcpy(bytes + at, &word, sizeof(word));
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

/* Sums, each its lower word first. */
struct sums {
    uint64_t words[4];
};

static struct sums sums_of(const struct cg_keyed_hash *hash, struct cg_span text)
{
    struct sums sums;
    assert_ok(cg_keyed_hash_of(hash, text, (uint8_t *)sums.words));
    return sums;
}

static void assert_sums(const struct sums *found, uint64_t first, uint64_t first_high,
                        uint64_t second, uint64_t second_high)
{
    assert_int_equal(found->words[0], first);
    assert_int_equal(found->words[1], first_high);
    assert_int_equal(found->words[2], second);
    assert_int_equal(found->words[3], second_high);
}

/* With the key 1, 2, 3, … the length meets 515 and 516, then 517 and 518. */
TEST(keyed_hash_is_nh_with_a_key_and_with_the_same_moved_on)
{
    struct known_key key = {1, 1};
    struct cg_keyed_hash *hash = new_hash((struct cg_random){fill_known, &key});
    const uint64_t words[] = {5, 7, 11};
    struct sums none = sums_of(hash, CG_SPAN_OF(""));
    assert_sums(&none, 515 * 516, 0, 517 * 518, 0);
    struct sums pair = sums_of(hash, cg_span_of_bytes((const uint8_t *)words, 16));
    assert_sums(&pair, (16 + 515) * 516 + (5 + 1) * (7 + 2), 0,
                (16 + 517) * 518 + (5 + 3) * (7 + 4), 0);
    struct sums odd = sums_of(hash, cg_span_of_bytes((const uint8_t *)words, 17));
    assert_sums(&odd, (17 + 515) * 516 + (5 + 1) * (7 + 2) + (11 + 3) * (0 + 4), 0,
                (17 + 517) * 518 + (5 + 3) * (7 + 4) + (11 + 5) * (0 + 6), 0);
    (void)cg_keyed_hash_free(hash);
}

/* Three times (2^64 - 1)^2, modulo 2^128: the products and their sum carry. */
TEST(keyed_hash_carries_into_the_upper_word)
{
    struct known_key key = {0, 0};
    struct cg_keyed_hash *hash = new_hash((struct cg_random){fill_known, &key});
    uint8_t ones[48];
    memset(ones, 0xff, sizeof(ones));
    struct sums sums = sums_of(hash, cg_span_of_bytes(ones, sizeof(ones)));
    assert_sums(&sums, 3, UINT64_MAX - 5, 3, UINT64_MAX - 5);
    (void)cg_keyed_hash_free(hash);
}

TEST(keyed_hash_tells_each_bit_and_each_length_apart)
{
    struct cg_keyed_hash *hash = new_hash(cg_random_system());
    uint8_t text[35] = {0};
    struct sums all[35 * 8 + 35 + 1];
    size_t count = 0;
    for (size_t len = 0; len <= sizeof(text); len++) {
        all[count++] = sums_of(hash, cg_span_of_bytes(text, len));
    }
    for (size_t bit = 0; bit < sizeof(text) * 8; bit++) {
        text[bit / 8] = (uint8_t)(1 << bit % 8);
        all[count++] = sums_of(hash, cg_span_of_bytes(text, sizeof(text)));
        text[bit / 8] = 0;
    }
    assert_int_equal(count, TEST_COUNT(all));
    for (size_t i = 0; i < count; i++) {
        for (size_t j = i + 1; j < count; j++) {
            assert_memory_not_equal(&all[i], &all[j], sizeof(all[i]));
        }
    }
    (void)cg_keyed_hash_free(hash);
}

TEST(keyed_hash_takes_no_longer_text_than_its_key_reaches)
{
    static const uint8_t text[CG_KEYED_HASH_TEXT_BYTES + 1];
    struct cg_keyed_hash *hash = new_hash(cg_random_system());
    uint8_t digest[CG_KEYED_HASH_BYTES];
    assert_ok(cg_keyed_hash_of(hash, cg_span_of_bytes(text, sizeof(text) - 1), digest));
    assert_status(cg_keyed_hash_of(hash, cg_span_of_bytes(text, sizeof(text)), digest),
                  CG_ERR_LIMIT);
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
    cmocka_unit_test(keyed_hash_is_nh_with_a_key_and_with_the_same_moved_on),
    cmocka_unit_test(keyed_hash_carries_into_the_upper_word),
    cmocka_unit_test(keyed_hash_tells_each_bit_and_each_length_apart),
    cmocka_unit_test(keyed_hash_takes_no_longer_text_than_its_key_reaches),
    cmocka_unit_test(keyed_hash_has_a_key_of_its_own),
    cmocka_unit_test(keyed_hash_without_randomness_is_not_made),
};

TEST_MAIN(tests)
