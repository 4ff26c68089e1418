/* SPDX-License-Identifier: Apache-2.0 */
#include "jose_test.h"

#define KEY_VECTOR "rfc7638/3.1.jwk"

/* The numbers of RFC 7638 §3.1, and what a row leaves out, puts in or changes. */
struct change {
    const char *label;
    const char *drop; /* this member, or NULL */
    const char *add;  /* this JSON text of further members, or NULL */
    enum cg_status want;
};

/* The RFC's key with the row's change, in the arena. */
static struct cg_span changed(struct cg_arena *arena, const struct change *row)
{
    CG_CLEANUP(cg_json_free_at) struct cg_json *json = parse_json(read_vector(arena, KEY_VECTOR));
    struct cg_buf buf;
    cg_buf_init_arena(&buf, arena, VECTOR_BYTES);
    size_t position = 0;
    struct cg_span name = {0};
    const struct cg_json_value *value = NULL;
    const char *comma = "";
    cg_buf_put_byte(&buf, '{');
    while (cg_json_next(cg_json_root(json), &position, &name, &value)) {
        struct cg_span string = {0};
        assert_ok(cg_json_string(value, &string));
        if (row->drop != NULL && cg_span_equal_string(name, row->drop)) {
            continue;
        }
        cg_buf_put_string(&buf, comma);
        cg_buf_put_byte(&buf, '"');
        cg_buf_put(&buf, name);
        cg_buf_put_string(&buf, "\":\"");
        cg_buf_put(&buf, string);
        cg_buf_put_byte(&buf, '"');
        comma = ",";
    }
    if (row->add != NULL) {
        cg_buf_put_string(&buf, comma);
        cg_buf_put_string(&buf, row->add);
    }
    cg_buf_put_byte(&buf, '}');
    struct cg_span text = {0};
    assert_ok(cg_buf_finish(&buf, &text));
    return text;
}

static void judge(const struct change *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = new_arena();
        CG_CLEANUP(cg_json_free_at) struct cg_json *json = parse_json(changed(arena, &rows[i]));
        struct cg_jwk jwk = {0};
        assert_status_row(rows[i].label, cg_jwk_parse(cg_json_root(json), CG_JWK_NAMES_ALG, &jwk),
                          rows[i].want);
        assert_int_equal(jwk.key != NULL, rows[i].want == CG_OK);
        cg_jwk_release(&jwk);
        assert_null(jwk.key);
    }
}

TEST(jwk_parse_reads_the_example_of_rfc7638)
{
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = new_arena();
    CG_CLEANUP(cg_json_free_at) struct cg_json *json = parse_json(read_vector(arena, KEY_VECTOR));
    struct cg_jwk jwk = {0};
    assert_ok(cg_jwk_parse(cg_json_root(json), CG_JWK_NAMES_ALG, &jwk));
    assert_span_text(cg_span_of_bytes(jwk.kid, jwk.kid_len), "2011-04-29");
    assert_ptr_equal(jwk.alg, cg_alg_find(CG_SPAN_OF("RS256")));
    assert_false(cg_key_is_private(jwk.key));
    struct cg_key_public numbers = {0};
    assert_ok(cg_key_public_numbers(jwk.key, arena, &numbers));
    assert_span_equal(numbers.first, jwk_number(arena, cg_json_root(json), "n"));
    assert_span_equal(numbers.second, CG_SPAN_OF("\x01\x00\x01"));
    cg_jwk_release(&jwk);
}

