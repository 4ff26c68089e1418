/* SPDX-License-Identifier: Apache-2.0 */
#include "jose/jws.h"

#include "base/span.h"
#include "codec/base64url.h"
#include "codec/json.h"

#define SPEC_COMPACT "RFC 7515 §7.1"
#define SPEC_HEADER "RFC 7515 §4"

static enum cg_status cut(struct cg_span compact, size_t max_bytes,
                          struct cg_jws_segments *ret_segments)
{
    struct cg_jws_segments segments = {0};
    struct cg_span rest = compact;
    if (compact.len > max_bytes || !cg_span_split(&rest, '.', &segments.header) ||
        !cg_span_split(&rest, '.', &segments.payload) ||
        !cg_span_split(&rest, '.', &segments.signature) || rest.data != NULL) {
        return CG_ERR_INPUT;
    }
    segments.signing_input =
        cg_span_part(compact, 0, segments.header.len + 1 + segments.payload.len);
    *ret_segments = segments;
    return CG_OK;
}

enum cg_status cg_jws_cut(struct cg_span compact, struct cg_jws_segments *ret_segments)
{
    return cut(compact, CG_LIMIT_TOKEN_BYTES, ret_segments);
}

bool cg_jws_has_extension(const struct cg_json_value *header)
{
    static const char *const names[] = {"crit", "b64", "zip", "enc"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (cg_json_member(header, names[i]) != NULL) {
            return true;
        }
    }
    return false;
}

/* A string member, copied into the arena; absent when there is none. */
static enum cg_status copy_member(const struct cg_json_value *header, const char *name,
                                  struct cg_arena *arena, struct cg_span *ret_string)
{
    if (cg_json_member(header, name) == NULL) {
        *ret_string = (struct cg_span){0};
        return CG_OK;
    }
    struct cg_span string = {0};
    CG_TRY(cg_json_member_string(header, name, &string));
    return cg_arena_copy(arena, string, ret_string);
}

static enum cg_status read_members(const struct cg_json_value *header, struct cg_arena *arena,
                                   struct cg_fault *fault, struct cg_jws *jws)
{
    if (!cg_json_is_object(header) || cg_jws_has_extension(header)) {
        CG_FAIL(fault, CG_ERR_INPUT, CG_REASON_TOKEN_MALFORMED, NULL, SPEC_HEADER);
    }
    struct cg_span name = {0};
    jws->alg = NULL;
    if (cg_json_member_string(header, "alg", &name) == CG_OK) {
        jws->alg = cg_alg_find(name);
    }
    if (jws->alg == NULL) {
        CG_FAIL(fault, CG_ERR_AUTHENTICATION, CG_REASON_TOKEN_ALGORITHM_REFUSED, NULL,
                "RFC 8725 §3.1");
    }
    enum cg_status status = copy_member(header, "kid", arena, &jws->kid);
    if (status == CG_OK) {
        status = copy_member(header, "typ", arena, &jws->typ);
    }
    if (status != CG_OK) {
        CG_FAIL(fault, status, CG_REASON_TOKEN_MALFORMED, NULL, SPEC_HEADER);
    }
    return CG_OK;
}

static enum cg_status read_header(struct cg_span text, struct cg_arena *arena,
                                  struct cg_fault *fault, struct cg_jws *jws)
{
    struct cg_span bytes = {0};
    CG_CLEANUP(cg_json_free_at) struct cg_json *json = NULL;
    enum cg_status status = cg_base64url_decode_arena(text, arena, &bytes);
    if (status == CG_OK) {
        status = cg_json_parse(bytes, CG_LIMIT_TOKEN_BYTES, &json);
    }
    /* Want of memory is no mistake of the token's. */
    if (status == CG_ERR_INPUT) {
        CG_FAIL(fault, status, CG_REASON_TOKEN_MALFORMED, NULL, SPEC_HEADER);
    }
    CG_TRY(status);
    CG_TRY(read_members(cg_json_root(json), arena, fault, jws));
    jws->header = bytes;
    return CG_OK;
}

