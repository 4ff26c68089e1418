/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the tests of jose/ share: the published vectors, keys, and tokens with a header of the
 * test's choice.
 */
#ifndef CAREGATE_JOSE_TEST_H
#define CAREGATE_JOSE_TEST_H

#include "test.h"

#include "base/arena.h"
#include "base/span.h"
#include "codec/base64url.h"
#include "codec/json.h"
#include "jose/jwk.h"
#include "jose/jws.h"

#define ARENA_BYTES 131072
#define VECTOR_BYTES 8192

static inline struct cg_arena *new_arena(void)
{
    struct cg_arena *arena = NULL;
    assert_ok(cg_arena_new(ARENA_BYTES, &arena));
    return arena;
}

/* The text of tests/vectors/<name> without the line's end, in the arena. */
static inline struct cg_span read_vector(struct cg_arena *arena, const char *name)
{
    const char *folder = getenv("CAREGATE_TEST_VECTORS");
    assert_non_null(folder);
    char path[1024];
    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        fail_msg("cannot read %s", path);
    }
    char text[VECTOR_BYTES];
    size_t len = fread(text, 1, sizeof(text), file);
    (void)fclose(file);
    assert_true(len > 0 && len < sizeof(text) && text[len - 1] == '\n');
    struct cg_span copy = {0};
    assert_ok(cg_arena_copy(arena, cg_span_of_bytes(text, len - 1), &copy));
    return copy;
}

static inline struct cg_json *parse_json(struct cg_span text)
{
    struct cg_json *json = NULL;
    assert_ok(cg_json_parse(text, VECTOR_BYTES * 4, &json));
    return json;
}

/* A base64url member of a JWK as bytes, in the arena. */
static inline struct cg_span jwk_number(struct cg_arena *arena, const struct cg_json_value *jwk,
                                        const char *name)
{
    struct cg_span text = {0};
    struct cg_span bytes = {0};
    assert_ok(cg_json_member_string(jwk, name, &text));
    assert_ok(cg_base64url_decode_arena(text, arena, &bytes));
    return bytes;
}

/* The public key of a JWK's numbers under an algorithm, whatever else the vector holds. */
static inline struct cg_key *key_of(struct cg_arena *arena, const char *name,
                                    enum cg_key_algorithm algorithm)
{
    CG_CLEANUP(cg_json_free_at) struct cg_json *json = parse_json(read_vector(arena, name));
    const struct cg_json_value *jwk = cg_json_root(json);
    bool is_rsa = cg_json_member(jwk, "n") != NULL;
    struct cg_key_public numbers = {.first = jwk_number(arena, jwk, is_rsa ? "n" : "x")};
    const char *second = is_rsa ? "e" : "y";
    if (cg_json_member(jwk, second) != NULL) {
        numbers.second = jwk_number(arena, jwk, second);
    }
    struct cg_key *key = NULL;
    assert_ok(cg_key_from_public(algorithm, &numbers, &key));
    return key;
}

static inline struct cg_key *public_key_of(struct cg_arena *arena, const char *name)
{
    return key_of(arena, name, CG_KEY_RSA_SHA256);
}

static inline struct cg_span base64url(struct cg_arena *arena, struct cg_span bytes)
{
    struct cg_buf buf;
    struct cg_span text = {0};
    cg_buf_init_arena(&buf, arena, ARENA_BYTES / 4);
    cg_base64url_encode(bytes, &buf);
    assert_ok(cg_buf_finish(&buf, &text));
    return text;
}

/* header "." payload "." signature: the header as JSON text, the others as they shall stand there.
 */
static inline struct cg_span compact(struct cg_arena *arena, struct cg_span header,
                                     const char *payload, const char *signature)
{
    struct cg_buf buf;
    struct cg_span text = {0};
    cg_buf_init_arena(&buf, arena, ARENA_BYTES / 4);
    cg_base64url_encode(header, &buf);
    cg_buf_put_byte(&buf, '.');
    cg_buf_put_string(&buf, payload);
    cg_buf_put_byte(&buf, '.');
    cg_buf_put_string(&buf, signature);
    assert_ok(cg_buf_finish(&buf, &text));
    return text;
}

#endif
