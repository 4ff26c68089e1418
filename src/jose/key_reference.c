/* SPDX-License-Identifier: Apache-2.0 */
#include "jose/key_reference.h"

#include "base/buf.h"
#include "base/limits.h"
#include "base/span.h"
#include "codec/percent.h"

#include <stddef.h>
#include <string.h>

#define SCHEME "pkcs11:"
#define SECTION "RFC 7512 §2.3"

/* Lengths as CK_TOKEN_INFO has them; of the others PKCS #11 sets none. */
static const struct {
    const char *name;
    size_t offset;
    size_t bytes_max;
} attributes[] = {
    {"token", offsetof(struct cg_pkcs11_object, token), 32},
    {"serial", offsetof(struct cg_pkcs11_object, serial), 16},
    {"object", offsetof(struct cg_pkcs11_object, object), 128},
    {"id", offsetof(struct cg_pkcs11_object, id), 64},
};

/* RFC 7512 §2.3: pk11-pchar without the escapes. */
static bool is_plain(uint8_t byte)
{
    return (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= 'a' && byte <= 'z') ||
           (byte != 0 && strchr("-._~:[]@!$'()*+,=&", byte) != NULL);
}

static enum cg_status decode(struct cg_span text, size_t bytes_max, struct cg_arena *arena,
                             struct cg_span *ret_value)
{
    struct cg_buf buf;
    cg_buf_init_arena(&buf, arena, bytes_max);
    for (size_t at = 0; at < text.len; at++) {
        uint8_t byte = text.data[at];
        if (byte == '%') {
            CG_TRY(cg_percent_decode(text, at, &byte));
            at += CG_PERCENT_CHARS - 1;
        } else if (!is_plain(byte)) {
            return CG_ERR_INPUT;
        }
        cg_buf_put_byte(&buf, byte);
    }
    return text.len == 0 ? CG_ERR_INPUT : cg_buf_finish(&buf, ret_value);
}

/* A zero byte in a label could not be told from its end. */
static bool has_zero(struct cg_span value)
{
    return cg_span_find(value, 0, 0) < value.len;
}

static enum cg_status read_attribute(struct cg_span part, struct cg_arena *arena,
                                     struct cg_fault *fault, struct cg_pkcs11_object *object)
{
    size_t equals = cg_span_find(part, '=', 0);
    if (cg_span_equal_string(part, "type=private")) {
        return CG_OK;
    }
    for (size_t i = 0; i < sizeof(attributes) / sizeof(attributes[0]); i++) {
        struct cg_span *value =
            (struct cg_span *)(void *)((uint8_t *)object + attributes[i].offset);
        bool is_id = attributes[i].offset == offsetof(struct cg_pkcs11_object, id);
        if (!cg_span_equal_string(cg_span_part(part, 0, equals), attributes[i].name)) {
            continue;
        }
        if (value->data != NULL || equals == part.len ||
            decode(cg_span_part(part, equals + 1, part.len - equals - 1), attributes[i].bytes_max,
                   arena, value) != CG_OK ||
            (!is_id && has_zero(*value))) {
            CG_FAIL(fault, CG_ERR_INPUT, CG_REASON_NONE,
                    "an attribute of the pkcs11: URI is malformed, too long or given twice",
                    SECTION);
        }
        return CG_OK;
    }
    CG_FAIL(fault, CG_ERR_INPUT, CG_REASON_NONE,
            "a pkcs11: URI names the key by token=, serial=, object= and id=, nothing else; module "
            "and PIN are configured beside it",
            SECTION);
}

static enum cg_status parse(struct cg_span uri, struct cg_arena *arena, struct cg_fault *fault,
                            struct cg_pkcs11_object *ret_object)
{
    const size_t start = sizeof(SCHEME) - 1;
    struct cg_pkcs11_object object = {.token = {NULL, 0}};
    if (uri.len > CG_LIMIT_KEY_REFERENCE_BYTES ||
        !cg_span_equal_string(cg_span_part(uri, 0, start), SCHEME)) {
        CG_FAIL(fault, CG_ERR_INPUT, CG_REASON_NONE,
                "a key of a security module is named as pkcs11:token=LABEL;object=LABEL", SECTION);
    }
    for (size_t at = start; at <= uri.len;) {
        size_t end = cg_span_find(uri, ';', at);
        CG_TRY(read_attribute(cg_span_part(uri, at, end - at), arena, fault, &object));
        at = end + 1;
    }
    *ret_object = object;
    return CG_OK;
}

enum cg_status cg_key_reference_parse(struct cg_span uri, struct cg_arena *arena,
                                      struct cg_fault *fault, struct cg_pkcs11_object *ret_object)
{
    struct cg_pkcs11_object object;
    CG_TRY(parse(uri, arena, fault, &object));
    if (object.token.data == NULL || (object.object.data == NULL && object.id.data == NULL)) {
        CG_FAIL(fault, CG_ERR_INPUT, CG_REASON_NONE,
                "a pkcs11: URI needs token=, and object= or id=", SECTION);
    }
    *ret_object = object;
    return CG_OK;
}

enum cg_status cg_key_reference_parse_place(struct cg_span uri, struct cg_arena *arena,
                                            struct cg_fault *fault,
                                            struct cg_pkcs11_object *ret_object)
{
    struct cg_pkcs11_object object;
    CG_TRY(parse(uri, arena, fault, &object));
    if (object.token.data == NULL || object.id.data != NULL) {
        CG_FAIL(fault, CG_ERR_INPUT, CG_REASON_NONE,
                "where a key is to be made a pkcs11: URI needs token=, and has no id=", SECTION);
    }
    *ret_object = object;
    return CG_OK;
}

static bool is_unreserved(uint8_t byte)
{
    return (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= 'a' && byte <= 'z') || (byte != 0 && strchr("-._~", byte) != NULL);
}

static void put_value(struct cg_span value, struct cg_buf *buf)
{
    static const char digits[] = "0123456789ABCDEF";
    for (size_t i = 0; i < value.len; i++) {
        uint8_t byte = value.data[i];
        if (is_unreserved(byte)) {
            cg_buf_put_byte(buf, byte);
            continue;
        }
        cg_buf_put_byte(buf, '%');
        cg_buf_put_byte(buf, (uint8_t)digits[byte >> 4]);
        cg_buf_put_byte(buf, (uint8_t)digits[byte & 15]);
    }
}

enum cg_status cg_key_reference_write(const struct cg_pkcs11_object *object, struct cg_arena *arena,
                                      struct cg_span *ret_uri)
{
    struct cg_buf buf;
    const char *before = SCHEME;
    cg_buf_init_arena(&buf, arena, CG_LIMIT_KEY_REFERENCE_BYTES);
    for (size_t i = 0; i < sizeof(attributes) / sizeof(attributes[0]); i++) {
        const struct cg_span *value =
            (const struct cg_span *)(const void *)((const uint8_t *)object + attributes[i].offset);
        if (value->data != NULL) {
            cg_buf_put_string(&buf, before);
            cg_buf_put_string(&buf, attributes[i].name);
            cg_buf_put_byte(&buf, '=');
            put_value(*value, &buf);
            before = ";";
        }
    }
    return cg_buf_finish(&buf, ret_uri);
}
