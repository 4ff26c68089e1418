/* SPDX-License-Identifier: Apache-2.0 */
#include "base/siphash.h"
#include "base/span.h"
#include "test.h"

/* Aumasson and Bernstein, "SipHash", appendix A, and vectors.h of their reference code: the key is
 * 00 01 … 0f, the text the first bytes of 00 01 02 …. */
static const struct {
    size_t len;
    uint64_t hash;
} vectors[] = {
    {0, UINT64_C(0x726fdb47dd0e0e31)},  {1, UINT64_C(0x74f839c593dc67fd)},
    {7, UINT64_C(0xab0200f58b01d137)},  {8, UINT64_C(0x93f5f5799a932462)},
    {15, UINT64_C(0xa129ca6149be45e5)},
};

TEST(siphash_gives_the_published_values)
{
    uint8_t bytes[CG_SIPHASH_KEY_BYTES];
    for (size_t i = 0; i < sizeof(bytes); i++) {
        bytes[i] = (uint8_t)i;
    }
    for (size_t i = 0; i < TEST_COUNT(vectors); i++) {
        assert_true(cg_siphash(bytes, cg_span_of_bytes(bytes, vectors[i].len)) == vectors[i].hash);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(siphash_gives_the_published_values),
};
TEST_MAIN(tests)
