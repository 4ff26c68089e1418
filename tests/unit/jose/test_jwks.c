/* SPDX-License-Identifier: Apache-2.0 */
#include "jose_test.h"

#include "jose/jwks.h"

/* The members n and e of RFC 7638's example. */
static struct cg_span numbers(struct cg_arena *arena)
{
    CG_CLEANUP(cg_json_free_at)
    struct cg_json *json = parse_json(read_vector(arena, "rfc7638/3.1.jwk"));
    struct cg_span n = {0};
    assert_ok(cg_json_member_string(cg_json_root(json), "n", &n));
    struct cg_buf buf;
    cg_buf_init_arena(&buf, arena, VECTOR_BYTES);
    cg_buf_put_string(&buf, "\"n\":\"");
    cg_buf_put(&buf, n);
    cg_buf_put_string(&buf, "\",\"e\":\"AQAB\"");
    struct cg_span text = {0};
    assert_ok(cg_buf_finish(&buf, &text));
    return text;
}

/* Parses a set as text in which '#' stands for the members n and e. */
static enum cg_status parse_by(const char *pattern, enum cg_jwk_rule rule,
                               struct cg_jwks **ret_jwks)
{
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = new_arena();
    struct cg_span members = numbers(arena);
    struct cg_buf buf;
    cg_buf_init_arena(&buf, arena, ARENA_BYTES / 2);
    for (const char *at = pattern; *at != '\0'; at++) {
        if (*at == '#') {
            cg_buf_put(&buf, members);
        } else {
            cg_buf_put_byte(&buf, (uint8_t)*at);
        }
    }
    struct cg_span text = {0};
    assert_ok(cg_buf_finish(&buf, &text));
    CG_CLEANUP(cg_json_free_at) struct cg_json *json = parse_json(text);
    return cg_jwks_parse(cg_json_root(json), rule, ret_jwks);
}

static enum cg_status parse(const char *pattern, struct cg_jwks **ret_jwks)
{
    return parse_by(pattern, CG_JWK_NAMES_ALG, ret_jwks);
}

#define RSA_KEY(kid) "{\"kty\":\"RSA\",\"alg\":\"RS256\",\"kid\":\"" kid "\",#}"

/* RFC 7517 appendix A.1: an EC key for encryption and an RSA key. */
TEST(jwks_reads_the_rsa_key_of_rfc7517)
{
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = new_arena();
    CG_CLEANUP(cg_json_free_at)
    struct cg_json *json = parse_json(read_vector(arena, "rfc7517/a1.jwks"));
    CG_CLEANUP(cg_jwks_free_at) struct cg_jwks *jwks = NULL;
    assert_ok(cg_jwks_parse(cg_json_root(json), CG_JWK_NAMES_ALG, &jwks));
    assert_int_equal(cg_jwks_count(jwks), 1);
    const struct cg_jwk *jwk = cg_jwks_find(jwks, CG_SPAN_OF("2011-04-29"));
    assert_non_null(jwk);
    assert_ptr_equal(cg_jwks_at(jwks, 0), jwk);
    assert_null(cg_jwks_at(jwks, 1));
    assert_null(cg_jwks_find(jwks, CG_SPAN_OF("1")));
}

