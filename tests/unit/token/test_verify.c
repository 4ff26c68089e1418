/* SPDX-License-Identifier: Apache-2.0 */
#include "base/span.h"
#include "sample.h"
#include "token/verify.h"

#define HEADER "{\"alg\":\"RS256\",\"typ\":\"JWT\",\"kid\":\"live\"}"

static struct cg_span payload_of(const struct sample *sample, const struct cg_access_token *claims)
{
    struct cg_buf buf;
    cg_buf_init_arena(&buf, sample->arena, CG_LIMIT_TOKEN_BYTES);
    cg_access_token_write(claims, &buf);
    struct cg_span text;
    assert_ok(cg_buf_finish(&buf, &text));
    return text;
}

struct outcome {
    enum cg_status status;
    enum cg_reason reason;
};

static struct outcome verified(const struct sample *sample, struct cg_span compact, int64_t now_s)
{
    struct cg_snapshot *snapshot = sample_snapshot(sample);
    const struct cg_snapshot_realm *realm =
        cg_snapshot_find_realm(snapshot, test_span(SAMPLE_REALM));
    struct cg_fault fault = {.reason = CG_REASON_NONE};
    struct cg_access_token token = {.epoch = 77};
    struct outcome outcome;
    outcome.status = cg_token_verify(realm, compact, now_s, sample->arena, &fault, &token);
    outcome.reason = fault.reason;
    assert_true(outcome.status == CG_OK || token.epoch == 77);
    (void)cg_snapshot_free(snapshot);
    return outcome;
}

static void assert_outcome(const char *label, struct outcome got, enum cg_status status,
                           enum cg_reason reason)
{
    print_message("# %s: %s\n", label, cg_reason_name(got.reason));
    assert_status_row(label, got.status, status);
    assert_int_equal(got.reason, reason);
}

static void verify_gives_the_claims_of_a_proven_token(void **state)
{
    const struct sample *sample = *state;
    struct cg_access_token claims = sample_claims();
    claims.idp = test_span("nhs-login");
    claims.acr = test_span("P9.Cp.Cd");
    claims.authenticated_s = 999000;
    struct cg_span compact = sample_token(sample, &claims);
    struct cg_snapshot *snapshot = sample_snapshot(sample);
    struct cg_fault fault = {.reason = CG_REASON_NONE};
    struct cg_access_token token;
    assert_ok(cg_token_verify(cg_snapshot_find_realm(snapshot, test_span(SAMPLE_REALM)), compact,
                              SAMPLE_NOW_S, sample->arena, &fault, &token));
    (void)cg_snapshot_free(snapshot);
    assert_span_equal(payload_of(sample, &token), payload_of(sample, &claims));
}

/* RFC 7515 §4.1.9 and RFC 9068 §2.1. */
static void verify_takes_only_the_type_of_the_realm(void **state)
{
    static const struct {
        const char *realm_typ;
        const char *typ; /* as it stands in the header; NULL: left out */
        bool taken;
    } rows[] = {
        {"JWT", "JWT", true},
        {"JWT", "jwt", true},
        {"JWT", "application/jwt", true},
        {"JWT", "at+jwt", false},
        {"JWT", "", false},
        {"JWT", NULL, false},
        {"JWT", "JW", false},
        {"JWT", "application/", false},
        {"at+jwt", "at+jwt", true},
        {"at+jwt", "AT+JWT", true},
        {"at+jwt", "application/at+jwt", true},
        {"at+jwt", "Application/at+JWT", true},
        {"at+jwt", "application/x/at+jwt", false},
        {"at+jwt", "text/at+jwt", false},
        {"at+jwt", "JWT", false},
        {"at+jwt", "id+jwt", false},
        {"at+jwt", NULL, false},
    };
    struct sample *sample = *state;
    struct cg_access_token claims = sample_claims();
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        sample->realms[SAMPLE_LIVE].typ = test_span(rows[i].realm_typ);
        struct cg_span header =
            rows[i].typ != NULL
                ? sample_text(sample, "{\"alg\":\"RS256\",\"typ\":\"%s\",\"kid\":\"live\"}",
                              rows[i].typ)
                : test_span("{\"alg\":\"RS256\",\"kid\":\"live\"}");
        struct cg_span compact =
            sample_sign(sample, SAMPLE_LIVE, header, payload_of(sample, &claims));
        assert_outcome(rows[i].typ != NULL ? rows[i].typ : "none",
                       verified(sample, compact, SAMPLE_NOW_S),
                       rows[i].taken ? CG_OK : CG_ERR_AUTHENTICATION,
                       rows[i].taken ? CG_REASON_NONE : CG_REASON_TOKEN_TYPE_REFUSED);
    }
    sample->realms[SAMPLE_LIVE].typ = test_span("JWT");
}

