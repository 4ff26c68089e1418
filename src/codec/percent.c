/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/percent.h"

#include "base/status.h"

/* The value of a hexadecimal digit; 16 when it is none. */
static unsigned digit_value(uint8_t digit)
{
    if (digit >= '0' && digit <= '9') {
        return digit - (unsigned)'0';
    }
    unsigned letter = digit | 0x20U;
    return letter >= 'a' && letter <= 'f' ? letter - 'a' + 10 : 16;
}

enum cg_status cg_percent_decode(struct cg_span text, size_t at, uint8_t *ret_byte)
{
    if (at >= text.len || text.len - at < CG_PERCENT_CHARS || text.data[at] != '%') {
        return CG_ERR_INPUT;
    }
    unsigned high = digit_value(text.data[at + 1]);
    unsigned low = digit_value(text.data[at + 2]);
    if (high > 15 || low > 15) {
        return CG_ERR_INPUT;
    }
    *ret_byte = (uint8_t)(high << 4 | low);
    return CG_OK;
}

enum cg_status cg_percent_decode_text(struct cg_span text, struct cg_buf *buf)
{
    for (size_t at = 0; at < text.len;) {
        uint8_t byte = text.data[at];
        if (byte == '%') {
            CG_TRY(cg_percent_decode(text, at, &byte));
            at += CG_PERCENT_CHARS - 1;
        }
        cg_buf_put_byte(buf, byte);
        at++;
    }
    return CG_OK;
}
