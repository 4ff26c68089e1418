/* SPDX-License-Identifier: Apache-2.0 */
#include "base/span.h"
#include "codec/base64url.h"
#include "crypto/digest.h"
#include "sample.h"

#include <caregate/verify.h>

#define CERTIFICATE "\x30\x03the certificate"

/* Of the live realm, for the documents API, its keys given as text. */
static struct cg_token_verifier_config config_of(const struct sample *sample)
{
    return (struct cg_token_verifier_config){
        .issuer = CG_SPAN(SAMPLE_ISSUER),
        .audience = CG_SPAN(SAMPLE_DOCUMENTS),
        .jwks = sample_jwks(sample, SAMPLE_LIVE, "live"),
    };
}

static struct cg_token_verifier *new_verifier(const struct cg_token_verifier_config *config)
{
    struct cg_token_verifier *verifier = NULL;
    assert_ok(cg_token_verifier_new(config, &verifier));
    return verifier;
}

/* NONE leaves claims that are freed at once. */
static enum cg_reason check(const struct cg_token_verifier_config *config,
                            const struct cg_token_call *call)
{
    struct cg_token_verifier *verifier = new_verifier(config);
    struct cg_token_claims *claims = NULL;
    enum cg_reason reason = cg_token_verifier_check(verifier, call, &claims);
    assert_int_equal(claims != NULL, reason == CG_REASON_NONE);
    (void)cg_token_claims_free(claims);
    (void)cg_token_verifier_free(verifier);
    return reason;
}

static void assert_reason_row(const char *label, enum cg_reason got, enum cg_reason want)
{
    if (got != want) {
        print_error("%s: %s, expected %s\n", label, cg_reason_name(got), cg_reason_name(want));
    }
    assert_int_equal(got, want);
}

static struct cg_span header_of(const struct sample *sample, const char *scheme,
                                struct cg_span token)
{
    return sample_text(sample, "%s %.*s", scheme, CG_SPAN_ARGS(token));
}

static void assert_text(struct cg_span got, const char *want)
{
    assert_span_text(got, want);
    assert_int_equal(got.data[got.len], 0); /* for who prints it */
}

static void verifier_tells_what_a_good_token_says(void **state)
{
    const struct sample *sample = *state;
    const struct cg_access_token token = sample_claims();
    const struct cg_token_verifier_config config = config_of(sample);
    const struct cg_token_call call = {
        .authorization = header_of(sample, "Bearer", sample_token(sample, &token)),
        .now_s = SAMPLE_NOW_S};
    struct cg_token_verifier *verifier = new_verifier(&config);
    struct cg_token_claims *claims = NULL;
    assert_int_equal(cg_token_verifier_check(verifier, &call, &claims), CG_REASON_NONE);
    (void)cg_token_verifier_free(verifier); /* they are their own owner */
    assert_text(cg_token_claims_client_id(claims), "ward-9");
    assert_text(cg_token_claims_organisation(claims), "RX1");
    assert_text(cg_token_claims_subject(claims), "ward-9");
    assert_text(cg_token_claims_scope(claims), "documents.read documents.write");
    assert_text(cg_token_claims_id(claims), "jti-1");
    assert_int_equal(cg_token_claims_api_count(claims), 1);
    assert_text(cg_token_claims_api_name(claims, 0), "documents");
    assert_text(cg_token_claims_api_audience(claims, 0), SAMPLE_DOCUMENTS);
    assert_text(cg_token_claims_api_agreement(claims, 0), "agr-1");
    assert_null(cg_token_claims_api_name(claims, 1).data);
    assert_int_equal(cg_token_claims_issued_s(claims), SAMPLE_ISSUED_S);
    assert_int_equal(cg_token_claims_expires_s(claims), SAMPLE_EXPIRES_S);
    assert_null(cg_token_claims_actor(claims).data);
    assert_null(cg_token_claims_details(claims).data);
    assert_null(cg_token_claims_identity_provider(claims).data);
    assert_null(cg_token_claims_assurance(claims).data);
    assert_int_equal(cg_token_claims_has_scope(claims, test_span("documents.read")), 1);
    assert_int_equal(cg_token_claims_has_scope(claims, test_span("documents")), 0);
    assert_int_equal(cg_token_claims_has_scope(claims, test_span("")), 0);
    (void)cg_token_claims_free(claims);
}