static void verify_refuses_keys_and_signatures_of_others(void **state)
{
    static const struct {
        const char *label;
        int key;
        const char *header;
        enum cg_reason reason;
    } rows[] = {
        {"kid of no key", SAMPLE_LIVE, "{\"alg\":\"RS256\",\"typ\":\"JWT\",\"kid\":\"old\"}",
         CG_REASON_TOKEN_KEY_UNKNOWN},
        {"no kid", SAMPLE_LIVE, "{\"alg\":\"RS256\",\"typ\":\"JWT\"}", CG_REASON_TOKEN_KEY_UNKNOWN},
        {"empty kid", SAMPLE_LIVE, "{\"alg\":\"RS256\",\"typ\":\"JWT\",\"kid\":\"\"}",
         CG_REASON_TOKEN_KEY_UNKNOWN},
        {"kid that is a path", SAMPLE_LIVE,
         "{\"alg\":\"RS256\",\"typ\":\"JWT\",\"kid\":\"../live\"}", CG_REASON_TOKEN_KEY_UNKNOWN},
        {"key of another realm", SAMPLE_TEST,
         "{\"alg\":\"RS256\",\"typ\":\"JWT\",\"kid\":\"test\"}", CG_REASON_TOKEN_KEY_UNKNOWN},
        {"another key under this kid", SAMPLE_TEST, HEADER, CG_REASON_TOKEN_SIGNATURE_INVALID},
        {"alg none", SAMPLE_LIVE, "{\"alg\":\"none\",\"typ\":\"JWT\",\"kid\":\"live\"}",
         CG_REASON_TOKEN_ALGORITHM_REFUSED},
        {"alg HS256", SAMPLE_LIVE, "{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"live\"}",
         CG_REASON_TOKEN_ALGORITHM_REFUSED},
    };
    const struct sample *sample = *state;
    struct cg_access_token claims = sample_claims();
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        struct cg_span compact = sample_sign(sample, rows[i].key, test_span(rows[i].header),
                                             payload_of(sample, &claims));
        struct outcome got = verified(sample, compact, SAMPLE_NOW_S);
        assert_true(got.status != CG_OK);
        assert_outcome(rows[i].label, got, got.status, rows[i].reason);
    }
}

static void verify_refuses_a_token_changed_after_signing(void **state)
{
    const struct sample *sample = *state;
    struct cg_access_token claims = sample_claims();
    struct cg_span compact = sample_token(sample, &claims);
    uint8_t *bytes = NULL;
    void *memory;
    assert_ok(cg_arena_take(sample->arena, compact.len, &memory));
    bytes = memory;
    memcpy(bytes, compact.data, compact.len);
    size_t dot = cg_span_find(compact, '.', 0);
    bytes[dot + 20] = bytes[dot + 20] == 'A' ? 'B' : 'A';
    assert_outcome("one character",
                   verified(sample, cg_span_of_bytes(bytes, compact.len), SAMPLE_NOW_S),
                   CG_ERR_AUTHENTICATION, CG_REASON_TOKEN_SIGNATURE_INVALID);
    assert_outcome("cut", verified(sample, cg_span_part(compact, 0, dot), SAMPLE_NOW_S),
                   CG_ERR_INPUT, CG_REASON_TOKEN_MALFORMED);
}

