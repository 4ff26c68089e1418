/* SPDX-License-Identifier: Apache-2.0 */
#include "base/span.h"
#include "codec/authz_header.h"
#include "test.h"

TEST(authz_scheme_is_read_in_any_case)
{
    static const struct {
        const char *header;
        enum cg_authz_scheme scheme;
        const char *credentials;
    } rows[] = {
        {"Bearer abc", CG_AUTHZ_BEARER, "abc"},
        {"bearer abc", CG_AUTHZ_BEARER, "abc"},
        {"BEARER   abc", CG_AUTHZ_BEARER, "abc"},
        {"Bearer abc def", CG_AUTHZ_BEARER, "abc def"},
        {"Bearer", CG_AUTHZ_BEARER, ""},
        {"Bearer ", CG_AUTHZ_BEARER, ""},
        {"Basic QTpC", CG_AUTHZ_BASIC, "QTpC"},
        {"bASIC QTpC", CG_AUTHZ_BASIC, "QTpC"},
        {"DPoP abc", CG_AUTHZ_DPOP, "abc"},
        {"dpop abc", CG_AUTHZ_DPOP, "abc"},
        {"Negotiate abc", CG_AUTHZ_OTHER, "abc"},
        {"Bearerabc", CG_AUTHZ_OTHER, ""},
        {"Bearer\tabc", CG_AUTHZ_OTHER, ""},
        {" Bearer abc", CG_AUTHZ_OTHER, "Bearer abc"},
        {"Bearer,Basic QTpC", CG_AUTHZ_OTHER, "QTpC"},
        {"", CG_AUTHZ_NONE, ""},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        struct cg_span credentials = CG_SPAN("before");
        assert_int_equal(cg_authz_scheme_of(test_span(rows[i].header), &credentials),
                         rows[i].scheme);
        assert_span_text_row(rows[i].header, credentials, rows[i].credentials);
    }
}

TEST(authz_scheme_of_an_absent_header_is_none)
{
    struct cg_span credentials = CG_SPAN("before");
    assert_int_equal(cg_authz_scheme_of((struct cg_span){NULL, 0}, &credentials), CG_AUTHZ_NONE);
    assert_null(credentials.data);
}

/* RFC 6750 §2.1 */
TEST(authz_bearer_takes_a_b64token_and_nothing_else)
{
    static const struct {
        const char *credentials;
        enum cg_status status;
    } rows[] = {
        {"mF_9.B5f-4.1JqM", CG_OK},
        {"abcXYZ019-._~+/", CG_OK},
        {"abc=", CG_OK},
        {"abc===", CG_OK},
        {"", CG_ERR_INPUT},
        {"=", CG_ERR_INPUT},
        {"=abc", CG_ERR_INPUT},
        {"ab=c", CG_ERR_INPUT},
        {"abc def", CG_ERR_INPUT},
        {"abc ", CG_ERR_INPUT},
        {"abc,def", CG_ERR_INPUT},
        {"abc\r\nX: y", CG_ERR_INPUT},
        {"abc\"", CG_ERR_INPUT},
        {"abc\xc3\xa9", CG_ERR_INPUT},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        struct cg_span token = CG_SPAN("before");
        assert_status_row(rows[i].credentials,
                          cg_authz_bearer(test_span(rows[i].credentials), &token), rows[i].status);
        assert_span_text(token, rows[i].status == CG_OK ? rows[i].credentials : "before");
    }
    struct cg_span token = {NULL, 0};
    assert_status(cg_authz_bearer((struct cg_span){NULL, 0}, &token), CG_ERR_INPUT);
    assert_status(cg_authz_bearer(cg_span_of_bytes("a\0b", 3), &token), CG_ERR_INPUT);
}

TEST(authz_basic_reads_id_and_password)
{
    static const struct {
        const char *credentials;
        const char *id;
        const char *secret;
    } rows[] = {
        /* RFC 7617 §2 and §2.1 */
        {"QWxhZGRpbjpvcGVuIHNlc2FtZQ==", "Aladdin", "open sesame"},
        {"dGVzdDoxMjPCow==", "test", "123\xc2\xa3"},
        /* "a:b:c": the first colon parts them */
        {"YTpiOmM=", "a", "b:c"},
        /* ":", "a:" and ":b" */
        {"Og==", "", ""},
        {"YTo=", "a", ""},
        {"OmI=", "", "b"},
        /* RFC 6749 §2.3.1: "a%3Ab:c%25+d" */
        {"YSUzQWI6YyUyNStk", "a:b", "c% d"},
    };
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = NULL;
    assert_ok(cg_arena_new(4096, &arena));
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        struct cg_span id = {NULL, 0};
        struct cg_span secret = {NULL, 0};
        assert_status_row(rows[i].credentials,
                          cg_authz_basic(test_span(rows[i].credentials), arena, &id, &secret),
                          CG_OK);
        assert_span_text_row(rows[i].credentials, id, rows[i].id);
        assert_span_text_row(rows[i].credentials, secret, rows[i].secret);
    }
}

TEST(authz_basic_refuses_what_is_malformed)
{
    static const struct {
        const char *label;
        const char *credentials;
    } rows[] = {
        {"nothing", ""},
        {"no colon", "YWJj"},
        {"no base64", "a:b"},
        {"no padding", "YTo"},
        {"base64url", "-_-_"},
        {"something behind it", "YTpi YTpi"},
        {"a zero byte: a\\0:b", "YQA6Yg=="},
        {"a zero byte: a:b\\0", "YTpiAA=="},
        {"a bad escape in the id: a%:b", "YSU6Yg=="},
        {"a bad escape in the secret: a:b%zz", "YTpiJXp6"},
        {"an escaped zero byte: a:%00", "YTolMDA="},
        {"bad UTF-8: a:\\xff", "YTr/"},
    };
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = NULL;
    assert_ok(cg_arena_new(4096, &arena));
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        struct cg_span id = CG_SPAN("id");
        struct cg_span secret = CG_SPAN("secret");
        assert_status_row(rows[i].label,
                          cg_authz_basic(test_span(rows[i].credentials), arena, &id, &secret),
                          CG_ERR_INPUT);
        assert_span_text(id, "id");
        assert_span_text(secret, "secret");
    }
}

TEST(authz_basic_fails_when_its_arena_is_used_up)
{
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = NULL;
    struct cg_span id = {NULL, 0};
    struct cg_span secret = {NULL, 0};
    for (size_t max = 16; max <= 32; max += 16) {
        assert_ok(cg_arena_new(max, &arena));
        assert_status(cg_authz_basic(test_span("YTpi"), arena, &id, &secret), CG_ERR_LIMIT);
        arena = cg_arena_free(arena);
    }
    assert_ok(cg_arena_new(48, &arena));
    assert_ok(cg_authz_basic(test_span("YTpi"), arena, &id, &secret));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(authz_scheme_is_read_in_any_case),
    cmocka_unit_test(authz_scheme_of_an_absent_header_is_none),
    cmocka_unit_test(authz_bearer_takes_a_b64token_and_nothing_else),
    cmocka_unit_test(authz_basic_reads_id_and_password),
    cmocka_unit_test(authz_basic_refuses_what_is_malformed),
    cmocka_unit_test(authz_basic_fails_when_its_arena_is_used_up),
};
TEST_MAIN(tests)