static void verifier_tells_of_people_actors_and_narrowing(void **state)
{
    const struct sample *sample = *state;
    struct cg_access_token token = sample_claims();
    token.behalf = (struct cg_token_behalf)SAMPLE_BEHALF;
    token.idp = test_span("nhs-login");
    token.acr = test_span("P9");
    token.apis[0].details = test_span(SAMPLE_NARROWING);
    token.is_narrowed = true;
    const struct cg_token_verifier_config config = config_of(sample);
    const struct cg_token_call call = {.token = sample_token(sample, &token),
                                       .now_s = SAMPLE_NOW_S};
    struct cg_token_verifier *verifier = new_verifier(&config);
    struct cg_token_claims *claims = NULL;
    assert_int_equal(cg_token_verifier_check(verifier, &call, &claims), CG_REASON_NONE);
    assert_text(cg_token_claims_actor(claims), "ward-9");
    assert_text(cg_token_claims_identity_provider(claims), "nhs-login");
    assert_text(cg_token_claims_assurance(claims), "P9");
    assert_text(cg_token_claims_details(claims), "[" SAMPLE_NARROWING "]");
    (void)cg_token_claims_free(claims);
    (void)cg_token_verifier_free(verifier);
}

static void verifier_reads_the_header_as_the_gate_does(void **state)
{
    static const struct {
        const char *scheme; /* NULL: no header */
        enum cg_reason want;
    } rows[] = {
        {"Bearer", CG_REASON_NONE},
        {"bearer", CG_REASON_NONE},
        {"Bearer  ", CG_REASON_NONE},
        {NULL, CG_REASON_TOKEN_MISSING},
        {"Basic", CG_REASON_TOKEN_MISSING},
        {"Bearer,", CG_REASON_TOKEN_MISSING},
        {"Bearer \"", CG_REASON_TOKEN_MALFORMED},
        {"Bearer x", CG_REASON_TOKEN_MALFORMED},
        {"DPoP", CG_REASON_TOKEN_NOT_BOUND},
    };
    const struct sample *sample = *state;
    const struct cg_access_token token = sample_claims();
    const struct cg_token_verifier_config config = config_of(sample);
    struct cg_span compact = sample_token(sample, &token);
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        struct cg_token_call call = {.now_s = SAMPLE_NOW_S};
        if (rows[i].scheme != NULL) {
            call.authorization = header_of(sample, rows[i].scheme, compact);
        }
        assert_reason_row(rows[i].scheme ? rows[i].scheme : "none", check(&config, &call),
                          rows[i].want);
    }
    const struct cg_token_call empty = {.authorization = CG_SPAN("Bearer"), .now_s = SAMPLE_NOW_S};
    assert_reason_row("no token", check(&config, &empty), CG_REASON_TOKEN_MALFORMED);
}

static void verifier_refuses_what_is_not_for_it(void **state)
{
    const struct sample *sample = *state;
    const struct cg_access_token token = sample_claims();
    const struct cg_token_verifier_config good = config_of(sample);
    struct {
        const char *label;
        struct cg_token_verifier_config config;
        int64_t now_s;
        enum cg_reason want;
    } rows[] = {
        {"as it should be", good, SAMPLE_NOW_S, CG_REASON_NONE},
        {"its API by name", good, SAMPLE_NOW_S, CG_REASON_NONE},
        {"another API", good, SAMPLE_NOW_S, CG_REASON_TOKEN_AUDIENCE_UNKNOWN},
        {"an API of another name", good, SAMPLE_NOW_S, CG_REASON_TOKEN_AUDIENCE_UNKNOWN},
        {"another issuer", good, SAMPLE_NOW_S, CG_REASON_TOKEN_ISSUER_WRONG},
        {"another type", good, SAMPLE_NOW_S, CG_REASON_TOKEN_TYPE_REFUSED},
        {"another key", good, SAMPLE_NOW_S, CG_REASON_TOKEN_SIGNATURE_INVALID},
        {"an unknown key", good, SAMPLE_NOW_S, CG_REASON_TOKEN_KEY_UNKNOWN},
        {"its last second", good, SAMPLE_EXPIRES_S - 1, CG_REASON_NONE},
        {"past its end", good, SAMPLE_EXPIRES_S, CG_REASON_TOKEN_EXPIRED},
        {"before its time", good, SAMPLE_ISSUED_S - 61, CG_REASON_TOKEN_ISSUED_IN_FUTURE},
    };
    rows[1].config.api = test_span("documents");
    rows[2].config.audience = test_span(SAMPLE_MEDICINES);
    rows[3].config.api = test_span("medicines");
    rows[4].config.issuer = test_span("https://care.example/vtest/hpca");
    rows[5].config.typ = test_span("at+jwt");
    rows[6].config.jwks = sample_jwks(sample, SAMPLE_TEST, "live");
    rows[7].config.jwks = sample_jwks(sample, SAMPLE_LIVE, "other");
    struct cg_span compact = sample_token(sample, &token);
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        const struct cg_token_call call = {.token = compact, .now_s = rows[i].now_s};
        assert_reason_row(rows[i].label, check(&rows[i].config, &call), rows[i].want);
    }
}

