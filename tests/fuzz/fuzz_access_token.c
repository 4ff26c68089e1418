/* SPDX-License-Identifier: Apache-2.0 */
/* Claims that the reader takes, written and read again, are written alike; their texts may stand in
 * headers. */
#include "base/arena.h"
#include "base/buf.h"
#include "base/span.h"
#include "token/access_token.h"
#include "token/text.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define TEXT_MAX_BYTES ((size_t)65536)
#define ARENA_BYTES ((size_t)262144)

static void require(bool held)
{
    if (!held) {
        abort();
    }
}

static void check_headers(const struct cg_access_token *token)
{
    const struct cg_span texts[] = {token->client_id, token->subject, token->organisation,
                                    token->token_id};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        require(cg_text_is_header_safe(texts[i], CG_LIMIT_TEXT_BYTES));
    }
    require(cg_span_find(token->scope, '\n', 0) == token->scope.len);
    require(cg_span_find(token->scope, '\r', 0) == token->scope.len);
}

/* What a token is narrowed to is read with it, or the token is not one. */
static bool is_read(const struct cg_json *json, struct cg_arena *arena,
                    struct cg_access_token *ret_token)
{
    return cg_access_token_read(cg_json_root(json), ret_token) == CG_OK &&
           cg_access_token_read_rest(cg_json_root(json), arena, ret_token) == CG_OK;
}

static void check_rewriting(const struct cg_access_token *token, struct cg_arena *arena)
{
    struct cg_buf first;
    struct cg_buf second;
    cg_buf_init(&first, TEXT_MAX_BYTES);
    cg_buf_init(&second, TEXT_MAX_BYTES);
    cg_access_token_write(token, &first);
    struct cg_span text;
    require(cg_buf_finish(&first, &text) == CG_OK);
    struct cg_json *json = NULL;
    struct cg_access_token again;
    require(cg_json_parse(text, TEXT_MAX_BYTES, &json) == CG_OK);
    require(is_read(json, arena, &again));
    cg_access_token_write(&again, &second);
    struct cg_span rewritten;
    require(cg_buf_finish(&second, &rewritten) == CG_OK && cg_span_equal(text, rewritten));
    (void)cg_json_free(json);
    cg_buf_release(&first);
    cg_buf_release(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct cg_json *json = NULL;
    if (cg_json_parse(cg_span_of_bytes(data, len), CG_LIMIT_TOKEN_BYTES, &json) != CG_OK) {
        return 0;
    }
    struct cg_access_token token;
    struct cg_arena *arena = NULL;
    require(cg_arena_new(ARENA_BYTES, &arena) == CG_OK);
    if (is_read(json, arena, &token)) {
        check_headers(&token);
        check_rewriting(&token, arena);
    }
    (void)cg_arena_free(arena);
    (void)cg_json_free(json);
    return 0;
}
