/* SPDX-License-Identifier: Apache-2.0 */
#include "token/scope.h"

#include "base/span.h"
#include "base/status.h"

/* RFC 6749 §3.3: scope-token = 1*( %x21 / %x23-5B / %x5D-7E ). */
static bool is_scope_character(uint8_t c)
{
    return c > 0x20 && c < 0x7f && c != '"' && c != '\\';
}

bool cg_scope_token_is_valid(struct cg_span token)
{
    for (size_t i = 0; i < token.len; i++) {
        if (!is_scope_character(token.data[i])) {
            return false;
        }
    }
    return token.len > 0;
}

enum cg_status cg_scope_parse(struct cg_span text, struct cg_scope *ret_scope)
{
    if (text.len > CG_LIMIT_SCOPE_BYTES) {
        return CG_ERR_LIMIT;
    }
    struct cg_scope scope = {.count = 0};
    struct cg_span rest = text.len > 0 ? text : (struct cg_span){NULL, 0};
    struct cg_span token;
    while (cg_span_split(&rest, ' ', &token)) {
        if (!cg_scope_token_is_valid(token)) {
            return CG_ERR_INPUT;
        }
        CG_TRY(cg_scope_add(&scope, token));
    }
    *ret_scope = scope;
    return CG_OK;
}

bool cg_scope_has(const struct cg_scope *scope, struct cg_span token)
{
    for (size_t i = 0; i < scope->count; i++) {
        if (cg_span_equal(scope->tokens[i], token)) {
            return true;
        }
    }
    return false;
}

enum cg_status cg_scope_add(struct cg_scope *scope, struct cg_span token)
{
    if (cg_scope_has(scope, token)) {
        return CG_OK;
    }
    if (scope->count == CG_LIMIT_TOKEN_SCOPES) {
        return CG_ERR_LIMIT;
    }
    scope->tokens[scope->count++] = token;
    return CG_OK;
}

enum cg_status cg_scope_add_all(struct cg_scope *scope, const struct cg_scope *more)
{
    for (size_t i = 0; i < more->count; i++) {
        CG_TRY(cg_scope_add(scope, more->tokens[i]));
    }
    return CG_OK;
}

bool cg_scope_overlap(const struct cg_scope *a, const struct cg_scope *b)
{
    for (size_t i = 0; i < a->count; i++) {
        if (cg_scope_has(b, a->tokens[i])) {
            return true;
        }
    }
    return false;
}

void cg_scope_write(const struct cg_scope *scope, struct cg_buf *buf)
{
    for (size_t i = 0; i < scope->count; i++) {
        if (i > 0) {
            cg_buf_put_byte(buf, ' ');
        }
        cg_buf_put(buf, scope->tokens[i]);
    }
}

bool cg_scope_text_has(struct cg_span text, struct cg_span token)
{
    if (token.len == 0) {
        return false;
    }
    struct cg_span rest = text;
    struct cg_span piece;
    while (cg_span_split(&rest, ' ', &piece)) {
        if (cg_span_equal(piece, token)) {
            return true;
        }
    }
    return false;
}

bool cg_scope_text_within(struct cg_span part, struct cg_span whole)
{
    struct cg_span rest = part.len > 0 ? part : (struct cg_span){NULL, 0};
    struct cg_span piece;
    while (cg_span_split(&rest, ' ', &piece)) {
        if (!cg_scope_text_has(whole, piece)) {
            return false;
        }
    }
    return true;
}
