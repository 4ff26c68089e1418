/* SPDX-License-Identifier: Apache-2.0 */
#include "base/span.h"
#include "base/status.h"
#include "jose/jwks.h"
#include "jose/jws.h"
#include "test.h"
#include "torture.h"

#define ARENA_BYTES ((size_t)32768)

/* What a scenario is about, made while no allocation fails. */
struct subject {
    struct cg_key *key;
    struct cg_signer *signer;
    struct cg_verifier *verifier;
    struct cg_json *set;
    struct cg_span token; /* in tokens */
    struct cg_buf tokens;
};

static void buf_release(struct cg_buf *buf)
{
    cg_buf_release(buf);
}

static enum cg_status make_token(const struct subject *subject, struct cg_buf *buf)
{
    CG_CLEANUP(buf_release) struct cg_buf header;
    struct cg_span text = {0};
    cg_buf_init(&header, CG_LIMIT_TOKEN_BYTES);
    CG_TRY(cg_jws_header(cg_alg_of(cg_key_algorithm_of(subject->key)), CG_SPAN_OF("JWT"),
                         CG_SPAN_OF("k1"), &header));
    CG_TRY(cg_buf_finish(&header, &text));
    return cg_jws_make(text, CG_SPAN_OF("{\"sub\":\"c1\"}"), subject->signer, buf);
}

static enum cg_status make(void *context)
{
    CG_CLEANUP(buf_release) struct cg_buf buf;
    cg_buf_init(&buf, CG_LIMIT_TOKEN_BYTES);
    return make_token(context, &buf);
}

static enum cg_status split_and_verify(void *context)
{
    const struct subject *subject = context;
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = NULL;
    struct cg_fault fault = {0};
    struct cg_jws jws = {0};
    CG_TRY(cg_arena_new(ARENA_BYTES, &arena));
    CG_TRY(cg_jws_split(subject->token, arena, &fault, &jws));
    return cg_jws_verify(&jws, subject->verifier, &fault);
}

static enum cg_status write_set(const struct cg_key *key, struct cg_buf *buf)
{
    struct cg_json_writer writer;
    cg_json_begin(&writer, buf);
    cg_json_open_object(&writer);
    cg_json_put_name(&writer, "keys");
    cg_json_open_array(&writer);
    CG_TRY(cg_jwk_write(key, CG_SPAN_OF("k1"), &writer));
    CG_TRY(cg_jwk_write(key, CG_SPAN_OF("k2"), &writer));
    cg_json_close_array(&writer);
    cg_json_close_object(&writer);
    struct cg_span text = {0};
    return cg_buf_finish(buf, &text);
}

static enum cg_status write_keys(void *context)
{
    const struct subject *subject = context;
    CG_CLEANUP(buf_release) struct cg_buf buf;
    char thumbprint[CG_THUMBPRINT_CHARS + 1];
    cg_buf_init(&buf, CG_LIMIT_TOKEN_BYTES);
    CG_TRY(write_set(subject->key, &buf));
    return cg_jwk_thumbprint(subject->key, thumbprint);
}

/* A key must not be passed over because memory was short: the set would lack it silently. */
static enum cg_status read_keys(void *context)
{
    const struct subject *subject = context;
    CG_CLEANUP(cg_jwks_free_at) struct cg_jwks *jwks = NULL;
    CG_TRY(cg_jwks_parse(cg_json_root(subject->set), CG_JWK_NAMES_ALG, &jwks));
    if (cg_jwks_count(jwks) != 2) {
        return CG_ERR_INTERNAL;
    }
    CG_CLEANUP(cg_key_free_at) struct cg_key *key = NULL;
    return cg_jwk_key_under(cg_jwks_at(jwks, 0), cg_alg_of(cg_key_algorithm_of(subject->key)),
                            &key);
}

static struct cg_json *make_set(const struct cg_key *key)
{
    CG_CLEANUP(buf_release) struct cg_buf buf;
    struct cg_span text = {0};
    struct cg_json *json = NULL;
    cg_buf_init(&buf, CG_LIMIT_TOKEN_BYTES);
    assert_ok(write_set(key, &buf));
    assert_ok(cg_buf_finish(&buf, &text));
    assert_ok(cg_json_parse(text, CG_LIMIT_TOKEN_BYTES, &json));
    return json;
}

static void survive(const struct cg_alg *alg)
{
    struct subject subject = {0};
    assert_ok(cg_key_generate(alg->key_algorithm, alg->default_bits, &subject.key));
    assert_ok(cg_signer_new(subject.key, &subject.signer));
    assert_ok(cg_verifier_new(subject.key, &subject.verifier));
    subject.set = make_set(subject.key);
    cg_buf_init(&subject.tokens, CG_LIMIT_TOKEN_BYTES);
    assert_ok(make_token(&subject, &subject.tokens));
    assert_ok(cg_buf_finish(&subject.tokens, &subject.token));
    const struct torture_scenario scenarios[] = {
        {.name = "make", .run = make, .context = &subject},
        {.name = "split and verify", .run = split_and_verify, .context = &subject},
        {.name = "write keys", .run = write_keys, .context = &subject},
        {.name = "read keys", .run = read_keys, .context = &subject},
    };
    for (size_t i = 0; i < TEST_COUNT(scenarios); i++) {
        torture(&scenarios[i]);
    }
    cg_buf_release(&subject.tokens);
    (void)cg_json_free(subject.set);
    (void)cg_signer_free(subject.signer);
    (void)cg_verifier_free(subject.verifier);
    (void)cg_key_free(subject.key);
}

TEST(jose_survives_every_failing_allocation)
{
    for (size_t i = 0; cg_alg_at(i) != NULL; i++) {
        if (cg_alg_at(i)->signs_tokens) {
            survive(cg_alg_at(i));
        }
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(jose_survives_every_failing_allocation),
};

TEST_MAIN(tests)
