/* SPDX-License-Identifier: Apache-2.0 */
#include "base/span.h"
#include "codec/json.h"
#include "gate/challenge.h"
#include "test.h"

#define INVALID_TOKEN "Bearer realm=\"/vlive/hpca\", error=\"invalid_token\""
#define INVALID_PROOF "Bearer realm=\"/vlive/hpca\", error=\"invalid_dpop_proof\""
#define USE_NONCE "Bearer realm=\"/vlive/hpca\", error=\"use_dpop_nonce\""
#define INSUFFICIENT                                                                               \
    "Bearer realm=\"/vlive/hpca\", error=\"insufficient_scope\", scope=\"documents.read\""

/* Every reason that the gate gives, with its answer to the byte. */
static const struct {
    enum cg_reason reason;
    unsigned status;
    const char *title;
    const char *challenge;
} rows[] = {
    {CG_REASON_TOKEN_MISSING, 401, "Unauthorized", "Bearer realm=\"/vlive/hpca\""},
    {CG_REASON_TOKEN_MALFORMED, 401, "Unauthorized", INVALID_TOKEN},
    {CG_REASON_TOKEN_ALGORITHM_REFUSED, 401, "Unauthorized", INVALID_TOKEN},
    {CG_REASON_TOKEN_TYPE_REFUSED, 401, "Unauthorized", INVALID_TOKEN},
    {CG_REASON_TOKEN_KEY_UNKNOWN, 401, "Unauthorized", INVALID_TOKEN},
    {CG_REASON_TOKEN_SIGNATURE_INVALID, 401, "Unauthorized", INVALID_TOKEN},
    {CG_REASON_TOKEN_EXPIRED, 401, "Unauthorized", INVALID_TOKEN},
    {CG_REASON_TOKEN_ISSUED_IN_FUTURE, 401, "Unauthorized", INVALID_TOKEN},
    {CG_REASON_TOKEN_ISSUER_WRONG, 401, "Unauthorized", INVALID_TOKEN},
    {CG_REASON_TOKEN_AUDIENCE_UNKNOWN, 401, "Unauthorized", INVALID_TOKEN},
    {CG_REASON_TOKEN_REVOKED, 401, "Unauthorized", INVALID_TOKEN},
    {CG_REASON_CLIENT_SUSPENDED, 401, "Unauthorized", INVALID_TOKEN},
    {CG_REASON_TOKEN_BOUND, 401, "Unauthorized", INVALID_TOKEN},
    {CG_REASON_TOKEN_NOT_BOUND, 401, "Unauthorized", INVALID_TOKEN},
    {CG_REASON_PROOF_MISSING, 401, "Unauthorized", INVALID_PROOF},
    {CG_REASON_PROOF_REPEATED, 401, "Unauthorized", INVALID_PROOF},
    {CG_REASON_PROOF_MALFORMED, 401, "Unauthorized", INVALID_PROOF},
    {CG_REASON_PROOF_TYPE_REFUSED, 401, "Unauthorized", INVALID_PROOF},
    {CG_REASON_PROOF_ALGORITHM_REFUSED, 401, "Unauthorized", INVALID_PROOF},
    {CG_REASON_PROOF_KEY_REFUSED, 401, "Unauthorized", INVALID_PROOF},
    {CG_REASON_PROOF_KEY_PRIVATE, 401, "Unauthorized", INVALID_PROOF},
    {CG_REASON_PROOF_KEY_WRONG, 401, "Unauthorized", INVALID_TOKEN},
    {CG_REASON_PROOF_SIGNATURE_INVALID, 401, "Unauthorized", INVALID_PROOF},
    {CG_REASON_PROOF_ID_MISSING, 401, "Unauthorized", INVALID_PROOF},
    {CG_REASON_PROOF_METHOD_WRONG, 401, "Unauthorized", INVALID_PROOF},
    {CG_REASON_PROOF_TARGET_WRONG, 401, "Unauthorized", INVALID_PROOF},
    {CG_REASON_PROOF_TIME_MISSING, 401, "Unauthorized", INVALID_PROOF},
    {CG_REASON_PROOF_EXPIRED, 401, "Unauthorized", INVALID_PROOF},
    {CG_REASON_PROOF_IN_FUTURE, 401, "Unauthorized", INVALID_PROOF},
    {CG_REASON_PROOF_TOKEN_WRONG, 401, "Unauthorized", INVALID_PROOF},
    {CG_REASON_PROOF_NONCE_MISSING, 401, "Unauthorized", USE_NONCE},
    {CG_REASON_PROOF_NONCE_REFUSED, 401, "Unauthorized", USE_NONCE},
    {CG_REASON_PROOF_REPLAYED, 401, "Unauthorized", INVALID_PROOF},
    {CG_REASON_PROOFS_FULL, 503, "Service Unavailable", ""},
    {CG_REASON_API_NOT_AGREED, 403, "Forbidden", INSUFFICIENT},
    {CG_REASON_AGREEMENT_WITHDRAWN, 403, "Forbidden", INSUFFICIENT},
    {CG_REASON_SCOPE_INSUFFICIENT, 403, "Forbidden", INSUFFICIENT},
    {CG_REASON_TOKEN_IN_QUERY, 400, "Bad Request",
     "Bearer realm=\"/vlive/hpca\", error=\"invalid_request\""},
    {CG_REASON_PATH_AMBIGUOUS, 400, "Bad Request",
     "Bearer realm=\"/vlive/hpca\", error=\"invalid_request\""},
    {CG_REASON_SNAPSHOT_MISSING, 503, "Service Unavailable", ""},
    {CG_REASON_SNAPSHOT_TOO_OLD, 503, "Service Unavailable", ""},
    {CG_REASON_GATE_MISCONFIGURED, 503, "Service Unavailable", ""},
    {CG_REASON_UPSTREAM_UNREACHABLE, 502, "Bad Gateway", ""},
    {CG_REASON_UPSTREAM_UNAVAILABLE, 503, "Service Unavailable", ""},
    {CG_REASON_UPSTREAM_TIMEOUT, 504, "Gateway Timeout", ""},
    {CG_REASON_AGREEMENT_RATE_EXCEEDED, 429, "Too Many Requests", ""},
    {CG_REASON_INTERNAL, 500, "Internal Server Error", ""},
    {CG_REASON_STORE_UNAVAILABLE, 500, "Internal Server Error", ""},
    {CG_REASON_COUNT, 500, "Internal Server Error", ""},
};

