/* SPDX-License-Identifier: Apache-2.0 */
#include "sample.h"

#include "base/span.h"
#include "codec/base64url.h"
#include "jose/jwk.h"
#include "jose/jws.h"

#define SAMPLE_ARENA_BYTES ((size_t)16 << 20)

static struct cg_buf text_buf(const struct sample *sample)
{
    struct cg_buf buf;
    cg_buf_init_arena(&buf, sample->arena, CG_LIMIT_SNAPSHOT_BYTES);
    return buf;
}

static struct cg_span finished(const struct cg_buf *buf)
{
    struct cg_span text;
    assert_ok(cg_buf_finish(buf, &text));
    return text;
}

static void make_keys(struct sample *sample)
{
    for (int i = 0; i < SAMPLE_REALMS; i++) {
        assert_ok(cg_key_generate(CG_KEY_RSA_SHA256, CG_LIMIT_RSA_BITS_MIN, &sample->keys[i]));
        assert_ok(cg_signer_new(sample->keys[i], &sample->signers[i]));
    }
}

static void make_data(struct sample *sample)
{
    static const char *const paths[SAMPLE_REALMS] = {SAMPLE_REALM, "/vtest/hpca"};
    static const char *const issuers[SAMPLE_REALMS] = {SAMPLE_ISSUER,
                                                       "https://care.example/vtest/hpca"};
    static const char *const kids[SAMPLE_REALMS] = {"live", "test"};
    sample->apis[0] = (struct cg_snapshot_api){
        .name = CG_SPAN("documents"),
        .audience = CG_SPAN(SAMPLE_DOCUMENTS),
        .scope = CG_SPAN("documents.read documents.write"),
    };
    sample->apis[1] = (struct cg_snapshot_api){
        .name = CG_SPAN("medicines"),
        .audience = CG_SPAN(SAMPLE_MEDICINES),
        .scope = CG_SPAN("medicines.read medicines.write"),
    };
    for (int i = 0; i < SAMPLE_REALMS; i++) {
        sample->realms[i] = (struct cg_snapshot_realm_data){
            .path = test_span(paths[i]),
            .issuer = test_span(issuers[i]),
            .typ = CG_SPAN("JWT"),
            .jwks = sample_jwks(sample, i, kids[i]),
            .apis = sample->apis,
            .api_count = TEST_COUNT(sample->apis),
            .denials = sample->denials,
        };
    }
    sample->data = (struct cg_snapshot_data){
        .version = 1,
        .keys_generation = 1,
        .denylist_generation = 1,
        .made_s = SAMPLE_NOW_S,
        .realms = sample->realms,
        .realm_count = SAMPLE_REALMS,
    };
}

int sample_setup(void **state)
{
    struct sample *sample = calloc(1, sizeof(*sample));
    assert_non_null(sample);
    assert_ok(cg_arena_new(SAMPLE_ARENA_BYTES, &sample->arena));
    make_keys(sample);
    make_data(sample);
    *state = sample;
    return 0;
}

int sample_teardown(void **state)
{
    struct sample *sample = *state;
    for (int i = 0; i < SAMPLE_REALMS; i++) {
        (void)cg_signer_free(sample->signers[i]);
        (void)cg_key_free(sample->keys[i]);
    }
    (void)cg_arena_free(sample->arena);
    free(sample);
    return 0;
}

struct cg_snapshot *sample_snapshot(const struct sample *sample)
{
    struct cg_snapshot *snapshot = NULL;
    assert_ok(cg_snapshot_new(&sample->data, &snapshot));
    return snapshot;
}

void sample_deny(struct sample *sample, enum cg_denial kind, const char *subject, int64_t epoch)
{
    struct cg_snapshot_realm_data *realm = &sample->realms[SAMPLE_LIVE];
    assert_true(realm->denial_count < TEST_COUNT(sample->denials));
    sample->denials[realm->denial_count++] = (struct cg_snapshot_denial){
        .kind = kind,
        .subject = test_span(subject),
        .epoch = epoch,
        .expires_s = SAMPLE_EXPIRES_S,
    };
    sample->data.denylist_generation++;
    sample->data.version++;
}

struct cg_span sample_jwks(const struct sample *sample, int key, const char *kid)
{
    struct cg_buf buf = text_buf(sample);
    struct cg_json_writer writer;
    cg_json_begin(&writer, &buf);
    cg_json_open_object(&writer);
    cg_json_put_name(&writer, "keys");
    cg_json_open_array(&writer);
    assert_ok(cg_jwk_write(sample->keys[key], test_span(kid), &writer));
    cg_json_close_array(&writer);
    cg_json_close_object(&writer);
    return finished(&buf);
}

struct cg_access_token sample_claims(void)
{
    return (struct cg_access_token){
        .issuer = CG_SPAN(SAMPLE_ISSUER),
        .subject = CG_SPAN("ward-9"),
        .client_id = CG_SPAN("ward-9"),
        .organisation = CG_SPAN("RX1"),
        .scope = CG_SPAN("documents.read documents.write"),
        .token_id = CG_SPAN("jti-1"),
        .apis = {SAMPLE_API(SAMPLE_DOCUMENTS, "documents", "agr-1")},
        .api_count = 1,
        .issued_s = SAMPLE_ISSUED_S,
        .expires_s = SAMPLE_EXPIRES_S,
        .epoch = 0,
    };
}

struct cg_span sample_token(const struct sample *sample, const struct cg_access_token *claims)
{
    struct cg_buf payload = text_buf(sample);
    cg_access_token_write(claims, &payload);
    return sample_sign(sample, SAMPLE_LIVE,
                       test_span("{\"alg\":\"RS256\",\"typ\":\"JWT\",\"kid\":\"live\"}"),
                       finished(&payload));
}

struct cg_span sample_sign(const struct sample *sample, int key, struct cg_span header,
                           struct cg_span payload)
{
    struct cg_buf encoded = text_buf(sample);
    cg_base64url_encode(header, &encoded);
    struct cg_buf compact = text_buf(sample);
    assert_ok(cg_jws_make(finished(&encoded), payload, sample->signers[key], &compact));
    return finished(&compact);
}

struct cg_span sample_text(const struct sample *sample, const char *format, ...)
{
    char text[8192];
    va_list arguments;
    va_start(arguments, format);
    int len = vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    assert_in_range(len, 0, sizeof(text) - 1);
    struct cg_span copy;
    assert_ok(cg_arena_copy(sample->arena, test_span(text), &copy));
    return copy;
}

struct cg_span sample_replace(const struct sample *sample, struct cg_span text,
                              const char *old_part, const char *new_part)
{
    size_t old_len = strlen(old_part);
    const uint8_t *place = memmem(text.data, text.len, old_part, old_len);
    assert_non_null(place);
    size_t before = (size_t)(place - text.data);
    struct cg_buf buf = text_buf(sample);
    cg_buf_put(&buf, cg_span_part(text, 0, before));
    cg_buf_put_string(&buf, new_part);
    cg_buf_put(&buf, cg_span_part(text, before + old_len, text.len));
    return finished(&buf);
}
