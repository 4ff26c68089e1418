/* SPDX-License-Identifier: Apache-2.0 */
/* Keys that are fetched: when, how often, and what holds meanwhile. The issuer is __wrap_cg_fetch.
 */
#include "base/span.h"
#include "net/fetch.h"
#include "sample.h"

#include <caregate/verify.h>

#define NOW_S SAMPLE_NOW_S

/* What the issuer answers, and how often it was asked. */
static struct {
    enum cg_status status;
    long http_status;
    struct cg_span body;
    int asked;
    char url[256];
    char ca_file[64];
} issuer;

enum cg_status __wrap_cg_fetch(const struct cg_fetch_request *request, struct cg_arena *arena,
                               struct cg_fetch_response *ret_response);

enum cg_status __wrap_cg_fetch(const struct cg_fetch_request *request, struct cg_arena *arena,
                               struct cg_fetch_response *ret_response)
{
    (void)arena;
    issuer.asked++;
    (void)snprintf(issuer.url, sizeof(issuer.url), "%s", request->url);
    (void)snprintf(issuer.ca_file, sizeof(issuer.ca_file), "%s",
                   request->ca_file != NULL ? request->ca_file : "");
    *ret_response =
        (struct cg_fetch_response){.http_status = issuer.http_status, .body = issuer.body};
    (void)snprintf(ret_response->message, sizeof(ret_response->message), "it is away");
    return issuer.status;
}

static void publish(struct cg_span jwks)
{
    issuer.status = CG_OK;
    issuer.http_status = 200;
    issuer.body = jwks;
}

static struct cg_token_verifier *new_verifier(const struct sample *sample)
{
    const struct cg_token_verifier_config config = {.issuer = CG_SPAN(SAMPLE_ISSUER),
                                                    .audience = CG_SPAN(SAMPLE_DOCUMENTS),
                                                    .ca_file = CG_SPAN("ca.pem"),
                                                    .keys_max_age_s = 3600};
    struct cg_token_verifier *verifier = NULL;
    memset(&issuer, 0, sizeof(issuer));
    publish(sample_jwks(sample, SAMPLE_LIVE, "live"));
    assert_ok(cg_token_verifier_new(&config, &verifier));
    return verifier;
}

/* A token that is good whenever it is asked about. */
static struct cg_span lasting_token(const struct sample *sample, const char *kid)
{
    struct cg_access_token token = sample_claims();
    struct cg_buf payload;
    struct cg_span text;
    token.expires_s = NOW_S + 1000000;
    cg_buf_init_arena(&payload, sample->arena, CG_LIMIT_TOKEN_BYTES);
    cg_access_token_write(&token, &payload);
    assert_ok(cg_buf_finish(&payload, &text));
    return sample_sign(
        sample, SAMPLE_LIVE,
        sample_text(sample, "{\"alg\":\"RS256\",\"typ\":\"JWT\",\"kid\":\"%s\"}", kid), text);
}

static enum cg_reason check(struct cg_token_verifier *verifier, struct cg_span token, int64_t now_s)
{
    const struct cg_token_call call = {.token = token, .now_s = now_s};
    struct cg_token_claims *claims = NULL;
    enum cg_reason reason = cg_token_verifier_check(verifier, &call, &claims);
    (void)cg_token_claims_free(claims);
    return reason;
}

static enum cg_reason check_blocking(struct cg_token_verifier *verifier, struct cg_span token,
                                     int64_t now_s)
{
    const struct cg_token_call call = {.token = token, .now_s = now_s};
    struct cg_token_claims *claims = NULL;
    enum cg_reason reason = cg_token_verifier_check_blocking(verifier, &call, &claims);
    (void)cg_token_claims_free(claims);
    return reason;
}

