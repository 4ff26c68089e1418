/* SPDX-License-Identifier: Apache-2.0 */
#include "token/dpop.h"

#include "base/limits.h"
#include "base/secret.h"
#include "base/span.h"
#include "codec/base64url.h"
#include "codec/json.h"
#include "codec/uri_target.h"
#include "crypto/digest.h"
#include "jose/claims.h"

#include <string.h>

#define SPEC_CHECKS "RFC 9449 §4.3"
#define SPEC_CLAIMS "RFC 9449 §4.2"

static void dpop_key_release_at(struct cg_dpop_key *key)
{
    cg_dpop_key_release(key);
}

void cg_dpop_key_release(struct cg_dpop_key *key)
{
    if (key != NULL) {
        (void)cg_verifier_free(key->verifier);
        *key = (struct cg_dpop_key){.verifier = NULL};
    }
}

/* What cannot be read is the client's mistake; what finds no memory is not. */
static enum cg_status refuse_form(struct cg_fault *fault, enum cg_status status,
                                  enum cg_reason reason)
{
    CG_FAIL(fault, status, status == CG_ERR_INPUT ? reason : CG_REASON_INTERNAL, NULL, SPEC_CLAIMS);
}

static enum cg_status malformed(struct cg_fault *fault, enum cg_status status)
{
    return refuse_form(fault, status, CG_REASON_PROOF_MALFORMED);
}

static enum cg_status parse_segment(struct cg_span text, struct cg_arena *arena,
                                    struct cg_fault *fault, struct cg_json **ret_json)
{
    struct cg_span bytes = {NULL, 0};
    struct cg_json *json = NULL;
    enum cg_status status = cg_base64url_decode_arena(text, arena, &bytes);
    if (status == CG_OK) {
        status = cg_json_parse(bytes, CG_LIMIT_TOKEN_BYTES, &json);
    }
    if (status != CG_OK) {
        return malformed(fault, status);
    }
    *ret_json = json;
    return CG_OK;
}

/* The row of an algorithm that a proof may be signed by, NULL for any other. */
static const struct cg_alg *find_algorithm(struct cg_span name)
{
    return cg_span_has_word(CG_SPAN_OF(CG_DPOP_ALGORITHMS), name) ? cg_alg_find(name) : NULL;
}

static enum cg_status read_algorithm(const struct cg_json_value *header, struct cg_fault *fault,
                                     const struct cg_alg **ret_alg)
{
    struct cg_span typ = {NULL, 0};
    struct cg_span name = {NULL, 0};
    if (!cg_json_is_object(header) || cg_jws_has_extension(header)) {
        return malformed(fault, CG_ERR_INPUT);
    }
    if (cg_json_member_string(header, "typ", &typ) != CG_OK ||
        !cg_span_equal_string(typ, "dpop+jwt")) {
        CG_FAIL(fault, CG_ERR_INPUT, CG_REASON_PROOF_TYPE_REFUSED, NULL, SPEC_CLAIMS);
    }
    /* RFC 9449 §4.2: alg MUST NOT be none or an identifier for a symmetric algorithm. */
    if (cg_json_member_string(header, "alg", &name) == CG_OK) {
        *ret_alg = find_algorithm(name);
    }
    if (*ret_alg == NULL) {
        CG_FAIL(fault, CG_ERR_AUTHENTICATION, CG_REASON_PROOF_ALGORITHM_REFUSED, NULL, SPEC_CLAIMS);
    }
    return CG_OK;
}

static enum cg_status make_verifier(const struct cg_key *key, struct cg_fault *fault,
                                    struct cg_dpop_key *ret_key)
{
    CG_CLEANUP(dpop_key_release_at) struct cg_dpop_key made = {.verifier = NULL};
    enum cg_status status = cg_jwk_thumbprint(key, made.thumbprint);
    if (status == CG_OK) {
        status = cg_verifier_new(key, &made.verifier);
    }
    if (status != CG_OK) {
        CG_FAIL(fault, status, CG_REASON_INTERNAL, NULL, NULL);
    }
    *ret_key = made;
    made.verifier = NULL;
    return CG_OK;
}

