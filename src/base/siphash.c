/* SPDX-License-Identifier: Apache-2.0 */
#include "base/siphash.h"

#define WORD_BYTES 8

struct state {
    uint64_t v0;
    uint64_t v1;
    uint64_t v2;
    uint64_t v3;
};

static uint64_t rotate(uint64_t word, unsigned bits)
{
    return word << bits | word >> (64 - bits);
}

/* Little-endian, up to a whole word. */
static uint64_t word_of(const uint8_t *bytes, size_t count)
{
    uint64_t word = 0;
    for (size_t i = 0; i < count; i++) {
        word |= (uint64_t)bytes[i] << (8 * i);
    }
    return word;
}

static void mix(struct state *s, unsigned rounds)
{
    for (unsigned i = 0; i < rounds; i++) {
        s->v0 += s->v1;
        s->v2 += s->v3;
        s->v1 = rotate(s->v1, 13) ^ s->v0;
        s->v3 = rotate(s->v3, 16) ^ s->v2;
        s->v0 = rotate(s->v0, 32);
        s->v2 += s->v1;
        s->v0 += s->v3;
        s->v1 = rotate(s->v1, 17) ^ s->v2;
        s->v3 = rotate(s->v3, 21) ^ s->v0;
        s->v2 = rotate(s->v2, 32);
    }
}

static void absorb(struct state *s, uint64_t word)
{
    s->v3 ^= word;
    mix(s, 2);
    s->v0 ^= word;
}

uint64_t cg_siphash(const uint8_t key[static CG_SIPHASH_KEY_BYTES], struct cg_span text)
{
    uint64_t k0 = word_of(key, WORD_BYTES);
    uint64_t k1 = word_of(key + WORD_BYTES, WORD_BYTES);
    struct state s = {
        k0 ^ UINT64_C(0x736f6d6570736575),
        k1 ^ UINT64_C(0x646f72616e646f6d),
        k0 ^ UINT64_C(0x6c7967656e657261),
        k1 ^ UINT64_C(0x7465646279746573),
    };
    size_t whole = text.len - text.len % WORD_BYTES;
    for (size_t i = 0; i < whole; i += WORD_BYTES) {
        absorb(&s, word_of(text.data + i, WORD_BYTES));
    }
    uint64_t rest = text.len > whole ? word_of(text.data + whole, text.len - whole) : 0;
    absorb(&s, (uint64_t)text.len << 56 | rest);
    s.v2 ^= 0xff;
    mix(&s, 4);
    return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}
