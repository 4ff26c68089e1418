/* SPDX-License-Identifier: Apache-2.0 */
#include "jose/jwk.h"

#include "base/span.h"
#include "base/status.h"
#include "codec/base64url.h"
#include "crypto/digest.h"

#include <string.h>

#define MODULUS_BYTES_MAX (CG_LIMIT_RSA_BITS_MAX / 8)
#define EXPONENT_BYTES_MAX 8
#define SCRATCH_BYTES 16384

/* RFC 7518 §6.2.2, §6.3.2, §6.4.1: what only its owner may hold. */
bool cg_jwk_has_private_members(const struct cg_json_value *object)
{
    static const char *const names[] = {"d", "p", "q", "dp", "dq", "qi", "oth", "k"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (cg_json_member(object, names[i]) != NULL) {
            return true;
        }
    }
    return false;
}

/* RFC 7517 §4.2. */
static enum cg_status check_use(const struct cg_json_value *object)
{
    if (cg_json_member(object, "use") == NULL) {
        return CG_OK;
    }
    struct cg_span use = {0};
    CG_TRY(cg_json_member_string(object, "use", &use));
    return cg_span_equal_string(use, "sig") ? CG_OK : CG_ERR_INPUT;
}

/* RFC 7517 §4.3: a key that says what it is for must be for verifying. */
static enum cg_status check_key_ops(const struct cg_json_value *object)
{
    const struct cg_json_value *ops = cg_json_member(object, "key_ops");
    if (ops == NULL) {
        return CG_OK;
    }
    size_t count = cg_json_count(ops);
    for (size_t i = 0; cg_json_is_array(ops) && i < count; i++) {
        struct cg_span op = {0};
        CG_TRY(cg_json_string(cg_json_element(ops, i), &op));
        if (cg_span_equal_string(op, "verify")) {
            return CG_OK;
        }
    }
    return CG_ERR_INPUT;
}

static enum cg_status read_kid(const struct cg_json_value *object, struct cg_jwk *jwk)
{
    if (cg_json_member(object, "kid") == NULL) {
        return CG_OK;
    }
    struct cg_span kid = {0};
    CG_TRY(cg_json_member_string(object, "kid", &kid));
    if (kid.len == 0 || kid.len > sizeof(jwk->kid)) {
        return CG_ERR_INPUT;
    }
    memcpy(jwk->kid, kid.data, kid.len);
    jwk->kid_len = kid.len;
    return CG_OK;
}

/* The algorithm is the key's own word, and must be one for its type: nothing is guessed from the
 * token. */
static enum cg_status read_alg(const struct cg_json_value *object, struct cg_jwk *jwk)
{
    struct cg_span kty = {0};
    struct cg_span name = {0};
    CG_TRY(cg_json_member_string(object, "kty", &kty));
    CG_TRY(cg_json_member_string(object, "alg", &name));
    jwk->alg = cg_alg_find(name);
    return jwk->alg != NULL && cg_span_equal(jwk->alg->kty, kty) ? CG_OK : CG_ERR_INPUT;
}

static enum cg_status read_number(const struct cg_json_value *object, const char *name,
                                  uint8_t *room, size_t max, struct cg_span *ret_number)
{
    struct cg_span text = {0};
    size_t len = 0;
    CG_TRY(cg_json_member_string(object, name, &text));
    if (cg_base64url_decode(text, room, max, &len) != CG_OK) {
        return CG_ERR_INPUT;
    }
    *ret_number = (struct cg_span){room, len};
    return CG_OK;
}

static enum cg_status read_rsa(const struct cg_json_value *object, struct cg_jwk *jwk)
{
    uint8_t modulus[MODULUS_BYTES_MAX];
    uint8_t exponent[EXPONENT_BYTES_MAX];
    struct cg_rsa_public numbers = {0};
    CG_TRY(read_number(object, "n", modulus, sizeof(modulus), &numbers.modulus));
    CG_TRY(read_number(object, "e", exponent, sizeof(exponent), &numbers.exponent));
    return cg_key_from_rsa_public(jwk->alg->key_algorithm, &numbers, &jwk->key);
}

