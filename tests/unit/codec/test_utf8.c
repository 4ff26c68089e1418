/* SPDX-License-Identifier: Apache-2.0 */
#include "base/span.h"
#include "codec/utf8.h"
#include "test.h"

TEST(utf8_accepts_the_borders_of_each_length)
{
    static const char *const texts[] = {
        "",
        "a",
        "\x7f",
        "\xc2\x80",
        "\xdf\xbf",
        "\xe0\xa0\x80",
        "\xec\xbf\xbf",
        "\xed\x9f\xbf",
        "\xee\x80\x80",
        "\xef\xbf\xbf",
        "\xf0\x90\x80\x80",
        "\xf1\x80\x80\x80",
        "\xf4\x8f\xbf\xbf",
        "gr\xc3\xbc\xc3\x9f dich",
    };
    for (size_t i = 0; i < TEST_COUNT(texts); i++) {
        assert_true(cg_utf8_is_valid(test_span(texts[i])));
    }
    assert_true(cg_utf8_is_valid((struct cg_span){NULL, 0}));
}

/* RFC 3629 §3, §10: overlong forms and surrogates are how filters are got around. */
TEST(utf8_refuses_overlong_surrogate_and_broken_sequences)
{
    static const char *const texts[] = {
        "\x80",
        "\xbf",
        "\xc0\x80",
        "\xc0\xaf",
        "\xc1\xbf",
        "\xe0\x80\xaf",
        "\xe0\x9f\xbf",
        "\xed\xa0\x80",
        "\xed\xbf\xbf",
        "\xf0\x80\x80\xaf",
        "\xf0\x8f\xbf\xbf",
        "\xf4\x90\x80\x80",
        "\xf5\x80\x80\x80",
        "\xfe",
        "\xff",
        "\xc2",
        "\xe2\x82",
        "\xf0\x9f\x98",
        "\xc2\x41",
        "\xe2\x41\x80",
        "\xe2\x82\x41",
        "\xf0\x9f\x41\x80",
        "\xf0\x9f\x98\x41",
        "\xf0\x9f\x98\xc0",
        "ok\xe2\x82\xac\xe2",
    };
    for (size_t i = 0; i < TEST_COUNT(texts); i++) {
        assert_false(cg_utf8_is_valid(test_span(texts[i])));
    }
}

/* What a plain encoder of RFC 3629 §3 writes for a code point. */
static size_t encode(unsigned point, uint8_t out[static 4])
{
    if (point < 0x80) {
        out[0] = (uint8_t)point;
        return 1;
    }
    if (point < 0x800) {
        out[0] = (uint8_t)(0xc0 | point >> 6);
        out[1] = (uint8_t)(0x80 | (point & 0x3f));
        return 2;
    }
    if (point < 0x10000) {
        out[0] = (uint8_t)(0xe0 | point >> 12);
        out[1] = (uint8_t)(0x80 | (point >> 6 & 0x3f));
        out[2] = (uint8_t)(0x80 | (point & 0x3f));
        return 3;
    }
    out[0] = (uint8_t)(0xf0 | point >> 18);
    out[1] = (uint8_t)(0x80 | (point >> 12 & 0x3f));
    out[2] = (uint8_t)(0x80 | (point >> 6 & 0x3f));
    out[3] = (uint8_t)(0x80 | (point & 0x3f));
    return 4;
}

TEST(utf8_measures_every_code_point_but_surrogates)
{
    for (unsigned point = 0; point < 0x110000; point++) {
        uint8_t bytes[4];
        size_t len = encode(point, bytes);
        bool is_surrogate = point >= 0xd800 && point <= 0xdfff;
        size_t measured = cg_utf8_length_at(cg_span_of_bytes(bytes, len), 0);
        if (measured != (is_surrogate ? 0 : len)) {
            print_error("U+%04X measures %zu\n", point, measured);
            fail();
        }
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(utf8_accepts_the_borders_of_each_length),
    cmocka_unit_test(utf8_refuses_overlong_surrogate_and_broken_sequences),
    cmocka_unit_test(utf8_measures_every_code_point_but_surrogates),
};
TEST_MAIN(tests)
