/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A key behind PKCS #11 is read, opened and signed with, and another one made and destroyed, while
 * each allocation fails in turn, and then each call of the module. Whatever fails is told, nothing
 * half is given out, no session is left open, and no half of a key is forgotten.
 */
#include "base/span.h"
#include "base/status.h"
#include "crypto/pkcs11.h"
#include "crypto/sign.h"
#include "fake_token.h"
#include "test.h"
#include "torture.h"

#include <dlfcn.h>

#define TOKEN_ENV "CAREGATE_FAKE_TOKEN"

static const struct cg_pkcs11_object object = {.token = CG_SPAN("box"), .object = CG_SPAN("key")};
static const struct cg_span message = CG_SPAN("header.payload");

/* Of the library that the code under test loads, too. */
struct token {
    void *library;
    void (*fail_at)(long call);
    int (*has_failed)(void);
    long (*sessions)(void);
    int (*is_started)(void);
    int (*halves)(void);
};

static struct token token_load(void)
{
    struct token token = {.library = dlopen(getenv(TOKEN_ENV), RTLD_NOW | RTLD_LOCAL)};
    assert_non_null(token.library);
    token.fail_at = (void (*)(long))dlsym(token.library, "fake_token_fail");
    token.has_failed = (int (*)(void))dlsym(token.library, "fake_token_has_failed");
    token.sessions = (long (*)(void))dlsym(token.library, "fake_token_sessions");
    token.is_started = (int (*)(void))dlsym(token.library, "fake_token_is_started");
    token.halves = (int (*)(void))dlsym(token.library, "fake_token_halves");
    assert_true(token.fail_at != NULL && token.has_failed != NULL && token.sessions != NULL &&
                token.is_started != NULL && token.halves != NULL);
    return token;
}

static enum cg_status sign_and_verify(struct cg_pkcs11 *pkcs11, const struct cg_key *public)
{
    CG_CLEANUP(cg_signer_free_at) struct cg_signer *signer = NULL;
    CG_CLEANUP(cg_verifier_free_at) struct cg_verifier *verifier = NULL;
    uint8_t signature[CG_LIMIT_SIGNATURE_BYTES];
    size_t len = 0;
    CG_TRY(cg_signer_new_in_module(pkcs11, &object, public, &signer));
    CG_TRY(cg_verifier_new(public, &verifier));
    enum cg_status status = cg_sign(signer, message, signature, &len);
    assert_int_equal(cg_signer_has_failed(signer), status != CG_OK);
    CG_TRY(status);
    /* What has been given out is a signature. */
    assert_int_equal(cg_verify(verifier, message, cg_span_of_bytes(signature, len)), CG_OK);
    return CG_OK;
}

static enum cg_status use_key(void *context)
{
    CG_CLEANUP(cg_pkcs11_free_at) struct cg_pkcs11 *pkcs11 = NULL;
    CG_CLEANUP(cg_key_free_at) struct cg_key *public = NULL;
    (void)context;
    CG_TRY(cg_pkcs11_new(getenv(TOKEN_ENV), CG_SPAN_OF("1234"), &pkcs11));
    enum cg_status status = cg_pkcs11_read_public(pkcs11, &object, CG_KEY_ED25519, &public);
    assert_int_equal(public != NULL, status == CG_OK);
    if (status == CG_OK) {
        status = sign_and_verify(pkcs11, public);
    }
    return status;
}

TEST(pkcs11_survives_every_failing_allocation)
{
    struct token token = token_load();
    torture(&(struct torture_scenario){.name = "key in a module", .run = use_key});
    assert_int_equal(token.sessions(), 0);
    assert_false(token.is_started());
    (void)dlclose(token.library);
}

/* Closing is the one thing whose failure changes nothing. */
TEST(pkcs11_tells_of_every_call_of_the_module_that_fails)
{
    struct token token = token_load();
    long call = 1;
    unsigned told = 0;
    for (bool failed = true; failed; call++) {
        token.fail_at(call);
        told += use_key(NULL) != CG_OK;
        failed = token.has_failed();
        token.fail_at(0);
        assert_int_equal(token.sessions(), 0);
        assert_false(token.is_started());
        assert_int_equal(use_key(NULL), CG_OK);
    }
    assert_true(told >= 15);
    (void)dlclose(token.library);
}