TEST(jwk_parse_judges_what_a_key_is_for)
{
    static const struct change rows[] = {
        {"as it is", NULL, NULL, CG_OK},
        {"use sig", NULL, "\"use\":\"sig\"", CG_OK},
        {"use enc", NULL, "\"use\":\"enc\"", CG_ERR_INPUT},
        {"use SIG", NULL, "\"use\":\"SIG\"", CG_ERR_INPUT},
        {"use of another type", NULL, "\"use\":1", CG_ERR_INPUT},
        {"for verifying", NULL, "\"key_ops\":[\"verify\"]", CG_OK},
        {"for verifying, too", NULL, "\"key_ops\":[\"x\",\"verify\"]", CG_OK},
        {"for signing", NULL, "\"key_ops\":[\"sign\"]", CG_ERR_INPUT},
        {"for nothing", NULL, "\"key_ops\":[]", CG_ERR_INPUT},
        {"for something odd", NULL, "\"key_ops\":[1,\"verify\"]", CG_ERR_INPUT},
        {"key_ops a string", NULL, "\"key_ops\":\"verify\"", CG_ERR_INPUT},
        {"key_ops an object", NULL, "\"key_ops\":{\"verify\":\"verify\"}", CG_ERR_INPUT},
        {"unknown members", NULL, "\"x5t\":\"a\",\"x5u\":\"https://evil.example/\",\"ext\":true",
         CG_OK},
    };
    judge(rows, TEST_COUNT(rows));
}

TEST(jwk_parse_wants_an_algorithm_that_fits_the_type)
{
    static const struct change rows[] = {
        {"no alg", "alg", NULL, CG_ERR_INPUT},
        {"alg of a shared secret", "alg", "\"alg\":\"HS256\"", CG_ERR_INPUT},
        {"alg none", "alg", "\"alg\":\"none\"", CG_ERR_INPUT},
        {"alg of another case", "alg", "\"alg\":\"rs256\"", CG_ERR_INPUT},
        {"alg of another curve", "alg", "\"alg\":\"ES256\"", CG_ERR_INPUT},
        {"alg of another type", "alg", "\"alg\":256", CG_ERR_INPUT},
        {"no kty", "kty", NULL, CG_ERR_INPUT},
        {"kty EC", "kty", "\"kty\":\"EC\"", CG_ERR_INPUT},
        {"kty oct", "kty", "\"kty\":\"oct\"", CG_ERR_INPUT},
        {"kty rsa", "kty", "\"kty\":\"rsa\"", CG_ERR_INPUT},
        {"kty of another type", "kty", "\"kty\":null", CG_ERR_INPUT},
    };
    judge(rows, TEST_COUNT(rows));
}

TEST(jwk_parse_refuses_private_members)
{
    static const struct change rows[] = {
        {"d", NULL, "\"d\":\"AQ\"", CG_ERR_INPUT},
        {"p", NULL, "\"p\":\"AQ\"", CG_ERR_INPUT},
        {"q", NULL, "\"q\":\"AQ\"", CG_ERR_INPUT},
        {"dp", NULL, "\"dp\":\"AQ\"", CG_ERR_INPUT},
        {"dq", NULL, "\"dq\":\"AQ\"", CG_ERR_INPUT},
        {"qi", NULL, "\"qi\":\"AQ\"", CG_ERR_INPUT},
        {"oth", NULL, "\"oth\":[]", CG_ERR_INPUT},
        {"k", NULL, "\"k\":\"AQ\"", CG_ERR_INPUT},
        {"d that is null", NULL, "\"d\":null", CG_ERR_INPUT},
    };
    judge(rows, TEST_COUNT(rows));
}

#define CHARS_64 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

TEST(jwk_parse_takes_kids_within_the_limit_or_none)
{
    static const struct change rows[] = {
        {"no kid", "kid", NULL, CG_OK},
        {"64 bytes", "kid", "\"kid\":\"" CHARS_64 "\"", CG_OK},
        {"65 bytes", "kid", "\"kid\":\"" CHARS_64 "a\"", CG_ERR_INPUT},
        {"empty", "kid", "\"kid\":\"\"", CG_ERR_INPUT},
        {"of another type", "kid", "\"kid\":7", CG_ERR_INPUT},
    };
    judge(rows, TEST_COUNT(rows));
}

