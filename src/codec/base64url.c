/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/base64url.h"

#include "base/span.h"
#include "base/status.h"

/* A character's six bits under this mark; 0 for what is no character of the alphabet. */
#define VALID 0x40U
#define BITS 0x3fU

/* clang-format off */
#define LETTERS_AND_DIGITS \
    ['A'] = 0x40, ['B'] = 0x41, ['C'] = 0x42, ['D'] = 0x43, ['E'] = 0x44, ['F'] = 0x45, \
    ['G'] = 0x46, ['H'] = 0x47, ['I'] = 0x48, ['J'] = 0x49, ['K'] = 0x4a, ['L'] = 0x4b, \
    ['M'] = 0x4c, ['N'] = 0x4d, ['O'] = 0x4e, ['P'] = 0x4f, ['Q'] = 0x50, ['R'] = 0x51, \
    ['S'] = 0x52, ['T'] = 0x53, ['U'] = 0x54, ['V'] = 0x55, ['W'] = 0x56, ['X'] = 0x57, \
    ['Y'] = 0x58, ['Z'] = 0x59, ['a'] = 0x5a, ['b'] = 0x5b, ['c'] = 0x5c, ['d'] = 0x5d, \
    ['e'] = 0x5e, ['f'] = 0x5f, ['g'] = 0x60, ['h'] = 0x61, ['i'] = 0x62, ['j'] = 0x63, \
    ['k'] = 0x64, ['l'] = 0x65, ['m'] = 0x66, ['n'] = 0x67, ['o'] = 0x68, ['p'] = 0x69, \
    ['q'] = 0x6a, ['r'] = 0x6b, ['s'] = 0x6c, ['t'] = 0x6d, ['u'] = 0x6e, ['v'] = 0x6f, \
    ['w'] = 0x70, ['x'] = 0x71, ['y'] = 0x72, ['z'] = 0x73, ['0'] = 0x74, ['1'] = 0x75, \
    ['2'] = 0x76, ['3'] = 0x77, ['4'] = 0x78, ['5'] = 0x79, ['6'] = 0x7a, ['7'] = 0x7b, \
    ['8'] = 0x7c, ['9'] = 0x7d
/* clang-format on */

static const uint8_t url_values[256] = {LETTERS_AND_DIGITS, ['-'] = 0x7e, ['_'] = 0x7f};
static const uint8_t standard_values[256] = {LETTERS_AND_DIGITS, ['+'] = 0x7e, ['/'] = 0x7f};