enum cg_status cg_jwk_parse(const struct cg_json_value *object, struct cg_jwk *ret_jwk)
{
    if (!cg_json_is_object(object) || cg_jwk_has_private_members(object)) {
        return CG_ERR_INPUT;
    }
    struct cg_jwk jwk = {0};
    CG_TRY(read_alg(object, &jwk));
    CG_TRY(check_use(object));
    CG_TRY(check_key_ops(object));
    CG_TRY(read_kid(object, &jwk));
    CG_TRY(read_rsa(object, &jwk));
    *ret_jwk = jwk;
    return CG_OK;
}

void cg_jwk_release(struct cg_jwk *jwk)
{
    if (jwk != NULL) {
        (void)cg_key_free(jwk->key);
        *jwk = (struct cg_jwk){0};
    }
}

/* The public numbers as base64url, in the arena. */
struct rsa_text {
    struct cg_span n;
    struct cg_span e;
};

static enum cg_status encode(struct cg_span bytes, struct cg_arena *arena, struct cg_span *ret_text)
{
    struct cg_buf buf;
    cg_buf_init_arena(&buf, arena, CG_BASE64URL_CHARS(MODULUS_BYTES_MAX));
    cg_base64url_encode(bytes, &buf);
    return cg_buf_finish(&buf, ret_text);
}

static enum cg_status rsa_text(const struct cg_key *key, struct cg_arena *arena,
                               struct rsa_text *ret_text)
{
    struct cg_rsa_public numbers = {0};
    CG_TRY(cg_key_rsa_public(key, arena, &numbers));
    CG_TRY(encode(numbers.modulus, arena, &ret_text->n));
    return encode(numbers.exponent, arena, &ret_text->e);
}

enum cg_status cg_jwk_write(const struct cg_key *key, struct cg_span kid,
                            struct cg_json_writer *writer)
{
    const struct cg_alg *alg = cg_alg_of(cg_key_algorithm_of(key));
    if (alg == NULL) {
        return CG_ERR_INTERNAL;
    }
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = NULL;
    CG_TRY(cg_arena_new(SCRATCH_BYTES, &arena));
    struct rsa_text text = {0};
    CG_TRY(rsa_text(key, arena, &text));
    cg_json_open_object(writer);
    cg_json_member_put(writer, "kty", alg->kty);
    cg_json_member_put(writer, "use", CG_SPAN_OF("sig"));
    cg_json_member_put(writer, "alg", alg->name);
    cg_json_member_put(writer, "kid", kid);
    cg_json_member_put(writer, "n", text.n);
    cg_json_member_put(writer, "e", text.e);
    cg_json_close_object(writer);
    struct cg_span written = {0};
    return cg_buf_finish(writer->buf, &written);
}

/* RFC 7638 §3.3: the required members in lexicographic order, without white space. */
static enum cg_status canonical(const struct cg_key *key, struct cg_arena *arena,
                                struct cg_span *ret_json)
{
    struct rsa_text text = {0};
    CG_TRY(rsa_text(key, arena, &text));
    struct cg_buf buf;
    struct cg_json_writer writer;
    cg_buf_init_arena(&buf, arena, SCRATCH_BYTES / 4);
    cg_json_begin(&writer, &buf);
    cg_json_open_object(&writer);
    cg_json_member_put(&writer, "e", text.e);
    cg_json_member_put(&writer, "kty", CG_SPAN_OF("RSA"));
    cg_json_member_put(&writer, "n", text.n);
    cg_json_close_object(&writer);
    return cg_buf_finish(&buf, ret_json);
}

enum cg_status cg_jwk_thumbprint(const struct cg_key *key,
                                 char ret_text[static CG_THUMBPRINT_CHARS + 1])
{
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = NULL;
    CG_TRY(cg_arena_new(SCRATCH_BYTES, &arena));
    struct cg_span json = {0};
    uint8_t digest[CG_SHA256_BYTES];
    struct cg_span text = {0};
    CG_TRY(canonical(key, arena, &json));
    CG_TRY(cg_sha256(json, digest));
    CG_TRY(encode((struct cg_span){digest, sizeof(digest)}, arena, &text));
    memcpy(ret_text, text.data, CG_THUMBPRINT_CHARS);
    ret_text[CG_THUMBPRINT_CHARS] = '\0';
    return CG_OK;
}