static enum cg_status decode(struct cg_span text, struct cg_arena *arena, struct cg_fault *fault,
                             struct cg_span *ret_bytes)
{
    if (text.len == 0) {
        CG_FAIL(fault, CG_ERR_INPUT, CG_REASON_TOKEN_MALFORMED, NULL, SPEC_COMPACT);
    }
    enum cg_status status = cg_base64url_decode_arena(text, arena, ret_bytes);
    if (status != CG_OK) {
        CG_FAIL(fault, status, CG_REASON_TOKEN_MALFORMED, NULL, SPEC_COMPACT);
    }
    return CG_OK;
}

enum cg_status cg_jws_split_long(struct cg_span compact, size_t max_bytes, struct cg_arena *arena,
                                 struct cg_fault *fault, struct cg_jws *ret_jws)
{
    struct cg_jws_segments segments = {0};
    struct cg_jws jws = {0};
    if (cut(compact, max_bytes, &segments) != CG_OK) {
        CG_FAIL(fault, CG_ERR_INPUT, CG_REASON_TOKEN_MALFORMED, NULL, SPEC_COMPACT);
    }
    /* The header first: an unsecured JWS has no signature, and is refused for its algorithm. */
    CG_TRY(read_header(segments.header, arena, fault, &jws));
    CG_TRY(decode(segments.payload, arena, fault, &jws.payload));
    CG_TRY(decode(segments.signature, arena, fault, &jws.signature));
    jws.signing_input = segments.signing_input;
    *ret_jws = jws;
    return CG_OK;
}

enum cg_status cg_jws_split(struct cg_span compact, struct cg_arena *arena, struct cg_fault *fault,
                            struct cg_jws *ret_jws)
{
    return cg_jws_split_long(compact, CG_LIMIT_TOKEN_BYTES, arena, fault, ret_jws);
}

enum cg_status cg_jws_verify(const struct cg_jws *jws, struct cg_verifier *verifier,
                             struct cg_fault *fault)
{
    if (jws->alg->key_algorithm != cg_verifier_algorithm_of(verifier)) {
        CG_FAIL(fault, CG_ERR_AUTHENTICATION, CG_REASON_TOKEN_ALGORITHM_REFUSED, NULL,
                "RFC 8725 §3.1");
    }
    enum cg_status status = cg_verify(verifier, jws->signing_input, jws->signature);
    if (status == CG_ERR_AUTHENTICATION) {
        CG_FAIL(fault, status, CG_REASON_TOKEN_SIGNATURE_INVALID, NULL, "RFC 7515 §5.2");
    }
    if (status != CG_OK) {
        CG_FAIL(fault, status, CG_REASON_INTERNAL, NULL, NULL);
    }
    return CG_OK;
}

static void cg_buf_release_at(struct cg_buf *buf)
{
    cg_buf_release(buf);
}

enum cg_status cg_jws_header(const struct cg_alg *alg, struct cg_span typ, struct cg_span kid,
                             struct cg_buf *buf)
{
    CG_CLEANUP(cg_buf_release_at) struct cg_buf json;
    struct cg_json_writer writer;
    cg_buf_init(&json, CG_LIMIT_TOKEN_BYTES);
    cg_json_begin(&writer, &json);
    cg_json_open_object(&writer);
    cg_json_member_put(&writer, "alg", alg->name);
    cg_json_member_put(&writer, "typ", typ);
    cg_json_member_put(&writer, "kid", kid);
    cg_json_close_object(&writer);
    struct cg_span text = {0};
    CG_TRY(cg_buf_finish(&json, &text));
    cg_base64url_encode(text, buf);
    return cg_buf_finish(buf, &text);
}

enum cg_status cg_jws_make(struct cg_span header, struct cg_span payload, struct cg_signer *signer,
                           struct cg_buf *buf)
{
    size_t start = buf->len;
    cg_buf_put(buf, header);
    cg_buf_put_byte(buf, '.');
    cg_base64url_encode(payload, buf);
    struct cg_span text = {0};
    CG_TRY(cg_buf_finish(buf, &text));
    uint8_t signature[CG_LIMIT_SIGNATURE_BYTES];
    size_t len = 0;
    CG_TRY(cg_sign(signer, cg_span_part(text, start, text.len - start), signature, &len));
    cg_buf_put_byte(buf, '.');
    cg_base64url_encode((struct cg_span){signature, len}, buf);
    return cg_buf_finish(buf, &text);
}