static void keys_come_from_the_issuer_over_its_own_address(void **state)
{
    const struct sample *sample = *state;
    struct cg_token_verifier *verifier = new_verifier(sample);
    struct cg_span token = lasting_token(sample, "live");
    assert_int_equal(check(verifier, token, NOW_S), CG_REASON_SNAPSHOT_MISSING);
    assert_int_equal(issuer.asked, 0); /* a check reaches no network */
    assert_int_equal(cg_token_verifier_wants_keys(verifier, NOW_S), 1);
    assert_ok(cg_token_verifier_fetch_keys(verifier, NOW_S));
    assert_string_equal(issuer.url, SAMPLE_ISSUER "/oauth/jwks");
    assert_string_equal(issuer.ca_file, "ca.pem");
    assert_int_equal(check(verifier, token, NOW_S), CG_REASON_NONE);
    (void)cg_token_verifier_free(verifier);
}

static void keys_are_asked_for_again_after_five_minutes(void **state)
{
    static const struct {
        int64_t after_s;
        unsigned wants;
    } rows[] = {{0, 0}, {10, 0}, {299, 0}, {300, 1}, {100000, 1}, {-60, 0}, {-61, 1}};
    const struct sample *sample = *state;
    struct cg_token_verifier *verifier = new_verifier(sample);
    assert_ok(cg_token_verifier_fetch_keys(verifier, NOW_S));
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        assert_int_equal(cg_token_verifier_wants_keys(verifier, NOW_S + rows[i].after_s),
                         rows[i].wants);
    }
    assert_ok(cg_token_verifier_fetch_keys(verifier, NOW_S + 299));
    assert_int_equal(issuer.asked, 1);
    assert_ok(cg_token_verifier_fetch_keys(verifier, NOW_S + 300));
    assert_int_equal(issuer.asked, 2);
    (void)cg_token_verifier_free(verifier);
}

static void unknown_key_has_the_keys_fetched_once_a_minute(void **state)
{
    const struct sample *sample = *state;
    struct cg_token_verifier *verifier = new_verifier(sample);
    struct cg_span old = lasting_token(sample, "live");
    struct cg_span fresh = lasting_token(sample, "next");
    assert_int_equal(check_blocking(verifier, old, NOW_S), CG_REASON_NONE);
    assert_int_equal(check_blocking(verifier, fresh, NOW_S + 1), CG_REASON_TOKEN_KEY_UNKNOWN);
    assert_int_equal(check_blocking(verifier, fresh, NOW_S + 59), CG_REASON_TOKEN_KEY_UNKNOWN);
    assert_int_equal(issuer.asked, 1);
    for (int i = 0; i < 100; i++) { /* made-up ones bring no more requests */
        assert_int_equal(check_blocking(verifier, fresh, NOW_S + 60), CG_REASON_TOKEN_KEY_UNKNOWN);
    }
    assert_int_equal(issuer.asked, 2);
    publish(sample_jwks(sample, SAMPLE_LIVE, "next"));
    assert_int_equal(check_blocking(verifier, fresh, NOW_S + 120), CG_REASON_NONE);
    assert_int_equal(issuer.asked, 3);
    assert_int_equal(check_blocking(verifier, old, NOW_S + 121), CG_REASON_TOKEN_KEY_UNKNOWN);
    (void)cg_token_verifier_free(verifier);
}

