/* SPDX-License-Identifier: Apache-2.0 */
#include "oauth/wire_error.h"

#include "base/buf.h"
#include "base/limits.h"
#include "base/span.h"
#include "codec/json.h"
#include "oauth/response.h"

#define CHALLENGE true

/* RFC 6749 §5.2, RFC 8707 §2 and, for slow_down and temporarily_unavailable, the names of RFC 8628
 * and RFC 6749 §4.1.2.1. */
static const struct cg_wire_error wire_errors[CG_REASON_COUNT] = {
    [CG_REASON_REQUEST_MALFORMED] = {400, "invalid_request", false, 0},
    [CG_REASON_REQUEST_TOO_LARGE] = {413, "invalid_request", false, 0},
    [CG_REASON_CONTENT_TYPE_WRONG] = {415, "invalid_request", false, 0},
    [CG_REASON_METHOD_NOT_ALLOWED] = {405, "invalid_request", false, 0},
    [CG_REASON_ENDPOINT_UNKNOWN] = {404, "invalid_request", false, 0},
    [CG_REASON_PARAMETER_REPEATED] = {400, "invalid_request", false, 0},
    [CG_REASON_GRANT_TYPE_MISSING] = {400, "invalid_request", false, 0},
    [CG_REASON_GRANT_TYPE_UNSUPPORTED] = {400, "unsupported_grant_type", false, 0},
    [CG_REASON_GRANT_NOT_ALLOWED] = {400, "unauthorized_client", false, 0},
    [CG_REASON_CREDENTIALS_MISSING] = {401, "invalid_client", CHALLENGE, 0},
    [CG_REASON_CREDENTIALS_TWICE] = {400, "invalid_request", false, 0},
    [CG_REASON_CLIENT_AUTHENTICATION_FAILED] = {401, "invalid_client", CHALLENGE, 0},
    [CG_REASON_SCOPE_NOT_AGREED] = {400, "invalid_scope", false, 0},
    [CG_REASON_SCOPE_MALFORMED] = {400, "invalid_scope", false, 0},
    [CG_REASON_NOTHING_AGREED] = {400, "invalid_scope", false, 0},
    [CG_REASON_RESOURCE_UNKNOWN] = {400, "invalid_target", false, 0},
    [CG_REASON_RESOURCE_AMBIGUOUS] = {400, "invalid_target", false, 0},
    [CG_REASON_DETAILS_MALFORMED] = {400, "invalid_authorization_details", false, 0},
    [CG_REASON_DETAILS_NOT_AGREED] = {400, "invalid_authorization_details", false, 0},
    [CG_REASON_TOKEN_TOO_LARGE] = {400, "invalid_scope", false, 0},
    [CG_REASON_TOKEN_NOT_PRESENTED] = {400, "invalid_request", false, 0},
    /* RFC 6749 §5.2: a grant that "was issued to another client". */
    [CG_REASON_TOKEN_OF_ANOTHER_CLIENT] = {400, "invalid_grant", false, 0},
    /* RFC 8693 §2.2.2: invalid_request "if either the subject_token or actor_token are invalid for
     * any reason, or are unacceptable based on policy". */
    [CG_REASON_EXCHANGE_MALFORMED] = {400, "invalid_request", false, 0},
    [CG_REASON_SUBJECT_TOKEN_REFUSED] = {400, "invalid_request", false, 0},
    [CG_REASON_SUBJECT_TOKEN_SPENT] = {400, "invalid_request", false, 0},
    [CG_REASON_ISSUER_KEYS_UNAVAILABLE] = {503, "temporarily_unavailable", false,
                                           CG_LIMIT_REMOTE_RETRY_S},
    [CG_REASON_LINK_UNUSABLE] = {404, "invalid_request", false, 0},
    /* RFC 9449 §5: what is wrong with a proof; without one that is wanted, a part of the request
     * is missing. */
    [CG_REASON_PROOF_MISSING] = {400, "invalid_request", false, 0},
    [CG_REASON_PROOF_REPEATED] = {400, "invalid_dpop_proof", false, 0},
    [CG_REASON_PROOF_MALFORMED] = {400, "invalid_dpop_proof", false, 0},
    [CG_REASON_PROOF_TYPE_REFUSED] = {400, "invalid_dpop_proof", false, 0},
    [CG_REASON_PROOF_ALGORITHM_REFUSED] = {400, "invalid_dpop_proof", false, 0},
    [CG_REASON_PROOF_KEY_REFUSED] = {400, "invalid_dpop_proof", false, 0},
    [CG_REASON_PROOF_KEY_PRIVATE] = {400, "invalid_dpop_proof", false, 0},
    [CG_REASON_PROOF_SIGNATURE_INVALID] = {400, "invalid_dpop_proof", false, 0},
    [CG_REASON_PROOF_ID_MISSING] = {400, "invalid_dpop_proof", false, 0},
    [CG_REASON_PROOF_METHOD_WRONG] = {400, "invalid_dpop_proof", false, 0},
    [CG_REASON_PROOF_TARGET_WRONG] = {400, "invalid_dpop_proof", false, 0},
    [CG_REASON_PROOF_TIME_MISSING] = {400, "invalid_dpop_proof", false, 0},
    [CG_REASON_PROOF_EXPIRED] = {400, "invalid_dpop_proof", false, 0},
    [CG_REASON_PROOF_IN_FUTURE] = {400, "invalid_dpop_proof", false, 0},
    [CG_REASON_PROOF_REPLAYED] = {400, "invalid_dpop_proof", false, 0},
    [CG_REASON_CERTIFICATE_MISSING] = {400, "invalid_request", false, 0},
    [CG_REASON_CERTIFICATE_MALFORMED] = {400, "invalid_request", false, 0},
    [CG_REASON_RATE_EXCEEDED] = {429, "slow_down", false, 5},
    [CG_REASON_TOO_MANY_FAILURES] = {429, "slow_down", false, 5},
    [CG_REASON_QUEUE_FULL] = {503, "temporarily_unavailable", false, 1},
    [CG_REASON_STORE_UNAVAILABLE] = {503, "temporarily_unavailable", false, 5},
    [CG_REASON_CLIENT_KEYS_UNAVAILABLE] = {503, "temporarily_unavailable", false,
                                           CG_LIMIT_REMOTE_RETRY_S},
    [CG_REASON_SIGNING_KEY_UNAVAILABLE] = {503, "temporarily_unavailable", false, 30},
    [CG_REASON_AUDIT_UNAVAILABLE] = {503, "temporarily_unavailable", false, 5},
    [CG_REASON_INTERNAL] = {500, "server_error", false, 0},
};

