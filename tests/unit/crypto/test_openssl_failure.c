/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Allocations that OpenSSL makes on behalf of crypto/ fail, one a run. Each call must end in a
 * status that fits, leave what it would have returned untouched, leave nothing in OpenSSL's error
 * queue, and leak nothing (the address sanitizer looks).
 */
#include "crypto_test.h"

#include "base/buf.h"
#include "crypto/certificate.h"
#include "crypto/certificate_facts.h"
#include "crypto/digest.h"
#include "crypto/sealed.h"
#include "crypto/sign.h"

#include <openssl/crypto.h>

#define NEVER SIZE_MAX
#define ALLOCATIONS_MAX 20000
/* Up to here every allocation fails once, then ever fewer: a certificate takes thousands. */
#define SPARSE_AFTER 40

/* How many allocations succeed until one fails; the one thing that OpenSSL's hooks cannot be
 * handed. */
static size_t until_failure = NEVER;
static bool has_failed = false;

static bool fails_now(void)
{
    if (until_failure == NEVER) {
        return false;
    }
    if (until_failure > 0) {
        until_failure--;
        return false;
    }
    until_failure = NEVER;
    has_failed = true;
    return true;
}

static void *failing_malloc(size_t len, const char *file, int line)
{
    (void)file;
    (void)line;
    return len == 0 || fails_now() ? NULL : malloc(len);
}

static void *failing_realloc(void *memory, size_t len, const char *file, int line)
{
    (void)file;
    (void)line;
    if (len == 0) {
        free(memory);
        return NULL;
    }
    return fails_now() ? NULL : realloc(memory, len);
}

static void plain_free(void *memory, const char *file, int line)
{
    (void)file;
    (void)line;
    free(memory);
}

/* One algorithm of each sort of work. */
static const struct kind {
    enum cg_key_algorithm algorithm;
    unsigned bits;
} kinds[] = {
    {CG_KEY_RSA_SHA256, 2048},
    {CG_KEY_PSS_SHA256, 2048},
    {CG_KEY_ECDSA_P256, 0},
    {CG_KEY_ED25519, 0},
};

/* What the scenarios work on, made while nothing fails. */
struct fixture {
    const struct kind *kind;
    struct cg_arena *arena;
    struct cg_key *key;
    struct cg_signer *signer;
    struct cg_verifier *verifier;
    struct cg_key_public numbers;
    struct cg_span der;
    struct cg_span sealed;
    struct cg_span pem;
    uint8_t signature[CG_LIMIT_SIGNATURE_BYTES];
    size_t signature_len;
};

static const uint8_t master[CG_SEALED_KEY_BYTES] = {9};
static const struct cg_span text = CG_SPAN("header.payload");
static const struct cg_span host = CG_SPAN("localhost");
static const struct cg_span address = CG_SPAN("127.0.0.1");

#define NOW_S INT64_C(1767225600)

static void fixture_init(struct fixture *fixture, const struct kind *kind)
{
    struct cg_random random = cg_random_system();
    struct cg_dev_certificate made = {0};
    fixture->kind = kind;
    fixture->arena = new_arena();
    assert_ok(cg_key_generate(kind->algorithm, kind->bits, &fixture->key));
    assert_ok(cg_signer_new(fixture->key, &fixture->signer));
    assert_ok(cg_verifier_new(fixture->key, &fixture->verifier));
    assert_ok(cg_key_public_numbers(fixture->key, fixture->arena, &fixture->numbers));
    assert_ok(cg_key_to_pkcs8(fixture->key, fixture->arena, &fixture->der));
    assert_ok(cg_sealed_close(master, text, text, &random, fixture->arena, &fixture->sealed));
    assert_ok(cg_certificate_make(&host, 1, NOW_S, 86400, fixture->arena, &made));
    assert_ok(cg_sign(fixture->signer, text, fixture->signature, &fixture->signature_len));
    fixture->pem = made.certificate_pem;
}

static void fixture_release(struct fixture *fixture)
{
    (void)cg_signer_free(fixture->signer);
    (void)cg_verifier_free(fixture->verifier);
    (void)cg_key_free(fixture->key);
    (void)cg_arena_free(fixture->arena);
}

/* Runs one call and reports whether it left its output alone. */
struct outcome {
    enum cg_status status;
    bool untouched;
};

typedef struct outcome (*scenario_function)(struct fixture *fixture, struct cg_arena *arena);

static struct outcome outcome_of_key(enum cg_status status, struct cg_key *key)
{
    struct outcome outcome = {status, key == NULL};
    (void)cg_key_free(key);
    return outcome;
}

