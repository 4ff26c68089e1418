/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/challenge.h"

#include "base/span.h"
#include "codec/json.h"
#include "token/dpop.h"

#include <stdbool.h>

/* The answer to each reason. error: of RFC 6750 §3.1 or RFC 9449 §12.2; NULL: none is told. */
struct answer {
    unsigned status;
    const char *error;
};

static const struct answer answers[CG_REASON_COUNT] = {
    /* RFC 6750 §3.1: a request without authentication information gets no error code. */
    [CG_REASON_TOKEN_MISSING] = {401, NULL},
    [CG_REASON_TOKEN_MALFORMED] = {401, "invalid_token"},
    [CG_REASON_TOKEN_ALGORITHM_REFUSED] = {401, "invalid_token"},
    [CG_REASON_TOKEN_TYPE_REFUSED] = {401, "invalid_token"},
    [CG_REASON_TOKEN_KEY_UNKNOWN] = {401, "invalid_token"},
    [CG_REASON_TOKEN_SIGNATURE_INVALID] = {401, "invalid_token"},
    [CG_REASON_TOKEN_EXPIRED] = {401, "invalid_token"},
    [CG_REASON_TOKEN_ISSUED_IN_FUTURE] = {401, "invalid_token"},
    [CG_REASON_TOKEN_ISSUER_WRONG] = {401, "invalid_token"},
    [CG_REASON_TOKEN_AUDIENCE_UNKNOWN] = {401, "invalid_token"},
    [CG_REASON_TOKEN_REVOKED] = {401, "invalid_token"},
    [CG_REASON_CLIENT_SUSPENDED] = {401, "invalid_token"},
    [CG_REASON_TOKEN_BOUND] = {401, "invalid_token"},
    [CG_REASON_TOKEN_NOT_BOUND] = {401, "invalid_token"},
    [CG_REASON_PROOF_MISSING] = {401, "invalid_dpop_proof"},
    [CG_REASON_PROOF_REPEATED] = {401, "invalid_dpop_proof"},
    [CG_REASON_PROOF_MALFORMED] = {401, "invalid_dpop_proof"},
    [CG_REASON_PROOF_TYPE_REFUSED] = {401, "invalid_dpop_proof"},
    [CG_REASON_PROOF_ALGORITHM_REFUSED] = {401, "invalid_dpop_proof"},
    [CG_REASON_PROOF_KEY_REFUSED] = {401, "invalid_dpop_proof"},
    [CG_REASON_PROOF_KEY_PRIVATE] = {401, "invalid_dpop_proof"},
    /* RFC 9449 §7.1 shows a wrong binding as an invalid token. */
    [CG_REASON_PROOF_KEY_WRONG] = {401, "invalid_token"},
    [CG_REASON_PROOF_SIGNATURE_INVALID] = {401, "invalid_dpop_proof"},
    [CG_REASON_PROOF_ID_MISSING] = {401, "invalid_dpop_proof"},
    [CG_REASON_PROOF_METHOD_WRONG] = {401, "invalid_dpop_proof"},
    [CG_REASON_PROOF_TARGET_WRONG] = {401, "invalid_dpop_proof"},
    [CG_REASON_PROOF_TIME_MISSING] = {401, "invalid_dpop_proof"},
    [CG_REASON_PROOF_EXPIRED] = {401, "invalid_dpop_proof"},
    [CG_REASON_PROOF_IN_FUTURE] = {401, "invalid_dpop_proof"},
    [CG_REASON_PROOF_TOKEN_WRONG] = {401, "invalid_dpop_proof"},
    [CG_REASON_PROOF_NONCE_MISSING] = {401, "use_dpop_nonce"},
    [CG_REASON_PROOF_NONCE_REFUSED] = {401, "use_dpop_nonce"},
    [CG_REASON_PROOF_REPLAYED] = {401, "invalid_dpop_proof"},
    [CG_REASON_PROOFS_FULL] = {503, NULL},
    /* RFC 8705 §3: a certificate that does not fit makes the token invalid here. */
    [CG_REASON_CERTIFICATE_MISSING] = {401, "invalid_token"},
    [CG_REASON_CERTIFICATE_MALFORMED] = {401, "invalid_token"},
    [CG_REASON_CERTIFICATE_WRONG] = {401, "invalid_token"},
    [CG_REASON_API_NOT_AGREED] = {403, "insufficient_scope"},
    [CG_REASON_AGREEMENT_WITHDRAWN] = {403, "insufficient_scope"},
    [CG_REASON_SCOPE_INSUFFICIENT] = {403, "insufficient_scope"},
    [CG_REASON_SMART_SCOPE_INSUFFICIENT] = {403, "insufficient_scope"},
    /* No scope that could be named would help. */
    [CG_REASON_FHIR_REQUEST_UNCLEAR] = {403, NULL},
    [CG_REASON_TOKEN_IN_QUERY] = {400, "invalid_request"},
    [CG_REASON_PATH_AMBIGUOUS] = {400, "invalid_request"},
    [CG_REASON_FHIR_REQUEST_OVERRIDDEN] = {400, "invalid_request"},
    [CG_REASON_BUNDLE_MALFORMED] = {400, "invalid_request"},
    [CG_REASON_BUNDLE_TOO_LARGE] = {413, NULL},
    [CG_REASON_BODY_TYPE_REFUSED] = {415, NULL},
    [CG_REASON_FORWARDED_REQUEST_UNCLEAR] = {400, "invalid_request"},
    [CG_REASON_SNAPSHOT_MISSING] = {503, NULL},
    [CG_REASON_SNAPSHOT_TOO_OLD] = {503, NULL},
    [CG_REASON_GATE_MISCONFIGURED] = {503, NULL},
    [CG_REASON_UPSTREAM_UNREACHABLE] = {502, NULL},
    [CG_REASON_UPSTREAM_UNAVAILABLE] = {503, NULL},
    [CG_REASON_UPSTREAM_TIMEOUT] = {504, NULL},
    [CG_REASON_CALLER_NOT_ALLOWED] = {403, NULL},
    [CG_REASON_ISSUER_UNREACHABLE] = {503, NULL},
    [CG_REASON_ISSUER_BUSY] = {503, NULL},
    [CG_REASON_ISSUER_FAILED] = {503, NULL},
    [CG_REASON_ISSUER_NOT_TRUSTED] = {502, NULL},
    [CG_REASON_ISSUER_REFUSED] = {502, NULL},
    [CG_REASON_ISSUER_NOT_UNDERSTOOD] = {502, NULL},
    [CG_REASON_TOKEN_WAIT_FULL] = {503, NULL},
    [CG_REASON_TOKEN_WAIT_OVER] = {503, NULL},
    [CG_REASON_AGREEMENT_RATE_EXCEEDED] = {429, NULL},
};

