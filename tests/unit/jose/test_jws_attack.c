/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tokens as an attacker makes them: each is refused before or at the signature, for a reason that
 * an operator can read.
 */
#include "jose_test.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#define PAYLOAD "eyJzdWIiOiJjMSJ9"
#define RS256_HEADER "{\"alg\":\"RS256\"}"

static enum cg_status split(struct cg_span text, enum cg_reason *ret_reason)
{
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = new_arena();
    struct cg_fault fault = {0};
    struct cg_jws jws = {0};
    enum cg_status status = cg_jws_split(text, arena, &fault, &jws);
    *ret_reason = fault.reason;
    assert_int_equal(jws.alg != NULL, status == CG_OK);
    return status;
}

/* RFC 7515 §7.1 and RFC 4648 §5 to the letter. */
TEST(jws_split_refuses_every_form_but_three_segments)
{
    static const struct {
        const char *label;
        struct cg_span text;
    } rows[] = {
        {"absent", {NULL, 0}},
        {"empty", CG_SPAN("")},
        {"one dot", CG_SPAN(".")},
        {"two dots", CG_SPAN("..")},
        {"one segment", CG_SPAN("eyJhbGciOiJSUzI1NiJ9")},
        {"two segments", CG_SPAN("eyJhbGciOiJSUzI1NiJ9." PAYLOAD)},
        {"no header", CG_SPAN("." PAYLOAD ".AAAA")},
        {"no payload", CG_SPAN("eyJhbGciOiJSUzI1NiJ9..AAAA")},
        {"no signature", CG_SPAN("eyJhbGciOiJSUzI1NiJ9." PAYLOAD ".")},
        {"an empty fourth", CG_SPAN("eyJhbGciOiJSUzI1NiJ9." PAYLOAD ".AAAA.")},
        {"a fourth", CG_SPAN("eyJhbGciOiJSUzI1NiJ9." PAYLOAD ".AAAA.AAAA")},
        {"five, as of a JWE", CG_SPAN("eyJhbGciOiJSUzI1NiJ9.AAAA.AAAA.AAAA.AAAA")},
        {"a space before", CG_SPAN(" eyJhbGciOiJSUzI1NiJ9." PAYLOAD ".AAAA")},
        {"a space behind", CG_SPAN("eyJhbGciOiJSUzI1NiJ9." PAYLOAD ".AAAA ")},
        {"a newline behind", CG_SPAN("eyJhbGciOiJSUzI1NiJ9." PAYLOAD ".AAAA\n")},
        {"a NUL behind", CG_SPAN("eyJhbGciOiJSUzI1NiJ9." PAYLOAD ".AAAA\0")},
        {"a newline inside", CG_SPAN("eyJhbGciOiJSUzI1\nNiJ9." PAYLOAD ".AAAA")},
        {"padding", CG_SPAN("eyJhbGciOiJSUzI1NiJ9." PAYLOAD ".AAA=")},
        {"padded payload", CG_SPAN("eyJhbGciOiJSUzI1NiJ9.e30=.AAAA")},
        {"the other alphabet", CG_SPAN("eyJhbGciOiJSUzI1NiJ9." PAYLOAD ".+/AA")},
        {"a lone last character", CG_SPAN("eyJhbGciOiJSUzI1NiJ9." PAYLOAD ".AAAAA")},
        {"unused bits set", CG_SPAN("eyJhbGciOiJSUzI1NiJ9." PAYLOAD ".AB")},
        {"unused bits set in the payload", CG_SPAN("eyJhbGciOiJSUzI1NiJ9.e31.AAAA")},
        {"JSON", CG_SPAN("{\"payload\":\"" PAYLOAD "\"}")},
        {"a header that is not base64url", CG_SPAN("{\"alg\":\"RS256\"}." PAYLOAD ".AAAA")},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        enum cg_reason reason = CG_REASON_NONE;
        assert_status_row(rows[i].label, split(rows[i].text, &reason), CG_ERR_INPUT);
        assert_int_equal(reason, CG_REASON_TOKEN_MALFORMED);
    }
}