static const char url_characters[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

void cg_base64url_encode(struct cg_span bytes, struct cg_buf *buf)
{
    /* No text has room for so much, and its length in characters would wrap. */
    size_t chars = bytes.len <= SIZE_MAX / 16 ? CG_BASE64URL_CHARS(bytes.len) : SIZE_MAX;
    uint8_t *out = cg_buf_reserve(buf, chars);
    if (out == NULL) {
        return;
    }
    const uint8_t *characters = (const uint8_t *)url_characters;
    const uint8_t *in = bytes.data;
    for (size_t left = bytes.len / 3; left > 0; left--, in += 3) {
        *out++ = characters[in[0] >> 2];
        *out++ = characters[(in[0] & 0x03U) << 4 | in[1] >> 4];
        *out++ = characters[(in[1] & 0x0fU) << 2 | in[2] >> 6];
        *out++ = characters[in[2] & 0x3fU];
    }
    size_t rest = bytes.len % 3;
    if (rest == 0) {
        return;
    }
    unsigned second = rest == 2 ? in[1] : 0;
    *out++ = characters[in[0] >> 2];
    *out++ = characters[(in[0] & 0x03U) << 4 | second >> 4];
    if (rest == 2) {
        *out = characters[(second & 0x0fU) << 2];
    }
}

void cg_base64_encode(struct cg_span bytes, struct cg_buf *buf)
{
    size_t from = buf->len;
    cg_base64url_encode(bytes, buf);
    for (size_t i = from; i < buf->len; i++) {
        uint8_t *letter = &buf->data[i];
        *letter = *letter == '-' ? '+' : *letter == '_' ? '/' : *letter;
    }
    cg_buf_put_string(buf, bytes.len % 3 == 1 ? "==" : bytes.len % 3 == 2 ? "=" : "");
}

/* Characters of a last, short group: 2 give one byte, 3 give two. */
static enum cg_status decode_rest(const uint8_t values[static 256], const uint8_t *in, size_t count,
                                  uint8_t *out)
{
    unsigned a = values[in[0]];
    unsigned b = values[in[1]];
    unsigned c = count == 3 ? values[in[2]] : VALID;
    unsigned unused = count == 3 ? c & 0x03U : b & 0x0fU;
    /* RFC 4648 §3.5: bits that belong to no byte are zero; else one value had several texts. */
    if ((a & b & c & VALID) == 0 || unused != 0) {
        return CG_ERR_INPUT;
    }
    out[0] = (uint8_t)((a & BITS) << 2 | (b & BITS) >> 4);
    if (count == 3) {
        out[1] = (uint8_t)((b & 0x0fU) << 4 | (c & BITS) >> 2);
    }
    return CG_OK;
}

/* `text` has no padding; `out` has room for `max` bytes. */
static enum cg_status decode(const uint8_t values[static 256], struct cg_span text, uint8_t *out,
                             size_t max, size_t *ret_len)
{
    size_t rest = text.len % 4;
    size_t len = text.len / 4 * 3 + (rest > 0 ? rest - 1 : 0);
    if (rest == 1) {
        return CG_ERR_INPUT;
    }
    if (len > max) {
        return CG_ERR_LIMIT;
    }
    const uint8_t *in = text.data;
    unsigned all = VALID;
    for (size_t left = text.len / 4; left > 0; left--, in += 4, out += 3) {
        unsigned a = values[in[0]];
        unsigned b = values[in[1]];
        unsigned c = values[in[2]];
        unsigned d = values[in[3]];
        all &= a & b & c & d;
        out[0] = (uint8_t)((a & BITS) << 2 | (b & BITS) >> 4);
        out[1] = (uint8_t)((b & 0x0fU) << 4 | (c & BITS) >> 2);
        out[2] = (uint8_t)((c & 0x03U) << 6 | (d & BITS));
    }
    if ((all & VALID) == 0) {
        return CG_ERR_INPUT;
    }
    if (rest > 0) {
        CG_TRY(decode_rest(values, in, rest, out));
    }
    *ret_len = len;
    return CG_OK;
}

static enum cg_status decode_arena(const uint8_t values[static 256], struct cg_span text,
                                   struct cg_arena *arena, struct cg_span *ret_bytes)
{
    size_t max = text.len / 4 * 3 + 2;
    size_t len = 0;
    void *memory = NULL;
    CG_TRY(cg_arena_take(arena, max, &memory));
    CG_TRY(decode(values, text, memory, max, &len));
    *ret_bytes = cg_span_of_bytes(memory, len);
    return CG_OK;
}

enum cg_status cg_base64url_decode(struct cg_span text, uint8_t *out, size_t max, size_t *ret_len)
{
    return decode(url_values, text, out, max, ret_len);
}

enum cg_status cg_base64url_decode_arena(struct cg_span text, struct cg_arena *arena,
                                         struct cg_span *ret_bytes)
{
    return decode_arena(url_values, text, arena, ret_bytes);
}

enum cg_status cg_base64_decode_arena(struct cg_span text, struct cg_arena *arena,
                                      struct cg_span *ret_bytes)
{
    if (text.len % 4 != 0) {
        return CG_ERR_INPUT;
    }
    size_t len = text.len;
    while (len > 0 && text.len - len < 2 && text.data[len - 1] == '=') {
        len--;
    }
    return decode_arena(standard_values, cg_span_part(text, 0, len), arena, ret_bytes);
}
