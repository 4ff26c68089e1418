/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/profile.h"

#include "base/span.h"
#include "test.h"
#include "token/scope.h"

#define ANY_AUTH 15U
#define KEYS_ONLY ((unsigned)CG_CLIENT_AUTH_PRIVATE_KEY_JWT)

/* What each family of specifications demands, where they differ. */
static void profile_says_what_its_family_demands(void **state)
{
    static const struct {
        const char *name;
        unsigned auths;
        const char *algs;
        unsigned audiences;
        bool bound;
        bool kid;
        int64_t skew_s;
    } rows[] = {
        {"documented", ANY_AUTH,
         "RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384 ES512 EdDSA Ed25519",
         (unsigned)CG_ASSERTION_FOR_TOKEN_URL | CG_ASSERTION_FOR_ISSUER, false, false, 60},
        {"smart", KEYS_ONLY, "RS384 ES384", CG_ASSERTION_FOR_TOKEN_URL, false, true, 60},
        {"nhs", KEYS_ONLY, "RS512", CG_ASSERTION_FOR_TOKEN_URL, false, true, 60},
        {"fapi2", ANY_AUTH & ~(unsigned)CG_CLIENT_AUTH_SECRET, "PS256 ES256 EdDSA Ed25519",
         CG_ASSERTION_FOR_ISSUER, true, false, 10},
    };
    (void)state;
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        const struct cg_profile *profile = cg_profile_find(test_span(rows[i].name));
        assert_non_null(profile);
        assert_span_equal_row(rows[i].name, profile->assertion.algs, test_span(rows[i].algs));
        assert_int_equal(profile->client_auths, rows[i].auths);
        assert_int_equal(profile->assertion.audiences, rows[i].audiences);
        assert_int_equal(profile->tokens_bound, rows[i].bound);
        assert_int_equal(profile->assertion.kid_required, rows[i].kid);
        assert_int_equal(profile->assertion.future_skew_s, rows[i].skew_s);
        assert_true(profile->token_life_s <= 300);
        assert_true(profile->assertion.life_max_s <= 310);
    }
}

static void profile_of_another_name_is_not_found(void **state)
{
    (void)state;
    assert_null(cg_profile_find(CG_SPAN_OF("Documented")));
    assert_null(cg_profile_find(CG_SPAN_OF("")));
}

static void no_profile_takes_a_symmetric_or_missing_algorithm(void **state)
{
    static const char *const names[] = {"documented", "smart", "nhs", "fapi2"};
    (void)state;
    for (size_t i = 0; i < TEST_COUNT(names); i++) {
        struct cg_span algs = cg_profile_find(test_span(names[i]))->assertion.algs;
        assert_false(cg_scope_text_has(algs, CG_SPAN_OF("none")));
        assert_false(cg_scope_text_has(algs, CG_SPAN_OF("HS256")));
    }
}

static void words_of_clients_are_read_as_they_are_written(void **state)
{
    static const enum cg_client_auth auths[] = {CG_CLIENT_AUTH_SECRET,
                                                CG_CLIENT_AUTH_PRIVATE_KEY_JWT, CG_CLIENT_AUTH_TLS,
                                                CG_CLIENT_AUTH_SELF_SIGNED_TLS};
    static const enum cg_client_bind binds[] = {CG_CLIENT_BIND_NONE, CG_CLIENT_BIND_DPOP,
                                                CG_CLIENT_BIND_MTLS};
    (void)state;
    enum cg_client_auth auth = CG_CLIENT_AUTH_TLS;
    enum cg_client_bind bind = CG_CLIENT_BIND_DPOP;
    for (size_t i = 0; i < TEST_COUNT(auths); i++) {
        assert_ok(cg_client_auth_find(cg_client_auth_name(auths[i]), &auth));
        assert_int_equal(auth, auths[i]);
    }
    for (size_t i = 0; i < TEST_COUNT(binds); i++) {
        assert_ok(cg_client_bind_find(cg_client_bind_name(binds[i]), &bind));
        assert_int_equal(bind, binds[i]);
    }
    assert_status(cg_client_auth_find(CG_SPAN_OF("none"), &auth), CG_ERR_INPUT);
    assert_status(cg_client_bind_find(CG_SPAN_OF("DPoP"), &bind), CG_ERR_INPUT);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(profile_says_what_its_family_demands),
    cmocka_unit_test(profile_of_another_name_is_not_found),
    cmocka_unit_test(no_profile_takes_a_symmetric_or_missing_algorithm),
    cmocka_unit_test(words_of_clients_are_read_as_they_are_written),
};

TEST_MAIN(tests)
