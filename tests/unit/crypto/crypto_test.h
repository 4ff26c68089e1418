/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the tests of crypto/ share: keys, bytes written as hexadecimal digits, and randomness that
 * repeats or fails.
 */
#ifndef CAREGATE_CRYPTO_TEST_H
#define CAREGATE_CRYPTO_TEST_H

#include "test.h"

#include "base/arena.h"
#include "base/span.h"
#include "crypto/key.h"
#include "crypto/random.h"

#include <openssl/err.h>

#define ARENA_BYTES 65536

static inline struct cg_arena *new_arena(void)
{
    struct cg_arena *arena = NULL;
    assert_ok(cg_arena_new(ARENA_BYTES, &arena));
    return arena;
}

static inline struct cg_key *new_rsa_key(unsigned bits)
{
    struct cg_key *key = NULL;
    assert_ok(cg_key_generate(CG_KEY_RSA_SHA256, bits, &key));
    return key;
}

static inline struct cg_key *public_half(const struct cg_key *key)
{
    CG_CLEANUP(cg_arena_free_at) struct cg_arena *arena = new_arena();
    struct cg_key_public numbers = {0};
    assert_ok(cg_key_public_numbers(key, arena, &numbers));
    struct cg_key *half = NULL;
    assert_ok(cg_key_from_public(cg_key_algorithm_of(key), &numbers, &half));
    return half;
}

static inline uint8_t hex_digit(char digit)
{
    return (uint8_t)(digit <= '9' ? digit - '0' : digit - 'a' + 10);
}

/* The bytes of lower-case hexadecimal text, in the arena. */
static inline struct cg_span hex_bytes(struct cg_arena *arena, const char *text)
{
    size_t len = strlen(text) / 2;
    void *memory = NULL;
    assert_ok(cg_arena_take(arena, len, &memory));
    uint8_t *bytes = memory;
    for (size_t i = 0; i < len; i++) {
        bytes[i] = (uint8_t)(hex_digit(text[2 * i]) << 4 | hex_digit(text[2 * i + 1]));
    }
    return (struct cg_span){bytes, len};
}

/* Gives the bytes of `source` again and again; fails once `left` fills have succeeded. */
struct known_random {
    struct cg_span source;
    size_t at;
    size_t left;
};

static inline enum cg_status known_fill(void *context, uint8_t *bytes, size_t len)
{
    struct known_random *known = context;
    if (known->left == 0) {
        return CG_ERR_STORE;
    }
    known->left--;
    for (size_t i = 0; i < len; i++) {
        bytes[i] = known->source.data[known->at++ % known->source.len];
    }
    return CG_OK;
}

static inline struct cg_random random_of(struct known_random *known)
{
    return (struct cg_random){.fill = known_fill, .context = known};
}

#endif