static const struct {
    const char *label;
    struct cg_span header;
    enum cg_status want;
    enum cg_reason reason;
} header_rows[] = {
    {"as it should be", CG_SPAN(RS256_HEADER), CG_OK, CG_REASON_NONE},
    {"escaped, yet the same name", CG_SPAN("{\"alg\":\"\\u0052S256\"}"), CG_OK, CG_REASON_NONE},
    {"space around", CG_SPAN(" {\"alg\" : \"RS256\"}\n"), CG_OK, CG_REASON_NONE},
    {"a key in the header is ignored",
     CG_SPAN("{\"alg\":\"RS256\",\"jwk\":{\"kty\":\"RSA\",\"n\":\"AQ\",\"e\":\"Aw\"}}"), CG_OK,
     CG_REASON_NONE},
    {"URLs of keys are ignored",
     CG_SPAN("{\"alg\":\"RS256\",\"jku\":\"https://evil.example/\",\"x5u\":\"file:///\","
             "\"x5c\":[\"AA\"]}"),
     CG_OK, CG_REASON_NONE},
    {"none", CG_SPAN("{\"alg\":\"none\"}"), CG_ERR_AUTHENTICATION,
     CG_REASON_TOKEN_ALGORITHM_REFUSED},
    {"None", CG_SPAN("{\"alg\":\"None\"}"), CG_ERR_AUTHENTICATION,
     CG_REASON_TOKEN_ALGORITHM_REFUSED},
    {"nOnE", CG_SPAN("{\"alg\":\"nOnE\"}"), CG_ERR_AUTHENTICATION,
     CG_REASON_TOKEN_ALGORITHM_REFUSED},
    {"HS256", CG_SPAN("{\"alg\":\"HS256\"}"), CG_ERR_AUTHENTICATION,
     CG_REASON_TOKEN_ALGORITHM_REFUSED},
    {"rs256", CG_SPAN("{\"alg\":\"rs256\"}"), CG_ERR_AUTHENTICATION,
     CG_REASON_TOKEN_ALGORITHM_REFUSED},
    {"RS256 and a space", CG_SPAN("{\"alg\":\"RS256 \"}"), CG_ERR_AUTHENTICATION,
     CG_REASON_TOKEN_ALGORITHM_REFUSED},
    {"PS256, which a key may refuse", CG_SPAN("{\"alg\":\"PS256\"}"), CG_OK, CG_REASON_NONE},
    {"ES256K", CG_SPAN("{\"alg\":\"ES256K\"}"), CG_ERR_AUTHENTICATION,
     CG_REASON_TOKEN_ALGORITHM_REFUSED},
    {"empty alg", CG_SPAN("{\"alg\":\"\"}"), CG_ERR_AUTHENTICATION,
     CG_REASON_TOKEN_ALGORITHM_REFUSED},
    {"no alg", CG_SPAN("{}"), CG_ERR_AUTHENTICATION, CG_REASON_TOKEN_ALGORITHM_REFUSED},
    {"alg null", CG_SPAN("{\"alg\":null}"), CG_ERR_AUTHENTICATION,
     CG_REASON_TOKEN_ALGORITHM_REFUSED},
    {"alg an array", CG_SPAN("{\"alg\":[\"RS256\"]}"), CG_ERR_AUTHENTICATION,
     CG_REASON_TOKEN_ALGORITHM_REFUSED},
    {"ALG", CG_SPAN("{\"ALG\":\"RS256\"}"), CG_ERR_AUTHENTICATION,
     CG_REASON_TOKEN_ALGORITHM_REFUSED},
    {"alg twice", CG_SPAN("{\"alg\":\"RS256\",\"alg\":\"none\"}"), CG_ERR_INPUT,
     CG_REASON_TOKEN_MALFORMED},
    {"alg twice, once escaped", CG_SPAN("{\"alg\":\"RS256\",\"\\u0061lg\":\"none\"}"), CG_ERR_INPUT,
     CG_REASON_TOKEN_MALFORMED},
    {"another member twice", CG_SPAN("{\"alg\":\"RS256\",\"x\":1,\"x\":1}"), CG_ERR_INPUT,
     CG_REASON_TOKEN_MALFORMED},
    {"crit", CG_SPAN("{\"alg\":\"RS256\",\"crit\":[\"exp\"],\"exp\":1}"), CG_ERR_INPUT,
     CG_REASON_TOKEN_MALFORMED},
    {"empty crit", CG_SPAN("{\"alg\":\"RS256\",\"crit\":[]}"), CG_ERR_INPUT,
     CG_REASON_TOKEN_MALFORMED},
    {"null crit", CG_SPAN("{\"alg\":\"RS256\",\"crit\":null}"), CG_ERR_INPUT,
     CG_REASON_TOKEN_MALFORMED},
    {"b64", CG_SPAN("{\"alg\":\"RS256\",\"b64\":false,\"crit\":[\"b64\"]}"), CG_ERR_INPUT,
     CG_REASON_TOKEN_MALFORMED},
    {"b64 without crit", CG_SPAN("{\"alg\":\"RS256\",\"b64\":true}"), CG_ERR_INPUT,
     CG_REASON_TOKEN_MALFORMED},
    {"zip", CG_SPAN("{\"alg\":\"RS256\",\"zip\":\"DEF\"}"), CG_ERR_INPUT,
     CG_REASON_TOKEN_MALFORMED},
    {"enc", CG_SPAN("{\"alg\":\"RS256\",\"enc\":\"A128GCM\"}"), CG_ERR_INPUT,
     CG_REASON_TOKEN_MALFORMED},
    {"kid a number", CG_SPAN("{\"alg\":\"RS256\",\"kid\":1}"), CG_ERR_INPUT,
     CG_REASON_TOKEN_MALFORMED},
    {"kid null", CG_SPAN("{\"alg\":\"RS256\",\"kid\":null}"), CG_ERR_INPUT,
     CG_REASON_TOKEN_MALFORMED},
    {"typ an object", CG_SPAN("{\"alg\":\"RS256\",\"typ\":{}}"), CG_ERR_INPUT,
     CG_REASON_TOKEN_MALFORMED},
    {"an array", CG_SPAN("[\"RS256\"]"), CG_ERR_INPUT, CG_REASON_TOKEN_MALFORMED},
    {"a string", CG_SPAN("\"RS256\""), CG_ERR_INPUT, CG_REASON_TOKEN_MALFORMED},
    {"not JSON", CG_SPAN("alg=RS256"), CG_ERR_INPUT, CG_REASON_TOKEN_MALFORMED},
    {"two values", CG_SPAN(RS256_HEADER RS256_HEADER), CG_ERR_INPUT, CG_REASON_TOKEN_MALFORMED},
    {"a trailing comma", CG_SPAN("{\"alg\":\"RS256\",}"), CG_ERR_INPUT, CG_REASON_TOKEN_MALFORMED},
    {"a byte order mark", CG_SPAN("\xef\xbb\xbf" RS256_HEADER), CG_ERR_INPUT,
     CG_REASON_TOKEN_MALFORMED},
    {"not UTF-8", CG_SPAN("{\"alg\":\"RS256\",\"x\":\"\xff\"}"), CG_ERR_INPUT,
     CG_REASON_TOKEN_MALFORMED},
    {"a NUL in a string", CG_SPAN("{\"alg\":\"RS256\\u0000\"}"), CG_ERR_INPUT,
     CG_REASON_TOKEN_MALFORMED},
    {"nested too deep",
     CG_SPAN("{\"alg\":\"RS256\",\"x\":[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]}"), CG_ERR_INPUT,
     CG_REASON_TOKEN_MALFORMED},
};

