/* SPDX-License-Identifier: Apache-2.0 */
#include "jose/jwk.h"

#include "base/span.h"
#include "base/status.h"
#include "codec/base64url.h"
#include "crypto/digest.h"

#include <string.h>

#define NUMBER_BYTES_MAX (CG_LIMIT_RSA_BITS_MAX / 8)
#define SCRATCH_BYTES 16384

/* The members that hold the numbers of a key, by its type: RFC 7518 §6.2.1, §6.3.1, RFC 8037 §2. */
struct number_names {
    struct cg_span kty;
    const char *first;
    const char *second; /* NULL when there is but one */
};

static const struct number_names number_names[] = {
    {CG_SPAN("RSA"), "n", "e"},
    {CG_SPAN("EC"), "x", "y"},
    {CG_SPAN("OKP"), "x", NULL},
};

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

/* RFC 7518 §6.2.1.1: the curve is part of the type. RSA has none. */
static bool is_of_type(const struct cg_alg *alg, struct cg_span kty, struct cg_span crv)
{
    return cg_span_equal(alg->kty, kty) && (alg->crv.len == 0 || cg_span_equal(alg->crv, crv));
}

static const struct cg_alg *first_of_type(struct cg_span kty, struct cg_span crv)
{
    const struct cg_alg *alg = cg_alg_at(0);
    for (size_t i = 1; alg != NULL && !is_of_type(alg, kty, crv); i++) {
        alg = cg_alg_at(i);
    }
    return alg;
}

/*
 * The algorithm is the key's own word, and must be one for its type: nothing is guessed from the
 * token. A key that may leave it out, and does, is read as one of the first algorithm of its type.
 */
static enum cg_status read_alg(const struct cg_json_value *object, enum cg_jwk_rule rule,
                               struct cg_jwk *jwk, const struct cg_alg **ret_alg)
{
    struct cg_span kty = {0};
    struct cg_span crv = {0};
    struct cg_span name = {0};
    CG_TRY(cg_json_member_string(object, "kty", &kty));
    if (cg_json_member(object, "crv") != NULL) {
        CG_TRY(cg_json_member_string(object, "crv", &crv));
    }
    if (rule == CG_JWK_MAY_NAME_ALG && cg_json_member(object, "alg") == NULL) {
        *ret_alg = first_of_type(kty, crv);
        return *ret_alg != NULL ? CG_OK : CG_ERR_INPUT;
    }
    CG_TRY(cg_json_member_string(object, "alg", &name));
    jwk->alg = cg_alg_find(name);
    *ret_alg = jwk->alg;
    return jwk->alg != NULL && is_of_type(jwk->alg, kty, crv) ? CG_OK : CG_ERR_INPUT;
}

static enum cg_status read_number(const struct cg_json_value *object, const char *name,
                                  uint8_t room[static NUMBER_BYTES_MAX], struct cg_span *ret_number)
{
    struct cg_span text = {0};
    size_t len = 0;
    CG_TRY(cg_json_member_string(object, name, &text));
    if (cg_base64url_decode(text, room, NUMBER_BYTES_MAX, &len) != CG_OK) {
        return CG_ERR_INPUT;
    }
    *ret_number = (struct cg_span){room, len};
    return CG_OK;
}

static const struct number_names *names_of(struct cg_span kty)
{
    size_t i = 0;
    while (!cg_span_equal(number_names[i].kty, kty)) {
        i++;
    }
    return &number_names[i];
}

static enum cg_status read_key(const struct cg_json_value *object, const struct cg_alg *alg,
                               struct cg_key **ret_key)
{
    const struct number_names *names = names_of(alg->kty);
    uint8_t first[NUMBER_BYTES_MAX];
    uint8_t second[NUMBER_BYTES_MAX];
    struct cg_key_public numbers = {0};
    CG_TRY(read_number(object, names->first, first, &numbers.first));
    if (names->second != NULL) {
        CG_TRY(read_number(object, names->second, second, &numbers.second));
    }
    return cg_key_from_public(alg->key_algorithm, &numbers, ret_key);
}

enum cg_status cg_jwk_parse(const struct cg_json_value *object, enum cg_jwk_rule rule,
                            struct cg_jwk *ret_jwk)
{
    if (!cg_json_is_object(object) || cg_jwk_has_private_members(object)) {
        return CG_ERR_INPUT;
    }
    struct cg_jwk jwk = {0};
    const struct cg_alg *alg = NULL;
    CG_TRY(read_alg(object, rule, &jwk, &alg));
    CG_TRY(check_use(object));
    CG_TRY(check_key_ops(object));
    CG_TRY(read_kid(object, &jwk));
    CG_TRY(read_key(object, alg, &jwk.key));
    *ret_jwk = jwk;
    return CG_OK;
}

