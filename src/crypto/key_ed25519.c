/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"
#include "base/span.h"
#include "base/status.h"
#include "crypto/key_build.h"
#include "crypto/key_scheme.h"
#include "crypto/openssl_failed.h"

#include <string.h>

#define POINT_BYTES 32
/* RFC 8032 §5.1.2: the highest bit of the last byte is the sign of x, the others are y. */
#define SIGN_BIT 0x80

/*
 * Every encoding of a point whose order is 1, 2, 4 or 8, without its sign. Under such a key anybody
 * can sign (RFC 8032 §8.9 tells of small subgroups), so nobody may have one.
 */
static const struct cg_span small_order[] = {
    /* 0 */
    CG_SPAN("\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
            "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"),
    /* 1 */
    CG_SPAN("\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
            "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"),
    /* of order 8 */
    CG_SPAN("\x26\xe8\x95\x8f\xc2\xb2\x27\xb0\x45\xc3\xf4\x89\xf2\xef\x98\xf0"
            "\xd5\xdf\xac\x05\xd3\xc6\x33\x39\xb1\x38\x02\x88\x6d\x53\xfc\x05"),
    CG_SPAN("\xc7\x17\x6a\x70\x3d\x4d\xd8\x4f\xba\x3c\x0b\x76\x0d\x10\x67\x0f"
            "\x2a\x20\x53\xfa\x2c\x39\xcc\xc6\x4e\xc7\xfd\x77\x92\xac\x03\x7a"),
    /* p - 1, p and p + 1, of which the last two are written too long */
    CG_SPAN("\xec\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
            "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f"),
    CG_SPAN("\xed\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
            "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f"),
    CG_SPAN("\xee\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
            "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f"),
};

static EVP_PKEY *generate(const struct cg_key_scheme *scheme, unsigned bits)
{
    (void)bits;
    return EVP_PKEY_Q_keygen(NULL, NULL, scheme->kind->name);
}

static bool has_small_order(struct cg_span point)
{
    uint8_t y[POINT_BYTES];
    memcpy(y, point.data, sizeof(y));
    y[sizeof(y) - 1] &= (uint8_t)~SIGN_BIT;
    for (size_t i = 0; i < sizeof(small_order) / sizeof(small_order[0]); i++) {
        if (cg_span_equal((struct cg_span){y, sizeof(y)}, small_order[i])) {
            return true;
        }
    }
    return false;
}

/* Bytes that are no point at all make a key here, which verifies nothing. */
static enum cg_status make_public(const struct cg_key_scheme *scheme,
                                  const struct cg_key_public *numbers, EVP_PKEY **ret_pkey)
{
    const struct cg_span point = numbers->first;
    if (point.len != POINT_BYTES || numbers->second.len != 0 || has_small_order(point)) {
        return CG_ERR_INPUT;
    }
    return cg_key_hand_over(
        EVP_PKEY_new_raw_public_key_ex(NULL, scheme->kind->name, NULL, point.data, point.len),
        CG_ERR_CRYPTO, ret_pkey);
}

static enum cg_status read_public(const struct cg_key_scheme *scheme, const EVP_PKEY *pkey,
                                  struct cg_arena *arena, struct cg_key_public *ret_numbers)
{
    (void)scheme;
    void *bytes = NULL;
    size_t len = POINT_BYTES;
    CG_TRY(cg_arena_take(arena, POINT_BYTES, &bytes));
    if (EVP_PKEY_get_raw_public_key(pkey, bytes, &len) != 1 || len != POINT_BYTES) {
        return cg_openssl_failed(CG_ERR_CRYPTO);
    }
    *ret_numbers = (struct cg_key_public){.first = {bytes, len}};
    return CG_OK;
}

/* The kind says all. */
static enum cg_status check(const struct cg_key_scheme *scheme, const EVP_PKEY *pkey)
{
    (void)scheme;
    (void)pkey;
    return CG_OK;
}

const struct cg_key_kind cg_key_kind_ed25519 = {
    .name = "ED25519",
    .generate = generate,
    .has_size = cg_key_has_one_size,
    .make_public = make_public,
    .read_public = read_public,
    .check = check,
};