TEST(jws_split_judges_the_header)
{
    for (size_t i = 0; i < TEST_COUNT(header_rows); i++) {
        CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = new_arena();
        struct cg_span text = compact(arena, header_rows[i].header, PAYLOAD, "AAAA");
        enum cg_reason reason = CG_REASON_NONE;
        assert_status_row(header_rows[i].label, split(text, &reason), header_rows[i].want);
        assert_int_equal(reason, header_rows[i].reason);
    }
}

/* An unsecured JWS is told from a token cut short: its algorithm is what is wrong with it. */
TEST(jws_split_refuses_an_unsecured_token_for_its_algorithm)
{
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = new_arena();
    enum cg_reason reason = CG_REASON_NONE;
    struct cg_span text = compact(arena, CG_SPAN_OF("{\"alg\":\"none\"}"), PAYLOAD, "");
    assert_status(split(text, &reason), CG_ERR_AUTHENTICATION);
    assert_int_equal(reason, CG_REASON_TOKEN_ALGORITHM_REFUSED);
}

TEST(jws_split_takes_tokens_up_to_the_limit)
{
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = new_arena();
    char payload[CG_LIMIT_TOKEN_BYTES + 1] = {0};
    enum cg_reason reason = CG_REASON_NONE;
    size_t rest = compact(arena, CG_SPAN_OF(RS256_HEADER), "", "AAAA").len;
    size_t most = (CG_LIMIT_TOKEN_BYTES - rest) / 4 * 4;
    memset(payload, 'A', most);
    assert_ok(split(compact(arena, CG_SPAN_OF(RS256_HEADER), payload, "AAAA"), &reason));
    memset(payload, 'A', most + 4);
    assert_status(split(compact(arena, CG_SPAN_OF(RS256_HEADER), payload, "AAAA"), &reason),
                  CG_ERR_INPUT);
    assert_int_equal(reason, CG_REASON_TOKEN_MALFORMED);
}

