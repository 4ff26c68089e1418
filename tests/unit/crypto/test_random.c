/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto_test.h"

#include "base/buf.h"
#include "codec/base64url.h"

#include <limits.h>

#define ALWAYS SIZE_MAX

TEST(random_system_never_gives_the_same_bytes_twice)
{
    struct cg_random random = cg_random_system();
    uint8_t first[32] = {0};
    uint8_t second[32] = {0};
    assert_ok(cg_random_fill(&random, first, sizeof(first)));
    assert_ok(cg_random_fill(&random, second, sizeof(second)));
    assert_memory_not_equal(first, second, sizeof(first));
}

TEST(random_fill_reports_any_failure_of_its_source_as_crypto)
{
    struct known_random known = {.source = CG_SPAN("x"), .left = 0};
    struct cg_random random = random_of(&known);
    uint8_t bytes[8];
    assert_status(cg_random_fill(&random, bytes, sizeof(bytes)), CG_ERR_CRYPTO);
}

TEST(random_system_refuses_more_than_openssl_can_count)
{
    struct cg_random random = cg_random_system();
    uint8_t byte = 0;
    assert_status(cg_random_fill(&random, &byte, (size_t)INT_MAX + 1), CG_ERR_CRYPTO);
}

/* RFC 4648 §10, in the alphabet of §5 and without padding. */
TEST(random_text_matches_rfc4648_vectors)
{
    static const struct {
        const char *label;
        struct cg_span bytes;
        const char *text;
    } rows[] = {
        {"f", CG_SPAN("f"), "Zg"},
        {"fo", CG_SPAN("fo"), "Zm8"},
        {"foo", CG_SPAN("foo"), "Zm9v"},
        {"foob", CG_SPAN("foob"), "Zm9vYg"},
        {"fooba", CG_SPAN("fooba"), "Zm9vYmE"},
        {"foobar", CG_SPAN("foobar"), "Zm9vYmFy"},
        {"other alphabet", CG_SPAN("\xfb\xff\xbf"), "-_-_"},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        struct known_random known = {.source = rows[i].bytes, .left = ALWAYS};
        struct cg_random random = random_of(&known);
        struct cg_buf buf;
        cg_buf_init(&buf, 64);
        assert_status_row(rows[i].label, cg_random_text(&random, rows[i].bytes.len, &buf), CG_OK);
        struct cg_span text = {0};
        assert_ok(cg_buf_finish(&buf, &text));
        assert_span_text_row(rows[i].label, text, rows[i].text);
        cg_buf_release(&buf);
    }
}

TEST(random_text_of_any_length_is_one_base64url_text)
{
    uint8_t pattern[251];
    for (size_t i = 0; i < sizeof(pattern); i++) {
        pattern[i] = (uint8_t)(i * 7 + 250);
    }
    for (size_t len = 0; len <= sizeof(pattern); len++) {
        struct known_random known = {.source = {pattern, sizeof(pattern)}, .left = ALWAYS};
        struct cg_random random = random_of(&known);
        struct cg_buf got;
        struct cg_buf want;
        cg_buf_init(&got, 512);
        cg_buf_init(&want, 512);
        assert_ok(cg_random_text(&random, len, &got));
        cg_base64url_encode((struct cg_span){pattern, len}, &want);
        assert_int_equal(got.len, want.len);
        assert_span_equal(cg_span_of_bytes(got.data, got.len),
                          cg_span_of_bytes(want.data, want.len));
        cg_buf_release(&got);
        cg_buf_release(&want);
    }
}

TEST(random_text_appends_to_what_is_written)
{
    struct known_random known = {.source = CG_SPAN("foo"), .left = ALWAYS};
    struct cg_random random = random_of(&known);
    struct cg_buf buf;
    cg_buf_init(&buf, 64);
    cg_buf_put_string(&buf, "kid-");
    assert_ok(cg_random_text(&random, 3, &buf));
    struct cg_span text = {0};
    assert_ok(cg_buf_finish(&buf, &text));
    assert_span_text(text, "kid-Zm9v");
    cg_buf_release(&buf);
}

