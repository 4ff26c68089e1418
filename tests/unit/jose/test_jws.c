/* SPDX-License-Identifier: Apache-2.0 */
#include "jose_test.h"

static const struct cg_span nothing = {NULL, 0};

static const struct cg_alg *rs256(void)
{
    return cg_alg_of(CG_KEY_RSA_SHA256);
}

/* The header as JSON text, in the arena. */
static struct cg_span header_of(struct cg_arena *arena, struct cg_span typ, struct cg_span kid)
{
    struct cg_buf buf;
    struct cg_span json = {0};
    cg_buf_init_arena(&buf, arena, 1024);
    assert_ok(cg_jws_header(rs256(), typ, kid, &buf));
    assert_ok(cg_base64url_decode_arena(cg_span_of_bytes(buf.data, buf.len), arena, &json));
    return json;
}

/* The contract fixes the order: a token begins eyJhbGciOiJSUzI. */
TEST(jws_header_begins_with_the_algorithm)
{
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = new_arena();
    assert_span_text(header_of(arena, CG_SPAN_OF("JWT"), CG_SPAN_OF("k1")),
                     "{\"alg\":\"RS256\",\"typ\":\"JWT\",\"kid\":\"k1\"}");
    struct cg_buf buf;
    cg_buf_init_arena(&buf, arena, 1024);
    assert_ok(cg_jws_header(rs256(), CG_SPAN_OF("JWT"), CG_SPAN_OF("k1"), &buf));
    assert_true(
        cg_span_starts_with(cg_span_of_bytes(buf.data, buf.len), CG_SPAN_OF("eyJhbGciOiJSUzI")));
}

TEST(jws_header_leaves_out_what_is_absent)
{
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = new_arena();
    assert_span_text(header_of(arena, nothing, CG_SPAN_OF("k1")),
                     "{\"alg\":\"RS256\",\"kid\":\"k1\"}");
    assert_span_text(header_of(arena, CG_SPAN_OF("at+jwt"), nothing),
                     "{\"alg\":\"RS256\",\"typ\":\"at+jwt\"}");
}

TEST(jws_header_escapes_a_kid)
{
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = new_arena();
    assert_span_text(header_of(arena, nothing, CG_SPAN_OF("k\",\"alg\":\"none")),
                     "{\"alg\":\"RS256\",\"kid\":\"k\\\",\\\"alg\\\":\\\"none\"}");
}

TEST(jws_header_is_bounded)
{
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = new_arena();
    static const uint8_t long_kid[CG_LIMIT_TOKEN_BYTES] = {'k'};
    struct cg_buf buf;
    cg_buf_init_arena(&buf, arena, 8);
    assert_status(cg_jws_header(rs256(), nothing, CG_SPAN_OF("k1"), &buf), CG_ERR_LIMIT);
    cg_buf_init_arena(&buf, arena, ARENA_BYTES / 2);
    assert_status(
        cg_jws_header(rs256(), nothing, cg_span_of_bytes(long_kid, sizeof(long_kid)), &buf),
        CG_ERR_LIMIT);
}

static int new_signing_key(void **state)
{
    struct cg_key *key = NULL;
    assert_ok(cg_key_generate(CG_KEY_RSA_SHA256, 2048, &key));
    *state = key;
    return 0;
}

static int free_signing_key(void **state)
{
    (void)cg_key_free(*state);
    return 0;
}

static void jws_make_is_what_split_and_verify_accept(void **state)
{
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = new_arena();
    CG_CLEANUP(cg_signer_free_at) struct cg_signer *signer = NULL;
    CG_CLEANUP(cg_verifier_free_at) struct cg_verifier *verifier = NULL;
    assert_ok(cg_signer_new(*state, &signer));
    assert_ok(cg_verifier_new(*state, &verifier));
    struct cg_buf header;
    struct cg_buf buf;
    cg_buf_init_arena(&header, arena, 256);
    cg_buf_init_arena(&buf, arena, CG_LIMIT_TOKEN_BYTES);
    assert_ok(cg_jws_header(rs256(), CG_SPAN_OF("JWT"), CG_SPAN_OF("k1"), &header));
    assert_ok(cg_jws_make(cg_span_of_bytes(header.data, header.len), CG_SPAN_OF("{\"sub\":\"c\"}"),
                          signer, &buf));
    struct cg_jws jws = {0};
    struct cg_fault fault = {0};
    assert_ok(cg_jws_split(cg_span_of_bytes(buf.data, buf.len), arena, &fault, &jws));
    assert_span_text(jws.payload, "{\"sub\":\"c\"}");
    assert_span_text(jws.kid, "k1");
    assert_span_text(jws.typ, "JWT");
    assert_ok(cg_jws_verify(&jws, verifier, &fault));
}

