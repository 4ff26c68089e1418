/* SPDX-License-Identifier: Apache-2.0 */
#include "token/client_jwt.h"

#include "base/buf.h"
#include "base/limits.h"
#include "base/span.h"
#include "codec/base64url.h"
#include "codec/json.h"
#include "crypto/sign.h"
#include "jose/jwk.h"
#include "jose/jws.h"
#include "token/dpop.h"

#define ID_BYTES 16

/* A JSON object that becomes a segment. */
struct object {
    struct cg_buf text;
    struct cg_json_writer writer;
};

static void open_object(struct object *object, struct cg_arena *arena)
{
    cg_buf_init_arena(&object->text, arena, CG_LIMIT_TOKEN_BYTES);
    cg_json_begin(&object->writer, &object->text);
    cg_json_open_object(&object->writer);
}

static enum cg_status close_object(struct object *object, struct cg_span *ret_text)
{
    cg_json_close_object(&object->writer);
    return cg_buf_finish(&object->text, ret_text);
}

/* What both kinds begin with: when, and a jti that is nobody else's. */
static enum cg_status open_claims(struct object *claims, const struct cg_random *random,
                                  int64_t now_s, struct cg_arena *arena)
{
    struct cg_buf buf;
    struct cg_span id = {NULL, 0};
    cg_buf_init_arena(&buf, arena, CG_BASE64URL_CHARS(ID_BYTES));
    CG_TRY(cg_random_text(random, ID_BYTES, &buf));
    CG_TRY(cg_buf_finish(&buf, &id));
    open_object(claims, arena);
    cg_json_member_put(&claims->writer, "jti", id);
    cg_json_member_put_number(&claims->writer, "iat", now_s);
    return CG_OK;
}

/* `header` is base64url already. */
static enum cg_status sign(struct cg_signer *signer, struct cg_span header, struct object *claims,
                           struct cg_arena *arena, struct cg_span *ret_jwt)
{
    struct cg_span payload = {NULL, 0};
    struct cg_buf buf;
    CG_TRY(close_object(claims, &payload));
    cg_buf_init_arena(&buf, arena, CG_LIMIT_TOKEN_BYTES);
    CG_TRY(cg_jws_make(header, payload, signer, &buf));
    return cg_buf_finish(&buf, ret_jwt);
}

static const struct cg_alg *alg_of(const struct cg_key *key)
{
    return cg_alg_of(cg_key_algorithm_of(key));
}

enum cg_status cg_client_jwt_assertion(const struct cg_assertion_order *order,
                                       const struct cg_key *key, const struct cg_random *random,
                                       struct cg_arena *arena, struct cg_span *ret_jwt)
{
    CG_CLEANUP(cg_signer_free_at) struct cg_signer *signer = NULL;
    CG_TRY(cg_signer_new(key, &signer));
    const struct cg_assertion_by by = {cg_key_algorithm_of(key), signer};
    return cg_client_jwt_assertion_by(order, &by, random, arena, ret_jwt);
}

enum cg_status cg_client_jwt_assertion_by(const struct cg_assertion_order *order,
                                          const struct cg_assertion_by *by,
                                          const struct cg_random *random, struct cg_arena *arena,
                                          struct cg_span *ret_jwt)
{
    struct object claims;
    struct cg_buf buf;
    struct cg_span header = {NULL, 0};
    CG_TRY(open_claims(&claims, random, order->now_s, arena));
    /* RFC 7523 §3: iss and sub are both the client's id. */
    cg_json_member_put(&claims.writer, "iss", order->client);
    cg_json_member_put(&claims.writer, "sub", order->client);
    cg_json_member_put(&claims.writer, "aud", order->audience);
    cg_json_member_put_number(&claims.writer, "exp", order->now_s + order->life_s);
    cg_buf_init_arena(&buf, arena, CG_LIMIT_TOKEN_BYTES);
    CG_TRY(cg_jws_header(cg_alg_of(by->algorithm), CG_SPAN_OF("JWT"), order->kid, &buf));
    CG_TRY(cg_buf_finish(&buf, &header));
    return sign(by->signer, header, &claims, arena, ret_jwt);
}