static void verify_refuses_claims_of_others(void **state)
{
    static const struct {
        const char *label;
        const char *old_part;
        const char *new_part;
        enum cg_status status;
        enum cg_reason reason;
    } rows[] = {
        {"issuer of another realm", SAMPLE_ISSUER, "https://care.example/vtest/hpca",
         CG_ERR_AUTHENTICATION, CG_REASON_TOKEN_ISSUER_WRONG},
        {"issuer with a slash more", SAMPLE_ISSUER, SAMPLE_ISSUER "/", CG_ERR_AUTHENTICATION,
         CG_REASON_TOKEN_ISSUER_WRONG},
        {"audience of nobody here", SAMPLE_DOCUMENTS, "https://api.example/other",
         CG_ERR_AUTHENTICATION, CG_REASON_TOKEN_AUDIENCE_UNKNOWN},
        {"ID token", "\"client_id\":\"ward-9\",", "\"nonce\":\"n\",", CG_ERR_INPUT,
         CG_REASON_TOKEN_MALFORMED},
        {"no agreements", "\"agreements\":[\"agr-1\"],", "", CG_ERR_INPUT,
         CG_REASON_TOKEN_MALFORMED},
        {"no apis", "\"apis\":[\"documents\"],", "", CG_ERR_INPUT, CG_REASON_TOKEN_MALFORMED},
        {"no exp", "\"exp\":1000300,", "", CG_ERR_INPUT, CG_REASON_TOKEN_MALFORMED},
        {"payload no JSON", "\"exp\":1000300,", "\"exp\":,", CG_ERR_INPUT,
         CG_REASON_TOKEN_MALFORMED},
        {"nested too deep", "\"exp\":1000300,",
         "\"exp\":1000300,\"x\":[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]],", CG_ERR_INPUT,
         CG_REASON_TOKEN_MALFORMED},
        {"a claim twice", "\"exp\":1000300,", "\"exp\":1000300,\"exp\":2000000,", CG_ERR_INPUT,
         CG_REASON_TOKEN_MALFORMED},
        {"nbf to come", "\"exp\":1000300,", "\"exp\":1000300,\"nbf\":1000101,",
         CG_ERR_AUTHENTICATION, CG_REASON_TOKEN_ISSUED_IN_FUTURE},
        {"nbf of another type", "\"exp\":1000300,", "\"exp\":1000300,\"nbf\":\"x\",", CG_ERR_INPUT,
         CG_REASON_TOKEN_MALFORMED},
        {"nbf reached", "\"exp\":1000300,", "\"exp\":1000300,\"nbf\":1000100,", CG_OK,
         CG_REASON_NONE},
    };
    const struct sample *sample = *state;
    struct cg_access_token claims = sample_claims();
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        struct cg_span payload =
            sample_replace(sample, payload_of(sample, &claims), rows[i].old_part, rows[i].new_part);
        struct cg_span compact = sample_sign(sample, SAMPLE_LIVE, test_span(HEADER), payload);
        assert_outcome(rows[i].label, verified(sample, compact, SAMPLE_NOW_S), rows[i].status,
                       rows[i].reason);
    }
}

static void verify_knows_no_leeway_on_exp_and_a_minute_on_iat(void **state)
{
    static const struct {
        const char *label;
        int64_t now_s;
        enum cg_reason reason;
    } rows[] = {
        {"last second", SAMPLE_EXPIRES_S - 1, CG_REASON_NONE},
        {"at exp", SAMPLE_EXPIRES_S, CG_REASON_TOKEN_EXPIRED},
        {"after exp", SAMPLE_EXPIRES_S + 1, CG_REASON_TOKEN_EXPIRED},
        {"at iat", SAMPLE_ISSUED_S, CG_REASON_NONE},
        {"60 s before iat", SAMPLE_ISSUED_S - 60, CG_REASON_NONE},
        {"61 s before iat", SAMPLE_ISSUED_S - 61, CG_REASON_TOKEN_ISSUED_IN_FUTURE},
    };
    const struct sample *sample = *state;
    struct cg_access_token claims = sample_claims();
    struct cg_span compact = sample_token(sample, &claims);
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        enum cg_status want = rows[i].reason == CG_REASON_NONE ? CG_OK : CG_ERR_AUTHENTICATION;
        assert_outcome(rows[i].label, verified(sample, compact, rows[i].now_s), want,
                       rows[i].reason);
        struct cg_fault fault = {.reason = CG_REASON_NONE};
        assert_status_row(rows[i].label, cg_token_check_times(&claims, rows[i].now_s, &fault),
                          want);
        assert_int_equal(fault.reason, rows[i].reason);
    }
}

