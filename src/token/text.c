/* SPDX-License-Identifier: Apache-2.0 */
#include "token/text.h"

#include "base/limits.h"

bool cg_text_is_header_safe(struct cg_span text, size_t max)
{
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.data[i];
        if (c <= 0x20 || c >= 0x7f || c == '"' || c == '\\') {
            return false;
        }
    }
    return text.len > 0 && text.len <= max;
}

static bool is_name_character(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
}

bool cg_text_is_name(struct cg_span text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (!is_name_character(text.data[i])) {
            return false;
        }
    }
    return text.len > 0 && text.len <= CG_LIMIT_NAME_BYTES;
}

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

bool cg_text_is_ods(struct cg_span text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (!is_digit(text.data[i]) && (text.data[i] < 'A' || text.data[i] > 'Z')) {
            return false;
        }
    }
    return text.len >= 3 && text.len <= 10;
}

/*
 * Verhoeff's check: digits are elements of the dihedral group of order 10, each permuted as often
 * as its place from the right says; their product must be 0.
 */
static bool verhoeff_holds(struct cg_span digits)
{
    static const uint8_t product[10][10] = {
        {0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, {1, 2, 3, 4, 0, 6, 7, 8, 9, 5},
        {2, 3, 4, 0, 1, 7, 8, 9, 5, 6}, {3, 4, 0, 1, 2, 8, 9, 5, 6, 7},
        {4, 0, 1, 2, 3, 9, 5, 6, 7, 8}, {5, 9, 8, 7, 6, 0, 4, 3, 2, 1},
        {6, 5, 9, 8, 7, 1, 0, 4, 3, 2}, {7, 6, 5, 9, 8, 2, 1, 0, 4, 3},
        {8, 7, 6, 5, 9, 3, 2, 1, 0, 4}, {9, 8, 7, 6, 5, 4, 3, 2, 1, 0},
    };
    static const uint8_t permuted[8][10] = {
        {0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, {1, 5, 7, 6, 2, 8, 3, 0, 9, 4},
        {5, 8, 0, 3, 7, 9, 6, 1, 4, 2}, {8, 9, 1, 6, 0, 4, 3, 5, 2, 7},
        {9, 4, 5, 3, 1, 2, 6, 8, 7, 0}, {4, 2, 8, 6, 5, 7, 3, 9, 0, 1},
        {2, 7, 9, 3, 8, 0, 6, 4, 1, 5}, {7, 0, 4, 6, 9, 1, 3, 2, 5, 8},
    };
    uint8_t sum = 0;
    for (size_t i = 0; i < digits.len; i++) {
        size_t digit = (size_t)digits.data[digits.len - 1 - i] - '0';
        sum = product[sum][permuted[i % 8][digit]];
    }
    return sum == 0;
}

bool cg_text_is_sctid(struct cg_span text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (!is_digit(text.data[i])) {
            return false;
        }
    }
    return text.len >= 6 && text.len <= 18 && text.data[0] != '0' && verhoeff_holds(text);
}