static struct outcome generate(struct fixture *fixture, struct cg_arena *arena)
{
    (void)arena;
    struct cg_key *key = NULL;
    enum cg_status status = cg_key_generate(fixture->kind->algorithm, fixture->kind->bits, &key);
    return outcome_of_key(status, key);
}

static struct outcome from_public(struct fixture *fixture, struct cg_arena *arena)
{
    (void)arena;
    struct cg_key *key = NULL;
    enum cg_status status = cg_key_from_public(fixture->kind->algorithm, &fixture->numbers, &key);
    return outcome_of_key(status, key);
}

static struct outcome from_pkcs8(struct fixture *fixture, struct cg_arena *arena)
{
    (void)arena;
    struct cg_key *key = NULL;
    enum cg_status status = cg_key_from_pkcs8(fixture->kind->algorithm, fixture->der, &key);
    return outcome_of_key(status, key);
}

static struct outcome to_pkcs8(struct fixture *fixture, struct cg_arena *arena)
{
    struct cg_span der = {0};
    enum cg_status status = cg_key_to_pkcs8(fixture->key, arena, &der);
    return (struct outcome){status, der.data == NULL};
}

static struct outcome public_numbers(struct fixture *fixture, struct cg_arena *arena)
{
    struct cg_key_public numbers = {0};
    enum cg_status status = cg_key_public_numbers(fixture->key, arena, &numbers);
    return (struct outcome){status, numbers.first.data == NULL};
}

static struct outcome new_signer(struct fixture *fixture, struct cg_arena *arena)
{
    (void)arena;
    struct cg_signer *signer = NULL;
    enum cg_status status = cg_signer_new(fixture->key, &signer);
    struct outcome outcome = {status, signer == NULL};
    (void)cg_signer_free(signer);
    return outcome;
}

static struct outcome new_verifier(struct fixture *fixture, struct cg_arena *arena)
{
    (void)arena;
    struct cg_verifier *verifier = NULL;
    enum cg_status status = cg_verifier_new(fixture->key, &verifier);
    struct outcome outcome = {status, verifier == NULL};
    (void)cg_verifier_free(verifier);
    return outcome;
}

static struct outcome sign(struct fixture *fixture, struct cg_arena *arena)
{
    (void)arena;
    uint8_t signature[CG_LIMIT_SIGNATURE_BYTES];
    size_t len = 0;
    enum cg_status status = cg_sign(fixture->signer, text, signature, &len);
    return (struct outcome){status, len == 0};
}

static struct outcome verify(struct fixture *fixture, struct cg_arena *arena)
{
    (void)arena;
    struct cg_span signature = {fixture->signature, fixture->signature_len};
    enum cg_status status = cg_verify(fixture->verifier, text, signature);
    return (struct outcome){status, status != CG_OK};
}

static struct outcome digest(struct fixture *fixture, struct cg_arena *arena)
{
    (void)fixture;
    (void)arena;
    uint8_t bytes[CG_SHA256_BYTES] = {0};
    static const uint8_t zeros[CG_SHA256_BYTES] = {0};
    enum cg_status status = cg_sha256(text, bytes);
    return (struct outcome){status, memcmp(bytes, zeros, sizeof(bytes)) == 0};
}

static struct outcome digest_two(struct fixture *fixture, struct cg_arena *arena)
{
    (void)fixture;
    (void)arena;
    uint8_t bytes[CG_SHA256_BYTES] = {0};
    static const uint8_t zeros[CG_SHA256_BYTES] = {0};
    enum cg_status status = cg_sha256_two(text, text, bytes);
    return (struct outcome){status, memcmp(bytes, zeros, sizeof(bytes)) == 0};
}

static struct outcome seal(struct fixture *fixture, struct cg_arena *arena)
{
    (void)fixture;
    struct cg_random random = cg_random_system();
    struct cg_span sealed = {0};
    enum cg_status status = cg_sealed_close(master, text, text, &random, arena, &sealed);
    return (struct outcome){status, sealed.data == NULL};
}

static struct outcome unseal(struct fixture *fixture, struct cg_arena *arena)
{
    struct cg_span plain = {0};
    enum cg_status status = cg_sealed_open(master, text, fixture->sealed, arena, &plain);
    return (struct outcome){status, plain.data == NULL};
}