TEST(jwks_passes_over_keys_it_cannot_use)
{
    static const struct {
        const char *label;
        const char *set;
        size_t count;
    } rows[] = {
        {"empty", "{\"keys\":[]}", 0},
        {"two", "{\"keys\":[" RSA_KEY("a") "," RSA_KEY("b") "]}", 2},
        {"other members beside", "{\"x\":1,\"keys\":[" RSA_KEY("a") "]}", 1},
        {"unknown type", "{\"keys\":[{\"kty\":\"OKP\",\"alg\":\"EdDSA\",\"x\":\"AA\"}]}", 0},
        {"no type", "{\"keys\":[{}," RSA_KEY("a") "]}", 1},
        {"no alg", "{\"keys\":[{\"kty\":\"RSA\",#}]}", 0},
        {"unknown alg", "{\"keys\":[{\"kty\":\"RSA\",\"alg\":\"RSA-OAEP\",\"use\":\"enc\",#}]}", 0},
        {"for encryption", "{\"keys\":[{\"kty\":\"RSA\",\"alg\":\"RS256\",\"use\":\"enc\",#}]}", 0},
        {"malformed", "{\"keys\":[{\"kty\":\"RSA\",\"alg\":\"RS256\",\"n\":\"?\",\"e\":\"AQAB\"}]}",
         0},
        {"one kid, one usable",
         "{\"keys\":[" RSA_KEY("a") ",{\"kty\":\"EC\",\"alg\":\"ES256\",\"kid\":\"a\"}]}", 1},
        {"two without a kid",
         "{\"keys\":[{\"kty\":\"RSA\",\"alg\":\"RS256\",#},{\"kty\":\"RSA\",\"alg\":\"RS256\",#}]}",
         2},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        CG_CLEANUP(cg_jwks_free_at) struct cg_jwks *jwks = NULL;
        assert_status_row(rows[i].label, parse(rows[i].set, &jwks), CG_OK);
        assert_int_equal(cg_jwks_count(jwks), rows[i].count);
    }
}

TEST(jwks_refuses_sets_that_are_wrong_as_a_whole)
{
    static const struct {
        const char *label;
        const char *set;
    } rows[] = {
        {"no object", "[]"},
        {"no keys", "{}"},
        {"keys an object", "{\"keys\":{}}"},
        {"keys a string", "{\"keys\":\"\"}"},
        {"an element that is no object", "{\"keys\":[" RSA_KEY("a") ",\"a\"]}"},
        {"null", "{\"keys\":[null]}"},
        {"a kid twice", "{\"keys\":[" RSA_KEY("a") "," RSA_KEY("b") "," RSA_KEY("a") "]}"},
        {"a private RSA key",
         "{\"keys\":[{\"kty\":\"RSA\",\"alg\":\"RS256\",\"kid\":\"a\",#,\"d\":\"AQ\"}]}"},
        {"a private EC key", "{\"keys\":[" RSA_KEY("a") ",{\"kty\":\"EC\",\"d\":\"AQ\"}]}"},
        {"a shared secret", "{\"keys\":[{\"kty\":\"oct\",\"k\":\"AQ\"}]}"},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        struct cg_jwks *jwks = NULL;
        assert_status_row(rows[i].label, parse(rows[i].set, &jwks), CG_ERR_INPUT);
        assert_null(jwks);
    }
}

#define SIGNS(kid, alg) "{\"kty\":\"RSA\",\"alg\":\"" alg "\",\"kid\":\"" kid "\",#}"
#define SIGNS_ANY(kid) "{\"kty\":\"RSA\",\"kid\":\"" kid "\",#}"
#define CURVE(kid)                                                                                 \
    "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"kid\":\"" kid "\","                                    \
    "\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}"

/* RFC 7517 §4.5: a kid need not be one key's. Others' sets are taken as they are. */
TEST(jwks_of_others_may_have_a_kid_for_several_algorithms)
{
    static const struct {
        const char *label;
        const char *set;
        size_t count;
        bool twins;
    } rows[] = {
        {"two kids", "{\"keys\":[" SIGNS("a", "RS256") "," SIGNS("b", "RS256") "]}", 2, false},
        {"a key for two algorithms", "{\"keys\":[" SIGNS("a", "RS256") "," SIGNS("a", "PS256") "]}",
         2, false},
        {"two types of key", "{\"keys\":[" CURVE("a") "," SIGNS_ANY("a") "]}", 2, false},
        {"two of one algorithm",
         "{\"keys\":[" SIGNS("a", "RS256") "," SIGNS("b", "RS256") "," SIGNS("a", "RS256") "]}", 3,
         true},
        {"one of any algorithm beside", "{\"keys\":[" SIGNS_ANY("a") "," SIGNS("a", "PS256") "]}",
         2, true},
        {"two without a kid", "{\"keys\":[{\"kty\":\"RSA\",#},{\"kty\":\"RSA\",#}]}", 2, false},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        CG_CLEANUP(cg_jwks_free_at) struct cg_jwks *jwks = NULL;
        assert_status_row(rows[i].label, parse_by(rows[i].set, CG_JWK_MAY_NAME_ALG, &jwks), CG_OK);
        assert_int_equal(cg_jwks_count(jwks), rows[i].count);
        if (cg_jwks_has_twins(jwks) != rows[i].twins) {
            fail_msg("%s", rows[i].label);
        }
    }
}