static void jwk_release_at(struct cg_jwk *jwk)
{
    cg_jwk_release(jwk);
}

static enum cg_status read_key(const struct cg_json_value *object, const struct cg_alg *alg,
                               struct cg_fault *fault, struct cg_dpop_key *ret_key)
{
    /* RFC 9449 §4.2: jwk represents the public key; it MUST NOT contain a private key. */
    if (cg_jwk_has_private_members(object)) {
        CG_FAIL(fault, CG_ERR_INPUT, CG_REASON_PROOF_KEY_PRIVATE, NULL, SPEC_CLAIMS);
    }
    CG_CLEANUP(jwk_release_at) struct cg_jwk jwk = {.key = NULL};
    enum cg_status status = cg_jwk_parse(object, CG_JWK_MAY_NAME_ALG, &jwk);
    if (status != CG_OK) {
        return refuse_form(fault, status, CG_REASON_PROOF_KEY_REFUSED);
    }
    CG_CLEANUP(cg_key_free_at) struct cg_key *key = NULL;
    status = cg_jwk_key_under(&jwk, alg, &key);
    if (status != CG_OK) {
        return refuse_form(fault, status, CG_REASON_PROOF_KEY_REFUSED);
    }
    return make_verifier(key, fault, ret_key);
}

enum cg_status cg_dpop_key_read(struct cg_span header, struct cg_arena *arena,
                                struct cg_fault *fault, struct cg_dpop_key *ret_key)
{
    CG_CLEANUP(cg_json_free_at) struct cg_json *json = NULL;
    const struct cg_alg *alg = NULL;
    CG_TRY(parse_segment(header, arena, fault, &json));
    CG_TRY(read_algorithm(cg_json_root(json), fault, &alg));
    return read_key(cg_json_member(cg_json_root(json), "jwk"), alg, fault, ret_key);
}

static enum cg_status check_signature(const struct cg_jws_segments *segments,
                                      const struct cg_dpop_key *key, struct cg_fault *fault)
{
    uint8_t signature[CG_LIMIT_SIGNATURE_BYTES];
    size_t len = 0;
    if (cg_base64url_decode(segments->signature, signature, sizeof(signature), &len) != CG_OK) {
        return malformed(fault, CG_ERR_INPUT);
    }
    enum cg_status status =
        cg_verify(key->verifier, segments->signing_input, cg_span_of_bytes(signature, len));
    if (status == CG_ERR_AUTHENTICATION) {
        CG_FAIL(fault, status, CG_REASON_PROOF_SIGNATURE_INVALID, NULL, SPEC_CHECKS);
    }
    if (status != CG_OK) {
        CG_FAIL(fault, status, CG_REASON_INTERNAL, NULL, NULL);
    }
    return CG_OK;
}

static bool says(const struct cg_json_value *root, const char *name, struct cg_span wanted)
{
    struct cg_span value = {NULL, 0};
    return cg_json_member_string(root, name, &value) == CG_OK && cg_span_equal(value, wanted);
}

/* RFC 9449 §4.3: htu is compared without query and fragment. */
static struct cg_span without_query(struct cg_span uri)
{
    size_t end = cg_span_find(uri, '?', 0);
    size_t fragment = cg_span_find(uri, '#', 0);
    return cg_span_part(uri, 0, fragment < end ? fragment : end);
}

static enum cg_status write_target(struct cg_span text, struct cg_arena *arena,
                                   struct cg_span *ret_target)
{
    struct cg_uri uri;
    struct cg_buf buf;
    cg_buf_init_arena(&buf, arena, CG_LIMIT_URI_BYTES + 1); /* "/" for an empty path */
    CG_TRY(cg_uri_parse(text, &uri));
    CG_TRY(cg_uri_target_write(&uri, &buf));
    return cg_buf_finish(&buf, ret_target);
}

