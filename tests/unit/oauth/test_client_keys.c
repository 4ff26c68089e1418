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

/* Asks for the one key of a client; RFC 8037 appendix A.2. */
static void find(struct cg_client_keys *keys, unsigned client)
{
    static const char jwks[] = "{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"kid\":\"k\","
                               "\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}]}";
    char id[32];
    (void)snprintf(id, sizeof(id), "key_%u", client);
    const struct cg_record_key row = {
        .id = test_span(id), .kind = CG_CLIENT_KEY_JWKS, .value = test_span(jwks)};
    const struct cg_client_record record = {.keys = &row, .key_count = 1};
    const struct cg_key_question question = {&record, cg_alg_find(CG_SPAN_OF("EdDSA")),
                                             CG_SPAN_OF("k")};
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

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(client_keys_are_parsed_once_and_the_set_longest_out_of_use_is_let_go),
};
TEST_MAIN(tests)