/* A key that failed is opened anew, in a module that is started anew. */
TEST(pkcs11_signs_again_after_any_failure)
{
    struct token token = token_load();
    CG_CLEANUP(cg_pkcs11_free_at) struct cg_pkcs11 *pkcs11 = NULL;
    CG_CLEANUP(cg_key_free_at) struct cg_key *public = NULL;
    assert_ok(cg_pkcs11_new(getenv(TOKEN_ENV), CG_SPAN_OF("1234"), &pkcs11));
    assert_ok(cg_pkcs11_read_public(pkcs11, &object, CG_KEY_ED25519, &public));
    for (long call = 1; call < 40; call++) {
        token.fail_at(call);
        (void)!sign_and_verify(pkcs11, public);
        token.fail_at(0);
        assert_ok(sign_and_verify(pkcs11, public));
        assert_null(cg_pkcs11_trouble(pkcs11));
        assert_int_equal(token.sessions(), 0);
    }
    (void)dlclose(token.library);
}

static const struct cg_pkcs11_object made = {
    .token = CG_SPAN("box"), .object = CG_SPAN("made"), .id = CG_SPAN("1")};

static enum cg_status destroy(void)
{
    CG_CLEANUP(cg_pkcs11_free_at) struct cg_pkcs11 *pkcs11 = NULL;
    CG_TRY(cg_pkcs11_new(getenv(TOKEN_ENV), CG_SPAN_OF("1234"), &pkcs11));
    return cg_pkcs11_destroy(pkcs11, &made);
}

static enum cg_status make(void)
{
    CG_CLEANUP(cg_pkcs11_free_at) struct cg_pkcs11 *pkcs11 = NULL;
    CG_TRY(cg_pkcs11_new(getenv(TOKEN_ENV), CG_SPAN_OF("1234"), &pkcs11));
    return cg_pkcs11_generate(pkcs11, &made, CG_KEY_ED25519, 0);
}

/* Nobody looks for it again who was told that it is gone. */
TEST(pkcs11_takes_no_half_of_a_key_for_destroyed_that_is_there)
{
    struct token token = token_load();
    unsigned told = 0;
    for (long call = 1, failed = 1; failed; call++) {
        assert_ok(make());
        assert_int_equal(token.halves(), 2);
        token.fail_at(call);
        enum cg_status status = destroy();
        failed = token.has_failed();
        token.fail_at(0);
        told += status != CG_OK;
        assert_true(status != CG_OK || token.halves() == 0);
        assert_int_equal(token.sessions(), 0);
        assert_ok(destroy());
        assert_int_equal(token.halves(), 0);
    }
    assert_true(told >= 12);
    (void)dlclose(token.library);
}

/* fake_token.c makes none that is not to stay there, or that could be read out. */
TEST(pkcs11_tells_of_every_call_that_fails_while_a_key_is_made)
{
    struct token token = token_load();
    unsigned told = 0;
    for (long call = 1, failed = 1; failed; call++) {
        token.fail_at(call);
        enum cg_status status = make();
        failed = token.has_failed();
        token.fail_at(0);
        told += status != CG_OK;
        assert_int_equal(token.halves(), status == CG_OK ? 2 : 0);
        assert_int_equal(token.sessions(), 0);
        assert_ok(destroy());
    }
    assert_true(told >= 6);
    (void)dlclose(token.library);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(pkcs11_survives_every_failing_allocation),
    cmocka_unit_test(pkcs11_tells_of_every_call_of_the_module_that_fails),
    cmocka_unit_test(pkcs11_signs_again_after_any_failure),
    cmocka_unit_test(pkcs11_takes_no_half_of_a_key_for_destroyed_that_is_there),
    cmocka_unit_test(pkcs11_tells_of_every_call_that_fails_while_a_key_is_made),
};

TEST_MAIN(tests)
