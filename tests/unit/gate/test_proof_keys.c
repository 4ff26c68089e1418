/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/proof_keys.h"

#include "base/limits.h"
#include "base/span.h"
#include "sample.h"

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
    CG_CLEANUP(cg_proof_keys_free_at) struct cg_proof_keys *keys = NULL;
    assert_ok(cg_proof_keys_new(&keys));
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
    CG_CLEANUP(cg_proof_keys_free_at) struct cg_proof_keys *keys = NULL;
    assert_ok(cg_proof_keys_new(&keys));
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

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(proof_keys_are_found_by_the_whole_digest),
    cmocka_unit_test(proof_keys_let_go_of_the_one_longest_out_of_use),
};
TEST_MAIN(tests)
