/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/token_form.h"

#include "base/span.h"

#include <stdbool.h>

#define ASSERTION_TYPE "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

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

/* An absent or empty value is left out. */
static void put_field(const char *name, struct cg_span value, struct cg_buf *buf)
{
    if (value.len > 0) {
        cg_buf_put_byte(buf, '&');
        cg_buf_put_string(buf, name);
        cg_buf_put_byte(buf, '=');
        put_value(value, buf);
    }
}

void cg_token_form_write(const struct cg_token_form *form, struct cg_buf *buf)
{
    cg_buf_put_string(buf, "grant_type=client_credentials");
    put_field("client_id", form->client_id, buf);
    put_field("client_secret", form->secret, buf);
    if (form->assertion.len > 0) {
        put_field("client_assertion_type", CG_SPAN_OF(ASSERTION_TYPE), buf);
        put_field("client_assertion", form->assertion, buf);
    }
    put_field("scope", form->scope, buf);
    for (size_t i = 0; i < form->resource_count; i++) {
        put_field("resource", form->resources[i], buf);
    }
}