/* Most clients write what they ask for as they ask for it, which is quickly seen. CG_ERR_LIMIT:
 * memory. */
static enum cg_status compare_targets(struct cg_span htu, struct cg_span target,
                                      struct cg_arena *arena)
{
    struct cg_span theirs = without_query(htu);
    struct cg_span ours = without_query(target);
    if (ours.len == 0) {
        return CG_ERR_INPUT; /* fits nothing, not even an htu that is empty, too */
    }
    if (cg_span_equal(theirs, ours)) {
        return CG_OK;
    }
    CG_TRY(write_target(theirs, arena, &theirs));
    CG_TRY(write_target(ours, arena, &ours));
    return cg_span_equal(theirs, ours) ? CG_OK : CG_ERR_INPUT;
}

static enum cg_status check_request(const struct cg_json_value *root,
                                    const struct cg_dpop_demand *demand, struct cg_arena *arena,
                                    struct cg_fault *fault)
{
    struct cg_span htu = {NULL, 0};
    /* RFC 9449 §4.3: htm matches the HTTP method of the current request (RFC 9110 §9.1: in its
     * case). */
    if (!says(root, "htm", demand->method)) {
        CG_FAIL(fault, CG_ERR_AUTHENTICATION, CG_REASON_PROOF_METHOD_WRONG, NULL, SPEC_CHECKS);
    }
    enum cg_status status = cg_json_member_string(root, "htu", &htu);
    if (status == CG_OK) {
        status = compare_targets(htu, demand->target, arena);
    }
    if (status != CG_OK) {
        return refuse_form(fault, status, CG_REASON_PROOF_TARGET_WRONG);
    }
    /* RFC 9449 §4.3: when presented with an access token, ath equals the hash of that token. */
    if (demand->token_hash.data != NULL && !says(root, "ath", demand->token_hash)) {
        CG_FAIL(fault, CG_ERR_AUTHENTICATION, CG_REASON_PROOF_TOKEN_WRONG, NULL, SPEC_CHECKS);
    }
    return CG_OK;
}

int64_t cg_dpop_expiry(int64_t issued_s)
{
    return issued_s + CG_LIMIT_PROOF_AGE_S + 1;
}

/* RFC 9449 §11.1: only for a limited time after its creation. exp and nbf are not asked for, but
 * where a proof has them, they hold (RFC 7519 §4.1.4, §4.1.5). */
static enum cg_status check_time(const struct cg_claims *claims, int64_t now_s,
                                 struct cg_fault *fault)
{
    int64_t latest_s = now_s + CG_LIMIT_PROOF_FUTURE_S;
    if (claims->issued_s < 0) {
        CG_FAIL(fault, CG_ERR_INPUT, CG_REASON_PROOF_TIME_MISSING, NULL, SPEC_CLAIMS);
    }
    if (claims->issued_s > latest_s || claims->not_before_s > latest_s) {
        CG_FAIL(fault, CG_ERR_AUTHENTICATION, CG_REASON_PROOF_IN_FUTURE, NULL, SPEC_CHECKS);
    }
    if (now_s >= cg_dpop_expiry(claims->issued_s) ||
        (claims->expires_s >= 0 && claims->expires_s <= now_s)) {
        CG_FAIL(fault, CG_ERR_AUTHENTICATION, CG_REASON_PROOF_EXPIRED, NULL, SPEC_CHECKS);
    }
    return CG_OK;
}