static struct outcome make_certificate(struct fixture *fixture, struct cg_arena *arena)
{
    (void)fixture;
    const struct cg_span hosts[] = {host, address};
    struct cg_dev_certificate made = {0};
    enum cg_status status = cg_certificate_make(hosts, 2, NOW_S, 86400, arena, &made);
    return (struct outcome){status, made.ca_pem.data == NULL};
}

static struct outcome expiry(struct fixture *fixture, struct cg_arena *arena)
{
    (void)arena;
    int64_t expires_s = -1;
    enum cg_status status = cg_certificate_expiry(fixture->pem, &expires_s);
    return (struct outcome){status, expires_s == -1};
}

/* A name, times and an alternative name: a certificate is never called bad for want of memory. */
static struct outcome facts(struct fixture *fixture, struct cg_arena *arena)
{
    struct cg_span der = {NULL, 0};
    struct cg_certificate_facts facts = {.until_s = -1};
    enum cg_status status = cg_certificate_decode_pem(fixture->pem, arena, &der);
    if (status == CG_OK) {
        status = cg_certificate_facts_read(der, arena, &facts);
    }
    if (status == CG_OK) {
        assert_span_text(facts.subject, "CN=Caregate development server");
        assert_int_equal(facts.dns_count, 1);
    }
    return (struct outcome){status, facts.until_s == -1};
}

/* CG_ERR_INPUT and CG_ERR_AUTHENTICATION where OpenSSL does not tell want of memory from a bad
 * input: both refuse. */
struct scenario {
    const char *label;
    scenario_function run;
    enum cg_status also;
};

static const struct scenario keyless[] = {
    {"digest", digest, CG_ERR_CRYPTO},
    {"digest of two", digest_two, CG_ERR_CRYPTO},
    {"seal", seal, CG_ERR_CRYPTO},
    {"unseal", unseal, CG_ERR_CRYPTO},
    {"certificate", make_certificate, CG_ERR_CRYPTO},
    {"certificate's end", expiry, CG_ERR_INPUT},
    {"certificate's facts", facts, CG_ERR_LIMIT},
};

static const struct scenario of_keys[] = {
    {"sign", sign, CG_ERR_CRYPTO},
    {"verify", verify, CG_ERR_AUTHENTICATION},
    {"new signer", new_signer, CG_ERR_CRYPTO},
    {"new verifier", new_verifier, CG_ERR_CRYPTO},
    {"public numbers", public_numbers, CG_ERR_CRYPTO},
    {"public key from numbers", from_public, CG_ERR_INPUT},
    {"key to PKCS #8", to_pkcs8, CG_ERR_CRYPTO},
    {"key from PKCS #8", from_pkcs8, CG_ERR_INPUT},
    {"new key", generate, CG_ERR_CRYPTO},
};

/* True when nothing failed any more, which is when the call must have succeeded. */
static bool run_with_failure(struct fixture *fixture, const struct scenario *scenario, size_t nth)
{
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = new_arena();
    has_failed = false;
    until_failure = nth;
    struct outcome outcome = scenario->run(fixture, arena);
    until_failure = NEVER;
    assert_int_equal(outcome.untouched, outcome.status != CG_OK);
    if (outcome.status != CG_OK) {
        assert_int_equal(ERR_peek_error(), 0);
        assert_true(has_failed);
        assert_true(outcome.status == CG_ERR_CRYPTO || outcome.status == scenario->also);
    }
    return !has_failed;
}

static void run_all(struct fixture *fixture, const struct scenario *scenarios, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        size_t nth = 0;
        while (!run_with_failure(fixture, &scenarios[i], nth)) {
            nth += 1 + nth / SPARSE_AFTER;
            assert_true(nth < ALLOCATIONS_MAX);
        }
    }
}

TEST(openssl_out_of_memory_ends_every_call_cleanly)
{
    struct fixture fixture = {0};
    fixture_init(&fixture, &kinds[0]);
    run_all(&fixture, keyless, TEST_COUNT(keyless));
    fixture_release(&fixture);
}

TEST(openssl_out_of_memory_ends_every_call_with_a_key_cleanly)
{
    for (size_t i = 0; i < TEST_COUNT(kinds); i++) {
        struct fixture fixture = {0};
        fixture_init(&fixture, &kinds[i]);
        run_all(&fixture, of_keys, TEST_COUNT(of_keys));
        fixture_release(&fixture);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(openssl_out_of_memory_ends_every_call_cleanly),
    cmocka_unit_test(openssl_out_of_memory_ends_every_call_with_a_key_cleanly),
};

int main(void)
{
    if (CRYPTO_set_mem_functions(failing_malloc, failing_realloc, plain_free) != 1) {
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
