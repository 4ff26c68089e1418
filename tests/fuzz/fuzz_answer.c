/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers of token endpoints. The first byte tells which status and which type is wanted, the rest
 * is the body; with 'j' it is the claims of a JWT in a good answer. What is taken for a token can
 * stand in a header and lives on; what is told to the operator is one printable line, without the
 * secret.
 */
#include "agent/answer.h"
#include "base/buf.h"
#include "base/span.h"
#include "codec/base64url.h"
#include "fuzz.h"

#include <string.h>

#define NOW_S INT64_C(1800000000)
#define ARENA_BYTES ((size_t)1 << 21)
#define SECRET "s3cr"

static const long statuses[] = {200, 400, 401, 429, 503, 302, 204, 0};
static const struct cg_span hidden[] = {CG_SPAN(SECRET)};

static bool is_header_safe(const struct cg_client_answer *answer)
{
    for (size_t i = 0; i < answer->token_len; i++) {
        if (answer->token[i] <= ' ' || answer->token[i] > '~' ||
            strchr("\",;\\", answer->token[i]) != NULL) {
            return false;
        }
    }
    return true;
}

static bool is_printable(const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text < ' ' || *text > '~') {
            return false;
        }
    }
    return true;
}

static void judge(const struct cg_client_answer *answer, enum cg_status status)
{
    REQUIRE((status == CG_OK) == (answer->outcome == CG_CLIENT_GOT));
    REQUIRE((status == CG_OK) == (answer->token_len > 0));
    REQUIRE(strlen(answer->token) == answer->token_len);
    REQUIRE(is_header_safe(answer));
    REQUIRE(is_printable(answer->trouble) && is_printable(answer->error));
    REQUIRE(strstr(answer->trouble, SECRET) == NULL && strstr(answer->error, SECRET) == NULL);
    REQUIRE(status == CG_OK || answer->trouble[0] != '\0');
    REQUIRE(status != CG_OK || (answer->life_s >= 1 && answer->life_s <= 86400));
    REQUIRE(status != CG_OK || answer->expires_s == NOW_S + answer->life_s);
    REQUIRE(status != CG_OK || answer->http_status == 200);
}

static struct cg_span answer_with(struct cg_span claims, struct cg_arena *arena)
{
    struct cg_buf buf;
    struct cg_span body;
    cg_buf_init_arena(&buf, arena, ARENA_BYTES);
    cg_buf_put_string(&buf, "{\"token_type\":\"Bearer\",\"access_token\":\"eyJ.");
    cg_base64url_encode(claims, &buf);
    cg_buf_put_string(&buf, ".AAAA\"}");
    REQUIRE(cg_buf_finish(&buf, &body) == CG_OK);
    return body;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct cg_arena *arena = NULL;
    struct cg_client_answer answer;
    if (len == 0 || len > 65536) {
        return 0;
    }
    REQUIRE(cg_arena_new(ARENA_BYTES, &arena) == CG_OK);
    bool is_claims = data[0] == 'j';
    struct cg_span rest = cg_span_of_bytes(data + 1, len - 1);
    const struct cg_answer_demand demand = {
        .type = (data[0] & 8) != 0 && !is_claims ? CG_CLIENT_TOKEN_DPOP : CG_CLIENT_TOKEN_BEARER,
        .now_s = NOW_S,
        .default_life_s = 300,
        .hidden = hidden,
        .hidden_count = 1,
    };
    const struct cg_fetch_response response = {
        .http_status = is_claims ? 200 : statuses[data[0] & 7],
        .body = is_claims ? answer_with(rest, arena) : rest,
        .nonce = CG_SPAN("n"),
    };
    judge(&answer, cg_answer_read(&response, &demand, arena, &answer));
    REQUIRE(!cg_answer_wants_nonce(&response) || response.http_status == 400 ||
            response.http_status == 401);
    (void)cg_arena_free(arena);
    return 0;
}
