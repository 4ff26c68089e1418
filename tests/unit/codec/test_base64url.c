/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"
#include "base/span.h"
#include "codec/base64url.h"
#include "test.h"

/* RFC 4648 §10, without the padding that base64url leaves out, and RFC 7515 appendix C. */
static const struct {
    struct cg_span bytes;
    const char *text;
} vectors[] = {
    {CG_SPAN(""), ""},
    {CG_SPAN("f"), "Zg"},
    {CG_SPAN("fo"), "Zm8"},
    {CG_SPAN("foo"), "Zm9v"},
    {CG_SPAN("foob"), "Zm9vYg"},
    {CG_SPAN("fooba"), "Zm9vYmE"},
    {CG_SPAN("foobar"), "Zm9vYmFy"},
    {CG_SPAN("\x03\xec\xff\xe0\xc1"), "A-z_4ME"},
    {CG_SPAN("\x00"), "AA"},
    {CG_SPAN("\xff\xff\xff"), "____"},
    {CG_SPAN("\xfb\xef\xbe"), "----"},
};

TEST(base64url_encodes_the_vectors)
{
    for (size_t i = 0; i < TEST_COUNT(vectors); i++) {
        struct cg_buf buf;
        cg_buf_init(&buf, 100);
        cg_base64url_encode(vectors[i].bytes, &buf);
        struct cg_span text = {NULL, 0};
        assert_ok(cg_buf_finish(&buf, &text));
        assert_span_text_row(vectors[i].text, text, vectors[i].text);
        assert_int_equal(text.len, CG_BASE64URL_CHARS(vectors[i].bytes.len));
        cg_buf_release(&buf);
    }
}

TEST(base64url_decodes_the_vectors)
{
    for (size_t i = 0; i < TEST_COUNT(vectors); i++) {
        uint8_t out[16];
        size_t len = 99;
        assert_status_row(vectors[i].text,
                          cg_base64url_decode(test_span(vectors[i].text), out, sizeof(out), &len),
                          CG_OK);
        assert_span_equal_row(vectors[i].text, cg_span_of_bytes(out, len), vectors[i].bytes);
    }
}

TEST(base64url_refuses_what_has_another_text)
{
    static const char *const texts[] = {
        "Z",    "Zm9vY",     "Zg==",     "Zg=",      "Zm8=",     "Zm9v=",    "Zh",
        "Zm9",  "Zm9vYh",    " Zg",      "Zg ",      "Z g",      "Zm9v\n",   "Zm+v",
        "Zm/v", "Zm9v\x80g", "Zm*vYmFy", "Zm9vYmF*", "*m9vYmFy", "Z*9vYmFy", "Z*",
        "*g",   "Zm*",       "Z*8",      "====",     "Zm=v",
    };
    for (size_t i = 0; i < TEST_COUNT(texts); i++) {
        uint8_t out[16];
        size_t len = 99;
        assert_status_row(texts[i],
                          cg_base64url_decode(test_span(texts[i]), out, sizeof(out), &len),
                          CG_ERR_INPUT);
        assert_int_equal(len, 99);
    }
}

/* Exactly the 64 characters of RFC 4648 §5, at each place of a group. */
TEST(base64url_knows_the_64_characters_and_no_other)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    for (unsigned byte = 0; byte < 256; byte++) {
        const char *found = byte != 0 ? strchr(alphabet, (int)byte) : NULL;
        for (size_t place = 0; place < 4; place++) {
            uint8_t group[4] = {'A', 'A', 'A', 'A'};
            uint8_t out[3];
            size_t len = 0;
            group[place] = (uint8_t)byte;
            enum cg_status status = cg_base64url_decode(cg_span_of_bytes(group, 4), out, 3, &len);
            assert_status(status, found != NULL ? CG_OK : CG_ERR_INPUT);
            unsigned bits = (unsigned)out[0] << 16 | (unsigned)out[1] << 8 | out[2];
            assert_true(found == NULL || bits >> (18 - 6 * place) == (unsigned)(found - alphabet));
        }
    }
}

TEST(base64url_round_trips_every_length)
{
    uint8_t bytes[200];
    for (size_t i = 0; i < sizeof(bytes); i++) {
        bytes[i] = (uint8_t)(i * 167 + 13);
    }
    for (size_t len = 0; len <= sizeof(bytes); len++) {
        struct cg_buf buf;
        cg_buf_init(&buf, 300);
        cg_base64url_encode(cg_span_of_bytes(bytes, len), &buf);
        struct cg_span text = {NULL, 0};
        assert_ok(cg_buf_finish(&buf, &text));
        uint8_t out[200];
        size_t out_len = 0;
        assert_ok(cg_base64url_decode(text, out, len, &out_len));
        assert_span_equal(cg_span_of_bytes(out, out_len), cg_span_of_bytes(bytes, len));
        cg_buf_release(&buf);
    }
}