/* Audience and name of one API stand at one place; those of two do not make a third. */
static void verifier_takes_audience_and_name_from_one_place(void **state)
{
    const struct sample *sample = *state;
    struct cg_access_token token = sample_claims();
    token.apis[1] = (struct cg_token_api)SAMPLE_API(SAMPLE_MEDICINES, "medicines", "agr-2");
    token.api_count = 2;
    struct cg_token_verifier_config config = config_of(sample);
    const struct cg_token_call call = {.token = sample_token(sample, &token),
                                       .now_s = SAMPLE_NOW_S};
    config.audience = test_span(SAMPLE_MEDICINES);
    config.api = test_span("medicines");
    assert_reason_row("the second", check(&config, &call), CG_REASON_NONE);
    config.api = test_span("documents");
    assert_reason_row("of two", check(&config, &call), CG_REASON_TOKEN_AUDIENCE_UNKNOWN);
}

static void bind_to_certificate(const struct sample *sample, struct cg_access_token *token)
{
    uint8_t digest[CG_SHA256_BYTES];
    struct cg_buf buf;
    assert_ok(cg_sha256(CG_SPAN_OF(CERTIFICATE), digest));
    cg_buf_init_arena(&buf, sample->arena, 64);
    cg_base64url_encode(cg_span_of_bytes(digest, sizeof(digest)), &buf);
    assert_ok(cg_buf_finish(&buf, &token->certificate_thumbprint));
}

/* RFC 8705 §3, RFC 9449 §7.2: a stolen token that is bound opens nothing here either. */
static void verifier_refuses_a_bound_token_without_what_it_is_bound_to(void **state)
{
    const struct sample *sample = *state;
    struct cg_access_token by_certificate = sample_claims();
    struct cg_access_token by_key = sample_claims();
    const struct cg_token_verifier_config config = config_of(sample);
    bind_to_certificate(sample, &by_certificate);
    by_key.key_thumbprint = by_certificate.certificate_thumbprint;
    struct cg_span bound = sample_token(sample, &by_key);
    struct cg_token_call call = {.token = sample_token(sample, &by_certificate),
                                 .now_s = SAMPLE_NOW_S};
    assert_reason_row("none", check(&config, &call), CG_REASON_CERTIFICATE_MISSING);
    call.certificate = CG_SPAN_OF(CERTIFICATE ".");
    assert_reason_row("another", check(&config, &call), CG_REASON_CERTIFICATE_WRONG);
    call.certificate = CG_SPAN_OF(CERTIFICATE);
    assert_reason_row("its own", check(&config, &call), CG_REASON_NONE);
    call.token = bound;
    assert_reason_row("a key", check(&config, &call), CG_REASON_TOKEN_BOUND);
    call = (struct cg_token_call){.authorization = header_of(sample, "DPoP", bound),
                                  .now_s = SAMPLE_NOW_S};
    assert_reason_row("a key, by its scheme", check(&config, &call), CG_REASON_TOKEN_BOUND);
}

