/* SPDX-License-Identifier: Apache-2.0 */
/* What servers say, truly or not, and what becomes of it. */
#include "agent/answer.h"

#include "base/buf.h"
#include "base/span.h"
#include "codec/base64url.h"
#include "test.h"

#define NOW_S INT64_C(1800000000)
#define ARENA_BYTES ((size_t)1 << 20)
#define DEFAULT_LIFE_S 300

static const struct cg_span hidden[] = {CG_SPAN("s3cret-of-ours")};

static enum cg_status read_as(enum cg_client_token_type type,
                              const struct cg_fetch_response *response,
                              struct cg_client_answer *ret_answer)
{
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = NULL;
    const struct cg_answer_demand demand = {
        .type = type,
        .now_s = NOW_S,
        .default_life_s = DEFAULT_LIFE_S,
        .hidden = hidden,
        .hidden_count = TEST_COUNT(hidden),
    };
    assert_ok(cg_arena_new(ARENA_BYTES, &arena));
    enum cg_status status = cg_answer_read(response, &demand, arena, ret_answer);
    assert_int_equal(status, cg_answer_status(ret_answer->outcome));
    assert_true((status == CG_OK) == (ret_answer->token_len > 0));
    assert_true((status == CG_OK) == (ret_answer->trouble[0] == '\0'));
    return status;
}

static enum cg_status read_body(const char *body, struct cg_client_answer *ret_answer)
{
    const struct cg_fetch_response response = {.http_status = 200, .body = test_span(body)};
    return read_as(CG_CLIENT_TOKEN_BEARER, &response, ret_answer);
}

#define GOOD "\"access_token\":\"opaque-._~+/==\",\"token_type\":\"bearer\""

TEST(a_token_response_gives_token_type_and_end)
{
    struct cg_client_answer answer;
    assert_ok(read_body("{" GOOD ",\"expires_in\":600,\"refresh_token\":\"r\"}", &answer));
    assert_string_equal(answer.token, "opaque-._~+/==");
    assert_int_equal(answer.token_len, strlen(answer.token));
    assert_int_equal(answer.type, CG_CLIENT_TOKEN_BEARER);
    assert_int_equal(answer.life_s, 600);
    assert_int_equal(answer.expires_s, NOW_S + 600);
}

TEST(lies_about_a_life_are_no_token)
{
    static const struct {
        const char *expires_in;
        int64_t life_s; /* 0: it is refused */
    } rows[] = {
        {"300", 300},
        {"\"599\"", 599}, /* as some servers write it */
        {"1", 1},
        {"86400", 86400},
        {"86401", 86400},
        {"31622400", 86400},
        {"31622401", 0},
        {"0", 0},
        {"-1", 0},
        {"9223372036854775807", 0},
        {"-9223372036854775808", 0},
        {"\"0\"", 0},
        {"\"-5\"", 0},
        {"\"\"", 0},
        {"\"soon\"", 0},
        {"null", 0},
        {"true", 0},
        {"[300]", 0},
        {"{}", 0},
        {"1e9", 0},
        {"0.5", 0},
    };
    struct cg_client_answer answer;
    char body[256];
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        (void)snprintf(body, sizeof(body), "{" GOOD ",\"expires_in\":%s}", rows[i].expires_in);
        enum cg_status want = rows[i].life_s > 0 ? CG_OK : CG_ERR_INPUT;
        assert_status_row(rows[i].expires_in, read_body(body, &answer), want);
        assert_int_equal(answer.life_s, rows[i].life_s);
    }
}

/* A response with a JWT that has these claims. */
static enum cg_status read_jwt(const char *claims, const char *more,
                               struct cg_client_answer *ret_answer)
{
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = NULL;
    struct cg_buf buf;
    struct cg_span body;
    assert_ok(cg_arena_new(ARENA_BYTES, &arena));
    cg_buf_init_arena(&buf, arena, 4096);
    cg_buf_put_string(&buf, "{\"token_type\":\"Bearer\",\"access_token\":\"eyJhbGciOiJFUzI1NiJ9.");
    cg_base64url_encode(test_span(claims), &buf);
    cg_buf_put_string(&buf, ".AAAA\"");
    cg_buf_put_string(&buf, more);
    cg_buf_put_string(&buf, "}");
    assert_ok(cg_buf_finish(&buf, &body));
    const struct cg_fetch_response response = {.http_status = 200, .body = body};
    return read_as(CG_CLIENT_TOKEN_BEARER, &response, ret_answer);
}

