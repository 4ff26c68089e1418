/* SPDX-License-Identifier: Apache-2.0 */
#include "prover.h"

#include "base/span.h"
#include "codec/base64url.h"
#include "jose/jws.h"
#include "token/dpop.h"

#define TEXT_BYTES 8192

static struct cg_span finished(const struct cg_buf *buf)
{
    struct cg_span text;
    assert_ok(cg_buf_finish(buf, &text));
    return text;
}

void prover_init(struct prover *prover, const struct sample *sample, const char *alg)
{
    const struct cg_alg *row = cg_alg_find(test_span(alg));
    struct cg_json_writer writer;
    struct cg_buf jwk;
    assert_non_null(row);
    assert_ok(cg_key_generate(row->key_algorithm, row->default_bits, &prover->key));
    assert_ok(cg_signer_new(prover->key, &prover->signer));
    assert_ok(cg_jwk_thumbprint(prover->key, prover->thumbprint));
    prover->alg = alg;
    cg_buf_init_arena(&jwk, sample->arena, TEXT_BYTES);
    cg_json_begin(&writer, &jwk);
    assert_ok(cg_jwk_write(prover->key, (struct cg_span){NULL, 0}, &writer));
    prover->jwk = finished(&jwk);
}

void prover_release(struct prover *prover)
{
    (void)cg_signer_free(prover->signer);
    (void)cg_key_free(prover->key);
}

struct cg_span prover_header(const struct prover *prover, const struct sample *sample)
{
    return sample_text(sample, "{\"typ\":\"dpop+jwt\",\"alg\":\"%s\",\"jwk\":%.*s}", prover->alg,
                       CG_SPAN_ARGS(prover->jwk));
}

struct cg_span prover_payload(const struct sample *sample, const char *id, struct cg_span token,
                              struct cg_span nonce)
{
    struct cg_span ath = sample_text(sample, "%s", "");
    if (token.data != NULL) {
        uint8_t hash[CG_DPOP_HASH_CHARS];
        assert_ok(cg_dpop_hash_token(token, hash));
        ath = sample_text(sample, ",\"ath\":\"%.*s\"", CG_DPOP_HASH_CHARS, (const char *)hash);
    }
    struct cg_span given = sample_text(sample, "%s", "");
    if (nonce.data != NULL) {
        given = sample_text(sample, ",\"nonce\":\"%.*s\"", CG_SPAN_ARGS(nonce));
    }
    return sample_text(sample,
                       "{\"jti\":\"%s\",\"htm\":\"" PROVER_METHOD "\",\"htu\":\"" PROVER_TARGET
                       "\",\"iat\":%lld%.*s%.*s}",
                       id, (long long)SAMPLE_NOW_S, CG_SPAN_ARGS(ath), CG_SPAN_ARGS(given));
}

struct cg_span prover_sign(const struct prover *prover, const struct sample *sample,
                           struct cg_span header, struct cg_span payload)
{
    struct cg_buf encoded;
    struct cg_buf compact;
    cg_buf_init_arena(&encoded, sample->arena, TEXT_BYTES);
    cg_buf_init_arena(&compact, sample->arena, TEXT_BYTES);
    cg_base64url_encode(header, &encoded);
    assert_ok(cg_jws_make(finished(&encoded), payload, prover->signer, &compact));
    return finished(&compact);
}

struct cg_span prover_proof(const struct prover *prover, const struct sample *sample,
                            const char *id, struct cg_span token, struct cg_span nonce)
{
    return prover_sign(prover, sample, prover_header(prover, sample),
                       prover_payload(sample, id, token, nonce));
}