bool cg_jwk_fits(const struct cg_jwk *jwk, const struct cg_alg *alg)
{
    if (jwk->alg != NULL) {
        return jwk->alg == alg;
    }
    const struct cg_alg *type = cg_alg_of(cg_key_algorithm_of(jwk->key));
    return is_of_type(alg, type->kty, type->crv);
}

enum cg_status cg_jwk_key_under(const struct cg_jwk *jwk, const struct cg_alg *alg,
                                struct cg_key **ret_key)
{
    if (!cg_jwk_fits(jwk, alg)) {
        return CG_ERR_INPUT;
    }
    return cg_key_public_under(jwk->key, alg->key_algorithm, ret_key);
}

void cg_jwk_release(struct cg_jwk *jwk)
{
    if (jwk != NULL) {
        (void)cg_key_free(jwk->key);
        *jwk = (struct cg_jwk){0};
    }
}

/* What a key's public half says in a JWK, in the arena; absent what its type does not have. */
struct members {
    struct cg_span crv;
    struct cg_span e;
    struct cg_span kty;
    struct cg_span n;
    struct cg_span x;
    struct cg_span y;
};

static enum cg_status encode(struct cg_span bytes, struct cg_arena *arena, struct cg_span *ret_text)
{
    struct cg_buf buf;
    cg_buf_init_arena(&buf, arena, CG_BASE64URL_CHARS(NUMBER_BYTES_MAX));
    cg_base64url_encode(bytes, &buf);
    return cg_buf_finish(&buf, ret_text);
}

static enum cg_status members_of(const struct cg_key *key, const struct cg_alg *alg,
                                 struct cg_arena *arena, struct members *ret_members)
{
    struct cg_key_public numbers = {0};
    struct cg_span first = {0};
    struct cg_span second = {0};
    CG_TRY(cg_key_public_numbers(key, arena, &numbers));
    CG_TRY(encode(numbers.first, arena, &first));
    if (numbers.second.len > 0) {
        CG_TRY(encode(numbers.second, arena, &second));
    }
    *ret_members =
        alg->crv.len == 0
            ? (struct members){.kty = alg->kty, .n = first, .e = second}
            : (struct members){.kty = alg->kty, .crv = alg->crv, .x = first, .y = second};
    return CG_OK;
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
    struct members members = {0};
    CG_TRY(members_of(key, alg, arena, &members));
    cg_json_open_object(writer);
    cg_json_member_put(writer, "kty", members.kty);
    cg_json_member_put(writer, "use", CG_SPAN_OF("sig"));
    cg_json_member_put(writer, "alg", alg->name);
    cg_json_member_put(writer, "kid", kid);
    cg_json_member_put(writer, "crv", members.crv);
    cg_json_member_put(writer, "n", members.n);
    cg_json_member_put(writer, "e", members.e);
    cg_json_member_put(writer, "x", members.x);
    cg_json_member_put(writer, "y", members.y);
    cg_json_close_object(writer);
    struct cg_span written = {0};
    return cg_buf_finish(writer->buf, &written);
}

/* RFC 7638 §3.2, §3.3: the members that make the key, in lexicographic order, without white space.
 */
static enum cg_status canonical(const struct members *members, struct cg_arena *arena,
                                struct cg_span *ret_json)
{
    struct cg_buf buf;
    struct cg_json_writer writer;
    cg_buf_init_arena(&buf, arena, SCRATCH_BYTES / 4);
    cg_json_begin(&writer, &buf);
    cg_json_open_object(&writer);
    cg_json_member_put(&writer, "crv", members->crv);
    cg_json_member_put(&writer, "e", members->e);
    cg_json_member_put(&writer, "kty", members->kty);
    cg_json_member_put(&writer, "n", members->n);
    cg_json_member_put(&writer, "x", members->x);
    cg_json_member_put(&writer, "y", members->y);
    cg_json_close_object(&writer);
    return cg_buf_finish(&buf, ret_json);
}

enum cg_status cg_jwk_thumbprint(const struct cg_key *key,
                                 char ret_text[static CG_THUMBPRINT_CHARS + 1])
{
    const struct cg_alg *alg = cg_alg_of(cg_key_algorithm_of(key));
    if (alg == NULL) {
        return CG_ERR_INTERNAL;
    }
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = NULL;
    CG_TRY(cg_arena_new(SCRATCH_BYTES, &arena));
    struct members members = {0};
    struct cg_span json = {0};
    uint8_t digest[CG_SHA256_BYTES];
    struct cg_span text = {0};
    CG_TRY(members_of(key, alg, arena, &members));
    CG_TRY(canonical(&members, arena, &json));
    CG_TRY(cg_sha256(json, digest));
    CG_TRY(encode((struct cg_span){digest, sizeof(digest)}, arena, &text));
    memcpy(ret_text, text.data, CG_THUMBPRINT_CHARS);
    ret_text[CG_THUMBPRINT_CHARS] = '\0';
    return CG_OK;
}