TEST(jws_split_reports_typ_and_kid_as_they_are)
{
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = new_arena();
    static const struct cg_span header =
        CG_SPAN("{\"typ\":\"at+JWT\",\"kid\":\"../../etc/passwd\",\"alg\":\"RS256\"}");
    struct cg_jws jws = {0};
    assert_ok(cg_jws_split(compact(arena, header, PAYLOAD, "AAAA"), arena, NULL, &jws));
    assert_span_text(jws.typ, "at+JWT");
    assert_span_text(jws.kid, "../../etc/passwd");
    assert_span_text(jws.payload, "{\"sub\":\"c1\"}");
    assert_span_equal(jws.signature, cg_span_of_bytes("\0\0\0", 3));
}

TEST(jws_split_passes_on_that_the_arena_is_full)
{
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = new_arena();
    static const struct cg_span header =
        CG_SPAN("{\"alg\":\"RS256\",\"typ\":\"JWT\",\"kid\":\"0123456789012345678901234567890\"}");
    struct cg_span text = compact(arena, header, PAYLOAD, "AAAA");
    enum cg_status status = CG_ERR_LIMIT;
    for (size_t max = 16; status != CG_OK; max += 16) {
        assert_true(max < 1024);
        CG_CLEANUP(cg_arena_free_at) struct cg_arena *small = NULL;
        assert_ok(cg_arena_new(max, &small));
        struct cg_fault fault = {0};
        struct cg_jws jws = {0};
        status = cg_jws_split(text, small, &fault, &jws);
        if (status != CG_OK) {
            assert_int_equal(status, CG_ERR_LIMIT);
            assert_null(jws.alg);
        }
    }
}

/* A key with its signer and verifier. */
struct pair {
    struct cg_key *key;
    struct cg_signer *signer;
    struct cg_verifier *verifier;
};

static void pair_init(struct pair *pair)
{
    assert_ok(cg_key_generate(CG_KEY_RSA_SHA256, 2048, &pair->key));
    assert_ok(cg_signer_new(pair->key, &pair->signer));
    assert_ok(cg_verifier_new(pair->key, &pair->verifier));
}

