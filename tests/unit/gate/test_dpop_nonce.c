/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/dpop_nonce.h"

#include "base/span.h"
#include "sample.h"

#define NOW_S INT64_C(1000020) /* a minute begins */

static const uint8_t key[CG_DPOP_NONCE_KEY_BYTES] = {1};
static const uint8_t other_key[CG_DPOP_NONCE_KEY_BYTES] = {2};

struct nonce {
    uint8_t text[CG_DPOP_NONCE_CHARS];
};

static struct cg_span span_of(const struct nonce *nonce)
{
    return cg_span_of_bytes(nonce->text, sizeof(nonce->text));
}

static struct nonce fresh_of(const uint8_t *from, int64_t now_s)
{
    struct cg_dpop_nonces nonces;
    struct nonce nonce;
    cg_dpop_nonces_init(&nonces, from);
    struct cg_span text = cg_dpop_nonces_fresh(&nonces, now_s);
    assert_int_equal(text.len, sizeof(nonce.text));
    memcpy(nonce.text, text.data, text.len);
    return nonce;
}

static void assert_check(struct cg_span presented, int64_t now_s, enum cg_reason want,
                         bool is_fresh_offered)
{
    struct cg_dpop_nonces nonces;
    struct cg_span fresh = {NULL, 0};
    cg_dpop_nonces_init(&nonces, key);
    assert_int_equal(cg_dpop_nonces_check(&nonces, presented, now_s, &fresh), want);
    assert_int_equal(fresh.data != NULL, is_fresh_offered);
}

/* RFC 9449 §8.2: a new one is given before the old one ends. */
TEST(nonce_is_good_for_its_minute_and_four_more_and_a_fresh_one_is_offered_after_the_first)
{
    struct nonce nonce = fresh_of(key, NOW_S);
    assert_check(span_of(&nonce), NOW_S, CG_REASON_NONE, false);
    assert_check(span_of(&nonce), NOW_S + 59, CG_REASON_NONE, false);
    assert_check(span_of(&nonce), NOW_S + 60, CG_REASON_NONE, true);
    assert_check(span_of(&nonce), NOW_S + 299, CG_REASON_NONE, true);
    assert_check(span_of(&nonce), NOW_S + 300, CG_REASON_PROOF_NONCE_REFUSED, true);
    assert_check(span_of(&nonce), NOW_S - 1, CG_REASON_PROOF_NONCE_REFUSED, true);
}

TEST(nonce_of_another_gate_or_start_is_refused)
{
    struct nonce nonce = fresh_of(other_key, NOW_S);
    assert_check(span_of(&nonce), NOW_S, CG_REASON_PROOF_NONCE_REFUSED, true);
}

TEST(nonce_that_is_missing_or_no_nonce_is_answered_with_a_fresh_one)
{
    struct nonce nonce = fresh_of(key, NOW_S);
    assert_check((struct cg_span){NULL, 0}, NOW_S, CG_REASON_PROOF_NONCE_MISSING, true);
    assert_check(test_span(""), NOW_S, CG_REASON_PROOF_NONCE_REFUSED, true);
    assert_check(cg_span_part(span_of(&nonce), 0, 21), NOW_S, CG_REASON_PROOF_NONCE_REFUSED, true);
    nonce.text[0] ^= 1;
    assert_check(span_of(&nonce), NOW_S, CG_REASON_PROOF_NONCE_REFUSED, true);
}

TEST(nonce_is_the_same_for_all_workers_and_another_each_minute)
{
    struct nonce one = fresh_of(key, NOW_S);
    struct nonce same = fresh_of(key, NOW_S + 59);
    struct nonce next = fresh_of(key, NOW_S + 60);
    assert_memory_equal(one.text, same.text, sizeof(one.text));
    assert_memory_not_equal(one.text, next.text, sizeof(one.text));
}

/* RFC 9449 §8.1: nonce = 1*NQCHAR */
TEST(nonce_is_written_in_characters_that_a_header_takes)
{
    for (int64_t minute = 0; minute < 50; minute++) {
        struct nonce nonce = fresh_of(key, NOW_S + 60 * minute);
        for (size_t i = 0; i < sizeof(nonce.text); i++) {
            assert_non_null(strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
                                   "-_",
                                   nonce.text[i]));
        }
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(
        nonce_is_good_for_its_minute_and_four_more_and_a_fresh_one_is_offered_after_the_first),
    cmocka_unit_test(nonce_of_another_gate_or_start_is_refused),
    cmocka_unit_test(nonce_that_is_missing_or_no_nonce_is_answered_with_a_fresh_one),
    cmocka_unit_test(nonce_is_the_same_for_all_workers_and_another_each_minute),
    cmocka_unit_test(nonce_is_written_in_characters_that_a_header_takes),
};
TEST_MAIN(tests)
