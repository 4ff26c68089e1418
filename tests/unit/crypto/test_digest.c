/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto_test.h"

#include "crypto/digest.h"

struct vector {
    const char *label;
    const char *message; /* hexadecimal */
    const char *digest;
};

/* FIPS 180-4's examples, and NIST CAVP's SHA256ShortMsg for 8, 16, 24 and 512 bits. */
static const struct vector vectors[] = {
    {"empty", "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
    {"abc", "616263", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
    {"448 bits",
     "6162636462636465636465666465666765666768666768696768696a68696a6b"
     "696a6b6c6a6b6c6d6b6c6d6e6c6d6e6f6d6e6f706e6f7071",
     "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    {"896 bits",
     "61626364656667686263646566676869636465666768696a6465666768696a6b65666768696a6b6c"
     "666768696a6b6c6d6768696a6b6c6d6e68696a6b6c6d6e6f696a6b6c6d6e6f706a6b6c6d6e6f7071"
     "6b6c6d6e6f7071726c6d6e6f707172736d6e6f70717273746e6f707172737475",
     "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"},
    {"8 bits", "d3", "28969cdfa74a12c82f3bad960b0b000aca2ac329deea5c2328ebc6f2ba9802c1"},
    {"16 bits", "11af", "5ca7133fa735326081558ac312c620eeca9970d1e70a4b95533d956f072d1f98"},
    {"24 bits", "b4190e", "dff2e73091f6c05e528896c4c831b9448653dc2ff043528f6769437bc7b975c2"},
};

TEST(sha256_matches_nist_vectors)
{
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = new_arena();
    for (size_t i = 0; i < TEST_COUNT(vectors); i++) {
        uint8_t digest[CG_SHA256_BYTES];
        struct cg_span message = hex_bytes(arena, vectors[i].message);
        assert_status_row(vectors[i].label, cg_sha256(message, digest), CG_OK);
        assert_span_equal_row(vectors[i].label, cg_span_of_bytes(digest, sizeof(digest)),
                              hex_bytes(arena, vectors[i].digest));
    }
}

/* FIPS 180-2 appendix B.3. */
TEST(sha256_matches_nist_vector_of_a_million_bytes)
{
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = new_arena();
    char *message = test_malloc(1000000);
    memset(message, 'a', 1000000);
    uint8_t digest[CG_SHA256_BYTES];
    assert_ok(cg_sha256(cg_span_of_bytes(message, 1000000), digest));
    test_free(message);
    assert_span_equal(
        cg_span_of_bytes(digest, sizeof(digest)),
        hex_bytes(arena, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"));
}

TEST(sha256_of_an_absent_span_is_that_of_nothing)
{
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = new_arena();
    uint8_t digest[CG_SHA256_BYTES];
    uint8_t digest_two[CG_SHA256_BYTES];
    assert_ok(cg_sha256((struct cg_span){NULL, 0}, digest));
    assert_ok(cg_sha256_two((struct cg_span){NULL, 0}, (struct cg_span){NULL, 0}, digest_two));
    struct cg_span want = hex_bytes(arena, vectors[0].digest);
    assert_span_equal(cg_span_of_bytes(digest, sizeof(digest)), want);
    assert_span_equal(cg_span_of_bytes(digest_two, sizeof(digest_two)), want);
}

TEST(sha256_two_equals_the_digest_of_both_in_a_row)
{
    uint8_t message[200];
    for (size_t i = 0; i < sizeof(message); i++) {
        message[i] = (uint8_t)i;
    }
    uint8_t whole[CG_SHA256_BYTES];
    assert_ok(cg_sha256(cg_span_of_bytes(message, sizeof(message)), whole));
    for (size_t cut = 0; cut <= sizeof(message); cut++) {
        uint8_t digest[CG_SHA256_BYTES];
        assert_ok(cg_sha256_two(cg_span_of_bytes(message, cut),
                                cg_span_of_bytes(message + cut, sizeof(message) - cut), digest));
        assert_memory_equal(digest, whole, sizeof(digest));
    }
}

/* RFC 4231 §4.3, §4.7: the second key is longer than a block. */
TEST(hmac_sha256_matches_published_vectors)
{
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = new_arena();
    uint8_t long_key[131];
    memset(long_key, 0xaa, sizeof(long_key));
    const struct {
        struct cg_span key;
        const char *message;
        const char *digest;
    } rows[] = {
        {test_span("Jefe"), "what do ya want for nothing?",
         "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
        {cg_span_of_bytes(long_key, sizeof(long_key)),
         "Test Using Larger Than Block-Size Key - Hash Key First",
         "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        uint8_t digest[CG_SHA256_BYTES];
        assert_ok(cg_hmac_sha256(rows[i].key, test_span(rows[i].message), digest));
        assert_span_equal_row(rows[i].message, cg_span_of_bytes(digest, sizeof(digest)),
                              hex_bytes(arena, rows[i].digest));
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(hmac_sha256_matches_published_vectors),
    cmocka_unit_test(sha256_matches_nist_vectors),
    cmocka_unit_test(sha256_matches_nist_vector_of_a_million_bytes),
    cmocka_unit_test(sha256_of_an_absent_span_is_that_of_nothing),
    cmocka_unit_test(sha256_two_equals_the_digest_of_both_in_a_row),
};

TEST_MAIN(tests)