static void verify_answers_a_shortage_of_memory_with_its_own_status(void **state)
{
    const struct sample *sample = *state;
    struct cg_access_token claims = sample_claims();
    struct cg_span compact = sample_token(sample, &claims);
    struct cg_snapshot *snapshot = sample_snapshot(sample);
    const struct cg_snapshot_realm *realm =
        cg_snapshot_find_realm(snapshot, test_span(SAMPLE_REALM));
    size_t failures = 0;
    enum cg_status status = CG_ERR_LIMIT;
    for (size_t max = 64; status != CG_OK && max < 65536; max += 64) {
        struct cg_arena *arena = NULL;
        assert_ok(cg_arena_new(max, &arena));
        struct cg_fault fault = {.reason = CG_REASON_NONE};
        struct cg_access_token token;
        status = cg_token_verify(realm, compact, SAMPLE_NOW_S, arena, &fault, &token);
        assert_true(status == CG_OK || status == CG_ERR_LIMIT);
        failures += status != CG_OK;
        (void)cg_arena_free(arena);
    }
    assert_ok(status);
    assert_true(failures > 0);
    (void)cg_snapshot_free(snapshot);
}

/*
 * A gate that did not understand what a token is narrowed to would let everything through, and one
 * that is narrowed to no type or organisation at all opens nothing: neither is taken.
 */
static void verify_refuses_a_narrowing_that_it_does_not_understand(void **state)
{
    static const struct {
        const char *label;
        const char *old_part;
        const char *new_part;
    } rows[] = {
        {"as it is", "caregate_documents", "caregate_documents"},
        {"unknown type", "caregate_documents", "payment"},
        {"unknown member", "document_types", "kinds"},
        {"unknown system", "http://snomed.info/sct", "http://loinc.org"},
        {"no type left", "\"http://snomed.info/sct|736253002\"", ""},
        {"line end in a code", "736253002", "736253002\\r\\n"},
        {"wrong code", "736253002", "736253001"},
        {"API that is not in the token", "[\"" SAMPLE_DOCUMENTS "\"],\"doc",
         "[\"" SAMPLE_MEDICINES "\"],\"doc"},
        {"two places", "[\"" SAMPLE_DOCUMENTS "\"],\"doc",
         "[\"" SAMPLE_DOCUMENTS "\",\"" SAMPLE_MEDICINES "\"],\"doc"},
        {"no array", "[" SAMPLE_NARROWING "]", SAMPLE_NARROWING},
        {"no object", SAMPLE_NARROWING, ""},
        {"null", "[" SAMPLE_NARROWING "]", "null"},
    };
    const struct sample *sample = *state;
    struct cg_access_token claims = sample_claims();
    claims.apis[0].details = test_span(SAMPLE_NARROWING);
    claims.is_narrowed = true;
    struct cg_span good = payload_of(sample, &claims);
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        struct cg_span payload = sample_replace(sample, good, rows[i].old_part, rows[i].new_part);
        struct cg_span compact = sample_sign(sample, SAMPLE_LIVE, test_span(HEADER), payload);
        assert_outcome(rows[i].label, verified(sample, compact, SAMPLE_NOW_S),
                       i == 0 ? CG_OK : CG_ERR_INPUT,
                       i == 0 ? CG_REASON_NONE : CG_REASON_TOKEN_MALFORMED);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(verify_gives_the_claims_of_a_proven_token),
    cmocka_unit_test(verify_refuses_a_narrowing_that_it_does_not_understand),
    cmocka_unit_test(verify_takes_only_the_type_of_the_realm),
    cmocka_unit_test(verify_refuses_keys_and_signatures_of_others),
    cmocka_unit_test(verify_refuses_a_token_changed_after_signing),
    cmocka_unit_test(verify_refuses_claims_of_others),
    cmocka_unit_test(verify_knows_no_leeway_on_exp_and_a_minute_on_iat),
    cmocka_unit_test(verify_answers_a_shortage_of_memory_with_its_own_status),
};
TEST_MAIN_WITH(tests, sample_setup, sample_teardown)
