/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/token_form.h"

#include <stdbool.h>

static bool is_plain(uint8_t byte)
{
    bool letter = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
    bool digit = byte >= '0' && byte <= '9';
    return letter || digit || byte == '-' || byte == '.' || byte == '_' || byte == '*';
}

/* RFC 6749 appendix B. A space becomes %20, which every reader of forms takes. */
static void put_value(struct cg_span value, struct cg_buf *buf)
{
    static const char digits[] = "0123456789ABCDEF";
    for (size_t i = 0; i < value.len; i++) {
        uint8_t byte = value.data[i];
        if (is_plain(byte)) {
            cg_buf_put_byte(buf, byte);
            continue;
        }
        cg_buf_put_byte(buf, '%');
        cg_buf_put_byte(buf, (uint8_t)digits[byte >> 4]);
        cg_buf_put_byte(buf, (uint8_t)digits[byte & 15]);
    }
}

void cg_token_form_write(const struct cg_token_form *form, struct cg_buf *buf)
{
    cg_buf_put_string(buf, "grant_type=client_credentials&client_id=");
    put_value(form->client_id, buf);
    cg_buf_put_string(buf, "&client_secret=");
    put_value(form->secret, buf);
    if (form->scope.len > 0) {
        cg_buf_put_string(buf, "&scope=");
        put_value(form->scope, buf);
    }
}