static void jws_make_appends_to_what_is_written(void **state)
{
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = new_arena();
    CG_CLEANUP(cg_signer_free_at) struct cg_signer *signer = NULL;
    assert_ok(cg_signer_new(*state, &signer));
    struct cg_buf alone;
    struct cg_buf behind;
    cg_buf_init_arena(&alone, arena, CG_LIMIT_TOKEN_BYTES);
    cg_buf_init_arena(&behind, arena, CG_LIMIT_TOKEN_BYTES);
    cg_buf_put_string(&behind, "Bearer ");
    assert_ok(cg_jws_make(CG_SPAN_OF("eyJhbGciOiJSUzI1NiJ9"), CG_SPAN_OF("{}"), signer, &alone));
    assert_ok(cg_jws_make(CG_SPAN_OF("eyJhbGciOiJSUzI1NiJ9"), CG_SPAN_OF("{}"), signer, &behind));
    assert_span_equal(cg_span_part(cg_span_of_bytes(behind.data, behind.len), 7, behind.len),
                      cg_span_of_bytes(alone.data, alone.len));
}

/* 24 characters hold header and payload but no signature; 10 not even those. */
static void jws_make_tells_when_the_buffer_is_full(void **state)
{
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = new_arena();
    CG_CLEANUP(cg_signer_free_at) struct cg_signer *signer = NULL;
    assert_ok(cg_signer_new(*state, &signer));
    static const size_t sizes[] = {10, 24, 200};
    for (size_t i = 0; i < TEST_COUNT(sizes); i++) {
        struct cg_buf buf;
        cg_buf_init_arena(&buf, arena, sizes[i]);
        assert_status(
            cg_jws_make(CG_SPAN_OF("eyJhbGciOiJSUzI1NiJ9"), CG_SPAN_OF("{}"), signer, &buf),
            CG_ERR_LIMIT);
    }
}

/* RFC 8725 §3.1: the header's word for the algorithm only ever refuses. */
static void jws_verify_wants_the_keys_own_algorithm(void **state)
{
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = new_arena();
    CG_CLEANUP(cg_verifier_free_at) struct cg_verifier *verifier = NULL;
    assert_ok(cg_verifier_new(*state, &verifier));
    struct cg_jws jws = {0};
    assert_ok(cg_jws_split(compact(arena, CG_SPAN_OF("{\"alg\":\"RS256\"}"), "e30", "AAAA"), arena,
                           NULL, &jws));
    for (size_t i = 0; cg_alg_at(i) != NULL; i++) {
        struct cg_fault fault = {0};
        jws.alg = cg_alg_at(i);
        assert_status(cg_jws_verify(&jws, verifier, &fault), CG_ERR_AUTHENTICATION);
        assert_int_equal(fault.reason, jws.alg == rs256() ? CG_REASON_TOKEN_SIGNATURE_INVALID
                                                          : CG_REASON_TOKEN_ALGORITHM_REFUSED);
    }
}

static void jws_split_keeps_the_header_for_its_reader(void **state)
{
    (void)state;
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = new_arena();
    struct cg_jws jws = {0};
    assert_ok(cg_jws_split(compact(arena, CG_SPAN_OF("{\"alg\":\"RS256\",\"x\":1}"), "e30", "AAAA"),
                           arena, NULL, &jws));
    assert_span_text(jws.header, "{\"alg\":\"RS256\",\"x\":1}");
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(jws_header_begins_with_the_algorithm),
    cmocka_unit_test(jws_header_leaves_out_what_is_absent),
    cmocka_unit_test(jws_header_escapes_a_kid),
    cmocka_unit_test(jws_header_is_bounded),
    cmocka_unit_test(jws_make_is_what_split_and_verify_accept),
    cmocka_unit_test(jws_make_appends_to_what_is_written),
    cmocka_unit_test(jws_make_tells_when_the_buffer_is_full),
    cmocka_unit_test(jws_verify_wants_the_keys_own_algorithm),
    cmocka_unit_test(jws_split_keeps_the_header_for_its_reader),
};

TEST_MAIN_WITH(tests, new_signing_key, free_signing_key)