TEST(the_end_of_a_jwt_counts_where_it_comes_first)
{
    static const struct {
        const char *claims;
        const char *more;
        int64_t life_s; /* 0: it is refused */
    } rows[] = {
        {"{\"exp\":1800000200}", "", 200},
        {"{\"exp\":1800000200}", ",\"expires_in\":100", 100},
        {"{\"exp\":1800000200}", ",\"expires_in\":900", 200},
        {"{\"exp\":1800000000}", "", 0},
        {"{\"exp\":1799999999}", ",\"expires_in\":300", 0},
        {"{\"exp\":-1}", "", 0},
        {"{\"exp\":1900000000}", "", 86400},
        {"{\"exp\":9223372036854775807,\"iat\":0}", "", 86400},
        /* This machine's clock is behind: the life is what was meant. */
        {"{\"iat\":1800000600,\"exp\":1800000900}", "", 300},
        /* Nothing of use is said. */
        {"{\"exp\":\"1800000200\"}", "", DEFAULT_LIFE_S},
        {"{\"exp\":1800000200.5}", "", DEFAULT_LIFE_S},
        {"{}", ",\"expires_in\":77", 77},
        {"[1]", "", DEFAULT_LIFE_S},
        {"no JSON", "", DEFAULT_LIFE_S},
    };
    struct cg_client_answer answer;
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        enum cg_status want = rows[i].life_s > 0 ? CG_OK : CG_ERR_INPUT;
        assert_status_row(rows[i].claims, read_jwt(rows[i].claims, rows[i].more, &answer), want);
        if (answer.life_s != rows[i].life_s) {
            fail_msg("%s%s: %lld s", rows[i].claims, rows[i].more, (long long)answer.life_s);
        }
    }
}

TEST(an_opaque_token_of_which_nothing_is_said_lives_as_configured)
{
    static const char *const rows[] = {"opaque", "a.b", "a..c", "a.b.c.d", "eyJ.e30.", "a.b.c.d.e"};
    struct cg_client_answer answer;
    char body[256];
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        (void)snprintf(body, sizeof(body), "{\"access_token\":\"%s\",\"token_type\":\"Bearer\"}",
                       rows[i]);
        assert_status_row(rows[i], read_body(body, &answer), CG_OK);
        assert_int_equal(answer.life_s, DEFAULT_LIFE_S);
    }
}

TEST(what_is_no_token_response_is_no_token)
{
    static const char *const rows[] = {
        "",
        "<html>",
        "{",
        "[]",
        "\"token\"",
        "{}",
        "{\"access_token\":7,\"token_type\":\"Bearer\"}",
        "{\"access_token\":null,\"token_type\":\"Bearer\"}",
        "{\"access_token\":\"a\"}",
        "{\"access_token\":\"a\",\"token_type\":\"DPoP\"}",
        "{\"access_token\":\"a\",\"token_type\":\"mac\"}",
        "{\"access_token\":\"a\",\"token_type\":\"Bearer \"}",
        "{\"access_token\":\"a\",\"token_type\":[\"Bearer\"]}",
        "{\"access_token\":\"a\",\"access_token\":\"b\",\"token_type\":\"Bearer\"}",
        "{\"access_token\":\"a\",\"token_type\":\"Bearer\"} more",
        /* Characters that would end the header, or begin another. */
        "{\"access_token\":\"\",\"token_type\":\"Bearer\"}",
        "{\"access_token\":\"a b\",\"token_type\":\"Bearer\"}",
        "{\"access_token\":\"a\\r\\nX: y\",\"token_type\":\"Bearer\"}",
        "{\"access_token\":\"a\\n\",\"token_type\":\"Bearer\"}",
        "{\"access_token\":\"a\\u0000b\",\"token_type\":\"Bearer\"}",
        "{\"access_token\":\"a,b\",\"token_type\":\"Bearer\"}",
        "{\"access_token\":\"a\\\"b\",\"token_type\":\"Bearer\"}",
        "{\"access_token\":\"\\u00e9\",\"token_type\":\"Bearer\"}",
        "{\"access_token\":\"===\",\"token_type\":\"Bearer\"}",
        "{\"access_token\":\"a=b\",\"token_type\":\"Bearer\"}",
    };
    struct cg_client_answer answer;
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        assert_status_row(rows[i], read_body(rows[i], &answer), CG_ERR_INPUT);
        assert_int_equal(answer.outcome, CG_CLIENT_NOT_UNDERSTOOD);
    }
}