/* RFC 9110 §15: the phrases, which are the titles of problems without a type (RFC 9457 §4.2.1). */
static const struct {
    unsigned status;
    const char *title;
} titles[] = {
    {400, "Bad Request"},       {401, "Unauthorized"},           {403, "Forbidden"},
    {413, "Content Too Large"}, {415, "Unsupported Media Type"}, {429, "Too Many Requests"},
    {502, "Bad Gateway"},       {503, "Service Unavailable"},    {504, "Gateway Timeout"},
};

static struct answer answer_of(enum cg_reason reason)
{
    if ((unsigned)reason >= CG_REASON_COUNT || answers[reason].status == 0) {
        return (struct answer){500, NULL};
    }
    return answers[reason];
}

static const char *title_of(unsigned status)
{
    for (size_t i = 0; i < sizeof(titles) / sizeof(titles[0]); i++) {
        if (titles[i].status == status) {
            return titles[i].title;
        }
    }
    return "Internal Server Error";
}

unsigned cg_challenge_status(enum cg_reason reason)
{
    return answer_of(reason).status;
}

/* What a quoted-string holds without escapes (RFC 9110 §5.6.4), in ASCII. */
static bool is_quotable(struct cg_span value)
{
    for (size_t i = 0; i < value.len; i++) {
        uint8_t c = value.data[i];
        if (c < 0x20 || c >= 0x7f || c == '"' || c == '\\') {
            return false;
        }
    }
    return value.len > 0;
}

/* A value that could end its quotes or its line is left out: no header is better than two. */
static void put_parameter(const char *name, struct cg_span value, bool *first, struct cg_buf *buf)
{
    if (!is_quotable(value)) {
        return;
    }
    cg_buf_put_string(buf, *first ? " " : ", ");
    cg_buf_put_string(buf, name);
    cg_buf_put_string(buf, "=\"");
    cg_buf_put(buf, value);
    cg_buf_put_byte(buf, '"');
    *first = false;
}

void cg_challenge_write(const struct cg_gate_verdict *verdict, struct cg_buf *buf)
{
    struct answer answer = answer_of(verdict->reason);
    if (answer.status != 401 && answer.error == NULL) {
        return;
    }
    bool first = true;
    cg_buf_put_string(buf, verdict->uses_dpop != 0 ? "DPoP" : "Bearer");
    put_parameter("realm", verdict->realm, &first, buf);
    put_parameter("error", cg_span_of_string(answer.error), &first, buf);
    if (answer.status == 403) {
        put_parameter("scope", verdict->needed_scope, &first, buf);
    }
    /* RFC 9449 §7.1: algs tells which algorithms a proof may be signed by. */
    if (verdict->uses_dpop != 0) {
        put_parameter("algs", CG_SPAN_OF(CG_DPOP_ALGORITHMS), &first, buf);
    }
}

void cg_challenge_problem(enum cg_reason reason, struct cg_span request_id, struct cg_buf *buf)
{
    unsigned status = cg_challenge_status(reason);
    struct cg_json_writer writer;
    cg_json_begin(&writer, buf);
    cg_json_open_object(&writer);
    cg_json_member_put_number(&writer, "status", status);
    cg_json_member_put(&writer, "title", cg_span_of_string(title_of(status)));
    cg_json_member_put(&writer, "detail", cg_span_of_string(cg_reason_text(reason)));
    cg_json_member_put(&writer, "reason", cg_span_of_string(cg_reason_name(reason)));
    cg_json_member_put(&writer, "request_id", request_id);
    cg_json_close_object(&writer);
}