const struct cg_wire_error *cg_wire_error_of(enum cg_reason reason)
{
    if ((unsigned)reason >= CG_REASON_COUNT || wire_errors[reason].error == NULL) {
        return &wire_errors[CG_REASON_INTERNAL];
    }
    return &wire_errors[reason];
}

static enum cg_status write_body(struct cg_arena *arena, const char *error, const char *description,
                                 struct cg_span *ret_body)
{
    struct cg_buf buf;
    cg_buf_init_arena(&buf, arena, CG_LIMIT_TEXT_BYTES);
    struct cg_json_writer json;
    cg_json_begin(&json, &buf);
    cg_json_open_object(&json);
    cg_json_member_put(&json, "error", cg_span_of_string(error));
    cg_json_member_put(&json, "error_description", cg_span_of_string(description));
    cg_json_close_object(&json);
    return cg_buf_finish(&buf, ret_body);
}

/* RFC 6749 §5.2: a 401 to a client that tried the Authorization header carries the matching
 * challenge; we send it with each. */
static void add_challenge(struct cg_exchange *exchange, struct cg_span realm_path)
{
    struct cg_buf buf;
    cg_buf_init_arena(&buf, exchange->arena, CG_LIMIT_REALM_PATH_BYTES + 64);
    cg_buf_put_string(&buf, "Basic realm=\"");
    cg_buf_put(&buf, realm_path);
    cg_buf_put_string(&buf, "\", charset=\"UTF-8\"");
    struct cg_span value = CG_SPAN_OF("Basic realm=\"caregate\"");
    if (cg_buf_finish(&buf, &value) != CG_OK) {
        value = CG_SPAN_OF("Basic realm=\"caregate\"");
    }
    cg_response_add(&exchange->response, CG_SPAN_OF("WWW-Authenticate"), value);
}

static void add_retry_after(struct cg_exchange *exchange, unsigned seconds)
{
    struct cg_buf buf;
    cg_buf_init_arena(&buf, exchange->arena, 16);
    cg_buf_put_number(&buf, seconds);
    struct cg_span value = CG_SPAN_OF("5");
    if (cg_buf_finish(&buf, &value) != CG_OK) {
        value = CG_SPAN_OF("5");
    }
    cg_response_add(&exchange->response, CG_SPAN_OF("Retry-After"), value);
}

void cg_wire_error_answer(struct cg_exchange *exchange, const struct cg_fault *fault,
                          struct cg_span realm_path)
{
    const struct cg_wire_error *wire = cg_wire_error_of(fault->reason);
    const char *text = fault->text != NULL ? fault->text : cg_reason_text(fault->reason);
    struct cg_span body = CG_SPAN_OF("{\"error\":\"temporarily_unavailable\"}");
    if (write_body(exchange->arena, wire->error, text, &body) != CG_OK) {
        wire = cg_wire_error_of(CG_REASON_QUEUE_FULL);
    }
    struct cg_response *response = &exchange->response;
    cg_response_start(response, wire->http_status, CG_SPAN_OF("application/json"), body);
    cg_response_forbid_caching(response);
    response->reason = fault->reason;
    if (wire->challenge) {
        add_challenge(exchange, realm_path);
    }
    /* RFC 6585 §4: the response to too many requests may say how long to wait. */
    unsigned retry_after_s = fault->retry_after_s != 0 ? fault->retry_after_s : wire->retry_after_s;
    if (retry_after_s != 0) {
        add_retry_after(exchange, retry_after_s);
    }
}
