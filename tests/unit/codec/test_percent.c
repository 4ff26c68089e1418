/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/percent.h"
#include "test.h"

TEST(percent_decodes_every_byte_in_either_case)
{
    for (unsigned byte = 0; byte < 256; byte++) {
        static const char *const formats[] = {"%%%02x", "%%%02X"};
        for (size_t i = 0; i < TEST_COUNT(formats); i++) {
            char text[4];
            uint8_t decoded = (uint8_t)~byte;
            assert_int_equal(snprintf(text, sizeof(text), i == 0 ? "%%%02x" : "%%%02X", byte), 3);
            assert_status_row(formats[i], cg_percent_decode(test_span(text), 0, &decoded), CG_OK);
            assert_int_equal(decoded, byte);
        }
    }
}

TEST(percent_refuses_what_is_no_whole_escape)
{
    static const struct {
        const char *text;
        size_t at;
    } rows[] = {
        {"", 0},       {"%", 0},   {"%4", 0},  {"%4g", 0}, {"%g4", 0}, {"% 4", 0},
        {"%%41", 0},   {"x41", 0}, {"a%4", 1}, {"%41", 1}, {"%41", 9}, {"%-1", 0},
        {"%4\xe1", 0}, {"%4`", 0}, {"%4@", 0}, {"%:0", 0}, {"%/0", 0}, {"%0\x01", 0},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        uint8_t decoded = 0x5a;
        assert_status_row(rows[i].text,
                          cg_percent_decode(test_span(rows[i].text), rows[i].at, &decoded),
                          CG_ERR_INPUT);
        assert_int_equal(decoded, 0x5a);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(percent_decodes_every_byte_in_either_case),
    cmocka_unit_test(percent_refuses_what_is_no_whole_escape),
};
TEST_MAIN(tests)
