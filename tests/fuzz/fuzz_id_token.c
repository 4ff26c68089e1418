/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ID tokens. The first byte 'p': the rest is a payload under a good header; anything else: the rest
 * is a token as it came. What is read is judged as each kind of issuer is, always the same way;
 * what none objects to is within every bound.
 */
#include "base/limits.h"
#include "base/span.h"
#include "codec/base64url.h"
#include "fuzz.h"
#include "token/id_token.h"
#include "token/text.h"

#define NOW_S INT64_C(1800000000)
#define ARENA_BYTES ((size_t)65536)

static const struct cg_span audiences[] = {CG_SPAN("ward-app")};

static const struct cg_id_token_level levels[] = {
    {CG_SPAN("acr"), 0}, {CG_SPAN("vot"), '.'}, {CG_SPAN("acr"), '_'}};

static void judge(const struct cg_id_token *token, const struct cg_id_token_level *level)
{
    const struct cg_id_token_demand demand = {
        .issuer = CG_SPAN("https://id.example"),
        .alg = cg_alg_find(CG_SPAN_OF("RS512")),
        .audiences = audiences,
        .audience_count = 1,
        .level = *level,
        .levels = CG_SPAN("P9 AAL3 high"),
        .now_s = NOW_S,
    };
    const char *refusal = cg_id_token_object_header(token, &demand);
    REQUIRE(refusal == cg_id_token_object_header(token, &demand));
    if (cg_id_token_object_claims(token, &demand) != NULL) {
        return;
    }
    REQUIRE(cg_span_equal(token->claims.issuer, demand.issuer));
    REQUIRE(token->claims.audience_count == 1);
    REQUIRE(cg_text_is_header_safe(token->claims.subject, CG_LIMIT_SUBJECT_BYTES));
    REQUIRE(token->claims.expires_s > NOW_S);
    REQUIRE(token->claims.expires_s <= NOW_S + CG_LIMIT_ID_TOKEN_LIFE_S);
    REQUIRE(token->actor.subject.data == NULL || token->actor_is_token ||
            cg_text_is_header_safe(token->actor.subject, CG_LIMIT_SUBJECT_BYTES));
    REQUIRE(cg_text_is_header_safe(cg_id_token_level_claim(token, level), CG_LIMIT_LEVEL_BYTES));
    REQUIRE(token->other_kind == NULL);
}

static struct cg_span compact_of(struct cg_span payload, struct cg_arena *arena)
{
    struct cg_buf buf;
    struct cg_span compact;
    cg_buf_init_arena(&buf, arena, 2 * CG_LIMIT_TOKEN_BYTES);
    cg_base64url_encode(CG_SPAN_OF("{\"alg\":\"RS512\",\"kid\":\"k\"}"), &buf);
    cg_buf_put_byte(&buf, '.');
    cg_base64url_encode(payload, &buf);
    cg_buf_put_string(&buf, ".AAAA");
    REQUIRE(cg_buf_finish(&buf, &compact) == CG_OK);
    return compact;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct cg_arena *arena = NULL;
    struct cg_id_token token;
    const char *refusal = NULL;
    if (len == 0 || len > CG_LIMIT_TOKEN_BYTES) {
        return 0;
    }
    REQUIRE(cg_arena_new(ARENA_BYTES, &arena) == CG_OK);
    struct cg_span text = cg_span_of_bytes(data + 1, len - 1);
    struct cg_span compact = data[0] == 'p' ? compact_of(text, arena) : text;
    enum cg_status status = cg_id_token_read(compact, arena, &token, &refusal);
    REQUIRE(status == CG_OK || status == CG_ERR_LIMIT);
    for (size_t i = 0; status == CG_OK && refusal == NULL && i < 3; i++) {
        judge(&token, &levels[i]);
    }
    (void)cg_arena_free(arena);
    return 0;
}