TEST(a_token_for_a_key_is_bound_to_it_or_none)
{
    static const struct {
        const char *type;
        enum cg_status status;
    } rows[] = {{"DPoP", CG_OK}, {"dpop", CG_OK}, {"Bearer", CG_ERR_INPUT}};
    struct cg_client_answer answer;
    char body[128];
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        (void)snprintf(body, sizeof(body), "{\"access_token\":\"a\",\"token_type\":\"%s\"}",
                       rows[i].type);
        const struct cg_fetch_response response = {.http_status = 200, .body = test_span(body)};
        assert_status_row(rows[i].type, read_as(CG_CLIENT_TOKEN_DPOP, &response, &answer),
                          rows[i].status);
    }
    assert_non_null(strstr(answer.trouble, "DPoP"));
}

TEST(a_token_that_fits_no_header_is_refused)
{
    static char body[CG_CLIENT_TOKEN_MAX + 128];
    struct cg_client_answer answer;
    for (size_t more = 0; more < 2; more++) {
        size_t len = (size_t)CG_CLIENT_TOKEN_MAX + more;
        static const char head[] = "{\"token_type\":\"Bearer\",\"access_token\":\"";
        memcpy(body, head, sizeof(head) - 1);
        memset(body + sizeof(head) - 1, 'a', len);
        memcpy(body + sizeof(head) - 1 + len, "\"}", 3);
        assert_status(read_body(body, &answer), more == 0 ? CG_OK : CG_ERR_INPUT);
    }
    assert_int_equal(answer.outcome, CG_CLIENT_TOO_LARGE);
}

TEST(each_failure_has_its_kind)
{
    static const struct {
        long http_status;
        unsigned retry_after_s;
        const char *body;
        enum cg_client_outcome outcome;
        const char *error;
    } rows[] = {
        {400, 0, "{\"error\":\"invalid_scope\"}", CG_CLIENT_REFUSED, "invalid_scope"},
        {401, 0, "{\"error\":\"invalid_client\"}", CG_CLIENT_REFUSED, "invalid_client"},
        {403, 0, "<html>", CG_CLIENT_REFUSED, ""},
        {404, 0, "", CG_CLIENT_REFUSED, ""},
        {400, 0, "{\"error\":7}", CG_CLIENT_REFUSED, ""},
        {429, 9, "{\"error\":\"slow_down\"}", CG_CLIENT_RATE_LIMITED, "slow_down"},
        {429, 0, "", CG_CLIENT_RATE_LIMITED, ""},
        {503, 9, "", CG_CLIENT_RATE_LIMITED, ""},
        {503, 0, "{\"error\":\"temporarily_unavailable\"}", CG_CLIENT_SERVER_FAILED,
         "temporarily_unavailable"},
        {500, 9, "", CG_CLIENT_SERVER_FAILED, ""},
        {599, 0, "", CG_CLIENT_SERVER_FAILED, ""},
        {301, 0, "{" GOOD "}", CG_CLIENT_REDIRECTED, ""},
        {302, 0, "", CG_CLIENT_REDIRECTED, ""},
        {307, 0, "", CG_CLIENT_REDIRECTED, ""},
        {201, 0, "{" GOOD "}", CG_CLIENT_NOT_UNDERSTOOD, ""},
        {204, 0, "", CG_CLIENT_NOT_UNDERSTOOD, ""},
        {100, 0, "", CG_CLIENT_NOT_UNDERSTOOD, ""},
    };
    struct cg_client_answer answer;
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        const struct cg_fetch_response response = {.http_status = rows[i].http_status,
                                                   .retry_after_s = rows[i].retry_after_s,
                                                   .body = test_span(rows[i].body)};
        assert_true(read_as(CG_CLIENT_TOKEN_BEARER, &response, &answer) != CG_OK);
        if (answer.outcome != rows[i].outcome) {
            fail_msg("%ld %s: %d", rows[i].http_status, rows[i].body, (int)answer.outcome);
        }
        assert_string_equal(answer.error, rows[i].error);
        assert_int_equal(answer.retry_after_s, rows[i].retry_after_s);
        assert_int_equal(answer.http_status, rows[i].http_status);
    }
}