/* RFC 9449 §4.2: the key itself is in the header, its public half. */
static enum cg_status write_proof_header(const struct cg_key *key, struct cg_arena *arena,
                                         struct cg_span *ret_header)
{
    struct object header;
    struct cg_buf buf;
    struct cg_span json = {NULL, 0};
    open_object(&header, arena);
    cg_json_member_put(&header.writer, "typ", CG_SPAN_OF("dpop+jwt"));
    cg_json_member_put(&header.writer, "alg", alg_of(key)->name);
    cg_json_put_name(&header.writer, "jwk");
    CG_TRY(cg_jwk_write(key, (struct cg_span){NULL, 0}, &header.writer));
    CG_TRY(close_object(&header, &json));
    cg_buf_init_arena(&buf, arena, CG_LIMIT_TOKEN_BYTES);
    cg_base64url_encode(json, &buf);
    return cg_buf_finish(&buf, ret_header);
}

/* RFC 9449 §4.2: htu is without query and fragment. */
static struct cg_span plain_target(struct cg_span target)
{
    struct cg_span plain = cg_span_part(target, 0, cg_span_find(target, '#', 0));
    return cg_span_part(plain, 0, cg_span_find(plain, '?', 0));
}

static enum cg_status put_token_hash(struct object *claims, struct cg_span token)
{
    uint8_t hash[CG_DPOP_HASH_CHARS];
    if (token.data == NULL) {
        return CG_OK;
    }
    CG_TRY(cg_dpop_hash_token(token, hash));
    cg_json_member_put(&claims->writer, "ath", cg_span_of_bytes(hash, sizeof(hash)));
    return CG_OK;
}

enum cg_status cg_client_jwt_proof(const struct cg_proof_order *order, const struct cg_key *key,
                                   const struct cg_random *random, struct cg_arena *arena,
                                   struct cg_span *ret_jwt)
{
    CG_CLEANUP(cg_signer_free_at) struct cg_signer *signer = NULL;
    struct object claims;
    struct cg_span header = {NULL, 0};
    CG_TRY(cg_signer_new(key, &signer));
    CG_TRY(write_proof_header(key, arena, &header));
    CG_TRY(open_claims(&claims, random, order->now_s, arena));
    cg_json_member_put(&claims.writer, "htm", order->method);
    cg_json_member_put(&claims.writer, "htu", plain_target(order->target));
    cg_json_member_put(&claims.writer, "nonce", order->nonce);
    CG_TRY(put_token_hash(&claims, order->token));
    return sign(signer, header, &claims, arena, ret_jwt);
}

static enum cg_status find_fit(struct cg_span pem, struct cg_span algs, struct cg_key **ret_key)
{
    struct cg_span rest = algs;
    struct cg_span word;
    while (cg_span_split(&rest, ' ', &word)) {
        const struct cg_alg *alg = cg_alg_find(word);
        enum cg_status status =
            alg == NULL ? CG_ERR_INPUT : cg_key_from_pem(alg->key_algorithm, pem, ret_key);
        if (status != CG_ERR_INPUT) {
            return status;
        }
    }
    return CG_ERR_NOT_FOUND;
}

static enum cg_status find_any(struct cg_span pem, struct cg_key **ret_key)
{
    for (size_t i = 0; cg_alg_at(i) != NULL; i++) {
        enum cg_status status = cg_key_from_pem(cg_alg_at(i)->key_algorithm, pem, ret_key);
        if (status != CG_ERR_INPUT) {
            return status;
        }
    }
    return CG_ERR_NOT_FOUND;
}

enum cg_status cg_client_jwt_key(struct cg_span pem, struct cg_span algs, struct cg_key **ret_key)
{
    return algs.data == NULL ? find_any(pem, ret_key) : find_fit(pem, algs, ret_key);
}
