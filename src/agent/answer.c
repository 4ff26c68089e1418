/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/answer.h"

#include "base/limits.h"
#include "base/span.h"
#include "base/status.h"
#include "codec/base64url.h"
#include "codec/json.h"

#include <stdio.h>
#include <string.h>

#define DESCRIPTION_MAX 256
#define HTTP_OK 200

static const enum cg_status statuses[] = {
    [CG_CLIENT_GOT] = CG_OK,
    [CG_CLIENT_UNREACHABLE] = CG_ERR_STORE,
    [CG_CLIENT_TLS_FAILED] = CG_ERR_AUTHENTICATION,
    [CG_CLIENT_REFUSED] = CG_ERR_AUTHORISATION,
    [CG_CLIENT_RATE_LIMITED] = CG_ERR_STORE,
    [CG_CLIENT_SERVER_FAILED] = CG_ERR_STORE,
    [CG_CLIENT_REDIRECTED] = CG_ERR_INPUT,
    [CG_CLIENT_TOO_LARGE] = CG_ERR_INPUT,
    [CG_CLIENT_NOT_UNDERSTOOD] = CG_ERR_INPUT,
    [CG_CLIENT_TROUBLED] = CG_ERR_LIMIT,
};

enum cg_status cg_answer_status(enum cg_client_outcome outcome)
{
    return statuses[outcome];
}

/* The server may not write lines, nor terminals' escapes. */
static void make_printable(char *text)
{
    for (char *at = text; *at != '\0'; at++) {
        *at = *at >= ' ' && *at < 0x7f ? *at : '?';
    }
}

static enum cg_status end(struct cg_client_answer *answer, enum cg_client_outcome outcome,
                          const char *trouble)
{
    answer->outcome = outcome;
    (void)snprintf(answer->trouble, sizeof(answer->trouble), "%s", trouble);
    make_printable(answer->trouble);
    return cg_answer_status(outcome);
}

/* Memory that is short is not for the server. */
static enum cg_status give_up(struct cg_client_answer *answer, enum cg_status status)
{
    (void)end(answer, CG_CLIENT_TROUBLED,
              status == CG_ERR_CRYPTO ? "OpenSSL failed" : "memory is short");
    return status;
}

enum cg_status cg_answer_lack(const struct cg_fetch_response *response, enum cg_status status,
                              struct cg_client_answer *answer)
{
    *answer = (struct cg_client_answer){.http_status = 0};
    if (status == CG_ERR_STORE) {
        return end(answer, response->failed_tls ? CG_CLIENT_TLS_FAILED : CG_CLIENT_UNREACHABLE,
                   response->message);
    }
    if (status == CG_ERR_LIMIT && response->message[0] != '\0') {
        return end(answer, CG_CLIENT_TOO_LARGE, response->message);
    }
    return give_up(answer, status);
}

/* What a client reads of an error (RFC 6749 §5.2). */
struct refusal {
    struct cg_span code;
    struct cg_span description;
};

static void read_refusal(const struct cg_json *json, struct refusal *refusal)
{
    const struct cg_json_value *root = cg_json_root(json);
    (void)!cg_json_member_string(root, "error", &refusal->code);
    (void)!cg_json_member_string(root, "error_description", &refusal->description);
}

static bool contains(struct cg_span text, struct cg_span part)
{
    return part.len > 0 && text.len >= part.len &&
           memmem(text.data, text.len, part.data, part.len) != NULL;
}

/* A server that repeats what it was sent has it kept from the log all the same. "eyJ" begins every
 * JWT. */
static bool tells_secrets(struct cg_span text, const struct cg_answer_demand *demand)
{
    for (size_t i = 0; i < demand->hidden_count; i++) {
        if (contains(text, demand->hidden[i])) {
            return true;
        }
    }
    return contains(text, CG_SPAN_OF("eyJ"));
}

static enum cg_status end_refused(struct cg_client_answer *answer, enum cg_client_outcome outcome,
                                  const struct refusal *refusal,
                                  const struct cg_answer_demand *demand)
{
    char text[CG_CLIENT_TROUBLE_BYTES];
    struct cg_span code = refusal->code;
    struct cg_span description = cg_span_part(refusal->description, 0, DESCRIPTION_MAX);
    if (code.len >= CG_CLIENT_ERROR_BYTES || tells_secrets(code, demand)) {
        code = (struct cg_span){NULL, 0};
    }
    if (description.len == 0 || tells_secrets(refusal->description, demand)) {
        description = CG_SPAN_OF("no description");
    }
    (void)snprintf(answer->error, sizeof(answer->error), "%.*s", CG_SPAN_ARGS(code));
    make_printable(answer->error);
    (void)snprintf(text, sizeof(text), "it answered %ld%s%s: %.*s", answer->http_status,
                   answer->error[0] != '\0' ? " " : "", answer->error, CG_SPAN_ARGS(description));
    return end(answer, outcome, text);
}

