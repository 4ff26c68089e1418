/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/accept.h"

#include "base/span.h"
#include "base/status.h"

#include <stdbool.h>

/* How closely a range names a type: the closest decides. */
enum closeness { NAMES_ANOTHER, NAMES_ALL, NAMES_GROUP, NAMES_TYPE };

struct range {
    struct cg_span type; /* "application/json", "text/..." */
    unsigned weight;
    bool has_parameters; /* it names a narrower type than any that is asked about */
};

/* RFC 9110 §5.6.2: tchar */
static bool is_token_character(uint8_t c)
{
    static const struct cg_span marks = CG_SPAN("!#$%&'*+-.^_`|~");
    bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    return is_letter || (c >= '0' && c <= '9') || cg_span_find(marks, c, 0) < marks.len;
}

static struct cg_span take_token(struct cg_span *rest)
{
    size_t len = 0;
    while (len < rest->len && is_token_character(rest->data[len])) {
        len++;
    }
    struct cg_span token = cg_span_part(*rest, 0, len);
    *rest = cg_span_part(*rest, len, rest->len);
    return token;
}

static bool take_byte(struct cg_span *rest, uint8_t byte)
{
    if (rest->len == 0 || rest->data[0] != byte) {
        return false;
    }
    *rest = cg_span_part(*rest, 1, rest->len);
    return true;
}

static void skip_space(struct cg_span *rest)
{
    while (take_byte(rest, ' ') || take_byte(rest, '\t')) {
        continue;
    }
}

/* RFC 9110 §5.6.4: quoted-string = DQUOTE *( qdtext / quoted-pair ) DQUOTE */
static enum cg_status skip_quoted(struct cg_span *rest)
{
    size_t at = 1;
    while (at < rest->len && rest->data[at] != '"') {
        at += rest->data[at] == '\\' ? 2 : 1;
    }
    if (at >= rest->len) {
        return CG_ERR_INPUT;
    }
    *rest = cg_span_part(*rest, at + 1, rest->len);
    return CG_OK;
}

/* RFC 9110 §12.4.2: qvalue = ( "0" [ "." 0*3DIGIT ] ) / ( "1" [ "." 0*3("0") ] ) */
static enum cg_status read_weight(struct cg_span text, unsigned *ret_weight)
{
    if (text.len == 0 || text.len > 5 || (text.data[0] != '0' && text.data[0] != '1') ||
        (text.len > 1 && text.data[1] != '.')) {
        return CG_ERR_INPUT;
    }
    unsigned weight = 0;
    for (size_t i = 0; i < 5; i++) {
        if (i == 1) {
            continue;
        }
        uint8_t digit = i < text.len ? text.data[i] : '0';
        if (digit < '0' || digit > '9') {
            return CG_ERR_INPUT;
        }
        weight = weight * 10 + (digit - '0');
    }
    if (weight > CG_ACCEPT_WEIGHT_MAX) {
        return CG_ERR_INPUT;
    }
    *ret_weight = weight;
    return CG_OK;
}

static enum cg_status read_parameter(struct cg_span *rest, struct range *range)
{
    struct cg_span name = take_token(rest);
    if (name.len == 0 || !take_byte(rest, '=')) {
        return CG_ERR_INPUT;
    }
    if (rest->len > 0 && rest->data[0] == '"') {
        range->has_parameters = true;
        return skip_quoted(rest);
    }
    struct cg_span value = take_token(rest);
    if (cg_span_equal_nocase(name, CG_SPAN_OF("q"))) {
        return read_weight(value, &range->weight);
    }
    range->has_parameters = true;
    return value.len > 0 ? CG_OK : CG_ERR_INPUT;
}

/* One range, up to the comma or the end. An empty one is allowed (RFC 9110 §5.6.1) and is none. */
static enum cg_status read_range(struct cg_span *rest, struct range *range)
{
    *range = (struct range){.weight = CG_ACCEPT_WEIGHT_MAX};
    const uint8_t *start = rest->data;
    struct cg_span group = take_token(rest);
    if (group.len > 0) {
        if (!take_byte(rest, '/') || take_token(rest).len == 0) {
            return CG_ERR_INPUT;
        }
        range->type = cg_span_of_bytes(start, (size_t)(rest->data - start));
    }
    skip_space(rest);
    while (take_byte(rest, ';')) {
        skip_space(rest);
        CG_TRY(read_parameter(rest, range));
        skip_space(rest);
    }
    return rest->len == 0 || rest->data[0] == ',' ? CG_OK : CG_ERR_INPUT;
}

static enum closeness closeness_of(const struct range *range, struct cg_span type)
{
    if (range->has_parameters || range->type.len == 0) {
        return NAMES_ANOTHER;
    }
    if (cg_span_equal_nocase(range->type, type)) {
        return NAMES_TYPE;
    }
    if (cg_span_equal_string(range->type, "*/*")) {
        return NAMES_ALL;
    }
    size_t slash = cg_span_find(type, '/', 0);
    bool is_group = range->type.len == slash + 2 && range->type.data[slash + 1] == '*' &&
                    cg_span_equal_nocase(cg_span_part(range->type, 0, slash + 1),
                                         cg_span_part(type, 0, slash + 1));
    return is_group ? NAMES_GROUP : NAMES_ANOTHER;
}

unsigned cg_accept_weight(struct cg_span header, struct cg_span type)
{
    struct cg_span rest = header;
    enum closeness closest = NAMES_ANOTHER;
    unsigned weight = 0;
    skip_space(&rest);
    if (rest.len == 0) {
        return CG_ACCEPT_WEIGHT_MAX;
    }
    do {
        struct range range;
        skip_space(&rest);
        if (read_range(&rest, &range) != CG_OK) {
            return CG_ACCEPT_WEIGHT_MAX;
        }
        enum closeness closeness = closeness_of(&range, type);
        if (closeness > closest) {
            closest = closeness;
            weight = range.weight;
        }
    } while (take_byte(&rest, ','));
    return weight;
}
