/* SPDX-License-Identifier: Apache-2.0 */
/* What goes wrong before there is a token; SoftHSM stands behind
 * tests/http/test_security_module.py.
 */
#include "crypto_test.h"

#include "crypto/pkcs11.h"
#include "crypto/sign.h"

static const struct cg_span pin = CG_SPAN("1234");

static const struct cg_pkcs11_object object = {.token = CG_SPAN("box"), .object = CG_SPAN("key")};

static enum cg_status read_through(const char *module, const char **ret_trouble)
{
    CG_CLEANUP(cg_pkcs11_free_at) struct cg_pkcs11 *pkcs11 = NULL;
    struct cg_key *key = NULL;
    assert_ok(cg_pkcs11_new(module, pin, &pkcs11));
    assert_null(cg_pkcs11_trouble(pkcs11));
    enum cg_status status = cg_pkcs11_read_public(pkcs11, &object, CG_KEY_RSA_SHA256, &key);
    assert_null(key);
    *ret_trouble = cg_pkcs11_trouble(pkcs11);
    return status;
}

TEST(pkcs11_loads_nothing_before_it_is_used)
{
    CG_CLEANUP(cg_pkcs11_free_at) struct cg_pkcs11 *pkcs11 = NULL;
    assert_ok(cg_pkcs11_new("/nowhere/module.so", pin, &pkcs11));
    assert_null(cg_pkcs11_trouble(pkcs11));
}

TEST(pkcs11_says_that_a_module_is_missing)
{
    const char *trouble = NULL;
    assert_int_equal(read_through("/nowhere/module.so", &trouble), CG_ERR_NOT_FOUND);
    assert_non_null(strstr(trouble, "cannot be loaded"));
}

TEST(pkcs11_says_that_a_library_is_no_module)
{
    const char *trouble = NULL;
    assert_int_equal(read_through("libcrypto.so.3", &trouble), CG_ERR_INPUT);
    assert_non_null(strstr(trouble, "no PKCS #11 module"));
}

TEST(pkcs11_refuses_a_pin_that_is_empty_or_long)
{
    static const uint8_t bytes[CG_PKCS11_PIN_MAX_BYTES + 1] = {'1'};
    struct cg_pkcs11 *pkcs11 = NULL;
    assert_int_equal(cg_pkcs11_new("m", (struct cg_span){bytes, 0}, &pkcs11), CG_ERR_INPUT);
    assert_int_equal(cg_pkcs11_new("m", (struct cg_span){bytes, sizeof(bytes)}, &pkcs11),
                     CG_ERR_INPUT);
    assert_int_equal(cg_pkcs11_new("", pin, &pkcs11), CG_ERR_INPUT);
    assert_null(pkcs11);
}

TEST(pkcs11_signs_by_the_algorithms_of_realms_only)
{
    CG_CLEANUP(cg_pkcs11_free_at) struct cg_pkcs11 *pkcs11 = NULL;
    struct cg_key *key = NULL;
    struct cg_pkcs11_key *opened = NULL;
    assert_ok(cg_pkcs11_new("/nowhere/module.so", pin, &pkcs11));
    assert_int_equal(cg_pkcs11_read_public(pkcs11, &object, CG_KEY_RSA_SHA512, &key), CG_ERR_INPUT);
    assert_int_equal(cg_pkcs11_key_open(pkcs11, &object, CG_KEY_ECDSA_P384, &opened), CG_ERR_INPUT);
    assert_non_null(strstr(cg_pkcs11_trouble(pkcs11), "RS256, PS256, ES256 or EdDSA"));
}

TEST(pkcs11_gives_no_signer_for_a_module_that_is_missing)
{
    CG_CLEANUP(cg_pkcs11_free_at) struct cg_pkcs11 *pkcs11 = NULL;
    CG_CLEANUP(cg_key_free_at) struct cg_key *key = new_rsa_key(2048);
    CG_CLEANUP(cg_key_free_at) struct cg_key *half = public_half(key);
    struct cg_signer *signer = NULL;
    assert_ok(cg_pkcs11_new("/nowhere/module.so", pin, &pkcs11));
    assert_int_equal(cg_signer_new_in_module(pkcs11, &object, half, &signer), CG_ERR_NOT_FOUND);
    assert_null(signer);
}

TEST(pkcs11_makes_and_destroys_nothing_through_a_module_that_is_missing)
{
    CG_CLEANUP(cg_pkcs11_free_at) struct cg_pkcs11 *pkcs11 = NULL;
    assert_ok(cg_pkcs11_new("/nowhere/module.so", pin, &pkcs11));
    assert_int_equal(cg_pkcs11_generate(pkcs11, &object, CG_KEY_RSA_SHA512, 2048), CG_ERR_INPUT);
    assert_int_equal(cg_pkcs11_generate(pkcs11, &object, CG_KEY_ECDSA_P256, 0), CG_ERR_NOT_FOUND);
    assert_int_equal(cg_pkcs11_destroy(pkcs11, &object), CG_ERR_NOT_FOUND);
    assert_non_null(strstr(cg_pkcs11_trouble(pkcs11), "cannot be loaded"));
}

TEST(pkcs11_free_and_trouble_accept_nothing)
{
    assert_null(cg_pkcs11_free(NULL));
    assert_null(cg_pkcs11_key_free(NULL));
    assert_null(cg_pkcs11_trouble(NULL));
    assert_false(cg_signer_has_failed(NULL));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(pkcs11_loads_nothing_before_it_is_used),
    cmocka_unit_test(pkcs11_says_that_a_module_is_missing),
    cmocka_unit_test(pkcs11_says_that_a_library_is_no_module),
    cmocka_unit_test(pkcs11_refuses_a_pin_that_is_empty_or_long),
    cmocka_unit_test(pkcs11_signs_by_the_algorithms_of_realms_only),
    cmocka_unit_test(pkcs11_gives_no_signer_for_a_module_that_is_missing),
    cmocka_unit_test(pkcs11_makes_and_destroys_nothing_through_a_module_that_is_missing),
    cmocka_unit_test(pkcs11_free_and_trouble_accept_nothing),
};

TEST_MAIN(tests)