static const char *trouble_of(const char *error, const char *description)
{
    static struct cg_client_answer answer;
    char body[2048];
    (void)snprintf(body, sizeof(body), "{\"error\":\"%s\",\"error_description\":\"%s\"}", error,
                   description);
    const struct cg_fetch_response response = {.http_status = 401, .body = test_span(body)};
    assert_status(read_as(CG_CLIENT_TOKEN_BEARER, &response, &answer), CG_ERR_AUTHORISATION);
    return answer.trouble;
}

TEST(a_refusal_is_told_in_the_servers_words_but_not_what_is_secret)
{
    assert_string_equal(trouble_of("invalid_client", "no such client"),
                        "it answered 401 invalid_client: no such client");
    assert_string_equal(trouble_of("invalid_client", "s3cret-of-ours is wrong"),
                        "it answered 401 invalid_client: no description");
    assert_string_equal(trouble_of("invalid_client", "bad eyJhbGciOiJub25lIn0.e30."),
                        "it answered 401 invalid_client: no description");
    assert_string_equal(trouble_of("s3cret-of-ours", "x"), "it answered 401: x");
    assert_string_equal(trouble_of("e", "a\\nb\\u001b[2Jc"), "it answered 401 e: a?b?[2Jc");
}

/* What is cut off may have been the end of a secret. */
TEST(a_secret_that_the_end_of_a_long_description_cuts_is_not_told_in_part)
{
    char description[512];
    memset(description, 'x', sizeof(description));
    (void)snprintf(description + 250, sizeof(description) - 250, "s3cret-of-ours");
    assert_null(strstr(trouble_of("e", description), "s3cret"));
}

TEST(a_long_error_is_left_out_and_a_long_description_cut)
{
    char longest[600];
    memset(longest, 'e', sizeof(longest));
    longest[sizeof(longest) - 1] = '\0';
    assert_string_equal(trouble_of(longest, "d"), "it answered 401: d");
    assert_true(strlen(trouble_of("e", longest)) < 300);
}

TEST(a_lack_of_an_answer_has_its_kind)
{
    struct cg_client_answer answer;
    struct cg_fetch_response response = {.message = "Connection refused"};
    assert_status(cg_answer_lack(&response, CG_ERR_STORE, &answer), CG_ERR_STORE);
    assert_int_equal(answer.outcome, CG_CLIENT_UNREACHABLE);
    assert_string_equal(answer.trouble, "Connection refused");
    response.failed_tls = true;
    assert_status(cg_answer_lack(&response, CG_ERR_STORE, &answer), CG_ERR_AUTHENTICATION);
    assert_int_equal(answer.outcome, CG_CLIENT_TLS_FAILED);
    assert_status(cg_answer_lack(&response, CG_ERR_LIMIT, &answer), CG_ERR_INPUT);
    assert_int_equal(answer.outcome, CG_CLIENT_TOO_LARGE);
    response.message[0] = '\0';
    assert_status(cg_answer_lack(&response, CG_ERR_LIMIT, &answer), CG_ERR_LIMIT);
    assert_int_equal(answer.outcome, CG_CLIENT_TROUBLED);
    assert_status(cg_answer_lack(&response, CG_ERR_CRYPTO, &answer), CG_ERR_CRYPTO);
    assert_int_equal(answer.outcome, CG_CLIENT_TROUBLED);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_token_response_gives_token_type_and_end),
    cmocka_unit_test(lies_about_a_life_are_no_token),
    cmocka_unit_test(the_end_of_a_jwt_counts_where_it_comes_first),
    cmocka_unit_test(an_opaque_token_of_which_nothing_is_said_lives_as_configured),
    cmocka_unit_test(what_is_no_token_response_is_no_token),
    cmocka_unit_test(a_token_for_a_key_is_bound_to_it_or_none),
    cmocka_unit_test(a_token_that_fits_no_header_is_refused),
    cmocka_unit_test(each_failure_has_its_kind),
    cmocka_unit_test(a_refusal_is_told_in_the_servers_words_but_not_what_is_secret),
    cmocka_unit_test(a_secret_that_the_end_of_a_long_description_cuts_is_not_told_in_part),
    cmocka_unit_test(a_long_error_is_left_out_and_a_long_description_cut),
    cmocka_unit_test(a_lack_of_an_answer_has_its_kind),
};

TEST_MAIN(tests)