TEST(random_text_fails_when_its_source_fails_at_any_chunk)
{
    for (size_t fills = 0; fills < 3; fills++) {
        struct known_random known = {.source = CG_SPAN("x"), .left = fills};
        struct cg_random random = random_of(&known);
        struct cg_buf buf;
        cg_buf_init(&buf, 512);
        assert_status(cg_random_text(&random, 3 * 48, &buf), CG_ERR_CRYPTO);
        cg_buf_release(&buf);
    }
}

TEST(random_text_that_does_not_fit_is_a_limit)
{
    struct cg_random random = cg_random_system();
    struct cg_buf buf;
    cg_buf_init(&buf, 42);
    assert_status(cg_random_text(&random, 32, &buf), CG_ERR_LIMIT);
    cg_buf_release(&buf);
}

/* A stock of counted bytes: each is given out once, wiped, and the source is asked seldom. */
TEST(random_stock_gives_each_byte_once)
{
    uint8_t pattern[CG_RANDOM_STOCK_BYTES];
    bool seen[CG_RANDOM_STOCK_BYTES / 2] = {false};
    for (size_t i = 0; i < sizeof(pattern); i++) {
        pattern[i] = (uint8_t)(i / 2 + 1); /* pairs, told apart by their number */
    }
    struct known_random known = {.source = {pattern, sizeof(pattern)}, .left = 1};
    struct cg_random_stock stock;
    cg_random_stock_init(&stock, random_of(&known));
    struct cg_random random = cg_random_from_stock(&stock);
    for (size_t i = 0; i < sizeof(seen); i++) {
        uint8_t pair[2] = {0, 0};
        assert_ok(cg_random_fill(&random, pair, sizeof(pair)));
        assert_int_equal(pair[0], pair[1]);
        size_t number = (size_t)(uint8_t)(pair[0] - 1);
        assert_false(seen[number]);
        seen[number] = true;
    }
    static const uint8_t wiped[CG_RANDOM_STOCK_BYTES] = {0};
    assert_memory_equal(stock.bytes, wiped, sizeof(wiped));
    uint8_t byte = 0;
    assert_status(cg_random_fill(&random, &byte, 1), CG_ERR_CRYPTO); /* the source is asked again */
}

TEST(random_stock_passes_on_what_is_larger_than_itself)
{
    struct known_random known = {.source = CG_SPAN("x"), .left = 1};
    struct cg_random_stock stock;
    cg_random_stock_init(&stock, random_of(&known));
    struct cg_random random = cg_random_from_stock(&stock);
    uint8_t bytes[CG_RANDOM_STOCK_BYTES + 1] = {0};
    assert_ok(cg_random_fill(&random, bytes, sizeof(bytes)));
    assert_int_equal(bytes[CG_RANDOM_STOCK_BYTES], 'x');
    assert_int_equal(stock.left, 0);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(random_stock_gives_each_byte_once),
    cmocka_unit_test(random_stock_passes_on_what_is_larger_than_itself),
    cmocka_unit_test(random_system_never_gives_the_same_bytes_twice),
    cmocka_unit_test(random_fill_reports_any_failure_of_its_source_as_crypto),
    cmocka_unit_test(random_system_refuses_more_than_openssl_can_count),
    cmocka_unit_test(random_text_matches_rfc4648_vectors),
    cmocka_unit_test(random_text_of_any_length_is_one_base64url_text),
    cmocka_unit_test(random_text_appends_to_what_is_written),
    cmocka_unit_test(random_text_fails_when_its_source_fails_at_any_chunk),
    cmocka_unit_test(random_text_that_does_not_fit_is_a_limit),
};

TEST_MAIN(tests)
