/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include "base/limits.h"
#include "base/span.h"
#include "jose/alg.h"

TEST(alg_finds_rs256_with_its_key_type)
{
    const struct cg_alg *alg = cg_alg_find(CG_SPAN_OF("RS256"));
    assert_non_null(alg);
    assert_span_text(alg->name, "RS256");
    assert_span_text(alg->kty, "RSA");
    assert_int_equal(alg->key_algorithm, CG_KEY_RSA_SHA256);
    assert_true(alg->default_bits >= CG_LIMIT_RSA_BITS_MIN);
    assert_ptr_equal(cg_alg_of(CG_KEY_RSA_SHA256), alg);
}

TEST(alg_rows_are_found_by_name_and_by_key_algorithm)
{
    static const struct {
        const char *name;
        const char *kty;
        const char *crv;
        enum cg_key_algorithm key_algorithm;
        bool signs_tokens;
    } rows[] = {
        {"RS256", "RSA", "", CG_KEY_RSA_SHA256, true},
        {"RS384", "RSA", "", CG_KEY_RSA_SHA384, false},
        {"RS512", "RSA", "", CG_KEY_RSA_SHA512, false},
        {"PS256", "RSA", "", CG_KEY_PSS_SHA256, true},
        {"PS384", "RSA", "", CG_KEY_PSS_SHA384, false},
        {"PS512", "RSA", "", CG_KEY_PSS_SHA512, false},
        {"ES256", "EC", "P-256", CG_KEY_ECDSA_P256, true},
        {"ES384", "EC", "P-384", CG_KEY_ECDSA_P384, false},
        {"ES512", "EC", "P-521", CG_KEY_ECDSA_P521, false},
        {"EdDSA", "OKP", "Ed25519", CG_KEY_ED25519, true},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        const struct cg_alg *alg = cg_alg_find(test_span(rows[i].name));
        assert_non_null(alg);
        assert_ptr_equal(cg_alg_at(i), alg);
        assert_ptr_equal(cg_alg_of(rows[i].key_algorithm), alg);
        assert_span_text(alg->kty, rows[i].kty);
        assert_span_equal(alg->crv, test_span(rows[i].crv));
        assert_int_equal(alg->signs_tokens, rows[i].signs_tokens);
        assert_ptr_equal(cg_alg_for_tokens(alg->name), alg->signs_tokens ? alg : NULL);
    }
    assert_null(cg_alg_at(TEST_COUNT(rows)));
    assert_null(cg_alg_for_tokens(CG_SPAN_OF("HS256")));
}

/* RFC 9864 §2.2 */
TEST(alg_knows_ed25519_by_both_of_its_names)
{
    assert_ptr_equal(cg_alg_find(CG_SPAN_OF("Ed25519")), cg_alg_find(CG_SPAN_OF("EdDSA")));
    assert_null(cg_alg_for_tokens(CG_SPAN_OF("Ed25519")));
}

TEST(alg_of_an_unknown_key_algorithm_is_none)
{
    assert_null(cg_alg_of((enum cg_key_algorithm)0));
    assert_null(cg_alg_of((enum cg_key_algorithm)99));
}

/* RFC 8725 §3.1, §3.2: no unsecured tokens, no shared secrets, and names are compared byte by byte.
 */
TEST(alg_knows_no_name_outside_its_table)
{
    static const struct cg_span names[] = {
        {NULL, 0},           CG_SPAN(""),       CG_SPAN("none"),       CG_SPAN("None"),
        CG_SPAN("NONE"),     CG_SPAN("nOnE"),   CG_SPAN("HS256"),      CG_SPAN("HS384"),
        CG_SPAN("HS512"),    CG_SPAN("rs256"),  CG_SPAN("Rs256"),      CG_SPAN("RS256 "),
        CG_SPAN("RS256\0"),  CG_SPAN(" RS256"), CG_SPAN("RS1"),        CG_SPAN("ES256K"),
        CG_SPAN("EDDSA"),    CG_SPAN("PS256a"), CG_SPAN("ES521"),      CG_SPAN("Ed448"),
        CG_SPAN("RSA-OAEP"), CG_SPAN("dir"),    CG_SPAN("RS256,none"), CG_SPAN("RS25"),
    };
    for (size_t i = 0; i < TEST_COUNT(names); i++) {
        assert_null(cg_alg_find(names[i]));
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(alg_finds_rs256_with_its_key_type),
    cmocka_unit_test(alg_rows_are_found_by_name_and_by_key_algorithm),
    cmocka_unit_test(alg_knows_ed25519_by_both_of_its_names),
    cmocka_unit_test(alg_of_an_unknown_key_algorithm_is_none),
    cmocka_unit_test(alg_knows_no_name_outside_its_table),
};

TEST_MAIN(tests)