/* Copies what the caller looks at. A nonce of another type is none that we gave. */
static enum cg_status keep(const struct cg_json_value *root, const struct cg_claims *claims,
                           struct cg_arena *arena, struct cg_dpop_proof *ret_proof)
{
    struct cg_span nonce = {NULL, 0};
    struct cg_dpop_proof proof = {.issued_s = claims->issued_s};
    if (cg_json_member(root, "nonce") != NULL &&
        cg_json_member_string(root, "nonce", &nonce) != CG_OK) {
        nonce = CG_SPAN_OF("");
    }
    CG_TRY(cg_arena_copy(arena, claims->token_id, &proof.id));
    CG_TRY(cg_arena_copy(arena, nonce, &proof.nonce));
    *ret_proof = proof;
    return CG_OK;
}

static enum cg_status check_claims(const struct cg_json_value *root,
                                   const struct cg_dpop_demand *demand, struct cg_arena *arena,
                                   struct cg_fault *fault, struct cg_dpop_proof *ret_proof)
{
    struct cg_claims claims;
    if (cg_claims_read(root, &claims) != CG_OK) {
        return malformed(fault, CG_ERR_INPUT);
    }
    if (claims.token_id.len == 0 || claims.token_id.len > CG_LIMIT_PROOF_ID_BYTES) {
        CG_FAIL(fault, CG_ERR_INPUT, CG_REASON_PROOF_ID_MISSING, NULL, SPEC_CLAIMS);
    }
    CG_TRY(check_request(root, demand, arena, fault));
    CG_TRY(check_time(&claims, demand->now_s, fault));
    return keep(root, &claims, arena, ret_proof);
}

enum cg_status cg_dpop_verify(const struct cg_jws_segments *segments, const struct cg_dpop_key *key,
                              const struct cg_dpop_demand *demand, struct cg_arena *arena,
                              struct cg_fault *fault, struct cg_dpop_proof *ret_proof)
{
    /* RFC 9449 §6.1: the key of the proof is the one that the token is bound to. */
    if (demand->key_thumbprint.data != NULL &&
        !cg_secret_equal(cg_span_of_string(key->thumbprint), demand->key_thumbprint)) {
        CG_FAIL(fault, CG_ERR_AUTHENTICATION, CG_REASON_PROOF_KEY_WRONG, NULL, "RFC 9449 §6.1");
    }
    CG_TRY(check_signature(segments, key, fault));
    CG_CLEANUP(cg_json_free_at) struct cg_json *json = NULL;
    CG_TRY(parse_segment(segments->payload, arena, fault, &json));
    CG_TRY(check_claims(cg_json_root(json), demand, arena, fault, ret_proof));
    memcpy(ret_proof->thumbprint, key->thumbprint, sizeof(ret_proof->thumbprint));
    return CG_OK;
}

enum cg_status cg_dpop_check(struct cg_span compact, const struct cg_dpop_demand *demand,
                             struct cg_arena *arena, struct cg_fault *fault,
                             struct cg_dpop_proof *ret_proof)
{
    struct cg_jws_segments segments;
    if (cg_jws_cut(compact, &segments) != CG_OK) {
        return malformed(fault, CG_ERR_INPUT);
    }
    CG_CLEANUP(dpop_key_release_at) struct cg_dpop_key key = {.verifier = NULL};
    CG_TRY(cg_dpop_key_read(segments.header, arena, fault, &key));
    return cg_dpop_verify(&segments, &key, demand, arena, fault, ret_proof);
}

enum cg_status cg_dpop_hash_token(struct cg_span token, uint8_t ret_text[static CG_DPOP_HASH_CHARS])
{
    uint8_t digest[CG_SHA256_BYTES];
    CG_TRY(cg_sha256(token, digest));
    CG_CLEANUP(cg_buf_release) struct cg_buf buf;
    cg_buf_init(&buf, CG_DPOP_HASH_CHARS);
    cg_base64url_encode(cg_span_of_bytes(digest, sizeof(digest)), &buf);
    struct cg_span text = {NULL, 0};
    CG_TRY(cg_buf_finish(&buf, &text));
    memcpy(ret_text, text.data, CG_DPOP_HASH_CHARS);
    return CG_OK;
}