static struct cg_span challenge_of(enum cg_reason reason, const char *realm, const char *scope,
                                   struct cg_buf *buf)
{
    cg_buf_clear(buf);
    const struct cg_gate_verdict verdict = {
        .reason = reason, .realm = test_span(realm), .needed_scope = test_span(scope)};
    cg_challenge_write(&verdict, buf);
    struct cg_span text;
    assert_ok(cg_buf_finish(buf, &text));
    return text;
}

TEST(challenge_of_each_reason_is_exact)
{
    struct cg_buf buf;
    cg_buf_init(&buf, 4096);
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        const char *name = cg_reason_name(rows[i].reason);
        assert_int_equal(cg_challenge_status(rows[i].reason), rows[i].status);
        assert_span_text_row(name,
                             challenge_of(rows[i].reason, "/vlive/hpca", "documents.read", &buf),
                             rows[i].challenge);
    }
    cg_buf_release(&buf);
}

/* RFC 9449 §7.1, §9 */
TEST(challenge_to_a_bound_token_is_by_dpop_and_tells_the_algorithms)
{
    static const struct {
        enum cg_reason reason;
        const char *challenge;
    } cases[] = {
        {CG_REASON_PROOF_NONCE_MISSING,
         "DPoP realm=\"/r\", error=\"use_dpop_nonce\", algs=\"ES256 PS256 EdDSA Ed25519\""},
        {CG_REASON_TOKEN_EXPIRED,
         "DPoP realm=\"/r\", error=\"invalid_token\", algs=\"ES256 PS256 EdDSA Ed25519\""},
        {CG_REASON_SCOPE_INSUFFICIENT, "DPoP realm=\"/r\", error=\"insufficient_scope\", "
                                       "scope=\"a\", algs=\"ES256 PS256 EdDSA Ed25519\""},
        {CG_REASON_PROOFS_FULL, ""},
    };
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        const struct cg_gate_verdict verdict = {.reason = cases[i].reason,
                                                .realm = CG_SPAN("/r"),
                                                .needed_scope = CG_SPAN("a"),
                                                .uses_dpop = 1};
        struct cg_buf buf;
        struct cg_span text;
        cg_buf_init(&buf, 4096);
        cg_challenge_write(&verdict, &buf);
        assert_ok(cg_buf_finish(&buf, &text));
        assert_span_text_row(cg_reason_name(cases[i].reason), text, cases[i].challenge);
        cg_buf_release(&buf);
    }
}

