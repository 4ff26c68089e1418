/* SPDX-License-Identifier: Apache-2.0 */
#include "base/span.h"

#include <string.h>

struct cg_span cg_span_of_string(const char *string)
{
    return cg_span_of_bytes(string, string != NULL ? strlen(string) : 0);
}

struct cg_span cg_span_of_bytes(const void *data, size_t len)
{
    return (struct cg_span){data, len};
}

bool cg_span_equal(struct cg_span a, struct cg_span b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

bool cg_span_equal_string(struct cg_span span, const char *string)
{
    return cg_span_equal(span, cg_span_of_string(string));
}

static uint8_t lower(uint8_t byte)
{
    return byte >= 'A' && byte <= 'Z' ? (uint8_t)(byte | 0x20) : byte;
}

bool cg_span_equal_nocase(struct cg_span a, struct cg_span b)
{
    if (a.len != b.len) {
        return false;
    }
    for (size_t i = 0; i < a.len; i++) {
        if (a.data[i] != b.data[i] && lower(a.data[i]) != lower(b.data[i])) {
            return false;
        }
    }
    return true;
}

bool cg_span_starts_with(struct cg_span span, struct cg_span prefix)
{
    return span.len >= prefix.len && cg_span_equal(cg_span_part(span, 0, prefix.len), prefix);
}

int cg_span_compare(struct cg_span a, struct cg_span b)
{
    size_t shared = a.len < b.len ? a.len : b.len;
    int order = shared > 0 ? memcmp(a.data, b.data, shared) : 0;
    if (order != 0) {
        return order;
    }
    return (a.len > b.len) - (a.len < b.len);
}

struct cg_span cg_span_part(struct cg_span span, size_t from, size_t len)
{
    if (span.data == NULL) {
        return span;
    }
    size_t start = from < span.len ? from : span.len;
    size_t rest = span.len - start;
    return (struct cg_span){span.data + start, len < rest ? len : rest};
}

size_t cg_span_find(struct cg_span span, uint8_t byte, size_t from)
{
    if (from >= span.len) {
        return span.len;
    }
    const uint8_t *found = memchr(span.data + from, byte, span.len - from);
    return found != NULL ? (size_t)(found - span.data) : span.len;
}

bool cg_span_split(struct cg_span *rest, uint8_t separator, struct cg_span *ret_piece)
{
    if (rest->data == NULL) {
        return false;
    }
    size_t at = cg_span_find(*rest, separator, 0);
    *ret_piece = cg_span_part(*rest, 0, at);
    bool was_last = at == rest->len;
    *rest = was_last ? (struct cg_span){NULL, 0} : cg_span_part(*rest, at + 1, rest->len);
    return true;
}

bool cg_span_has_word(struct cg_span words, struct cg_span wanted)
{
    struct cg_span rest = words;
    struct cg_span word;
    while (cg_span_split(&rest, ' ', &word)) {
        if (cg_span_equal(word, wanted)) {
            return true;
        }
    }
    return false;
}

enum cg_status cg_span_to_number(struct cg_span span, int64_t max, int64_t *ret_number)
{
    bool leads_with_zero = span.len > 1 && span.data[0] == '0';
    if (span.len == 0 || leads_with_zero) {
        return CG_ERR_INPUT;
    }
    int64_t number = 0;
    for (size_t i = 0; i < span.len; i++) {
        int64_t digit = span.data[i] - '0';
        if (digit < 0 || digit > 9 || digit > max || number > (max - digit) / 10) {
            return CG_ERR_INPUT;
        }
        number = number * 10 + digit;
    }
    *ret_number = number;
    return CG_OK;
}