/* RFC 7518 §6.3.1, §2: base64url of the big-endian octets, as few as the value needs. */
TEST(jwk_parse_refuses_numbers_that_are_not_minimal_base64url)
{
    static const struct change rows[] = {
        {"no n", "n", NULL, CG_ERR_INPUT},
        {"empty n", "n", "\"n\":\"\"", CG_ERR_INPUT},
        {"short n", "n", "\"n\":\"AQAB\"", CG_ERR_INPUT},
        {"n not base64url", "n", "\"n\":\"+/+/\"", CG_ERR_INPUT},
        {"n of another type", "n", "\"n\":65537", CG_ERR_INPUT},
        {"no e", "e", NULL, CG_ERR_INPUT},
        {"empty e", "e", "\"e\":\"\"", CG_ERR_INPUT},
        {"e 3", "e", "\"e\":\"Aw\"", CG_ERR_INPUT},
        {"e even", "e", "\"e\":\"AQAA\"", CG_ERR_INPUT},
        {"e padded", "e", "\"e\":\"AQAB====\"", CG_ERR_INPUT},
        {"e with a leading zero octet", "e", "\"e\":\"AAEAAQ\"", CG_ERR_INPUT},
        {"e with unused bits set", "e", "\"e\":\"AQABB\"", CG_ERR_INPUT},
        {"e longer than any", "e", "\"e\":\"AQAAAAAAAAAAAAAB\"", CG_ERR_INPUT},
        {"e of another type", "e", "\"e\":65537", CG_ERR_INPUT},
    };
    judge(rows, TEST_COUNT(rows));
}

/* A modulus of `len` octets, the first of which is given. */
static enum cg_status parse_modulus(size_t len, uint8_t first)
{
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = new_arena();
    uint8_t modulus[1024];
    memset(modulus, 0xa5, sizeof(modulus));
    modulus[0] = first;
    struct cg_buf add;
    cg_buf_init_arena(&add, arena, 4096);
    cg_buf_put_string(&add, "\"n\":\"");
    cg_buf_put(&add, base64url(arena, (struct cg_span){modulus, len}));
    cg_buf_put_string(&add, "\"");
    cg_buf_put_byte(&add, '\0');
    const struct change row = {"modulus", "n", (const char *)add.data, CG_OK};
    CG_CLEANUP(cg_json_free_at) struct cg_json *json = parse_json(changed(arena, &row));
    struct cg_jwk jwk = {0};
    enum cg_status status = cg_jwk_parse(cg_json_root(json), CG_JWK_NAMES_ALG, &jwk);
    cg_jwk_release(&jwk);
    return status;
}

TEST(jwk_parse_bounds_the_modulus)
{
    assert_status(parse_modulus(128, 0x80), CG_ERR_INPUT);
    assert_status(parse_modulus(255, 0xff), CG_ERR_INPUT);
    assert_status(parse_modulus(256, 0x80), CG_OK);
    assert_status(parse_modulus(257, 0x00), CG_ERR_INPUT);
    assert_status(parse_modulus(512, 0xff), CG_OK);
    assert_status(parse_modulus(513, 0x01), CG_ERR_INPUT);
    assert_status(parse_modulus(1024, 0x80), CG_ERR_INPUT);
}

TEST(jwk_parse_refuses_what_is_no_object)
{
    CG_CLEANUP(cg_json_free_at) struct cg_json *json = parse_json(CG_SPAN_OF("[\"RSA\"]"));
    struct cg_jwk jwk = {0};
    assert_status(cg_jwk_parse(cg_json_root(json), CG_JWK_NAMES_ALG, &jwk), CG_ERR_INPUT);
    assert_status(cg_jwk_parse(NULL, CG_JWK_NAMES_ALG, &jwk), CG_ERR_INPUT);
    assert_false(cg_jwk_has_private_members(cg_json_root(json)));
}