TEST(base64url_decode_keeps_to_the_room_it_has)
{
    uint8_t out[4] = {0xaa, 0xaa, 0xaa, 0xaa};
    size_t len = 99;
    assert_status(cg_base64url_decode(test_span("Zm9vYg"), out, 3, &len), CG_ERR_LIMIT);
    assert_status(cg_base64url_decode(test_span("Zg"), out, 0, &len), CG_ERR_LIMIT);
    assert_int_equal(len, 99);
    assert_ok(cg_base64url_decode(test_span("Zm9v"), out, 3, &len));
    assert_int_equal(out[3], 0xaa);
    assert_ok(cg_base64url_decode((struct cg_span){NULL, 0}, out, 0, &len));
    assert_int_equal(len, 0);
}

TEST(base64url_encode_fails_with_its_buffer)
{
    struct cg_buf buf;
    cg_buf_init(&buf, 7);
    cg_base64url_encode(test_span("foobar"), &buf);
    struct cg_span text = {NULL, 0};
    assert_status(cg_buf_finish(&buf, &text), CG_ERR_LIMIT);
    cg_buf_clear(&buf);
    cg_base64url_encode((struct cg_span){(const uint8_t *)"x", SIZE_MAX}, &buf);
    assert_status(cg_buf_finish(&buf, &text), CG_ERR_LIMIT);
    cg_buf_release(&buf);
}

TEST(base64url_decodes_into_an_arena)
{
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = NULL;
    assert_ok(cg_arena_new(64, &arena));
    struct cg_span bytes = {NULL, 0};
    assert_ok(cg_base64url_decode_arena(test_span("Zm9vYmE"), arena, &bytes));
    assert_span_text(bytes, "fooba");
    assert_status(cg_base64url_decode_arena(test_span("Zm9vYmE="), arena, &bytes), CG_ERR_INPUT);
    assert_span_text(bytes, "fooba");
    cg_arena_clear(arena);
    char large[101];
    memset(large, 'A', sizeof(large));
    assert_status(cg_base64url_decode_arena(cg_span_of_bytes(large, 100), arena, &bytes),
                  CG_ERR_LIMIT);
}

/* RFC 4648 §10 */
TEST(base64_reads_and_writes_the_vectors_with_their_padding)
{
    static const struct {
        const char *text;
        const char *bytes;
    } rows[] = {
        {"", ""},
        {"Zg==", "f"},
        {"Zm8=", "fo"},
        {"Zm9v", "foo"},
        {"Zm9vYg==", "foob"},
        {"Zm9vYmE=", "fooba"},
        {"Zm9vYmFy", "foobar"},
        {"+/+/", "\xfb\xff\xbf"},
    };
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = NULL;
    assert_ok(cg_arena_new(1024, &arena));
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        struct cg_span bytes = {NULL, 0};
        assert_status_row(rows[i].text,
                          cg_base64_decode_arena(test_span(rows[i].text), arena, &bytes), CG_OK);
        assert_span_text_row(rows[i].text, bytes, rows[i].bytes);
        assert_non_null(bytes.data);
        struct cg_buf buf;
        cg_buf_init_arena(&buf, arena, 64);
        cg_buf_put_string(&buf, "-_");
        cg_base64_encode(bytes, &buf);
        assert_ok(cg_buf_finish(&buf, &bytes));
        assert_span_text(cg_span_part(bytes, 0, 2), "-_");
        assert_span_text(cg_span_part(bytes, 2, 64), rows[i].text);
    }
}

TEST(base64_refuses_wrong_padding_and_the_other_alphabet)
{
    static const char *const texts[] = {
        "Zg",   "Zg=",  "Zm8",  "Zm9v====", "Z===",  "====",   "=",    "Zh==",
        "Zm9=", "Zg=A", "-_-_", "Zg==Zg==", "Zm9v ", "Zg==\n", "Z=g=", "Z g=",
    };
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = NULL;
    assert_ok(cg_arena_new(1024, &arena));
    for (size_t i = 0; i < TEST_COUNT(texts); i++) {
        struct cg_span bytes = CG_SPAN("before");
        assert_status_row(texts[i], cg_base64_decode_arena(test_span(texts[i]), arena, &bytes),
                          CG_ERR_INPUT);
        assert_span_text(bytes, "before");
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(base64url_encodes_the_vectors),
    cmocka_unit_test(base64url_decodes_the_vectors),
    cmocka_unit_test(base64url_refuses_what_has_another_text),
    cmocka_unit_test(base64url_knows_the_64_characters_and_no_other),
    cmocka_unit_test(base64url_round_trips_every_length),
    cmocka_unit_test(base64url_decode_keeps_to_the_room_it_has),
    cmocka_unit_test(base64url_encode_fails_with_its_buffer),
    cmocka_unit_test(base64url_decodes_into_an_arena),
    cmocka_unit_test(base64_reads_and_writes_the_vectors_with_their_padding),
    cmocka_unit_test(base64_refuses_wrong_padding_and_the_other_alphabet),
};
TEST_MAIN(tests)
