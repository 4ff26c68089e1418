/* SPDX-License-Identifier: Apache-2.0 */
#include "oauth/client_keys.h"

#include "base/span.h"
#include "jose/jwks.h"
#include "test.h"

#define SETS 1024 /* that are remembered */

/* How often a set was parsed: the linker leads the library's call here. */
static unsigned *parses(void)
{
    static unsigned count;
    return &count;
}

enum cg_status __real_cg_jwks_parse(const struct cg_json_value *root, enum cg_jwk_rule rule,
                                    struct cg_jwks **ret_jwks);
enum cg_status __wrap_cg_jwks_parse(const struct cg_json_value *root, enum cg_jwk_rule rule,
                                    struct cg_jwks **ret_jwks);

enum cg_status __wrap_cg_jwks_parse(const struct cg_json_value *root, enum cg_jwk_rule rule,
                                    struct cg_jwks **ret_jwks)
{
    *parses() += 1;
    return __real_cg_jwks_parse(root, rule, ret_jwks);
}

/* RFC 8037 appendix A.2. */
static const char jwks[] = "{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"kid\":\"k\","
                           "\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}]}";

/* Asks for the one key of a client. */
static void find(struct cg_client_keys *keys, unsigned client)
{
    char id[32];
    (void)snprintf(id, sizeof(id), "key_%u", client);
    const struct cg_record_key row = {
        .id = test_span(id), .kind = CG_CLIENT_KEY_JWKS, .value = test_span(jwks)};
    const struct cg_key_question question = {
        .rows = &row,
        .row_count = 1,
        .alg = cg_alg_find(CG_SPAN_OF("EdDSA")),
        .kid = CG_SPAN("k"),
    };
    struct cg_key_answer answer = {.count = 0};
    assert_ok(cg_client_keys_find(keys, &question, NULL, &answer));
    assert_null(answer.refusal);
    assert_int_equal(answer.count, 1);
}

TEST(client_keys_are_parsed_once_and_the_set_longest_out_of_use_is_let_go)
{
    CG_CLEANUP(cg_client_keys_free_at) struct cg_client_keys *keys = NULL;
    assert_ok(cg_client_keys_new(NULL, &keys));
    *parses() = 0;
    for (unsigned client = 0; client < SETS; client++) {
        find(keys, client);
        find(keys, client);
    }
    assert_int_equal(*parses(), SETS);
    find(keys, 0);
    assert_int_equal(*parses(), SETS);
    find(keys, SETS);
    assert_int_equal(*parses(), SETS + 1);
    find(keys, 0);
    find(keys, 2);
    assert_int_equal(*parses(), SETS + 1);
    find(keys, 1);
    assert_int_equal(*parses(), SETS + 2);
}

TEST(client_keys_that_are_not_found_are_told_of_in_the_words_of_their_owner)
{
    static const struct {
        const char *kid;
        enum cg_client_key_kind kind;
        const char *value;
        enum cg_key_owner owner;
        const char *refusal;
        bool is_missing;
    } rows[] = {
        {"other", CG_CLIENT_KEY_JWKS, jwks, CG_KEY_OWNER_CLIENT,
         "none of the client's keys has the assertion's kid", false},
        {"other", CG_CLIENT_KEY_JWKS, jwks, CG_KEY_OWNER_ISSUER,
         "none of its issuer's keys has the ID token's kid", false},
        {"k", CG_CLIENT_KEY_JWKS_URI, "https://id.example/jwks", CG_KEY_OWNER_CLIENT,
         "the host of the client's keys is not in caregate_fetch_hosts", false},
        {"k", CG_CLIENT_KEY_JWKS_URI, "https://id.example/jwks", CG_KEY_OWNER_ISSUER,
         "the host of the issuer's keys is not in caregate_fetch_hosts", true},
    };
    CG_CLEANUP(cg_client_keys_free_at) struct cg_client_keys *keys = NULL;
    assert_ok(cg_client_keys_new(NULL, &keys));
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        const struct cg_record_key row = {
            .id = CG_SPAN("ups_1"), .kind = rows[i].kind, .value = test_span(rows[i].value)};
        const struct cg_key_question question = {
            .rows = &row,
            .row_count = 1,
            .alg = cg_alg_find(CG_SPAN_OF("EdDSA")),
            .kid = test_span(rows[i].kid),
            .owner = rows[i].owner,
        };
        struct cg_key_answer answer = {.count = 7};
        assert_ok(cg_client_keys_find(keys, &question, NULL, &answer));
        assert_int_equal(answer.count, 0);
        assert_string_equal(answer.refusal, rows[i].refusal);
        assert_int_equal(answer.missing != NULL, rows[i].is_missing);
    }
}

#define CURVE_KEY                                                                                  \
    "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"kid\":\"k\","                                          \
    "\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}"
/* RFC 7515 appendix A.3. */
#define POINT_KEY                                                                                  \
    "{\"kty\":\"EC\",\"crv\":\"P-256\",\"kid\":\"k\","                                             \
    "\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","                                       \
    "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}"

/* Of the keys of a kid the one that fits is meant, unless two do. */
TEST(client_keys_of_one_kid_are_told_apart_by_their_algorithm)
{
    static const struct {
        const char *set;
        const char *alg;
        const char *refusal;
    } rows[] = {
        {"{\"keys\":[" CURVE_KEY "," POINT_KEY "]}", "EdDSA", NULL},
        {"{\"keys\":[" CURVE_KEY "," POINT_KEY "]}", "ES256", NULL},
        {"{\"keys\":[" CURVE_KEY "," POINT_KEY "]}", "ES384",
         "its issuer's key is not for the ID token's alg"},
        {"{\"keys\":[" CURVE_KEY "," POINT_KEY "," CURVE_KEY "]}", "EdDSA",
         "two of its issuer's keys have the ID token's kid"},
        {"{\"keys\":[" CURVE_KEY "," POINT_KEY "," CURVE_KEY "]}", "ES256", NULL},
    };
    CG_CLEANUP(cg_client_keys_free_at) struct cg_client_keys *keys = NULL;
    assert_ok(cg_client_keys_new(NULL, &keys));
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        char id[] = "ups_0";
        id[4] = (char)('0' + i);
        const struct cg_record_key row = {
            .id = test_span(id), .kind = CG_CLIENT_KEY_JWKS, .value = test_span(rows[i].set)};
        const struct cg_key_question question = {
            .rows = &row,
            .row_count = 1,
            .alg = cg_alg_find(test_span(rows[i].alg)),
            .kid = CG_SPAN("k"),
            .owner = CG_KEY_OWNER_ISSUER,
        };
        struct cg_key_answer answer = {.count = 7};
        assert_ok(cg_client_keys_find(keys, &question, NULL, &answer));
        if (rows[i].refusal != NULL) {
            assert_string_equal(answer.refusal, rows[i].refusal);
            assert_int_equal(answer.count, 0);
            continue;
        }
        assert_null(answer.refusal);
        assert_int_equal(answer.count, 1);
        assert_int_equal(cg_verifier_algorithm_of(answer.verifiers[0]),
                         question.alg->key_algorithm);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(client_keys_of_one_kid_are_told_apart_by_their_algorithm),
    cmocka_unit_test(client_keys_that_are_not_found_are_told_of_in_the_words_of_their_owner),
    cmocka_unit_test(client_keys_are_parsed_once_and_the_set_longest_out_of_use_is_let_go),
};
TEST_MAIN(tests)
