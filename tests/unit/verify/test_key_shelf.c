/* SPDX-License-Identifier: Apache-2.0 */
#include "sample.h"
#include "verify/key_shelf.h"

static bool knows(const struct cg_shelf_ring *ring, const char *kid)
{
    struct cg_verifier *verifier = NULL;
    return cg_key_ring_find(ring->keys, test_span(kid), &verifier) != NULL;
}

static struct cg_shelf_ring *take(struct cg_key_shelf *shelf)
{
    struct cg_shelf_ring *ring = NULL;
    assert_ok(cg_key_shelf_take(shelf, &ring));
    return ring;
}

static void shelf_lends_each_ring_to_one_at_a_time(void **state)
{
    const struct sample *sample = *state;
    CG_CLEANUP(cg_key_shelf_free_at) struct cg_key_shelf *shelf = NULL;
    struct cg_shelf_ring *none = NULL;
    assert_ok(cg_key_shelf_new(&shelf));
    assert_status(cg_key_shelf_take(shelf, &none), CG_ERR_NOT_FOUND);
    assert_ok(cg_key_shelf_put(shelf, sample_jwks(sample, SAMPLE_LIVE, "live")));
    struct cg_shelf_ring *first = take(shelf);
    struct cg_shelf_ring *second = take(shelf);
    assert_ptr_not_equal(first, second);
    assert_true(knows(first, "live") && knows(second, "live"));
    cg_key_shelf_give(shelf, first);
    assert_ptr_equal(take(shelf), first);
    cg_key_shelf_give(shelf, first);
    cg_key_shelf_give(shelf, second);
}

/* A key that was taken back proves nothing any more, whoever had it on loan meanwhile. */
static void shelf_lets_rings_of_an_older_key_set_go(void **state)
{
    const struct sample *sample = *state;
    CG_CLEANUP(cg_key_shelf_free_at) struct cg_key_shelf *shelf = NULL;
    assert_ok(cg_key_shelf_new(&shelf));
    assert_ok(cg_key_shelf_put(shelf, sample_jwks(sample, SAMPLE_LIVE, "live")));
    struct cg_shelf_ring *old = take(shelf);
    assert_ok(cg_key_shelf_put(shelf, sample_jwks(sample, SAMPLE_LIVE, "next")));
    cg_key_shelf_give(shelf, old);
    for (int i = 0; i < 2; i++) {
        struct cg_shelf_ring *ring = take(shelf);
        assert_true(knows(ring, "next"));
        assert_false(knows(ring, "live"));
        cg_key_shelf_give(shelf, ring);
    }
}

static void shelf_keeps_its_rings_when_the_same_keys_come_again(void **state)
{
    const struct sample *sample = *state;
    CG_CLEANUP(cg_key_shelf_free_at) struct cg_key_shelf *shelf = NULL;
    assert_ok(cg_key_shelf_new(&shelf));
    assert_ok(cg_key_shelf_put(shelf, sample_jwks(sample, SAMPLE_LIVE, "live")));
    struct cg_shelf_ring *ring = take(shelf);
    cg_key_shelf_give(shelf, ring);
    assert_ok(cg_key_shelf_put(shelf, sample_jwks(sample, SAMPLE_LIVE, "live")));
    assert_status(cg_key_shelf_put(shelf, test_span("{\"keys\":[]}")), CG_ERR_INPUT);
    assert_ptr_equal(take(shelf), ring);
    cg_key_shelf_give(shelf, ring);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(shelf_lends_each_ring_to_one_at_a_time),
    cmocka_unit_test(shelf_lets_rings_of_an_older_key_set_go),
    cmocka_unit_test(shelf_keeps_its_rings_when_the_same_keys_come_again),
};
TEST_MAIN_WITH(tests, sample_setup, sample_teardown)