static enum cg_client_outcome outcome_of(const struct cg_client_answer *answer)
{
    long http_status = answer->http_status;
    if (http_status >= 300 && http_status < 400) {
        return CG_CLIENT_REDIRECTED;
    }
    if (http_status == 429 || (http_status == 503 && answer->retry_after_s > 0)) {
        return CG_CLIENT_RATE_LIMITED;
    }
    if (http_status >= 500) {
        return CG_CLIENT_SERVER_FAILED;
    }
    return http_status >= 400 ? CG_CLIENT_REFUSED : CG_CLIENT_NOT_UNDERSTOOD;
}

static enum cg_status read_failure(const struct cg_fetch_response *response,
                                   const struct cg_answer_demand *demand,
                                   struct cg_client_answer *answer)
{
    CG_CLEANUP(cg_json_free_at) struct cg_json *json = NULL;
    struct refusal refusal = {.code = {NULL, 0}};
    enum cg_client_outcome outcome = outcome_of(answer);
    if (outcome == CG_CLIENT_REDIRECTED) {
        return end(answer, outcome, "it redirects, which is not followed: name the URL itself");
    }
    if (cg_json_parse(response->body, CG_LIMIT_CLIENT_ANSWER_BYTES, &json) == CG_OK) {
        read_refusal(json, &refusal);
    }
    return end_refused(answer, outcome, &refusal, demand);
}

/* RFC 6750 §2.1: b64token. Anything else could end the header, or begin another. */
static bool is_token(struct cg_span text)
{
    size_t i = 0;
    while (i < text.len) {
        uint8_t byte = text.data[i];
        bool letter = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
        if (!letter && !(byte >= '0' && byte <= '9') &&
            (byte == '\0' || strchr("-._~+/", byte) == NULL)) {
            break;
        }
        i++;
    }
    size_t letters = i;
    while (i < text.len && text.data[i] == '=') {
        i++;
    }
    return letters > 0 && i == text.len;
}

/* The claims of a JWT; absent where the token is none. Nothing is verified: it is the API that the
 * token has to convince. */
static enum cg_status read_claims(struct cg_span token, struct cg_arena *arena,
                                  struct cg_json **ret_json)
{
    struct cg_span rest = token;
    struct cg_span parts[3];
    struct cg_span payload;
    for (size_t i = 0; i < 3; i++) {
        if (!cg_span_split(&rest, '.', &parts[i])) {
            return CG_OK;
        }
    }
    if (rest.data != NULL) {
        return CG_OK;
    }
    enum cg_status status = cg_base64url_decode_arena(parts[1], arena, &payload);
    if (status == CG_OK) {
        status = cg_json_parse(payload, CG_LIMIT_CLIENT_ANSWER_BYTES, ret_json);
    }
    return status == CG_ERR_INPUT ? CG_OK : status;
}

/* What is said of a life: seconds, or 0 where nothing is. */
struct lives {
    int64_t by_answer_s;
    int64_t by_claims_s;
};

static enum cg_status judge_claims(const struct cg_json *claims, int64_t now_s,
                                   struct cg_client_answer *answer, struct lives *lives)
{
    const struct cg_json_value *root = cg_json_root(claims);
    int64_t expires_s = 0;
    int64_t issued_s = 0;
    if (cg_json_member_number(root, "exp", &expires_s) != CG_OK) {
        return CG_OK;
    }
    if (expires_s <= now_s) {
        return end(answer, CG_CLIENT_NOT_UNDERSTOOD,
                   "it gave a token that has expired, or the clock of this machine is ahead");
    }
    lives->by_claims_s = expires_s - now_s;
    /* A clock that is behind makes no token live longer. */
    if (cg_json_member_number(root, "iat", &issued_s) == CG_OK && issued_s >= 0 &&
        issued_s < expires_s && expires_s - issued_s < lives->by_claims_s) {
        lives->by_claims_s = expires_s - issued_s;
    }
    return CG_OK;
}

/* RFC 6749 §5.1: a number; some servers write it as a string. */
static enum cg_status read_expires_in(const struct cg_json_value *root,
                                      struct cg_client_answer *answer, struct lives *lives)
{
    const struct cg_json_value *said = cg_json_member(root, "expires_in");
    struct cg_span text = {NULL, 0};
    int64_t seconds = 0;
    if (said == NULL) {
        return CG_OK;
    }
    enum cg_status status = cg_json_number(said, &seconds);
    if (status != CG_OK && cg_json_string(said, &text) == CG_OK) {
        status = cg_span_to_number(text, CG_LIMIT_CLIENT_EXPIRES_IN_S, &seconds);
    }
    if (status != CG_OK || seconds < 1 || seconds > CG_LIMIT_CLIENT_EXPIRES_IN_S) {
        return end(answer, CG_CLIENT_NOT_UNDERSTOOD,
                   "it gave a token with an expires_in that is no number of 1 s to 366 days");
    }
    lives->by_answer_s = seconds;
    return CG_OK;
}

