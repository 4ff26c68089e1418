/* SPDX-License-Identifier: Apache-2.0 */
#include "base/secret.h"

#include "base/alloc.h"
#include "base/span.h"

#include <string.h>

enum cg_status cg_secret_init(struct cg_secret *secret, struct cg_span bytes)
{
    if (bytes.len > sizeof(secret->data)) {
        return CG_ERR_LIMIT;
    }
    *secret = (struct cg_secret){.len = bytes.len};
    if (bytes.len > 0) {
        memcpy(secret->data, bytes.data, bytes.len);
    }
    return CG_OK;
}

void cg_secret_release(struct cg_secret *secret)
{
    if (secret != NULL) {
        cg_wipe(secret, sizeof(*secret));
    }
}

struct cg_span cg_secret_span(const struct cg_secret *secret)
{
    return cg_span_of_bytes(secret->data, secret->len);
}

/* Of a word, or of the part of one. */
static uint64_t differing_bits(const uint8_t *a, const uint8_t *b, size_t len)
{
    uint64_t word_a = 0;
    uint64_t word_b = 0;
    memcpy(&word_a, a, len);
    memcpy(&word_b, b, len);
    uint64_t difference = word_a ^ word_b;
    /* The compiler cannot know what is in it, so that it may not leave at the first one. */
    __asm__ volatile("" : "+r"(difference));
    return difference;
}

bool cg_secret_equal(struct cg_span a, struct cg_span b)
{
    if (a.len != b.len) {
        return false;
    }
    uint64_t difference = 0;
    size_t at = 0;
    for (; a.len - at >= sizeof(difference); at += sizeof(difference)) {
        difference |= differing_bits(a.data + at, b.data + at, sizeof(difference));
    }
    difference |= differing_bits(a.data + at, b.data + at, a.len - at);
    return difference == 0;
}
