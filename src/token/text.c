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