static enum cg_status read_life(const struct cg_json_value *root, struct cg_span token,
                                const struct cg_answer_demand *demand, struct cg_arena *arena,
                                struct cg_client_answer *answer)
{
    CG_CLEANUP(cg_json_free_at) struct cg_json *claims = NULL;
    struct lives lives = {0, 0};
    CG_TRY(read_expires_in(root, answer, &lives));
    enum cg_status status = read_claims(token, arena, &claims);
    if (status != CG_OK) {
        return give_up(answer, status);
    }
    if (claims != NULL) {
        CG_TRY(judge_claims(claims, demand->now_s, answer, &lives));
    }
    int64_t life_s = lives.by_answer_s > 0 ? lives.by_answer_s : lives.by_claims_s;
    if (lives.by_claims_s > 0 && lives.by_claims_s < life_s) {
        life_s = lives.by_claims_s;
    }
    life_s = life_s > 0 ? life_s : demand->default_life_s;
    answer->life_s = life_s < CG_LIMIT_TOKEN_LIFE_MAX_S ? life_s : CG_LIMIT_TOKEN_LIFE_MAX_S;
    answer->expires_s = demand->now_s + answer->life_s;
    return CG_OK;
}

/* RFC 6749 §5.1: token_type is REQUIRED; its case does not count. RFC 9449 §5: a client may refuse
 * a token that is not bound. */
static enum cg_status read_type(const struct cg_json_value *root,
                                const struct cg_answer_demand *demand,
                                struct cg_client_answer *answer)
{
    struct cg_span type = {NULL, 0};
    bool wants_proof = demand->type == CG_CLIENT_TOKEN_DPOP;
    struct cg_span wanted = wants_proof ? CG_SPAN_OF("DPoP") : CG_SPAN_OF("Bearer");
    if (cg_json_member_string(root, "token_type", &type) != CG_OK ||
        !cg_span_equal_nocase(type, wanted)) {
        return end(answer, CG_CLIENT_NOT_UNDERSTOOD,
                   wants_proof ? "it gave a token that is not of the type DPoP, bound to our key"
                               : "it gave a token that is not of the type Bearer");
    }
    answer->type = demand->type;
    return CG_OK;
}

static enum cg_status read_token(const struct cg_json_value *root,
                                 const struct cg_answer_demand *demand, struct cg_arena *arena,
                                 struct cg_client_answer *answer)
{
    struct cg_span token = {NULL, 0};
    if (cg_json_member_string(root, "access_token", &token) != CG_OK) {
        return end(answer, CG_CLIENT_NOT_UNDERSTOOD, "it answered without an access_token");
    }
    if (token.len > CG_CLIENT_TOKEN_MAX) {
        return end(answer, CG_CLIENT_TOO_LARGE, "it gave a token that is too long for a header");
    }
    if (!is_token(token)) {
        return end(answer, CG_CLIENT_NOT_UNDERSTOOD,
                   "it gave a token with characters that cannot stand in a header");
    }
    CG_TRY(read_type(root, demand, answer));
    CG_TRY(read_life(root, token, demand, arena, answer));
    memcpy(answer->token, token.data, token.len);
    answer->token_len = token.len;
    return CG_OK;
}

enum cg_status cg_answer_read(const struct cg_fetch_response *response,
                              const struct cg_answer_demand *demand, struct cg_arena *arena,
                              struct cg_client_answer *answer)
{
    CG_CLEANUP(cg_json_free_at) struct cg_json *json = NULL;
    *answer = (struct cg_client_answer){
        .http_status = response->http_status,
        .retry_after_s = response->retry_after_s,
    };
    if (response->http_status != HTTP_OK) {
        return read_failure(response, demand, answer);
    }
    if (response->body.len > CG_LIMIT_CLIENT_ANSWER_BYTES) {
        return end(answer, CG_CLIENT_TOO_LARGE, "the answer is too large");
    }
    enum cg_status status = cg_json_parse(response->body, CG_LIMIT_CLIENT_ANSWER_BYTES, &json);
    if (status == CG_ERR_LIMIT) {
        return give_up(answer, status);
    }
    if (status != CG_OK) {
        return end(answer, CG_CLIENT_NOT_UNDERSTOOD, "it answered 200 with what is no JSON object");
    }
    return read_token(cg_json_root(json), demand, arena, answer);
}

bool cg_answer_wants_nonce(const struct cg_fetch_response *response)
{
    CG_CLEANUP(cg_json_free_at) struct cg_json *json = NULL;
    struct refusal refusal = {.code = {NULL, 0}};
    if (response->nonce.len == 0 ||
        (response->http_status != 400 && response->http_status != 401) ||
        cg_json_parse(response->body, CG_LIMIT_CLIENT_ANSWER_BYTES, &json) != CG_OK) {
        return false;
    }
    read_refusal(json, &refusal);
    return cg_span_equal_string(refusal.code, "use_dpop_nonce");
}