static void verifier_is_not_made_without_issuer_audience_or_keys(void **state)
{
    const struct sample *sample = *state;
    const struct cg_token_verifier_config good = config_of(sample);
    struct {
        const char *label;
        struct cg_token_verifier_config config;
    } rows[] = {
        {"no issuer", good},     {"no audience", good}, {"no JSON", good},
        {"no key at all", good}, {"no key set", good},  {"a long name", good},
    };
    char name[2048];
    memset(name, 'a', sizeof(name));
    rows[0].config.issuer = test_span("");
    rows[1].config.audience = (struct cg_span){NULL, 0};
    rows[2].config.jwks = test_span("{");
    rows[3].config.jwks = test_span("{\"keys\":[]}");
    rows[4].config.jwks = test_span("");
    rows[5].config.api = cg_span_of_bytes(name, sizeof(name));
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        struct cg_token_verifier *verifier = NULL;
        assert_status_row(rows[i].label, cg_token_verifier_new(&rows[i].config, &verifier),
                          CG_ERR_INPUT);
        assert_null(verifier);
    }
    assert_null(cg_token_verifier_free(NULL));
    assert_null(cg_token_claims_free(NULL));
}

static void verifier_with_keys_as_text_fetches_none(void **state)
{
    const struct sample *sample = *state;
    const struct cg_token_verifier_config config = config_of(sample);
    struct cg_token_verifier *verifier = new_verifier(&config);
    assert_int_equal(cg_token_verifier_wants_keys(verifier, SAMPLE_NOW_S), 0);
    assert_ok(cg_token_verifier_fetch_keys(verifier, SAMPLE_NOW_S));
    (void)cg_token_verifier_free(verifier);
}

static void refusal_is_answered_in_the_words_of_rfc6750(void **state)
{
    static const struct {
        enum cg_reason reason;
        const char *scope;
        unsigned status;
        const char *challenge; /* NULL: none */
    } rows[] = {
        {CG_REASON_TOKEN_MISSING, NULL, 401, "Bearer realm=\"" SAMPLE_ISSUER "\""},
        {CG_REASON_TOKEN_EXPIRED, NULL, 401,
         "Bearer realm=\"" SAMPLE_ISSUER "\", error=\"invalid_token\""},
        {CG_REASON_SCOPE_INSUFFICIENT, "documents.write", 403,
         "Bearer realm=\"" SAMPLE_ISSUER
         "\", error=\"insufficient_scope\", scope=\"documents.write\""},
        {CG_REASON_SNAPSHOT_MISSING, NULL, 503, NULL},
        {CG_REASON_INTERNAL, NULL, 500, NULL},
    };
    const struct sample *sample = *state;
    const struct cg_token_verifier_config config = config_of(sample);
    struct cg_token_verifier *verifier = new_verifier(&config);
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        char text[256] = "untouched";
        enum cg_status status = cg_token_refusal_challenge(
            verifier, rows[i].reason, cg_text(rows[i].scope), text, sizeof(text));
        assert_int_equal(cg_token_refusal_status(rows[i].reason), rows[i].status);
        assert_status_row(cg_reason_name(rows[i].reason), status,
                          rows[i].challenge ? CG_OK : CG_ERR_NOT_FOUND);
        assert_string_equal(text, rows[i].challenge ? rows[i].challenge : "untouched");
    }
    char narrow[16];
    assert_status(cg_token_refusal_challenge(verifier, CG_REASON_TOKEN_MISSING, cg_text(NULL),
                                             narrow, sizeof(narrow)),
                  CG_ERR_LIMIT);
    (void)cg_token_verifier_free(verifier);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(verifier_tells_what_a_good_token_says),
    cmocka_unit_test(verifier_tells_of_people_actors_and_narrowing),
    cmocka_unit_test(verifier_reads_the_header_as_the_gate_does),
    cmocka_unit_test(verifier_refuses_what_is_not_for_it),
    cmocka_unit_test(verifier_takes_audience_and_name_from_one_place),
    cmocka_unit_test(verifier_refuses_a_bound_token_without_what_it_is_bound_to),
    cmocka_unit_test(verifier_is_not_made_without_issuer_audience_or_keys),
    cmocka_unit_test(verifier_with_keys_as_text_fetches_none),
    cmocka_unit_test(refusal_is_answered_in_the_words_of_rfc6750),
};
TEST_MAIN_WITH(tests, sample_setup, sample_teardown)
