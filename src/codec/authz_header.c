/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/authz_header.h"

#include "base/span.h"
#include "base/status.h"
#include "codec/base64url.h"
#include "codec/form.h"

/* clang-format off */
static const uint8_t is_b64token[256] = {
    ['A'] = 1, ['B'] = 1, ['C'] = 1, ['D'] = 1, ['E'] = 1, ['F'] = 1, ['G'] = 1, ['H'] = 1,
    ['I'] = 1, ['J'] = 1, ['K'] = 1, ['L'] = 1, ['M'] = 1, ['N'] = 1, ['O'] = 1, ['P'] = 1,
    ['Q'] = 1, ['R'] = 1, ['S'] = 1, ['T'] = 1, ['U'] = 1, ['V'] = 1, ['W'] = 1, ['X'] = 1,
    ['Y'] = 1, ['Z'] = 1, ['a'] = 1, ['b'] = 1, ['c'] = 1, ['d'] = 1, ['e'] = 1, ['f'] = 1,
    ['g'] = 1, ['h'] = 1, ['i'] = 1, ['j'] = 1, ['k'] = 1, ['l'] = 1, ['m'] = 1, ['n'] = 1,
    ['o'] = 1, ['p'] = 1, ['q'] = 1, ['r'] = 1, ['s'] = 1, ['t'] = 1, ['u'] = 1, ['v'] = 1,
    ['w'] = 1, ['x'] = 1, ['y'] = 1, ['z'] = 1, ['0'] = 1, ['1'] = 1, ['2'] = 1, ['3'] = 1,
    ['4'] = 1, ['5'] = 1, ['6'] = 1, ['7'] = 1, ['8'] = 1, ['9'] = 1, ['-'] = 1, ['.'] = 1,
    ['_'] = 1, ['~'] = 1, ['+'] = 1, ['/'] = 1,
};
/* clang-format on */

enum cg_authz_scheme cg_authz_scheme_of(struct cg_span header, struct cg_span *ret_credentials)
{
    if (header.len == 0) {
        *ret_credentials = (struct cg_span){NULL, 0};
        return CG_AUTHZ_NONE;
    }
    size_t end = cg_span_find(header, ' ', 0);
    struct cg_span scheme = cg_span_part(header, 0, end);
    while (end < header.len && header.data[end] == ' ') {
        end++;
    }
    *ret_credentials = cg_span_part(header, end, header.len);
    /* RFC 9110 §11.1: the name of a scheme is matched without regard to case. */
    if (cg_span_equal_nocase(scheme, CG_SPAN_OF("Bearer"))) {
        return CG_AUTHZ_BEARER;
    }
    if (cg_span_equal_nocase(scheme, CG_SPAN_OF("Basic"))) {
        return CG_AUTHZ_BASIC;
    }
    if (cg_span_equal_nocase(scheme, CG_SPAN_OF("DPoP"))) {
        return CG_AUTHZ_DPOP;
    }
    return CG_AUTHZ_OTHER;
}

enum cg_status cg_authz_bearer(struct cg_span credentials, struct cg_span *ret_token)
{
    /* RFC 6750 §2.1: b64token = 1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" ) *"=" */
    size_t len = 0;
    while (len < credentials.len && is_b64token[credentials.data[len]]) {
        len++;
    }
    size_t end = len;
    while (end < credentials.len && credentials.data[end] == '=') {
        end++;
    }
    if (len == 0 || end != credentials.len) {
        return CG_ERR_INPUT;
    }
    *ret_token = credentials;
    return CG_OK;
}

enum cg_status cg_authz_basic(struct cg_span credentials, struct cg_arena *arena,
                              struct cg_span *ret_id, struct cg_span *ret_secret)
{
    struct cg_span pair = {NULL, 0};
    CG_TRY(cg_base64_decode_arena(credentials, arena, &pair));
    size_t colon = cg_span_find(pair, ':', 0);
    if (colon == pair.len) {
        return CG_ERR_INPUT;
    }
    struct cg_span id = {NULL, 0};
    struct cg_span secret = {NULL, 0};
    /* RFC 6749 §2.3.1: id and password are form-encoded before they are joined. */
    CG_TRY(cg_form_decode(cg_span_part(pair, 0, colon), arena, &id));
    CG_TRY(cg_form_decode(cg_span_part(pair, colon + 1, pair.len), arena, &secret));
    *ret_id = id;
    *ret_secret = secret;
    return CG_OK;
}