TEST(jwk_write_is_what_parse_reads)
{
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = new_arena();
    CG_CLEANUP(cg_key_free_at) struct cg_key *key = public_key_of(arena, KEY_VECTOR);
    struct cg_buf buf;
    struct cg_json_writer writer;
    cg_buf_init_arena(&buf, arena, VECTOR_BYTES);
    cg_json_begin(&writer, &buf);
    assert_ok(cg_jwk_write(key, CG_SPAN_OF("k1"), &writer));
    static const char start[] =
        "{\"kty\":\"RSA\",\"use\":\"sig\",\"alg\":\"RS256\",\"kid\":\"k1\",\"n\":\"0vx7agoebGcQSuu";
    assert_true(cg_span_starts_with(cg_span_of_bytes(buf.data, buf.len), test_span(start)));
    CG_CLEANUP(cg_json_free_at)
    struct cg_json *json = parse_json(cg_span_of_bytes(buf.data, buf.len));
    struct cg_jwk jwk = {0};
    assert_ok(cg_jwk_parse(cg_json_root(json), CG_JWK_NAMES_ALG, &jwk));
    assert_span_text(cg_span_of_bytes(jwk.kid, jwk.kid_len), "k1");
    assert_int_equal(cg_json_count(cg_json_root(json)), 6);
    cg_jwk_release(&jwk);
}

TEST(jwk_write_of_a_private_key_writes_its_public_half)
{
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = new_arena();
    CG_CLEANUP(cg_key_free_at) struct cg_key *key = NULL;
    assert_ok(cg_key_generate(CG_KEY_RSA_SHA256, 2048, &key));
    struct cg_buf buf;
    struct cg_json_writer writer;
    cg_buf_init_arena(&buf, arena, VECTOR_BYTES);
    cg_json_begin(&writer, &buf);
    assert_ok(cg_jwk_write(key, (struct cg_span){NULL, 0}, &writer));
    CG_CLEANUP(cg_json_free_at)
    struct cg_json *json = parse_json(cg_span_of_bytes(buf.data, buf.len));
    assert_false(cg_jwk_has_private_members(cg_json_root(json)));
    assert_null(cg_json_member(cg_json_root(json), "kid"));
    assert_int_equal(cg_json_count(cg_json_root(json)), 5);
}

TEST(jwk_write_tells_when_the_buffer_is_full)
{
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = new_arena();
    CG_CLEANUP(cg_key_free_at) struct cg_key *key = public_key_of(arena, KEY_VECTOR);
    struct cg_buf buf;
    struct cg_json_writer writer;
    cg_buf_init_arena(&buf, arena, 100);
    cg_json_begin(&writer, &buf);
    assert_status(cg_jwk_write(key, CG_SPAN_OF("k1"), &writer), CG_ERR_LIMIT);
}

TEST(jwk_thumbprint_matches_rfc7638)
{
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = new_arena();
    CG_CLEANUP(cg_key_free_at) struct cg_key *key = public_key_of(arena, KEY_VECTOR);
    char text[CG_THUMBPRINT_CHARS + 1];
    assert_ok(cg_jwk_thumbprint(key, text));
    assert_span_equal(test_span(text), read_vector(arena, "rfc7638/3.1.thumbprint"));
}

TEST(jwk_release_accepts_null)
{
    cg_jwk_release(NULL);
    struct cg_jwk empty = {0};
    cg_jwk_release(&empty);
    assert_null(empty.key);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(jwk_parse_reads_the_example_of_rfc7638),
    cmocka_unit_test(jwk_parse_judges_what_a_key_is_for),
    cmocka_unit_test(jwk_parse_wants_an_algorithm_that_fits_the_type),
    cmocka_unit_test(jwk_parse_refuses_private_members),
    cmocka_unit_test(jwk_parse_takes_kids_within_the_limit_or_none),
    cmocka_unit_test(jwk_parse_refuses_numbers_that_are_not_minimal_base64url),
    cmocka_unit_test(jwk_parse_bounds_the_modulus),
    cmocka_unit_test(jwk_parse_refuses_what_is_no_object),
    cmocka_unit_test(jwk_write_is_what_parse_reads),
    cmocka_unit_test(jwk_write_of_a_private_key_writes_its_public_half),
    cmocka_unit_test(jwk_write_tells_when_the_buffer_is_full),
    cmocka_unit_test(jwk_thumbprint_matches_rfc7638),
    cmocka_unit_test(jwk_release_accepts_null),
};

TEST_MAIN(tests)