static void keys_hold_while_the_issuer_is_away_but_not_for_ever(void **state)
{
    const struct sample *sample = *state;
    struct cg_token_verifier *verifier = new_verifier(sample);
    struct cg_span token = lasting_token(sample, "live");
    char trouble[8];
    assert_int_equal(check_blocking(verifier, token, NOW_S), CG_REASON_NONE);
    issuer.status = CG_ERR_STORE;
    assert_status(cg_token_verifier_fetch_keys(verifier, NOW_S + 300), CG_ERR_STORE);
    cg_token_verifier_trouble(verifier, trouble, sizeof(trouble));
    assert_string_equal(trouble, "it is a"); /* cut off */
    assert_ok(cg_token_verifier_fetch_keys(verifier, NOW_S + 309));
    assert_int_equal(issuer.asked, 2); /* ten seconds of peace after each attempt */
    assert_int_equal(check_blocking(verifier, token, NOW_S + 3600), CG_REASON_NONE);
    assert_int_equal(check_blocking(verifier, token, NOW_S + 3601), CG_REASON_SNAPSHOT_TOO_OLD);
    publish(sample_jwks(sample, SAMPLE_LIVE, "live"));
    assert_int_equal(check_blocking(verifier, token, NOW_S + 3620), CG_REASON_NONE);
    cg_token_verifier_trouble(verifier, trouble, sizeof(trouble));
    assert_string_equal(trouble, "");
    (void)cg_token_verifier_free(verifier);
}

static void keys_stay_as_they_are_when_the_answer_is_none(void **state)
{
    const struct sample *sample = *state;
    const struct {
        const char *label;
        long http_status;
        struct cg_span body;
        enum cg_status want;
    } rows[] = {
        {"an error", 404, sample_jwks(sample, SAMPLE_TEST, "live"), CG_ERR_STORE},
        {"a redirect", 302, sample_jwks(sample, SAMPLE_TEST, "live"), CG_ERR_STORE},
        {"a page", 200, CG_SPAN("<html>"), CG_ERR_INPUT},
        {"no keys", 200, CG_SPAN("{\"keys\":[]}"), CG_ERR_INPUT},
        {"nothing", 200, CG_SPAN(""), CG_ERR_INPUT},
        {"a private key", 200, CG_SPAN("{\"keys\":[{\"kty\":\"oct\",\"k\":\"AA\"}]}"),
         CG_ERR_INPUT},
    };
    struct cg_token_verifier *verifier = new_verifier(sample);
    struct cg_span token = lasting_token(sample, "live");
    assert_int_equal(check_blocking(verifier, token, NOW_S), CG_REASON_NONE);
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        int64_t now_s = NOW_S + 300 + 10 * (int64_t)i;
        issuer.http_status = rows[i].http_status;
        issuer.body = rows[i].body;
        assert_status_row(rows[i].label, cg_token_verifier_fetch_keys(verifier, now_s),
                          rows[i].want);
        assert_int_equal(check(verifier, token, now_s), CG_REASON_NONE);
    }
    (void)cg_token_verifier_free(verifier);
}

/* Until there are keys, who asks is told each time that there are none, and why. */
static void missing_keys_are_told_between_attempts(void **state)
{
    const struct sample *sample = *state;
    struct cg_token_verifier *verifier = new_verifier(sample);
    struct cg_span token = lasting_token(sample, "live");
    issuer.status = CG_ERR_STORE;
    assert_status(cg_token_verifier_fetch_keys(verifier, NOW_S), CG_ERR_STORE);
    assert_status(cg_token_verifier_fetch_keys(verifier, NOW_S + 9), CG_ERR_STORE);
    assert_int_equal(issuer.asked, 1);
    assert_int_equal(check_blocking(verifier, token, NOW_S + 9), CG_REASON_SNAPSHOT_MISSING);
    publish(sample_jwks(sample, SAMPLE_LIVE, "live"));
    assert_int_equal(check_blocking(verifier, token, NOW_S + 10), CG_REASON_NONE);
    (void)cg_token_verifier_free(verifier);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(keys_come_from_the_issuer_over_its_own_address),
    cmocka_unit_test(keys_are_asked_for_again_after_five_minutes),
    cmocka_unit_test(unknown_key_has_the_keys_fetched_once_a_minute),
    cmocka_unit_test(keys_hold_while_the_issuer_is_away_but_not_for_ever),
    cmocka_unit_test(keys_stay_as_they_are_when_the_answer_is_none),
    cmocka_unit_test(missing_keys_are_told_between_attempts),
};
TEST_MAIN_WITH(tests, sample_setup, sample_teardown)
