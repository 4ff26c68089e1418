/* SPDX-License-Identifier: Apache-2.0 */
/* A realm whose key is in a security module that does not sign with it. */
#include "house.h"

#include "base/span.h"
#include "registry/signing_key.h"
#include "test.h"

#define LONGEST_S 16

static bool is_away;
static size_t asked; /* of the module */

enum cg_status __real_cg_signing_key_signer(const struct cg_signing_key *key,
                                            const struct cg_key_means *means,
                                            struct cg_arena *arena, struct cg_signer **ret_signer);
enum cg_status __wrap_cg_signing_key_signer(const struct cg_signing_key *key,
                                            const struct cg_key_means *means,
                                            struct cg_arena *arena, struct cg_signer **ret_signer);
enum cg_status __wrap_cg_signing_key_signer(const struct cg_signing_key *key,
                                            const struct cg_key_means *means,
                                            struct cg_arena *arena, struct cg_signer **ret_signer)
{
    struct cg_signing_key sealed = *key;
    sealed.reference = (struct cg_span){NULL, 0};
    asked++;
    return is_away ? CG_ERR_CRYPTO
                   : __real_cg_signing_key_signer(&sealed, means, arena, ret_signer);
}

enum cg_status __real_cg_signing_key_current(struct cg_store *store, struct cg_span realm,
                                             int64_t now_s, struct cg_arena *arena,
                                             struct cg_signing_key *ret_key, int64_t *ret_until_s);
enum cg_status __wrap_cg_signing_key_current(struct cg_store *store, struct cg_span realm,
                                             int64_t now_s, struct cg_arena *arena,
                                             struct cg_signing_key *ret_key, int64_t *ret_until_s);
enum cg_status __wrap_cg_signing_key_current(struct cg_store *store, struct cg_span realm,
                                             int64_t now_s, struct cg_arena *arena,
                                             struct cg_signing_key *ret_key, int64_t *ret_until_s)
{
    enum cg_status status =
        __real_cg_signing_key_current(store, realm, now_s, arena, ret_key, ret_until_s);
    ret_key->reference = CG_SPAN_OF("pkcs11:token=t;object=k");
    return status;
}

/* Asks for tokens in each second, twice; returns the first second that gave one, or `until_s`. */
static int64_t ask_until(struct house *house, int64_t until_s)
{
    for (; house->now_s < until_s; house->now_s++) {
        unsigned status = (unsigned)house_ask_token(house, "")->http_status;
        if (status == 200 && house_ask_token(house, "")->http_status == 200) {
            return house->now_s;
        }
        assert_int_equal(status, 503);
    }
    return until_s;
}

static void module_that_does_not_sign_is_asked_less_and_less_often(void **state)
{
    struct house *house = *state;
    int64_t start_s = house->now_s;
    is_away = true;
    asked = 0;
    assert_int_equal(ask_until(house, start_s + 100), start_s + 100);
    /* After 0, 1, 3, 7, 15, 31, 47, 63, 79 and 95 seconds. */
    assert_int_equal(asked, 10);
    is_away = false;
    assert_true(ask_until(house, start_s + 200) <= start_s + 100 + LONGEST_S);
    assert_int_equal(asked, 11);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(module_that_does_not_sign_is_asked_less_and_less_often,
                                    house_build, house_pull_down),
};
TEST_MAIN(tests)
