/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The allocations of crypto/ itself; those that OpenSSL makes fail in
 * unit/crypto/test_openssl_failure.c.
 */
#include "base/span.h"
#include "base/status.h"
#include "crypto/certificate.h"
#include "crypto/certificate_facts.h"
#include "crypto/distinguished_name.h"
#include "crypto/random.h"
#include "crypto/sealed.h"
#include "crypto/sign.h"
#include "test.h"
#include "torture.h"

#define ARENA_BYTES ((size_t)65536)
#define NOW_S INT64_C(1767225600)

static const struct cg_span message = CG_SPAN("header.payload");

static enum cg_status copy_key(void *context)
{
    const struct cg_key *key = context;
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = NULL;
    CG_CLEANUP(cg_key_free_at) struct cg_key *copy = NULL;
    CG_CLEANUP(cg_key_free_at) struct cg_key *half = NULL;
    CG_CLEANUP(cg_key_free_at) struct cg_key *again = NULL;
    struct cg_span der = {0};
    struct cg_key_public numbers = {0};
    CG_TRY(cg_arena_new(ARENA_BYTES, &arena));
    CG_TRY(cg_key_to_pkcs8(key, arena, &der));
    CG_TRY(cg_key_from_pkcs8(cg_key_algorithm_of(key), der, &copy));
    CG_TRY(cg_key_public_numbers(copy, arena, &numbers));
    CG_TRY(cg_key_from_public(cg_key_algorithm_of(key), &numbers, &half));
    return cg_key_public_under(half, cg_key_algorithm_of(key), &again);
}

static enum cg_status sign_and_verify(void *context)
{
    const struct cg_key *key = context;
    CG_CLEANUP(cg_signer_free_at) struct cg_signer *signer = NULL;
    CG_CLEANUP(cg_verifier_free_at) struct cg_verifier *verifier = NULL;
    uint8_t signature[CG_LIMIT_SIGNATURE_BYTES];
    size_t len = 0;
    CG_TRY(cg_signer_new(key, &signer));
    CG_TRY(cg_verifier_new(key, &verifier));
    CG_TRY(cg_sign(signer, message, signature, &len));
    return cg_verify(verifier, message, cg_span_of_bytes(signature, len));
}

static enum cg_status seal_and_open(void *context)
{
    (void)context;
    static const uint8_t key[CG_SEALED_KEY_BYTES] = {1};
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = NULL;
    struct cg_random random = cg_random_system();
    struct cg_span sealed = {0};
    struct cg_span plain = {0};
    CG_TRY(cg_arena_new(ARENA_BYTES, &arena));
    CG_TRY(cg_sealed_close(key, message, message, &random, arena, &sealed));
    return cg_sealed_open(key, message, sealed, arena, &plain);
}

static enum cg_status make_certificate(void *context)
{
    (void)context;
    static const struct cg_span host = CG_SPAN("localhost");
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = NULL;
    struct cg_dev_certificate made = {0};
    int64_t expires_s = 0;
    CG_TRY(cg_arena_new(ARENA_BYTES, &arena));
    CG_TRY(cg_certificate_make(&host, 1, NOW_S, 86400, arena, &made));
    return cg_certificate_expiry(made.certificate_pem, &expires_s);
}

static enum cg_status read_certificate(void *context)
{
    const struct cg_span *pem = context;
    struct cg_certificate_facts facts;
    struct cg_span der = {NULL, 0};
    struct cg_span name = {NULL, 0};
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = NULL;
    CG_TRY(cg_arena_new(ARENA_BYTES, &arena));
    CG_TRY(cg_certificate_decode_pem(*pem, arena, &der));
    CG_TRY(cg_certificate_facts_read(der, arena, &facts));
    return cg_dn_parse(facts.subject, arena, &name);
}

TEST(certificate_reading_survives_every_failing_allocation)
{
    static const struct cg_span host = CG_SPAN("localhost");
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = NULL;
    struct cg_dev_certificate made = {0};
    assert_ok(cg_arena_new(ARENA_BYTES, &arena));
    assert_ok(cg_certificate_make(&host, 1, NOW_S, 86400, arena, &made));
    torture(&(struct torture_scenario){
        .name = "facts", .run = read_certificate, .context = &made.certificate_pem});
}

static enum cg_status random_text(void *context)
{
    (void)context;
    struct cg_random random = cg_random_system();
    struct cg_buf buf;
    cg_buf_init(&buf, 64);
    enum cg_status status = cg_random_text(&random, 32, &buf);
    cg_buf_release(&buf);
    return status;
}

TEST(crypto_survives_every_failing_allocation)
{
    static const struct torture_scenario scenarios[] = {
        {.name = "sealed", .run = seal_and_open},
        {.name = "certificate", .run = make_certificate},
        {.name = "random text", .run = random_text},
    };
    for (size_t i = 0; i < TEST_COUNT(scenarios); i++) {
        torture(&scenarios[i]);
    }
}

TEST(crypto_survives_every_failing_allocation_with_a_key_of_each_kind)
{
    static const struct {
        enum cg_key_algorithm algorithm;
        unsigned bits;
    } kinds[] = {
        {CG_KEY_RSA_SHA256, 2048},
        {CG_KEY_PSS_SHA256, 2048},
        {CG_KEY_ECDSA_P256, 0},
        {CG_KEY_ED25519, 0},
    };
    for (size_t i = 0; i < TEST_COUNT(kinds); i++) {
        CG_CLEANUP(cg_key_free_at) struct cg_key *key = NULL;
        assert_ok(cg_key_generate(kinds[i].algorithm, kinds[i].bits, &key));
        torture(&(struct torture_scenario){.name = "key", .run = copy_key, .context = key});
        torture(&(struct torture_scenario){
            .name = "signature", .run = sign_and_verify, .context = key});
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(certificate_reading_survives_every_failing_allocation),
    cmocka_unit_test(crypto_survives_every_failing_allocation),
    cmocka_unit_test(crypto_survives_every_failing_allocation_with_a_key_of_each_kind),
};

TEST_MAIN(tests)