TEST(challenge_leaves_out_what_could_end_its_quotes_or_its_line)
{
    static const struct {
        const char *label;
        const char *realm;
        const char *scope;
        const char *challenge;
    } cases[] = {
        {"line end in scope", "/r", "a\r\nSet-Cookie: x",
         "Bearer realm=\"/r\", error=\"insufficient_scope\""},
        {"quote in scope", "/r", "a\", error=\"none",
         "Bearer realm=\"/r\", error=\"insufficient_scope\""},
        {"backslash in scope", "/r", "a\\", "Bearer realm=\"/r\", error=\"insufficient_scope\""},
        {"no scope", "/r", "", "Bearer realm=\"/r\", error=\"insufficient_scope\""},
        {"line end in realm", "/r\nX: y", "a b",
         "Bearer error=\"insufficient_scope\", scope=\"a b\""},
        {"beyond ASCII in realm", "/r\xc3\xa9", "a",
         "Bearer error=\"insufficient_scope\", scope=\"a\""},
    };
    struct cg_buf buf;
    cg_buf_init(&buf, 4096);
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        assert_span_text_row(
            cases[i].label,
            challenge_of(CG_REASON_SCOPE_INSUFFICIENT, cases[i].realm, cases[i].scope, &buf),
            cases[i].challenge);
    }
    cg_buf_release(&buf);
}

static void assert_member(const struct cg_json_value *object, const char *name, const char *want)
{
    struct cg_span value;
    assert_ok(cg_json_member_string(object, name, &value));
    assert_span_text_row(name, value, want);
}

/* RFC 9457 §3.1, and the members that the contract adds. */
TEST(problem_has_exactly_the_members_of_the_contract)
{
    struct cg_buf buf;
    cg_buf_init(&buf, 4096);
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        cg_buf_clear(&buf);
        cg_challenge_problem(rows[i].reason, test_span("req-1"), &buf);
        struct cg_span text;
        assert_ok(cg_buf_finish(&buf, &text));
        CG_CLEANUP(cg_json_free_at) struct cg_json *json = NULL;
        assert_ok(cg_json_parse(text, 4096, &json));
        const struct cg_json_value *root = cg_json_root(json);
        int64_t status;
        assert_int_equal(cg_json_count(root), 5);
        assert_ok(cg_json_member_number(root, "status", &status));
        assert_int_equal(status, rows[i].status);
        assert_member(root, "title", rows[i].title);
        assert_member(root, "detail", cg_reason_text(rows[i].reason));
        assert_member(root, "reason", cg_reason_name(rows[i].reason));
        assert_member(root, "request_id", "req-1");
    }
    cg_buf_release(&buf);
}

TEST(problem_escapes_the_request_id)
{
    struct cg_buf buf;
    cg_buf_init(&buf, 4096);
    cg_challenge_problem(CG_REASON_TOKEN_MISSING, test_span("a\",\"b\":\"\r\n"), &buf);
    struct cg_span text;
    assert_ok(cg_buf_finish(&buf, &text));
    CG_CLEANUP(cg_json_free_at) struct cg_json *json = NULL;
    assert_ok(cg_json_parse(text, 4096, &json));
    assert_member(cg_json_root(json), "request_id", "a\",\"b\":\"\r\n");
    cg_buf_release(&buf);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(challenge_of_each_reason_is_exact),
    cmocka_unit_test(challenge_to_a_bound_token_is_by_dpop_and_tells_the_algorithms),
    cmocka_unit_test(challenge_leaves_out_what_could_end_its_quotes_or_its_line),
    cmocka_unit_test(problem_has_exactly_the_members_of_the_contract),
    cmocka_unit_test(problem_escapes_the_request_id),
};
TEST_MAIN(tests)
