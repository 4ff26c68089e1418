/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/replay.h"

#include "base/limits.h"
#include "base/span.h"
#include "test.h"

#define NOW_S INT64_C(1700000000)
#define THUMBPRINT "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"
#define OTHER "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"
#define PLACES 64 /* of one generation in the smallest table */

static const uint8_t key[CG_REPLAY_KEY_BYTES] = {7};

struct table {
    _Alignas(8) uint8_t memory[CG_REPLAY_BYTES_MIN];
    struct cg_replay *replay;
};

static void set(struct table *table)
{
    memset(table->memory, 0, sizeof(table->memory));
    assert_ok(cg_replay_init(table->memory, sizeof(table->memory), key, &table->replay));
}

static enum cg_reason spend(struct table *table, const char *thumbprint, const char *id,
                            int64_t issued_s)
{
    return cg_replay_spend(table->replay, test_span(thumbprint), test_span(id), issued_s);
}

/* Spends `count` proofs of one second and counts those that found a place. */
static unsigned fill(struct table *table, const char *prefix, unsigned count, int64_t issued_s)
{
    unsigned taken = 0;
    for (unsigned i = 0; i < count; i++) {
        char id[64];
        (void)snprintf(id, sizeof(id), "%.32s%u", prefix, i);
        enum cg_reason reason = spend(table, THUMBPRINT, id, issued_s);
        assert_true(reason == CG_REASON_NONE || reason == CG_REASON_PROOFS_FULL);
        taken += reason == CG_REASON_NONE;
    }
    return taken;
}

TEST(replay_knows_a_proof_by_its_key_and_id)
{
    struct table table;
    set(&table);
    assert_int_equal(spend(&table, THUMBPRINT, "a", NOW_S), CG_REASON_NONE);
    assert_int_equal(spend(&table, THUMBPRINT, "a", NOW_S), CG_REASON_PROOF_REPLAYED);
    assert_int_equal(spend(&table, THUMBPRINT, "b", NOW_S), CG_REASON_NONE);
    assert_int_equal(spend(&table, OTHER, "a", NOW_S), CG_REASON_NONE);
    assert_int_equal(spend(&table, OTHER, "a", NOW_S), CG_REASON_PROOF_REPLAYED);
    assert_int_equal(spend(&table, THUMBPRINT, "a", NOW_S), CG_REASON_PROOF_REPLAYED);
}

TEST(replay_knows_a_proof_for_as_long_as_it_is_accepted_whatever_comes_meanwhile)
{
    struct table table;
    set(&table);
    assert_int_equal(spend(&table, THUMBPRINT, "a", NOW_S), CG_REASON_NONE);
    int64_t last_s = NOW_S + CG_LIMIT_PROOF_AGE_S + CG_LIMIT_PROOF_FUTURE_S;
    for (int64_t issued_s = NOW_S - CG_LIMIT_PROOF_AGE_S; issued_s <= last_s; issued_s++) {
        char prefix[32];
        (void)snprintf(prefix, sizeof(prefix), "%lld-", (long long)issued_s);
        (void)fill(&table, prefix, PLACES, issued_s);
        assert_int_equal(spend(&table, THUMBPRINT, "a", NOW_S), CG_REASON_PROOF_REPLAYED);
    }
}

TEST(replay_refuses_what_it_cannot_remember_and_forgets_nothing_for_it)
{
    struct table table;
    set(&table);
    assert_int_equal(spend(&table, THUMBPRINT, "a", NOW_S), CG_REASON_NONE);
    assert_int_equal(fill(&table, "x", 2 * PLACES, NOW_S), PLACES - 1);
    assert_int_equal(spend(&table, THUMBPRINT, "y", NOW_S), CG_REASON_PROOFS_FULL);
    assert_int_equal(spend(&table, THUMBPRINT, "a", NOW_S), CG_REASON_PROOF_REPLAYED);
    assert_int_equal(spend(&table, THUMBPRINT, "y", NOW_S + 4), CG_REASON_NONE);
}

TEST(replay_uses_its_places_again_when_nothing_accepts_the_old_proofs)
{
    struct table table;
    set(&table);
    for (int round = 0; round < 3; round++) {
        assert_int_equal(fill(&table, "x", PLACES, NOW_S + round * 96), PLACES);
    }
    /* A worker whose clock stands still finds its places taken, and is not let in. */
    assert_int_equal(spend(&table, THUMBPRINT, "y", NOW_S), CG_REASON_PROOFS_FULL);
}

TEST(replay_takes_an_id_of_the_longest_that_is_allowed)
{
    struct table table;
    set(&table);
    char id[CG_LIMIT_PROOF_ID_BYTES + 1];
    memset(id, 'i', sizeof(id) - 1);
    id[sizeof(id) - 1] = '\0';
    assert_int_equal(spend(&table, THUMBPRINT, id, NOW_S), CG_REASON_NONE);
    id[sizeof(id) - 2] = 'j';
    assert_int_equal(spend(&table, THUMBPRINT, id, NOW_S), CG_REASON_NONE);
}

TEST(replay_uses_at_least_half_of_its_memory)
{
    static const size_t sizes[] = {CG_REPLAY_BYTES_MIN, 65536, 100000, 262144};
    for (size_t i = 0; i < TEST_COUNT(sizes); i++) {
        uint8_t *memory = calloc(1, sizes[i]);
        struct cg_replay *replay = NULL;
        unsigned taken = 0;
        assert_ok(cg_replay_init(memory, sizes[i], key, &replay));
        for (unsigned at = 0; at < sizes[i] / 8; at++) {
            char id[32];
            (void)snprintf(id, sizeof(id), "%u", at);
            taken += cg_replay_spend(replay, test_span(THUMBPRINT), test_span(id), NOW_S) ==
                     CG_REASON_NONE;
        }
        assert_true(taken * 24 * 8 * 2 >= sizes[i] * 9 / 10);
        free(memory);
    }
}

TEST(replay_wants_memory_of_some_size)
{
    struct table table;
    assert_status(cg_replay_init(table.memory, CG_REPLAY_BYTES_MIN - 1, key, &table.replay),
                  CG_ERR_INPUT);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(replay_knows_a_proof_by_its_key_and_id),
    cmocka_unit_test(replay_knows_a_proof_for_as_long_as_it_is_accepted_whatever_comes_meanwhile),
    cmocka_unit_test(replay_refuses_what_it_cannot_remember_and_forgets_nothing_for_it),
    cmocka_unit_test(replay_uses_its_places_again_when_nothing_accepts_the_old_proofs),
    cmocka_unit_test(replay_takes_an_id_of_the_longest_that_is_allowed),
    cmocka_unit_test(replay_uses_at_least_half_of_its_memory),
    cmocka_unit_test(replay_wants_memory_of_some_size),
};
TEST_MAIN(tests)