static void pair_release(struct pair *pair)
{
    (void)cg_signer_free(pair->signer);
    (void)cg_verifier_free(pair->verifier);
    (void)cg_key_free(pair->key);
}

static struct cg_span make(struct cg_arena *arena, struct cg_signer *signer, struct cg_span header,
                           struct cg_span payload)
{
    struct cg_buf buf;
    struct cg_span text = {0};
    cg_buf_init_arena(&buf, arena, CG_LIMIT_TOKEN_BYTES);
    assert_ok(cg_jws_make(base64url(arena, header), payload, signer, &buf));
    assert_ok(cg_buf_finish(&buf, &text));
    return text;
}

static enum cg_status verify(struct cg_span text, struct cg_verifier *verifier,
                             enum cg_reason *ret_reason)
{
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = new_arena();
    struct cg_fault fault = {0};
    struct cg_jws jws = {0};
    enum cg_status status = cg_jws_split(text, arena, &fault, &jws);
    if (status == CG_OK) {
        status = cg_jws_verify(&jws, verifier, &fault);
    }
    *ret_reason = fault.reason;
    return status;
}

/*
 * The public key's text as the secret of an HMAC: whoever lets the header choose the algorithm
 * accepts this. RFC 8725 §2.1.
 */
TEST(jws_refuses_the_public_key_used_as_hmac_secret)
{
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = new_arena();
    CG_CLEANUP(pair_release) struct pair pair = {0};
    pair_init(&pair);
    struct cg_key_public numbers = {0};
    assert_ok(cg_key_public_numbers(pair.key, arena, &numbers));
    struct cg_buf jwk;
    struct cg_json_writer writer;
    cg_buf_init_arena(&jwk, arena, 4096);
    cg_json_begin(&writer, &jwk);
    assert_ok(cg_jwk_write(pair.key, CG_SPAN_OF("k1"), &writer));
    const struct cg_span secrets[] = {numbers.first, cg_span_of_bytes(jwk.data, jwk.len)};
    static const struct cg_span headers[] = {
        CG_SPAN("{\"alg\":\"HS256\",\"kid\":\"k1\"}"),
        CG_SPAN("{\"alg\":\"RS256\",\"kid\":\"k1\"}"),
    };
    static const enum cg_reason reasons[] = {CG_REASON_TOKEN_ALGORITHM_REFUSED,
                                             CG_REASON_TOKEN_SIGNATURE_INVALID};
    for (size_t i = 0; i < 4; i++) {
        struct cg_span input = compact(arena, headers[i / 2], PAYLOAD, "");
        uint8_t mac[EVP_MAX_MD_SIZE];
        unsigned mac_len = 0;
        assert_non_null(HMAC(EVP_sha256(), secrets[i % 2].data, (int)secrets[i % 2].len, input.data,
                             input.len - 1, mac, &mac_len));
        char signature[128] = {0};
        struct cg_span text = base64url(arena, cg_span_of_bytes(mac, mac_len));
        memcpy(signature, text.data, text.len);
        enum cg_reason reason = CG_REASON_NONE;
        assert_status(
            verify(compact(arena, headers[i / 2], PAYLOAD, signature), pair.verifier, &reason),
            CG_ERR_AUTHENTICATION);
        assert_int_equal(reason, reasons[i / 2]);
    }
}

/* CVE-2018-0114: a key in the header, with which the token is rightly signed. */
TEST(jws_ignores_a_key_that_the_token_brings)
{
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = new_arena();
    CG_CLEANUP(pair_release) struct pair ours = {0};
    CG_CLEANUP(pair_release) struct pair theirs = {0};
    pair_init(&ours);
    pair_init(&theirs);
    struct cg_buf header;
    struct cg_json_writer writer;
    cg_buf_init_arena(&header, arena, 4096);
    cg_buf_put_string(&header, "{\"alg\":\"RS256\",\"jwk\":");
    cg_json_begin(&writer, &header);
    assert_ok(cg_jwk_write(theirs.key, CG_SPAN_OF("k1"), &writer));
    cg_buf_put_string(&header, "}");
    struct cg_span text = make(arena, theirs.signer, cg_span_of_bytes(header.data, header.len),
                               CG_SPAN_OF("{\"sub\":\"c1\"}"));
    enum cg_reason reason = CG_REASON_NONE;
    assert_ok(verify(text, theirs.verifier, &reason));
    assert_status(verify(text, ours.verifier, &reason), CG_ERR_AUTHENTICATION);
    assert_int_equal(reason, CG_REASON_TOKEN_SIGNATURE_INVALID);
}