static enum cg_status parse_many(size_t count)
{
    struct cg_buf buf;
    cg_buf_init(&buf, VECTOR_BYTES);
    cg_buf_put_string(&buf, "{\"keys\":[");
    for (size_t i = 0; i < count; i++) {
        cg_buf_put_string(&buf, i == 0 ? "{}" : ",{}");
    }
    cg_buf_put_string(&buf, "]}");
    struct cg_span text = {0};
    assert_ok(cg_buf_finish(&buf, &text));
    CG_CLEANUP(cg_json_free_at) struct cg_json *json = parse_json(text);
    cg_buf_release(&buf);
    CG_CLEANUP(cg_jwks_free_at) struct cg_jwks *jwks = NULL;
    return cg_jwks_parse(cg_json_root(json), CG_JWK_NAMES_ALG, &jwks);
}

TEST(jwks_is_bounded)
{
    assert_ok(parse_many(CG_LIMIT_JWKS_KEYS));
    assert_status(parse_many(CG_LIMIT_JWKS_KEYS + 1), CG_ERR_LIMIT);
}

/* Whatever a kid looks like to a file system, a database or a fetcher, it is bytes to compare. */
TEST(jwks_only_ever_compares_a_kid)
{
    static const struct cg_span strangers[] = {
        CG_SPAN("../../../etc/passwd"),
        CG_SPAN("/dev/null"),
        CG_SPAN("a' or '1'='1"),
        CG_SPAN("a\" union select 'AQAB"),
        CG_SPAN("a; drop table signing_key"),
        CG_SPAN("https://evil.example/jwks.json"),
        CG_SPAN("file:///etc/passwd"),
        CG_SPAN("a\0b"),
        CG_SPAN("A"),
        CG_SPAN("a "),
        CG_SPAN("*"),
        CG_SPAN("%61"),
        CG_SPAN(""),
        {NULL, 0},
    };
    CG_CLEANUP(cg_jwks_free_at) struct cg_jwks *jwks = NULL;
    assert_ok(parse("{\"keys\":[" RSA_KEY("a") ",{\"kty\":\"RSA\",\"alg\":\"RS256\",#}]}", &jwks));
    assert_int_equal(cg_jwks_count(jwks), 2);
    for (size_t i = 0; i < TEST_COUNT(strangers); i++) {
        assert_null(cg_jwks_find(jwks, strangers[i]));
    }
    assert_non_null(cg_jwks_find(jwks, CG_SPAN_OF("a")));
}

TEST(jwks_finds_a_kid_that_looks_like_a_path)
{
    CG_CLEANUP(cg_jwks_free_at) struct cg_jwks *jwks = NULL;
    assert_ok(parse("{\"keys\":[" RSA_KEY("../a") "]}", &jwks));
    assert_non_null(cg_jwks_find(jwks, CG_SPAN_OF("../a")));
    assert_null(cg_jwks_find(jwks, CG_SPAN_OF("a")));
}

TEST(jwks_free_accepts_null)
{
    assert_null(cg_jwks_free(NULL));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(jwks_reads_the_rsa_key_of_rfc7517),
    cmocka_unit_test(jwks_passes_over_keys_it_cannot_use),
    cmocka_unit_test(jwks_refuses_sets_that_are_wrong_as_a_whole),
    cmocka_unit_test(jwks_of_others_may_have_a_kid_for_several_algorithms),
    cmocka_unit_test(jwks_is_bounded),
    cmocka_unit_test(jwks_only_ever_compares_a_kid),
    cmocka_unit_test(jwks_finds_a_kid_that_looks_like_a_path),
    cmocka_unit_test(jwks_free_accepts_null),
};

TEST_MAIN(tests)