TEST(jws_refuses_a_change_of_any_character)
{
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = new_arena();
    CG_CLEANUP(pair_release) struct pair pair = {0};
    pair_init(&pair);
    struct cg_span text = make(arena, pair.signer, CG_SPAN_OF("{\"alg\":\"RS256\",\"kid\":\"k\"}"),
                               CG_SPAN_OF("{\"sub\":\"c1\",\"scope\":\"documents.read\"}"));
    enum cg_reason reason = CG_REASON_NONE;
    assert_ok(verify(text, pair.verifier, &reason));
    uint8_t changed[CG_LIMIT_TOKEN_BYTES];
    for (size_t i = 0; i < text.len; i++) {
        memcpy(changed, text.data, text.len);
        changed[i] = changed[i] == 'A' ? 'B' : 'A';
        assert_int_not_equal(verify(cg_span_of_bytes(changed, text.len), pair.verifier, &reason),
                             CG_OK);
        assert_int_not_equal(reason, CG_REASON_NONE);
    }
}

/* The same signature under a longer or shorter token, and another token's signature under this one.
 */
TEST(jws_refuses_segments_put_together_anew)
{
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = new_arena();
    CG_CLEANUP(pair_release) struct pair pair = {0};
    pair_init(&pair);
    struct cg_span one =
        make(arena, pair.signer, CG_SPAN_OF(RS256_HEADER), CG_SPAN_OF("{\"sub\":\"c1\"}"));
    struct cg_span two =
        make(arena, pair.signer, CG_SPAN_OF(RS256_HEADER), CG_SPAN_OF("{\"sub\":\"c2\"}"));
    size_t cut = cg_span_find(one, '.', cg_span_find(one, '.', 0) + 1);
    struct cg_buf mixed;
    cg_buf_init_arena(&mixed, arena, CG_LIMIT_TOKEN_BYTES);
    cg_buf_put(&mixed, cg_span_part(one, 0, cut));
    cg_buf_put(&mixed, cg_span_part(two, cut, two.len));
    enum cg_reason reason = CG_REASON_NONE;
    assert_status(verify(cg_span_of_bytes(mixed.data, mixed.len), pair.verifier, &reason),
                  CG_ERR_AUTHENTICATION);
    assert_int_equal(reason, CG_REASON_TOKEN_SIGNATURE_INVALID);
    /* 340 characters are 255 whole bytes. */
    assert_status(verify(cg_span_part(one, 0, one.len - 2), pair.verifier, &reason),
                  CG_ERR_AUTHENTICATION);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(jws_split_refuses_every_form_but_three_segments),
    cmocka_unit_test(jws_split_judges_the_header),
    cmocka_unit_test(jws_split_refuses_an_unsecured_token_for_its_algorithm),
    cmocka_unit_test(jws_split_takes_tokens_up_to_the_limit),
    cmocka_unit_test(jws_split_reports_typ_and_kid_as_they_are),
    cmocka_unit_test(jws_split_passes_on_that_the_arena_is_full),
    cmocka_unit_test(jws_refuses_the_public_key_used_as_hmac_secret),
    cmocka_unit_test(jws_ignores_a_key_that_the_token_brings),
    cmocka_unit_test(jws_refuses_a_change_of_any_character),
    cmocka_unit_test(jws_refuses_segments_put_together_anew),
};

TEST_MAIN(tests)
